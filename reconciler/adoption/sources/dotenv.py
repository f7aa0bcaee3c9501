"""``.env`` files: ``SMTP_*``, ``MAIL_*``, ``EMAIL_*`` and what tools make of them, with prefixes and for several accounts.

A variable is a *stem* (SMTP, MAIL, EMAIL, MAILER …), before it a prefix, behind it the name of a setting, and perhaps
between them whose it is: ``NEXT_SMTP_HOST``, ``SMTP_SALES_HOST``. Variables with the same prefix, stem and owner are one
account. The syntax is read leniently, since readers of such files differ; where they would, that is told.
"""

from __future__ import annotations

import re
from dataclasses import field, replace
from typing import TYPE_CHECKING

from reconciler.adoption.fields import FIELDS, found_of, meaningful
from reconciler.adoption.source import ReadsAlone, passed_over, unreadable
from reconciler.adoption.sources.url import looks_like_url, read_url, several_of
from reconciler.classes import Frozen, dataclass
from reconciler.errors import InvalidInput
from reconciler.model.adoption.found import SourceReading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.adoption.source import Source
    from reconciler.diagnostics import Diagnostic
    from reconciler.model.adoption.found import FoundAccount

_LINE = re.compile(r"(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_.]*)\s*[=:]\s*(?P<value>.*)\Z", re.DOTALL)
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
_MAIL = re.compile(r"\w*(?:SMTP|MAIL)\w*", re.IGNORECASE)
_MOST_PARTS = 4
_ESCAPE = re.compile(r"\\(.)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_REMARK = re.compile(r"[ \t]#.*\Z")
_REFERENCE = re.compile(r"\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+))")


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


class _Variable(Frozen):
    name: str
    value: str
    line: int
    doubts: tuple[str, ...] = ()


class Dotenv(ReadsAlone):
    """Reads variables that are set in a file."""

    name = "dotenv"

    def recognises(self, source: Source) -> bool:
        """Tell it by variables with a stem, without a space around the equals sign as code has it."""
        return _SHAPE.search(source.text) is not None

    def read(self, source: Source) -> SourceReading:
        """Return an account for each group of variables that names a server."""
        problems: list[Diagnostic] = []
        variables = list(_variables(source, problems))
        groups = _grouped(variables)
        serving = [each for each in groups if each.has_server]
        accounts = [found for group in serving if (found := _account(group, source, problems)) is not None]
        problems += [
            passed_over(source, each.line, f"{each.label} has a login, and names no server.")
            for each in groups
            if not each.has_server and not each.is_joined and meaningful(each.said.get("password"))
        ]
        return SourceReading(accounts=tuple(accounts), problems=tuple(problems))


def _variables(source: Source, problems: list[Diagnostic]) -> Iterator[_Variable]:
    known: dict[str, str] = {}
    for number, line in enumerate(source.text.splitlines(), start=1):
        written = line.strip()
        if not written or written.startswith(("#", ";", "//")):
            continue
        matched = _LINE.match(written)
        if matched is None:
            if _MAIL.match(written):
                problems.append(unreadable(source, number, "The line is not of the form NAME=value."))
            continue
        name = matched["name"]
        value, doubts = _value(matched["value"], known, name)
        known[name] = value
        yield _Variable(name, value, number, doubts)


def _value(written: str, known: dict[str, str], variable: str) -> tuple[str, tuple[str, ...]]:
    """Return a value, and what other readers of such files might make of it."""
    if len(written) > 1 and written[0] in "'\"" and (end := _end_of_quotes(written)) is not None:
        inner = written[1:end]
        if written[0] == "'":
            return inner, ()
        text = _ESCAPE.sub(lambda found: _ESCAPES.get(found[1], found[1]), inner)
        return _filled(text, known, variable)
    text = _REMARK.sub("", written).strip()
    filled, doubts = _filled(text, known, variable)
    if "#" in filled:
        doubts = (
            *doubts,
            f"The value of {variable} holds # without quotes; some programs take what stands behind it for a remark.",
        )
    return filled, doubts


def _end_of_quotes(written: str) -> int | None:
    quote, index = written[0], 1
    while index < len(written):
        if written[index] == "\\" and quote == '"':
            index += 1
        elif written[index] == quote:
            return index
        index += 1
    return None


def _filled(text: str, known: dict[str, str], variable: str) -> tuple[str, tuple[str, ...]]:
    if "$" not in text:
        return text, ()
    missing = False

    def fill(found: re.Match[str]) -> str:
        nonlocal missing
        name = found[1] or found[3]
        if name in known:
            return known[name]
        missing = missing or found[2] is None
        return found[2] if found[2] is not None else found[0]

    filled = _REFERENCE.sub(fill, text)
    doubt = f"The value of {variable} holds $; some programs fill in a variable there."
    return filled, (doubt,) if missing else ()


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


def _grouped(variables: list[_Variable]) -> list[_Group]:
    """Return the groups in their order; one without a server of its own joins the one of the same prefix and owner that has."""
    groups: dict[tuple[tuple[str, str], str], _Group] = {}
    for each in variables:
        key, setting, stem = _place(each)
        if setting is None or not stem:
            continue
        group = groups.setdefault((key, stem), _Group(key, stem, each.line))
        if setting not in group.said or not meaningful(group.said[setting]):
            group.said[setting] = each.value
            group.variables[setting] = each.name
        group.doubts += each.doubts
    found = list(groups.values())
    _join(found)
    return found


def _place(variable: _Variable) -> tuple[tuple[str, str], str | None, str]:
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
    if setting in {"host", "url", "encryption", "mailer"} and not is_web:
        is_address = looks_like_url(variable.value) or bool(several_of(variable.value))
        return key, "url" if is_address else setting, stem
    return key, setting, stem


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
        found = replace(
            read,
            email=found.email,
            display_name=found.display_name,
            reply_to=found.reply_to,
            helo_name=found.helo_name,
            ca_file=found.ca_file,
            certificate=found.certificate or read.certificate,
            client_certificate=found.client_certificate or read.client_certificate,
            client_key=found.client_key or read.client_key,
            proxy=found.proxy,
            username=read.username or found.username,
            password=read.password or found.password,
            has_login=read.has_login or found.has_login,
            lost=(*read.lost, *found.lost),
        )
    if found.host is None:
        problems.append(passed_over(source, group.line, f"{label} names no server."))
        return None
    return replace(found, lost=(*found.lost, *dict.fromkeys(group.doubts)))


READER = Dotenv()
