"""JSON: the layout of our own, nodemailer's transports, and objects of Kubernetes. JSON is YAML, so kubectl takes it too."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from reconciler.consumers.dotenv import variables
from reconciler.consumers.form import Entry, Form, Had, Layout
from reconciler.model.canonical import JsonObject, canonical_json
from reconciler.model.consumers.capabilities import Capabilities
from reconciler.model.secrets.values import SecretValue
from reconciler.rules.consumers.objects import object_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.model.consumers.settings import Consumer

_ANNOTATION = "reconciler/account"
Document = JsonObject


def sender_document(entry: Entry) -> Document:
    """Return an account as our own JSON has it: its settings, and the secret or where it is."""
    document = entry.sender.model_dump(
        mode="json", exclude={"secret", "ca_digest", "token", "client_certificate", "held"}, exclude_none=True
    )
    if entry.sender.held:
        document["held"] = True
    if entry.password is not None:
        document["password"] = entry.password
    elif entry.reference is not None:
        document["passwordFrom"] = {entry.reference.source: entry.reference.key}
    return document


def text_of(document: Document) -> str:
    """Return a document as indented JSON, its keys in the order given."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def parsed(text: str) -> Document:
    """Return the object of a text; raise ``ValueError``, without a word of it, where there is none."""
    try:
        found = json.loads(text)
        # Python reads more than JSON has: NaN, Infinity and 1e999, which nothing can be compared with.
        json.dumps(found, allow_nan=False)
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON") from None
    if not isinstance(found, dict):
        raise ValueError("it is not a JSON object")  # noqa: TRY004 - the text is wrong, not a type of ours
    return found


def had(value: Any, *path: str) -> Had:
    """Return what is found of an account: the object without the secret that stands at ``path``, and that."""
    if not isinstance(value, dict):
        return Had(shape=canonical_json(value))
    copied = json.loads(json.dumps(value))
    inner = copied
    for step in path[:-1]:
        inner = inner.get(step) if isinstance(inner, dict) else None
    secret = inner.get(path[-1]) if isinstance(inner, dict) else None
    if isinstance(inner, dict) and isinstance(secret, str):
        inner[path[-1]] = ""
        return Had(shape=canonical_json(copied), secret=SecretValue(secret))
    return Had(shape=canonical_json(copied))


def objects(document: Document, key: str) -> Document:
    """Return the object under a key, of accounts by name."""
    found = document.get(key)
    if not isinstance(found, dict):
        raise ValueError(f"it has no {key}")  # noqa: TRY004 - the text is wrong, not a type of ours
    return found


class PlainJson(Form):
    """All accounts by name, with every setting that a program needs."""

    layout = Layout(files=("",), comment="")
    capabilities = Capabilities(
        encryptions=("starttls", "tls", "none"),
        mechanisms=("auto", "plain", "login", "cram-md5", "scram-sha-256"),
        references=("env", "file", "declared"),
        private_ca=True,
        pin=True,
        helo_name=True,
    )

    def write(self, entries: Sequence[Entry], consumer: Consumer, name: str) -> Mapping[str, str]:
        """Return the one file."""
        return {"": text_of({"accounts": {each.sender.name: sender_document(each) for each in entries}})}

    def read(self, texts: Mapping[str, str]) -> Mapping[str, Had]:
        """Return what the file holds of each account."""
        found = objects(parsed(texts[""]), "accounts")
        return {name: had(value, "password") for name, value in found.items()}


class Nodemailer(Form):
    """Transports for ``nodemailer.createTransport``, by name.

    Without ``requireTLS`` nodemailer sends in the clear where STARTTLS is not offered.
    """

    layout = Layout(files=("",), comment="")
    capabilities = Capabilities(
        encryptions=("starttls", "tls", "none"),
        mechanisms=("auto", "plain", "login", "cram-md5"),
        private_ca=True,
        helo_name=True,
    )

    def write(self, entries: Sequence[Entry], consumer: Consumer, name: str) -> Mapping[str, str]:
        """Return the one file."""
        return {"": text_of({"transports": {each.sender.name: _transport(each) for each in entries}})}

    def read(self, texts: Mapping[str, str]) -> Mapping[str, Had]:
        """Return what the file holds of each account."""
        found = objects(parsed(texts[""]), "transports")
        return {name: had(value, "options", "auth", "pass") for name, value in found.items()}


def _transport(entry: Entry) -> Document:
    sender = entry.sender
    options: Document = {"host": sender.host, "port": sender.port, "secure": sender.encryption == "tls"}
    if sender.encryption == "starttls":
        options["requireTLS"] = True
    elif sender.encryption == "none":
        options["ignoreTLS"] = True
    if sender.username is not None:
        options["auth"] = {"user": sender.username}
        if entry.password is not None:
            options["auth"]["pass"] = entry.password
        if sender.mechanism != "auto":
            options["authMethod"] = sender.mechanism.upper()
    if sender.helo_name is not None:
        options["name"] = sender.helo_name
    if sender.ca is not None:
        options["tls"] = {"ca": sender.ca}
    defaults: Document = {"from": {"name": sender.display_name, "address": sender.email}}
    replies = [each.email for each in sender.reply_to if each.email is not None]
    if replies:
        defaults["replyTo"] = replies
    return {"options": options, "defaults": defaults}


class Kubernetes(Form):
    """A Secret for each account, or with references an ExternalSecret, as one List; named CONSUMER-ACCOUNT."""

    layout = Layout(files=("",), comment="# ")
    capabilities = Capabilities(
        encryptions=("starttls", "tls", "none"),
        mechanisms=("auto", "plain", "login"),
        references=("declared",),
        private_ca=True,
        forbidden_in_names=("_",),
    )

    def write(self, entries: Sequence[Entry], consumer: Consumer, name: str) -> Mapping[str, str]:
        """Return the one file."""
        items = [_object(each, consumer, name) for each in entries]
        return {"": text_of({"apiVersion": "v1", "kind": "List", "items": items})}

    def read(self, texts: Mapping[str, str]) -> Mapping[str, Had]:
        """Return what the file holds of each account, which an annotation names."""
        items = parsed(texts[""]).get("items")
        if not isinstance(items, list):
            raise ValueError("it has no items")  # noqa: TRY004 - the text is wrong, not a type of ours
        found = {}
        for item in items:
            metadata = item.get("metadata") if isinstance(item, dict) else None
            annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
            account = annotations.get(_ANNOTATION) if isinstance(annotations, dict) else None
            if isinstance(account, str):
                found[account] = had(item, "stringData", "SMTP_PASSWORD")
        return found


def _object(entry: Entry, consumer: Consumer, name: str) -> Document:
    sender = entry.sender
    metadata: Document = {
        "name": object_name(name, sender.name),
        **({"namespace": consumer.namespace} if consumer.namespace else {}),
        "labels": {"app.kubernetes.io/managed-by": "reconciler"},
        "annotations": {_ANNOTATION: sender.name},
    }
    values = {**variables(entry), **({"SMTP_CA": sender.ca} if sender.ca is not None else {})}
    if consumer.secrets != "reference" or entry.reference is None:
        secret = {"SMTP_PASSWORD": entry.password} if entry.password is not None else {}
        data = {"stringData": {**values, **secret}}
        return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", **data}
    store = consumer.secret_store
    spec: Document = {
        "secretStoreRef": {"name": store.name, "kind": store.kind} if store is not None else {},
        "target": {
            "name": metadata["name"],
            "template": {"data": {**_escaped(values), "SMTP_PASSWORD": "{{ .password }}"}},
        },
        "data": [{"secretKey": "password", "remoteRef": {"key": entry.reference.key}}],
    }
    return {"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": metadata, "spec": spec}


def _escaped(values: Mapping[str, str]) -> dict[str, str]:
    """Return the values as a template of External Secrets gives them back: an opening brace of its own is no action."""
    return {name: value.replace("{{", '{{ "{{" }}') for name, value in values.items()}
