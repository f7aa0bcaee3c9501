"""Words for what the models refuse: the value of the wrong type, the one out of range, the field that is missing."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from reconciler.characters import SHOWN_WORD, one_line
from reconciler.diagnostics.phrasing import did_you_mean
from reconciler.model.text.domains import NotADomain, host_to_ascii
from reconciler.model.text.placeholders import PLACEHOLDERS
from reconciler.yamlsource.writing import plain_or_quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

_EXAMPLES = {
    "apiVersion": "reconciler/v1",
    "kind": "Project",
    "name": "sales-pl",
    "email": "sales@example.com",
    "displayName": "Example Sales",
    "host": "smtp.example.com",
    "port": "587",
    "tokenUrl": "https://login.example.com/token",
    "clientId": "0a1b2c",
    "metadata": "{name: sales-pl}",
    "smtp": "{host: smtp.example.com, encryption: starttls}",
    "certFile": "certs/client.pem",
    "key": "{file: secrets/client.key}",
    "until": "2027-01-31",
    "reason": "why this is meant",
    "secret": '"env:SMTP_SALES_*"',
    "encryption": "starttls",
    "accounts": '["label:team=sales"]',
    "grantType": "refresh_token",
    "manifests": '"accounts.d/sales/**"',
    "state": "sqlite:///.reconciler/staging.db",
    "url": "https://login.example.com/token",
}
"""A value of each field that cannot be left out, which may be pasted as it is; of a manifest the kind is asked for elsewhere."""
_EXAMPLES_OF = {
    "MailServer": {"spec": "{host: smtp.example.com}", "name": "office", "metadata": "{name: office}"},
    "MarketingAccount": {"spec": "{email: news@example.com, displayName: Example News}"},
    "OwnAccount": {
        "spec": "{email: sales@example.com, displayName: Example Sales, smtp: {host: smtp.example.com, encryption: starttls}}"
    },
    "Project": {"name": "mail", "metadata": "{name: mail}"},
}
"""The same by the kind of the document, where that decides."""
_EXAMPLES_IN = {
    "consumer": {"name": "website"},
    "consumers": {"type": "msmtp"},
    "operator": {"email": "ops@example.com"},
    "proxy": {"host": "proxy.example.com", "type": "socks5"},
    "secretStore": {"name": "vault"},
}
"""The same by the nearest field around it, where that decides: what is called alike is not the same everywhere."""
_HOSTS = frozenset({"host", "heloName"})
_WORDS_FOR_TRUE = frozenset({"yes", "on", "y", "t", "1", "true"})
_WORDS_FOR_FALSE = frozenset({"no", "off", "n", "f", "0", "false"})


def shown_path(path: Iterable[str | int]) -> str:
    """Return the path of a field as problems show it, ``spec.smtp.port``: one line, whatever its keys are."""
    return ".".join(one_line(step, limit=SHOWN_WORD) for step in path)


def explain_missing(path: tuple[str | int, ...], *, kind: str) -> str:
    """Return the words for a field that is missing in a document of that kind, with the line to add."""
    field, place = str(path[-1]), shown_path(path[:-1])
    where = f"{place} needs {field}" if place else f"{field} is missing"
    if path[-2:] == ("proxy", "port"):
        return f"{where}: of a SOCKS proxy it is usually 1080, of an HTTP proxy 3128 or 8080. Add\n    port: 1080"
    return f"{where}. Add\n    {field}: {_example(path, kind)}"


def _example(path: tuple[str | int, ...], kind: str) -> str:
    field = str(path[-1])
    around = [_EXAMPLES_IN[str(step)] for step in reversed(path[:-1]) if step in _EXAMPLES_IN]
    known = (*around, _EXAMPLES_OF.get(kind, {}) if len(path) <= len(("metadata", "name")) else {}, _EXAMPLES)
    return next(examples[field] for examples in known if field in examples)


def explain_refused(  # noqa: PLR0911 - one return for each kind of refusal
    kind: str, field: str, value: Any, context: dict[str, object], *, is_secret: bool
) -> tuple[str, str]:
    """Return the code and the words for a refusal, by its pydantic type; a secret's value is never shown."""
    name = field or "The document"
    if value is None and kind in _MAPPINGS:
        return "wrongType", f"{name} has nothing in it. {_where_fields_stand(field)}"
    if value is None and kind != "literal_error":
        return "wrongType", f"{name} has no value. Write one behind the colon."
    if kind == "string_type":
        return (
            "wrongType",
            f"{name} takes text, and this is {_what(value)}.{_quoted(field, value, is_secret=is_secret)}",
        )
    if kind == "bool_type":
        return "wrongType", f"{name} takes true or false, and this is {_what(value)}.{_as_bool(field, value)}"
    if kind == "int_type":
        return "wrongType", f"{name} takes a whole number, and this is {_what(value)}.{_as_number(field, value)}"
    if kind in _MAPPINGS:
        return "wrongType", f"{name} takes a mapping of fields, and this is {_what(value)}.{_without_hyphens(value)}"
    if kind in {"tuple_type", "list_type"}:
        return (
            "wrongType",
            f"{name} takes a list, and this is {_what(value)}. Write{_line(field, _as_list(value, is_secret=is_secret))}",
        )
    if kind == "literal_error":
        return "invalidValue", _one_of(name, value, str(context.get("expected", "")), is_secret=is_secret)
    return "invalidValue", _out_of_range(kind, name, context)


_MAPPINGS = frozenset({"dict_type", "model_type", "model_attributes_type"})


def _without_hyphens(value: Any) -> str:
    """Return what to do with fields that stand as a list's entries."""
    is_fields = isinstance(value, list) and any(isinstance(each, dict) for each in value)
    return " Remove the hyphens before its fields." if is_fields else ""


def _as_list(value: Any, *, is_secret: bool) -> str:
    if (
        is_secret
        or not isinstance(value, (str, int))
        or isinstance(value, bool)
        or not 0 < len(str(value)) <= SHOWN_WORD
    ):
        return "[first, second]"
    words = re.split(r"[\s,;]+", str(value).strip())
    return f"[{', '.join(plain_or_quoted(word) for word in words if word)}]"


def _what(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    names = {int: "a number", str: "text", dict: "a mapping", list: "a list"}
    return next((name for kind, name in names.items() if isinstance(value, kind)), "something else")


def _where_fields_stand(field: str) -> str:
    """Return where the fields of an empty mapping are written: that of a list's entry begins behind its hyphen."""
    last = _last(field)
    if not last:
        return "Its fields begin at the left margin."
    if last.isdigit():
        return "Its fields stand behind the hyphen of that entry, and on the lines below it, indented alike."
    return f"Its fields stand on the lines below it, indented further than {last} itself."


def _last(field: str) -> str:
    return field.rpartition(".")[2]


def _line(field: str, value: str) -> str:
    """Return the line with a value of a field; that of a list's entry begins with its hyphen."""
    last = _last(field)
    return f"\n    - {value}" if last.isdigit() else f"\n    {last}: {value}"


def _quoted(field: str, value: Any, *, is_secret: bool) -> str:
    if is_secret:
        return ""
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str) and len(value[0]) <= SHOWN_WORD:
        return f" Write{_line(field, plain_or_quoted(value[0]))}"
    if isinstance(value, dict) and len(value) == 1 and next(iter(value)) in PLACEHOLDERS and None in value.values():
        placeholder = json.dumps(f"{{{next(iter(value))}}}")
        return f" Braces begin a mapping in YAML; write{_line(field, placeholder)}"
    if not isinstance(value, (bool, int)):
        return ""
    if _last(field) in _HOSTS and (why := _why_no_host(str(value))) is not None:
        return f" As text it would be no host name either: {why}."
    quoted = json.dumps(json.dumps(value))
    return f" Without quotes YAML reads it as {_what(value)}; write{_line(field, quoted)}"


def _why_no_host(text: str) -> str | None:
    try:
        host_to_ascii(text)
    except NotADomain as refusal:
        return str(refusal)
    return None


def _as_bool(field: str, value: Any) -> str:
    word = str(value).lower()
    if word in _WORDS_FOR_TRUE | _WORDS_FOR_FALSE:
        return f" Write{_line(field, 'true' if word in _WORDS_FOR_TRUE else 'false')}"
    return ""


def _as_number(field: str, value: Any) -> str:
    value = value[0] if isinstance(value, list) and len(value) == 1 and not isinstance(value[0], bool) else value
    if isinstance(value, (str, int)) and str(value).strip().isdecimal() and len(str(value)) <= len("65535"):
        return f" Write it without quotes, brackets and leading zeros:{_line(field, str(int(value)))}"
    return ""


def _one_of(name: str, value: Any, expected: str, *, is_secret: bool) -> str:
    known = re.findall(r"'([^']*)'", expected)
    takes = f"is one of {', '.join(known)}" if len(known) > 1 else f"takes {known[0]} alone"
    if value is None:
        return f"{name} has no value; it {takes}.{_which(name)}"
    if isinstance(value, list) and len(value) == 1 and value[0] in known and not is_secret:
        return f"{name} takes one word, and this is a list. Write{_line(name, value[0])}"
    if is_secret or not isinstance(value, str):
        return f"{name} {takes}.{_which(name)}"
    # Other tools mean STARTTLS by TLS, so that one cannot be guessed.
    hint = did_you_mean(value.lower(), known) if value != "TLS" else ""
    shown = one_line(value, limit=SHOWN_WORD) if value.strip() else "empty"
    return f"{name} is {shown}; it {takes}.{hint or _which(name)}"


def _which(name: str) -> str:
    """Return what tells the values of a field apart, where other tools have other ones."""
    is_encryption = _last(name) == "encryption"
    return " Servers want starttls on port 587, and tls, from the first octet on, on port 465." if is_encryption else ""


def _out_of_range(kind: str, name: str, context: dict[str, object]) -> str:
    rules = {
        "greater_than_equal": "must be at least {ge}",
        "less_than_equal": "must be at most {le}",
        "string_too_long": "may have {max_length} characters at most",
        "string_too_short": "must have at least {min_length} characters",
        "too_short": "needs an entry; remove the line where there is none",
        "too_long": "may have {max_length} entries at most",
    }
    if kind == "string_pattern_mismatch":
        return f"{name} does not have the form that it takes{_form(name, str(context.get('pattern')))}."
    if context.get("max_length") == 0:
        return f"{name} is reserved for later versions. Remove it."
    is_text = context.get("field_type") == "Value"  # not List: what is looked at before its length is, is told so
    rule = rules.get(f"string_{kind}" if is_text else kind)
    return f"{name} {rule.format(**context)}." if rule else f"{name} has a value that it does not take."


_FORMS = {
    r"^[a-z][A-Za-z0-9_-]{0,62}$": ": a lower-case letter, then letters, digits, _ and -, at most 63 in all",
    r"^[a-z][a-z0-9-]{0,31}$": ": a lower-case letter, then a-z, 0-9 and -, at most 32 in all",
    r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$": ": lower-case letters, digits, - and ., with a letter or digit at both ends",
}
"""The form of names of consumers and sources, of environments, and of things in Kubernetes, by the pattern of the model."""


def _form(name: str, pattern: str) -> str:
    field = _last(name)
    forms = {
        "tokenUrl": ": an address that begins with https://",
        "env": ": the name of an environment variable",
    }
    if ".labels" in name or ".annotations" in name:
        return ": a key of letters, digits and . _ / -"
    return forms.get(field) or _FORMS.get(pattern, "")
