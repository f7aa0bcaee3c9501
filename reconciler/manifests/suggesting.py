"""Lines to paste for values that other tools take and no field here does, or not as one text.

Only what is an address, a host, a port or a name by our own rules is repeated; whatever else a value holds may be a secret.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from reconciler.characters import REFUSED_CHARACTER
from reconciler.classes import dataclass
from reconciler.manifests.habits import WORDS_FOR_ENCRYPTION
from reconciler.model.servers.terms import MECHANISMS
from reconciler.model.text.domains import NotADomain, NotAnAddress, host_to_ascii, split_address
from reconciler.model.text.types import NAME
from reconciler.yamlsource.writing import plain_or_quoted

_MAILBOX = re.compile(r"\s*(.*?)\s*<\s*([^<>\s]+)\s*>\s*", re.DOTALL)
_URL = re.compile(r"([a-z][a-z0-9+.-]{1,20})://(?:[^/?#]*@)?([^/?#]*)(?:[/?#].*)?", re.IGNORECASE | re.DOTALL)
_PORT = re.compile(r"(.+):([0-9]{1,5})")
_NAMED_PORT = re.compile(r"(.+):(smtps?|submissions?)", re.IGNORECASE)
_VARIABLE = re.compile(
    r"(?:\$\{|\{\{|\$\{\{)\s*(?:env\.|secrets\.|vars\.|env:)?([A-Za-z_][A-Za-z0-9_]{0,99})(?::?[-?][^}]*)?\s*\}?\}|\$([A-Za-z_][A-Za-z0-9_]{0,99})|%([A-Za-z_][A-Za-z0-9_]{0,99})%"
)
_SEPARATOR = re.compile(r"\s*[,;]\s*")
_SCHEMES = {"smtps": "tls", "smtp": "starttls", "submission": "starttls", "submissions": "tls", "ssl": "tls", "tls": "tls", "smtp+tls": "starttls", "smtp+starttls": "starttls", "tcp": None, "http": None, "https": None}  # fmt: skip
_PROXY_PORTS = {"1080": "socks5", "9050": "socks5", "3128": "http", "8080": "http", "8888": "http"}
_PROXIES = {"socks5": "socks5", "socks5h": "socks5", "socks": "socks5", "socks4": "socks4", "socks4a": "socks4", "http": "http", "https": "http"}  # fmt: skip
_MARKS = " \"'\u00ab\u00bb\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u2039\u203a\u300c\u300d"
"""What stands around a text that was copied out of another."""
_AT = re.compile(r"\s*[\uff20\ufe6b]\s*|\s*[\[(]\s*at\s*[\])]\s*|\s+at\s+", re.IGNORECASE)
_DOT = re.compile(r"\s*[\[(]\s*dot\s*[\])]\s*", re.IGNORECASE)
_REFERENCE = re.compile(
    r"(?:env[:.]|ENV[:.]|os\.environ\.|process\.env\.)([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)"
    r"|ENV\[['\"]?([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)['\"]?\]"
    r"|file:(?://)?([A-Za-z0-9_-]+(?:/[A-Za-z0-9_.-]+)+)"
)
"""A variable or a file as a text of other kinds refers to it; a password has hardly ever this form."""
_CAPITALS = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
_LETTERS = str.maketrans(
    {
        "ä": "ae",
        "ö": "oe",
        "ü": "ue",
        "ß": "ss",
        "ł": "l",
        "ø": "o",
        "æ": "ae",
        "œ": "oe",
        "đ": "d",
        "ð": "d",
        "þ": "th",
    }
)
_MAX_NAME = 63
_MAX_PORT = 65_535
_MAX_LOOKED_AT = 500
_MAX_SHOWN = 200
_OFF = frozenset({"none", "off", "no", "false", "null", "disabled", "anonymous", "without"})
_ON = frozenset({"on", "yes", "true", "required", "enabled", "auto", "default"})
_PORTS = {"smtp": ("25", ""), "smtps": ("465", "tls"), "ssl": ("465", "tls"), "ssl/tls": ("465", "tls"), "submission": ("587", "starttls"), "submissions": ("465", "tls"), "starttls": ("587", "starttls")}  # fmt: skip


def text_lines(field: str, value: Any) -> list[str]:
    """Return the line with a text of one line, quoted where it must be; nothing for what is none or is still to be filled in."""
    if isinstance(value, (bool, dict, list)) or value is None or variable_in(value) is not None:
        return []
    text = str(value).strip()
    if not text or len(text) > _MAX_SHOWN or REFUSED_CHARACTER.search(text):
        return []
    return [f"{field}: {plain_or_quoted(text)}"]


def email_lines(value: Any) -> list[str]:
    """Return lines for an address as mail programs and web pages show it: ``Name <a@b>``, ``mailto:a@b``, ``a (at) b``.

    Also for a list of one, and for a mapping of an address and a name.
    """
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, dict):
        texts = [each for each in value.values() if isinstance(each, str)]
        addresses = [each for each in texts if _is_address(each)]
        names = [each for each in texts if each not in addresses]
        value = f"{names[0] if names else ''} <{addresses[0]}>" if len(addresses) == 1 else None
    if not isinstance(value, str):
        return []
    found = _MAILBOX.fullmatch(value[:_MAX_LOOKED_AT])
    name, address = found.groups() if found else ("", value)
    address = _bare(address)
    if not _is_address(address):
        return []
    shown = name.strip(_MARKS)
    return [f"email: {plain_or_quoted(address)}", *text_lines("displayName", shown)]


def reply_lines(value: Any) -> list[str]:
    """Return lines for reply-to addresses that stand as one text or as a list of texts."""
    texts = _SEPARATOR.split(value[:_MAX_LOOKED_AT]) if isinstance(value, str) else value
    if not isinstance(texts, list) or not texts or not all(isinstance(each, str) for each in texts):
        return []
    entries = [_reply_entry(each) for each in texts if each.strip()]
    if not entries or not all(entries):
        return []
    return [f"replyTo: {entries[0]}"] if len(entries) == 1 else ["replyTo:", *(f"  - {each}" for each in entries)]


def _reply_entry(text: str) -> str:
    lines = email_lines(text)
    return "{" + ", ".join(lines) + "}" if lines else ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server as one text names it; None for what the text does not say."""

    host: str
    port: int | None
    encryption: str | None


def endpoint_of(text: str) -> Endpoint | None:
    """Return the server of an address or a host with its port: ``smtps://h:465``, ``h:587``, ``h.``, ``[::1]:25``."""
    text = text[:_MAX_LOOKED_AT].strip(_MARKS + "\t\n")
    scheme = ""
    if found := _URL.fullmatch(text):
        scheme, text = found[1].lower(), found[2]
    if scheme and scheme not in _SCHEMES:
        return None
    if not scheme:  # a path or a user name beside the host, which are no part of it
        text = text.partition("/")[0].rpartition("@")[2]
    port = ""
    if (found := _NAMED_PORT.fullmatch(text)) is not None:
        text, (port, _) = found[1], _PORTS[found[2].lower()]
    # An IPv6 address without brackets ends like a port, and is a host as a whole.
    if (found := _PORT.fullmatch(text)) and not _is_host(text):
        text, port = found[1], found[2]
    host = text.strip("[]").rstrip(".").strip()
    if not _is_host(host) or (port and not 1 <= int(port) <= _MAX_PORT):
        return None
    encryption = _SCHEMES.get(scheme) or {"465": "tls", "587": "starttls"}.get(port)
    return Endpoint(host, int(port) if port else None, encryption)


def endpoint_lines(text: str) -> list[str]:
    """Return lines for a host as an address or with its port; what the text does not say has no line."""
    found = endpoint_of(text)
    if found is None:
        return []
    return [
        f"host: {found.host!r}" if ":" in found.host else f"host: {found.host}",
        *([f"port: {found.port}"] if found.port else []),
        *([f"encryption: {found.encryption}"] if found.encryption else []),
    ]


def helo_lines(text: str) -> list[str]:
    """Return the line for the name in EHLO, out of an address or a host with its port."""
    return [line.replace("host:", "heloName:", 1) for line in endpoint_lines(text)[:1] if "_" not in line]


def smtp_lines(text: str) -> list[str]:
    """Return lines for a server that stands as one text: ``smtps://h:465``; a single word is a MailServer's name."""
    is_name = NAME.match(text) and not set(text) & {".", ":"} and text != "localhost"
    lines = [f"server: {plain_or_quoted(text)}"] if is_name else endpoint_lines(text)
    return ["smtp:", *(f"  {line}" for line in lines)] if lines else []


def port_lines(text: str) -> list[str]:
    """Return the lines for a port with more beside it, or by name: ``587/tcp``, ``:587``, ``465 (SSL)``, ``smtps``."""
    small = text[:_MAX_LOOKED_AT].strip().lower()
    found = re.fullmatch(r"(?:[0-9]{1,5}:|:)?([0-9]{1,5})(?:(?:\s*[/(]\s*|\s+)([a-z/]+)\s*\)?)?", small)
    number, encryption = (found[1], _PORTS.get(found[2] or "", ("", ""))[1]) if found else _PORTS.get(small, ("", ""))
    if not number or not 1 <= int(number) <= _MAX_PORT:
        return []
    return [f"port: {int(number)}", *([f"encryption: {encryption}"] if encryption else [])]


def login_lines(value: Any) -> list[str]:
    """Return the line for a login that stands as a word: a mechanism, or that there is one at all."""
    word = str(value).strip().lower() if isinstance(value, (str, bool)) else "on"
    mechanism = next((each for each in MECHANISMS if _letters(each) == _letters(word)), None)
    if word not in _ON and mechanism is None:
        return []
    first = f"mechanism: {mechanism}, " if mechanism not in {None, "auto"} else ""
    return [f'authentication: {{{first}username: "{{email}}", password: {{env: SMTP_{{name}}_PASSWORD}}}}']


def of_the_platform(words: str) -> str:
    """Return words with lines for the project file: its server is one for all accounts, so no address is filled in there."""
    return words.replace('"{email}"', "platform@example.com")


def is_no_login(value: Any) -> bool:
    """Tell whether a value that stands as a login says that there is none."""
    return isinstance(value, (str, bool)) and str(value).strip().lower() in _OFF


def encryption_lines(text: str) -> list[str]:
    """Return the line for a word that another tool has for encryption."""
    word = re.sub(r"[_\s-]", "", text[:_MAX_LOOKED_AT].lower())
    known = WORDS_FOR_ENCRYPTION.get(word)
    return [f"encryption: {known}"] if known else []


def proxy_fields(text: str) -> list[str]:
    """Return the lines of a proxy as an address, ``socks5://h:1080``, or with its usual port alone, one for each field.

    Who logs in there is not repeated.
    """
    text = text[:_MAX_LOOKED_AT].strip()
    found = _URL.fullmatch(text)
    place = _PORT.fullmatch(found[2] if found else text)
    if place is None or not _is_host(host := place[1].strip("[]")):
        return []
    kind = _PROXIES.get(found[1].lower()) if found else _PROXY_PORTS.get(place[2])
    return [f"type: {kind}", f"host: {plain_or_quoted(host)}", f"port: {int(place[2])}"] if kind is not None else []


def proxy_lines(text: str) -> list[str]:
    """Return the line for a proxy that stands as one text."""
    fields = proxy_fields(text)
    return [f"proxy: {{{', '.join(fields)}}}"] if fields else []


def mechanism_lines(text: str) -> list[str]:
    """Return the line for a mechanism as other tools spell it: ``CRAM_MD5``, ``:plain``."""
    name = _letters(text)
    return next(([f"mechanism: {each}"] for each in MECHANISMS if _letters(each) == name), [])


def _letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def name_lines(text: str) -> list[str]:
    """Return the line with the name that comes nearest to a text."""
    name = _nearest_name(text)
    return [f"name: {plain_or_quoted(name)}"] if name else []


def metadata_lines(text: str) -> list[str]:
    """Return the line for a name that stands where the mapping does that holds it."""
    return ["metadata:", *(f"  {line}" for line in name_lines(text))] if _nearest_name(text) else []


def variable_stem(name: str) -> str:
    """Return an account's name as a part of a variable's name, such as ``SALES_PL``; ``NAME`` where nothing is left of it."""
    words = "".join(letter if letter.isalnum() else "_" for letter in _nearest_name(name).upper())
    return words or "NAME"


def _nearest_name(text: str) -> str:
    """Return the name that comes nearest to a text: small letters, umlauts written out, hyphens between; empty for none."""
    small = text[:_MAX_LOOKED_AT].lower().translate(_LETTERS)
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", small) if not unicodedata.combining(letter))
    name = re.sub(r"\.{2,}", ".", re.sub(r"[^a-z0-9._-]+", "-", plain)).strip("._-")[:_MAX_NAME].rstrip("._-")
    return name if NAME.match(name) else ""


def variable_in(text: Any) -> str | None:
    """Return the variable that a text would have filled in, as shells, templates and pipelines write it; None for none."""
    found = _VARIABLE.fullmatch(text.strip()) if isinstance(text, str) and len(text) <= _MAX_LOOKED_AT else None
    return next((each for each in found.groups() if each), None) if found else None


def secret_variable_in(text: Any) -> str | None:
    """Return the variable that a secret would be filled in from; None for a text that could be the secret itself.

    Only capitals in braces with a mark before them, ``${SMTP_PASSWORD}``, can hardly be one.
    """
    variable = variable_in(text)
    is_marked = str(text).strip().startswith(("${", "{{"))
    return variable if variable is not None and is_marked and variable.isupper() else None


def referred_secret(text: Any) -> str | None:
    """Return the source and the key that a text refers to, as programs write it; None where it refers to none.

    ``env:SMTP_PASS`` becomes ``env: SMTP_PASS``.
    """
    found = _REFERENCE.fullmatch(text.strip()) if isinstance(text, str) and len(text) <= _MAX_LOOKED_AT else None
    if found is None:
        return None
    return f"file: {found[3]}" if found[3] else f"env: {found[1] or found[2]}"


def is_variable(text: Any) -> bool:
    """Tell whether a text can hardly be anything but a variable's name: capitals with an underscore between."""
    return isinstance(text, str) and _CAPITALS.fullmatch(text) is not None


def _bare(text: str) -> str:
    bare = text[:_MAX_LOOKED_AT].strip().strip(f"{_MARKS}<>").strip()
    scheme, separator, rest = bare.partition(":")
    bare = rest.partition("?")[0] if separator and scheme.lower() == "mailto" else bare
    bare = _DOT.sub(".", _AT.sub("@", bare)) if "@" not in bare else bare
    return re.sub("@+", "@", bare).rstrip(".,;")


def _is_address(text: str) -> bool:
    try:
        split_address(text)
    except NotAnAddress:
        return False
    return True


def _is_host(text: str) -> bool:
    try:
        host_to_ascii(text)
    except NotADomain:
        return False
    return True
