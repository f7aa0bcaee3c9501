"""The project file, ``reconciler.yaml``: where manifests and state are, and what a plan may do."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from reconciler.model.base import Value
from reconciler.model.defaults import MANIFESTS, STATE
from reconciler.model.fieldrules import Rule, Ruled, sentence
from reconciler.model.grants import Secrets
from reconciler.model.later import later
from reconciler.model.platform import Operator, Platform
from reconciler.model.text.nameservers import DkimSelector, NameServer
from reconciler.model.text.types import ConsumerName, Globs, Name, Seconds, Text
from reconciler.model.verification.depths import OF_PLANS, Depth

if TYPE_CHECKING:
    from reconciler.model.consumers.settings import Consumer
    from reconciler.model.divisions import Environment, GuardException, Scope
else:
    Consumer = later("reconciler.model.consumers.settings", "Consumer")
    Environment = later("reconciler.model.divisions", "Environment")
    GuardException = later("reconciler.model.divisions", "GuardException")
    Scope = later("reconciler.model.divisions", "Scope")


class ProjectMetadata(Value):
    """What the project is called."""

    name: Name = Field(
        description="The key of everything in state, such as mail; do not change it later. Several projects may share a database."
    )


class Depths(Value):
    """How far verification goes, by occasion."""

    plan: Depth = Field(OF_PLANS, description="How far reconciler plan verifies; by default envelope.")
    apply: Depth = Field(
        "message",
        description="How far an account must be verified for reconciler apply to record it; by default message.",
    )
    recorded: Depth = Field(
        "envelope", description="How far reconciler verify --recorded verifies; by default envelope."
    )


MessageMode = Literal["each", "sample", "digest"]
"""How many test messages a plan or an apply sends: one an account, one a server, or one a server and domain."""


class VerificationPolicy(Value):
    """How accounts are verified, and within which limits."""

    depth: Depths = Field(Depths(), description="How far accounts are verified, by command.")
    timeout_seconds: Seconds = Field(
        30,
        description="How long one account's conversation may take, in seconds, beside its test message, which may take three times as long; by default 30.",
    )
    message: MessageMode = Field(
        "each",
        description="How many test messages are sent: one for each account (each, the default), for each server (sample), or for each server and domain of senders, which lists its accounts (digest).",
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


class Guards(Value):
    """What refuses an unsafe plan."""

    max_deletes: MaxDeletes = Field(
        MaxDeletes(), description="How many deletions one plan may hold before it is refused."
    )
    exceptions: Annotated[tuple[GuardException, ...], Field(strict=False)] = Field(
        (), description="Exceptions to the guards, each with its last day and a reason."
    )


EnvironmentName = Annotated[
    str,
    Field(
        pattern=r"^[a-z][a-z0-9-]{0,31}$",
        json_schema_extra={
            "patternErrorMessage": "An environment's name is a lower-case letter, then a-z, 0-9 and -, at most 32."
        },
    ),
]


def _is_beside_environments(field: str) -> Rule:
    """Return the rule that a field which each environment has for itself does not stand at the top beside them."""
    words = f"has {field} beside environments, each of which has its own; move it to the environment that it belongs to"
    return Rule(
        code="contradiction",
        words=words,
        holds=lambda project: not project.environments or field not in project.model_fields_set,
        schemas=(
            {
                "if": {
                    "type": "object",
                    "required": ["environments"],
                    "properties": {"environments": {"minProperties": 1}},
                },
                "then": {
                    "properties": {
                        field: {
                            "$comment": f"contradiction: {words}",
                            "not": {},
                            "errorMessage": sentence(words),
                            "doNotSuggest": True,
                        }
                    }
                },
            },
        ),
    )


def _has_one_state_each(project: "Project") -> bool:
    states = [each.state for each in project.environments.values()]
    return len(states) == len(set(states))


class Project(Ruled):
    """A project: its manifests, its state, its rules."""

    api_version: Literal["reconciler/v1"] = Field(description="The version of this format: reconciler/v1.")
    kind: Literal["Project"] = Field(description="What the document is: the project file.")
    metadata: ProjectMetadata = Field(description="The name under which state keeps the project.")
    manifests: Text = Field(
        MANIFESTS,
        description="The folder of the manifests, sub-folders included, relative to the project folder; by default accounts.d.",
    )
    state: Text = Field(
        STATE,
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
    scopes: Annotated[tuple[Scope, ...], Field(strict=False)] = Field(
        (),
        description="What the manifests of a folder may declare: senders, servers, secrets, and whether an owner must be named.",
    )
    consumers: dict[ConsumerName, Consumer] = Field(
        {},
        description="Programs that use what is applied, by name: mailhost here is what reconciler publish --to mailhost publishes to.",
    )
    environments: dict[EnvironmentName, Environment] = Field(
        {},
        description="Environments that share the manifests, by name, such as staging; where there are some, every command that uses state needs --env.",
    )

    rules = (
        _is_beside_environments("state"),
        _is_beside_environments("consumers"),
        Rule(
            code="contradiction",
            words="has two environments with the same state; each needs one of its own",
            holds=_has_one_state_each,
        ),
        Rule(
            code="contradiction",
            words="has more than one environment with adopted: true; one state was there before the environments",
            holds=lambda project: sum(each.adopted for each in project.environments.values()) <= 1,
        ),
        Rule(
            code="contradiction",
            words="has an overlay folder within the manifests folder or within another overlay, or the reverse; put them beside each other",
            holds=lambda project: not nested_overlays(project),
        ),
    )


def nested_overlays(project: Project) -> list[str]:
    """Return the environments whose overlay folder lies within the manifests or another overlay, or holds one of them."""
    folders = {name: _steps(each.overlay) for name, each in project.environments.items() if each.overlay is not None}
    manifests = _steps(project.manifests)
    return sorted(
        name
        for name, steps in folders.items()
        for other in (manifests, *(each for key, each in folders.items() if key != name and each != steps))
        if steps[: len(other)] == other or other[: len(steps)] == steps
    )


def _steps(folder: str) -> tuple[str, ...]:
    return tuple(step for step in folder.split("/") if step not in {"", "."})
