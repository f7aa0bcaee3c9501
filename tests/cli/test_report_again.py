"""A second ``report`` into the same folder makes the pages that changed, and the folder is what a first one would be."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import pytest

from reconciler.render.html.site import pages
from tests.cli.project import Project, marketing_account, own_account
from tests.cli.test_report import tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.mailserver import MailServer


@pytest.fixture
def told(project: Project) -> Project:
    """Return a project with three marketing accounts."""
    for name in ("news", "offers", "jobs"):
        project.write_account(name, marketing_account(name, email=f"{name}@example.com"))
    project.run_well("apply", "--auto-approve", "--depth", "offline")
    return project


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the paths of the pages that are made, as they are."""
    paths: list[str] = []
    page = pages._Press._page  # noqa: SLF001 - what is counted is behind the site's one function

    def noted(press: pages._Press, path: str, *words: object, **values: object) -> str:
        paths.append(path)
        return page(press, path, *words, **values)  # type: ignore[arg-type]

    monkeypatch.setattr(pages._Press, "_page", noted)  # noqa: SLF001
    return paths


def _cache(project: Project) -> Path:
    (file,) = (project.folder / ".reconciler" / "pages").glob("*.json")
    return file


def test_a_report_of_the_same_state_makes_no_page(told: Project, made: list[str]) -> None:
    """All are there, as they were written; and the files stay the files that they were."""
    told.run_well("report", "--out", "site")
    assert made
    made.clear()
    before = {path: path.stat().st_ino for path in (told.folder / "site").rglob("*.html")}
    told.run_well("report", "--out", "site")
    assert [] == made
    assert before == {path: path.stat().st_ino for path in (told.folder / "site").rglob("*.html")}


def test_a_report_after_a_change_makes_what_shows_it(told: Project, made: list[str]) -> None:
    """Of the other accounts and of past revisions no page is made."""
    told.run_well("report", "--out", "site")
    made.clear()
    told.run_well("approve", "news")
    told.run_well("report", "--out", "site")
    assert {"index.html", "all.html", "history.html", "compare.html", "accounts/news.html"} == set(made)


def _alter(page: Path) -> None:
    page.write_text(page.read_text("utf-8").replace("news@", "evil@"), "utf-8")


def _link(page: Path) -> None:
    other = page.parent.parent / "other"
    other.write_text(page.read_text("utf-8"), "utf-8")
    page.unlink()
    page.symlink_to(other)


def _second_name(page: Path) -> None:
    os.link(page, page.parent.parent / "other")


@pytest.mark.parametrize("spoil", [_alter, _link, _second_name, os.unlink])
def test_a_page_that_is_not_as_it_was_written_is_made_anew(
    told: Project, made: list[str], spoil: Callable[[Path], None]
) -> None:
    """Whoever can write the site fools no reader of the next one."""
    told.run_well("report", "--out", "site")
    whole = tree(told.folder / "site")
    spoil(told.folder / "site" / "accounts" / "news.html")
    made.clear()
    told.run_well("report", "--out", "site")
    assert ["accounts/news.html"] == made
    assert whole == tree(told.folder / "site")
    assert not (told.folder / "site" / "accounts" / "news.html").is_symlink()


@pytest.mark.parametrize("spoil", ["another digest", "no seal", "no JSON", "nothing", "another key"])
def test_a_cache_that_is_not_ours_counts_as_absent(told: Project, made: list[str], spoil: str) -> None:
    """Who can write both the site and the cache has no key, so all pages are made."""
    told.run_well("report", "--out", "site")
    whole, kept = tree(told.folder / "site"), _cache(told)
    page = told.folder / "site" / "accounts" / "news.html"
    _alter(page)
    text = kept.read_text("utf-8")
    spoilt = {"another digest": text.replace("0", "1"), "no seal": '{"pages": ""}', "no JSON": "x", "nothing": ""}
    kept.write_text(spoilt.get(spoil, text), "utf-8")
    if spoil == "another key":
        told.key_file.unlink()
    made.clear()
    told.run_well("report", "--out", "site")
    assert len(made) == sum(path.endswith(".html") for path in whole)
    assert whole == tree(told.folder / "site")


def test_another_program_s_pages_are_made_anew(told: Project, made: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A new version may show the same state otherwise."""
    told.run_well("report", "--out", "site")
    count = len(made)
    made.clear()
    monkeypatch.setattr("reconciler.__version__", "999.0")
    told.run_well("report", "--out", "site")
    assert len(made) == count


def test_an_erasure_forgets_what_pages_were_made_of(told: Project) -> None:
    """What is kept holds no name, and a digest of one no longer than the name itself."""
    told.run_well("report", "--out", "site")
    assert b"news" not in _cache(told).read_bytes()
    told.remove_account("news")
    told.run_well("apply", "--auto-approve", "--depth", "offline", "--allow-deletes", "1")
    told.run_well("journal", "redact", "news", "--reason", "asked for")
    assert [] == list((told.folder / ".reconciler" / "pages").glob("*.json"))


def _changes(project: Project, server: MailServer, chosen: random.Random) -> list[Callable[[], object]]:
    """Return what may happen next; some of it is refused, and then nothing happens."""
    name = chosen.choice(["news", "offers", "jobs", "sales", "press"])
    number = chosen.randrange(1000)

    def apply() -> None:
        project.run("apply", "--auto-approve", "--depth", "offline", "--allow-deletes", "9")

    def write() -> None:
        text = marketing_account(name, email=f"{name}@example.com").replace("displayName: ", f"displayName: {number} ")
        project.write_account(name, text)
        apply()

    def own() -> None:
        project.write_account("own", own_account("own", server))
        apply()

    def rename() -> None:
        if (project.folder / "accounts.d" / f"{name}.yaml").exists():
            metadata = f"previousName: {name}"
            project.remove_account(name)
            other = f"{name}-{number}"
            project.write_account(other, marketing_account(other, email=f"{name}@example.com", metadata=metadata))
            apply()

    def delete() -> None:
        if (project.folder / "accounts.d" / f"{name}.yaml").exists():
            project.remove_account(name)
            apply()

    return [
        write, write, own, rename, delete,
        lambda: project.run("approve", name),
        lambda: project.run("reject", name, "--reason", f"no {number}"),
        lambda: project.run("suspend", name, "--reason", "spam"),
        lambda: project.run("resume", name),
        lambda: project.run("journal", "redact", name, "--past-only"),
        lambda: project.execute_sql("UPDATE accounts SET manifest = ? WHERE name = ?", f"{number}.yaml", name),
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_the_folder_is_what_a_first_report_would_write(told: Project, server: MailServer, seed: int) -> None:
    """Whatever happens in between, the pages that are left are those that would be made, to the octet."""
    chosen = random.Random(seed)  # noqa: S311 - the same each time
    for step in range(12):
        chosen.choice(_changes(told, server, chosen))()
        language = chosen.choice(["auto", "auto", "auto", "pl"])
        selectors = chosen.choice([(), (), (), ("news*",)])
        told.run_well("report", *selectors, "--out", "site", "--lang", language)
        told.run_well("report", *selectors, "--out", f"new-{step}", "--lang", language)
        assert tree(told.folder / f"new-{step}") == tree(told.folder / "site")
