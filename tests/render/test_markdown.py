"""The comment of a pull request: it fits, it reads the same for the same plan, and nobody else speaks in it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from reconciler.diagnostics import Location, error, warning
from reconciler.model.plan import Announcement, Change, Messages, SavedPlan, Summary
from reconciler.model.secrets.routes import Route, SecretRoute
from reconciler.render.links import links_of
from reconciler.render.markdown import MOST_CHARACTERS, block, marker, plan_comment
from reconciler.render.prose import code
from reconciler.render.prose import prose as to_prose
from reconciler.render.safe import UNSAFE
from tests.render import saved, values
from tests.render.hostile import MARKUP, hostile_saved_plan

if TYPE_CHECKING:
    from collections.abc import Iterable

    from markdown_it.token import Token

_OURS = re.compile(
    r"<!-- reconciler plan: [A-Za-z0-9._/-]* -->\n?|<details><summary>[\d,]+ (?:fields|new accounts?)</summary>\n?|</details>\n?"
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


def test_no_project_has_the_marker_of_an_environment() -> None:
    """Names have underscores, dots and hyphens: an environment's comment is no other project's."""
    keys = ("mail", "mail@staging", "mail_staging", "mail.staging", "mail-staging", "mail_@staging", "mail@_staging")
    assert len(keys) == len({marker(key) for key in keys})


def test_the_comment_begins_with_its_marker() -> None:
    """Whoever updates the comment finds it by its first line."""
    for plan in (saved.reviewed_plan(), saved.empty_plan(), saved.invalid_plan()):
        assert "<!-- reconciler plan: mail -->" == plan_comment(plan).split("\n")[0]


def test_what_is_destroyed_comes_first() -> None:
    """Deletions stand before renames, updates and creations; rotations and held changes are apart, after them."""
    titles = re.findall(r"^#### (.*)$", plan_comment(saved.reviewed_plan()), re.MULTILINE)
    expected = ["Why it is refused, and what to do", "Deletions (1)", "Renames (1)", "Updates (3)", "Creations (2)"]
    expected += ["Rotated secrets (1)", "Held (1)", "What is sent where", "Guards lifted and grants used"]
    assert [*expected, "Warnings and notes", "Next"] == titles


def test_the_grants_to_paste_are_a_block_of_yaml() -> None:
    """What a withheld credential needs can be copied from the comment as it stands."""
    fences = {token.info: token.content for token in parsed(plan_comment(saved.reviewed_plan())) if token.info}
    assert 'grants:\n  - {secret: "env:SMTP_RELAY", servers: ["mail.example.net:587"]}\n' == fences["yaml"]


def test_the_comment_tells_what_is_sent_where() -> None:
    """Each server stands with the secrets that it gets, the withheld ones first; held changes send nothing."""
    lines = [line for line in plan_comment(saved.reviewed_plan()).split("\n") if "Login at" in line]
    assert 3 == len(lines)
    assert lines[0].startswith("- **withheld, see above**: Login at `mail.example.net:587`, starttls gets")
    assert "`env:SMTP_ANNA` as `anna@example.com` (for `anna`)" in lines[2]
    assert "held.example.com" not in plan_comment(saved.reviewed_plan())


def test_the_platforms_own_secret_is_told_too() -> None:
    """Marketing accounts are verified with the platform's secret; where it is withheld from one, it goes nowhere."""
    secret = SecretRoute(secret="env:PLATFORM", route=Route(host="mx.example.com", port=465, encryption="tls"))
    for found, shown in ((values.passed(), "- Login"), (values.withheld(), "- **withheld, see above**: Login")):
        change = values.CREATED.model_copy(update={"verification": found})
        plan = saved.saved(values.plan([change]), {})
        plan = plan.model_copy(update={"inputs": plan.inputs.model_copy(update={"platform_routes": (secret,)})})
        expected = f"{shown} at `mx.example.com:465`, tls gets `env:PLATFORM` (for the platform's server)\n"
        assert expected in plan_comment(plan)


def test_the_comment_tells_of_test_messages() -> None:
    """Whom apply contacts stands in the head, and nothing where nothing would change."""
    verifies = Announcement(accounts=3, messages=(Messages(to="ops@example.com", count=2),))
    plan = saved.reviewed_plan().model_copy(update={"apply_verifies": verifies})
    said = "\n\nApply verifies 3 accounts and sends 2 test messages to `ops@example.com`.\n\n"
    assert said in plan_comment(plan).partition("####")[0]
    assert "test message" not in plan_comment(saved.empty_plan())


def test_what_refuses_stands_at_the_top() -> None:
    """Before the first section, each refusal with its accounts, then how it is mended; new accounts are folded."""
    comment = plan_comment(saved.reviewed_plan())
    head = comment.partition("\n####")[0]
    assert "- ✗ too many deletions `[tooManyDeletes]`\n" in head
    assert "- ✗ `relay`: auth: The server refused the login: 535" in head
    assert comment.index("Why it is refused") < comment.index("#### Deletions")
    folded = comment.partition("<details><summary>2 new accounts</summary>\n\n")[2].partition("\n\n</details>\n")[0]
    assert 2 == folded.count("**create** ")
    assert "Mend tooManyDeletes first, and push" in " ".join(comment.replace("`", "").split())


def test_sentences_are_prose() -> None:
    """No sentence stands in backticks: names, addresses and commands do, and the words around them do not."""
    spans = [token.content for token in parsed(plan_comment(saved.reviewed_plan())) if token.type == "code_inline"]
    assert [] == [span for span in spans if len(span.split()) > 4]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("auth: The server said no.", "auth: The server said no."),
        ("See mail.example.net:587, then go on.", "See `mail.example.net:587`, then go on."),
        ("@octocat did it", "`@octocat` did it"),
        ("1. one", "`1`. one"),
        ("It has 12 accounts (of 1,200).", "It has 12 accounts (of 1,200)."),
        ("commit deadbeef", "commit `deadbeef`"),
        ("so `accounts list --as USER` shows it, `x`.", "so `accounts list --as USER` shows it, `x`."),
        ("Anew (`plan`), then `apply`; 3 more.", "Anew (`plan`), then `apply`; `3` more."),
        ("- a: env:X to mail.example.com", "- a: `env:X` to `mail.example.com`"),
        ("a_b c*d*", "`a_b c*d*`"),
        ("<b>x</b>", "`<b>x</b>`"),
        ("Straße und Łódź", "Straße und Łódź"),
        ("fixes GH-12 and PROJ-7", "fixes `GH-12` and `PROJ-7`"),
        ("", ""),
    ],
)
def test_what_is_no_word_is_code(text: str, told: str) -> None:
    """Words and short numbers are prose; whatever a code host could read as more is code."""
    assert told == to_prose(text)


def test_the_comment_leads_to_run_page_and_line() -> None:
    """Where the CI system tells where it is, the run, the page, and each manifest at its line are linked."""
    environ = {
        "GITHUB_SERVER_URL": "https://git.example.com", "GITHUB_REPOSITORY": "mail/accounts", "GITHUB_RUN_ID": "17",
        "GITHUB_SHA": "0f1e2d", "RECONCILER_PLAN_PAGE": "https://pages.example.com/17/plan.html",
    }  # fmt: skip
    places = {"relay": Location("accounts.d/relay.yaml", 12, 1), "anna": Location("accounts.d/other.yaml", 3, 1)}
    comment = plan_comment(saved.reviewed_plan(), links_of(environ, folder="prod mail", places=places))
    run, files = (
        "https://git.example.com/mail/accounts/actions/runs/17",
        "https://git.example.com/mail/accounts/blob/0f1e2d",
    )
    assert f"[Run]({run}) · [Page](https://pages.example.com/17/plan.html)\n" in comment
    assert f"[`accounts.d/relay.yaml:12`]({files}/prod%20mail/accounts.d/relay.yaml#L12)" in comment
    assert f"[`accounts.d/anna@example.com.yaml`]({files}/prod%20mail/accounts.d/anna%40example.com.yaml)" in comment


@pytest.mark.parametrize(
    ("environ", "run", "files"),
    [
        ({}, None, None),
        ({"GITHUB_SERVER_URL": "https://g.example.com) [x](", "GITHUB_REPOSITORY": "a/b", "GITHUB_RUN_ID": "1"}, None, None),
        ({"GITHUB_SERVER_URL": "javascript:alert", "GITHUB_REPOSITORY": "a/b", "GITHUB_RUN_ID": "1"}, None, None),
        (
            {"GITLAB_CI": "true", "CI_PROJECT_URL": "https://gl.example.com/a/b", "CI_COMMIT_SHA": "0f",
             "CI_JOB_URL": "https://gl.example.com/a/b/-/jobs/7"},
            "https://gl.example.com/a/b/-/jobs/7",
            "https://gl.example.com/a/b/-/blob/0f/",
        ),
    ],
)  # fmt: skip
def test_only_addresses_are_linked(environ: dict[str, str], run: str | None, files: str | None) -> None:
    """What is no address and nothing else leads nowhere."""
    links = links_of(environ, folder=".", places={})
    assert run == links.run
    assert files == links.files
    assert links.page is None


def later(plan: SavedPlan) -> SavedPlan:
    """Return the same plan, made another day on a slower network, with evidence of its own."""
    changes = []
    for change in plan.changes:
        checks = tuple(replace(check, seconds=check.seconds + 3) for check in change.verification.checks)
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
    accounts = comment.partition("#### Deletions")[2].partition("#### What is sent")[0]
    deletions, _, creations = re.sub(r"Left out: .*", "", accounts).partition("#### Creations")
    deleted, created = (set(re.findall(r"`(desk-\d{4})`", part)) for part in (deletions, creations))
    shown = len(deleted | created)
    cut = f"**This comment is cut: {2000 - shown:,} changes left out.** `reconciler show PLANFILE` shows everything."
    assert cut in comment.split("#### ")[0]
    assert 200 == len(deleted)
    assert shown > 500
    assert f"{2000 - shown:,} of these 1,800 left out here." in comment
    assert [] == [text for text in prose(parsed(comment)) if "```" in text]


def test_changes_that_are_alike_are_told_once() -> None:
    """Equal updates are one block with all accounts; new accounts of one server a table with what each has for itself."""
    moved = [
        values.moved_server(f"desk-{number:02}", values.passed()).model_copy(update={"server": "office"})
        for number in range(36)
    ]
    created = [
        values.through_server(f"new-{number}", values.passed()).model_copy(
            update={
                "fields": (
                    values.changed("spec.email", None, f"n{number}@example.com"),
                    values.changed("spec.shared", None, after=True),
                )
            }
        )
        for number in range(3)
    ]
    gone = [values.DELETED.model_copy(update={"name": f"old-{number}"}) for number in range(4)]
    comment = plan_comment(saved.saved(values.plan([*moved, *created, *gone]), {}))
    assert "**update** 36 OwnAccounts through `office`\n\n`desk-00`, `desk-01`, " in comment
    assert 1 == comment.count("**update**")
    assert 1 == comment.count("**create**")
    assert 1 == comment.count("**delete**")
    assert "```diff\n+ shared  true\n```\n\n|  | `email` |\n| --- | --- |\n| `new-0` | `n0@example.com` |\n" in comment
    tokens = parsed(comment)
    assert 4 * 2 == sum(token.type in {"td_open", "th_open"} for token in tokens)
    assert "`old-0`, `old-1`, `old-2`, `old-3`" in comment
    assert "smtp" not in comment.partition("**delete**")[2].partition("####")[0]


def test_what_is_withheld_from_many_is_one_entry() -> None:
    """The reason and its routes stand at the top, so the accounts that change alike are told together."""
    moved = [values.moved_server(f"desk-{number:02}", values.withheld()) for number in range(36)]
    comment = plan_comment(saved.saved(values.plan(moved, status="blocked"), {}))
    assert 1 == comment.count("credential withheld, as told above")
    assert 1 == comment.count("**update**")


def test_a_table_is_not_broken_from_within() -> None:
    """Texts with what tables read keep their accounts out of tables: they are told one by one."""
    for sign in ("|", "\\|", "\\"):
        made = [
            values.CREATED.model_copy(
                update={
                    "name": f"n-{number}",
                    "fields": (values.changed("spec.displayName", None, f"{number} {sign} x"),),
                }
            )
            for number in range(2)
        ]
        comment = plan_comment(saved.saved(values.plan(made), {}))
        assert 2 == comment.count("**create**"), sign
        assert "table_open" not in {token.type for token in parsed(comment)}


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
    padded = [
        Change(
            action="update",
            kind="OwnAccount",
            name=f"a-{number}",
            fields=tuple(values.changed(f"metadata.labels.l{number}-{each}", None, "x" * 300) for each in range(23)),
        )
        for number in range(20)
    ]
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
    assert "Grant:\n\nThe rest of it is too long for a comment." in comment
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
