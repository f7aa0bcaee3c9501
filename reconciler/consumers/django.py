"""Django: a module of settings, ``MAILERS`` from Django 6.1 on, and ``EMAIL_*`` of older ones for exactly one account."""

from __future__ import annotations

import ast
import contextlib
import re
from typing import TYPE_CHECKING

from reconciler.consumers.blocks import joined, pulled, split
from reconciler.consumers.form import Entry, Form, Had, Layout
from reconciler.model.consumers.capabilities import Capabilities
from reconciler.model.secrets.values import SecretValue

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.model.consumers.settings import Consumer

_PASSWORD = re.compile(r"(_options\[.*?\]\[\"password\"\] = )(['\"].*)()")
_HEAD = (
    "import os",
    "from pathlib import Path",
    "",
    "import django",
    "from django.core.exceptions import ImproperlyConfigured",
    "",
    "_options = {}",
    "_senders = {}",
)
_FOOT = (
    "if len(_senders) == 1:",
    '    _options["default"] = next(iter(_options.values()))',
    "    DEFAULT_FROM_EMAIL = SERVER_EMAIL = next(iter(_senders.values()))",
    "if django.VERSION >= (6, 1):",
    '    _backend = "django.core.mail.backends.smtp.EmailBackend"',
    '    MAILERS = {name: {"BACKEND": _backend, "OPTIONS": each} for name, each in _options.items()}',
    "elif len(_senders) > 1:",
    '    raise ImproperlyConfigured("Before Django 6.1 settings have one mail account, and here are several.")',
    "elif _senders:",
    '    EMAIL_HOST, EMAIL_PORT = _options["default"]["host"], _options["default"]["port"]',
    '    EMAIL_HOST_USER = _options["default"].get("username", "")',
    '    EMAIL_HOST_PASSWORD = _options["default"].get("password", "")',
    '    EMAIL_USE_TLS, EMAIL_USE_SSL = _options["default"]["use_tls"], _options["default"]["use_ssl"]',
    "else:",
    "    # Without an account nothing is sent, and whoever sends is told: nothing listens there.",
    '    EMAIL_HOST, EMAIL_PORT = "127.0.0.1", 1',
)


class Django(Form):
    """A module whose names a settings module takes over by ``from … import *``."""

    layout = Layout(files=("",))
    capabilities = Capabilities(
        encryptions=("starttls", "tls", "none"), mechanisms=("auto",), references=("env", "file")
    )

    def write(self, entries: Sequence[Entry], consumer: Consumer, name: str) -> Mapping[str, str]:
        """Return the one file."""
        return {"": joined(((each.sender.name, _lines(each)) for each in entries), head=_HEAD, foot=_FOOT)}

    def read(self, texts: Mapping[str, str]) -> Mapping[str, Had]:
        """Return what the file holds of each account."""
        found = {}
        for name, lines in split(texts[""]).items():
            shape, literal = pulled(lines, _PASSWORD)
            secret = None
            if literal is not None:
                with contextlib.suppress(ValueError, SyntaxError, MemoryError, RecursionError):
                    secret = ast.literal_eval(literal)
            found[name] = Had(shape=shape, secret=SecretValue(secret) if isinstance(secret, str) else None)
        found.pop("", None)
        return found


def _lines(entry: Entry) -> list[str]:
    sender = entry.sender
    options = {
        "host": sender.host,
        "port": sender.port,
        "use_tls": sender.encryption == "starttls",
        "use_ssl": sender.encryption == "tls",
        **({"username": sender.username} if sender.username is not None else {}),
    }
    shown = f"{sender.display_name} <{sender.email}>" if _is_plain(sender.display_name) else sender.email
    lines = [f'_options["{sender.name}"] = {options!r}', f'_senders["{sender.name}"] = {shown!r}']
    password = _password(entry)
    return [*lines, f'_options["{sender.name}"]["password"] = {password}'] if password is not None else lines


def _is_plain(text: str) -> bool:
    """Tell whether a display name needs no quotes in an address (RFC 5322 section 3.2.3)."""
    return bool(text) and not set(text) & set('()<>[]:;@\\,."')


def _password(entry: Entry) -> str | None:
    if entry.password is not None:
        return repr(entry.password)
    if entry.reference is None:
        return None
    if entry.reference.path is not None:
        return f'Path({entry.reference.path!r}).read_text(encoding="utf-8").removesuffix("\\n")'
    return f"os.environ[{entry.reference.key!r}]"
