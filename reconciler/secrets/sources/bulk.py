"""Many secrets from one text, a JSON object or a dotenv file; each value is wrapped as soon as it is read.

In JSON a key names a member, and ``a/b`` the member ``b`` of the object ``a``. The answer of ``vault kv get
-format=json`` stands for the secrets that it wraps, in both versions of Vault's store, so that a key is the field's
own name.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from reconciler.model.canonical import DuplicateKey, unique_keys
from reconciler.model.secrets.values import SecretValue
from reconciler.secrets.sources.dotenv import NotDotenv, parse_dotenv

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_OCTETS = 8 * 1024 * 1024
"""The longest text of many secrets, in octets."""


class NotBulk(ValueError):
    """The text is not in the format of its source; the message says why, and holds nothing of the text."""


def parse_bulk(octets: bytes, format_: Literal["json", "dotenv"]) -> Mapping[str, SecretValue | None]:
    """Return values by key, not checked yet; None for a member of JSON that is not text. Raises ``NotBulk``."""
    try:
        text = octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotBulk("it is not UTF-8 text") from None
    if format_ == "json":
        return _from_json(text)
    try:
        return {key: SecretValue(value) for key, value in parse_dotenv(text).items()}
    except NotDotenv as refusal:
        raise NotBulk(str(refusal)) from None


def _from_json(text: str) -> dict[str, SecretValue | None]:
    try:
        document = json.loads(text, object_pairs_hook=unique_keys)
    except DuplicateKey:
        raise NotBulk("a key stands in it twice") from None
    except (ValueError, RecursionError):
        raise NotBulk("it is not JSON") from None
    if not isinstance(document, dict):
        raise NotBulk("it is JSON, but not an object of keys and values")
    found: dict[str, SecretValue | None] = {}
    for key, value in _members(_unwrapped(document), ""):
        if key in found:
            raise NotBulk("two of its members go by the same key, one through a slash in its name")
        found[key] = SecretValue(value) if isinstance(value, str) else None
    return found


def _unwrapped(document: dict[str, object]) -> dict[str, object]:
    """Return the secrets in Vault's answer (KV version 1: ``data``, 2: ``data.data``); another document as it is."""
    inner = document.get("data")
    if not isinstance(inner, dict) or "request_id" not in document or "lease_id" not in document:
        return document
    innermost = inner.get("data")
    return innermost if isinstance(innermost, dict) and isinstance(inner.get("metadata"), dict) else inner


def _members(node: dict[str, object], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in node.items():
        if isinstance(value, dict):
            yield from _members(value, f"{prefix}{key}/")
        else:
            yield f"{prefix}{key}", value
