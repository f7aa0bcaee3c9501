"""The adapter that sends: one message to many contacts, with a file of what became of each.

``template`` reads the message that is to be sent, by the strict rules of ``headerblock``, and writes the one for each
contact; ``submission`` holds a connection, ``line`` is what it attempts; ``run`` goes through the contacts, ``course`` is
what its connections share; ``results`` keeps the file with which a run is continued; ``pacing`` spaces messages and
pauses; ``dryrun`` writes messages to a folder in place of sending.

Premise: a message is sent twice to nobody. So before the end of a message goes out the file says that it is being
attempted, and what was attempted without an answer is never sent again.

Not allowed here: reading secrets, contacts or state, deciding routes, and knowing whether an account may send; whoever
calls hands in what asks for that.
"""

from reconciler.sending.course import Sending, Stopped
from reconciler.sending.dryrun import write_drafts
from reconciler.sending.entries import Card
from reconciler.sending.headerblock import NotAMessage
from reconciler.sending.pacing import Pacing, Rate, Waiting
from reconciler.sending.results import Results, open_results
from reconciler.sending.run import RunEnd, send_to_all
from reconciler.sending.submission import Patience
from reconciler.sending.template import MAX_MESSAGE_OCTETS, Template, read_template, template_of_text

__all__ = [
    "MAX_MESSAGE_OCTETS",
    "Card",
    "NotAMessage",
    "Pacing",
    "Patience",
    "Rate",
    "Results",
    "RunEnd",
    "Sending",
    "Stopped",
    "Template",
    "Waiting",
    "open_results",
    "read_template",
    "send_to_all",
    "template_of_text",
    "write_drafts",
]
