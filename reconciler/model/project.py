"""The project file, ``reconciler.yaml``: where manifests and state are, and what a plan may do."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from reconciler.model.accounts.server import ServerSmtp
from reconciler.model.base import Value
from reconciler.model.secrets.references import Secret, SecretGlob, SecretPath
from reconciler.model.servers.terms import Encryption
from reconciler.model.text.nameservers import DkimSelector, NameServer
from reconciler.model.text.placeholders import has_placeholder, placeholder_in
from reconciler.model.text.types import Email, Host, Name, Port, Text, VariableName
from reconciler.model.verification.depths import Depth

_DATE_RULE = "is not a date such as 2027-01-31"


def _parse_date(written: Any) -> Any:
    if isinstance(written, date):
        return written
    try:
        if len(written) != len("2027-01-31"):
            raise ValueError  # noqa: TRY301 - ISO 8601 has shorter forms, which people misread
        return date.fromisoformat(written)
    except (TypeError, ValueError):
        raise PydanticCustomError("invalidValue", _DATE_RULE) from None


Date = Annotated[
    date,
    BeforeValidator(_parse_date),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date",
            "pattern": r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$(?!\n)",
            "patternErrorMessage": f"This {_DATE_RULE}.",
        }
    ),
]
Globs = Annotated[tuple[Text, ...], Field(strict=False, min_length=1)]
Seconds = Annotated[int, Field(ge=1, le=86_400)]


class ProjectMetadata(Value):
    """What the project is called."""

    name: Name = Field(
        description="The key of everything in state, such as mail; do not change it later. Several projects may share a database."
    )


class Operator(Value):
    """Who receives test messages; the option --operator and the variable RECONCILER_OPERATOR win over it."""

    email: Email = Field(description="The address that test messages go to, such as ops@example.com.")


class PlatformSmtp(ServerSmtp):
    """The server that hosts marketing accounts."""

    host: Host = Field(
        description="The host name or IP address of the platform's mail server, such as smtp.example.com."
    )


class Platform(Value):
    """The platform that hosts marketing accounts and decides on them."""

    approval: Literal["manual", "automatic"] = Field(
        "manual",
        description="Whether a new marketing account waits for reconciler approve (manual, the default) or is accepted by apply (automatic).",
    )
    smtp: PlatformSmtp | None = Field(
        None,
        description="The platform's mail server, at which marketing accounts are verified; without it no server is asked about them.",
    )


class ScopedSecret(Value):
    """An allowed secret that only some manifests may name."""

    secret: SecretGlob = Field(description="A glob over secrets, written SOURCE:KEY, such as env:SMTP_SALES_*.")
    manifests: Text = Field(
        description="A glob over the manifests that may name the secret, by path from the project folder, such as accounts.d/sales/*."
    )


class SecretSource(Value):
    """Where secrets come from: a command for each key, or many at once from a command, variable or file."""

    command: Annotated[tuple[Text, ...], Field(strict=False, min_length=1)] | None = Field(
        None,
        description='A program and its arguments, run without a shell, such as [vault, kv, get, -field=value, "{key}"]. {key} stands for the secret\'s key.',
    )
    env: VariableName | None = Field(
        None, description="An environment variable that holds many secrets, written as format says."
    )
    file: SecretPath | None = Field(
        None, description="A file inside the project folder that holds many secrets, written as format says."
    )
    format: Literal["json", "dotenv"] | None = Field(
        None,
        description="How many secrets at once are written: as one JSON object, or in lines KEY=VALUE. Required with env and file.",
    )
    timeout_seconds: Seconds = Field(10, description="How long the command may take, in seconds; by default 10.")
    environment: Annotated[tuple[Text, ...], Field(strict=False)] = Field(
        (),
        description="Globs of environment variables that the command gets beside PATH, HOME, locale, proxies and VAULT_*, such as AWS_*.",
    )

    @model_validator(mode="after")
    def _check_one_origin(self) -> SecretSource:
        if sum(origin is not None for origin in (self.command, self.env, self.file)) != 1:
            raise PydanticCustomError("contradiction", "needs exactly one of command, env and file")
        if self.command is None and self.format is None:
            raise PydanticCustomError("missingField", "needs format: json or dotenv")
        if self.command is not None:
            _check_command(self.command, is_bulk=self.format is not None)
        return self

    @property
    def origin(self) -> str | None:
        """The secret, as SOURCE:KEY, that holds all of this source's secrets; None where a command gives them."""
        if self.env is not None:
            return f"env:{self.env}"
        return f"file:{self.file}" if self.file is not None else None


def _check_command(command: tuple[str, ...], *, is_bulk: bool) -> None:
    """Refuse a command whose program a manifest would choose, or that would give every key the same value."""
    program, *arguments = command
    takes_key = any("{key}" in argument for argument in arguments)
    if "{key}" in program:
        raise PydanticCustomError(
            "invalidValue", "has {mark} in the program; it belongs in an argument", {"mark": "{key}"}
        )
    if is_bulk and takes_key:
        raise PydanticCustomError(
            "contradiction", "has {mark} and format; a command with format gives all keys at once", {"mark": "{key}"}
        )
    if not is_bulk and not takes_key:
        raise PydanticCustomError(
            "missingField", "needs {mark} in an argument, or format for many secrets at once", {"mark": "{key}"}
        )


class GrantedToken(Value):
    """The token that a granted login is made with, as a refused plan prints it."""

    url: Text = Field(description="The token URL that gives the token, as the manifest writes it.")
    client_id: Text | None = Field(None, description="The client that asks for the token; without it any.")
    scope: Text | None = Field(None, description="The scope that is asked for; without it none is.")
    grant_type: Literal["refresh_token", "client_credentials"] = Field(
        description="What is exchanged for the token: a refresh token, or the client's own credentials."
    )


class GrantedRoute(Value):
    """A route written out in full, as a refused plan prints it."""

    purpose: Literal["smtp", "proxy", "oauth2"] = Field(
        "smtp",
        description="What the secret is sent for: login at the mail server (smtp, the default), at a proxy, or at a token endpoint (oauth2).",
    )
    username: Text | None = Field(None, description="The user name that the secret goes with; without it any.")
    host: Text = Field(
        description="The host that the secret may be sent to, such as smtp.example.com; for oauth2 the token URL."
    )
    port: Port = Field(description="The TCP port of the host, such as 587.")
    encryption: Encryption = Field(description="The encryption that must be in force when the secret is sent.")
    ca_digest: Text | None = Field(
        None,
        description="The SHA-256 of the private certificate authority that is trusted too, as a refused plan prints it; without it only the system's are.",
    )
    proxy: Text | None = Field(
        None,
        description="The proxy on the way, such as socks5://user@proxy.example.com:1080; without it the connection is direct.",
    )
    scope: Text | None = Field(
        None,
        description="For oauth2 the scope that may be asked for, as a refused plan prints it; without it none is asked for.",
    )
    token: GrantedToken | None = Field(
        None,
        description="For a login with a token that the secret is exchanged for: which token; without it the secret itself is sent.",
    )


class Grant(Value):
    """Permission for a secret to take a route."""

    secret: SecretGlob = Field(description="A glob over secrets, written SOURCE:KEY, such as env:SMTP_SALES_*.")
    servers: Annotated[tuple[Text, ...], Field(strict=False, min_length=1)] | None = Field(
        None,
        description="The servers that the secret itself may be sent to, as HOST or HOST:PORT; directly, with TLS that the system trusts, under any user name.",
    )
    route: GrantedRoute | None = Field(
        None, description="A route in full, as a refused plan prints it, for whatever servers cannot say."
    )
    manifests: Text | None = Field(
        None,
        description="A glob over the manifests that may use the grant, by path from the project folder; without it all may.",
    )
    expires: Date | None = Field(
        None, description="The last day on which the grant holds, in UTC, such as 2027-01-31; without it, for ever."
    )

    @model_validator(mode="after")
    def _check_target(self) -> Grant:
        if (self.servers is None) == (self.route is None):
            raise PydanticCustomError("contradiction", "needs exactly one of servers and route")
        return self


class Secrets(Value):
    """Which secrets manifests may name, where they come from, and where they may travel."""

    allow: Annotated[tuple[SecretGlob | ScopedSecret, ...], Field(strict=False)] = Field(
        ("env:SMTP_*", "file:secrets/**"),
        description="Globs over the secrets that manifests may name, written SOURCE:KEY; by default env:SMTP_* and file:secrets/**. Nothing else may be named.",
    )
    sources: dict[Annotated[str, Field(pattern=r"^[a-z][A-Za-z0-9_-]{0,62}$")], SecretSource] = Field(
        {},
        description="Sources of secrets beside env and file, by name: vault here is what {vault: key} refers to in a manifest.",
    )
    first_use: Literal["allow", "grant"] = Field(
        "allow",
        description="Whether a secret that state has never seen may take its first route (allow, the default) or needs a grant for it (grant).",
    )
    grants: Annotated[tuple[Grant, ...], Field(strict=False)] = Field(
        (),
        description="Routes that secrets may take beyond those recorded in state; a refused plan prints the lines to add.",
    )
    fingerprint_key: Secret | None = Field(
        None,
        description="The key that secrets are fingerprinted with, by reference. By default a file beside the SQLite state, made by reconciler state init.",
    )

    @model_validator(mode="after")
    def _check_names(self) -> Secrets:
        if self.sources.keys() & {"env", "file"}:
            raise PydanticCustomError("contradiction", "declares a source called env or file, which exist already")
        return self

    @model_validator(mode="after")
    def _check_placeholders(self) -> Secrets:
        """Refuse what people fill in elsewhere: here it would mean itself, and so nothing."""
        if self.fingerprint_key is not None and has_placeholder("".join(self.fingerprint_key.values())):
            raise PydanticCustomError(
                "unknownPlaceholder", "has a word in braces in fingerprintKey, where nothing is filled in"
            )
        allowed = [entry if isinstance(entry, str) else entry.secret for entry in self.allow]
        for glob in (*allowed, *(grant.secret for grant in self.grants)):
            if (found := placeholder_in(glob)) is not None:
                rule = f"has {found} in a glob of allow or grants, where nothing is filled in: write * in its place"
                raise PydanticCustomError("unknownPlaceholder", "{rule}", {"rule": rule})
        return self


class Depths(Value):
    """How far verification goes, by occasion."""

    plan: Depth = Field("envelope", description="How far reconciler plan verifies; by default envelope.")
    apply: Depth = Field(
        "message",
        description="How far an account must be verified for reconciler apply to record it; by default message.",
    )
    recorded: Depth = Field(
        "envelope", description="How far reconciler verify --recorded verifies; by default envelope."
    )


class VerificationPolicy(Value):
    """How accounts are verified, and within which limits."""

    depth: Depths = Field(Depths(), description="How far accounts are verified, by command.")
    timeout_seconds: Seconds = Field(
        30, description="How long one account's whole conversation may take, in seconds; by default 30."
    )
    deadline_seconds: Seconds = Field(
        900, description="How long the verification of all accounts may take, in seconds; by default 900."
    )
    concurrency: Annotated[int, Field(ge=1, le=1024)] = Field(
        64, description="How many conversations are held at once; by default 64."
    )
    per_server: Annotated[int, Field(ge=1, le=1024)] = Field(
        4, description="How many conversations are held at once with one server; by default 4."
    )
    stop_server_after: Annotated[int, Field(ge=1)] = Field(
        3,
        description="After how many accounts in a row without connection or answer a server's others are skipped; by default 3.",
    )
    evidence_ttl_hours: Annotated[int, Field(ge=1, le=8760)] = Field(
        24, description="How long what was found holds before it is gathered anew, in hours; by default 24."
    )
    fail_after: Annotated[int, Field(ge=1)] = Field(
        3, description="After how many transient failures in a row a recorded account counts as failing; by default 3."
    )
    servers: Globs = Field(
        ("*",),
        description="Globs of the hosts that may be contacted, such as *.example.com; by default all. Link-local addresses never are.",
    )
    domain_checks: Literal["off", "warn", "enforce"] = Field(
        "warn",
        description="Whether SPF, DKIM, DMARC and MX of sending domains are looked at, and whether what is wrong warns (the default) or blocks.",
    )
    nameservers: Annotated[tuple[NameServer, ...], Field(strict=False)] = Field(
        (),
        description="The name servers for domain checks, as ADDRESS or ADDRESS:PORT, such as 192.0.2.53; by default the system's.",
    )


class Domain(Value):
    """What is known about a sending domain."""

    dkim_selectors: Annotated[tuple[DkimSelector, ...], Field(strict=False, max_length=20)] = Field(
        (),
        description="The DKIM selectors in use: the part before ._domainkey in the names of the keys, such as mail2026.",
    )


class MaxDeletes(Value):
    """How many deletions a plan may hold."""

    count: Annotated[int, Field(ge=0)] = Field(
        5, description="How many accounts one plan may delete at most; by default 5."
    )
    percent: Annotated[int, Field(ge=0, le=100)] = Field(
        30,
        description="How many of the recorded accounts one plan may delete at most, in percent; by default 30. It counts from the third deletion.",
    )


class GuardException(Value):
    """An exception to a guard, with an end and a reason, so that a pull request can carry it."""

    delete: Globs | None = Field(None, description="Globs of the accounts whose deletion is meant, such as old-*.")
    verification: Globs | None = Field(
        None, description="Globs of the accounts that need to be verified only as far as depth says."
    )
    depth: Depth | None = Field(None, description="How far these accounts must be verified; it goes with verification.")
    scope: Globs | None = Field(
        None, description="Globs of the accounts that may move to a folder whose manifests may name other secrets."
    )
    until: Date = Field(description="The last day on which the exception holds, in UTC, such as 2027-01-31.")
    reason: Text = Field(description="Why the exception is made, for those who review it.")

    @model_validator(mode="after")
    def _check_one_guard(self) -> GuardException:
        if sum(guard is not None for guard in (self.delete, self.verification, self.scope)) != 1:
            raise PydanticCustomError("contradiction", "needs exactly one of delete, verification and scope")
        if (self.verification is None) != (self.depth is None):
            raise PydanticCustomError("contradiction", "depth goes with verification, and verification needs depth")
        return self


class Guards(Value):
    """What refuses an unsafe plan."""

    max_deletes: MaxDeletes = Field(
        MaxDeletes(), description="How many deletions one plan may hold before it is refused."
    )
    exceptions: Annotated[tuple[GuardException, ...], Field(strict=False)] = Field(
        (), description="Exceptions to the guards, each with its last day and a reason."
    )


class Project(Value):
    """A project: its manifests, its state, its rules."""

    api_version: Literal["reconciler/v1"] = Field(description="The version of this format: reconciler/v1.")
    kind: Literal["Project"] = Field(description="What the document is: the project file.")
    metadata: ProjectMetadata = Field(description="The name under which state keeps the project.")
    manifests: Text = Field(
        "accounts.d",
        description="The folder of the manifests, sub-folders included, relative to the project folder; by default accounts.d.",
    )
    state: Text = Field(
        "sqlite:///.reconciler/state.db",
        description="Where the state is: sqlite:///PATH, relative to this file, or postgresql://HOST/DATABASE. By default sqlite:///.reconciler/state.db.",
    )
    operator: Operator | None = Field(
        None,
        description="Who receives test messages; the option --operator and the variable RECONCILER_OPERATOR win over it.",
    )
    platform: Platform = Field(
        Platform(),
        description="The platform that hosts marketing accounts: its mail server, and who accepts new accounts.",
    )
    secrets: Secrets = Field(
        Secrets(),
        description="Which secrets manifests may name, where they come from, and which servers they may be sent to.",
    )
    verification: VerificationPolicy = Field(
        VerificationPolicy(), description="How far accounts are verified, within which limits, and at which servers."
    )
    domains: dict[str, Domain] = Field(
        {}, description="What is known about the domains that mail is sent from, by domain, such as example.com."
    )
    guards: Guards = Field(Guards(), description="What refuses an unsafe plan, and the exceptions to that.")
    environments: Annotated[dict[str, Any], Field(max_length=0)] = Field(
        {}, description="Reserved for later versions; it must be empty."
    )
