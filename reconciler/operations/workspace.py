"""What every operation works in: the project, where its files and state are, the clock and the environment."""

from __future__ import annotations

import contextlib
import os
from dataclasses import field, replace
from functools import cached_property, wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from pydantic.alias_generators import to_camel

from reconciler.characters import SHOWN_WORD, one_line
from reconciler.classes import FrozenByName
from reconciler.diagnostics import enumerated, error, note
from reconciler.errors import GuardRefused, InvalidInput, ReconcilerError, RowUnreadable, StateMissing
from reconciler.model.grants import ScopedSecret
from reconciler.model.text.projectkeys import split_key
from reconciler.operations.place import Place
from reconciler.operations.whereabouts import PROJECT_FILE
from reconciler.provenance import repository_of, tracked_files
from reconciler.rules.secrets.grants import untrusted_project
from reconciler.secrets import (
    KEY_FILE,
    STATE_FOLDER,
    OwnFiles,
    has_next_key,
    load_fingerprint_key,
    load_plan_key,
    settle_next_key,
)
from reconciler.store import is_postgres, sqlite_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from reconciler.diagnostics import Diagnostic, Location
    from reconciler.model.accounts.located import Locator
    from reconciler.model.divisions import Environment
    from reconciler.model.project import Project
    from reconciler.model.secrets.values import FingerprintKey
    from reconciler.operations.place import Namer
    from reconciler.secrets import SecretReader
    from reconciler.store import Store

P = ParamSpec("P")
T = TypeVar("T")


class Workspace(FrozenByName):
    """A project as one command sees it."""

    root: Path
    """The project folder: manifests, private CAs and secret files lie below it."""
    project_file: Path
    project: Project
    """As it stands in the environment, where one is chosen."""
    state_url: str = field(repr=False)
    operator: str | None
    """Who receives test messages."""
    environ: Mapping[str, str] = field(repr=False)
    now: Callable[[], datetime]
    """The time, in UTC."""
    is_project_trusted: bool = True
    """False, in CI or where the environment says so, for a project file that a pull request can change.

    No secret is read by its word.
    """
    places: Locator | None = None
    """Where each part of the project file is written."""
    state_named_by: Namer = "project"
    """--state, or else RECONCILER_STATE, or else the project file."""
    is_state_trusted: bool = True
    """False where such a file names the server of the state: no password is offered to it."""
    environment: str | None = None
    """The environment that was chosen; None: the project has none, or the command needs none."""
    declared: Project | None = None
    """The project as its file has it, with all its environments; None: as ``project``."""

    @property
    def environments(self) -> tuple[str, ...]:
        """The names of the project's environments."""
        return tuple(sorted(self.declared.environments)) if self.declared is not None else ()

    @property
    def overlay(self) -> str | None:
        """The folder of the documents that change manifests in the environment; None where there is none."""
        own = self._own
        return own.overlay if own is not None else None

    @property
    def _own(self) -> Environment | None:
        if self.declared is None or self.environment is None:
            return None
        return self.declared.environments[self.environment]

    env_file: Path | None = None
    """The file that --env-file names."""
    file_variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What is in it, for secrets alone; the environment's own go before."""

    def with_env_file(self, path: Path) -> Workspace:
        """Return the workspace with the variables of a file beside those of the environment, for secrets alone.

        Raises ``InvalidInput`` for a file that cannot be used, or that git tracks.
        """
        from reconciler.secrets.envfile import read_env_file

        return replace(self, env_file=path, file_variables=read_env_file(path, is_tracked=self._is_in_git))

    def place_of(self, *path: str) -> Location | None:
        """Return where a part of the project file is written, else where what holds it is."""
        if self.places is None:
            return None
        return self.places.value_at(("environments", str(self.environment), *path) if self._is_own(path) else path)

    def _is_own(self, path: Sequence[str]) -> bool:
        """Tell whether the environment has a part of the project file in place of the project's."""
        own = self._own
        if own is None or path[0] not in own.model_fields_set:
            return False
        fields = own.secrets.model_fields_set if own.secrets is not None else set()
        return path[0] != "secrets" or len(path) == 1 or path[1] in {to_camel(name) for name in fields}

    def require_environment(self, asked: str | None = None) -> None:
        """Raise ``InvalidInput`` where the project has environments and none was chosen.

        Of a state without its project file it raises ``GuardRefused`` where the one that was ``asked`` for is another.
        """
        if self.environments and self.environment is None:
            detail = (
                f"The project has the environments {enumerated(self.environments)}, each with a state of its own, and it was not said which "
                "is meant. There is no default, so that nobody takes one for the other. Name it before the command:\n"
                "    reconciler --env NAME COMMAND"
            )
            raise InvalidInput(error("environmentMissing", detail))
        recorded = split_key(self.project.metadata.name)[1]
        if self.declared is None and asked is not None and asked != recorded:
            whose = f"the environment {recorded}" if recorded is not None else "no environment"
            detail = f"The state is of {whose}, and {one_line(asked, limit=SHOWN_WORD)} was chosen by --env. Nothing was done."
            raise GuardRefused(error("environmentMismatch", detail))

    def within(self, environment: str) -> Workspace:
        """Return the workspace of another of the project's environments, for what needs no state."""
        from reconciler.model.environments import in_environment

        declared = self.declared or self.project
        return replace(self, environment=environment, project=in_environment(declared, environment))

    def open_store(self) -> Store:
        """Open the state; raise ``StateMissing`` where there is none."""
        from reconciler.store import open_store

        return open_store(self.trusted_state_url(), base=self.project_file.parent, project=self.project.metadata.name)

    def state_remark(self) -> Diagnostic | None:
        """Return a note where RECONCILER_STATE names another state than the one of the project file; None otherwise.

        A project file that names none has one if there is a file in the usual place.
        """
        base, stated = self.project_file.parent, self.project.state
        if self.state_named_by != "variable" or self.state_url == stated:
            return None
        used, own = _path_of(self.state_url, base), _path_of(stated, base)
        is_stated = "state" in self.project.model_fields_set or (own is not None and os.path.exists(own))  # noqa: PTH110 - raises not
        if not is_stated or (own is not None and used == own):
            return None
        detail = (
            f"The variable RECONCILER_STATE names the state, {_kind_of(self.state_url)}. The project file's own, "
            f"{_kind_of(stated)}, is another one, and is neither read nor written here. If that is not meant, unset the "
            "variable, or write the same address into the project file."
        )
        return note("stateFromVariable", detail)

    def trusted_state_url(self) -> str:
        """Return the address of the state; raise ``GuardRefused`` where a pull request may have chosen the server.

        Raises ``InvalidInput`` where the project has environments and none was chosen.
        """
        self.require_environment()
        if not self.is_state_trusted:
            detail = (
                "In CI, and where RECONCILER_TRUST_PROJECT=never is set, it does not count which server for the state a project "
                "file in the checkout names: a pull request can change it. That server would be given the database's password, so it was not contacted. Name the state "
                "where a pull request cannot, in the pipeline's variables:\n    RECONCILER_STATE=postgresql://HOST/DATABASE\n"
                "Or name it with --state. In a job that only the protected branch can start, and where that variable is not set, "
                "commands that read secrets also take\n"
                "    --trust-project"
            )
            raise GuardRefused(error("projectNotTrusted", detail))
        return self.state_url

    @property
    def place(self) -> Place:
        """Where its files are, and what of them is trusted."""
        return Place(
            project=self.project.metadata.name,
            root=self.root,
            project_file=self.project_file,
            manifests=self.root / self.project.manifests,
            overlay=self.root / self.overlay if self.overlay is not None else None,
            environment=self.environment,
            state_url=self.state_url,
            state_named_by=self.state_named_by,
            operator=self.operator,
            now=self.now,
            is_project_trusted=self.is_project_trusted,
            is_state_trusted=self.is_state_trusted,
        )

    @property
    def state_file(self) -> Path | None:
        """The SQLite file of the state; None for another kind of database."""
        return sqlite_path(self.state_url, base=self.project_file.parent)

    @cached_property
    def _reader(self) -> SecretReader:
        rules = self.project.secrets
        allowed = [entry if isinstance(entry, str) else entry.secret for entry in rules.allow]
        from reconciler.secrets import SecretReader

        return SecretReader(
            self.root,
            {**self.file_variables, **self.environ},
            allowed=allowed,
            sources=rules.sources,
            is_tracked=self._is_in_git,
            checkout=repository_of(self.root) or self.root.resolve(),
            own=self._own_files(),
            has_scopes=any(
                isinstance(each, ScopedSecret) and not each.secret.startswith("env:") for each in rules.allow
            ),
            own_keys=self._own_keys,
        )

    def _own_keys(self) -> Iterator[bytes]:
        from reconciler.secrets.ownkeys import own_secrets

        key = None
        with contextlib.suppress(ReconcilerError):  # told by what needs the key
            key = self.fingerprint_key(self._reader)
        return own_secrets(self.environ, key)

    def _own_files(self) -> OwnFiles:
        """Return the files that no manifest may name: state, keys, sources of many secrets, project file.

        Those of all environments: what one of them keeps is not another's to read.
        """
        views = [self.project, *(self.within(each).project for each in self.environments if each != self.environment)]
        rules = [each.secrets for each in views]
        named = [source.file for each in rules for source in each.sources.values() if source.file is not None]
        keys = [each.fingerprint_key for each in rules if each.fingerprint_key is not None]
        named += [key["file"] for key in keys if "file" in key]
        folders = {place / STATE_FOLDER for place in (self.root, self.project_file.parent)}
        state_files: list[Path] = []
        for address in (self.state_url, *(each.state for each in views[1:])):
            with contextlib.suppress(InvalidInput):  # an address of no state is told by what opens it
                if (state_file := sqlite_path(address, base=self.project_file.parent)) is None:
                    continue
                # No manifest could name anything in a folder that holds the project, so there only the files are kept.
                if self.root.resolve().is_relative_to(state_file.parent.resolve()):
                    state_files += [state_file, state_file.with_name(KEY_FILE)]
                else:
                    folders.add(state_file.parent)
        return OwnFiles(
            files=(
                self.project_file,
                self.root / PROJECT_FILE,
                *(self.root / each for each in named),
                *((self.env_file,) if self.env_file is not None else ()),
            ),
            state_folders=tuple(sorted(folders)),
            state_files=tuple(state_files),
        )

    @cached_property
    def _tracked(self) -> dict[Path, tuple[str, ...]]:
        """Return what git tracks, by folder, as far as it was asked."""
        return {}

    def _is_in_git(self, path: Path) -> bool:
        folder = path.parent
        if folder not in self._tracked:
            self._tracked[folder] = tracked_files(folder, folder, environ=self.environ)
        return path.name in self._tracked[folder]

    def secret_reader(self) -> SecretReader:
        """Return the reader of secrets, the same for the whole run, so that each is read once."""
        return self._reader

    def fingerprint_key(self, reader: SecretReader) -> FingerprintKey | None:
        """Return the key of fingerprints, None where there is none.

        Raises ``GuardRefused`` for a key that a project file names which is not trusted: it could name a command.
        """
        named = self.project.secrets.fingerprint_key
        if named is not None and not self.is_project_trusted:
            raise GuardRefused(untrusted_project(()))
        state_file = self.state_file
        if named is None and state_file is not None and has_next_key(state_file):
            self._finish_rekey(state_file)
        return load_fingerprint_key(reader, named, state_file=state_file)

    def _finish_rekey(self, state_file: Path) -> None:
        """Put the next key in the place of the present one, where a rekey wrote state with it and was stopped before the exchange."""
        try:
            with self.open_store() as store:
                key_id = store.read_state().fingerprint_key_id
        except StateMissing:
            return
        settle_next_key(state_file, key_id)

    def plan_key(self) -> FingerprintKey | None:
        """Return the key that plans are sealed with in place of that of fingerprints; None where none is set."""
        return load_plan_key(self.environ)

    def keyless_seal_key(self) -> FingerprintKey | None:
        """Return the key that seals a plan which reads no secret: the plan key, else the file beside the state."""
        if self.project.secrets.fingerprint_key is not None:
            return self.plan_key()
        return self.plan_key() or self.fingerprint_key(self.secret_reader())


def refusing_altered_rows(operation: Callable[P, T]) -> Callable[P, T]:
    """Return an operation that writes, which refuses an account whose row cannot be read as one that was altered.

    reconciler writes no such row, so where the journal has recorded another one the refusal is a guard's. The operation
    has a workspace among its positional arguments.
    """

    @wraps(operation)
    def refusing(*words: P.args, **named: P.kwargs) -> T:
        try:
            return operation(*words, **named)
        except RowUnreadable as failure:
            names = {each.subject for each in failure.diagnostics if each.subject is not None}
            workspace = next(each for each in words if isinstance(each, Workspace))
            with workspace.open_store() as store:
                altered = store.alterations(names)
            if not altered:
                raise
            raise GuardRefused([each.problem for each in altered]) from None

    return refusing


def _path_of(url: str, base: Path) -> Path | None:
    """Return the file of a SQLite address, links resolved; None for another address, and for one that is none."""
    try:
        path = sqlite_path(url, base=base)
    except InvalidInput:
        return None
    return path.resolve() if path is not None else None


def _kind_of(url: str) -> str:
    """Return what kind of state an address names, and of a file which; never what may hold a password."""
    if is_postgres(url):
        return "one in PostgreSQL"
    return "a file" if url.startswith("sqlite:") else "of an unknown kind"
