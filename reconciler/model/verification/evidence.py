"""What a verification found: depths, checks in their order, and evidence with time, depth and settings digest."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from reconciler.classes import FrozenByName, dataclass
from reconciler.model.base import SLOTTED, Value
from reconciler.model.verification.depths import Depth, reaches

CheckName = Literal[
    "dns", "proxy", "connect", "greeting", "tls", "auth", "sender", "recipient", "message",
    "spf", "dkim", "dmarc", "mx", "replyTo", "spfServer", "mtaSts", "tlsRpt", "dane",
]  # fmt: skip
CONVERSATION: tuple[CheckName, ...] = (
    "dns", "proxy", "connect", "greeting", "tls", "auth", "sender", "recipient", "message",
)  # fmt: skip
DOMAIN_CHECKS: tuple[CheckName, ...] = (
    "spf", "dkim", "dmarc", "mx", "replyTo", "spfServer", "mtaSts", "tlsRpt", "dane",
)  # fmt: skip
ADVISORY: frozenset[CheckName] = frozenset({"spfServer", "mtaSts", "tlsRpt", "dane"})
"""Domain checks that never fail an account, whatever is enforced: they speak of what others may do with its mail."""

_REACHED_AT: dict[CheckName, Depth] = {
    "dns": "connect",
    "proxy": "connect",
    "connect": "connect",
    "greeting": "connect",
    "tls": "connect",
    "auth": "auth",
    "sender": "envelope",
    "recipient": "envelope",
    "message": "message",
    "spf": "connect",
    "dkim": "connect",
    "dmarc": "connect",
    "mx": "connect",
    "replyTo": "connect",
    "spfServer": "connect",
    "mtaSts": "connect",
    "tlsRpt": "connect",
    "dane": "connect",
}

CheckStatus = Literal["passed", "warned", "failed", "skipped"]
FailureClass = Literal["permanent", "transient"]
SkipCode = Literal[
    "notDeclared",
    "beyondDepth",
    "earlierFailure",
    "withheld",
    "serverDown",
    "unknownDestination",
    "deadline",
    "notAllowed",
    "represented",
]
VerificationStatus = Literal["passed", "failed", "skipped", "withheld", "unchanged"]

Instant = Annotated[datetime, Field(strict=False)]
"""A moment in UTC, written as ISO 8601 with Z."""


def is_within(check: CheckName, depth: Depth) -> bool:
    """Tell whether a check is made at this depth."""
    return reaches(depth, _REACHED_AT[check])


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One step of verification: what was seen and what to do about it."""

    __pydantic_config__: ClassVar[ConfigDict] = SLOTTED

    check: Annotated[CheckName, Field(description="The step.")]
    status: Annotated[CheckStatus, Field(description="passed, warned, failed or skipped.")]
    class_: Annotated[
        FailureClass | None,
        Field(
            validation_alias="class",
            serialization_alias="class",
            description="permanent or transient for a failure; null otherwise.",
        ),
    ] = None
    code: Annotated[str, Field(description="Stable code; ok where nothing is wrong; for a skipped check the reason.")]
    message: Annotated[str, Field(description="One sentence for people; for a failure with what to do.")]
    seconds: Annotated[float, Field(description="How long the step took, in seconds.")] = 0.0


class Verification(Value):
    """The outcome of verifying one account."""

    status: VerificationStatus = Field(description="passed, failed, skipped, withheld or unchanged.")
    depth: Depth | None = Field(None, description="How far the verification went; null where none was made.")
    checked_at: Instant | None = Field(None, description="When; null where none was made.")
    checks: Annotated[tuple[Check, ...], Field(strict=False)] = Field((), description="The steps in their order.")


class Observed(Value):
    """What a conversation learned about the server, beside the checks' outcomes."""

    tls_version: str | None = Field(None, description="The TLS version negotiated, such as TLSv1.3.")
    tls_cipher: str | None = Field(None, description="The cipher suite negotiated.")
    certificate_fingerprint: str | None = Field(None, description="SHA-256 of the server's certificate, hexadecimal.")
    certificate_key_fingerprint: str | None = Field(
        None, description="SHA-256 of the SubjectPublicKeyInfo of the server's certificate, hexadecimal."
    )
    certificate_not_after: Instant | None = Field(None, description="When the certificate ends.")
    mechanism: str | None = Field(None, description="The SASL mechanism used.")
    queue_id: str | None = Field(None, description="The server's words on accepting the test message.")


class Evidence(Value):
    """A verification bound to the settings that it verified."""

    settings_digest: str = Field(description="Digest of the settings verified.")
    verification: Verification = Field(description="What was found.")
    observed: Observed = Field(Observed.of_fields(), description="What was learned about the server.")


UNCHANGED = Verification.of_fields(status="unchanged")
"""For a change that needs no evidence."""


def status_of(checks: tuple[Check, ...]) -> VerificationStatus:
    """Return the outcome that checks amount to: withheld before failed before passed; nothing done is skipped.

    A check skipped because the server was down, unknown or out of time counts as failed.
    """
    if any(check.status == "skipped" and check.code == "withheld" for check in checks):
        return "withheld"
    if any(check.status == "failed" or check.code in _COUNT_AS_FAILED for check in checks):
        return "failed"
    if any(check.status in {"passed", "warned"} and check.check in CONVERSATION for check in checks):
        return "passed"
    return "skipped"


_COUNT_AS_FAILED = frozenset({"serverDown", "unknownDestination", "deadline"})


@lru_cache(maxsize=4096)
def skipped_check(check: CheckName, code: str, message: str) -> Check:
    """Return a check that was not made, and why: one value for all accounts for which it reads the same."""
    return Check(check=check, status="skipped", code=code, message=message)


def all_skipped(code: SkipCode, message: str, checks: Iterable[CheckName] = CONVERSATION) -> tuple[Check, ...]:
    """Return checks, by default every one of a conversation, as skipped for the same reason."""
    return tuple(skipped_check(check, code, message) for check in checks)


class Gathered(FrozenByName):
    """Evidence for every account, by name, and for which of them an earlier run's was taken."""

    evidence: Mapping[str, Evidence]
    reused: frozenset[str] = frozenset()

    @property
    def fresh(self) -> tuple[Evidence, ...]:
        """What this run gathered itself."""
        return tuple(found for name, found in self.evidence.items() if name not in self.reused)
