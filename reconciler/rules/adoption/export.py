"""From recorded accounts back to manifests: what goes without saying is left out, and planning them is empty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.model.accounts.manifest import API_VERSION
from reconciler.model.accounts.written import as_written
from reconciler.model.secrets.values import is_secret
from reconciler.model.servers.terms import DEFAULT_PORTS
from reconciler.model.text.placeholders import as_literal

if TYPE_CHECKING:
    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.model.canonical import JsonObject, JsonView

_METADATA = ("title", "owner", "labels", "annotations", "preventDelete")
_SPEC = ("email", "displayName", "replyTo", "shared", "smtp", "proxy", "overrideFrom", "overrideTo")
_SMTP = ("host", "port", "encryption", "heloName", "caFile", "certificate", "clientCertificate", "authentication")
_LOGIN = ("mechanism", "username", "password", "accessToken", "oauth2")
_TEMPLATES = frozenset({("smtp", "authentication", "username"), ("proxy", "username")})


def manifest_of(account: RecordedAccount) -> JsonObject:
    """Return the manifest that declares an account as it is recorded, with its server's settings in it."""
    metadata = account.document["metadata"]
    spec = _with_references(as_written(account.spec, account.written), ())
    if "smtp" in spec:
        spec["smtp"] = _server(spec["smtp"])
    if spec.get("shared") is False:
        del spec["shared"]
    return {
        "apiVersion": API_VERSION,
        "kind": account.kind,
        "metadata": {
            "name": account.name,
            **_ordered({key: metadata[key] for key in metadata if metadata[key]}, _METADATA),
        },
        "spec": _ordered(spec, _SPEC),
    }


def _with_references(node: JsonView, path: tuple[str, ...]) -> JsonObject:
    """Return settings with secrets as manifests name them, and braces that are meant doubled."""
    return {key: _value(value, (*path, key)) for key, value in node.items() if value is not None}


def _value(value: Any, path: tuple[str, ...]) -> Any:
    if isinstance(value, dict):
        return _with_references(value, path)
    if isinstance(value, list):
        return [_value(each, path) for each in value]
    if isinstance(value, str) and is_secret(path):
        source, _, key = value.partition(":")
        return {source: key}
    return as_literal(value) if isinstance(value, str) and path in _TEMPLATES else value


def _server(smtp: JsonView) -> JsonObject:
    written = dict(smtp)
    if written.get("port") == DEFAULT_PORTS.get(written["encryption"]):
        del written["port"]
    login = written.get("authentication")
    if isinstance(login, dict):
        kept = {key: value for key, value in login.items() if (key, value) != ("mechanism", "auto")}
        written["authentication"] = _ordered(kept, _LOGIN)
    return _ordered(written, _SMTP)


def _ordered(mapping: JsonView, first: tuple[str, ...]) -> JsonObject:
    known = {key: mapping[key] for key in first if key in mapping}
    return {**known, **mapping}


_WITHOUT_COLUMN = ("certificate", "clientCertificate")
CSV_COLUMNS = (
    "name", "email", "display_name", "title", "owner", "reply_to", "reply_to_name", "shared", "host", "port", "encryption",
    "mechanism", "username", "no_login", "password_env", "password_file", "password_from", "access_token_env",
    "helo_name", "ca_file", "prevent_delete", "labels", "annotations",
)  # fmt: skip
"""The columns that ``accounts add own --from-csv`` takes."""


def is_more_than_a_row(document: JsonView) -> bool:
    """Tell whether an own account's manifest holds what a table has no column for, beside a proxy and a token's origin.

    >>> is_more_than_a_row({"spec": {"smtp": {"certificate": "sha256:0f"}}}), is_more_than_a_row({"spec": {"smtp": {}}})
    (True, False)
    """
    smtp, replies = document["spec"]["smtp"], document["spec"].get("replyTo")
    is_named_list = isinstance(replies, list) and len(replies) > 1 and any("displayName" in each for each in replies)
    return is_named_list or not smtp.keys().isdisjoint(_WITHOUT_COLUMN)


def has_text_beyond_a_cell(document: JsonView) -> bool:
    """Tell whether an annotation is a text that a cell of several cannot hold, which are parted by semicolons.

    >>> has_text_beyond_a_cell({"metadata": {"annotations": {"note": "one; two"}}}), has_text_beyond_a_cell({"metadata": {}})
    (True, False)
    """
    return not all(_is_of_a_cell(text) for text in document["metadata"].get("annotations", {}).values())


def _is_of_a_cell(text: str) -> bool:
    return ";" not in text and text == text.strip()


def row_of(document: JsonView) -> dict[str, str]:
    """Return an own account's manifest as a line of a table; what a table has no column for is not in it.

    >>> smtp = {"host": "smtp.example.com", "encryption": "starttls"}
    >>> spec = {"email": "sales@example.com", "displayName": "Sales", "smtp": smtp}
    >>> row = row_of({"metadata": {"name": "sales"}, "spec": spec})
    >>> row["port"], row["no_login"], row["shared"], row["title"]
    ('587', 'yes', 'no', '')
    """
    metadata, spec = document["metadata"], document["spec"]
    smtp = spec["smtp"]
    login = smtp.get("authentication", {})
    replies = spec.get("replyTo") or []
    addresses = replies if isinstance(replies, list) else [replies]
    cells: JsonObject = {
        "name": metadata["name"],
        "email": spec["email"],
        "display_name": spec["displayName"],
        "title": metadata.get("title"),
        "owner": metadata.get("owner"),
        "reply_to": ";".join(each["email"] for each in addresses if "email" in each),
        "reply_to_name": addresses[0].get("displayName") if len(addresses) == 1 else None,
        "shared": "yes" if spec.get("shared") else "no",
        **{column: smtp.get(key) for column, key in _OF_SMTP.items()},
        "port": smtp.get("port", DEFAULT_PORTS[smtp["encryption"]]),
        "mechanism": login.get("mechanism"),
        "username": login.get("username"),
        "no_login": "" if login else "yes",
        "prevent_delete": "yes" if metadata.get("preventDelete") else "",
        **{
            key: ";".join(f"{name}={text}" for name, text in metadata.get(key, {}).items() if _is_of_a_cell(text))
            for key in ("labels", "annotations")
        },
        **_credential(login),
    }
    return {column: str(cells.get(column) or "") for column in CSV_COLUMNS}


_OF_SMTP = {"host": "host", "encryption": "encryption", "helo_name": "heloName", "ca_file": "caFile"}


def _credential(login: JsonView) -> dict[str, str]:
    for source, key in login.get("password", {}).items():
        if source in {"env", "file"}:
            return {f"password_{source}": key}
        return {"password_from": f"{source}:{key}"}
    token = login.get("accessToken", {})
    return {"access_token_env": token["env"]} if "env" in token else {}
