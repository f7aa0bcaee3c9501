"""The plan of a fleet, as the documentation shows it, is the one that is made; its first screen answers what matters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.docs import fleet

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return every form of the fleet's plan, made anew."""
    folder: Path = tmp_path_factory.mktemp("fleet")
    return fleet.outputs(folder)


@pytest.mark.parametrize("name", fleet.FORMS)
def test_the_documentation_shows_the_plan(made: dict[str, str], name: str) -> None:
    """Text, comment and page are what the documentation has; ``python -m tests.docs.fleet`` writes them anew."""
    assert fleet.same((fleet.FOLDER / name).read_text(encoding="utf-8")) == fleet.same(made[name])


def test_the_page_shows_the_plan(made: dict[str, str]) -> None:
    """The text stands on the page on plans, too."""
    page = fleet.PAGE.read_text(encoding="utf-8")
    assert fleet.same(page) == fleet.same(fleet.with_text(page, made["fleet.txt"]))


def test_the_first_screen_answers(made: dict[str, str]) -> None:
    """What changes, why it is blocked, who is mailed, and what comes next stand in 24 lines, in every form at its head."""
    head = "\n".join(made["fleet.txt"].splitlines()[:24]).partition("\n\n")[0]
    for answer in (
        "2 create, 46 update, 2 rename, 2 delete, 1 held,", "BLOCKED",
        "✗ sales-bad, sales-ten", "auth: password rejected by localhost:2501",
        "apply verifies 42 accounts and sends 42 test messages to ops@example.com",
        "mend: reconciler verify sales-bad sales-ten",
    ):  # fmt: skip
        assert answer in head, (answer, head)
    assert made["fleet.txt"].count("rejects the user name") == 2  # one of them is held, at another server
    for name in ("fleet-comment.md", "fleet-page.html"):
        top = made[name].partition("Deletions")[0]
        assert "42 test messages" in top
        assert "sales-ten" in top
