"""What a plan is made under: the project's rules, the flags, the date, and what was read of the secrets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from reconciler.diagnostics import Diagnostic
    from reconciler.model.project import Project
    from reconciler.rules.accounts.platform import PlatformServer


@dataclass(frozen=True, kw_only=True)
class SecretReadings:
    """What was learned of the secrets: keyed fingerprints by reference, and why others could not be read."""

    key_id: str | None = None
    """The id of the fingerprint key at hand; None without one."""
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    unreadable: Mapping[str, Diagnostic] = field(default_factory=dict)
    were_read: bool = True
    """False for a plan at depth offline: nothing was read on purpose."""
    are_withheld: bool = False
    """Nothing was read because the project file is not trusted, so no account may be verified with a secret."""
    passed_over: frozenset[str] = frozenset()
    """The references that a command each would have to be run for, and no change needs."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The rules and circumstances of one plan."""

    project: Project
    today: date
    targets: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    allow_deletes: int | None = None
    holds_failing: bool = False
    secrets: SecretReadings = SecretReadings()
    platform: PlatformServer | None = None
    """The platform's server; None where the project file declares none."""
    manifests_folder_exists: bool = True
    tracked_state_files: tuple[str, ...] = ()
