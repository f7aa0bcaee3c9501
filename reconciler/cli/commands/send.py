"""``reconciler send``."""

from __future__ import annotations

import contextlib
import secrets
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.completion import account_names
from reconciler.cli.log import log_options
from reconciler.cli.named import STANDARD, input_file
from reconciler.cli.options import actor_option, env_file_option, format_option, trust_option

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reconciler.cli.session import GlobalOptions
    from reconciler.diagnostics import Diagnostic
    from reconciler.model.mail.sending import SendDocument
    from reconciler.operations.send.message import Text
    from reconciler.sending import Rate
    from reconciler.sending.ahead import Ahead

_NOT_ACCEPTED, _WITHDRAWN = 3, 4


@click.command()
@click.argument("name", shell_complete=account_names)
@click.option(
    "--contacts",
    metavar="FILE",
    required=True,
    help="CSV with a header (email, name, and a column for each detail) or JSON lines; - reads standard input.",
)
@click.option("--message", metavar="FILE", help="The message, an .eml file; - reads standard input.")
@click.option("--subject", metavar="TEXT", help="In place of --message: the subject of a plain text message.")
@click.option("--body", metavar="TEXT", help="Its text.")
@click.option("--body-file", metavar="FILE", help="The file that holds its text, in UTF-8; - reads standard input.")
@click.option(
    "--results",
    metavar="FILE",
    help="What became of each contact, and where an interrupted run goes on; by default a file for this account and "
    "message below .reconciler/sending.",
)
@click.option("--rate", metavar="N/minute", help="Send no faster; second and hour work too.")
@click.option(
    "--connections",
    metavar="N",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Send over so many connections at once, up to verification.perServer of the project file.",
)
@click.option("--limit", metavar="N", type=click.IntRange(min=1), help="Attempt at most N messages in this run.")
@click.option("--yes", is_flag=True, help="Do not ask; without a terminal nobody is asked anyway.")
@click.option("--dry-run", metavar="DIR", help="Write the messages to a new folder and send nothing.")
@actor_option("sends")
@env_file_option
@trust_option
@log_options
@format_option("text", "json")
@click.pass_obj
def send(  # noqa: PLR0913 - click hands each option in by name
    options: GlobalOptions,
    /,
    name: str,
    *,
    contacts: str,
    connections: int,
    limit: int | None,
    dry_run: str | None,
    yes: bool,
    actor: str | None,
    trust_project: bool,
    format_: str,
    **asked: str | None,
) -> int:
    """Send a message through an active account, to each contact as resolve shows it.

    The account is named, or is the one that a selector means, such as label:role=newsletter.

    On a terminal it says how many messages go from whom through what, and asks. From, Sender, Reply-To, To, Date and Message-ID are set for each contact; the rest of the message is kept. What
    became of each contact goes into the results file, and the same command goes on where a run ended: nobody gets
    the message twice. The exit code is 3 if any message was not accepted, 4 if the account may not send.

    \b
    Examples:
        reconciler send news --contacts all.csv --message june.eml --dry-run out
        reconciler send news --contacts all.csv --message june.eml --rate 1/second
        reconciler send sales-pl --contacts team.csv --subject "Office closed" \\
            --body-file closed.txt
    """
    from reconciler.cli.progress import shown_progress
    from reconciler.cli.session import is_interactive, workspace
    from reconciler.operations.accounts.select import one_account
    from reconciler.operations.send.send import Means, Order, draft
    from reconciler.operations.send.send import send as send_messages
    from reconciler.provenance import find_actor
    from reconciler.sending import Pacing

    _refuse_contradictions(contacts, dry_run, asked)
    # Contacts are read more than once, so what is piped in is kept for the run.
    with _message(asked) as message, input_file(contacts, "contacts") as contacts_file:
        pacing = Pacing(rate=_rate(asked["rate"]))
        place, run_id = workspace(options, trusts_project=trust_project), secrets.token_hex(16)
        order = Order(
            account=one_account(place, name),
            contacts=contacts_file,
            message=message,
            limit=limit,
            contacts_word=contacts,
        )
        if dry_run is not None:
            return _put_sent(draft(place, order, Path(dry_run), run_id=run_id), format_)
        who = find_actor(actor, environ=place.environ)
        told: list[Diagnostic] = []
        means = Means(
            actor=who,
            trusts_project=trust_project,
            run_id=run_id,
            pacing=pacing,
            connections=connections,
            forewarn=partial(_forewarn, told, format_),
            confirm=None if yes or not is_interactive() else _ask,
        )
        results = None if asked["results"] is None else Path(asked["results"])
        with shown_progress("Sending") as progress:
            sent = send_messages(place, order, means, results=results, progress=progress)
        return _put_sent(sent, format_, already_told=told)


def _refuse_contradictions(contacts: str, dry_run: str | None, asked: Mapping[str, str | None]) -> None:
    """Raise ``UsageError`` for options of which one takes what another needs, or says nothing beside it."""
    if contacts == STANDARD in {asked["message"], asked["body_file"]}:
        raise click.UsageError(
            "Standard input holds the contacts or the message, not both; name a file for one of them."
        )
    if dry_run is not None and (asked["results"] is not None or asked["rate"] is not None):
        raise click.UsageError("--dry-run sends nothing, so --results and --rate say nothing.")


def _forewarn(told: list[Diagnostic], format_: str, problems: Sequence[Diagnostic]) -> None:
    """Tell problems before anything is sent, and note that they were told; a document has them inside."""
    from reconciler.cli.output import tell

    if format_ == "text":
        tell(problems)
        told.extend(problems)


def _ask(ahead: Ahead) -> None:
    """Tell what would be sent, and ask; raise ``Declined`` where the answer is no."""
    from reconciler.diagnostics import error, several
    from reconciler.errors import Declined
    from reconciler.render.safe import safe

    before = f" {several(ahead.accepted, 'contact')} got it before." if ahead.accepted else ""
    messages = several(ahead.messages, "message")
    click.echo(f"{messages} from {safe(ahead.sender)} through {safe(ahead.server)}.{before}", err=True)
    if not click.confirm("Send?", err=True):
        raise Declined(error("declined", "Nothing was sent. The same command asks again; --yes sends unasked."))


@contextlib.contextmanager
def _message(asked: Mapping[str, str | None]) -> Iterator[Path | Text]:
    """Give the message that the options name; - is standard input, for as long as the block runs."""
    from reconciler.operations.send.message import Text

    file, subject = asked["message"], asked["subject"]
    body, body_file = asked["body"], asked["body_file"]
    if file is not None:
        if (subject, body, body_file) != (None, None, None):
            raise click.UsageError("Give --message, or --subject with --body or --body-file; not both.")
        with input_file(file, "a message") as path:
            yield path
        return
    if subject is None or (body is None) == (body_file is None):
        raise click.UsageError("Give --message FILE, or --subject with one of --body and --body-file.")
    if body is not None:
        yield Text(subject=subject, body=body)
        return
    with input_file(body_file or "", "the text of a message") as path:
        yield Text(subject=subject, body=path)


def _rate(text: str | None) -> Rate | None:
    from reconciler.sending import Rate

    if text is None:
        return None
    try:
        return Rate.parse(text)
    except ValueError as refusal:
        raise click.UsageError(f"--rate: {refusal}.") from None


def _put_sent(sent: SendDocument, format_: str, *, already_told: Sequence[Diagnostic] = ()) -> int:
    import shlex

    from reconciler.cli.output import hint, put, put_json, tell
    from reconciler.cli.session import style_for
    from reconciler.diagnostics import CODES
    from reconciler.render.json.documents import send_document
    from reconciler.render.text import sent_text

    if format_ == "json":
        put_json(send_document(sent))
    else:
        put(sent_text(sent, style=style_for(sys.stdout)))
        tell([problem for problem in sent.diagnostics if problem not in already_told])
        hint("To see what is recorded of the account:", shlex.join(["reconciler", "history", sent.account]))
    errors = [problem.code for problem in sent.diagnostics if problem.severity == "error"]
    if any(CODES[code].is_guard for code in errors):
        return _WITHDRAWN
    return _NOT_ACCEPTED if errors else 0
