"""Where an apply comes from: who, from which commit, for which pull request; and what git tracks.

All of it is a claim, not a proof. Git is asked without a shell, with a time limit, with an environment that holds no
secret, and so configured that a checkout cannot have its own programs run: no hooks, no filesystem monitor, no
fetching. Where git cannot answer, there is no commit; nothing here ever fails.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.model.recorded import Actor, Provenance
from reconciler.model.text import UNSAFE_CHARACTER

if TYPE_CHECKING:
    from collections.abc import Mapping

GIT_TIMEOUT_SECONDS = 10.0
_MAX_LENGTH = 200
_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_NO = frozenset({"", "0", "false", "no"})

_CI_ACTORS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("GITHUB_ACTIONS", ("GITHUB_ACTOR",)),
    ("GITLAB_CI", ("GITLAB_USER_LOGIN", "GITLAB_USER_NAME")),
    ("TF_BUILD", ("BUILD_REQUESTEDFOR", "BUILD_REQUESTEDFOREMAIL")),
    ("CIRCLECI", ("CIRCLE_USERNAME",)),
    ("BITBUCKET_BUILD_NUMBER", ("BITBUCKET_STEP_TRIGGERER_UUID",)),
    ("BUILDKITE", ("BUILDKITE_UNBLOCKER", "BUILDKITE_BUILD_CREATOR")),
    ("CODEBUILD_BUILD_ID", ("CODEBUILD_INITIATOR",)),
    ("DRONE", ("DRONE_COMMIT_AUTHOR",)),
    ("JENKINS_URL", ("BUILD_USER_ID", "CHANGE_AUTHOR")),
    ("APPVEYOR", ("APPVEYOR_REPO_COMMIT_AUTHOR",)),
)
"""The variable that marks a CI system, and those in which it names who started the run, the best first."""

_GIT_OPTIONS = (
    "--no-pager", "--no-optional-locks", "--literal-pathspecs",
    "-c", "core.fsmonitor=false",
    "-c", "core.hooksPath=/dev/null",
    "-c", "core.untrackedCache=false",
    "-c", "safe.bareRepository=explicit",
)  # fmt: skip
_PASSED_ON = ("PATH", "HOME", "XDG_CONFIG_HOME", "TMPDIR", "LD_LIBRARY_PATH")


def find_provenance(
    folder: Path, *, environ: Mapping[str, str], actor: str | None, reference: str | None
) -> Provenance:
    """Return who acts (flag, then CI, then login), the commit of ``folder``, and the reference given.

    ``folder`` is the one whose uncommitted changes count. The commit is None where git tracks nothing in the folder,
    is not installed, does not trust the folder's owner, or takes longer than ``GIT_TIMEOUT_SECONDS``.
    """
    commit = _commit_of(folder, environ)
    return Provenance(
        actor=find_actor(actor, environ=environ),
        commit=commit,
        is_dirty=commit is not None and _is_dirty(folder, environ),
        reference=_clean(reference),
    )


def find_actor(flagged: str | None, *, environ: Mapping[str, str]) -> Actor:
    """Return who acts: whoever the flag names, then whom the CI system names, then the login name. Runs nothing."""
    return _flagged(flagged) or _ci_actor(environ) or _login(environ)


def tracked_files(folder: Path, under: Path, *, environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Return the files at or below ``under`` that git tracks, relative to ``folder``, sorted.

    Empty where there is no repository or no git. ``under`` itself is listed where it is a tracked link. Trusts a
    folder of another owner, because reading the index runs nothing.
    """
    resolved = _resolved(folder)
    place = resolved / os.path.relpath(folder / under, folder)  # links below the folder stay unresolved
    listed = _git(
        folder,
        ("ls-files", "-z", "--cached", "--full-name", "--", str(place)),
        environ=os.environ if environ is None else environ,
        options=("-c", "safe.directory=*"),
    )
    top = _repository_of(resolved) or resolved
    return tuple(sorted(os.path.relpath(top / path, resolved) for path in (listed or "").split("\0") if path))


def is_ci(environ: Mapping[str, str]) -> bool:
    """Tell whether this runs in CI: ``CI`` is set, or the variable by which a CI system makes itself known."""
    return any(_is_set(environ, marker) for marker in ("CI", *(marker for marker, _ in _CI_ACTORS)))


def checkout_of(folder: Path) -> Path:
    """Return the outermost folder with a .git entry that holds ``folder``, links resolved; ``folder`` itself without one.

    The file system is asked, not git, so that nothing in the checkout can make it look smaller than it is.
    """
    return next(reversed(_repositories(folder)), folder.resolve())


def repository_of(folder: Path) -> Path:
    """Return the nearest folder with a .git entry that holds ``folder``, links resolved; ``folder`` itself without one."""
    return next(iter(_repositories(folder)), folder.resolve())


def _repositories(folder: Path) -> list[Path]:
    """Return every folder with a .git entry that holds ``folder``, the nearest first."""
    resolved = folder.resolve()
    return [each for each in (resolved, *resolved.parents) if os.path.lexists(each / ".git")]


def _flagged(actor: str | None) -> Actor | None:
    name = _clean(actor)
    return None if name is None else Actor(name=name, source="flag")


def _ci_actor(environ: Mapping[str, str]) -> Actor | None:
    """Return who the CI system says started the run; its variables count only where it marks its presence."""
    is_ci = _is_set(environ, "CI")
    for marker, variables in _CI_ACTORS:
        if not is_ci and not _is_set(environ, marker):
            continue
        for variable in variables:
            name = _clean(environ.get(variable))
            if name is not None:
                return Actor(name=name, source="ci")
    return None


def _login(environ: Mapping[str, str]) -> Actor:
    """Return the login name; a container's user may have none, then its number."""
    try:
        name = _clean(pwd.getpwuid(os.getuid()).pw_name)
    except KeyError:
        name = None
    claimed = name or _clean(environ.get("LOGNAME")) or _clean(environ.get("USER"))
    return Actor(name=claimed or f"uid {os.getuid()}", source="login")


def _is_set(environ: Mapping[str, str], variable: str) -> bool:
    return environ.get(variable, "").strip().lower() not in _NO


def _clean(text: str | None) -> str | None:
    """Return text of one line without control characters, at most 200 characters; None for nothing."""
    if text is None:
        return None
    decoded = text.encode("utf-8", "replace").decode("utf-8")
    return UNSAFE_CHARACTER.sub("", decoded).strip()[:_MAX_LENGTH].strip() or None


def _commit_of(folder: Path, environ: Mapping[str, str]) -> str | None:
    # A folder inside somebody else's repository, untracked or ignored there, has nothing to do with its commits.
    if not _git(folder, ("ls-files", "-z", "--cached", "--", str(_resolved(folder))), environ=environ):
        return None
    commit = (_git(folder, ("rev-parse", "--verify", "--quiet", "HEAD"), environ=environ) or "").strip()
    return commit if _COMMIT.fullmatch(commit) else None


def _is_dirty(folder: Path, environ: Mapping[str, str]) -> bool:
    """Tell whether anything in the folder is not as committed; what cannot be told counts as changed."""
    status = _git(
        folder,
        (
            *("status", "--porcelain", "-z", "--untracked-files=normal", "--ignore-submodules=dirty"),
            *("--", str(_resolved(folder))),
        ),
        environ=environ,
    )
    return status is None or status != ""


def _git(
    folder: Path, arguments: tuple[str, ...], *, environ: Mapping[str, str], options: tuple[str, ...] = ()
) -> str | None:
    """Return what git prints about the repository that holds ``folder``, or None where it cannot be asked or fails.

    Git is run where the .git entry is, which no commit can bring. It would take any folder of a checkout that has the
    parts of a bare repository for one, and obey the configuration in it: a pull request could run programs here.
    """
    top = _repository_of(folder)
    if top is None:
        return None
    program = shutil.which("git", path=environ.get("PATH", os.defpath))
    if program is None or not program.startswith("/"):
        return None
    # A file takes the output: whoever git may have started cannot hold us at a pipe after git was killed.
    with tempfile.TemporaryFile() as output:
        command = [program, *_GIT_OPTIONS, *options, "-C", str(top), *arguments]
        if not _succeeds(command, output.fileno(), environ=_git_environment(environ)):
            return None
        output.seek(0)
        return output.read().decode("utf-8", "replace")


def _repository_of(folder: Path) -> Path | None:
    """Return the innermost folder with a .git entry that is or holds a folder, links resolved; None without one."""
    resolved = _resolved(folder)
    return next((each for each in (resolved, *resolved.parents) if os.path.lexists(each / ".git")), None)


def _resolved(folder: Path) -> Path:
    """Return a folder with its links resolved, the root where it is none: no path, or a loop of links."""
    try:
        return folder.resolve()
    except (OSError, RuntimeError, ValueError):
        return Path("/")


def _succeeds(command: list[str], output: int, *, environ: dict[str, str]) -> bool:
    try:
        finished = subprocess.run(  # noqa: S603 - a list, an absolute program, no shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.DEVNULL,
            env=environ,
            cwd="/",
            timeout=GIT_TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return False
    return finished.returncode == 0


def _git_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without secrets and without what a surrounding git command set for itself."""
    kept = {name: environ[name] for name in _PASSED_ON if name in environ}
    configured = {name: value for name, value in environ.items() if name.startswith("GIT_CONFIG_")}
    return {
        **kept,
        **configured,
        "LC_ALL": "C",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_NO_LAZY_FETCH": "1",
    }
