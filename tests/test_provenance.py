"""Who acts, from which commit; what git tracks."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from reconciler import provenance
from reconciler.model.cisystems import CI_SYSTEMS, is_ci
from reconciler.model.journal.entries import Actor
from reconciler.provenance import checkout_of, find_provenance, repository_of, tracked_files

PATH = os.environ["PATH"]


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder, without the configuration of whoever runs the tests."""
    identity = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.com"}
    identity |= {"GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.com"}
    finished = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        env={"PATH": PATH, "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1", **identity},
        capture_output=True,
        text=True,
        check=True,
    )
    return finished.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a repository with one commit of ``accounts.d/a.yaml`` and ``other/b``."""
    folder = tmp_path / "checkout"
    for path in ("accounts.d/a.yaml", "other/b"):
        (folder / path).parent.mkdir(parents=True)
        (folder / path).write_text("1\n")
    git(folder.parent, "init", "-q", str(folder))
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    return folder


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """Return an environment in which git can be found and nothing else is said."""
    return {"PATH": PATH, "HOME": str(tmp_path)}


def actor(environ: dict[str, str], *, flag: str | None = None) -> Actor:
    """Return who acts in an environment."""
    return find_provenance(Path("/nonexistent"), environ=environ, actor=flag, reference=None).actor


def test_the_flag_wins() -> None:
    """A name that was given is taken before what CI says."""
    ci = {"CI": "true", "GITHUB_ACTOR": "octo"}
    assert actor(ci, flag="anna") == Actor(name="anna", source="flag")


@pytest.mark.parametrize(
    ("marker", "variable"),
    [(system.marks[0][0], variable) for system in CI_SYSTEMS for variable in system.actors],
)
def test_ci_names_who_started_the_run(marker: str, variable: str) -> None:
    """Each CI system's variable counts where its own marker or CI is set, and not elsewhere."""
    assert actor({marker: "1", variable: "octo"}) == Actor(name="octo", source="ci")
    assert actor({"CI": "true", variable: "octo"}) == Actor(name="octo", source="ci")
    assert actor({variable: "octo"}).source == "login"
    assert actor({"CI": "false", marker: "", variable: "octo"}).source == "login"


def test_the_system_that_is_there_is_asked_first() -> None:
    """Where variables of several systems are set, the one that makes itself known names who started the run."""
    ci = {"CI": "true", "GITHUB_ACTOR": "octo", "GO_TRIGGER_USER": "anna"}
    assert "octo" == actor(ci).name
    assert "anna" == actor(ci | {"GO_PIPELINE_NAME": "mail"}).name


def test_an_empty_name_is_passed_over() -> None:
    """A flag or variable without text counts as absent."""
    assert actor({"CI": "1", "GITHUB_ACTOR": " ", "GITLAB_USER_LOGIN": "ola"}, flag="\t") == Actor(
        name="ola", source="ci"
    )


def test_the_login_name_is_the_last_resort() -> None:
    """Without a flag and CI, the user who runs the process acts."""
    assert actor({}).source == "login"
    assert actor({}).name != ""


def test_a_user_without_an_entry_has_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container's user without a passwd entry is named by the environment, else by number."""
    monkeypatch.setattr(os, "getuid", lambda: 4_000_123)
    assert actor({}) == Actor(name="uid 4000123", source="login")
    assert actor({"USER": "ola"}) == Actor(name="ola", source="login")
    assert actor({"LOGNAME": "anna", "USER": "ola"}) == Actor(name="anna", source="login")


def test_names_and_references_are_cleaned(tmp_path: Path) -> None:
    """Control characters, bytes that are no text, and excess length are removed from what was claimed."""
    found = find_provenance(
        tmp_path, environ={}, actor="\x1b[31man\r\n::warning::na\u202e\udcff" + "x" * 500, reference=" \x00 "
    )
    assert found.actor.name.startswith("[31man::warning::na?x")
    assert len(found.actor.name) == 200
    assert found.reference is None


def test_a_reference_is_what_was_given(tmp_path: Path) -> None:
    """The pull request's address is kept as given."""
    address = "https://example.com/pull/7"
    assert find_provenance(tmp_path, environ={}, actor="a", reference=address).reference == address


def commit(folder: Path, environ: dict[str, str]) -> tuple[str | None, bool]:
    """Return commit and whether it is dirty."""
    found = find_provenance(folder, environ=environ, actor="a", reference=None)
    return found.commit, found.is_dirty


def test_a_clean_checkout_has_its_commit(checkout: Path, environ: dict[str, str]) -> None:
    """The commit of a clean checkout is told, from any folder in it that has tracked files."""
    head = git(checkout, "rev-parse", "HEAD")
    assert commit(checkout, environ) == (head, False)
    assert commit(checkout / "accounts.d", environ) == (head, False)


@pytest.mark.parametrize("change", ["modified", "new", "staged", "removed"])
def test_uncommitted_changes_make_it_dirty(checkout: Path, environ: dict[str, str], change: str) -> None:
    """Any change below the folder makes it dirty; a change elsewhere does not."""
    file = checkout / "accounts.d" / ("n.yaml" if change in {"new", "staged"} else "a.yaml")
    file.unlink() if change == "removed" else file.write_text("2\n")
    if change == "staged":
        git(checkout, "add", ".")
    head = git(checkout, "rev-parse", "HEAD")
    assert commit(checkout / "accounts.d", environ) == (head, True)
    assert commit(checkout / "other", environ) == (head, False)


def committed(checkout: Path) -> Path:
    """Commit whatever was put into the folder of manifests; return that folder."""
    git(checkout, "add", "--all", ".")
    git(checkout, "commit", "-q", "-m", "second")
    return checkout / "accounts.d"


@pytest.mark.parametrize("change", ["touched", "rewritten alike", "executable", "line ends"])
def test_what_changes_no_content_leaves_it_clean(checkout: Path, environ: dict[str, str], change: str) -> None:
    """Times, another file of the same content, modes and the line ends of another system are no change."""
    file = checkout / "accounts.d" / "a.yaml"
    if change == "touched":
        os.utime(file, (1, 1))
    elif change == "rewritten alike":
        file.unlink()
        file.write_text("1\n")
    elif change == "executable":
        file.chmod(0o755)
    else:
        file.write_bytes(b"1\r\n")
    assert not commit(checkout / "accounts.d", environ)[1]


@pytest.mark.parametrize("change", ["of the same size", "a link to the same", "a folder", "a pipe", "unreadable name"])
def test_every_other_change_of_a_file_is_seen(checkout: Path, environ: dict[str, str], change: str) -> None:
    """What git would find only by reading is found, and whatever stands in a file's place; nothing waits on a pipe."""
    file = checkout / "accounts.d" / "a.yaml"
    if change == "of the same size":
        before = file.stat()
        file.write_text("2\n")
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    elif change == "a link to the same":
        file.rename(checkout / "elsewhere")
        file.symlink_to(checkout / "elsewhere")
    elif change == "unreadable name":
        (checkout / "accounts.d" / os.fsdecode(b"\xff.yaml")).write_text("1\n")
    else:
        file.unlink()
        file.mkdir() if change == "a folder" else os.mkfifo(file)
    assert commit(checkout / "accounts.d", environ)[1]


def test_names_that_are_no_text_are_compared(checkout: Path, environ: dict[str, str]) -> None:
    """A file whose name is not UTF-8, or holds a tab or a line break, is found where it is."""
    names = [os.fsdecode(b"\xff.yaml"), "a\tb.yaml", "a\nb.yaml"]
    for name in names:
        (checkout / "accounts.d" / name).write_text("1\n")
    folder = committed(checkout)
    assert not commit(folder, environ)[1]
    for name in names:
        (folder / name).write_text("2\n")
        assert commit(folder, environ)[1]
        (folder / name).write_text("1\n")


@pytest.mark.parametrize("as_file", [False, True])
def test_links_are_compared_by_where_they_lead(checkout: Path, environ: dict[str, str], *, as_file: bool) -> None:
    """A tracked link is clean as a link and as the file that git writes where links are not wanted; not led elsewhere."""
    link = checkout / "accounts.d" / "link.yaml"
    link.symlink_to("a.yaml")
    folder = committed(checkout)
    if as_file:
        link.unlink()
        link.write_text("a.yaml")
    assert not commit(folder, environ)[1]
    link.unlink()
    link.symlink_to("b.yaml")
    assert commit(folder, environ)[1]


def test_a_folder_that_became_a_link_is_seen(checkout: Path, environ: dict[str, str], tmp_path: Path) -> None:
    """A tracked folder in whose place a link leads to the same files is a change."""
    (checkout / "accounts.d" / "deep").mkdir()
    (checkout / "accounts.d" / "deep" / "b.yaml").write_text("1\n")
    folder = committed(checkout)
    (folder / "deep").rename(tmp_path / "deep")
    (folder / "deep").symlink_to(tmp_path / "deep")
    assert commit(folder, environ)[1]


def test_what_is_kept_out_of_the_working_tree_is_no_change(checkout: Path, environ: dict[str, str]) -> None:
    """A file that a sparse checkout leaves out is not missing."""
    git(checkout, "update-index", "--skip-worktree", "accounts.d/a.yaml")
    (checkout / "accounts.d" / "a.yaml").unlink()
    assert not commit(checkout, environ)[1]


def test_a_merge_that_is_not_finished_is_a_change(checkout: Path, environ: dict[str, str]) -> None:
    """Where the index has a file in several versions, it is not as committed."""
    blob = git(checkout, "rev-parse", "HEAD:other/b")
    lines = "".join(f"100644 {blob} {stage}\tother/b\n" for stage in (1, 2, 3))
    subprocess.run(["git", "update-index", "--index-info"], cwd=checkout, input=f"0 {'0' * 40}\tother/b\n{lines}",
                   env={"PATH": PATH, "HOME": str(checkout)}, text=True, check=True)  # fmt: skip
    assert commit(checkout / "other", environ)[1]


def test_a_submodule_at_another_commit_is_a_change(checkout: Path, environ: dict[str, str], tmp_path: Path) -> None:
    """A submodule is compared by its commit alone; one that was not fetched is no change."""
    inner = tmp_path / "inner"
    git(tmp_path, "init", "-q", str(inner))
    git(inner, "commit", "-q", "--allow-empty", "-m", "first")
    git(checkout, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner), "accounts.d/inner")
    folder = committed(checkout)
    (folder / "inner" / "new").write_text("1\n")
    assert not commit(folder, environ)[1]
    git(folder / "inner", "commit", "-q", "--allow-empty", "-m", "second")
    assert commit(folder, environ)[1]
    shutil.rmtree(folder / "inner")
    (folder / "inner").mkdir()
    assert not commit(folder, environ)[1]


def test_a_repository_of_the_longer_digests_is_compared(environ: dict[str, str], tmp_path: Path) -> None:
    """Where git was told to use SHA-256, files are compared by that."""
    folder = tmp_path / "long"
    git(tmp_path, "init", "-q", "--object-format=sha256", str(folder))
    (folder / "a").write_text("1\n")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    assert (64, False) == (len(commit(folder, environ)[0] or ""), commit(folder, environ)[1])
    (folder / "a").write_text("2\n")
    assert commit(folder, environ)[1]


def test_more_than_is_compared_counts_as_changed(
    checkout: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a folder that holds very much nothing is read."""
    monkeypatch.setattr(provenance, "_MAX_COMPARED_OCTETS", 1)
    assert commit(checkout, environ)[1]


def test_outside_git_there_is_no_commit(tmp_path: Path, environ: dict[str, str]) -> None:
    """A plain folder, one that does not exist, and a repository without a commit have none."""
    git(tmp_path, "init", "-q", str(tmp_path / "new"))
    (tmp_path / "new" / "a").write_text("1")
    git(tmp_path / "new", "add", ".")
    for folder in (tmp_path, tmp_path / "missing", tmp_path / "new", tmp_path / "a\0b"):
        assert commit(folder, environ) == (None, False)


def test_an_untracked_folder_does_not_take_the_commit_around_it(checkout: Path, environ: dict[str, str]) -> None:
    """A folder that the repository around it ignores has nothing to do with its commit."""
    (checkout / ".gitignore").write_text("own/\n")
    (checkout / "own").mkdir()
    (checkout / "own" / "a.yaml").write_text("1")
    assert commit(checkout / "own", environ) == (None, False)


def test_without_git_there_is_no_commit(checkout: Path, tmp_path: Path) -> None:
    """Where git is not installed, or would be taken from a relative folder, there is no commit."""
    (tmp_path / "git").write_text("#!/bin/sh\necho " + "a" * 40)
    (tmp_path / "git").chmod(0o755)
    assert commit(checkout, {"PATH": "/nonexistent"}) == (None, False)
    assert commit(checkout, {"PATH": os.path.relpath(tmp_path)}) == (None, False)
    assert tracked_files(checkout, checkout / "other", environ={"PATH": "/nonexistent"}) == ()


def test_a_git_that_hangs_is_given_up(checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A git that does not answer in time, and whose child keeps its output open, does not hold us."""
    (tmp_path / "git").write_text("#!/bin/sh\nsleep 20 &\nsleep 20\n")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setattr(provenance, "GIT_TIMEOUT_SECONDS", 0.2)
    assert commit(checkout, {"PATH": f"{tmp_path}:{PATH}"}) == (None, False)


@pytest.mark.parametrize("question", ["diff-index", "--others", "--stage"])
def test_a_question_that_fails_counts_as_dirty(
    checkout: Path, environ: dict[str, str], tmp_path: Path, question: str
) -> None:
    """A commit is not claimed to be what is there when git could not compare."""
    script = f'case "$*" in *"{question}"*) exit 1;; esac\nexec git "$@"\n'
    (tmp_path / "git").write_text(f"#!/bin/sh\nPATH={PATH}\n{script}")
    (tmp_path / "git").chmod(0o755)
    head = git(checkout, "rev-parse", "HEAD")
    assert commit(checkout, {**environ, "PATH": f"{tmp_path}:{PATH}"}) == (head, True)


def test_a_hostile_checkout_runs_nothing(checkout: Path, environ: dict[str, str], tmp_path: Path) -> None:
    """A filesystem monitor, hooks and a surrounding GIT_DIR of a checkout do not reach us."""
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    trap.chmod(0o755)
    git(checkout, "config", "core.fsmonitor", str(trap))
    hook = checkout / ".git" / "hooks" / "post-index-change"
    hook.parent.mkdir(exist_ok=True)
    hook.write_bytes(trap.read_bytes())
    hook.chmod(0o755)
    os.utime(checkout / "other" / "b", (1, 1))
    head = git(checkout, "-c", "core.fsmonitor=false", "rev-parse", "HEAD")
    assert commit(checkout, {**environ, "GIT_DIR": "/nonexistent"}) == (head, False)
    assert tracked_files(checkout, checkout / "other", environ=environ) == ("other/b",)
    assert not (tmp_path / "sprung").exists()


def test_git_is_told_no_secret(checkout: Path, environ: dict[str, str], tmp_path: Path) -> None:
    """The environment that git sees does not hold what else is in ours, but the configuration given through it."""
    (tmp_path / "git").write_text(f"#!/bin/sh\nenv > {tmp_path}/seen\n")
    (tmp_path / "git").chmod(0o755)
    handed = {"PATH": f"{tmp_path}:{PATH}", "SMTP_SALES_PASSWORD": "canary", "GIT_CONFIG_COUNT": "0"}
    commit(checkout, handed)
    seen = (tmp_path / "seen").read_text()
    assert "canary" not in seen
    assert "GIT_CONFIG_COUNT=0" in seen


def test_tracked_files_are_listed(checkout: Path, environ: dict[str, str]) -> None:
    """Files that git tracks below a folder are told relative to the project, sorted; the others are not."""
    (checkout / ".reconciler").mkdir()
    assert tracked_files(checkout, checkout / ".reconciler", environ=environ) == ()
    for name in ("state.db", "fingerprint.key", "żółw *"):
        (checkout / ".reconciler" / name).write_text("x")
    git(checkout, "add", "-f", ".reconciler")
    (checkout / ".reconciler" / "untracked").write_text("x")
    expected = (".reconciler/fingerprint.key", ".reconciler/state.db", ".reconciler/żółw *")
    assert tracked_files(checkout, checkout / ".reconciler", environ=environ) == expected
    assert tracked_files(checkout, Path(".reconciler"), environ=environ) == expected


def test_tracked_files_of_a_project_in_a_subfolder(checkout: Path, environ: dict[str, str]) -> None:
    """A project that is not the repository's top gets paths relative to itself."""
    assert tracked_files(checkout / "other", checkout / "other", environ=environ) == ("b",)


def test_a_tracked_link_in_the_folders_place_is_listed(checkout: Path, environ: dict[str, str], tmp_path: Path) -> None:
    """A folder that git tracks as a link to somewhere else is told."""
    (checkout / ".reconciler").symlink_to(tmp_path)
    git(checkout, "add", "-f", ".reconciler")
    assert tracked_files(checkout, checkout / ".reconciler", environ=environ) == (".reconciler",)


def test_outside_a_repository_nothing_is_tracked(checkout: Path, environ: dict[str, str], tmp_path: Path) -> None:
    """A folder outside any repository, or outside this one, has no tracked files."""
    assert tracked_files(tmp_path, tmp_path / "x", environ=environ) == ()
    assert tracked_files(checkout, tmp_path, environ=environ) == ()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a checkout to somebody else")
def test_a_checkout_of_another_owner_has_no_commit_but_tracked_files(checkout: Path, environ: dict[str, str]) -> None:
    """Git does not speak for a checkout of another owner, while the guard still sees what it tracks."""
    for path in (checkout, checkout / ".git"):
        os.chown(path, 65534, 65534)
    assert commit(checkout, environ) == (None, False)
    assert tracked_files(checkout, checkout / "other", environ=environ) == ("other/b",)


@pytest.fixture
def disguised(checkout: Path, tmp_path: Path) -> Path:
    """Return a folder of the checkout in which a commit has put the parts of a bare repository, with a trap in it."""
    inner, folder = tmp_path / "inner", checkout / "mail"
    inner.mkdir()
    (inner / "reconciler.yaml").write_text("1\n")
    (inner / ".gitattributes").write_text("reconciler.yaml filter=trap\n")
    git(tmp_path, "init", "-q", str(inner))
    git(inner, "add", ".")
    git(inner, "commit", "-q", "-m", "inner")
    shutil.copytree(inner / ".git", folder)
    trap = f'[filter "trap"]\n\tclean = touch {tmp_path}/sprung; cat\n'
    (folder / "config").write_text(f"[core]\n\tbare = false\n\tworktree = {folder}\n{trap}")
    (folder / ".gitattributes").write_text("reconciler.yaml filter=trap\n")
    (folder / "reconciler.yaml").write_text("2\n")
    (folder / ".reconciler").mkdir()
    (folder / ".reconciler" / "state.db").write_text("brought along")
    git(checkout, "add", "-f", "mail")
    git(checkout, "commit", "-q", "-m", "second")
    return folder


def test_a_folder_made_up_as_a_bare_repository_is_not_obeyed(
    checkout: Path, disguised: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    """Only the repository with the .git entry is asked: what a commit brings along neither runs nor answers."""
    found = find_provenance(disguised, environ=environ, actor=None, reference=None)
    assert (git(checkout, "rev-parse", "HEAD"), False) == (found.commit, found.is_dirty)
    assert (".reconciler/state.db",) == tracked_files(disguised, disguised / ".reconciler", environ=environ)
    assert not (tmp_path / "sprung").exists()


def test_the_checkout_is_the_outermost_repository(tmp_path: Path) -> None:
    """What a pull request can change is bounded by the outermost .git, the project's own repository by the nearest."""
    inner = tmp_path / "outer" / "inner" / "mail"
    inner.mkdir(parents=True)
    assert (inner, None) == (checkout_of(inner), repository_of(inner))
    (tmp_path / "outer" / ".git").mkdir()
    (tmp_path / "outer" / "inner" / ".git").write_text("gitdir: elsewhere\n", encoding="ascii")
    assert (tmp_path / "outer", tmp_path / "outer" / "inner") == (checkout_of(inner), repository_of(inner))
    (tmp_path / "link").symlink_to(inner)
    assert tmp_path / "outer" == checkout_of(tmp_path / "link")


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, False),
        ({"CI": ""}, False),
        ({"CI": "0"}, False),
        ({"CI": "FALSE"}, False),
        ({"CI": "1"}, True),
        ({"CI": "true"}, True),
        ({"CI": "woodpecker"}, True),
        ({"JENKINS_URL": "https://ci.example.com/"}, True),
        ({"TF_BUILD": "True"}, True),
        ({"CI": "false", "GITHUB_ACTIONS": "true"}, True),
    ],
)
def test_ci_is_known_by_its_variables(environ: dict[str, str], *, expected: bool) -> None:
    """CI counts unless it is empty or negated; the mark of a CI system counts by itself."""
    assert expected == is_ci(environ)
