"""What every change of a plan will be recorded with, once its evidence is settled."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, warning
from reconciler.model.accounts.recorded import RecordedVerification
from reconciler.rules.verification.failures import failure_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.plan import PreparedAccount
    from reconciler.model.secrets.routes import SecretRoute
    from reconciler.model.verification.evidence import Evidence, Verification


def named_secrets(account: PreparedAccount) -> frozenset[str]:
    """Return the references of an account's secrets."""
    return frozenset(each.secret for each in account.secret_routes)


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What one change will be recorded with."""

    prepared: PreparedAccount
    verification: RecordedVerification | None
    """None: the settings did not change, so what is recorded stays."""
    evidence: Evidence | None


def proven(account: PreparedAccount, evidence: Evidence | None) -> Proof:
    """Return the proof that evidence gives, which callers have in hand."""
    assert evidence is not None  # noqa: S101 - callers have it in hand
    found = evidence.verification
    outcome = found.status if found.status in {"passed", "skipped"} else "failed"
    reason = None if outcome == "passed" else failure_of(found)
    return Proof(
        prepared=account,
        verification=RecordedVerification(
            outcome=outcome, checked_at=found.checked_at, depth=found.depth, reason=reason
        ),
        evidence=evidence,
    )


def unproven(account: PreparedAccount, failure: Verification) -> Proof:
    """Return the proof of an account that could not be verified at all: it fails, and there is no evidence of it."""
    return Proof(
        prepared=account,
        verification=RecordedVerification(outcome="failed", reason=failure_of(failure)),
        evidence=None,
    )


@dataclass(frozen=True, kw_only=True)
class Proofs:
    """The proof of every change that will be recorded, and the changes that are held instead."""

    by_name: Mapping[str, Proof]
    held: Mapping[str, Diagnostic] = field(default_factory=dict)
    fingerprint_key_id: str | None = None
    platform_routes: tuple[SecretRoute, ...] = ()
    """Where the platform's own secrets travelled."""
    grants_used: tuple[str, ...] = ()
    """The grants that routes needed, judged by the values read here."""

    @property
    def not_compared(self) -> dict[str, tuple[str, ...]]:
        """The secrets, by account, whose values nobody has read: whether they are known otherwise is open."""
        return {
            name: missing
            for name, proof in self.by_name.items()
            if (missing := tuple(sorted(named_secrets(proof.prepared) - proof.prepared.fingerprints.keys())))
        }


def uncompared_secrets(proofs: Proofs) -> tuple[Diagnostic, ...]:
    """Return a warning for each account that is recorded with secrets whose values nobody has read."""
    return tuple(
        warning(
            "secretsNotCompared",
            f"{', '.join(secrets)} of {name} was not read, so it was not compared with the secrets that state knows. "
            "That is done when the value is first read, before it is sent anywhere.",
            subject=name,
        )
        for name, secrets in sorted(proofs.not_compared.items())
    )
