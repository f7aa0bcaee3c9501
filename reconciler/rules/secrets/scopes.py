"""Scopes: folders with rules of their own in ``scopes`` or ``secrets.allow``, and accounts that move between them.

The premise: whoever may write one client's folder must not take over another client's account by declaring it there,
under its name or as its ``previousName``. Where the project file has no such rule there is one scope for all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.diagnostics import error
from reconciler.model.grants import ScopedSecret
from reconciler.model.text.globs import matches

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.diagnostics import Diagnostic
    from reconciler.model.accounts.located import LocatedManifest
    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.model.plan import FieldChange
    from reconciler.model.project import Project
MANIFEST = "manifest"
"""The path under which a move to another scope is shown among the fields of a change."""


def is_in_scope(manifest: str, glob: str) -> bool:
    """Tell whether a rule for the manifests of a glob is one for this manifest.

    Only a rule for all manifests is one for an account that no manifest vouches for, whose manifest is empty: ``**`` is,
    ``*`` and ``**/`` are not, although they match the empty text.

    >>> is_in_scope("accounts.d/eu/sales.yaml", "accounts.d/eu/**")
    True
    >>> is_in_scope("accounts.d/us/sales.yaml", "accounts.d/eu/**")
    False
    """
    return matches(glob, manifest) if manifest else matches(glob, "") and matches(glob, "a/a")


def scopes_of(manifest: str, project: Project) -> frozenset[str]:
    """Return the globs of scopes that cover a manifest: what tells one client's folder from another's.

    >>> from reconciler.model.project import Project
    >>> said = {"metadata": {"name": "mail"}, "scopes": [{"manifests": "eu/**"}, {"manifests": "us/**"}]}
    >>> project = Project.model_validate({"apiVersion": "reconciler/v1", "kind": "Project", **said})
    >>> scopes_of("eu/sales.yaml", project), scopes_of("sales.yaml", project)
    (frozenset({'eu/**'}), frozenset())
    """
    return frozenset(glob for glob in _globs(project) if matches(glob, manifest))


def _globs(project: Project) -> frozenset[str]:
    allowed = (entry.manifests for entry in project.secrets.allow if isinstance(entry, ScopedSecret))
    return frozenset({*allowed, *(scope.manifests for scope in project.scopes)})


def is_moved(before: RecordedAccount, manifest: str, project: Project) -> bool:
    """Tell whether an account would be recorded from a manifest of another scope than it was; unknown counts as no."""
    if before.manifest is None or not manifest:
        return False
    return scopes_of(before.manifest, project) != scopes_of(manifest, project)


def move_field(before: RecordedAccount, manifest: str, project: Project) -> tuple[FieldChange, ...]:
    """Return what shows a move to another scope; nothing for an account that stays in its own."""
    from reconciler.model.plan import FieldChange

    if not is_moved(before, manifest, project):
        return ()
    return (FieldChange(path=MANIFEST, before=before.manifest, after=manifest),)


def refused_places(manifests: Iterable[LocatedManifest], project: Project) -> list[Diagnostic]:
    """Refuse a manifest that is a link, or that an overlay changes, between places with different rights.

    Whoever writes the file that is linked, or the overlay, would else have the rights of the other place, or the reverse.
    """
    globs = {
        *_globs(project),
        *(grant.manifests for grant in project.secrets.grants if grant.manifests is not None),
    }
    return [refused for each in manifests if (refused := _refused_place(each, globs)) is not None]


def _refused_place(located: LocatedManifest, globs: Iterable[str]) -> Diagnostic | None:
    """Refuse the first link, of the manifest or its overlay, that leads to other rights, else the overlay itself."""

    def differ(files: Iterable[str]) -> bool:
        return any(len({matches(glob, file) for file in files}) > 1 for glob in globs)

    overlay, name = located.overlay, located.manifest.metadata.name
    links = [(located.file, located.real_file, located.locator.value_at(()))]
    links += [(overlay.file, overlay.real_file, overlay.location)] if overlay is not None else []
    for file, real_file, location in links:
        if real_file is not None and differ((file, real_file)):
            detail = (
                f"{file} is a link to {real_file}, and the project file gives these two places different scopes, secrets "
                "or grants. So it is not told which of them the account may have. Put the file itself here."
            )
            return error("secretNotAllowed", detail, subject=name, location=location)
    if overlay is not None and differ((located.file, overlay.file)):
        detail = (
            f"{overlay.file} changes what {located.file} declares, and the project file gives these two places different "
            "scopes, secrets or grants. So it is not told which of them the account may have. Put the overlay where the "
            "same globs cover it, which may be written for both, such as **/sales/** for accounts.d/sales/ and "
            "overlays/staging/sales/."
        )
        return error("secretNotAllowed", detail, subject=name, location=overlay.location)
    return None
