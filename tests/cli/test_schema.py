"""``schema`` prints the published schemas, so that a project can keep them for its editors."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.project import CHECKOUT

if TYPE_CHECKING:
    from tests.cli.project import Project


@pytest.mark.parametrize("name", ["account", "project", "plan", "resolution", "send"])
def test_each_schema_is_printed(bare: Project, name: str) -> None:
    """What is printed is the published file, octet for octet, and nothing else."""
    outcome = bare.run_well("schema", name)
    assert "" == outcome.err
    assert (CHECKOUT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8") == outcome.out
    assert f"/{name}.schema.json" in json.loads(outcome.out)["$id"]


def test_an_unknown_schema(bare: Project) -> None:
    """Another name is refused with the names that there are."""
    outcome = bare.run("schema", "accounts")
    assert 1 == outcome.code
    assert "'account', 'overlay', 'project', 'plan', 'resolution', 'send', 'status', 'log'" in " ".join(
        outcome.err.split()
    )


def test_no_project_is_needed(bare: Project) -> None:
    """Schemas are printed in any folder."""
    (bare.folder / "reconciler.yaml").unlink()
    bare.run_well("schema", "account")


def test_init_writes_what_is_printed(bare: Project) -> None:
    """A new project has the schemas of manifests, overlays and project file, as the command prints them."""
    bare.run_well("init", "new", "--ci", "none")
    printed = {name: bare.run_well("schema", name).out for name in ("account", "overlay", "project")}
    kept = bare.folder / "new" / ".schemas"
    written = {path.name: path.read_text(encoding="utf-8") for path in kept.iterdir()}
    assert {f"{name}.schema.json": text for name, text in printed.items()} == written
    bare.run_well("--project-dir", "new", "validate")


def test_a_schema_in_a_folder_that_is_none(bare: Project) -> None:
    """Where .schemas is a file, an account is added as in a project without it."""
    (bare.folder / ".schemas").write_text("", encoding="utf-8")
    bare.run_well("accounts", "add", "marketing", "news", "--email", "news@example.com", "--display-name", "News")
    assert (bare.folder / "accounts.d" / "news.yaml").read_text(encoding="utf-8").startswith("apiVersion:")


def test_added_accounts_have_the_line_only_where_the_schema_is(bare: Project) -> None:
    """A manifest that is made names the schema where the project has it, and does not elsewhere."""
    words = ("accounts", "add", "marketing", "--email", "news@example.com", "--display-name", "News")
    bare.run_well(*words, "news")
    without = (bare.folder / "accounts.d" / "news.yaml").read_text(encoding="utf-8")
    assert without.startswith("apiVersion:")
    (bare.folder / ".schemas").mkdir()
    (bare.folder / ".schemas" / "account.schema.json").write_text("{}", encoding="utf-8")
    bare.run_well(*words, "more")
    line, _, rest = (bare.folder / "accounts.d" / "more.yaml").read_text(encoding="utf-8").partition("\n")
    assert "# yaml-language-server: $schema=../.schemas/account.schema.json" == line
    assert without.replace("news\n", "more\n", 1) == rest
