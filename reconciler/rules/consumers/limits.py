"""What a consumer cannot carry: each limit by its name, told before anything is applied.

Premise: a program that drops part of an account's settings sends all the same, through another way than the one that was
verified. So what a format cannot say is refused, and never left out in silence.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from reconciler.classes import dataclass
from reconciler.diagnostics import enumerated
from reconciler.model.consumers.capabilities import LIMITS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.model.consumers.capabilities import Capabilities, Limit
    from reconciler.model.consumers.sender import Sender
    from reconciler.model.consumers.settings import Consumer


_SHOWN = 3
"""So many of the other accounts are named."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """One account that a consumer cannot be given, and why."""

    account: str
    limit: Limit
    reason: str
    """The sentence that says what cannot be carried."""


def refusals(consumer: Consumer, senders: Sequence[Sender], carries: Capabilities) -> tuple[Refusal, ...]:
    """Return every limit that these senders meet, by account and in the order of ``LIMITS``.

    >>> from reconciler.model.consumers.capabilities import Capabilities
    >>> from reconciler.model.consumers.sender import Sender
    >>> from reconciler.model.consumers.settings import Consumer
    >>> server = {"host": "smtp.example.com", "port": 25, "encryption": "none"}
    >>> sender = Sender(name="sales", kind="own", email="sales@example.com", display_name="Sales", **server)
    >>> consumer = Consumer(type="files", format="json", path="/etc/mail.json", accounts=("*",))
    >>> [(each.account, each.limit) for each in refusals(consumer, [sender], Capabilities())]
    [('sales', 'encryption')]
    """
    found = [
        Refusal(account=sender.name, limit=limit, reason=reason)
        for sender in senders
        for limit, reason in _limits(consumer, sender, carries)
    ]
    found += _shared(senders, carries)
    return tuple(sorted(found, key=lambda each: (each.account, LIMITS.index(each.limit))))


def refuse_value(sender: Sender, value: str, carries: Capabilities) -> Refusal | None:
    """Return why a secret's value cannot be carried; None where it can. Nothing of the value is told.

    >>> from reconciler.model.consumers.capabilities import Capabilities
    >>> from reconciler.model.consumers.sender import Sender
    >>> server = {"host": "smtp.example.com", "port": 465, "encryption": "tls"}
    >>> sender = Sender(name="sales", kind="own", email="sales@example.com", display_name="Sales", **server)
    >>> refuse_value(sender, "a ", Capabilities())
    >>> refuse_value(sender, "a ", Capabilities(trims_values=True)).reason
    'its password begins or ends with a space, which would be cut off'
    """
    if not value:
        return Refusal(account=sender.name, limit="value", reason="its password is empty")
    if _breaks_line(value):
        return Refusal(
            account=sender.name, limit="lineBreak", reason="its password has a line break or another control character"
        )
    if carries.trims_values and value != value.strip():
        return Refusal(
            account=sender.name,
            limit="value",
            reason="its password begins or ends with a space, which would be cut off",
        )
    why = _unlike(value, carries)
    return Refusal(account=sender.name, limit="value", reason=f"its password {why}") if why is not None else None


def refuse_path(sender: Sender, path: str, carries: Capabilities) -> Refusal | None:
    """Return why the path of a secret's file, which is referred to, cannot be carried; None where it can.

    >>> from reconciler.model.consumers.capabilities import Capabilities
    >>> from reconciler.model.consumers.sender import Sender
    >>> server = {"host": "smtp.example.com", "port": 465, "encryption": "tls"}
    >>> sender = Sender(name="sales", kind="own", email="sales@example.com", display_name="Sales", **server)
    >>> refuse_path(sender, "/srv/secrets/it's", Capabilities(forbidden=("'",))).reason
    "the path of its password has ' in it, which not all readers of the format read alike"
    """
    faults = _unreadable("the path of its password", path, carries)
    return next((Refusal(account=sender.name, limit=limit, reason=reason) for limit, reason in faults), None)


def _unreadable(what: str, text: str, carries: Capabilities) -> Iterator[tuple[Limit, str]]:
    """Yield why a text cannot stand in the format: it breaks the line, or readers read it otherwise than it is."""
    if _breaks_line(text):
        yield "lineBreak", f"{what} has a line break or another control character"
    if (why := _unlike(text, carries)) is not None:
        yield "value", f"{what} {why}"


def _breaks_line(text: str) -> bool:
    return any(ord(each) < ord(" ") or each in {"\x7f", "\x85", "\u2028", "\u2029"} for each in text)


def _unlike(text: str, carries: Capabilities) -> str | None:
    """Return why readers of the format would read a text otherwise than it is; None where all read it alike."""
    for sign in carries.forbidden:
        if sign in text:
            return f"has {sign} in it, which not all readers of the format read alike"
    for sign in carries.forbidden_endings:
        if text.endswith(sign):
            return f"ends with {sign}, which not all readers of the format read alike"
    return None


def _limits(consumer: Consumer, sender: Sender, carries: Capabilities) -> Iterator[tuple[Limit, str]]:
    if sender.encryption not in carries.encryptions:
        yield "encryption", f"it is reached with encryption: {sender.encryption}"
    ports = carries.implicit_tls_ports
    if sender.encryption == "tls" and ports is not None and sender.port not in ports:
        yield "implicitTlsPort", f"it is reached with implicit TLS on port {sender.port}, and only 465 can be"
    if sender.proxy is not None and not carries.proxy:
        yield "proxy", "it is reached through a proxy"
    if sender.token and not carries.oauth2:
        yield "oauth2", "it logs in with an access token (OAuth2)"
    yield from _trust(sender, carries)
    if sender.username is not None and sender.mechanism not in carries.mechanisms:
        yield "mechanism", f"it logs in by the mechanism {sender.mechanism}"
    if sender.helo_name is not None and not carries.helo_name:
        yield "heloName", "it names itself in EHLO (heloName)"
    if sender.username is not None and ":" in sender.username and not carries.colon_in_username:
        yield "colonInUsername", "its user name has a colon"
    yield from _references(consumer, sender, carries)
    yield from _texts(sender, carries)


def _trust(sender: Sender, carries: Capabilities) -> Iterator[tuple[Limit, str]]:
    if sender.certificate is not None and not carries.pin:
        yield "certificate", "its server's certificate is pinned"
    if sender.client_certificate and not carries.client_certificate:
        yield "clientCertificate", "it shows a certificate of its own to the server (clientCertificate)"
    if sender.ca_digest is None:
        return
    if not carries.private_ca:
        yield "privateCa", "its server is trusted by a private CA (caFile)"
    elif sender.ca is None:
        why = (
            "state has not kept its private CA yet: where the CA's file is at hand, run reconciler verify "
            f"{sender.name} --recorded"
        )
        yield "privateCa", why


def _references(consumer: Consumer, sender: Sender, carries: Capabilities) -> Iterator[tuple[Limit, str]]:
    if sender.secret is None or consumer.secrets != "reference":
        return
    source = sender.secret.partition(":")[0]
    kind = source if source in {"env", "file"} else "declared"
    if kind not in carries.references:
        can = f"only {_sources(carries)} can be" if carries.references else "no secret can be"
        yield "reference", f"its password is {source}:…, and {can} referred to"


def _sources(carries: Capabilities) -> str:
    return ", ".join("sources of the project file" if each == "declared" else each for each in carries.references)


def _texts(sender: Sender, carries: Capabilities) -> Iterator[tuple[Limit, str]]:
    for what, text in _written(sender):
        yield from _unreadable(f"its {what}", text, carries)
    for sign in carries.forbidden_in_names:
        if sign in sender.name:
            yield "value", f"its name has the sign {sign}, which the format does not take in names"
    if carries.by_address and sender.email.startswith("#"):
        yield "value", "its e-mail begins with the sign of a comment"
    if sender.username is not None and carries.trims_values and sender.username != sender.username.strip():
        yield "value", "its user name begins or ends with a space, which would be cut off"


def _written(sender: Sender) -> Iterator[tuple[str, str]]:
    """Yield every text of an account that a form may write as it stands, and what it is: whoever edits a manifest chooses them."""
    texts = [
        ("e-mail", sender.email),
        ("display name", sender.display_name),
        ("user name", sender.username),
        ("host", sender.host),
        ("heloName", sender.helo_name),
    ]
    texts += [("replyTo", text) for each in sender.reply_to for text in (each.email, each.display_name)]
    yield from ((what, text) for what, text in texts if text is not None)


def _shared(senders: Sequence[Sender], carries: Capabilities) -> Iterator[Refusal]:
    """Yield what several accounts cannot be together."""
    if carries.one_account and len(senders) > 1:
        for sender in senders:
            others = [each.name for each in senders if each.name != sender.name]
            with_others = enumerated(others, most=_SHOWN)
            reason = f"it is one of {len(senders)} accounts, with {with_others}, and the format carries one only"
            yield Refusal(account=sender.name, limit="oneAccount", reason=reason)
    if carries.by_address:
        counts = Counter(sender.email.lower() for sender in senders)
        for sender in senders:
            if counts[sender.email.lower()] > 1:
                reason = f"another account sends from {sender.email} too, and the account is found by the address"
                yield Refusal(account=sender.name, limit="sameAddress", reason=reason)
    if carries.one_policy_a_place:
        policies: dict[str, set[tuple[str, str | None]]] = {}
        for sender in senders:
            policies.setdefault(sender.place, set()).add((sender.encryption, sender.ca_digest))
        for sender in senders:
            if len(policies[sender.place]) > 1:
                reason = f"another account reaches {sender.place} with another encryption or private CA"
                yield Refusal(account=sender.name, limit="samePlace", reason=reason)
