"""Answers to habits from other tools, as words with lines to paste; the tables are in ``habits``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from reconciler.classes import dataclass
from reconciler.manifests.habits import (
    ALIASES,
    IMPLICIT,
    MEANINGS,
    PREFIXES,
    SAID,
    TARGETS,
    WORDS_FOR_ENCRYPTION,
    Said,
    Target,
)
from reconciler.manifests.suggesting import (
    email_lines,
    endpoint_lines,
    helo_lines,
    is_no_login,
    login_lines,
    mechanism_lines,
    metadata_lines,
    port_lines,
    proxy_fields,
    proxy_lines,
    reply_lines,
    text_lines,
    variable_stem,
)
from reconciler.manifests.wording import shown_path
from reconciler.model.accounts.kinds import KINDS
from reconciler.model.accounts.manifest import MODELS
from reconciler.model.text.types import NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

_NOT_A_LETTER = re.compile(r"[^a-z0-9]")
_NO_SERVER = (
    " A marketing account sends through the platform's server, which the project file declares as platform.smtp; "
    "for a mailbox with a server of its own write\n    kind: OwnAccount"
)


Places = dict[tuple[str, ...], None]
"""The paths of all fields of a kind, those of one mapping before those inside them."""


@dataclass(frozen=True, slots=True)
class MisplacedField:
    """Where a field stands that does not exist there."""

    path: tuple[str | int, ...]
    kind: str
    known: frozenset[str]
    """The fields that there are at its place."""
    of_kinds: Mapping[str, Places]
    """Where each field of each kind stands."""
    name: str
    """What the document calls itself; empty where it does not."""
    email: str = ""
    """The account's address; empty where there is none."""

    @property
    def account_variable(self) -> str:
        """The account's name as a part of a variable's; the project file's server is the platform's."""
        return "PLATFORM" if self.kind == PROJECT else variable_stem(self.name)

    @property
    def variable(self) -> str:
        """The same for a secret that stands where this field does, which may be the proxy's."""
        return f"{self.account_variable}_PROXY" if "proxy" in self.path[:-1] else self.account_variable

    @property
    def places(self) -> Places:
        """Where the fields of its own kind stand; none of a kind that there is not."""
        return self.of_kinds.get(self.kind, {})

    @property
    def is_answered(self) -> bool:
        """Whether the settings of other tools have an answer at this place: in manifests, and for the platform's server."""
        return self.kind in MODELS or (self.kind == PROJECT and (len(self.path) == 1 or self.path[0] == "platform"))


PROJECT = "Project"
_OF_SERVERS = frozenset({"smtp", "proxy"})
"""The parts of an account's spec that are about its server and the way there."""
_INSTEAD = {
    ("MailServer", "smtp"): " What an account has under smtp stands in a MailServer under spec itself.",
    (
        "MarketingAccount",
        "shared",
    ): " Every user sees a marketing account, so there is nothing to share. Remove the line.",
}
"""What is told of a field that another kind has, by the kind that lacks it; of all others, which kinds have it."""
_MOST_PLACES = 3
"""The most places that are named for one field."""


def value_at(document: Any, path: Sequence[str | int]) -> Any:
    """Return the value at a path that a document has."""
    for step in path:
        document = document[step]
    return document


def habit(where: MisplacedField, value: Any) -> str:
    """Return the advice for a field of another tool's settings; empty for a field that no known tool has."""
    alias = _alias_of(str(where.path[-1]), where)
    if len(where.path) == 1 and alias == "name" and isinstance(value, str):
        lines = metadata_lines(value) or ["metadata:", "  name: sales-pl"]
        return f" What the document is known by stands under metadata. {_written(lines, where.account_variable)}"
    if _is_named_as_meant(alias, value, where):
        return elsewhere(str(where.path[-1]), where)
    name = ALIASES.get(alias)
    if name is None or (where.path[0] == "metadata" and alias in SAID):
        said = SAID.get(alias)
        return _said(said, where) if said is not None else ""
    return _meant(name, alias, value, where)


def elsewhere(field: str, where: MisplacedField) -> str:
    """Return where a field stands in its own kind, else which kinds have it; empty for a field of no kind."""
    places = _places_of(field, where.places)
    if not places:
        return _of_other_kinds(field, where)
    if places == [()]:
        return f" {field} belongs at the top of the document."
    return f" {field} belongs under {_listed(places)}."


def _places_of(field: str, paths: Iterable[tuple[str, ...]]) -> list[tuple[str, ...]]:
    return [path[:-1] for path in paths if path[-1] == field]


def _listed(places: Sequence[tuple[str, ...]]) -> str:
    """Return the places of a field as one of which it belongs under; of many the first ones, for all are of one sort."""
    shown = [shown_path(place) for place in places[:_MOST_PLACES]]
    if len(places) > _MOST_PLACES:
        return f"{', '.join(shown)} and the like"
    return " or ".join((", ".join(shown[:-1]), shown[-1]) if len(shown) > 1 else shown)


def _of_other_kinds(field: str, where: MisplacedField) -> str:
    """Return which other kinds of manifest have a field, and that this one has none; empty where no kind has it."""
    told = _INSTEAD.get((where.kind, field))
    having = {kind: found for kind, paths in where.of_kinds.items() if (found := _places_of(field, paths))}
    if told is not None or not having or where.kind not in MODELS:
        return told or ""
    row = KINDS.get(where.kind)
    is_of_server = any(not _OF_SERVERS.isdisjoint((*place, field)) for place in having.get("OwnAccount", []))
    if row is not None and row.sends_through_platform and is_of_server:
        return _NO_SERVER
    by_place: dict[str, list[str]] = {}
    for kind, places in having.items():
        by_place.setdefault(_listed(places), []).append(kind)
    told = "; ".join(f"of {' and '.join(kinds)} under {place}" for place, kinds in by_place.items())
    article = "an" if where.kind[0] in "AEIOU" else "a"
    return f" {field} is a field {told}. {article.capitalize()} {where.kind} has none; remove the line."


def _is_named_as_meant(alias: str, value: Any, where: MisplacedField) -> bool:
    """Tell whether a word of other tools is here meant as the field that has this very name.

    ``server`` with a name is a MailServer's, and not a host; ``certificate`` with a fingerprint is the server's, and
    not the client's; a ``key`` below ``spec.smtp`` and the like is that of a certificate, and not what the account is called.
    """
    if alias == "server" and _places_of("server", where.places):
        return isinstance(value, str) and "." not in value and NAME.match(value) is not None
    if alias == "certificate":
        return isinstance(value, str) and value.lower().startswith("sha256:")
    return alias == "key" and len(where.path) > len(("spec", "key"))


def _meant(name: str, alias: str, value: Any, where: MisplacedField) -> str:
    """Return which field is meant, and its lines, where it stands or where it belongs."""
    place = _place(TARGETS[name], where)
    if name not in where.known and (*place, name) not in where.places:
        return _of_other_kinds(name, where)
    if name == "authentication" and is_no_login(value):
        return " A server that wants no login has no authentication. Remove the line."
    is_server_of_another_kind = where.kind == PROJECT and name == "host" and "." not in str(value)
    lines = [] if is_server_of_another_kind else _lines_of(name, alias, value, where)
    if "proxy" in where.path[:-1] and name == "host" and isinstance(value, str):
        lines = proxy_fields(value)
    lines = lines or [f"{name}: {TARGETS[name].example}"]
    if name in where.known:
        return f" Did you mean {name}? {_written(lines, where.variable)}"
    return f" {name} belongs under {'.'.join(place)}. {_written(_nested(place, lines), where.account_variable)}"


def _alias_of(field: str, where: MisplacedField) -> str:
    """Return a field's name as the tables have it; ``address`` of a server is its host, and its ``name`` that of EHLO."""
    alias = _NOT_A_LETTER.sub("", field.lower())
    prefixes = iter(PREFIXES)
    while alias not in ALIASES and alias not in SAID and (prefix := next(prefixes, None)) is not None:
        if alias.startswith(prefix) and alias != prefix:
            alias, prefixes = alias.removeprefix(prefix), iter(PREFIXES)
    if alias == "type" and "mechanism" in where.known:
        return "mechanism"
    is_of_server = "host" in where.known
    return {"address": "hostname", "name": "helo", "mail": "hostname"}.get(alias, alias) if is_of_server else alias


def _lines_of(name: str, alias: str, value: Any, where: MisplacedField) -> list[str]:
    """Return lines that the value itself asks for; none where an example does."""
    lines = _LINES.get(name)
    return [] if lines is None else lines(value, alias, where)


def _by_text(lines: Callable[[str], list[str]]) -> Callable[[Any, str, MisplacedField], list[str]]:
    """Return what gives lines for a value that is one text or number; none for another."""
    return lambda value, _alias, _where: [] if isinstance(value, (bool, dict, list)) else lines(str(value))


def _shared_line(value: Any, alias: str, _where: MisplacedField) -> list[str]:
    if not isinstance(value, bool):
        return []
    return [f"shared: {'true' if value != alias.startswith('private') else 'false'}"]


def _username(value: Any, _alias: str, where: MisplacedField) -> list[str]:
    """Return the line with the user name as it was written; the account's own address is its placeholder."""
    is_own = isinstance(value, str) and value.strip() == where.email
    return ['username: "{email}"'] if is_own else text_lines("username", value)


def _login_of(value: Any, alias: str, where: MisplacedField) -> list[str]:
    """Return the line for a login: of a mapping as nodemailer has it, ``{user: u, pass: p}``, the user name is kept."""
    if not isinstance(value, dict):
        return login_lines(value)
    if any(ALIASES.get(_NOT_A_LETTER.sub("", str(key).lower())) in _OF_OAUTH2 for key in value):
        return list(_OAUTH2)
    names = (each for key, each in value.items() if ALIASES.get(_NOT_A_LETTER.sub("", str(key).lower())) == "username")
    line = next((lines[0] for name in names if (lines := _username(name, alias, where))), 'username: "{email}"')
    return [f"authentication: {{{line}, password: {{env: SMTP_{{name}}_PASSWORD}}}}"]


_LINES: dict[str, Callable[[Any, str, MisplacedField], list[str]]] = {
    "authentication": _login_of,
    "clientId": lambda value, _alias, _where: text_lines("clientId", value),
    "displayName": lambda value, _alias, _where: text_lines("displayName", value),
    "email": _by_text(email_lines),
    "encryption": lambda value, alias, _where: [f"encryption: {_encryption(alias, value)}"],
    "heloName": _by_text(helo_lines),
    "mechanism": _by_text(mechanism_lines),
    "host": _by_text(endpoint_lines),
    "port": _by_text(port_lines),
    "proxy": _by_text(proxy_lines),
    "replyTo": lambda value, _alias, _where: reply_lines(value),
    "shared": _shared_line,
    "username": _username,
}
"""What gives the lines for a value that stands under another field's name, by the field; no secret is among them."""


_OF_OAUTH2 = frozenset({"clientId", "clientSecret", "refreshToken", "tokenUrl"})
_OAUTH2 = (
    "authentication:",
    "  mechanism: xoauth2",
    '  username: "{email}"',
    "  oauth2:",
    "    tokenUrl: https://login.example.com/token",
    "    clientId: 0a1b2c",
    "    clientSecret: {env: SMTP_{name}_SECRET}",
    "    refreshToken: {env: SMTP_{name}_REFRESH_TOKEN}",
)


def _encryption(alias: str, value: Any) -> str:
    word = str(value).strip().lower()
    if word in {"true", "false", "yes", "no", "on", "off", "0", "1"}:
        is_on = (word in {"true", "yes", "on", "1"}) != alias.startswith(("disable", "no", "ignore"))
        box = "ssl" if alias in IMPLICIT or alias in {"disablessl", "nossl"} else "tls"
        if box == "tls" and not is_on:
            return "starttls" if alias in {"usetls", "ignoretls", "starttlsrequired"} else "tls"
        return MEANINGS[box]["true" if is_on else "false"]
    return WORDS_FOR_ENCRYPTION.get(word.replace("-", "").replace("_", ""), "tls" if alias in IMPLICIT else "starttls")


def _place(target: Target, where: MisplacedField) -> tuple[str, ...]:
    """Return the mapping that a field belongs into; a MailServer has what an account has under smtp beside it."""
    path = target.path[1:] if where.kind == "MailServer" and target.path[0] == "smtp" else target.path
    return ("platform" if where.kind == PROJECT else "spec", *path[:-1])


def _nested(place: Sequence[str], lines: Sequence[str]) -> list[str]:
    around = [f"{'  ' * depth}{step}:" for depth, step in enumerate(place)]
    return [*around, *(f"{'  ' * len(place)}{line}" for line in lines)]


def _said(said: Said, where: MisplacedField) -> str:
    """Return an answer with its lines, as they stand in a document of that kind; empty where it is not true of one."""
    lines, row = list(said.lines), KINDS.get(where.kind)
    is_of_server = lines[:1] == ["smtp:"]
    if row is not None and row.sends_through_platform and (is_of_server or not said.is_of_accounts):
        return _NO_SERVER
    if lines[:1] == ["metadata:"] and where.kind in MODELS:
        field = lines[1].strip().partition(":")[0]
        if ("metadata", field) not in where.places:
            return _of_other_kinds(field, where)
    elif row is None and not said.is_of_servers:
        return ""
    if is_of_server:
        lines = [line.removeprefix("  ") for line in lines[1:]] if where.kind == "MailServer" else lines
        lines = ["platform:" if where.kind == PROJECT else "spec:", *(f"  {line}" for line in lines)]
    if row is not None:
        lines = [line.replace("{kind}", row.word) for line in lines]
    return f" {said.words}{_block(lines, where.account_variable)}"


def _written(lines: Sequence[str], variable: str) -> str:
    return f"Write{_block(lines, variable)}"


def _block(lines: Sequence[str], variable: str) -> str:
    return "".join(f"\n    {line}" for line in lines).replace("SMTP_{name}_", f"SMTP_{variable}_")
