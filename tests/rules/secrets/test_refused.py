"""How a refusal to name a secret is told: why, where, once for each cause, with the entries that would let it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.diagnostics import MOST_NAMES, Location
from reconciler.model.grants import Secrets
from reconciler.rules.secrets.allow import is_allowed
from reconciler.rules.secrets.refused import refused_secrets
from tests.rules.secrets.test_allow import HERE, SCOPED, THERE, in_staging, secrets
from tests.rules.states import desired_of, project
from tools.mutants.prose import exact_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.diagnostics import Diagnostic
    from reconciler.model.accounts.desired import DesiredAccount

RULES = {
    "secretNotAllowed": Location("reconciler.yaml", 7, 3),
    "unknownSecretSource": Location("reconciler.yaml", 9, 3),
}
SERVER = Location("accounts.d/server.yaml", 5, 1)


def accounts_of(*references: str) -> list[DesiredAccount]:
    """Return accounts a, b, ... with a password of each reference."""
    text = "---\n".join(
        f"apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {{name: {chr(ord('a') + number)}}}\nspec: "
        "{email: a@example.com, displayName: A, smtp: {host: h.example.com, authentication: "
        f"{{username: u, password: {{{reference}}}}}}}}}\n"
        for number, reference in enumerate(references)
    )
    return list(desired_of(text))


def refused(*references: str, rules: Secrets | None = None) -> list[Diagnostic]:
    """Return the refusals of accounts a, b, ... with a password of each reference."""
    return list(refused_secrets(accounts_of(*references), rules or secrets()))


def two_secrets(first: str, second: str) -> DesiredAccount:
    """Return account a with two secrets, its client's and its refresh token."""
    (account,) = desired_of(
        "apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {name: a}\nspec: {email: a@example.com, "
        "displayName: A, smtp: {host: h.example.com, authentication: {mechanism: xoauth2, username: u, oauth2: "
        f"{{tokenUrl: 'https://l.example/t', clientId: c, clientSecret: {{{first}}}, refreshToken: {{{second}}}}}}}}}}}\n"
    )
    return account


@pytest.mark.parametrize("is_reversed", [False, True])
def test_what_one_manifest_may_name_another_may_not_where_scopes_differ(*, is_reversed: bool) -> None:
    """An answer for the manifest of one scope is none for that of another, whichever is asked about first."""
    (account,) = accounts_of("env: SMTP_EU")
    eu, us = replace(account, name="eu", file="eu/a.yaml"), replace(account, name="us", file="us/a.yaml")
    rules = Secrets.model_validate({"allow": [{"secret": "env:SMTP_*", "manifests": "eu/**"}, "env:SMTP_US"]})
    accounts = [us, eu] if is_reversed else [eu, us]
    (problem,) = refused_secrets(accounts, rules)
    assert ("secretNotAllowed", ("us",)) == (problem.code, problem.concerned)


def test_what_another_account_may_name_hides_nothing_beside_it() -> None:
    """A secret that was found allowed already is passed over, and the next one of the account is looked at all the same."""
    first, second = accounts_of("env: SMTP_A")[0], two_secrets("env: SMTP_A", "env: ZONE_KEY")
    problems = refused_secrets([first, replace(second, name="b")], Secrets())
    assert [("secretNotAllowed", ("b",))] == [(each.code, each.concerned) for each in problems]


def test_what_several_accounts_may_not_name_is_told_with_the_rules_that_count() -> None:
    """An environment with an ``allow`` of its own is where the line is to be written."""
    (problem,) = refused("env: OTHER", "env: MORE", rules=in_staging({"allow": ["env:STAGE_*"]}))
    assert problem.detail.startswith("environments.staging.secrets.allow in the project file covers env:STAGE_*, which")


class Counted(dict[str, str]):
    """Places of links that count how often one is asked for."""

    count = 0

    def get(self, *arguments: Any) -> Any:
        """Return the place of a link."""
        self.count += 1
        return super().get(*arguments)


@pytest.mark.parametrize(("allow", "expected"), [([], 1), ([{"secret": "env:SMTP_*", "manifests": "**"}], 3)])
def test_a_secret_of_many_accounts_is_asked_for_once(allow: list[Any], expected: int) -> None:
    """Thousands of accounts may have one; where an entry is for some manifests alone, each manifest is asked for."""
    places = Counted()
    assert refused_secrets(accounts_of(*["env: SMTP_A"] * 3), secrets(*allow), places) == ()
    assert places.count == expected


def test_a_refused_link_is_told() -> None:
    """The error does not tell where the link leads, which nobody may have known."""
    account = desired_of(
        "apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {name: a}\nspec: {email: a@example.com, "
        "displayName: A, smtp: {host: h.example.com, authentication: {username: u, password: {file: b/x}}}}\n"
    )
    rules = secrets("file:b/**")
    (problem,) = refused_secrets(account, rules, {"file:b/x": "file:a/y"})
    assert problem.detail.startswith(
        "accounts.d/accounts.yaml names file:b/x, which leads, with links followed, to a file that the project file does"
    )
    assert "a/y" not in problem.detail
    assert () == refused_secrets(account, rules, {"file:b/x": "file:b/y"})


@pytest.mark.parametrize(
    ("reference", "allow", "code", "told", "names"),
    [
        (
            "valut: a",
            [],
            "unknownSecretSource",
            "A secret is to come from valut, a source that the project file does not declare under secrets.sources. Did you mean vault?",
            ["secrets.sources"],
        ),
        (
            "evn: a",
            [],
            "unknownSecretSource",
            "A secret is to come from evn, a source that the project file does not declare under secrets.sources. Did you mean env?",
            ["secrets.sources"],
        ),
        ("valut: 'a:b'", [], "unknownSecretSource", "A secret is to come from valut, a source that ", None),
        (
            'file: "secrets/*"',
            ["file:**"],
            "secretNotAllowed",
            "accounts.d/accounts.yaml names file:secrets/*, and a secret's name holds no * or ?: ",
            ["accounts.yaml", "secrets.allow"],
        ),
        (
            "env: RECONCILER_PLAN_KEY",
            ["env:*"],
            "secretNotAllowed",
            "accounts.d/accounts.yaml names env:RECONCILER_PLAN_KEY, which holds a key of reconciler or many ",
            ["accounts.yaml", "RECONCILER_PLAN_KEY", "secrets.allow"],
        ),
        (
            "env: HOME",
            ["env:SMTP_*", SCOPED],
            "secretNotAllowed",
            "accounts.d/accounts.yaml names env:HOME, but secrets.allow in the project file covers env:SMTP_*, env:A_* (for accounts.d/a/** only). A manifest may ",
            [
                "accounts.d",
                "accounts.yaml",
                "secrets.allow",
                "accounts.d",
                'allow: [{secret: "env:HOME", manifests: "accounts.d/accounts.yaml"}]',
            ],
        ),
        ("vault: b", ["vault:a"], "secretNotAllowed", "accounts.d/accounts.yaml names vault:b, but ", None),
        (
            "file: x/.reconciler/y",
            ["file:**"],
            "secretNotAllowed",
            "accounts.d/accounts.yaml names file:x/.reconciler/y, which lies in .reconciler, the state's folder. ",
            None,
        ),
        (
            "env: GH_TOKEN",
            ["env:*"],
            "secretNotAllowed",
            "accounts.d/accounts.yaml names env:GH_TOKEN, a reserved name: credentials of code hosts go by such names. ",
            ["secrets.allow", "SMTP_SALES_PASSWORD"],
        ),
        (
            "env: HOUSE_X",
            ["env:*"],
            "secretNotAllowed",
            "accounts.d/accounts.yaml names env:HOUSE_X, which secrets.sources.store in the project file gives to its ",
            None,
        ),
    ],
)
def test_a_refusal_is_told(reference: str, allow: list[Any], code: str, told: str, names: list[str] | None) -> None:
    """The error stands at the account, says which rule refuses, and what to do about it."""
    (problem,) = refused(reference, rules=secrets(*allow))
    assert code == problem.code
    assert "a" == problem.subject
    assert "accounts.d/accounts.yaml:1:1" == str(problem.location)
    assert problem.detail.startswith(told)
    assert names is None or [*names] == [word for word in exact_words(problem.detail) if word in names]


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        ("value: hunter2", "If a real secret was committed, change it: it stays in git's history."),
        ("literal: hunter2", "put it into a variable or a file, and name that"),
        ("passwort: hunter2", "does not declare under secrets.sources."),
        ("environment: hunter2", "Did you mean env?"),
        ("path: hunter2", "Did you mean file?"),
    ],
)
def test_the_key_of_a_source_that_is_not_is_not_shown(reference: str, told: str) -> None:
    """Other tools have the secret itself there, so it is repeated nowhere."""
    (problem,) = refused(reference, rules=secrets())
    assert ("unknownSecretSource", True) == (problem.code, told in problem.detail)
    assert "hunter2" not in repr(problem)


@pytest.mark.parametrize(
    ("sources", "told"),
    [
        ("environment variable var envVar envvar environ envKey", "Did you mean env?"),
        ("path filename fromFile filePath passwordFile", "Did you mean file?"),
        (
            "value literal plain plaintext text raw inline string content default data secret",
            "put it into a variable or a file, and name that, as in {env: SMTP_SALES_PASSWORD}. If a real secret was ",
        ),
    ],
    ids=["variables", "files", "the secret itself"],
)
def test_what_other_tools_call_a_source_is_known(sources: str, told: str) -> None:
    """Whoever comes from another tool is told which source is meant, or that no manifest holds a secret."""
    unknown = [source for source in sources.split() if told not in refused(f"{source}: x", rules=secrets())[0].detail]
    assert [] == unknown


def test_one_reserved_name_is_one_cause_in_several_manifests() -> None:
    """No entry of secrets.allow would let it, whichever manifest names it, so none is proposed."""
    one, other = accounts_of("env: GH_TOKEN", "env: GH_TOKEN")
    (problem,) = refused_secrets([replace(one, file=HERE), replace(other, file=THERE)], secrets())
    assert ("a", "b") == problem.concerned
    assert problem.detail.startswith(f"{HERE} names env:GH_TOKEN, a reserved name: ")
    assert "    allow: " not in problem.detail


def test_a_manifest_in_no_scope_lacks_an_entry() -> None:
    """What covers the name for other manifests does not cover it here; of both causes each is told once."""
    one, other, third = accounts_of("env: A_X", "env: A_Y", "env: GH_TOKEN")
    told = refused_secrets([replace(each, file=THERE) for each in (one, other, third)], secrets(SCOPED, "env:GH_*"))
    assert [("a", "b"), ("c",)] == [problem.concerned for problem in told]


def test_nothing_may_be_allowed() -> None:
    """An empty list of globs covers nothing, and the refusal says so."""
    (problem,) = refused("env: SMTP_A", rules=project(secrets={"allow": []}).secrets)
    assert " covers nothing. " in problem.detail


def test_secrets_are_refused_in_order() -> None:
    """What is not covered is one error, which names the accounts and each secret, in their order."""
    (problem,) = refused("env: B", "env: A", "env: SMTP_X")
    assert (None, ("a", "b")) == (problem.subject, problem.subjects)
    assert problem.detail.index("env:B (") < problem.detail.index("env:A (")
    names = [f"N{number}" for number in (3, 1, 2)]
    (account,) = desired_of(
        "apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {name: a}\nspec: {email: a@example.com, "
        "displayName: A, smtp: {host: h.example.com, authentication: {mechanism: xoauth2, username: u, oauth2: "
        f"{{tokenUrl: 'https://l.example/t', clientId: c, clientSecret: {{env: {names[0]}}}, "
        f"refreshToken: {{env: {names[1]}}}}}}}}}, proxy: {{type: http, host: p.example, port: 1, username: u, "
        f"password: {{env: {names[2]}}}}}}}\n"
    )
    (told,) = refused_secrets([account], secrets())
    assert ("a", ()) == (told.subject, told.subjects)
    assert ["env:N1", "env:N2", "env:N3"] == re.findall(r"(env:N\d) \(", told.detail)


def test_an_inherited_secret_must_be_allowed_in_both_places() -> None:
    """The account's own manifest is named where it may not name the secret, else the server's."""
    (account,) = desired_of(
        "apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {name: a}\nspec: {email: a@example.com, "
        "displayName: A, smtp: {host: h.example.com, authentication: {username: u, password: {env: A_X}}}}\n"
    )
    inherited = replace(account, server_secrets=frozenset({"env:A_X"}))
    rules = secrets(SCOPED)
    for own, server, told in ((HERE, HERE, None), (THERE, HERE, THERE), (HERE, THERE, THERE)):
        problems = refused_secrets([replace(inherited, file=own, server_file=server)], rules)
        assert [] == [told for each in problems if told is None or not each.detail.startswith(f"{told} names env:A_X")]
        assert bool(problems) == (told is not None)
    assert () == refused_secrets([replace(account, file=HERE, server_file=THERE)], rules)


def test_a_key_may_hold_colons() -> None:
    """The source ends at the first one."""
    assert [] == refused("vault: 'a:b'")


def places(accounts: Sequence[DesiredAccount], **rules: Any) -> list[str]:
    """Return the place of each refusal, with the accounts that it concerns."""
    told = refused_secrets(accounts, rules.get("secrets") or secrets(), rules=RULES)
    return [f"{problem.location} {', '.join(problem.concerned)}" for problem in told]


@pytest.mark.parametrize(
    ("references", "expected"),
    [
        (["env: A"], ["accounts.d/accounts.yaml:1:1 a"]),
        (["env: A", "env: A"], ["reconciler.yaml:7:3 a, b"]),
        (["env: A", "env: B"], ["reconciler.yaml:7:3 a, b"]),
        (["env: GH_TOKEN", "env: GH_TOKEN"], ["reconciler.yaml:7:3 a, b"]),
        (["env: GH_TOKEN", "env: HOME"], ["accounts.d/accounts.yaml:1:1 a", "accounts.d/accounts.yaml:6:1 b"]),
        (
            ["env: GH_TOKEN", "env: GITHUB_TOKEN"],
            ["accounts.d/accounts.yaml:1:1 a", "accounts.d/accounts.yaml:6:1 b"],
        ),
        (["valut: a", "valut: b"], ["reconciler.yaml:9:3 a, b"]),
        (["valut: a", "other: a"], ["accounts.d/accounts.yaml:1:1 a", "accounts.d/accounts.yaml:6:1 b"]),
    ],
    ids=[
        "one account",
        "one secret that nothing covers",
        "two that nothing covers",
        "one that is kept",
        "one that is kept and one that nothing covers",
        "two that are kept",
        "one unknown source",
        "two unknown sources",
    ],
)
def test_a_cause_is_told_once(references: list[str], expected: list[str]) -> None:
    """What several accounts share stands at the rule in the project file, what one has at the account."""
    assert expected == places(accounts_of(*references))


def test_without_a_place_of_the_rule_the_first_account_is_told() -> None:
    """A project file that leaves the rule out has no place to show."""
    told = refused_secrets(accounts_of("env: A", "env: A"), secrets(), rules={"secretNotAllowed": None})
    assert ["accounts.d/accounts.yaml:1:1"] == [str(problem.location) for problem in told]
    assert ["accounts.d/accounts.yaml:1:1"] == [str(problem.location) for problem in refused("env: A", "env: B")]


def test_several_secrets_of_one_account_are_told_there() -> None:
    """Nobody else is concerned, so the error stands at the account, also where its server names them."""
    account = two_secrets("env: A", "env: B")
    assert ["accounts.d/accounts.yaml:1:1 a"] == places([account])
    inherited = replace(account, server_location=SERVER, server_secrets=frozenset({"env:A", "env:B"}))
    assert ["accounts.d/accounts.yaml:1:1 a"] == places([inherited])


@pytest.mark.parametrize("reference", ["env: A", "env: GH_TOKEN", "valut: a"])
@pytest.mark.parametrize(
    ("inheriting", "expected"), [({0, 1}, True), ({0}, False), ({1}, False), (set(), False)], ids=str
)
def test_what_a_server_names_is_told_there(reference: str, inheriting: set[int], *, expected: bool) -> None:
    """Only where the MailServer names it for all of the accounts; where one names it too, the rule's place is told."""
    secret = reference.replace(": ", ":")
    accounts = [
        replace(
            account,
            server_file=account.file,
            server_location=SERVER,
            server_secrets=frozenset({secret} if number in inheriting else ()),
        )
        for number, account in enumerate(accounts_of(reference, reference))
    ]
    (place,) = places(accounts)
    assert expected == (place == f"{SERVER} a, b")
    assert expected or place.startswith("reconciler.yaml:")


def test_what_nothing_covers_is_one_cause_in_several_manifests() -> None:
    """The rule is the same one; also one secret is listed with its place where more than one manifest names it."""
    one, other = accounts_of("env: A_X", "env: A_X")
    apart = [replace(one, file=THERE), replace(other, file="accounts.d/c/y.yaml")]
    (problem,) = refused_secrets(apart, secrets(SCOPED))
    assert ("a", "b") == problem.concerned
    assert "does not let these manifests name: env:A_X (accounts.d/accounts.yaml:1:1). A manifest" in problem.detail


def test_a_link_is_a_cause_of_its_own() -> None:
    """It is not told with what nothing covers: another entry for its name would not let it."""
    accounts = accounts_of("file: b/x", "file: b/y", "file: c/z")
    told = refused_secrets(accounts, secrets("file:b/**"), {"file:b/x": "file:a/1", "file:b/y": "file:a/2"})
    assert [("a", False), ("b", False), ("c", True)] == [
        (problem.subject, "    allow: " in problem.detail) for problem in told
    ]


def test_a_link_is_a_cause_of_its_own_for_the_manifests_that_may_name_it() -> None:
    """Also where the entry that covers the link is for some manifests alone."""
    rules = secrets({"secret": "file:b/**", "manifests": "accounts.d/a/**"})
    accounts = [replace(each, file=f"accounts.d/a/{each.name}.yaml") for each in accounts_of("file: b/x", "file: b/y")]
    told = refused_secrets(accounts, rules, {"file:b/x": "file:a/1", "file:b/y": "file:a/2"})
    assert [("a", False), ("b", False)] == [(problem.subject, "    allow: " in problem.detail) for problem in told]


def test_one_unknown_source_is_told_once() -> None:
    """Whatever its keys are, and no entry of secrets.allow is proposed."""
    (problem,) = refused("valut: a", "valut: b")
    assert problem.detail.startswith("A secret is to come from valut, ")
    assert "secrets.allow" not in problem.detail


def test_one_secret_is_told_in_the_words_for_one() -> None:
    """Several accounts of one manifest that name it do not make it a list."""
    (problem,) = refused("env: HOME", "env: HOME")
    assert problem.detail.startswith("accounts.d/accounts.yaml names env:HOME, but secrets.allow ")
    assert problem.detail.endswith('\n    allow: ["env:SMTP_*", "file:secrets/**", "env:HOME"]')


@pytest.mark.parametrize("count", [1, 2])
def test_what_is_covered_by_default_stays_covered_by_the_line_to_write(count: int) -> None:
    """A project file without secrets.allow would lose its defaults to a line that has the new secret alone."""
    (problem,) = refused_secrets(accounts_of(*(["env: HOME", "env: LANG"][:count])), Secrets())
    lines = '"env:HOME"' if count == 1 else '"env:HOME", "env:LANG"'
    assert problem.detail.endswith(f' add under secrets\n    allow: ["env:SMTP_*", "file:secrets/**", {lines}]')


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (2, "env:A0 (accounts.d/accounts.yaml:1:1), env:A1 (accounts.d/accounts.yaml:6:1)."),
        (4, "env:A2 (accounts.d/accounts.yaml:11:1), env:A3 (accounts.d/accounts.yaml:16:1)."),
        (5, "env:A3 (accounts.d/accounts.yaml:16:1), 1 more."),
        (9, "env:A3 (accounts.d/accounts.yaml:16:1), 5 more."),
    ],
)
def test_few_secrets_are_listed(count: int, expected: str) -> None:
    """Four stand with their places; of more it is told how many."""
    (problem,) = refused(*(f"env: A{number}" for number in range(count)))
    assert f"{expected} A manifest may name only" in problem.detail
    assert ": env:A0 (accounts.d/accounts.yaml:1:1), env:A1 (" in problem.detail


def test_a_secret_is_listed_once_at_its_first_place() -> None:
    """An account without a place in a file is told by its file."""
    accounts = accounts_of("env: A", "env: A", "env: B")
    (problem,) = refused_secrets([*accounts[:2], replace(accounts[2], location=None)], secrets())
    assert " name: env:A (accounts.d/accounts.yaml:1:1), env:B (accounts.d/accounts.yaml). " in problem.detail
    assert problem.detail.startswith("secrets.allow in the project file covers ")


@pytest.mark.parametrize(
    ("references", "expected"),
    [
        (["env: B", "env: A"], ["env:A", "env:B"]),
        (["env: MAIL_B", "env: MAIL_A"], ["env:MAIL_*"]),
        (["env: MAIL", "env: MAIL_A"], ["env:MAIL*"]),
        (["env: WEB1", "env: WEB2"], ["env:WEB1", "env:WEB2"]),
        (["env: WEB_1", "env: WEB_2"], ["env:WEB_*"]),
        (["env: MAIL_A", "env: MAIL_B", "env: OTHER"], ["env:MAIL_A", "env:MAIL_B", "env:OTHER"]),
        (["env: MAIL_A", "env: MAIL_C", "env: MAIL_BX"], ["env:MAIL_*"]),
        (["env: MAIL_A", "file: mail_a"], ["env:MAIL_A", "file:mail_a"]),
        (["file: mail_b", "env: MAIL_A", "file: mail_a", "env: MAIL_B"], ["env:MAIL_*", "file:mail_*"]),
        (["file: mail/a", "file: mail/b"], ["file:mail/*"]),
        (["file: mail/a", "file: mail/b/c"], ["file:mail/**"]),
        (["file: mail/b/c", "file: mail/d"], ["file:mail/**"]),
        (["file: 'mail:a'", "file: 'mail:b'"], ["file:mail:*"]),
        (["vault: 'mail:a'", "vault: 'x:b'"], ["vault:mail:a", "vault:x:b"]),
        (
            [f"env: {letter}1" for letter in "KJIHGFEDCBA"],
            [f"env:{letter}1" for letter in "ABCDEFGHIJK"[:MOST_NAMES]],
        ),
    ],
)
def test_entries_that_would_let_it_are_proposed(references: list[str], expected: list[str]) -> None:
    """Few globs by common beginnings, where these are long enough, for each source; else the references."""
    (problem,) = refused(*references, rules=secrets("env:SMTP_*", "vault:none"))
    written = problem.detail.partition("\n    allow: ")[2]
    assert "[" + ", ".join(f'"{entry}"' for entry in expected) + "]" == written
    named = [reference.replace("'", "").replace(": ", ":", 1) for reference in references][:MOST_NAMES]
    proposed = secrets(*expected)
    assert len(references) > MOST_NAMES or all(is_allowed(secret, HERE, proposed) for secret in named)
