"""``import``: settings of other programs become manifests; nothing is applied, and the next plan shows it.

First everything is read and drafted, then asked about at the servers where that is wanted, then validated as it will
stand; only then secrets and manifests are written. What is declared already is left alone.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName
from reconciler.diagnostics import Diagnostic, Location, grouped, note, sort_key, warning
from reconciler.errors import InvalidInput
from reconciler.manifests import read_ca_files
from reconciler.manifests.editing import FileEdit, addition, search, write_edit
from reconciler.model.adoption.found import Security
from reconciler.operations.accounts.add import schema_line
from reconciler.operations.accounts.edit import folder_of, new_problems, recorded_accounts
from reconciler.operations.adoption.certificates import copied, placed_files
from reconciler.operations.adoption.check import SettingsToCheck, try_ways, workspace_of_nothing
from reconciler.operations.adoption.keeping import keep_secrets, require_writable
from reconciler.operations.adoption.sources import read_source
from reconciler.operations.manifests import read_desired
from reconciler.rules.adoption.drafts import Present, draft_manifests
from reconciler.rules.adoption.ways import ways_to_try
from reconciler.yamlsource.writing import to_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reconciler.model.adoption.adopted import Adoption, NewDocument, NewSecret, Taken
    from reconciler.model.adoption.found import FoundAccount
    from reconciler.operations.adoption.keeping import SecretsPlace
    from reconciler.operations.adoption.sources import AskedSource
    from reconciler.operations.workspace import Workspace
    from reconciler.rules.adoption.ways import Way

_COMMENT = "encryption:"


class Imported(FrozenByName):
    """What an import did."""

    adoption: Adoption
    files: tuple[str, ...]
    """The files that were made, relative to the project folder."""
    store: SecretsPlace
    problems: tuple[Diagnostic, ...]
    """Everything that is to be told, in the order of the sources."""

    @property
    def to_set(self) -> tuple[NewSecret, ...]:
        """The secrets that somebody has to provide: all of them as variables, or else those that the source lacks."""
        if self.store.kind == "env":
            return self.adoption.secrets
        return tuple(each for each in self.adoption.secrets if each.value is None)


def import_sources(
    workspace: Workspace, sources: Sequence[AskedSource], *, store: SecretsPlace, probes: bool
) -> Imported:
    """Write manifests for the accounts of the sources, and their secrets to where they are to be.

    Raises ``InvalidInput`` where a source cannot be read at all, where what comes of it would not be valid, and where
    the secrets cannot be written; nothing is written then.
    """
    taken: list[Taken] = []
    problems: list[Diagnostic] = []
    for each in sources:
        found, told = read_source(each)
        taken += found
        detail = "It holds no account that sends mail. If it should, say what kind of source it is with --from KIND."
        problems += told or ([] if found else [warning("accountNotTaken", detail, location=Location(each.shown))])
    if probes:
        taken, told = _probed(taken, workspace)
        problems += told
    placed = placed_files(taken, workspace)
    adoption = draft_manifests(placed.taken, _present(workspace), source=store.source)
    require_writable(store, adoption.secrets)
    edits = _edits(adoption.drafts, workspace)
    with copied(placed.copies, adoption.drafts, workspace) as copies:
        errors, remarks = new_problems(workspace, *edits)
        if errors:
            raise InvalidInput([_not_written(each, edits) for each in errors])
        keep_secrets(store, adoption.secrets)
        for edit in edits:
            write_edit(edit)
    told = [*problems, *adoption.remarks, *(each for each in remarks if each.code not in _EXPECTED)]
    return Imported(
        adoption=adoption,
        files=(*copies, *(edit.file for edit in edits)),
        store=store,
        problems=grouped(sorted(told, key=sort_key)),
    )


_EXPECTED = frozenset({"unusedServer"})
"""What is told in other words: a server without accounts."""


def _not_written(problem: Diagnostic, edits: Iterable[FileEdit]) -> Diagnostic:
    """Return a problem of a new document without its place, which is in no file: nothing was written."""
    if problem.location is None or problem.location.file not in {edit.file for edit in edits}:
        return problem
    return replace(problem, detail=f"{problem.detail} Nothing was written.", location=None)


def _present(workspace: Workspace) -> Present:
    folder = folder_of(workspace)
    searched = search(folder, root=workspace.root)
    if searched.problems:
        raise InvalidInput(searched.problems)
    desired = read_desired(workspace)
    specs = {name: each.value.get("spec") for name, each in searched.documents.items() if each.kind == "MailServer"}
    recorded = recorded_accounts(workspace) or {}
    return Present(
        accounts=desired.accounts,
        servers={name: spec for name, spec in specs.items() if isinstance(spec, dict)},
        names=frozenset({*searched.documents, *recorded}),
        references=desired.secrets
        | frozenset(each.secret for account in recorded.values() for each in account.secret_routes),
        rules=workspace.project.secrets,
        files=frozenset(path.name for path in folder.glob("*.y*ml")) if folder.is_dir() else frozenset(),
    )


def _edits(drafts: Sequence[NewDocument], workspace: Workspace) -> list[FileEdit]:
    """Return the new files, documents of one file in the order in which they were drafted."""
    folder = folder_of(workspace)
    by_file: dict[str, list[NewDocument]] = defaultdict(list)
    for draft in drafts:
        by_file[draft.file].append(draft)
    edits = []
    for file, together in by_file.items():
        path = folder / file
        text = "---\n".join(_text_of(draft) for draft in together)
        edits.append(addition(path, schema_line(path, workspace.root) + text, folder=folder, root=workspace.root))
    return edits


def _text_of(draft: NewDocument) -> str:
    """Return a document as text, with what is to be known of its encryption above that line."""
    lines = []
    for line in to_yaml(draft.document).splitlines(keepends=True):
        if draft.doubt and line.lstrip().startswith(_COMMENT):
            lines.append(f"{line[: len(line) - len(line.lstrip())]}# {draft.doubt}\n")
        lines.append(line)
    return "".join(lines)


def _probed(taken: Sequence[Taken], workspace: Workspace) -> tuple[list[Taken], list[Diagnostic]]:
    """Return the accounts with what their servers say where the source is not sure, and what is to be told of it."""
    unsure = [each for each in taken if each.found.host and each.found.security.certainty != "certain"]
    answers: dict[tuple[str, int | None], Way | None] = {}
    nothing = workspace_of_nothing(workspace.root, environ=workspace.environ, now=workspace.now)
    for each in unsure:
        place = (each.found.host or "", each.found.port)
        if place not in answers:
            answers[place] = _spoken(each.found, nothing)
    told = [_told(place, way) for place, way in answers.items()]
    return [_with_answer(each, answers) if each in unsure else each for each in taken], told


def _spoken(found: FoundAccount, workspace: Workspace) -> Way | None:
    """Return the safest way that a server speaks: on the port that the source names, else on the usual ones."""
    ways = ways_to_try(found.port, None)
    folder, private_ca = workspace.root, None
    if found.ca_file is not None and read_ca_files([Path(found.ca_file).name], root=Path(found.ca_file).parent)[0]:
        folder, private_ca = Path(found.ca_file).parent, Path(found.ca_file).name
    found = replace(
        found, username=None, has_login=False, email=None, ca_file=private_ca, client_certificate=None, client_key=None
    )
    verifications = try_ways(
        SettingsToCheck(name="probe", found=found, reference={}), ways, replace(workspace, root=folder)
    )
    return next((way for way in ways if verifications[way].status == "passed"), None)


def _with_answer(taken: Taken, answers: Mapping[tuple[str, int | None], Way | None]) -> Taken:
    way = answers[taken.found.host or "", taken.found.port]
    if way is None:
        return taken
    found = replace(taken.found, port=way.port, security=Security(encryption=way.encryption))
    return replace(taken, found=found)


def _told(place: tuple[str, int | None], way: Way | None) -> Diagnostic:
    host = place[0] if place[1] is None else f"{place[0]}:{place[1]}"
    if way is None:
        detail = f"{host} was asked, and speaks neither TLS from the first byte nor STARTTLS as far as could be found out; the manifest has what the source says."
        return note("settingProbed", detail, subject=place[0])
    detail = f"{host} was asked, and speaks {way.encryption} on port {way.port}; the manifest has that."
    return note("settingProbed", detail, subject=place[0])
