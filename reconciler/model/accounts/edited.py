"""What an edit of the manifests did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from reconciler.classes import FrozenByName

if TYPE_CHECKING:
    from reconciler.diagnostics import Diagnostic


class Edited(FrozenByName):
    """What was changed in the manifests, and what is worth knowing about it."""

    action: Literal["add", "delete", "rename"]
    name: str
    kind: str
    file: str
    """The file that was changed, relative to the project folder."""
    is_whole_file: bool
    """True where the file was made or removed with the account."""
    previous_name: str | None = None
    """The previous name that the manifest has now; None without one."""
    renamed_from: str | None = None
    overlays: tuple[str, ...] = ()
    """The files of overlays that were changed with it."""
    plan_target: str | None = None
    """The account whose plan shows the edit; None where state has nothing that would change."""
    needs_environment: bool = False
    """Whether the plan has to be told of which environment it is to be."""
    secrets: tuple[str, ...] = ()
    """The references of the secrets that a new account names."""
    remarks: tuple[Diagnostic, ...] = ()


class AddedAccounts(FrozenByName):
    """What was added to the manifests from a table."""

    names: tuple[str, ...]
    files: tuple[str, ...]
    """The files that were made, relative to the project folder."""
    secrets: tuple[str, ...]
    """The references of the secrets that the new accounts name."""
    remarks: tuple[Diagnostic, ...] = ()
