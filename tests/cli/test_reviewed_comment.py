"""``apply --reviewed`` with the comment that showed the plan, where no file of it is kept: sealed, for one place, once."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

import pytest

from reconciler.rules.apply.review import MOST_CHANGES
from tests.cli.project import Project, marketing_account

if TYPE_CHECKING:
    from collections.abc import Callable

URL = "https://git.example.com/mail/pull/7"
OTHER = "https://git.example.com/mail/pull/8"


def comment(project: Project, *words: str, reference: str = URL) -> None:
    """Write the comment of the plan as it is now into a file."""
    shown = project.run("plan", "--format", "markdown", "--reference", reference, *words)
    assert shown.code in {0, 4}, shown
    (project.folder / "comment.md").write_text(shown.out, encoding="utf-8")


@pytest.fixture
def shown(project: Project) -> Project:
    """Return a project where a comment shows the creation of ``one`` and ``two``."""
    for name in ("one", "two"):
        project.write_account(name, marketing_account(name))
    comment(project)
    return project


def apply(project: Project, *words: str, reference: str = URL) -> tuple[int, list[str]]:
    """Apply with the comment as the review; return exit code and codes."""
    ended = project.run("apply", "--reviewed", "comment.md", "--reference", reference, *words, "--format", "json")
    return ended.code, ended.codes


def altered(project: Project, alter: Callable[[str], str]) -> None:
    """Alter the comment."""
    path = project.folder / "comment.md"
    text = path.read_text(encoding="utf-8")
    written = alter(text)
    assert written != text
    path.write_text(written, encoding="utf-8")


def test_what_a_comment_showed_is_applied_once(shown: Project) -> None:
    """No file is needed; what was applied, and undone since, does not come back by the same comment."""
    assert 0 == apply(shown)[0]
    assert ["one", "two"] == list(shown.statuses())
    _, payload = shown.journal()[-1]
    review = json.loads(re.findall("<!-- reconciler review: (.*) -->", (shown.folder / "comment.md").read_text())[0])
    assert {key: review[key] for key in ("planDigest", "changesDigest")} == payload["reviewed"]
    for name in ("one", "two"):
        shown.remove_account(name)
    shown.run_well("apply", "--auto-approve", "--allow-deletes", "2")
    for name in ("one", "two"):
        shown.write_account(name, marketing_account(name))
    assert (5, ["planApplied"]) == apply(shown)


@pytest.mark.parametrize("spelt", [f" {URL}", f"{URL}\n", f"\t{URL} "], ids=repr)
def test_a_comment_serves_once_however_its_place_is_spelt(project: Project, spelt: str) -> None:
    """The journal keeps an address without what cannot be seen around it, and a comment is known by what the journal keeps."""
    project.write_account("one", marketing_account("one"))
    comment(project, reference=spelt)
    assert 0 == apply(project, reference=spelt)[0]
    project.remove_account("one")
    project.run_well("apply", "--auto-approve", "--allow-deletes", "1")
    project.write_account("one", marketing_account("one"))
    assert (5, ["planApplied"]) == apply(project, reference=spelt)
    assert (5, ["planApplied"]) == apply(project)


@pytest.mark.parametrize("given", ["", " ", "\n", URL + "7" * 200, f"{URL}\x07", f"{URL}\u202e7"], ids=repr)
def test_a_place_that_the_journal_would_not_keep_whole_is_refused(project: Project, given: str) -> None:
    """Two places could be kept as one, or one as none, and then a comment could serve twice."""
    project.write_account("one", marketing_account("one"))
    shown = project.run("plan", "--format", "markdown", "--reference", given)
    assert (1, "") == (shown.code, shown.out)
    assert "at most 200 characters" in " ".join(shown.err.split())


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-1e999", "9" * 5000])
def test_a_number_that_no_json_has_makes_a_comment_none(shown: Project, number: str) -> None:
    """Whoever alters a comment is not told of a fault of ours, whatever is written there."""
    altered(shown, lambda text: re.sub('"serial":[0-9]+', f'"serial":{number}', text))
    assert (1, ["planFileInvalid"]) == apply(shown)


def test_what_is_no_longer_needed_is_no_hindrance(shown: Project) -> None:
    """A change that was shown and has been applied by another request meanwhile is left out."""
    shown.run_well("apply", "--auto-approve", "--target", "one", "--reference", OTHER)
    assert 0 == apply(shown)[0]
    assert ["one", "two"] == list(shown.statuses())


def test_what_was_not_shown_is_refused(shown: Project) -> None:
    """A further account, or other values: nothing of it is applied, and nobody is contacted."""
    shown.write_account("three", marketing_account("three"))
    assert (5, ["notReviewed"]) == apply(shown)
    shown.remove_account("three")
    shown.write_account("two", marketing_account("two", email="other@example.com"))
    assert (5, ["notReviewed"]) == apply(shown)
    assert [] == list(shown.statuses())


def test_a_guard_that_the_comment_did_not_lift_is_not_lifted(shown: Project) -> None:
    """As with a plan's file: the flag has to have been shown."""
    assert 0 == apply(shown)[0]
    for name in ("one", "two"):
        shown.remove_account(name)
    comment(shown, reference=OTHER)
    code, codes = apply(shown, "--allow-deletes", "2", reference=OTHER)
    assert (5, {"notReviewed"}) == (code, set(codes))
    comment(shown, "--allow-deletes", "2", reference=OTHER)
    assert 0 == apply(shown, "--allow-deletes", "2", reference=OTHER)[0]


@pytest.mark.parametrize(
    ("alter", "expected"),
    [
        (lambda text: re.sub('"shown":\\["', '"shown":["x","', text), (4, ["planAltered"])),
        (lambda text: re.sub('"seal":"[^"]*"', '"seal":null', text), (4, ["planAltered"])),
        (lambda text: text.replace('"lineage":"', '"lineage":"0'), (4, ["lineageMismatch"])),
        (lambda text: text.replace('"formatVersion":"1.0"', '"formatVersion":"2.0"'), (4, ["planFormatUnknown"])),
        (lambda text: re.sub("<!-- reconciler review.*\n", "", text), (1, ["planFileInvalid"])),
        (
            lambda text: re.sub("<!-- reconciler review: .*\n", "<!-- reconciler review: [1] -->\n", text),
            (1, ["planFileInvalid"]),
        ),
        (
            lambda text: re.sub("<!-- reconciler review: .*\n", "<!-- reconciler review: {} -->\n", text),
            (1, ["planFileInvalid"]),
        ),
        (lambda text: text.replace('"serial":', '"other":1,"serial":'), (1, ["planFileInvalid"])),
        (lambda text: text.replace("mail/pull/7", "mail/pull/8"), (4, ["planAltered"])),
    ],
    ids=["a change", "no seal", "another state", "another format", "cut", "a list", "nothing", "an addition", "moved"],
)
def test_an_altered_comment_is_refused(
    shown: Project, alter: Callable[[str], str], expected: tuple[int, list[str]]
) -> None:
    """Whoever may edit the comment gets nothing applied by that."""
    altered(shown, alter)
    assert expected == apply(shown)
    assert [] == list(shown.statuses())


def test_a_comment_without_its_line_is_told_with_what_to_do(shown: Project) -> None:
    """The pull request is planned again; a plan file would not be looked at there."""
    altered(shown, lambda text: re.sub("<!-- reconciler review.*\n", "", text))
    told = " ".join(shown.run("apply", "--reviewed", "comment.md", "--reference", URL).err.split())
    assert "is not there. Have the pull request planned again" in told
    assert ".." not in told
    assert "plan --out" not in told


def test_what_a_comment_says_beside_the_hidden_line_does_not_count(shown: Project) -> None:
    """Line ends that a browser has changed, and text below; a line like it further down is not read."""
    altered(shown, lambda text: f"{text}\n<!-- reconciler review: {{}} -->\n".replace("\n", "\r\n"))
    assert 0 == apply(shown)[0]


def test_a_comment_of_another_request_is_refused(shown: Project) -> None:
    """A review copied to another pull request, and an apply that does not say for which it is."""
    assert (5, ["notReviewed"]) == apply(shown, reference=OTHER)
    ended = shown.run("apply", "--reviewed", "comment.md", "--format", "json")
    assert (5, ["notReviewed"]) == (ended.code, ended.codes)


def test_a_state_that_was_put_back_is_noticed(shown: Project) -> None:
    """Where the state is older than the one that the plan was made from."""
    kept = shown.folder / "kept.db"
    shutil.copy(shown.state_file, kept)
    assert 0 == apply(shown)[0]
    shown.write_account("three", marketing_account("three"))
    comment(shown, reference=OTHER)
    shutil.copy(kept, shown.state_file)
    assert (5, ["planStale"]) == apply(shown, reference=OTHER)


def test_another_key_is_another_hand(shown: Project) -> None:
    """A comment that was sealed with a key that is not at hand here counts as none."""
    shown.set_variable("RECONCILER_PLAN_KEY", "0123456789abcdef0123456789abcdef")
    assert (4, ["planAltered"]) == apply(shown)
    comment(shown)
    assert 0 == apply(shown)[0]


def test_too_many_changes_for_a_digest_each_count_as_a_whole(project: Project) -> None:
    """The comment stays short enough; one change more or less is refused, and the same ones are applied."""
    names = [f"n{number}" for number in range(MOST_CHANGES + 1)]
    (project.folder / "accounts.d" / "all.yaml").write_text(
        "---\n".join(marketing_account(name) for name in names), encoding="utf-8"
    )
    comment(project)
    assert 65_000 >= len((project.folder / "comment.md").read_text(encoding="utf-8"))
    project.write_account("more", marketing_account("more"))
    assert (5, ["notReviewed"]) == apply(project)
    project.remove_account("more")
    assert 0 == apply(project)[0]
    assert len(names) == len(project.statuses())


def test_the_option_is_for_a_comment(project: Project) -> None:
    """Elsewhere it would be a promise that nothing keeps."""
    assert 1 == project.run("plan", "--reference", URL).code
    assert 1 == project.run("plan", "--reference", URL, "--format", "markdown", "--shard", "1/2").code
    project.key_file.unlink()
    refused = project.run("plan", "--depth", "offline", "--format", "markdown", "--reference", URL)
    assert (1, True) == (refused.code, "fingerprintKeyMissing" in refused.err), refused
