"""Where a project's files and its state are, and what of them is trusted, as far as it can be told without a model of it."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Literal

from reconciler.classes import FrozenByName
from reconciler.diagnostics import error
from reconciler.errors import GuardRefused, InvalidInput
from reconciler.model.cisystems import TRUST_VARIABLE, is_ci
from reconciler.operations.whereabouts import PROJECT_FILE
from reconciler.provenance import lies_in_checkout
from reconciler.store.address import StateUrl, has_password, is_postgres, sqlite_path

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from reconciler.model.secrets.values import FingerprintKey
    from reconciler.model.verification.depths import Depth

Namer = Literal["flag", "variable", "project"]


class Place(FrozenByName):
    """Where one command finds a project, and what it may believe of it."""

    project: str
    """The project's name."""
    root: Path
    """The project folder: manifests, private CAs and secret files lie below it."""
    project_file: Path
    manifests: Path
    """The folder of the manifests."""
    overlay: Path | None
    """The folder of the documents that change manifests in the environment; None where there is none."""
    environment: str | None
    state_url: str = field(repr=False)
    state_named_by: Namer
    operator: str | None
    """Who receives test messages."""
    now: Callable[[], datetime]
    """The time, in UTC."""
    is_project_trusted: bool
    """See ``Workspace``."""
    is_state_trusted: bool

    @property
    def state_file(self) -> Path | None:
        """The SQLite file of the state; None for another kind of database."""
        return sqlite_path(self.state_url, base=self.project_file.parent)


def place_at_a_glance(
    root: Path,
    *,
    project_file: Path | None,
    state: str | None,
    operator: str | None,
    environ: Mapping[str, str],
    now: Callable[[], datetime],
    trusts_project: bool,
) -> tuple[Place, Depth] | None:
    """Return what ``open_workspace`` would, as far as a glance at the project file tells it, and how far plans verify.

    None where opening it may have more to say, and for what it would refuse. Nothing of the file is checked, so what is made
    of this must rest on the octets of a file that was.
    """
    from reconciler.manifests import project_at_a_glance

    path = project_file or root / PROJECT_FILE
    glance = project_at_a_glance(path)
    if glance is None or (environ.get("RECONCILER_STATE") and not state):
        return None
    try:
        is_doubtful = doubts_the_checkout(environ, trusts_project=trusts_project)
        is_trusted = not is_doubtful or not lies_in_checkout(path, (root, root / glance.manifests))
        url, named_by = state_of(state, environ, glance.state)
    except (InvalidInput, GuardRefused):
        return None
    place = Place(
        project=glance.name,
        root=root.absolute(),
        project_file=path.absolute(),
        manifests=root.absolute() / glance.manifests,
        overlay=None,
        environment=None,
        state_url=url,
        state_named_by=named_by,
        operator=operator_of(operator, environ, glance.operator),
        now=now,
        is_project_trusted=is_trusted,
        is_state_trusted=is_state_trusted(glance.state, named_by, is_project_trusted=is_trusted),
    )
    return place, glance.plan_depth


def key_at_a_glance(place: Place, environ: Mapping[str, str]) -> FingerprintKey | None:
    """Return the key that seals a plan which reads no secret, of a project that names none; None without one.

    None also where a change of the key was not finished, which opening the state does. Raises ``SecretUnreadable``.
    """
    from reconciler.secrets import has_next_key, key_beside, load_plan_key

    state_file = place.state_file
    if state_file is not None and has_next_key(state_file):
        return None
    return load_plan_key(environ) or (key_beside(state_file) if state_file is not None else None)


def operator_of(chosen: str | None, environ: Mapping[str, str], declared: str | None) -> str | None:
    """Return who receives test messages: the flag's, else the variable's, else the one that the project file declares."""
    return chosen or environ.get("RECONCILER_OPERATOR") or declared


def state_of(state: str | None, environ: Mapping[str, str], stated: str) -> tuple[StateUrl, Namer]:
    """Return the address of the state, and who names it: the flag, else the variable, else the project file has ``stated`` it.

    Raises ``InvalidInput`` for a password in an address that others can read: not so that of the variable.
    """
    named_by: Namer = "flag" if state else "variable" if environ.get("RECONCILER_STATE") else "project"
    url = StateUrl(state or environ.get("RECONCILER_STATE") or stated)
    if has_password(url) and named_by != "variable":
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
    return url, named_by


def is_state_trusted(stated: str, named_by: Namer, *, is_project_trusted: bool) -> bool:
    """Tell whether a password may be offered to the server of the state: not where an untrusted project file names it."""
    return is_project_trusted or named_by != "project" or not is_postgres(stated)


def doubts_the_checkout(environ: Mapping[str, str], *, trusts_project: bool) -> bool:
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
