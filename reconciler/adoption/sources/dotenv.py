"""``.env`` files: ``SMTP_*``, ``MAIL_*``, ``EMAIL_*`` and what tools make of them, with prefixes and for several accounts.

A variable is a *stem* (SMTP, MAIL, EMAIL, MAILER …), before it a prefix, behind it the name of a setting, and perhaps
between them whose it is: ``NEXT_SMTP_HOST``, ``SMTP_SALES_HOST``. Variables with the same prefix, stem and owner are one
account. The syntax is read leniently, since readers of such files differ; where they would, that is told.
"""

from __future__ import annotations

import re
from dataclasses import field, replace
from typing import TYPE_CHECKING

from reconciler.adoption.assignments import NoVariable, Variable, variables_of
from reconciler.adoption.fields import FIELDS, found_of, meaningful
from reconciler.adoption.source import ReadsAlone, passed_over, unreadable
from reconciler.adoption.sources.url import looks_like_url, read_url, several_of
from reconciler.characters import SHOWN_WORD, clip
from reconciler.classes import dataclass
from reconciler.errors import InvalidInput
from reconciler.model.adoption.found import SourceReading

if TYPE_CHECKING:
    from reconciler.adoption.source import Source
    from reconciler.diagnostics import Diagnostic
    from reconciler.model.adoption.found import FoundAccount

_SHAPE = re.compile(r"^\s*(?:export\s+)?\w*(?:SMTP|MAIL|MAILER|EMAIL)\w*\s*=", re.MULTILINE | re.IGNORECASE)
_STEMS = frozenset(
    {"smtp", "mail", "email", "mailer", "nodemailer", "mailing", "phpmailer", "smtps", "sendmail", "emailsettings"}
)
_FILLERS = frozenset(
    {
        "options",
        "auth",
        "config",
        "properties",
        "settings",
        "transport",
        "default",
        "out",
        "outgoing",
        "server",
        *_STEMS,
    }
)
_WITHOUT_EFFECT = frozenset(
    [
        "timeout",
        "pool",
        "debug",
        "logger",
        "log",
        "max",
        "rate",
        "limit",
        "retry",
        "retries",
        "delay",
        "keepalive",
        "interval",
        "charset",
        "encoding",
        "template",
        "templates",
        "subject",
        "queue",
        "pretend",
        "sendmail",
        "markdown",
        "preview",
        "test",
        "verbose",
        "concurrency",
        "batch",
        "channel",
        "path",
        "command",
        "cmd",
    ]
)
"""Parts of variables that tell how a program runs, or what it does to messages: no setting of an account."""
_MOST_STRAYS = 8
_REFERENCE = re.compile(r"\$[{(]")
_HOST_WITH_SCHEME = re.compile(r"(?:smtps?|ssl|tls)://[^@/?#\s]+/?\Z", re.IGNORECASE)
"""A server as PHP and others name it, with the transport before it; login, port and the rest are variables of their own."""
_MAIL = re.compile(r"\w*(?:SMTP|MAIL)\w*", re.IGNORECASE)
_MOST_PARTS = 4


@dataclass
class _Group:
    """The variables of one account, by setting."""

    key: tuple[str, str]
    """What stands before the stem, and whose it is."""
    stem: str
    line: int
    said: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    """The variable that each setting came from."""
    doubts: list[str] = field(default_factory=list)
    unknown: dict[str, str | None] = field(default_factory=dict)
    """Settings whose value the file does not say, with the variable that the whole of it comes of."""
    stems: set[str] = field(default_factory=set)
    """The stems of the groups that went into it beside its own."""
    strays: list[str] = field(default_factory=list)
    """Its variables that are no setting that is known."""
    is_joined: bool = False
    """What it says went to another group, which names the server."""

    @property
    def label(self) -> str:
        """What its variables have in common."""
        return "_".join(part for part in (self.key[0], self.stem, self.key[1]) if part).upper()

    @property
    def has_server(self) -> bool:
        """Whether it says which server it is."""
        return meaningful(self.said.get("host")) is not None or meaningful(self.said.get("url")) is not None


class Dotenv(ReadsAlone):
    """Reads variables that are set in a file."""

    name = "dotenv"

    def recognises(self, source: Source) -> bool:
        """Tell it by variables with a stem, without a space around the equals sign as code has it."""
        return _SHAPE.search(source.text) is not None

    def read(self, source: Source) -> SourceReading:
        """Return an account for each group of variables that names a server."""
        problems: list[Diagnostic] = []
        variables = _variables(source, problems)
        groups = _grouped(variables)
        serving = [each for each in groups if each.has_server]
        accounts = [found for group in serving if (found := _account(group, source, problems)) is not None]
        problems += [
            passed_over(source, each.line, f"{each.label} has a login, and names no server.")
            for each in groups
            if not each.has_server and not each.is_joined and meaningful(each.said.get("password"))
        ]
        return SourceReading(accounts=tuple(accounts), problems=tuple(problems))


def _variables(source: Source, problems: list[Diagnostic]) -> list[Variable]:
    """Return the variables; of lines that set none those are told that speak of mail."""
    found = list(variables_of(source.text))
    problems += [
        unreadable(source, each.line, each.reason)
        for each in found
        if isinstance(each, NoVariable) and _MAIL.match(each.written)
    ]
    return [each for each in found if isinstance(each, Variable)]


def _parts(name: str) -> tuple[tuple[str, str], str | None, str]:
    """Return prefix and owner, the setting, and the stem of a variable; None for one that names no setting of mail."""
    parts = [part for part in name.lower().replace(".", "_").split("_") if part]
    start = next((index for index, part in enumerate(parts) if part in _STEMS), None)
    if start is None:
        return ("", ""), None, ""
    end = start
    while end + 1 < len(parts) and parts[end + 1] in _STEMS and end + 2 < len(parts) and parts[end] in _STEMS:
        end += 1
    prefix, rest = "_".join(parts[:start]), parts[end + 1 :]
    for length in range(min(_MOST_PARTS, len(rest)), 0, -1):
        setting = FIELDS.get("_".join(rest[-length:]))
        if setting is not None:
            owner = [part for part in rest[:-length] if part not in _FILLERS]
            return (prefix, "_".join(owner)), setting, "_".join(parts[start : end + 1])
    return (prefix, "_".join(rest)), None, "_".join(parts[start : end + 1])


_OF_THE_STEM = {
    "mail_from": "email",
    "mailer": "mailer",
    "email_server": "url",
    "smtp_name": "username",
    **dict.fromkeys(("default_from_email", "from_email", "sender_email", "from_address", "sender_address"), "email"),
    **dict.fromkeys(("from_name", "sender_name"), "display_name"),
    **dict.fromkeys(("reply_to", "reply_to_email"), "reply_to"),
}
"""Variables that are whole words: they have no stem, their last part is one, or they mean something else elsewhere."""


def _grouped(variables: list[Variable]) -> list[_Group]:
    """Return the groups in their order; one without a server of its own joins the one of the same prefix and owner that has."""
    groups: dict[tuple[tuple[str, str], str], _Group] = {}
    strays: list[tuple[tuple[str, str], str, str]] = []
    for each in variables:
        key, setting, stem = _place(each)
        if setting is None or not stem:
            strays += [(key, stem, each.name)] if meaningful(each.value) else []
            continue
        group = groups.setdefault((key, stem), _Group(key, stem, each.line))
        _say(group, setting, each)
    found = list(groups.values())
    _join(found)
    alone = [each for each in found if not each.has_server and not each.is_joined and not each.said.get("password")]
    strays += [
        (each.key, each.stem, name)
        for each in alone
        for setting, name in each.variables.items()
        if meaningful(each.said.get(setting))
    ]
    for key, stem, name in strays:
        of_it = [each for each in found if each.has_server and _is_of(each, key, stem)]
        if of_it and not _WITHOUT_EFFECT & set(name.lower().replace(".", "_").split("_")):
            max(of_it, key=lambda each: len(each.key[1])).strays.append(name)
    return found


def _say(group: _Group, setting: str, variable: Variable) -> None:
    """Have a group say what a variable does; of the same variable set twice the last counts, as for whoever reads such files."""
    is_again = group.variables.get(setting) == variable.name
    if is_again and group.said.get(setting) != variable.value:
        group.doubts.append(f"{variable.name} is set more than once; the last one was taken.")
    if is_again or setting not in group.said or not meaningful(group.said[setting]):
        group.variables[setting] = variable.name
        group.said.pop(setting, None)
        group.unknown.pop(setting, None)
        if not variable.is_known:
            group.unknown[setting] = variable.reference
        if variable.is_known or setting in {"host", "url"}:
            group.said[setting] = variable.value
    group.doubts += variable.doubts


def _is_of(group: _Group, key: tuple[str, str], stem: str) -> bool:
    """Tell whether a variable of this prefix, rest and stem is one of a group's."""
    prefix, rest = key
    is_its_owner = not group.key[1] or rest.startswith(f"{group.key[1]}_")
    return prefix == group.key[0] and stem in {group.stem, *group.stems} and is_its_owner


def _place(variable: Variable) -> tuple[tuple[str, str], str | None, str]:
    """Return the prefix and owner, the setting, and the stem of a variable; the setting is None where it is of none."""
    key, setting, stem = _parts(variable.name)
    whole = variable.name.lower()
    if whole in _OF_THE_STEM:
        key, setting, stem = ("", ""), _OF_THE_STEM[whole], whole.partition("_")[0]
        if setting in _OF_THE_SENDER and whole != "mail_from":
            stem = "mail"
    if setting == "name":
        return key, None, stem
    if setting == "domain" and stem.startswith("smtp"):
        return key, "helo", stem  # Rails, GitLab, Mastodon: the name in EHLO; elsewhere the address's domain
    is_web = setting == "host" and variable.value.lower().startswith("http")
    if (
        setting in {"host", "url", "encryption", "mailer"}
        and not is_web
        and not _HOST_WITH_SCHEME.match(variable.value)
    ):
        is_address = looks_like_url(variable.value) or bool(several_of(variable.value))
        return key, "url" if is_address else _of_its_form(setting, variable.value), stem
    return key, setting, stem


def _of_its_form(setting: str, text: str) -> str:
    """Return what a variable is whose name leaves it open: an address of e-mail, or a server."""
    if setting == "host" and "@" in text:
        return "email"
    return "host" if setting == "url" else setting


_OF_THE_SENDER = frozenset({"email", "display_name", "reply_to", "domain"})
"""What may be said once for all programs of a file; how one of them logs in is no matter of another's."""


def _join(groups: list[_Group]) -> None:
    """Give what groups without a server say to the one that has it."""
    serving = [group for group in groups if group.has_server]
    for group in groups:
        if group.has_server:
            continue
        same = [each for each in serving if each.key == group.key]
        near = same or [each for each in serving if len(serving) == 1 and group.key[1] == ""]
        if len(near) != 1:
            continue
        group.is_joined = True
        is_of_one_program = bool(same) or "" in {group.key[0], near[0].key[0]}
        said = {name: text for name, text in group.said.items() if is_of_one_program or name in _OF_THE_SENDER}
        near[0].said = {**said, **{name: text for name, text in near[0].said.items() if meaningful(text)}}
        near[0].unknown = {
            **{name: each for name, each in group.unknown.items() if is_of_one_program or name in _OF_THE_SENDER},
            **near[0].unknown,
        }
        near[0].stems |= {group.stem, *group.stems} if same else set()
        near[0].variables = {**group.variables, **near[0].variables}
        near[0].doubts += group.doubts


def _account(group: _Group, source: Source, problems: list[Diagnostic]) -> FoundAccount | None:
    label = group.label
    url = meaningful(group.said.get("url"))
    if url is not None and (several := several_of(url)):
        url = several[0]
        group.doubts.append("Of several servers, each in place of another, the first was taken.")
    found = found_of(group.said, label=label, line=group.line)
    if url is not None and looks_like_url(url):
        try:
            read = read_url(url, label=label, line=group.line)
        except InvalidInput as refused:
            problems += [replace(each, location=source.at(group.line)) for each in refused.diagnostics]
            return None
        found = _with_url(found, read, is_known="url" not in group.unknown)
    if found.host is None:
        problems.append(passed_over(source, group.line, f"{label} names no server."))
        return None
    if group.strays:
        names = ", ".join(clip(each, SHOWN_WORD) for each in group.strays[:_MOST_STRAYS])
        more = ", …" if len(group.strays) > _MOST_STRAYS else ""
        group.doubts.append(f"No setting is known by the name of {names}{more}, so it was not taken.")
    comes_of = group.unknown.get("password")
    return replace(
        found,
        has_login=found.has_login or not group.unknown.keys().isdisjoint({"username", "password"}),
        reference={"env": comes_of} if comes_of and found.password is None else None,
        lost=(*found.lost, *dict.fromkeys(group.doubts)),
    )


def _with_url(found: FoundAccount, read: FoundAccount, *, is_known: bool) -> FoundAccount:
    """Return the account of an address, with what other variables say beside it.

    Of an address that is not wholly known, what stands for a login may be another variable: it is not taken then.
    """
    username, password = read.username, read.password
    if not is_known:
        username = None if username is not None and _REFERENCE.search(username) else username
        password = None if password is not None and _REFERENCE.search(password.reveal()) else password
    return replace(
        read,
        port=read.port or found.port,
        email=found.email or read.email,
        display_name=found.display_name or read.display_name,
        reply_to=found.reply_to,
        helo_name=found.helo_name or read.helo_name,
        ca_file=found.ca_file,
        certificate=found.certificate or read.certificate,
        client_certificate=found.client_certificate or read.client_certificate,
        client_key=found.client_key or read.client_key,
        proxy=found.proxy,
        username=username or found.username,
        password=password or found.password,
        has_login=read.has_login or found.has_login,
        lost=(*read.lost, *found.lost),
    )


READER = Dotenv()
