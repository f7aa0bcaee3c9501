"""Asked for a commit and for what is tracked, git runs nothing that a machine or a checkout has configured.

A machine may have been used before, by a job that a pull request wrote, and a checkout gives files attributes. Each row
is a way by which git comes to run a program, which would leave a trace.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from reconciler.provenance import find_provenance, tracked_files
from tests.cli.project import Project, own_account
from tests.support.repositories import committed, git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.mailserver import MailServer


class Machine:
    """A machine that was used before: a checkout with changes, the configuration of its user, and a trap to configure."""

    def __init__(self, folder: Path) -> None:
        """Commit three files, and change them so that git would look into each."""
        self.checkout, self.home, self.sprung = folder / "checkout", folder / "home", folder / "sprung"
        self.home.mkdir()
        (self.checkout / "accounts.d").mkdir(parents=True)
        for name in ("a.yaml", "b.yaml", "c.yaml"):
            (self.checkout / "accounts.d" / name).write_text("1\n", encoding="ascii")
        git(self.checkout, "init", "--quiet")
        git(self.checkout, "add", ".")
        git(self.checkout, "commit", "--quiet", "--message", "first")
        self.head = git(self.checkout, "rev-parse", "HEAD")
        self.trap = folder / "trap"
        self.trap.write_text(f'#!/bin/sh\necho "$0 $*" >> {self.sprung}\ncat\n', encoding="ascii")
        self.trap.chmod(0o755)
        self.environ = {"PATH": f"{folder}:{os.environ['PATH']}", "HOME": str(self.home)}

    def write_attributes(self, line: str) -> None:
        """Write .gitattributes, as a pull request brings it."""
        (self.checkout / ".gitattributes").write_text(f"{line}\n", encoding="ascii")

    def configure(self, name: str, value: str | None = None) -> None:
        """Set an option in the configuration of the repository."""
        git(self.checkout, "config", name, str(self.trap) if value is None else value)

    def configure_user(self, text: str) -> None:
        """Write the user's configuration."""
        (self.home / ".gitconfig").write_text(text.replace("TRAP", str(self.trap)), encoding="ascii")


def clean_of_the_repository(machine: Machine) -> None:
    """Have a filter in .git/config, given to files by the checkout."""
    machine.write_attributes("* filter=evil")
    machine.configure("filter.evil.clean")


def clean_of_the_user(machine: Machine) -> None:
    """Do the same in ~/.gitconfig."""
    machine.write_attributes("* filter=evil")
    machine.configure_user('[filter "evil"]\n\tclean = TRAP\n\trequired = true\n')


def process_of_the_user(machine: Machine) -> None:
    """Have a filter that is one process for all files."""
    machine.write_attributes("* filter=evil")
    machine.configure_user('[filter "evil"]\n\tprocess = TRAP\n')


def clean_of_git_lfs(machine: Machine) -> None:
    """Have a filter of a well-known name, whose program was put in front of the right one."""
    machine.write_attributes("*.yaml filter=lfs diff=lfs merge=lfs -text")
    machine.configure_user('[filter "lfs"]\n\tclean = TRAP %f\n\tprocess = TRAP\n\trequired = true\n')


def clean_of_an_included_file(machine: Machine) -> None:
    """Have a filter in a file that the repository's configuration includes, from the checkout itself."""
    machine.write_attributes("* filter=evil")
    (machine.checkout / "gitconfig").write_text(f'[filter "evil"]\n\tclean = {machine.trap}\n', encoding="ascii")
    machine.configure("include.path", "../gitconfig")


def clean_of_a_conditional_include(machine: Machine) -> None:
    """Do the same by a condition that holds for the checkout."""
    machine.write_attributes("* filter=evil")
    (machine.home / "more").write_text(f'[filter "evil"]\n\tclean = {machine.trap}\n', encoding="ascii")
    machine.configure_user(f'[includeIf "gitdir:{machine.checkout}/"]\n\tpath = more\n')


def clean_of_the_environment(machine: Machine) -> None:
    """Have a filter by the variables through which a job configures git."""
    machine.write_attributes("* filter=evil")
    machine.environ |= {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "filter.evil.clean"}
    machine.environ["GIT_CONFIG_VALUE_0"] = str(machine.trap)


def clean_of_the_parameters(machine: Machine) -> None:
    """Have a filter by the variable in which git hands on its own -c."""
    machine.write_attributes("* filter=evil")
    machine.environ["GIT_CONFIG_PARAMETERS"] = f"'filter.evil.clean'='{machine.trap}'"


def clean_of_another_global_file(machine: Machine) -> None:
    """Have a filter in the file that GIT_CONFIG_GLOBAL names."""
    machine.write_attributes("* filter=evil")
    (machine.home / "other").write_text(f'[filter "evil"]\n\tclean = {machine.trap}\n', encoding="ascii")
    machine.environ["GIT_CONFIG_GLOBAL"] = str(machine.home / "other")


def clean_of_the_system_file(machine: Machine) -> None:
    """Have a filter in the file that GIT_CONFIG_SYSTEM names."""
    machine.write_attributes("* filter=evil")
    (machine.home / "other").write_text(f'[filter "evil"]\n\tclean = {machine.trap}\n', encoding="ascii")
    machine.environ["GIT_CONFIG_SYSTEM"] = str(machine.home / "other")


def attributes_of_the_repository(machine: Machine) -> None:
    """Have attributes and filter both in the repository that was used before."""
    (machine.checkout / ".git/info").mkdir(exist_ok=True)
    (machine.checkout / ".git/info/attributes").write_text("* filter=evil\n", encoding="ascii")
    machine.configure("filter.evil.clean")


def attributes_of_the_user(machine: Machine) -> None:
    """Have attributes and filter both in the user's configuration."""
    (machine.home / "attributes").write_text("* filter=evil\n", encoding="ascii")
    machine.configure_user(f'[core]\n\tattributesFile = {machine.home}/attributes\n[filter "evil"]\n\tclean = TRAP\n')


def worktree_configuration(machine: Machine) -> None:
    """Have a filter in the configuration of a worktree."""
    machine.write_attributes("* filter=evil")
    machine.configure("extensions.worktreeConfig", "true")
    git(machine.checkout, "config", "--worktree", "filter.evil.clean", str(machine.trap))


def smudge(machine: Machine) -> None:
    """Have a filter for the other way."""
    machine.write_attributes("* filter=evil")
    machine.configure("filter.evil.smudge")


def text_conversion(machine: Machine) -> None:
    """Have programs that turn files into text, or compare them."""
    machine.write_attributes("* diff=evil")
    machine.configure("diff.evil.textconv")
    machine.configure("diff.evil.command")
    machine.configure("diff.external")


def filesystem_monitor(machine: Machine) -> None:
    """Have a program that tells what has changed, from configuration and environment."""
    machine.configure("core.fsmonitor")
    machine.configure_user("[core]\n\tfsmonitor = TRAP\n")
    machine.environ["GIT_CONFIG_PARAMETERS"] = f"'core.fsmonitor'='{machine.trap}'"


def monitor_of_the_environment(machine: Machine) -> None:
    """Do the same by the variables through which a job configures git."""
    machine.environ |= {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.fsmonitor"}
    machine.environ["GIT_CONFIG_VALUE_0"] = str(machine.trap)


def hooks(machine: Machine) -> None:
    """Have hooks of the repository, and a folder of hooks of the user's."""
    folder = machine.home / "hooks"
    for place in (machine.checkout / ".git/hooks", folder):
        place.mkdir()
        for name in ("post-index-change", "reference-transaction", "fsmonitor-watchman", "pre-auto-gc"):
            shutil.copy(machine.trap, place / name)
    machine.configure_user(f"[core]\n\thooksPath = {folder}\n")
    for name in ("event", "command"):
        machine.configure(f"hook.evil.{name}", "post-index-change" if name == "event" else None)


def pager_and_aliases(machine: Machine) -> None:
    """Have programs for what git shows, and other commands under the names of git's own."""
    for name in ("core.pager", "pager.status", "pager.diff-index", "pager.ls-files", "core.editor"):
        machine.configure(name)
    for name in ("status", "ls-files", "diff-index", "rev-parse"):
        machine.configure(f"alias.{name}", f"!{machine.trap}")


def network(machine: Machine) -> None:
    """Have programs for connections and passwords, in a repository that lacks what was changed and could fetch it."""
    for name in ("core.sshCommand", "core.gitProxy", "core.askPass", "credential.helper", "core.alternateRefsCommand"):
        machine.configure(name)
    machine.configure("remote.origin.url", f"ext::{machine.trap}")
    machine.configure("remote.origin.uploadpack")
    machine.configure("remote.origin.promisor", "true")
    machine.configure("extensions.partialClone", "origin")
    machine.configure("protocol.allow", "always")
    tree = git(machine.checkout, "rev-parse", "HEAD:accounts.d")
    (machine.checkout / ".git/objects" / tree[:2] / tree[2:]).unlink()


def network_by_ssh(machine: Machine) -> None:
    """Do the same by ssh."""
    network(machine)
    machine.configure("remote.origin.url", "ssh://git.example.com/mail")


def network_by_a_helper(machine: Machine) -> None:
    """Do the same by a program of the remote's own kind, which is found on the path."""
    network(machine)
    shutil.copy(machine.trap, machine.trap.parent / "git-remote-evil")
    machine.configure("remote.origin.vcs", "evil")


def network_by_a_path(machine: Machine) -> None:
    """Do the same from a folder, with a program that serves it."""
    network(machine)
    machine.configure("remote.origin.url", str(machine.checkout))


def submodules(machine: Machine) -> None:
    """Have a submodule whose own repository is configured."""
    inner = committed(machine.checkout.parent / "inner")
    git(machine.checkout, "submodule", "--quiet", "add", str(inner), "mail")
    git(machine.checkout, "commit", "--quiet", "--message", "second")
    machine.head = git(machine.checkout, "rev-parse", "HEAD")
    machine.write_attributes("* filter=evil")
    git(machine.checkout / "mail", "config", "filter.evil.clean", str(machine.trap))
    git(machine.checkout / "mail", "config", "core.fsmonitor", str(machine.trap))
    machine.configure("submodule.mail.update", f"!{machine.trap}")
    (machine.checkout / "mail/new").write_text("x", encoding="ascii")


SETTINGS = (
    clean_of_the_repository, clean_of_the_user, process_of_the_user, clean_of_git_lfs, clean_of_an_included_file,
    clean_of_a_conditional_include, clean_of_the_environment, clean_of_the_parameters, clean_of_another_global_file,
    clean_of_the_system_file, attributes_of_the_repository, attributes_of_the_user, worktree_configuration, smudge,
    text_conversion, filesystem_monitor, monitor_of_the_environment, hooks, pager_and_aliases, network, network_by_ssh,
    network_by_a_helper, network_by_a_path, submodules,
)  # fmt: skip


def _change(checkout: Path) -> None:
    """Change a file, its size the same, and touch another; the third is younger than the index."""
    (checkout / "accounts.d/a.yaml").write_text("2\n", encoding="ascii")
    os.utime(checkout / "accounts.d/b.yaml", (1, 1))
    os.utime(checkout / "accounts.d/c.yaml")


@pytest.mark.parametrize("changes", [True, False], ids=["changed", "touched"])
@pytest.mark.parametrize("setting", SETTINGS, ids=lambda each: each.__name__)
def test_git_runs_nothing_that_it_is_configured_to(
    tmp_path: Path, setting: Callable[[Machine], None], *, changes: bool
) -> None:
    """Whatever a machine's or a checkout's configuration names, asking for the commit and the tracked files runs none."""
    machine = Machine(tmp_path)
    setting(machine)
    _change(machine.checkout)
    if not changes:
        (machine.checkout / "accounts.d/a.yaml").write_text("1\n", encoding="ascii")
    found = find_provenance(machine.checkout, environ=machine.environ, actor=None, reference=None)
    tracked = tracked_files(machine.checkout, machine.checkout / "accounts.d", environ=machine.environ)
    assert not machine.sprung.exists(), machine.sprung.read_text(encoding="ascii")
    assert (machine.head, 3) == (found.commit, len(tracked))
    assert found.is_dirty or not changes


def test_the_trap_springs_where_git_is_asked_for_the_status(tmp_path: Path) -> None:
    """The configuration is one that git obeys, so the silence above means something."""
    machine = Machine(tmp_path)
    clean_of_the_user(machine)
    _change(machine.checkout)
    subprocess.run(["git", "status"], cwd=machine.checkout, env=machine.environ, capture_output=True, check=False)
    assert machine.sprung.exists()


def test_a_plan_and_an_apply_run_nothing_of_a_machine(
    project: Project, server: MailServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command line runs nothing either, with a real change and the user's own configuration."""
    trap, sprung = tmp_path / "trap", tmp_path / "sprung"
    trap.write_text(f"#!/bin/sh\ntouch {sprung}\ncat\n", encoding="ascii")
    trap.chmod(0o755)
    (tmp_path / ".gitconfig").write_text(f'[filter "evil"]\n\tclean = {trap}\n', encoding="ascii")
    project.write_account("sales", own_account("sales", server))
    (project.folder / ".gitattributes").write_text("* filter=evil\n", encoding="ascii")
    (project.folder / ".gitignore").write_text(".reconciler/\n", encoding="ascii")
    git(project.folder, "init", "--quiet")
    git(project.folder, "add", ".")
    git(project.folder, "commit", "--quiet", "--message", "first")
    project.write_account("sales", own_account("sales", server, display_name="Changed"))
    monkeypatch.setenv("HOME", str(tmp_path))
    project.run_well("plan", "--out", "plan.json")
    project.run_well("apply", "plan.json")
    assert not sprung.exists()
