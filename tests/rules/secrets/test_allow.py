"""What ``secrets.allow`` lets a manifest name, what nothing does, and how a refusal is told."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.rules.secrets.allow import is_allowed, is_allowed_somewhere, refused_secrets
from tests.rules.states import desired_of, project
from tools.mutants.prose import exact_words

if TYPE_CHECKING:
    from reconciler.diagnostics import Diagnostic
    from reconciler.model.project import Secrets

SCOPED = {"secret": "env:A_*", "manifests": "accounts.d/a/**"}
HERE, THERE = "accounts.d/a/x.yaml", "accounts.d/b/x.yaml"


def secrets(*allow: Any, **parts: Any) -> Secrets:
    """Return the project file's part on secrets, with sources of each form."""
    sources = {
        "vault": {"command": ["vault", "{key}"]},
        "bulk": {"env": "SMTP_BULK", "format": "json"},
        "dotenv": {"file": "secrets/all.env", "format": "dotenv"},
        "wide": {"command": ["wide", "{key}"], "environment": ["*"]},
        "store": {"command": ["store", "{key}"], "environment": ["STORE_TOKEN", "HOUSE_*"]},
    }
    written = {"allow": list(allow)} if allow else {}
    return project(secrets={"sources": sources, **written, **parts}).secrets


@pytest.mark.parametrize(
    ("secret", "allow", "expected"),
    [
        ("env:SMTP_A", ["env:SMTP_*"], True),
        ("env:OTHER", ["env:SMTP_*"], False),
        ("env:A:B", ["env:A:*"], True),
        ("file:secrets/a", ["file:secrets/**"], True),
        ("file:secrets/../a", ["file:**"], False),
        ("file:..", ["file:**"], False),
        ("file:secrets/..a", ["file:**"], True),
        ("file:.reconciler/fingerprint.key", ["file:**"], False),
        ("file:a/.reconciler/x", ["file:**"], False),
        ("file:secrets/a*", ["file:**"], False),
        ("file:secrets/a?", ["file:**"], False),
        ("vault:mail/a", ["env:SMTP_*"], True),
        ("vault:a/../b", ["env:SMTP_*"], False),
        ("vault:mail/a", ["env:SMTP_*", "vault:mail/*"], True),
        ("vault:other/a", ["env:SMTP_*", "vault:mail/*"], False),
        ("vault:a:b", ["vault:a:b"], True),
        ("vault:a:c", ["vault:a:b"], False),
        ("other:a", ["env:SMTP_*"], False),
        ("other:a", ["other:*"], True),
        ("env:RECONCILER_PLAN_KEY", ["env:*"], False),
        ("env:MY_KEY", ["env:*"], False),
        ("env:SMTP_BULK", ["env:*"], False),
        ("file:secrets/all.env", ["file:**"], False),
        ("env:A_X", [SCOPED], True),
        ("env:B_X", [SCOPED], False),
        ("vault:a", [SCOPED], True),
        ("file:secrets//a", ["file:**"], False),
        ("file:secrets/./a", ["file:**"], False),
        ("file:secrets/a/", ["file:**"], False),
        ("vault:mail//a", ["vault:**"], False),
        ("env:GITHUB_TOKEN", ["env:*"], False),
        ("env:github_token", ["env:*"], False),
        ("env:STORE_TOKEN", ["env:*"], False),
        ("env:HOUSE_X", ["env:*"], False),
        ("env:HOUSE", ["env:*"], True),
        ("env:SMTP_HOUSE_X", ["env:*"], True),
        ("store:STORE_TOKEN", ["env:*"], True),
        ("file:STORE_TOKEN", ["file:**"], True),
        ("file:home/.ssh/id", ["file:**"], False),
    ],
)
def test_what_a_manifest_may_name(secret: str, allow: list[Any], *, expected: bool) -> None:
    """Globs allow; paths that lead astray, our own keys, and what holds many secrets are never allowed."""
    rules = secrets(*allow, fingerprintKey={"env": "MY_KEY"})
    assert expected == is_allowed(secret, HERE, rules)


def test_a_scope_allows_its_own_manifests_only() -> None:
    """Another client's manifest may not name the secret; a recorded account, without a manifest, may have it."""
    rules = secrets(SCOPED)
    assert (True, False) == (is_allowed("env:A_X", HERE, rules), is_allowed("env:A_X", THERE, rules))
    assert is_allowed_somewhere("env:A_X", rules)
    assert not is_allowed_somewhere("env:B_X", rules)
    assert not is_allowed_somewhere("env:RECONCILER_PLAN_KEY", secrets("env:*"))


FILES = [
    "file:shared/**",
    {"secret": "file:a/**", "manifests": "accounts.d/a/**"},
    {"secret": "file:b/**", "manifests": "accounts.d/b/**"},
]


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("file:b/y", True),
        ("file:shared/y", True),
        ("file:a/y", False),
        ("file:none/y", False),
        ("file:/etc/passwd", False),
        ("file:b/.reconciler/x", False),
        ("file:b/.ssh/id", False),
        ("file:b/all*", False),
    ],
)
def test_a_link_is_named_where_its_file_may_be_named(place: str, *, expected: bool) -> None:
    """The same manifest must be one that may name the file that the link leads to."""
    places = {"file:b/x": place}
    assert expected == is_allowed("file:b/x", THERE, secrets(*FILES), places)
    assert is_allowed("file:b/x", THERE, secrets(*FILES))


def test_a_link_does_not_allow_what_its_own_name_does_not() -> None:
    """A manifest may name neither a link in another's folder to its own file, nor one that leads to itself."""
    rules = secrets(*FILES)
    assert not is_allowed("file:a/x", THERE, rules, {"file:a/x": "file:b/x"})
    assert is_allowed("file:b/x", THERE, rules, {"file:b/x": "file:b/x"})


def test_a_recorded_link_may_lead_where_somebody_may_name_a_file() -> None:
    """Without a manifest the place counts as for any of them."""
    rules = secrets(*FILES)
    assert is_allowed_somewhere("file:b/x", rules, {"file:b/x": "file:a/x"})
    assert not is_allowed_somewhere("file:b/x", rules, {"file:b/x": "file:c/x"})


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


def refused(*references: str, rules: Secrets | None = None) -> list[Diagnostic]:
    """Return the refusals of accounts a, b, ... with a password of each reference."""
    text = "---\n".join(
        f"apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {{name: {chr(ord('a') + number)}}}\nspec: "
        "{email: a@example.com, displayName: A, smtp: {host: h.example.com, authentication: "
        f"{{username: u, password: {{{reference}}}}}}}}}\n"
        for number, reference in enumerate(references)
    )
    return list(refused_secrets(desired_of(text), rules or secrets()))


@pytest.mark.parametrize(
    ("reference", "allow", "code", "told", "names"),
    [
        (
            "valut: a",
            [],
            "unknownSecretSource",
            "valut:a names the source valut, which the project file does not declare under secrets.sources. Did you mean vault?",
            ["secrets.sources"],
        ),
        (
            "evn: a",
            [],
            "unknownSecretSource",
            "evn:a names the source evn, which the project file does not declare under secrets.sources. Did you mean env?",
            ["secrets.sources"],
        ),
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
            ["accounts.d", "accounts.yaml", "secrets.allow", "accounts.d", 'allow: ["env:HOME"]'],
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
            None,
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
    assert (code, "a", "accounts.d/accounts.yaml:1:1") == (problem.code, problem.subject, str(problem.location))
    assert problem.detail.startswith(told)
    assert names is None or [*names] == [word for word in exact_words(problem.detail) if word in names]


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
