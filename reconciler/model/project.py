"""The project file, ``reconciler.yaml``: where manifests and state are, and what a plan may do."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from reconciler.model.base import Value
from reconciler.model.dnsnames import DkimSelector, NameServer
from reconciler.model.evidence import Depth
from reconciler.model.manifest import Encryption, ServerSmtp
from reconciler.model.references import Secret
from reconciler.model.text import Email, Host, Name, Port, Text, VariableName


def _parse_date(written: Any) -> Any:
    if isinstance(written, date):
        return written
    try:
        if len(written) != len("2027-01-31"):
            raise ValueError  # noqa: TRY301 - ISO 8601 has shorter forms, which people misread
        return date.fromisoformat(written)
    except (TypeError, ValueError):
        raise PydanticCustomError("invalidValue", "is not a date such as 2027-01-31") from None


Date = Annotated[date, BeforeValidator(_parse_date), WithJsonSchema({"type": "string", "format": "date"})]
Globs = Annotated[tuple[Text, ...], Field(strict=False, min_length=1)]
Seconds = Annotated[int, Field(ge=1, le=86_400)]


class ProjectMetadata(Value):
    """What the project is called."""

    name: Name = Field(description="Key of everything in state; several projects may share a database.")


class Operator(Value):
    """Who receives test messages."""

    email: Email = Field(description="The address that test messages go to.")


class PlatformSmtp(ServerSmtp):
    """The server that hosts marketing accounts."""

    host: Host = Field(description="The platform server's host name or IP address.")


class Platform(Value):
    """The platform that hosts marketing accounts and decides on them."""

    approval: Literal["manual", "automatic"] = Field(
        "manual", description="manual: a created account waits for approve; automatic: apply accepts it."
    )
    smtp: PlatformSmtp | None = Field(
        None, description="The server; without it marketing accounts get no conversation."
    )


class ScopedSecret(Value):
    """An allowed secret that only some manifests may name."""

    secret: Text = Field(description="Glob over SOURCE:KEY.")
    manifests: Text = Field(description="Glob over the paths of manifests, relative to the project folder.")


class SecretSource(Value):
    """Where secrets come from: a command for each key, or many at once from a command, variable or file."""

    command: Annotated[tuple[Text, ...], Field(strict=False, min_length=1)] | None = Field(
        None, description="Program and arguments, run without a shell; {key} is filled in."
    )
    env: VariableName | None = Field(None, description="A variable that holds many secrets.")
    file: Text | None = Field(None, description="A file that holds many secrets.")
    format: Literal["json", "dotenv"] | None = Field(None, description="How many secrets at once are written.")
    timeout_seconds: Seconds = Field(10, description="How long the command may take, in seconds.")
    environment: Annotated[tuple[Text, ...], Field(strict=False)] = Field(
        (), description="Globs of variables that the command gets beside PATH, HOME, locale, proxies and VAULT_*."
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


class GrantedRoute(Value):
    """A route written out in full, as a refused plan prints it."""

    purpose: Literal["smtp", "proxy", "oauth2"] = Field(
        "smtp", description="Login at the server, proxy or token endpoint."
    )
    username: Text | None = Field(None, description="The user name; absent: any.")
    host: Text = Field(description="The host that the secret may be sent to; for oauth2 the token URL.")
    port: Port = Field(description="Its port.")
    encryption: Encryption = Field(description="The encryption that must be in force.")
    ca_digest: Text | None = Field(None, description="SHA-256 of the private CA trusted; absent: the system's trust.")
    proxy: Text | None = Field(None, description="The proxy taken, as type://user@host:port; absent: direct.")


class Grant(Value):
    """Permission for a secret to take a route."""

    secret: Text = Field(description="Glob over SOURCE:KEY.")
    servers: Annotated[tuple[Text, ...], Field(strict=False, min_length=1)] | None = Field(
        None, description="Hosts, or host:port; direct, with TLS under the system's trust, any user name."
    )
    route: GrantedRoute | None = Field(None, description="A route in full, for whatever servers cannot say.")
    manifests: Text | None = Field(None, description="Glob over manifest paths that may use the grant; absent: all.")
    expires: Date | None = Field(None, description="The last day on which the grant holds.")

    @model_validator(mode="after")
    def _check_target(self) -> Grant:
        if (self.servers is None) == (self.route is None):
            raise PydanticCustomError("contradiction", "needs exactly one of servers and route")
        return self


class Secrets(Value):
    """Which secrets manifests may name, where they come from, and where they may travel."""

    allow: Annotated[tuple[Text | ScopedSecret, ...], Field(strict=False)] = Field(
        ("env:SMTP_*", "file:secrets/**"), description="Globs over SOURCE:KEY; a manifest may name nothing else."
    )
    sources: dict[Annotated[str, Field(pattern=r"^[a-z][A-Za-z0-9_-]{0,62}$")], SecretSource] = Field(
        {}, description="Named sources beside env and file."
    )
    first_use: Literal["allow", "grant"] = Field(
        "allow", description="Whether a secret that state has never seen needs a grant."
    )
    grants: Annotated[tuple[Grant, ...], Field(strict=False)] = Field(
        (), description="Routes allowed beyond those recorded in state."
    )
    fingerprint_key: Secret | None = Field(
        None, description="The key of fingerprints; by default a file beside the SQLite state, made by state init."
    )

    @model_validator(mode="after")
    def _check_names(self) -> Secrets:
        if self.sources.keys() & {"env", "file"}:
            raise PydanticCustomError("contradiction", "declares a source called env or file, which exist already")
        return self


class Depths(Value):
    """How far verification goes, by occasion."""

    plan: Depth = Field("envelope", description="For plan.")
    apply: Depth = Field("message", description="What apply needs as evidence.")
    recorded: Depth = Field("envelope", description="For verify --recorded.")


class VerificationPolicy(Value):
    """How accounts are verified, and within which limits."""

    depth: Depths = Field(Depths(), description="How far verification goes.")
    timeout_seconds: Seconds = Field(30, description="Limit of one account's whole conversation, in seconds.")
    deadline_seconds: Seconds = Field(900, description="Limit of the whole run, in seconds.")
    concurrency: Annotated[int, Field(ge=1, le=1024)] = Field(64, description="Conversations at once.")
    per_server: Annotated[int, Field(ge=1, le=1024)] = Field(4, description="Conversations at once with one server.")
    stop_server_after: Annotated[int, Field(ge=1)] = Field(
        3, description="Accounts in a row without connection or answer, after which a server's others are skipped."
    )
    evidence_ttl_hours: Annotated[int, Field(ge=1, le=8760)] = Field(
        24, description="How long evidence is fresh, in hours."
    )
    fail_after: Annotated[int, Field(ge=1)] = Field(
        3, description="Transient failures in a row until a recorded account counts as failing."
    )
    servers: Globs = Field(("*",), description="Globs of hosts that may be contacted; link-local addresses never.")
    domain_checks: Literal["off", "warn", "enforce"] = Field(
        "warn", description="Whether the domain checks are made, and whether their failures warn or block."
    )
    nameservers: Annotated[tuple[NameServer, ...], Field(strict=False)] = Field(
        (), description="Name servers for domain checks, as ADDRESS or ADDRESS:PORT; by default the system's."
    )


class Domain(Value):
    """What is known about a sending domain."""

    dkim_selectors: Annotated[tuple[DkimSelector, ...], Field(strict=False, max_length=20)] = Field(
        (), description="DKIM selectors in use: SELECTOR of SELECTOR._domainkey.DOMAIN."
    )


class MaxDeletes(Value):
    """How many deletions a plan may hold."""

    count: Annotated[int, Field(ge=0)] = Field(5, description="Deletions at most.")
    percent: Annotated[int, Field(ge=0, le=100)] = Field(
        30, description="Percentage of recorded accounts at most; counts from the third deletion."
    )


class GuardException(Value):
    """An exception to a guard, with an end and a reason, so that a pull request can carry it."""

    delete: Globs | None = Field(None, description="Accounts whose deletion is meant.")
    verification: Globs | None = Field(None, description="Accounts verified to another depth only.")
    depth: Depth | None = Field(None, description="The depth that suffices for them.")
    scope: Globs | None = Field(None, description="Accounts that may move to a folder with other secrets.")
    until: Date = Field(description="The last day on which the exception holds.")
    reason: Text = Field(description="Why.")

    @model_validator(mode="after")
    def _check_one_guard(self) -> GuardException:
        if sum(guard is not None for guard in (self.delete, self.verification, self.scope)) != 1:
            raise PydanticCustomError("contradiction", "needs exactly one of delete, verification and scope")
        if (self.verification is None) != (self.depth is None):
            raise PydanticCustomError("contradiction", "depth goes with verification, and verification needs depth")
        return self


class Guards(Value):
    """What refuses an unsafe plan."""

    max_deletes: MaxDeletes = Field(MaxDeletes(), description="Limit of deletions.")
    exceptions: Annotated[tuple[GuardException, ...], Field(strict=False)] = Field(
        (), description="Exceptions with an end."
    )


class Project(Value):
    """A project: its manifests, its state, its rules."""

    api_version: Literal["reconciler/v1"] = Field(description="The version of this format.")
    kind: Literal["Project"] = Field(description="The project file.")
    metadata: ProjectMetadata = Field(description="The project's name.")
    manifests: Text = Field("accounts.d", description="The folder of manifests, relative to the project folder.")
    state: Text = Field(
        "sqlite:///.reconciler/state.db", description="Address of the state; a SQLite path is relative to this file."
    )
    operator: Operator | None = Field(None, description="Who receives test messages.")
    platform: Platform = Field(Platform(), description="The platform of marketing accounts.")
    secrets: Secrets = Field(Secrets(), description="Which secrets may be named and where they may travel.")
    verification: VerificationPolicy = Field(VerificationPolicy(), description="How accounts are verified.")
    domains: dict[str, Domain] = Field({}, description="What is known about sending domains.")
    guards: Guards = Field(Guards(), description="What refuses an unsafe plan, and the exceptions to it.")
    environments: Annotated[dict[str, Any], Field(max_length=0)] = Field({}, description="Reserved; must be empty.")
