"""Which accounts a consumer is to have, and as what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.accounts.kinds import KINDS, kind_of
from reconciler.model.canonical import digest
from reconciler.model.consumers.sender import Candidate, ReplyAddress, Sender
from reconciler.rules.accounts.select import is_selected

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reconciler.model.accounts.located import CaFile
    from reconciler.model.accounts.platform import PlatformServer
    from reconciler.model.accounts.recorded import RecordedAccount, RecordedState
    from reconciler.model.accounts.statuses import Status
    from reconciler.model.consumers.settings import Consumer
    from reconciler.model.step import Changed, Create, Update


def recorded_candidates(
    recorded: RecordedState, platform: PlatformServer | None, platform_ca: CaFile | None
) -> dict[str, Candidate]:
    """Return the accounts of state as candidates, by name."""
    # The platform's secrets are known by what they were recorded with, as far as one value was recorded for their routes.
    found: dict[str, set[str]] = {}
    for own in platform.secret_routes if platform is not None else ():
        for known in recorded.routes:
            if known.fingerprint and (known.secret, known.route.key) == (own.secret, own.route.key):
                found.setdefault(own.secret, set()).add(known.fingerprint)
    through = {secret: next(iter(values)) for secret, values in found.items() if len(values) == 1}
    return {
        name: _candidate(account, account.status, platform, platform_ca, through)
        for name, account in recorded.accounts.items()
    }


def planned_candidates(
    before: Mapping[str, Candidate],
    steps: Iterable[Changed],
    *,
    platform: PlatformServer | None,
    private_cas: Mapping[str, CaFile],
) -> dict[str, Candidate]:
    """Return the candidates as they are once these steps are applied; a step that is held changes nothing.

    What is verified counts as active: apply records nothing else, but what somebody overrides.
    """
    after = dict(before)
    taken = [step for step in steps if not step.held]
    # All names are given up before one is taken: two accounts may take each other's.
    for step in taken:
        if step.before is not None:
            after.pop(step.before.name, None)
    for step in taken:
        if step.after is not None:
            account = step.after
            server, ca_digest = account.settings.server, account.ca_digest
            if step.sends_through_platform:
                server, ca_digest = (platform.server, platform.ca_digest) if platform is not None else (None, None)
            found = private_cas.get(server.ca_file) if server is not None and server.ca_file is not None else None
            was = before.get(step.before.name) if step.before is not None else None
            # A step has fingerprints of the account's own secrets; the platform's stay as they were known.
            hosted = was.fingerprints if was is not None and step.sends_through_platform else {}
            after[step.name] = Candidate(
                account=account,
                status=_status_after(step),
                manifest=step.manifest,
                server=server,
                ca_digest=ca_digest,
                ca_pem=found.pem if found is not None and found.digest == ca_digest else None,
                fingerprints=hosted or dict(step.fingerprints),
            )
    return dict(sorted(after.items()))


def _candidate(
    account: RecordedAccount,
    status: Status,
    platform: PlatformServer | None,
    platform_ca: CaFile | None,
    through: Mapping[str, str],
) -> Candidate:
    is_hosted = kind_of(account).sends_through_platform
    server = account.settings.server
    ca_digest, ca_pem = account.ca_digest, account.ca_pem
    if is_hosted:
        server, ca_digest = (platform.server, platform.ca_digest) if platform is not None else (None, None)
        ca_pem = platform_ca.pem if platform_ca is not None else None
    return Candidate(
        account=account,
        status=status,
        manifest=account.manifest or "",
        server=server,
        ca_digest=ca_digest,
        ca_pem=ca_pem,
        fingerprints=through if is_hosted else account.fingerprints,
    )


def _status_after(step: Create | Update) -> Status:
    if step.before is not None and step.before.suspension is not None:
        return "suspended"
    if step.awaits_approval:
        return "pending"
    return "active" if step.needs_evidence or step.before is None else step.before.status


def wanted_senders(consumer: Consumer, candidates: Mapping[str, Candidate]) -> tuple[Sender, ...]:
    """Return what a consumer is to have, by name: the selected accounts that are active.

    With ``onSuspend: hold`` suspended ones are among them, as held. A marketing account without a platform's server has
    nothing to send through, and is left out.
    """
    return tuple(
        _sender(candidates[name], consumer)
        for name in sorted(candidates)
        if _is_wanted(candidates[name], consumer) and candidates[name].server is not None
    )


def selected(consumer: Consumer, candidates: Mapping[str, Candidate]) -> list[str]:
    """Return the accounts that a consumer's selectors select, whether or not they are active, by name.

    >>> from reconciler.model.accounts.desired import DesiredAccount
    >>> from reconciler.model.consumers.settings import Consumer
    >>> news = DesiredAccount(kind="MarketingAccount", name="news", document={})
    >>> found = {"news": Candidate(account=news, status="suspended", manifest="", server=None)}
    >>> consumer = Consumer(type="files", format="json", path="/etc/mail.json", accounts=("news*",))
    >>> selected(consumer, found), wanted_senders(consumer, found)
    (['news'], ())
    """
    return sorted(name for name, each in candidates.items() if _is_selected(each, consumer))


def _is_selected(candidate: Candidate, consumer: Consumer) -> bool:
    return is_selected((candidate.account,), consumer.accounts, ())


def _is_wanted(candidate: Candidate, consumer: Consumer) -> bool:
    if not _is_selected(candidate, consumer):
        return False
    return candidate.status == "active" or (candidate.status == "suspended" and consumer.on_suspend == "hold")


def _sender(candidate: Candidate, consumer: Consumer) -> Sender:
    server, settings = candidate.server, candidate.account.settings
    assert server is not None  # noqa: S101 - those without one are left out
    login = server.login
    return Sender(
        name=candidate.name,
        kind=KINDS[candidate.kind].word,
        email=settings.email,
        display_name=settings.display_name,
        reply_to=tuple(ReplyAddress(email=each.email, display_name=each.display_name) for each in settings.replies),
        host=server.host,
        port=server.port,
        encryption=server.encryption,
        mechanism=login.mechanism or "auto",
        username=login.username,
        secret=login.password if consumer.secrets != "none" else None,
        token=login.oauth2 is not None or login.access_token is not None,
        proxy=server.proxy.way if server.proxy is not None else None,
        certificate=server.certificate,
        client_certificate=server.client_certificate is not None,
        helo_name=server.helo_name,
        ca_digest=candidate.ca_digest,
        ca=candidate.ca_pem,
        through_platform=kind_of(candidate).sends_through_platform,
        held=candidate.status == "suspended",
    )


def wanted_digest(sender: Sender, consumer: Consumer, candidate: Candidate) -> str:
    """Return the digest of what a consumer is to have of an account: settings, form, and the secret by its fingerprint."""
    fingerprint = candidate.fingerprints.get(sender.secret) if sender.secret and consumer.secrets == "write" else None
    return digest({"sender": sender.model_dump(), "form": consumer.form, "fingerprint": fingerprint})
