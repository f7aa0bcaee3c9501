"""What a plan is made under, and what it is applied by: the project's rules, the flags, the date, what was read."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName
from reconciler.model.accounts.rest import NOBODY, Rest
from reconciler.model.secrets.reading import SecretsRead

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from reconciler.model.accounts.platform import PlatformServer
    from reconciler.model.journal.entries import Provenance
    from reconciler.model.plan import SavedPlan
    from reconciler.model.project import Project
    from reconciler.model.review import Review
    from reconciler.model.verification.depths import Depth


class Policy(FrozenByName):
    """The rules and circumstances of one plan."""

    project: Project
    today: date
    targets: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    allow_deletes: int | None = None
    holds_failing: bool = False
    secrets: SecretsRead = field(default_factory=SecretsRead)
    platform: PlatformServer | None = None
    """The platform's server; None where the project file declares none."""
    manifests_folder_exists: bool = True
    tracked_state_files: tuple[str, ...] = ()
    rest: Rest = NOBODY
    """The accounts that are neither among the desired nor the recorded ones here, because they stay as they are."""


class ApplyOrder(FrozenByName):
    """How to apply a plan."""

    provenance: Provenance
    depth: Depth | None = None
    """The depth to need; None: the plan's, else the project's."""
    overrides: Mapping[str, str] = field(default_factory=dict)
    accepted: Mapping[str, str] = field(default_factory=dict)
    """Accounts to take as state has them although something else altered them, each with the reason."""
    holds_failing: bool = False
    trusts_project: bool = False
    """Whoever applies says that the project file is the protected branch's."""
    reviewed: SavedPlan | Review | None = None
    """The plan that people have reviewed, or what they were shown of it: nothing is applied that it did not show."""
