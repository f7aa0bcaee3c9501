"""The attacker's table for consumers: ways by which a pull request would have a secret written where it can be read.

Each row changes what a pull request can change, and has a command run on it. Whatever the command says, nothing is
written, no command of a consumer is run, and no password is in what is printed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.cli.project import PASSWORD, VARIABLE, Project, marketing_account, own_account
from tests.support.repositories import committed, git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.mailserver import MailServer

SECOND = "SMTP_SECOND_PASSWORD"
SECRET = "the-second-secret"


@dataclass(frozen=True)
class Scene:
    """A repository with two accounts, of which the consumer app has one, and what the attacker wants."""

    project: Project
    server: MailServer
    place: Path
    """A folder outside the repository."""

    @property
    def published(self) -> Path:
        """What the consumer is given."""
        return self.place / "mail.json"

    @property
    def prize(self) -> Path:
        """Where the attacker would read."""
        return self.place / "prize"

    @property
    def trace(self) -> Path:
        """What a command of the attacker's leaves."""
        return self.place / "trace"

    def write_project(self, consumer: str, *, grant: str | None = None) -> None:
        """Write the project file with this consumer app; the grant is the one that was given before."""
        granted = grant or f"{{name: app, path: {self.published}}}"
        self.project.write_project(
            f"consumers:\n  app: {{{consumer}}}\n"
            f"secrets:\n  grants: [{{secret: 'env:{VARIABLE}', consumer: {granted}}}]\n"
        )

    def usual(self, **other: str) -> str:
        """Return the consumer as it was, but for some of its fields."""
        fields = {
            "type": "files",
            "format": "json",
            "path": str(self.published),
            "accounts": '["label:team=app"]',
            **other,
        }
        return ", ".join(f"{name}: {value}" for name, value in fields.items())

    def write_second(self, metadata: str) -> None:
        """Write the manifest of the account whose secret is wanted."""
        text = own_account(
            "second",
            self.server,
            email="ceo@example.com",
            username="ceo@example.com",
            secret=f"{{env: {SECOND}}}",
            metadata=metadata,
        )
        self.project.write_account("second", text)


@pytest.fixture
def scene(project: Project, server: MailServer, tmp_path: Path) -> Scene:
    """Return the repository as it was when the pull request was opened: applied, published, committed."""
    place = tmp_path / "place"
    place.mkdir()
    made = Scene(project, server, place)
    server.users["ceo@example.com"] = SECRET
    project.set_variable(SECOND, SECRET)
    made.write_project(made.usual())
    project.write_account("sales", own_account("sales", server, metadata="labels: {team: app}"))
    made.write_second("labels: {team: board}")
    project.run_well("apply", "--auto-approve")
    (project.folder / ".gitignore").write_text(".reconciler/\n", encoding="utf-8")
    committed(project.folder)
    return made


def in_ci(scene: Scene) -> None:
    """Have a CI system run what follows."""
    scene.project.set_variable("CI", "true")


def adds_a_consumer(scene: Scene) -> tuple[str, ...]:
    """Add a consumer of all accounts to the project file, and its grant beside it."""
    scene.project.write_project(
        f"consumers:\n  evil: {{type: files, format: json, path: {scene.prize}, accounts: ['*']}}\n"
        f"secrets:\n  grants: [{{secret: 'env:*', consumer: {{name: evil, path: {scene.prize}}}}}]\n"
    )
    in_ci(scene)
    return ("plan", "--format", "json")


def publishes_it(scene: Scene) -> tuple[str, ...]:
    """Publish to it, too."""
    adds_a_consumer(scene)
    return ("publish",)


def suspends_beside_it(scene: Scene) -> tuple[str, ...]:
    """Run a command beside it that needs no trust, and publishes at its end."""
    adds_a_consumer(scene)
    return ("suspend", "sales", "--reason", "x")


def adds_a_command(scene: Scene) -> tuple[str, ...]:
    """Add a consumer that is a command; a plan would ask it for its capabilities."""
    scene.project.write_project(
        f"consumers:\n  evil: {{type: exec, command: [touch, {scene.trace}], accounts: ['*']}}\n"
    )
    in_ci(scene)
    return ("plan",)


def answers_for_itself(scene: Scene) -> tuple[str, ...]:
    """Say --trust-project where pull requests are planned."""
    adds_a_consumer(scene)
    scene.project.set_variable("RECONCILER_TRUST_PROJECT", "never")
    return ("publish", "--trust-project")


def labels_an_account(scene: Scene) -> tuple[str, ...]:
    """Give another account the label that the consumer selects."""
    scene.write_second("labels: {team: app}")
    return ("apply", "--auto-approve", "--format", "json")


def brings_an_account(scene: Scene) -> tuple[str, ...]:
    """Bring an account of one's own, with the label, that names the secret."""
    text = own_account(
        "third",
        scene.server,
        email="x@example.com",
        username="ceo@example.com",
        secret=f"{{env: {SECOND}}}",
        metadata="labels: {team: app}",
    )
    scene.project.write_account("third", text)
    return ("apply", "--auto-approve", "--format", "json")


def re_points_the_path(scene: Scene) -> tuple[str, ...]:
    """Have the consumer write elsewhere, in a project file that is trusted by mistake: the grant is for the path."""
    scene.write_project(scene.usual(path=str(scene.prize)))
    return ("publish",)


def re_points_by_after(scene: Scene) -> tuple[str, ...]:
    """Have a command run afterwards, which could read what was written."""
    scene.write_project(scene.usual(after=f"[touch, {scene.trace}]", path=str(scene.prize)))
    return ("publish",)


def becomes_a_command(scene: Scene) -> tuple[str, ...]:
    """Have the consumer of that name be a command that is given the secrets."""
    scene.write_project(f"type: exec, command: [/usr/bin/tee, {scene.prize}], accounts: ['*']")
    return ("publish",)


def takes_another_name(scene: Scene) -> tuple[str, ...]:
    """Have another consumer, of more accounts, write to the path that is granted."""
    scene.project.write_project(
        f"consumers:\n  other: {{type: files, format: json, path: {scene.published}, accounts: ['*']}}\n"
        f"secrets:\n  grants: [{{secret: 'env:{VARIABLE}', consumer: {{name: app, path: {scene.published}}}}}]\n"
    )
    return ("publish",)


def leads_out_by_a_link(scene: Scene) -> tuple[str, ...]:
    """Have a folder of the project be a link to where one can read."""
    (scene.project.folder / "out").symlink_to(scene.place)
    scene.write_project(scene.usual(path="out/prize"), grant="{name: app, path: out/prize}")
    return ("publish",)


def publishes_into_git(scene: Scene) -> tuple[str, ...]:
    """Write into the work tree, from where a pipeline may upload or commit."""
    scene.write_project(scene.usual(path="prize"), grant="{name: app, path: prize}")
    return ("publish",)


def takes_an_address(scene: Scene) -> tuple[str, ...]:
    """Have an account send from another's address, by which msmtp finds the account."""
    path = scene.place / "msmtprc"
    scene.project.write_project(
        f"consumers:\n  app: {{type: msmtp, path: {path}, accounts: ['*']}}\n"
        f"secrets:\n  grants: [{{secret: 'env:**', consumer: {{name: app, path: {path}}}}}]\n"
    )
    scene.project.write_account("sales", own_account("sales", scene.server, email="ceo@example.com"))
    return ("apply", "--auto-approve", "--format", "json")


def borrows_the_platform(scene: Scene) -> tuple[str, ...]:
    """Bring a marketing account with the label: the platform's own secret would be written."""
    scene.project.write_project(
        f"platform: {{approval: automatic, smtp: {{host: localhost, port: {scene.server.port}, encryption: none, "
        f"authentication: {{username: ceo@example.com, password: {{env: {SECOND}}}}}}}}}\n"
        f"consumers:\n  app: {{{scene.usual()}}}\n"
        f"secrets:\n  grants: [{{secret: 'env:{VARIABLE}', consumer: {{name: app, path: {scene.published}}}}}]\n"
    )
    scene.project.write_account("news", marketing_account("news", metadata="labels: {team: app}"))
    return ("apply", "--auto-approve", "--format", "json")


WAYS: tuple[Callable[[Scene], tuple[str, ...]], ...] = (
    adds_a_consumer, publishes_it, suspends_beside_it, adds_a_command, answers_for_itself, labels_an_account,
    brings_an_account, re_points_the_path, re_points_by_after, becomes_a_command, takes_another_name,
    leads_out_by_a_link, publishes_into_git, takes_an_address, borrows_the_platform,
)  # fmt: skip


@pytest.mark.parametrize("way", WAYS, ids=[way.__name__ for way in WAYS])
def test_nothing_is_written(scene: Scene, way: Callable[[Scene], tuple[str, ...]]) -> None:
    """What the consumer was given stays as it is, and nobody else is given anything."""
    before = scene.published.read_bytes()
    words = way(scene)
    ended = scene.project.run(*words)
    assert ended.code in {0, 1, 4, 6}
    assert before == scene.published.read_bytes()
    for path in (scene.prize, scene.trace, scene.place / "msmtprc", scene.project.folder / "prize"):
        written = path.read_text(encoding="utf-8") if path.exists() else ""
        assert not {PASSWORD, SECRET} & {*written.replace('"', " ").split()}
    assert not scene.trace.exists()
    assert PASSWORD not in ended.out + ended.err
    assert SECRET not in ended.out + ended.err
    if way is not adds_a_consumer:
        assert ended.code != 0 or "plan" in words


def test_git_may_take_up_no_file_that_is_written(scene: Scene) -> None:
    """Below the project folder a path is written only where git ignores it."""
    scene.write_project(scene.usual(path="mail.json"), grant="{name: app, path: mail.json}")
    refused = scene.project.run("publish", "--format", "json")
    assert (6, ["consumerPathRefused"]) == (refused.code, [code for code in refused.codes if code != "consumerGone"])
    ignored = scene.project.folder / ".gitignore"
    ignored.write_text(ignored.read_text(encoding="utf-8") + "/mail.json\n", encoding="utf-8")
    scene.project.run_well("publish")
    assert PASSWORD in (scene.project.folder / "mail.json").read_text(encoding="utf-8")
    assert "mail.json" not in git(scene.project.folder, "status", "--porcelain")


def test_a_refused_secret_is_told_with_the_lines_to_paste(scene: Scene) -> None:
    """The block of grants is what lets it go, and once it was published the grant may go."""
    labels_an_account(scene)
    refused = scene.project.run("plan", "--format", "json")
    assert (4, "blocked") == (refused.code, refused.document["status"])
    (problem,) = [each for each in refused.document["diagnostics"] if each["code"] == "credentialWithheld"]
    lines = problem["detail"].partition("    grants:\n")[2]
    assert '- {secret: "env:SMTP_SECOND_PASSWORD", consumer: {"name":"app","path":' in lines
    scene.project.write_project(f"consumers:\n  app: {{{scene.usual()}}}\nsecrets:\n  grants:\n{lines}\n")
    scene.project.run_well("apply", "--auto-approve")
    assert '"second"' in scene.published.read_text(encoding="utf-8")
    scene.project.write_project(f"consumers:\n  app: {{{scene.usual()}}}\n")
    scene.published.unlink()
    scene.project.run_well("publish")
    assert '"second"' in scene.published.read_text(encoding="utf-8")
    scene.project.run_well("state", "revoke", f"env:{SECOND}", "--reason", "left")
    revoked = scene.project.run("publish", "--format", "json")
    assert 6 == revoked.code
    assert '"second"' not in scene.published.read_text(encoding="utf-8")
