"""Who a contact sees as From, To and Reply-To, and the header lines that say so.

Contacts' details are written by strangers. A value is used whole or not at all, never repaired; names are encoded
whenever they are not plain; and a header that was built is read back and must say exactly what was meant.

Not allowed here: input or output, clock, environment, randomness, and knowing where accounts and contacts come from.
``details`` decides whether a value can be used, ``resolution`` takes the decisions, ``mailbox`` writes one mailbox
(the only place that does), ``readback`` reads it again, ``headers`` puts the headers of one message together.
"""

from reconciler.envelope.headers import GOVERNED_ADDRESS_HEADERS, make_headers
from reconciler.envelope.mailbox import mailbox_value, mailboxes_value
from reconciler.envelope.readback import UnfaithfulHeader, require_faithful
from reconciler.envelope.resolution import Identity, Resolver, identity_of, resolve_contact

__all__ = [
    "GOVERNED_ADDRESS_HEADERS",
    "Identity",
    "Resolver",
    "UnfaithfulHeader",
    "identity_of",
    "mailbox_value",
    "mailboxes_value",
    "make_headers",
    "require_faithful",
    "resolve_contact",
]
