"""What editors want of a schema beside its rules: plain types, headings, words for values, snippets.

Defaults are left out, since editors write them into every mapping that they complete; the descriptions tell them, and
those of numbers are offered.

The keywords ``enumDescriptions`` and ``defaultSnippets`` are those of vscode-json-languageservice and
yaml-language-server; other readers of a schema ignore them. Nothing here changes what a schema accepts.
"""

from __future__ import annotations

from typing import Any

from reconciler.model.canonical import JsonObject

Schema = JsonObject

_NULL = {"type": "null"}
_NULL_TEXT = "As if the field were not there."
_PORTS = {587: "starttls", 465: "tls", 25: "none"}

SCHEMA_FOLDER = ".schemas"
"""Where a project keeps the schemas for its editors, relative to the project folder; there is no need to have it."""

TITLES = {
    "Authentication": "Login",
    "ClientCertificate": "Certificate of the client",
    "Consumer": "Consumer of accounts",
    "Depths": "Depths of verification",
    "Domain": "Sending domain",
    "Environment": "Environment of the manifests",
    "GrantedConsumer": "Consumer that a secret is granted to",
    "GrantedRoute": "Route of a secret",
    "GrantedToken": "Token of a login",
    "Grant": "Grant for a secret",
    "GuardException": "Exception to a guard",
    "Guards": "Guards",
    "MailServer": "Mail server",
    "MailServerSpec": "Settings of a mail server",
    "MarketingAccount": "Marketing account",
    "MarketingAccountSpec": "Settings of a marketing account",
    "MaxDeletes": "Limit of deletions",
    "Metadata": "About the account",
    "OAuth2": "OAuth2 access",
    "Operator": "Operator",
    "Override": "Override by details of a contact",
    "OwnAccount": "Own account",
    "OwnAccountSpec": "Settings of an own account",
    "Platform": "Platform of marketing accounts",
    "PlatformSmtp": "Mail server of the platform",
    "ProjectMetadata": "About the project",
    "Proxy": "Proxy",
    "ReplyTo": "Reply-To",
    "ListedReplyTo": "One of several Reply-To",
    "Scope": "What a folder may declare",
    "ScopedSecret": "Secret for some manifests only",
    "SecretStore": "Store of an ExternalSecret",
    "SecretSource": "Source of secrets",
    "Secrets": "Secrets",
    "ServerMetadata": "About the mail server",
    "Smtp": "Mail server of the account",
    "VerificationPolicy": "Verification",
}
"""The heading of each definition's fields."""

ENUM_TEXTS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("OwnAccount", "MarketingAccount", "MailServer"): (
        "One of your own mailboxes, reached over SMTP.",
        "An account on the platform's mail server, which the platform must accept.",
        "Settings of a mail server that several own accounts share.",
    ),
    ("starttls", "tls", "none"): (
        "TLS begins after STARTTLS (RFC 3207); port 587 by default.",
        "TLS from the first byte (RFC 8314); port 465 by default.",
        "No encryption; port 25 by default. Whoever is on the way can read mail and passwords.",
    ),
    ("auto", "plain", "login", "cram-md5", "scram-sha-256", "xoauth2", "oauthbearer"): (
        "The strongest mechanism that the server offers.",
        "User name and password (RFC 4616).",
        "User name and password, in the older way of some servers.",
        "Challenge and response with a password (RFC 2195).",
        "Challenge and response with a password, both sides proving that they know it (RFC 7677).",
        "An OAuth2 access token, as Google and Microsoft take it.",
        "An OAuth2 access token (RFC 7628).",
    ),
    ("socks5", "socks4", "http"): (
        "SOCKS version 5 (RFC 1928).",
        "SOCKS version 4, without password.",
        "An HTTP proxy that takes CONNECT (RFC 9110).",
    ),
    ("refresh_token", "client_credentials", "jwt_bearer"): (
        "A refresh token is exchanged (RFC 6749 section 6): the token is of whoever gave it.",
        "The client's own credentials are exchanged (RFC 6749 section 4.4): the token is of the client.",
        "A service account's signed request is exchanged (RFC 7523): the token is of the mailbox that it names.",
    ),
    ("fallback", "skip"): ("What holds without the override is used.", "The contact gets no message."),
    ("perField", "together"): (
        "Address and display name fall back each on its own.",
        "Both are taken from details, or neither.",
    ),
    ("offline", "connect", "auth", "envelope", "message"): (
        "Nothing is contacted.",
        "Connect to the mail server, with TLS where it is asked for.",
        "Log in as well.",
        "Ask as well whether the server would take mail from the sender to the operator.",
        "Send a test message to the operator as well.",
    ),
    ("each", "sample", "digest"): (
        "A test message for each account.",
        "A test message for each server.",
        "A test message for each server and domain of senders, which lists the accounts it stands for.",
    ),
    ("manual", "automatic"): (
        "A new marketing account waits for reconciler approve.",
        "A new marketing account is accepted by apply.",
    ),
    ("json", "dotenv"): ("One JSON object of keys and secrets.", "Lines KEY=VALUE."),
    ("smtp", "proxy", "oauth2"): (
        "Login at the mail server.",
        "Login at a proxy.",
        "A request to a token endpoint.",
    ),
    ("files", "postfix", "msmtp", "exec"): (
        "A file in one of several formats, as format says.",
        "Maps of a Postfix that sends with the account of each sender.",
        "The settings of msmtp, a sendmail that sends with the account of each sender.",
        "What a command of yours does with the accounts.",
    ),
    ("dotenv", "json", "kubernetes", "django", "nodemailer"): (
        "Lines KEY='VALUE' of one account.",
        "One JSON object of all accounts, by name.",
        "A Secret of Kubernetes, or an ExternalSecret with references.",
        "A module of Django settings.",
        "A JSON object of nodemailer's transports, by name.",
    ),
    ("write", "reference", "none"): (
        "Secrets are written; that needs a grant.",
        "What is written says where a secret is.",
        "Nothing is said of secrets.",
    ),
    ("remove", "hold"): ("A suspended account is removed.", "What a suspended account sends is held."),
    ("lmdb", "texthash"): (
        "A database that postmap makes; the next mail uses it.",
        "A text file; Postfix uses it after a reload.",
    ),
    ("SecretStore", "ClusterSecretStore"): ("A store of the same namespace.", "A store of the whole cluster."),
    ("allow", "grant"): (
        "The first route of a secret needs no grant.",
        "The first route of a secret needs a grant too.",
    ),
    ("off", "warn", "enforce"): (
        "The domain checks are not made.",
        "What is wrong with a domain is a warning.",
        "What is wrong with a domain blocks the change.",
    ),
}
"""What each value of an enumeration means, by the values."""

_SECRET_SNIPPETS = {
    "password": "SMTP_${1:NAME}_PASSWORD",
    "accessToken": "SMTP_${1:NAME}_TOKEN",
    "clientSecret": "SMTP_${1:NAME}_CLIENT_SECRET",
    "refreshToken": "SMTP_${1:NAME}_REFRESH_TOKEN",
    "clientCertificate": "SMTP_${1:NAME}_CERTIFICATE",
    "key": "SMTP_${1:NAME}_KEY",
    "serviceAccount": "SMTP_${1:NAME}_SERVICE_ACCOUNT",
    "fingerprintKey": "RECONCILER_${1:FINGERPRINT_KEY}",
}
"""The variable that is offered, by the field that takes a secret."""

_KEY_RULE = "1 to 63 letters, digits and . _ / -, beginning and ending with a letter or digit"
_KEYED = {
    "labels": (
        f"Labels are keys with a line of text each. A key is {_KEY_RULE}.",
        "The label's value, one line of text. Commands choose by it: label:KEY=VALUE.",
    ),
    "annotations": (
        f"Annotations are keys with a text each. A key is {_KEY_RULE}.",
        "The annotation's text, of several lines if need be. It is not interpreted.",
    ),
    "consumers": (
        "Consumers are names with settings each. A name is a lower-case letter, then letters, digits, _ and -.",
        "A program that uses the accounts that are applied. Commands refer to it by this name.",
    ),
    "sources": (
        "Sources are names with settings each. A name is a lower-case letter, then letters, digits, _ and -.",
        "Where the secrets of this source come from. Manifests refer to them as {NAME: key}.",
    ),
}
"""Message and description, by the field whose keys the author chooses."""

_LOGIN = {"username": '"{email\\}"', "password": {"env": "SMTP_${5:NAME}_PASSWORD"}}
DOCUMENT_SNIPPETS: list[Schema] = [
    {
        "label": "own account",
        "description": "One of your own mailboxes, with its mail server and login.",
        "body": {
            "apiVersion": "reconciler/v1",
            "kind": "OwnAccount",
            "metadata": {"name": "${1:name}"},
            "spec": {
                "email": "${2:name@example.com}",
                "displayName": "${3:Name}",
                "smtp": {"host": "${4:smtp.example.com}", "authentication": _LOGIN},
            },
        },
    },
    {
        "label": "marketing account",
        "description": "An account on the platform's mail server.",
        "body": {
            "apiVersion": "reconciler/v1",
            "kind": "MarketingAccount",
            "metadata": {"name": "${1:name}"},
            "spec": {"email": "${2:name@example.com}", "displayName": "${3:Name}"},
        },
    },
    {
        "label": "mail server",
        "description": "Settings of a mail server that several own accounts share.",
        "body": {
            "apiVersion": "reconciler/v1",
            "kind": "MailServer",
            "metadata": {"name": "${1:name}"},
            "spec": {"host": "${2:smtp.example.com}", "authentication": {"username": '"{email\\}"'}},
        },
    },
]
"""Whole documents to begin from, offered in an empty file; the numbers are where the cursor goes."""


def modeline(schema: str) -> str:
    """Return the comment, without line end, by which editors find the schema of the document that it stands in."""
    return f"# yaml-language-server: $schema={schema}"


def with_hints(schema: Schema) -> Schema:
    """Return a published schema as editors want it; it accepts what it did."""
    definitions = schema.get("$defs", {})
    free: set[str] = set()
    optional: set[str] = set()
    _note_references(schema, free, optional)
    nullable = frozenset(optional - free)
    hinted: Schema = _hinted(schema, nullable)
    for name in definitions:
        definition = hinted["$defs"][name]
        if name in nullable:
            definition["type"] = [definition["type"], "null"]
        hinted["$defs"][name] = {"title": TITLES[name], **definition}
    return hinted


def _note_references(node: Any, free: set[str], optional: set[str]) -> None:
    if isinstance(node, list):
        for each in node:
            _note_references(each, free, optional)
    elif isinstance(node, dict):
        arm = _optional_arm(node)
        if arm is not None and "$ref" in arm:
            optional.add(_named(arm))
            return
        if isinstance(node.get("$ref"), str):
            free.add(_named(node))
        for each in node.values():
            _note_references(each, free, optional)


def _named(reference: Schema) -> str:
    name: str = reference["$ref"].rpartition("/")[2]
    return name


def _optional_arm(node: Schema) -> Schema | None:
    """Return the other arm of a choice between something and null."""
    arms = node.get("anyOf")
    if not isinstance(arms, list) or _NULL not in arms:
        return None
    others: list[Schema] = [arm for arm in arms if arm != _NULL]
    return others[0] if len(others) == 1 else None


def _hinted(node: Any, nullable: frozenset[str], field: str = "") -> Any:
    if isinstance(node, list):
        return [_hinted(each, nullable) for each in node]
    if not isinstance(node, dict):
        return node
    plain = _without_choice(node, nullable)
    hinted = {
        key: {name: _hinted(value, nullable, name) for name, value in inner.items()}
        if key in {"properties", "patternProperties", "$defs"}
        else inner
        if key == "allOf"  # the rules have their words already
        else _hinted(inner, nullable)
        for key, inner in plain.items()
        if key != "default"
    }
    return _with_words(hinted, field, plain.get("default"))


def _without_choice(node: Schema, nullable: frozenset[str]) -> Schema:
    """Return a field that may be null without a choice in it: editors show the arms of a choice, not the field."""
    arm = _optional_arm(node)
    if arm is None or ("$ref" in arm and _named(arm) not in nullable):
        return node
    rest = {key: value for key, value in node.items() if key != "anyOf"}
    if "$ref" in arm:
        return {**arm, **rest}
    plain = {**arm, **rest, "type": [arm["type"], "null"]}
    return {**plain, "enum": [*arm["enum"], None]} if "enum" in arm else plain


def _with_words(node: Schema, field: str, default: Any) -> Schema:
    values = tuple(value for value in node.get("enum", ()) if value is not None)
    if values in ENUM_TEXTS:
        null = (_NULL_TEXT,) if None in node["enum"] else ()
        node = {**node, "enumDescriptions": [*ENUM_TEXTS[values], *null]}
    if field in _KEYED:
        node = _with_keys_described(node, *_KEYED[field])
    if field == "labels":
        snippet = {"label": "team", "description": "A label.", "body": {"${1:team}": "${2:sales}"}}
        node = {**node, "defaultSnippets": [snippet]}
    if "integer" in node.get("type", ()) and default is not None:
        snippet = {"label": str(default), "description": "The default.", "body": default}
        node = {**node, "defaultSnippets": [snippet]}
    if field == "port" and "null" in node["type"]:
        snippets = [{"label": f"{port} ({usual})", "body": port} for port, usual in _PORTS.items()]
        node = {**node, "defaultSnippets": snippets}
    if _is_secret(node):
        node = {**node, "defaultSnippets": _secret_snippets(_SECRET_SNIPPETS[field])}
    return node


def _secret_snippets(variable: str) -> list[Schema]:
    return [
        {
            "label": "environment variable",
            "description": "The secret is in an environment variable.",
            "body": {"env": variable},
        },
        {
            "label": "secret file",
            "description": "The secret is in a file inside the project folder.",
            "body": {"file": "secrets/${1:name}"},
        },
        {
            "label": "source of secrets",
            "description": "The secret is in a source that the project file declares under secrets.sources.",
            "body": {"${1:vault}": "${2:key}"},
        },
    ]


def _with_keys_described(node: Schema, message: str, description: str) -> Schema:
    patterns = {key: {**value, "description": description} for key, value in node["patternProperties"].items()}
    return {**node, "patternProperties": patterns, "errorMessage": message}


def _is_secret(node: Schema) -> bool:
    return "propertyNames" in node and {"env", "file"} <= node.get("properties", {}).keys()
