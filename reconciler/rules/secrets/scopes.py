"""Scopes: the folders to which ``secrets.allow`` gives secrets of their own, and accounts that move between them.

The premise: whoever may write one client's folder must not take over another client's account by declaring it there,
under its name or as its ``previousName``. Where no entry of ``secrets.allow`` is scoped there is one scope for all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, error
from reconciler.model.plan import FieldChange
from reconciler.model.project import ScopedSecret
from reconciler.model.text.globs import matches

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.model.accounts.located import LocatedManifest
    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.model.project import Secrets
MANIFEST = "manifest"
"""The path under which a move to another scope is shown among the fields of a change."""


def scopes_of(manifest: str, secrets: Secrets) -> frozenset[str]:
    """Return the scoped globs of ``secrets.allow`` that cover a manifest: what tells one client's folder from another's."""
    globs = {entry.manifests for entry in secrets.allow if isinstance(entry, ScopedSecret)}
    return frozenset(glob for glob in globs if matches(glob, manifest))


def is_moved(before: RecordedAccount | None, manifest: str | None, secrets: Secrets) -> bool:
    """Tell whether an account would be recorded from a manifest of another scope than it was; unknown counts as no."""
    if before is None or before.manifest is None or manifest is None:
        return False
    return scopes_of(before.manifest, secrets) != scopes_of(manifest, secrets)


def move_field(before: RecordedAccount | None, manifest: str | None, secrets: Secrets) -> tuple[FieldChange, ...]:
    """Return what shows a move to another scope; nothing for an account that stays in its own."""
    if not is_moved(before, manifest, secrets):
        return ()
    assert before is not None  # noqa: S101 - what was not recorded has not moved
    return (FieldChange(path=MANIFEST, before=before.manifest, after=manifest),)


def refused_links(manifests: Iterable[LocatedManifest], secrets: Secrets) -> list[Diagnostic]:
    """Refuse a manifest that is a link between places to which the project file gives different secrets or grants.

    Whoever writes the file that is linked would else have the rights of the place where the link is, or the reverse.
    """
    globs = {
        *(entry.manifests for entry in secrets.allow if isinstance(entry, ScopedSecret)),
        *(grant.manifests for grant in secrets.grants if grant.manifests is not None),
    }
    return [
        error(
            "secretNotAllowed",
            f"{each.file} is a link to {each.real_file}, and secrets in the project file gives these two places different "
            "secrets or grants. So it is not told which of them the manifest may have. Put the manifest itself here.",
            subject=each.manifest.metadata.name,
            location=each.locator.value_at(()),
        )
        for each in manifests
        if each.real_file is not None
        and any(matches(glob, each.file) != matches(glob, each.real_file) for glob in globs)
    ]
