"""The comment of a pull request: it fits, it reads the same for the same plan, and nobody else speaks in it."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from reconciler.diagnostics import error, warning
from reconciler.model.plan import Change, SavedPlan, Summary
from reconciler.model.secrets.routes import Route, SecretRoute
from reconciler.render.markdown import MOST_CHARACTERS, block, code, marker, plan_comment
from reconciler.render.safe import UNSAFE
from tests.render import saved, values
from tests.render.hostile import MARKUP, hostile_saved_plan

if TYPE_CHECKING:
    from collections.abc import Iterable

    from markdown_it.token import Token

_OURS = re.compile(
    r"<!-- reconciler plan: [A-Za-z0-9._-]* -->\n?|<details><summary>[\d,]+ fields</summary>\n?|</details>\n?"
)
_SPOKEN = re.compile(r"@|#|!\[|https?:|www\.|GH-\d|[0-9a-f]{7}|/|\$\d|&\d|~[a-z]|%\d", re.IGNORECASE)
"""What GitHub or GitLab would link, notify or obey outside code."""
SIGNS = "`|<>@#![]()*_~\\&;:/-+=.$%{}\"'\n\r\t aZ0\u00a0"
hostile_text = st.one_of(
    st.text(st.characters(codec=None), max_size=40),
    st.text(st.sampled_from(SIGNS), max_size=40),
    st.lists(st.sampled_from(MARKUP), max_size=3).map("".join),
)


def parsed(text: str) -> list[Token]:
    """Return the tokens of Markdown as GitHub reads it, inline ones among them."""
    reader = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    return [each for token in reader.parse(text) for each in (token, *(token.children or ()))]


def prose(tokens: Iterable[Token]) -> list[str]:
    """Return the text outside code."""
    return [token.content for token in tokens if token.type == "text"]


def test_a_code_span_shows_just_its_text() -> None:
    """Backticks, pipes and spaces at the ends stay what they are."""
    for text in ("a", "`", "``", "a`b``c", "`a`", " a", "a ", " a ", "a|b", "\\`", "*a*", "a\\"):
        (span,) = [token for token in parsed(f"x {code(text)} y") if token.type == "code_inline"]
        assert text == span.content


@pytest.mark.parametrize(("text", "shown"), [("", '""'), (" ", '" "')])
def test_nothing_to_see_stands_in_quotes(text: str, shown: str) -> None:
    """A code span cannot be empty, so an empty text has quotes."""
    assert [shown] == [token.content for token in parsed(code(text)) if token.type == "code_inline"]


def test_a_block_is_not_closed_from_within() -> None:
    """The fence is longer than any run of backticks in the lines."""
    lines = ["```", "````", "~~~", "- x"]
    (fence,) = [token for token in parsed(block(lines, "diff")) if token.type == "fence"]
    assert ("\n".join(lines) + "\n", "diff") == (fence.content, fence.info)


def test_the_marker_holds_the_name_and_nothing_else() -> None:
    """A project's name cannot end the comment of HTML that it stands in."""
    assert "<!-- reconciler plan: mail -->" == marker("mail")
    assert "<!-- reconciler plan: a--__script_ -->" == marker("a--><script>")


def test_the_comment_begins_with_its_marker() -> None:
    """Whoever updates the comment finds it by its first line."""
    for plan in (saved.reviewed_plan(), saved.empty_plan(), saved.invalid_plan()):
        assert "<!-- reconciler plan: mail -->" == plan_comment(plan).split("\n")[0]


def test_what_is_destroyed_comes_first() -> None:
    """Deletions stand before renames, updates and creations; rotations and held changes are apart, after them."""
    titles = re.findall(r"^#### (.*)$", plan_comment(saved.reviewed_plan()), re.MULTILINE)
    expected = ["Why it is refused, and what to do", "Deletions (1)", "Renames (1)", "Updates (3)", "Creations (2)"]
    expected += ["Rotated secrets (1)", "Held (1)", "What is sent where", "Guards lifted and grants used"]
    assert [*expected, "Warnings and notes"] == titles


def test_the_grants_to_paste_are_a_block_of_yaml() -> None:
    """What a withheld credential needs can be copied from the comment as it stands."""
    fences = {token.info: token.content for token in parsed(plan_comment(saved.reviewed_plan())) if token.info}
    assert 'grants:\n  - {secret: "env:SMTP_RELAY", servers: ["mail.example.net:587"]}\n' == fences["yaml"]


def test_the_comment_tells_what_is_sent_where() -> None:
    """Each server stands with the secrets that it gets, the withheld ones first; held changes send nothing."""
    lines = [line for line in plan_comment(saved.reviewed_plan()).split("\n") if "Login at" in line]
    assert 3 == len(lines)
    assert lines[0].startswith("- **withheld, see above**: `Login at mail.example.net:587, starttls` gets")
    assert "`env:SMTP_ANNA` as `anna@example.com` (for `anna`)" in lines[2]
    assert "held.example.com" not in plan_comment(saved.reviewed_plan())


def test_the_platforms_own_secret_is_told_too() -> None:
    """Marketing accounts are verified with the platform's secret; where it is withheld from one, it goes nowhere."""
    secret = SecretRoute(secret="env:PLATFORM", route=Route(host="mx.example.com", port=465, encryption="tls"))
    for found, shown in ((values.passed(), "- `Login"), (values.withheld(), "- **withheld, see above**: `Login")):
        change = values.CREATED.model_copy(update={"verification": found})
        plan = saved.saved(values.plan([change]), {})
        plan = plan.model_copy(update={"inputs": plan.inputs.model_copy(update={"platform_routes": (secret,)})})
        expected = f"{shown} at mx.example.com:465, tls` gets `env:PLATFORM` (for `the platform's server`)\n"
        assert expected in plan_comment(plan)


def test_the_comment_tells_of_test_messages() -> None:
    """Apply sends test messages to the operator, unless the plan was made for another depth."""
    plan = saved.reviewed_plan()
    shallow = plan.model_copy(update={"inputs": plan.inputs.model_copy(update={"depth": "envelope"})})
    assert "goes to the operator and to nobody else." in plan_comment(plan)
    assert "to the depth envelope: it sends no test message." in plan_comment(shallow)
    assert "test message" not in plan_comment(saved.empty_plan())


def later(plan: SavedPlan) -> SavedPlan:
    """Return the same plan, made another day on a slower network, with evidence of its own."""
    changes = []
    for change in plan.changes:
        checks = tuple(check.model_copy(update={"seconds": check.seconds + 3}) for check in change.verification.checks)
        found = change.verification.model_copy(update={"checks": checks, "checked_at": values.NOON + timedelta(days=2)})
        changes.append(change.model_copy(update={"verification": found}))
    told = tuple(problem for problem in plan.diagnostics if problem.code != "evidenceReused")
    return plan.model_copy(
        update={
            "created_at": values.NOON + timedelta(days=2),
            "changes": tuple(reversed(changes)),
            "plan_digest": "sha256:" + "0" * 64,
            "diagnostics": told,
        }
    )


def test_the_same_plan_has_the_same_comment() -> None:
    """Neither time nor duration nor order of making shows, so a second run changes nothing."""
    plan = saved.reviewed_plan()
    assert plan_comment(plan) == plan_comment(later(plan))


def test_two_thousand_changes_stay_inside_the_limit() -> None:
    """Of many changes whole accounts are left out, deletions last, and the comment says how many and where they are."""
    comment = plan_comment(saved.many_changes(2000))
    assert MOST_CHARACTERS - 5_000 < len(comment) <= MOST_CHARACTERS
    shown = len(re.findall(r"^\*\*(?:create|delete)\*\* ", comment, re.MULTILINE))
    cut = f"**This comment is cut: {2000 - shown:,} changes left out.** `reconciler show PLANFILE` shows everything."
    assert cut in comment.split("#### ")[0]
    assert 200 == len(re.findall(r"^\*\*delete\*\* ", comment, re.MULTILINE))
    assert f"{2000 - shown:,} of these 1,800 left out here." in comment
    assert [] == [text for text in prose(parsed(comment)) if "```" in text]


def test_a_small_plan_is_not_cut() -> None:
    """Where everything fits nothing is said of a cut."""
    assert "left out here" not in plan_comment(saved.reviewed_plan())


def test_one_huge_account_does_not_push_the_others_out() -> None:
    """Of an account that alone is too long its labels are left out and counted; those after it are shown."""
    moved = values.changed("spec.smtp.host", "smtp.example.com", "evil.example")
    fields = (*(values.changed(f"metadata.labels.l{number}", None, "x" * 300) for number in range(400)), moved)
    huge = Change(action="create", kind="OwnAccount", name="a-huge", fields=fields)
    small = [values.DELETED.model_copy(update={"action": "create", "name": f"b-{number}"}) for number in range(3)]
    plan = saved.saved(values.plan([huge, *small], summary=Summary(create=4)), {})
    comment = plan_comment(plan)
    assert "**create** OwnAccount `a-huge`\n\n```diff\n! smtp.host  smtp.example.com → evil.example\n```\n" in comment
    assert "400 fields of this account left out here." in comment
    assert [True] * 3 == [f"`b-{number}`" in comment for number in range(3)]
    assert "**This comment is cut: 1 change told in part.**" in comment


def test_what_is_left_out_is_named() -> None:
    """Accounts padded to fill the comment do not hide the one after them; more than eight are counted."""
    fields = tuple(values.changed(f"metadata.labels.l{number}", None, "x" * 300) for number in range(23))
    padded = [Change(action="update", kind="OwnAccount", name=f"a-{number}", fields=fields) for number in range(20)]
    comment = plan_comment(saved.saved(values.plan(padded, summary=Summary(update=20)), {}))
    shown = len(re.findall(r"^\*\*update\*\* ", comment, re.MULTILINE))
    assert 20 == len(set(re.findall(r"`a-\d+`", comment))) + (20 - shown - 8)
    assert f"{20 - shown} of these 20 left out here." in comment
    assert f"and {20 - shown - 8} more." in comment
    assert len(comment) <= MOST_CHARACTERS


def test_what_is_told_of_one_account_is_bounded() -> None:
    """Where even its other fields are too many its name is left, with their number."""
    fields = tuple(values.changed(f"spec.{'x' * 150}{number}", "y" * 400, "z" * 400) for number in range(40))
    change = Change(action="update", kind="OwnAccount", name="wide", fields=fields)
    comment = plan_comment(saved.saved(values.plan([change], summary=Summary(update=1)), {}))
    told = r"\*\*update\*\* OwnAccount `wide`\n\n40 fields(?: and \d remarks?)? of this account left out here\."
    assert re.search(told, comment), comment


def test_many_fields_are_folded() -> None:
    """A long list of fields is there for who wants to see it."""
    fields = tuple(values.changed(f"metadata.labels.l{number:02}", None, "x") for number in range(20))
    change = Change(action="create", kind="OwnAccount", name="wide", fields=fields)
    comment = plan_comment(saved.saved(values.plan([change], summary=Summary(create=1)), {}))
    assert "<details><summary>20 fields</summary>\n\n```diff\n+ labels.l00  x\n" in comment
    assert "```\n\n</details>\n" in comment


def test_a_long_value_is_cut_and_says_so() -> None:
    """Nobody fills the comment with one value."""
    change = Change(
        action="create", kind="OwnAccount", name="long", fields=(values.changed("metadata.title", None, "y" * 5000),)
    )
    comment = plan_comment(saved.saved(values.plan([change], summary=Summary(create=1)), {}))
    assert f"+ title  {'y' * 400}… (4,600 characters more)\n" in comment


def test_problems_too_long_for_the_comment_are_told_without_what_is_to_be_copied() -> None:
    """A block of very many grants is left to show; the sentences and what comes after it stay."""
    grants = error("credentialWithheld", "Grant:\n    grants:\n" + "      - {secret: x}\n" * 2000)
    plan = values.plan(status="blocked", diagnostics=[grants, values.TOO_MANY_DELETES])
    comment = plan_comment(saved.saved(plan, {}))
    assert "`Grant:`\n\nThe rest of it is too long for a comment." in comment
    assert "reconciler plan --allow-deletes 12" in comment
    assert "{secret: x}" not in comment


def test_problems_that_do_not_fit_are_counted() -> None:
    """Of too many problems the comment tells how many it leaves out."""
    problems = [warning("noReplyTo", f"{number} " + "x" * 900, subject=f"n{number}") for number in range(100)]
    comment = plan_comment(saved.saved(values.plan(diagnostics=problems), {}))
    shown = comment.count("**Warning: ")
    assert 0 < shown < 100
    assert f"{100 - shown} more problems left out here." in comment


def test_servers_that_do_not_fit_are_counted() -> None:
    """Of too many servers the comment tells how many it leaves out, and the same of grants."""
    names = [f"n{number}" for number in range(400)]
    changes = [values.UPDATED.model_copy(update={"name": name, "fields": ()}) for name in names]
    plan = saved.saved(values.plan(changes), {name: saved.prepared(name, host=f"{name}.example.com") for name in names})
    plan = plan.model_copy(update={"inputs": plan.inputs.model_copy(update={"grants_used": tuple(names * 10)})})
    comment = plan_comment(plan)
    shown = comment.count("Login at")
    assert 0 < shown < 400
    assert f"{400 - shown} more servers left out here." in comment
    assert re.search(r"[\d,]+ more left out here\.", comment)
    assert len(comment) <= MOST_CHARACTERS


def assert_nobody_else_speaks(comment: str) -> None:
    """Assert that foreign text stands in code only, and that no line is a command of a log or of a comment."""
    tokens = parsed(comment)
    assert {token.type for token in tokens} & {
        "image",
        "link_open",
        "autolink",
        "html_inline",
        "strikethrough",
    } == set()
    assert "" == _OURS.sub("", "".join(token.content for token in tokens if token.type == "html_block"))
    outside = [_SPOKEN.findall(text) for text in prose(tokens)]
    assert [] == [found for found in outside if found]
    assert [] == UNSAFE.findall(comment.replace("\n", ""))
    assert [] == re.findall(r"^\s*::|^/|##[a-z]*\[", comment, re.MULTILINE)
    assert len(comment) <= MOST_CHARACTERS
    assert comment.encode()


@pytest.mark.parametrize("attack", MARKUP)
def test_no_attack_speaks_in_the_comment(attack: str) -> None:
    """Mentions, references, links, images, HTML and fences of others are shown as they are, in code."""
    assert_nobody_else_speaks(plan_comment(hostile_saved_plan(attack)))


def test_an_attack_is_shown_as_it_is() -> None:
    """What was written is what reviewers read: nothing is swallowed."""
    comment = plan_comment(hostile_saved_plan("@octocat <b>`#1"))
    spans = [token.content for token in parsed(comment) if token.type == "code_inline"]
    assert "@octocat <b>`#10" in spans


@settings(max_examples=60, deadline=None)
@given(hostile_text)
@example("x\n\n@octocat")
@example("`" * 70)
@example("\U000e0041" * 60)
def test_nobody_else_speaks_whatever_they_write(text: str) -> None:
    """For any text, all of it stays in code and the comment inside its limit."""
    assert_nobody_else_speaks(plan_comment(hostile_saved_plan(text)))


def test_huge_hostile_text_stays_inside_the_limit() -> None:
    """However long every single text is, the comment can be posted."""
    make = partial(hostile_saved_plan, copies=40)
    for text in ("\U000e0041" * 3000, "`" * 3000, "\n" * 3000, "x" * 100_000):
        assert_nobody_else_speaks(plan_comment(make(text)))
