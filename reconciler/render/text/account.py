"""One account: on one screen what people look for, or everything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.model.accounts.settings import Settings
from reconciler.render.json.documents import spec_as_written
from reconciler.render.text.accounts import status_in_words
from reconciler.render.text.parts.layout import finish, hang
from reconciler.render.text.parts.pairs import pair_lines
from reconciler.render.text.verification import done_in_words, problem_lines, verification_lines
from reconciler.render.times import day, minute, moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from reconciler.model.accounts.recorded import RecordedAccount, RecordedVerification
    from reconciler.model.canonical import JsonObject, JsonView
    from reconciler.model.servers.server import Server
    from reconciler.render.text.parts.style import Style

_METADATA = ("title", "owner", "labels", "annotations", "preventDelete")
_IN_WORDS = (
    "displayName", "email", "replyTo", "shared", "smtp.host", "smtp.port", "smtp.encryption", "smtp.authentication.username",
    "smtp.authentication.password", "proxy",
)  # fmt: skip
"""The settings that the screen tells in words; others stand there by their paths, but for defaults."""
_DEFAULTS: dict[str, Any] = {
    "smtp.authentication.mechanism": "auto",
    **{
        f"{override}.{field}": value
        for override in ("overrideFrom", "overrideTo")
        for field, value in (("onInvalid", "fallback"), ("onMissing", "fallback"), ("pairing", "perField"))
    },
}


def account_text(account: RecordedAccount, *, style: Style, since: datetime | None = None) -> str:
    """Return what people look for in an account; ``since`` is when it began not to be active.

    An ordinary account fits a terminal of 80 columns and 24 lines: what holds by default, what passed and what nobody
    asked for is not told.
    """
    facts = {name: value for name, value in (*_standing(account, since), *_metadata(account)) if value}
    settings = Settings.model_validate(spec_as_written(account))
    lines = [*_title(account, style), *pair_lines(facts, style, indent=2), ""]
    lines += pair_lines({**_sender(settings), **_others(account)}, style, indent=2)
    if account.evidence is not None and (problems := problem_lines(account.evidence.verification, style=style)):
        lines += ["", *problems]
    if style.is_terminal:
        lines += [
            "",
            *hang("everything: ", f"reconciler accounts show {style.show(account.name)} --full", width=style.width),
        ]
    return finish(lines)


def _title(account: RecordedAccount, style: Style) -> list[str]:
    title = f"{account.name} ({account.kind})"
    return [style.paint(line, "strong") for line in hang("", style.show(title), width=style.width)]


def _standing(account: RecordedAccount, since: datetime | None) -> Iterator[tuple[str, str]]:
    """Yield how the account stands, by name."""
    yield "status", status_in_words(account, since)
    if account.approval:
        reason = f" ({account.approval.reason})" if account.approval.reason else ""
        yield (
            "approval",
            f"{account.approval.decision} by {account.approval.actor}, {minute(account.approval.at)}{reason}",
        )
    if account.suspension:
        yield "stopped by", f"{account.suspension.actor}, {minute(account.suspension.at)}"
    found = account.evidence.verification if account.evidence is not None else None
    passed, failed = account.last_passed, account.last_failed
    did = f": {done_in_words(found)}" if found is not None and found.status == "passed" and passed else ""
    yield "verified", f"{minute(passed)} UTC{did}" if passed else "never"
    if failed is not None:
        yield "failed", f"{minute(failed)} UTC"


def _metadata(account: RecordedAccount) -> Iterator[tuple[str, str]]:
    metadata = account.metadata
    yield "title", metadata.title
    yield "owner", metadata.owner or ""
    yield "labels", ", ".join(f"{key}={value}" for key, value in sorted(metadata.labels.items()))
    yield "protected", "preventDelete" if metadata.prevent_delete else ""
    yield (
        "recorded",
        f"revision {account.revision}, {minute(account.updated_at)} UTC; created {day(account.created_at)}",
    )


def _sender(settings: Settings) -> JsonObject:
    replies = [f"{each.display_name or ''} <{each.email or settings.email}>".strip() for each in settings.replies]
    facts: dict[str, str] = {
        "from": f"{settings.display_name} <{settings.email}>",
        "replies to": ", ".join(replies),
        "server": _server(settings.server) if settings.server is not None else "the platform's own",
        "login": _login(settings.server) if settings.server is not None else "",
        "proxy": _proxy(settings.server) if settings.server is not None else "",
        "shared": "with all users" if settings.shared else "",
    }
    return {name: value for name, value in facts.items() if value}


def _server(server: Server) -> str:
    return f"{server.place}, " + {"none": "not encrypted"}.get(server.encryption, server.encryption)


def _login(server: Server) -> str:
    login = server.login
    told = [login.username or "", login.password or login.access_token or ("OAuth2" if login.oauth2 else "")]
    return ", ".join(each for each in told if each)


def _proxy(server: Server) -> str:
    proxy = server.proxy
    if proxy is None:
        return ""
    login = f", {proxy.username}" if proxy.username else ""
    secret = f", {proxy.password}" if proxy.password else ""
    return f"{proxy}{login}{secret}" + ("" if proxy.resolves_remotely else ", addresses looked up here")


def _others(account: RecordedAccount) -> JsonObject:
    """Return the settings that have no words of their own, by path, but for defaults."""
    return {
        path: value
        for path, value in _flat(spec_as_written(account))
        if not any(path == each or path.startswith(f"{each}.") for each in _IN_WORDS) and _DEFAULTS.get(path) != value
    }


def account_in_full(account: RecordedAccount, *, style: Style) -> str:
    """Return everything of an account: the facts of the list, every setting, and its verification."""
    title = f"{account.name} ({account.kind})"
    lines = [style.paint(line, "strong") for line in hang("", style.show(title), width=style.width)]
    metadata = account.metadata.to_document()
    told = {path: fact for key in _METADATA for path, fact in _flat({key: metadata.get(key)})}
    times = {"created": moment(account.created_at), "updated": moment(account.updated_at)}
    lines += pair_lines({**_decisions(account), **told, **times, "revision": account.revision}, style, indent=2)
    lines += [
        "",
        style.paint("Settings", "strong"),
        *pair_lines(dict(_flat(spec_as_written(account))), style, indent=2),
    ]
    lines += ["", style.paint("Verification", "strong")]
    if account.evidence is None:
        return finish([*lines, "  no evidence is recorded"])
    found = account.evidence.verification
    when = [f"  at {moment(found.checked_at)}"] if found.checked_at else []
    return finish([*lines, *when, *verification_lines(found, style=style, indent=2)])


def _decisions(account: RecordedAccount) -> JsonObject:
    reason = account.status_reason
    lines: JsonObject = {"status": account.status + (f": {reason}" if reason else "")}
    if account.approval:
        told = f" ({account.approval.reason})" if account.approval.reason else ""
        approval = account.approval
        lines["approval"] = f"{approval.decision} by {approval.actor} at {moment(approval.at)}{told}"
    if account.suspension:
        stop = account.suspension
        lines["suspended"] = f"by {stop.actor} at {moment(stop.at)}: {stop.reason}"
    if account.verification:
        lines["verified"] = _verified(account.verification)
    return lines


def _verified(last: RecordedVerification) -> str:
    when = f" at {moment(last.checked_at)}" if last.checked_at else ""
    before = f"; passed last at {moment(last.passed_at)}" if last.passed_at else ""
    return f"{last.outcome}{when}{before}"


def _flat(settings: JsonView, path: str = "") -> Iterable[tuple[str, Any]]:
    """Yield the leaves of nested settings by dotted path, sorted; absent and empty ones are left out."""
    for key, value in sorted(settings.items()):
        if isinstance(value, dict):
            yield from _flat(value, f"{path}{key}.")
        elif value is not None:
            yield f"{path}{key}", value
