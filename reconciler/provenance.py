"""Where an apply comes from: who, from which commit, for which pull request; what git tracks; where a checkout ends.

All of it is a claim, not a proof. The premise: no configuration, be it the user's, the machine's or that of a
repository which somebody has used before, may make git run a program. So git is asked only for names, modes and
digests, without hooks, filesystem monitor, traces and fetching; contents are compared here, because git would hand
them to the filters that are configured. It is asked without a shell, with a time limit, and with an environment
that holds no secret. Where git cannot answer, there is no commit; nothing here ever fails.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from reconciler.characters import UNSAFE_CHARACTER
from reconciler.files import read_regular_file
from reconciler.model.cisystems import CI_SYSTEMS, is_ci, set_variables

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reconciler.model.journal.entries import Actor, Provenance

GIT_TIMEOUT_SECONDS = 10.0
_MAX_LENGTH = 200
_COMMIT = r"[0-9a-f]{40}([0-9a-f]{24})?"
_SHA256_DIGITS = 64
_LINK, _SUBMODULE = "120000", "160000"
"""The modes by which git's index tells a symbolic link and a submodule."""
_SKIPPED = "S"
"""The tag of a file that is kept out of the working tree on purpose."""
_MAX_COMPARED_OCTETS = 512 * 1024 * 1024
"""A folder with more octets than that counts as changed, without being read."""
_CI_ACTORS = [(system.marks[0][0], system.actors) for system in CI_SYSTEMS if system.actors]
"""For each CI system the variable by which it is known, and those that name who started the run."""

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

    Only changes in ``folder`` count as uncommitted. The commit is None where git tracks nothing in the folder, is
    not installed, does not trust the folder's owner, or takes longer than ``GIT_TIMEOUT_SECONDS``.
    """
    from reconciler.model.journal.entries import Provenance

    commit = commit_of(folder, environ=environ)
    return Provenance(
        actor=find_actor(actor, environ=environ),
        commit=commit,
        is_dirty=commit is not None and _is_dirty(folder, environ),
        reference=clean_reference(reference),
    )


def clean_reference(text: str | None) -> str | None:
    """Return a reference as the journal keeps it; None for one without a character that can be seen."""
    return _clean(text)


def find_actor(flagged: str | None, *, environ: Mapping[str, str]) -> Actor:
    """Return who acts: by the flag, else by the CI system, else by the login name. Runs nothing."""
    from reconciler.model.journal.entries import Actor

    name = _clean(flagged)
    return Actor(name=name, source="flag") if name is not None else _ci_actor(environ) or _login(environ)


def tracked_files(folder: Path, under: Path, *, environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Return the files at or below ``under`` that git tracks, relative to ``folder``, sorted.

    Empty without a repository or without git. ``under`` itself is listed where it is a tracked link. A folder of
    another owner is trusted, because reading the index runs nothing.
    """
    resolved = _resolved(folder)
    place = resolved / os.path.relpath(folder / under, folder)  # links below the folder stay unresolved
    listed = _git(
        folder,
        ("ls-files", "-z", "--cached", "--full-name", "--", str(place)),
        environ=os.environ if environ is None else environ,
        options=("-c", "safe.directory=*"),
    )
    top = repository_of(resolved) or resolved
    return tuple(sorted(os.path.relpath(top / path, resolved) for path in (listed or "").split("\0") if path))


def is_ignored(file: Path, *, environ: Mapping[str, str]) -> bool:
    """Tell whether git ignores a file of a repository: it is not tracked, and adding all would leave it out.

    False where git cannot be asked.
    """
    place = _resolved(file.parent) / file.name
    top = repository_of(file.parent)
    if top is None or not place.is_relative_to(top):
        return False
    words = ("check-ignore", "--", f"./{place.relative_to(top).as_posix()}")
    # check-ignore takes no literal pathspecs; after ./ nothing in a path is magic.
    return bool(_ask(file.parent, words, environ=environ, options=("--no-literal-pathspecs",)))


def is_out_of_git(path: Path, *, environ: Mapping[str, str]) -> bool:
    """Tell whether no commit could take a file up: it lies in no work tree, or git ignores it there."""
    return repository_of(path.parent) is None or is_ignored(path, environ=environ)


def lies_in_checkout(file: Path, folders: Iterable[Path]) -> bool:
    """Tell whether a pull request can change a file: whether its path goes through the checkout of one of the folders.

    Every step of the path counts, since a link in a checkout can be made to lead elsewhere; ``..`` from a working
    directory is no such step. A path that cannot be followed counts as inside.
    """
    try:
        bounds = {bound for folder in folders for bound in _checkouts_of(folder)}
        # Each place has the links before it resolved, and itself not: it could be the link that a pull request brings.
        place = Path("/") if file.is_absolute() else Path.cwd().resolve()
        steps = []
        for part in file.parts:
            place = place.parent if part == ".." else place / part
            steps.append(place)
            place = place.resolve()
        steps.append(place)
    except (OSError, RuntimeError, ValueError):
        return True
    return any(step != bound and step.is_relative_to(bound) for step in steps for bound in bounds)


def _checkouts_of(folder: Path) -> set[Path]:
    """Return the outermost checkouts around a folder, by its path as written and as resolved.

    Without a .git entry, as in an export or an image, nothing tells where the checkout begins. Then it is the
    highest folder around, below the root.
    """
    written, resolved = _repositories(folder.absolute()), _repositories(folder.resolve())
    highest = Path(*folder.resolve().parts[:2])
    return {*(each.resolve() for each in written[-1:]), checkout_of(folder) if resolved else highest}


def checkout_of(folder: Path) -> Path:
    """Return the outermost folder with a .git entry around ``folder``, links resolved; without one ``folder`` itself.

    The file system is asked, not git, so that nothing in the checkout can make it look smaller than it is.
    """
    resolved = folder.resolve()
    return next(reversed(_repositories(resolved)), resolved)


def _repositories(folder: Path) -> list[Path]:
    """Return every folder with a .git entry that is or holds ``folder``, the nearest first."""
    return [each for each in (folder, *folder.parents) if os.path.lexists(each / ".git")]


def _ci_actor(environ: Mapping[str, str]) -> Actor | None:
    """Return who started the run by the CI system's word; outside CI its variables do not count."""
    if not is_ci(environ):
        return None
    from reconciler.model.journal.entries import Actor

    said = set_variables(environ)
    for _, variables in sorted(_CI_ACTORS, key=lambda each: each[0] not in said):
        for variable in variables:
            name = _clean(environ.get(variable))
            if name is not None:
                return Actor(name=name, source="ci")
    return None


def _login(environ: Mapping[str, str]) -> Actor:
    """Return the login name, or the user's number where there is none, as in some containers."""
    from reconciler.model.journal.entries import Actor

    try:
        name = _clean(pwd.getpwuid(os.getuid()).pw_name)
    except KeyError:
        name = None
    claimed = name or _clean(environ.get("LOGNAME")) or _clean(environ.get("USER"))
    return Actor(name=claimed or f"uid {os.getuid()}", source="login")


def _clean(text: str | None) -> str | None:
    """Return a text as one line without control characters, at most 200 characters; None for an empty one."""
    if text is None:
        return None
    decoded = text.encode("utf-8", "replace").decode("utf-8")
    return UNSAFE_CHARACTER.sub("", decoded).strip()[:_MAX_LENGTH].strip() or None


def commit_of(folder: Path, *, environ: Mapping[str, str]) -> str | None:
    """Return the commit of a folder; None as ``find_provenance`` says."""
    # A folder inside somebody else's repository, untracked or ignored there, has nothing to do with its commits.
    if not _git(folder, ("ls-files", "-z", "--cached", "--", str(_resolved(folder))), environ=environ):
        return None
    commit = (_git(folder, ("rev-parse", "--verify", "--quiet", "HEAD"), environ=environ) or "").strip()
    return commit if re.fullmatch(_COMMIT, commit) else None


def _is_dirty(folder: Path, environ: Mapping[str, str]) -> bool:
    """Tell whether anything in the folder is not as committed; True where that cannot be told.

    ``git status`` is not asked: on changed files it would run whatever filters are configured. So only names and
    digests are compared, and not whether a file may be executed.
    """
    place = str(_resolved(folder))
    staged = ("diff-index", "--cached", "--name-only", "-z", "--no-renames", "--ignore-submodules=dirty", "HEAD")
    untracked = ("ls-files", "-z", "--others", "--exclude-standard", "--directory", "--no-empty-directory")
    if any(_git(folder, (*question, "--", place), environ=environ) != "" for question in (staged, untracked)):
        return True
    entries = _tracked_entries(folder, place, environ)
    if entries is None or sum(_size_of(each.file) for each in entries) > _MAX_COMPARED_OCTETS:
        return True
    return not all(_is_as_tracked(each, environ) for each in entries)


class _Entry(NamedTuple):
    """What the index holds for a path of the working tree."""

    file: Path
    mode: str
    digest: str
    stage: str
    """Other than 0 while a merge is not finished."""


def _tracked_entries(folder: Path, place: str, environ: Mapping[str, str]) -> list[_Entry] | None:
    """Return what the index holds at or below a place, without files kept out of the working tree on purpose."""
    listed = _ask(folder, ("ls-files", "-z", "-t", "--stage", "--full-name", "--", place), environ=environ)
    top = repository_of(folder)
    if listed is None or top is None:
        return None
    entries = []
    for line in listed.split(b"\0")[:-1]:
        head, _, path = line.partition(b"\t")
        tag, mode, digest, stage = head.decode("ascii").split(" ")
        if tag != _SKIPPED:
            entries.append(_Entry(top / os.fsdecode(path), mode, digest, stage))
    return entries


def _size_of(file: Path) -> int:
    try:
        return file.lstat().st_size
    except OSError:
        return 0


def _is_as_tracked(entry: _Entry, environ: Mapping[str, str]) -> bool:
    """Tell whether a file is what the index holds; line ends may be those of another system.

    A file that a filter changed at checkout counts as changed: only the filter could tell.
    """
    file, digest = entry.file, entry.digest
    if entry.mode == _SUBMODULE:
        checked_out = _git(file, ("rev-parse", "--verify", "--quiet", "HEAD"), environ=environ)
        return not os.path.lexists(file / ".git") or checked_out == f"{digest}\n"
    try:
        if file.is_symlink():
            return entry.mode == _LINK and _blob_digest(os.fsencode(file.readlink()), digest) == digest
        content = read_regular_file(file, _MAX_COMPARED_OCTETS)
    except (OSError, ValueError):
        return False
    found = {_blob_digest(content, digest), _blob_digest(content.replace(b"\r\n", b"\n"), digest)}
    return entry.stage == "0" and digest in found


def _blob_digest(content: bytes, like: str) -> str:
    """Return git's digest of a content, in SHA-1 or SHA-256, whichever the digest ``like`` is in."""
    kind = "sha256" if len(like) == _SHA256_DIGITS else "sha1"
    return hashlib.new(kind, b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _git(
    folder: Path, arguments: tuple[str, ...], *, environ: Mapping[str, str], options: tuple[str, ...] = ()
) -> str | None:
    """Return what git prints about the repository around ``folder``; None where it cannot be asked, or fails."""
    printed = _ask(folder, arguments, environ=environ, options=options)
    return None if printed is None else printed.decode("utf-8", "replace")


def _ask(
    folder: Path, arguments: tuple[str, ...], *, environ: Mapping[str, str], options: tuple[str, ...] = ()
) -> bytes | None:
    """Return the octets that git prints about the repository around ``folder``; None as in ``_git``.

    Git is run where the .git entry is, which no commit can bring. In any folder that has the parts of a bare
    repository it would obey the configuration there: a pull request could run programs.
    """
    top = repository_of(folder)
    if top is None:
        return None
    import shutil
    import tempfile

    program = shutil.which("git", path=environ.get("PATH", os.defpath))
    if program is None or not program.startswith("/"):
        return None
    # A file takes the output: whoever git may have started cannot hold us at a pipe after git was killed.
    with tempfile.TemporaryFile() as output:
        command = [program, *_GIT_OPTIONS, *options, "-C", str(top), *arguments]
        if not _succeeds(command, output.fileno(), environ=_git_environment(environ)):
            return None
        output.seek(0)
        return output.read()


def repository_of(folder: Path) -> Path | None:
    """Return the innermost folder with a .git entry that is or holds ``folder``, links resolved; else None."""
    return next(iter(_repositories(_resolved(folder))), None)


def _resolved(folder: Path) -> Path:
    """Return a folder with its links resolved; for a loop of links, or no path at all, the root."""
    try:
        return folder.resolve()
    except (OSError, RuntimeError, ValueError):
        return Path("/")


def _succeeds(command: list[str], output: int, *, environ: dict[str, str]) -> bool:
    import subprocess

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
    """Return an environment without secrets, and without what a surrounding git command set for itself."""
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
        **dict.fromkeys(("GIT_TRACE2", "GIT_TRACE2_EVENT", "GIT_TRACE2_PERF"), "0"),
    }
