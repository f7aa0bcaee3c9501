"""Each recipe of docs/secret-stores.md, as it stands there, with a stand-in for the store's program."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from demo.example import CHECKOUT
from tests.cli.project import PASSWORD, Project, own_account
from tests.support.storeprograms import LEAK, TOKEN, dotenv
from tests.support.stores import Stores

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.mailserver import MailServer

PAGE = (CHECKOUT / "docs" / "secret-stores.md").read_text(encoding="utf-8")
_SECTION = re.compile(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(r"^```(?:yaml|sh)\n# ([^\n]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HARD = "p#a $s's\\w\"ö"
"""A password of what shells, dotenv and JSON read in their own ways."""
PROGRAM_OF = {
    "One secret of the CI system": None,
    "HashiCorp Vault": "vault",
    "1Password": "op",
    "SOPS beside the manifests": "sops",
    "AWS Secrets Manager": "aws",
    "Google Secret Manager": "gcloud",
    "Azure Key Vault": "az",
    "Bitwarden Secrets Manager": "bws",
    "Bitwarden Password Manager": "bw",
}


def blocks() -> Iterator[tuple[str, str, str]]:
    """Yield heading, first remark and text of each block of the page that has a remark at its head."""
    for heading, body in _SECTION.findall(PAGE):
        for remark, text in _BLOCK.findall(body):
            yield heading, remark, text


def recipes() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield of each recipe its heading, the text for the project file, and the login of the manifest after it."""
    source = ""
    for heading, remark, text in blocks():
        if remark == "reconciler.yaml":
            source = text
        elif remark == "in a manifest":
            yield heading, source, yaml.safe_load(text)["authentication"]


RECIPES = list(recipes())
_names = [f"{heading}-{number}" for number, (heading, _, _) in enumerate(RECIPES)]


class Recipe:
    """A project by a recipe of the page, with the programs of the stores on its path."""

    def __init__(self, project: Project, server: MailServer, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
        """Write project file and manifest, with nobody logged in yet."""
        self.heading, source, login = RECIPES[number]
        self.number = number
        self.project = project
        self.passwords = {"sales": server.users["sales@example.com"], "other": "another"}
        self.stores = Stores(project.folder.parent / "stores", self.passwords)
        self.program = PROGRAM_OF[self.heading]
        self.is_bulk = "format:" in source
        self.reference: dict[str, str] = login["password"]
        self._server = server
        (project.folder / "secrets.enc.yaml").write_text(self.stores.encrypted(), encoding="utf-8")
        monkeypatch.setenv("PATH", f"{self.stores.folder}{os.pathsep}{os.environ['PATH']}")
        project.write_project(source)
        self.write(self.reference)

    def change_password(self, password: str) -> None:
        """Change the password at the server and in the store; lines of dotenv hold no apostrophe beside a backslash."""
        password = password.replace("'", "") if "dotenv" in RECIPES[self.number][1] else password
        self._server.users["sales@example.com"] = self.passwords["sales"] = password
        self.stores.write(self.passwords)
        (self.project.folder / "secrets.enc.yaml").write_text(self.stores.encrypted(), encoding="utf-8")

    def write(self, reference: dict[str, str]) -> None:
        """Write the account with another reference."""
        secret = yaml.safe_dump(reference, default_flow_style=True).strip()
        self.project.write_account("sales", own_account("sales", self._server, secret=secret))

    def log_in(self) -> None:
        """Have the environment that somebody has who is logged in, or who has the one secret."""
        for name, value in self.environment().items():
            self.project.set_variable(name, value)

    def environment(self) -> dict[str, str]:
        """Return that environment."""
        if self.program is None:
            return {"MAIL_SECRETS": dotenv(self.passwords)}
        given = self.stores.logged_in(self.program)
        if self.program != "sops":
            return given
        line = next(text for heading, remark, text in blocks() if (heading, remark) == (self.heading, "at your desk"))
        script = f'{line}printf %s "$MAIL_SECRETS"'
        told = subprocess.run(
            ["/bin/sh", "-e", "-c", script],
            cwd=self.project.folder,
            env=os.environ | given,
            capture_output=True,
            check=True,
            encoding="utf-8",
        )
        return {"MAIL_SECRETS": told.stdout}


@pytest.fixture(params=range(len(RECIPES)), ids=_names)
def recipe(
    request: pytest.FixtureRequest, project: Project, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> Recipe:
    """Return each recipe of the page."""
    return Recipe(project, server, monkeypatch, request.param)


def test_every_section_has_its_recipe() -> None:
    """Each store that the page names is run, and what the page calls a block for a person or a job is one."""
    assert list(PROGRAM_OF) == list(dict.fromkeys(heading for heading, _, _ in RECIPES))
    assert {"reconciler.yaml", "in a manifest", "at your desk", "in the job", "in the job: the function"} == {
        remark for _, remark, _ in blocks()
    }


def test_it_gives_the_password(recipe: Recipe) -> None:
    """The account is verified with what the store holds, and applied."""
    recipe.log_in()
    recipe.project.run_well("apply", "--auto-approve")
    assert {"sales": "active"} == recipe.project.statuses()


def test_a_password_arrives_as_it_is(recipe: Recipe) -> None:
    """No recipe reads a sign of a password in a way of its own."""
    recipe.change_password(_HARD)
    recipe.log_in()
    recipe.project.run_well("verify")


def test_a_secret_that_is_not_there_is_told(recipe: Recipe) -> None:
    """The account fails with what is wrong and the command to run; nothing that a program wrote to standard error is shown."""
    recipe.log_in()
    ((source, key),) = recipe.reference.items()
    recipe.write({source: key.replace("sales", "nobody").replace("SALES", "NOBODY")})
    refused = recipe.project.run("plan", "--format", "json")
    assert 3 == refused.code, refused
    assert [("secretMissing" if recipe.is_bulk else "secretSourceFailed")] == refused.codes
    assert LEAK not in refused.out + refused.err
    assert "nobody" in refused.document["diagnostics"][0]["detail"].lower()


def test_nobody_logged_in_is_told(recipe: Recipe) -> None:
    """Without the log-in the account fails; the message has the command to run by hand, or the variable that lacks."""
    refused = recipe.project.run("plan", "--format", "json")
    assert 3 == refused.code, refused
    detail = refused.document["diagnostics"][0]["detail"]
    if recipe.program in {None, "sops"}:
        assert (["secretMissing"], True) == (refused.codes, "MAIL_SECRETS" in detail)
    else:
        assert ["secretSourceFailed"] == refused.codes
        command = shlex.split(detail.rpartition("\n    ")[2])
        assert recipe.program == command[0]
        by_hand = subprocess.run(command, cwd="/", capture_output=True, check=False, encoding="utf-8")
        assert f"exit code {by_hand.returncode}" in detail
        assert LEAK in by_hand.stderr
    assert LEAK not in refused.out + refused.err
    assert TOKEN not in refused.out + refused.err
    assert PASSWORD not in refused.out + refused.err
