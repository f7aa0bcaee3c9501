"""What every operation works in: the project, where its files and state are, the clock and the environment."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Literal, ParamSpec, TypeVar

from pydantic.alias_generators import to_camel

from reconciler.characters import SHOWN_WORD, one_line
from reconciler.diagnostics import enumerated, error, note
from reconciler.diagnostics.phrasing import did_you_mean
from reconciler.errors import GuardRefused, InvalidInput, ReconcilerError, RowUnreadable, StateMissing
from reconciler.manifests import read_project
from reconciler.model.cisystems import TRUST_VARIABLE, is_ci
from reconciler.model.environments import in_environment, split_key
from reconciler.model.grants import ScopedSecret
from reconciler.model.project import Project
from reconciler.model.text.types import check_email
from reconciler.operations.spellings import require_relative
from reconciler.operations.whereabouts import PROJECT_FILE
from reconciler.provenance import lies_in_checkout, repository_of, tracked_files
from reconciler.rules.secrets.grants import untrusted_project
from reconciler.secrets import (
    KEY_FILE,
    STATE_FOLDER,
    OwnFiles,
    has_next_key,
    load_fingerprint_key,
    load_plan_key,
    own_variables,
    settle_next_key,
)
from reconciler.secrets.envfile import read_env_file
from reconciler.store import StateUrl, has_password, is_postgres, only_project, open_store, sqlite_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from reconciler.diagnostics import Diagnostic, Location
    from reconciler.manifests.projectfile import ProjectFile
    from reconciler.model.accounts.located import Locator
    from reconciler.model.project import Environment
    from reconciler.model.secrets.values import FingerprintKey
    from reconciler.secrets import SecretReader
    from reconciler.store import Store

P = ParamSpec("P")
T = TypeVar("T")
_Namer = Literal["flag", "variable", "project"]


@dataclass(frozen=True, kw_only=True)
class Workspace:
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
    state_named_by: _Namer = "project"
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
            raise InvalidInput(_environment_missing(self.environments))
        recorded = split_key(self.project.metadata.name)[1]
        if self.declared is None and asked is not None and asked != recorded:
            whose = f"the environment {recorded}" if recorded is not None else "no environment"
            detail = f"The state is of {whose}, and {one_line(asked, limit=SHOWN_WORD)} was chosen by --env. Nothing was done."
            raise GuardRefused(error("environmentMismatch", detail))

    def within(self, environment: str) -> Workspace:
        """Return the workspace of another of the project's environments, for what needs no state."""
        declared = self.declared or self.project
        return replace(self, environment=environment, project=in_environment(declared, environment))

    def open_store(self) -> Store:
        """Open the state; raise ``StateMissing`` where there is none."""
        return open_store(self.trusted_state_url(), base=self.project_file.parent, project=self.project.metadata.name)

    def state_remark(self) -> Diagnostic | None:
        """Return a note where RECONCILER_STATE names another state than the one of the project file; None otherwise.

        A project file that names none has one if there is a file in the usual place.
        """
        base, stated = self.project_file.parent, self.project.state
        if self.state_named_by != "variable" or self.state_url == stated:
            return None
        used, own = _path_of(self.state_url, base), _path_of(stated, base)
        is_stated = "state" in self.project.model_fields_set or (own is not None and own.exists())
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
            raise GuardRefused(_untrusted_state())
        return self.state_url

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
        """Yield what no secret may be: the key of fingerprints as far as there is one, and what our variables hold."""
        yield from own_variables(self.environ)
        with contextlib.suppress(ReconcilerError):  # told by what needs the key
            key = self.fingerprint_key(self._reader)
            if key is not None:
                yield key.octets

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


def open_workspace(
    root: Path,
    *,
    project_file: Path | None,
    state: str | None,
    operator: str | None,
    environ: Mapping[str, str],
    now: Callable[[], datetime],
    trusts_project: bool = False,
    environment: str | None = None,
) -> Workspace:
    """Read the project file and settle what flags, environment and file say, in this order of precedence.

    ``trusts_project`` says that the project file is the protected branch's, also where it lies in the checkout.
    ``environment`` is one of the project's; without it nothing that needs state can be done where there are some.
    """
    is_doubtful = _doubts_the_checkout(environ, trusts_project=trusts_project)
    path = project_file or root / PROJECT_FILE
    read = read_project(path)
    project = _in(read, environment)
    require_relative(project, root)
    is_trusted = not is_doubtful or not lies_in_checkout(path, (root, root / project.manifests))
    declared = project.operator.email if project.operator else None
    chosen = operator or environ.get("RECONCILER_OPERATOR") or declared
    if chosen is not None and (problem := check_email(chosen)) is not None:
        raise InvalidInput(problem)
    named_by: _Namer = "flag" if state else "variable" if environ.get("RECONCILER_STATE") else "project"
    return Workspace(
        root=root.absolute(),
        project_file=path.absolute(),
        project=project,
        places=read.locator,
        state_url=_state_url(state, environ, project.state),
        operator=chosen,
        environ=environ,
        now=now,
        is_project_trusted=is_trusted,
        environment=environment,
        declared=read.project,
        state_named_by=named_by,
        is_state_trusted=is_trusted or named_by != "project" or not is_postgres(project.state),
    )


def _in(read: ProjectFile, environment: str | None) -> Project:
    """Return the project of a file as it stands in an environment; raise ``InvalidInput`` for one that it does not have."""
    project = read.project
    if environment is None:
        return project
    if environment in project.environments:
        return in_environment(project, environment)
    known = sorted(project.environments)
    detail = (
        f"The project file declares no environment called {one_line(environment, limit=SHOWN_WORD)}."
        f"{did_you_mean(environment, known) or f' It declares {enumerated(known)}.'}"
        if known
        else "The project file declares no environments, so there is none to choose. Leave --env out."
    )
    raise InvalidInput(error("environmentUnknown", detail, location=read.locator.value_at(("environments",))))


def _environment_missing(known: Sequence[str]) -> Diagnostic:
    detail = (
        f"The project has the environments {enumerated(known)}, each with a state of its own, and it was not said which "
        "is meant. There is no default, so that nobody takes one for the other. Name it before the command:\n"
        "    reconciler --env NAME COMMAND"
    )
    return error("environmentMissing", detail)


_ANY_SECRET = {"allow": ["env:*", "file:**"]}
"""For a program that sends with what was applied: which secret an account has was decided when it was."""


def open_state_alone(
    root: Path,
    *,
    state: str | None,
    environ: Mapping[str, str],
    now: Callable[[], datetime],
    reads_secrets: bool = False,
) -> Workspace:
    """Return a workspace of the one project in a state that a flag or RECONCILER_STATE names, without its project file.

    For what needs the state alone, where no checkout is at hand: no manifest is looked at, no consumer known, and no
    secret read, unless the caller is a program that sends and ``reads_secrets`` of its own environment and files below
    ``root``. Raises as ``only_project`` does.
    """
    url = _state_url(state, environ, "")
    key = only_project(url, base=root.absolute())
    name, _ = split_key(key)
    project = Project.model_validate(
        _document_of(name) | ({"secrets": _ANY_SECRET} if reads_secrets else {}), by_name=False
    )
    return Workspace(
        root=root.absolute(),
        project_file=(root / PROJECT_FILE).absolute(),
        project=project.model_copy(update={"metadata": project.metadata.model_copy(update={"name": key})}),
        state_url=url,
        operator=None,
        environ=environ,
        now=now,
        is_project_trusted=reads_secrets,
        state_named_by="flag" if state else "variable",
    )


def _document_of(name: str) -> dict[str, object]:
    return {"apiVersion": "reconciler/v1", "kind": "Project", "metadata": {"name": name}}


def _doubts_the_checkout(environ: Mapping[str, str], *, trusts_project: bool) -> bool:
    """Tell whether a project file in the checkout may be a pull request's: in CI, unless somebody answers for it.

    ``RECONCILER_TRUST_PROJECT=never`` says so anywhere, and nobody can answer then. Another value is an error, so that
    a misspelt one trusts nothing.
    """
    said = environ.get(TRUST_VARIABLE)
    if said is None:
        return is_ci(environ) and not trusts_project
    if said.strip().lower() != "never":
        detail = (
            f"{TRUST_VARIABLE} is set, and not to never, which is the only value that it takes: no project file in the "
            "checkout is trusted then. Nothing was done. Write\n"
            f"    {TRUST_VARIABLE}=never\nor unset it, and CI is recognised by what its system sets."
        )
        raise InvalidInput(error("trustUnknown", detail))
    if trusts_project:
        detail = (
            f"--trust-project was given where {TRUST_VARIABLE}=never is set, and never holds: this is a place where pull "
            "requests are planned. Nothing was done. Leave --trust-project out; or, in a job that only the protected "
            f"branch can start, let {TRUST_VARIABLE} be unset."
        )
        raise GuardRefused(error("trustForbidden", detail))
    return True


def _state_url(state: str | None, environ: Mapping[str, str], stated: str) -> StateUrl:
    """Return the address of the state, by flag, variable, or else as ``stated`` by the project file; refuse a password in it where others can read it."""
    url = StateUrl(state or environ.get("RECONCILER_STATE") or stated)
    if has_password(url) and (state or not environ.get("RECONCILER_STATE")):
        where = (
            "on the command line, where every user of this machine can read it in the list of processes"
            if state
            else "in the project file, where everybody can read it who sees the repository"
        )
        detail = (
            f"The address of the state holds a password {where}. Change that password, and leave it out of the address. "
            "PostgreSQL's client library takes it from a password file (~/.pgpass) or from the variable\n    PGPASSWORD"
        )
        raise InvalidInput(error("stateUrlInvalid", detail))
    return url


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


def _untrusted_state() -> Diagnostic:
    detail = (
        "In CI, and where RECONCILER_TRUST_PROJECT=never is set, it does not count which server for the state a project "
        "file in the checkout names: a pull request can change it. That server would be given the database's password, so it was not contacted. Name the state "
        "where a pull request cannot, in the pipeline's variables:\n    RECONCILER_STATE=postgresql://HOST/DATABASE\n"
        "Or name it with --state. In a job that only the protected branch can start, and where that variable is not set, "
        "commands that read secrets also take\n"
        "    --trust-project"
    )
    return error("projectNotTrusted", detail)
