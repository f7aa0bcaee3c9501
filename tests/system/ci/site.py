"""A project on a code host as an administrator has set it up: repository, runner, secrets, as docs/ci.md has it."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import yaml

from tests.cli.project import OPERATOR, PASSWORD, VARIABLE
from tests.system.ci.forge import GITHUB, GITLAB, REPOSITORY, Forge
from tests.system.ci.runner import GitHub, GitLab, Machine, read_pipeline

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.support.certificates import TestCA

TOKEN = "forge-token-5f1c"
DATABASE_KEY = "key-of-fingerprints-4be1-4be1-4be1-4be1"
DATABASE_PASSWORD = "password-of-the-database"
PIPELINES = {"github": ".github/workflows/reconciler.yml", "gitlab": ".gitlab-ci.yml"}
PROJECT = "mail"
HOSTILE_BRANCH = "x`touch${IFS}/tmp/never`$(touch${IFS}/tmp/never);'\"&|"
HOSTILE_TITLE = "Fix'; touch /tmp/never #\n::set-env name=PATH::/tmp\n`id` $(id) ${{ secrets.SMTP_SALES_PASSWORD }}"
_EDITED = {
    "github": [
        ("          # MAIL_SECRETS: ${{ secrets.MAIL_SECRETS }}\n", "          {secret}\n"),
        ("          # Secrets: a line for each that manifests name\n", "          {secret}\n"),
        (
            "        # Secrets: give this step `env:`, with a line for each that manifests name\n",
            "        env:\n          {secret}\n",
        ),
    ],
    "gitlab": [],
}
"""What the head of a pipeline asks the administrator to write into it."""
_EDITED_WITH_DATABASE = {
    "github": [
        ("          # MAIL_SECRETS: ${{ secrets.MAIL_SECRETS }}\n", "          {secret}\n"),
        ("          # Secrets: a line for each that manifests name\n", "          {secret}\n"),
    ],
    "gitlab": [],
}
"""The same where state is in PostgreSQL."""


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def git(folder: Path, *words: str, data: str | None = None) -> str:
    """Run git in a folder as somebody whose own settings do not count; return what it prints."""
    own = {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        **{
            f"GIT_{who}_{what}": f"{who.lower()}@example.com"
            for who in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        },
    }
    return subprocess.run(
        ["git", *words],
        cwd=folder,
        env={**os.environ, **own},
        input=data,
        capture_output=True,
        check=True,
        encoding="utf-8",
    ).stdout.strip()


@dataclass
class Site:
    """The project's repository, its code host, and the runner on which the state lies."""

    ci: Literal["github", "gitlab"]
    folder: Path
    wheels: Path
    ca: TestCA
    template: Path | None
    """An installed tool, to be copied where a job would install it; None: it is installed each time."""
    database: str | None = None
    """The address of the state where it is in PostgreSQL; None: it is a file on the runner."""
    approval: str = "environments"
    """What lets a job have secrets."""
    environments: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """The project's environments, each with its own secrets; none: the project has none."""
    folder_in_repository: str = "."
    """Where the project lies."""
    work: Path = field(init=False)
    home: Path = field(init=False)
    forge: Forge = field(init=False)

    def __post_init__(self) -> None:
        """Begin the project as docs/ci.md says, and put it on the code host."""
        self.work, self.home = self.folder / "work", self.folder / "srv" / PROJECT
        origin = self.folder / "origin.git"
        self.work.mkdir(parents=True)
        git(self.folder, "init", "--quiet", "--bare", "--initial-branch=main", str(origin))
        git(origin, "config", "uploadpack.allowAnySHA1InWant", "true")
        git(origin, "config", "http.receivepack", "true")
        git(origin, "config", "receive.advertisePushOptions", "true")
        git(self.work, "init", "--quiet", "--initial-branch=main")
        git(self.work, "remote", "add", "origin", str(origin))
        attributes = self.work / ".git" / "info" / "attributes"
        attributes.write_text("* !filter !ident !text !eol !working-tree-encoding !merge\n", encoding="ascii")
        self.begin(PROJECT, self.folder_in_repository)
        self.base = self.commit("main", {})
        context = self.ca.server_context(GITHUB, f"api.{GITHUB}", GITLAB)
        bot = "github-actions[bot]" if self.ci == "github" else "project_42_bot"
        self.forge = Forge(context, origin, TOKEN, bot=bot)

    def begin(self, name: str, folder: str) -> None:
        """Begin a project in a folder of the repository, with its pipeline and what it needs on the runner."""
        kind = "sqlite" if self.database is None else "postgresql"
        chosen = ("--ci", self.ci, "--approval", self.approval)
        place = self.work / folder
        new = ("--name", name, "--operator", OPERATOR, "--state", kind)
        self.reconciler("init", folder, *new, *(("--ci", "none") if self.environments else chosen))
        if self.database is not None and not self.environments:
            self._write_the_address(self.database)
        if self.environments:
            self._write_the_environments(place)
        with (place / "reconciler.yaml").open("a", encoding="utf-8") as file:
            file.write("verification: {domainChecks: off}\n")
        if self.environments:
            self.reconciler("init", folder, *chosen)
        if self.ci == "gitlab" and name != PROJECT:
            with (self.work / PIPELINES["gitlab"]).open("a", encoding="utf-8") as file:
                file.write(f"  - local: {self.pipeline_of(name, folder)}\n")
        self._set_up_the_pipeline(name, folder)
        self._set_up_the_runner(name, folder)

    def _write_the_environments(self, place: Path) -> None:
        path = place / "reconciler.yaml"
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        del document["state"]
        document["environments"] = {
            name: {
                "state": f"{self.database}?schema={name}" if self.database else f"sqlite:///.reconciler/{name}.db",
                "overlay": f"overlays/{name}",
                "secrets": {"allow": [f"env:{each}" for each in secrets]},
            }
            for name, secrets in self.environments.items()
        }
        path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
        for name in self.environments:
            (place / "overlays" / name).mkdir(parents=True)
            (place / "overlays" / name / "README").write_text("What is different here.\n", encoding="utf-8")

    def reconciler(self, *words: str, state: str | None = None) -> str:
        """Run the command of this checkout, or of its wheel, in the administrator's folder; return what it prints."""
        where = ["--state", state] if state else []
        command = [str(self.template / "bin" / "reconciler")] if self.template else [sys.executable, "-m", "reconciler"]
        return subprocess.run(
            [*command, *where, *words],
            cwd=self.work,
            env={**os.environ, **({} if self.database is None else self._of_the_database)},
            capture_output=True,
            check=True,
            encoding="utf-8",
        ).stdout

    @property
    def state(self) -> str:
        """The state: on the runner, or in the database."""
        return self.database or f"sqlite:///{self.home}/state.db"

    def state_of(self, environment: str) -> str | None:
        """Return the state of an environment: on the runner; None where the project file has it, in the database."""
        return f"sqlite:///{self.home}/{environment}/state.db" if self.database is None else None

    def secrets(self, environment: str) -> dict[str, str]:
        """Return what the administrator has put into an environment of the code host; nothing, where there is no such."""
        tool, _, *between, job = environment.split("/") if environment else ("",) * 3
        if tool != "reconciler" or job not in {"plan", "apply", "nightly"}:
            return {}
        own = self.environments[between[0]] if self.environments else {VARIABLE: PASSWORD}
        assert len(between) == bool(self.environments)
        return {**own, **(self._of_the_database if self.database is not None else {})}

    @property
    def _of_the_database(self) -> dict[str, str]:
        return {"RECONCILER_FINGERPRINT_KEY": DATABASE_KEY, "PGUSER": "postgres", "PGPASSWORD": DATABASE_PASSWORD}

    def _write_the_address(self, address: str) -> None:
        path = self.work / "reconciler.yaml"
        text = path.read_text(encoding="utf-8")
        written = re.sub(r"^state: postgresql://\S+$", f"state: {address}", text, flags=re.MULTILINE)
        assert written != text
        path.write_text(written, encoding="utf-8")

    def _set_up_the_pipeline(self, name: str, folder: str) -> None:
        path = self.work / self.pipeline_of(name, folder)
        text = path.read_text(encoding="utf-8")
        names = [each for secrets in self.environments.values() for each in secrets] or [VARIABLE]
        lines = "\n          ".join(f"{each}: ${{{{ secrets.{each} }}}}" for each in names)
        for before, after in [
            *(_EDITED[self.ci] if self.database is None else _EDITED_WITH_DATABASE[self.ci]),
            ('RECONCILER_PACKAGE: ""', f'RECONCILER_PACKAGE: "{self._package()}"'),
            *(
                [(f"RECONCILER_HOME: /srv/reconciler/{name} ", f"RECONCILER_HOME: {self.home.parent / name} ")]
                if self.database is None
                else []
            ),
        ]:
            assert before in text, before
            text = text.replace(before, after.replace("{secret}", lines))
        path.write_text(text, encoding="utf-8")
        self._write_the_hashes(self.work / self.requirements_of(name, folder))

    def pipeline_of(self, name: str = PROJECT, folder: str | None = None) -> str:
        """Return where the pipeline of a project lies."""
        place = self.folder_in_repository if folder is None else folder
        if place == ".":
            return PIPELINES[self.ci]
        return f".github/workflows/reconciler-{name}.yml" if self.ci == "github" else f"{place}/.gitlab-ci.yml"

    def requirements_of(self, name: str = PROJECT, folder: str = ".") -> str:
        """Return where the packages of a project's pipeline are listed."""
        return f".{self.ci}/reconciler{'' if folder == '.' else f'-{name}'}-requirements.txt"

    def _write_the_hashes(self, path: Path) -> None:
        """Write the hashes of the tests' wheels into the list of packages: they are packed again from what is installed."""
        wanted = re.findall(r"^([a-z0-9-]+)==", path.read_text(encoding="utf-8"), re.MULTILINE)
        wheels = {each.name.split("-")[0].lower().replace("_", "-"): each for each in self.wheels.glob("*.whl")}
        lines = [
            f"{name}=={wheels[name].name.split('-')[1]} --hash=sha256:{_sha256(wheels[name])}\n"
            for name in wanted
            if name in wheels
        ]
        path.write_text("".join(lines), encoding="utf-8")

    def _package(self) -> str:
        (wheel,) = self.wheels.glob("mail_reconciler-*.whl")
        return f"mail-reconciler @ {wheel.as_uri()}#sha256={_sha256(wheel)}"

    def _set_up_the_runner(self, name: str, folder: str) -> None:
        """Make the states. Of one in a database nothing lies on a machine."""
        for each in self.environments or [None]:
            kept = self.home.parent / name / (each or "")
            words = ("--env", each) if each else ()
            state = f"sqlite:///{kept}/state.db" if self.database is None else None
            self.reconciler("--project-dir", folder, *words, "state", "init", state=state)

    # The repository

    def commit(self, branch: str, files: Mapping[str, str | None], *, at: str | None = None) -> str:
        """Commit files to a branch, made from ``at`` where it is new, and push it; None removes a file."""
        if at is not None:
            git(self.work, "checkout", "--quiet", "-B", branch, at)
        for name, content in files.items():
            path = self.work / name
            if content is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        git(self.work, "add", "--all", "--force", "--", ".", ":(exclude,glob)**/.reconciler/**")
        git(self.work, "commit", "--quiet", "--allow-empty", "--no-verify", "--message", "Change")
        git(self.work, "push", "--quiet", "--force", "origin", f"HEAD:refs/heads/{branch}")
        return git(self.work, "rev-parse", "HEAD")

    def commit_entry(self, name: str) -> str:
        """Commit to the main branch an empty file of a name that no file system takes, and push it."""
        git(self.work, "checkout", "--quiet", "-B", "main", "origin/main")
        blob = git(self.work, "hash-object", "-w", "--stdin", data="")
        git(self.work, "update-index", "--add", "-z", "--index-info", data=f"100644 {blob}\t{name}\0")
        tree = git(self.work, "write-tree")
        commit = git(self.work, "commit-tree", "-p", "HEAD", "-m", "Change", tree)
        git(self.work, "push", "--quiet", "origin", f"{commit}:refs/heads/main")
        return commit

    def propose(self, number: int, files: Mapping[str, str | None], *, again: bool = False) -> str:
        """Open a pull request from the main branch with files, or push to it again; return the commit."""
        branch = f"{HOSTILE_BRANCH}{number}"
        head = self.commit(branch, files, at=None if again else "main")
        for ref in (f"refs/pull/{number}/head", f"refs/merge-requests/{number}/head"):
            git(self.work, "push", "--quiet", "--force", "origin", f"HEAD:{ref}")
        return head

    def merge(self, number: int, head: str) -> str:
        """Merge a pull request; return the commit that main has then."""
        git(self.work, "checkout", "--quiet", "-B", "main", "origin/main")
        git(self.work, "-c", "core.hooksPath=/dev/null", "merge", "--quiet", "--no-ff", "--no-edit", head)
        git(self.work, "push", "--quiet", "origin", "main")
        commit = git(self.work, "rev-parse", "HEAD")
        self.forge.merged_by[commit] = number
        return commit

    def merge_preview(self, number: int, head: str) -> str:
        """Return the commit that a merge would make, which GitHub keeps beside the pull request."""
        git(self.work, "checkout", "--quiet", "--detach", "origin/main")
        git(self.work, "-c", "core.hooksPath=/dev/null", "merge", "--quiet", "--no-ff", "--no-edit", head)
        git(self.work, "push", "--quiet", "--force", "origin", f"HEAD:refs/pull/{number}/merge")
        return git(self.work, "rev-parse", "HEAD")

    def main(self) -> str:
        """Return the commit of the main branch."""
        return git(self.folder / "origin.git", "rev-parse", "main")

    def head_of(self, number: int) -> str:
        """Return the commit of a merge request."""
        return git(self.folder / "origin.git", "rev-parse", f"refs/merge-requests/{number}/head")

    def noted(self, *, at: str = PROJECT, of: str = "journal", file: str = "head") -> str:
        """Return what the protected jobs have written to a branch of the project, or of an environment of it."""
        return git(self.folder / "origin.git", "show", f"refs/heads/reconciler/{at}/{of}:{file}")

    # The services

    def machine(self, name: str, **more: str) -> Machine:
        """Return a machine that reaches the code host and nothing else."""
        certificates = self.folder / "ca.pem"
        self.ca.write_pem(certificates)
        trusting = dict.fromkeys(("SSL_CERT_FILE", "GIT_SSL_CAINFO", "CURL_CA_BUNDLE"), str(certificates))
        proxied = dict.fromkeys(("HTTPS_PROXY", "https_proxy"), self.forge.proxy)
        # Packages are taken from a folder in the place of the index that is not there; most of them is never imported.
        index = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.wheels), "PIP_NO_COMPILE": "1"}
        return Machine(self.folder / name, {**trusting, **proxied, **index, **more}, template=self.template)

    def github(self, machine: Machine, name: str, *, project: str = PROJECT, **event: Any) -> GitHub:
        """Return GitHub as it is after an event: ``pull_request``, ``pull_request_target``, ``schedule``.

        The workflow is the pull request's for the first of them, and the main branch's for the others.
        """
        sha = event.pop("sha", self.main())
        workflow = git(
            self.folder / "origin.git",
            "show",
            f"{sha}:{self.pipeline_of(project, project if project != PROJECT else None)}",
        )
        context = {"event_name": name, "sha": sha, "ref": "refs/heads/main", "token": TOKEN, "event": event}
        variables = {
            "GITHUB_SERVER_URL": f"https://{GITHUB}",
            "GITHUB_API_URL": f"https://api.{GITHUB}",
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_SHA": sha,
            "GITHUB_EVENT_NAME": name,
            "GITHUB_ACTOR": "mallory$(id)",
            "GITHUB_HEAD_REF": HOSTILE_BRANCH if "pull_request" in event else "",
            "GITHUB_BASE_REF": "main" if "pull_request" in event else "",
            "GITHUB_REF_NAME": "main",
        }
        more = {} if name == "pull_request" else {"secrets": self.secrets}
        return GitHub(machine, read_pipeline(workflow), context, variables, permit=self._permit, **more)

    def _permit(self, permissions: Mapping[str, str]) -> None:
        self.forge.may_push = permissions["contents"] == "write"

    def pull_request(self, number: int, head: str, *, merged: str | None = None) -> dict[str, Any]:
        """Return what GitHub says of a pull request in the payload of an event."""
        return {
            "action": "synchronize" if merged is None else "closed",
            "pull_request": {
                "number": number,
                "title": HOSTILE_TITLE,
                "body": HOSTILE_TITLE,
                "html_url": f"https://{GITHUB}/{REPOSITORY}/pull/{number}",
                "head": {"sha": head, "ref": f"{HOSTILE_BRANCH}{number}"},
                "merged": merged is not None,
                "merge_commit_sha": merged or "",
            },
        }

    def comment(self, number: int, text: str, who: str = "member", **more: Any) -> dict[str, Any]:
        """Return what GitHub says of a comment on a pull request; its author is a member unless ``more`` says otherwise."""
        self.forge.comment(number, who, text)
        comment = {"body": text, "author_association": "MEMBER", "user": {"login": who, "type": "User"}, **more}
        address = f"https://{GITHUB}/{REPOSITORY}/pull/{number}"
        issue = {"number": number, "html_url": address, "user": {"login": "somebody"}, "pull_request": {"url": address}}
        return {"action": "created", "comment": comment, "issue": issue}

    def gitlab(self, machine: Machine, variables: Mapping[str, str], *, commit: str, protected: bool = True) -> GitLab:
        """Return GitLab with a pipeline of a commit; of a protected branch the jobs get the secrets."""
        pipeline = self._included(commit)
        known = {
            "CI_API_V4_URL": f"https://{GITLAB}/api/v4",
            "CI_PROJECT_URL": f"https://{GITLAB}/{REPOSITORY}",
            "CI_PROJECT_ID": "42",
            "CI_JOB_TOKEN": TOKEN,
            "CI_COMMIT_SHA": commit,
            "CI_DEFAULT_BRANCH": "main",
            "CI_COMMIT_TITLE": HOSTILE_TITLE,
            "CI_COMMIT_MESSAGE": HOSTILE_TITLE,
            "GITLAB_USER_LOGIN": "mallory$(id)",
        }
        own = {"RECONCILER_TOKEN": TOKEN} if protected else {}
        more = {"secrets": self.secrets} if protected else {}
        return GitLab(machine, pipeline, {**known, **own, **variables}, **more)

    def _included(self, commit: str) -> dict[str, Any]:
        """Return the pipeline of a commit with all that it includes."""

        def read(path: str) -> dict[str, Any]:
            return read_pipeline(git(self.folder / "origin.git", "show", f"{commit}:{path}"))

        pipeline = read(PIPELINES["gitlab"])
        for each in pipeline.pop("include", ()):
            included = read(each["local"])
            assert not pipeline.keys() & included.keys(), "one project's job would take another's place"
            pipeline |= included
        return pipeline

    def checkout(self, commit: str) -> Path:
        """Return the project folder of a GitLab job, as its runner clones it."""
        place = self.folder / f"clone-{commit[:8]}"
        if not place.exists():
            git(self.folder, "clone", "--quiet", "--no-checkout", str(self.folder / "origin.git"), str(place))
            git(place, "fetch", "--quiet", "origin", commit)
            git(place, "-c", "advice.detachedHead=false", "checkout", "--quiet", commit)
        return place
