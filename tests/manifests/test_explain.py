"""What is said about a refused manifest: code, place, and words that help."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.diagnostics import CODES, Diagnostic
from reconciler.manifests import read_manifests

if TYPE_CHECKING:
    from pathlib import Path

OWN = "apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {name: sales-pl}\n"
MARKETING = OWN.replace("OwnAccount", "MarketingAccount")
BASE = "email: a@example.com, displayName: A"
SMTP = "smtp: {host: smtp.example.com"
LOGIN = f"{OWN}spec: {{{BASE}, {SMTP}, authentication: {{"


def problems_of(text: str, folder: Path) -> list[Diagnostic]:
    """Return the problems of one manifest."""
    (folder / "a.yaml").write_text(text, encoding="utf-8")
    return list(read_manifests(folder, root=folder).problems)


def one(text: str, folder: Path) -> Diagnostic:
    """Return the only problem of one manifest."""
    problems = problems_of(text, folder)
    assert [each.code for each in problems] == [problems[0].code]
    return problems[0]


@pytest.mark.parametrize(
    ("text", "code", "place", "words"),
    [
        # The document
        ("- a\n", "notAMapping", "1:1", "this is a list"),
        ("just text\n", "notAMapping", "1:1", "this is text"),
        (OWN.replace("v1", "v2") + "spec: {}", "unknownApiVersion", "1:13", "apiVersion: reconciler/v1"),
        (OWN.replace("OwnAccount", "OwnAcount"), "unknownKind", "2:7", "Did you mean OwnAccount?"),
        (OWN.replace("OwnAccount", "Project"), "unknownKind", "2:7", "does not belong among the manifests"),
        (OWN, "missingField", "1:1", "spec is missing"),
        # Unknown fields
        (f"{OWN}spec: {{{BASE}, {SMTP}}}, colour: red}}", "unknownField", "4:78", "The fields here are"),
        (f"{OWN}spec: {{{BASE}, {SMTP}}}, shard: true}}", "unknownField", "4:78", "Did you mean shared?"),
        (f"{OWN}spec: {{{BASE}, {SMTP}}}, port: 587}}", "unknownField", "4:78", "port belongs under spec.smtp."),
        (f"{OWN}spec: {{{BASE}, {SMTP}}}, tls: true}}", "unknownField", "4:78", "encryption: starttls"),
        (f"{OWN}spec: {{{BASE}, {SMTP}, ssl: true}}}}", "unknownField", "4:77", "encryption: tls"),
        (f"{OWN}spec: {{{BASE}, {SMTP}, startTls: true}}}}", "unknownField", "4:77", "encryption: starttls"),
        (f"{OWN}spec: {{{BASE}, {SMTP}}}, user: x}}", "unknownField", "4:78", "username belongs under spec.smtp.auth"),
        (f"{LOGIN}user: x}}}}}}", "unknownField", "4:94", "Did you mean username?"),
        (f"{LOGIN}Password: x}}}}}}", "unknownField", "4:94", "Did you mean password?"),
        (f"{LOGIN}clientSecret: x}}}}}}", "unknownField", "4:94", "spec.smtp.authentication.oauth2"),
        (f"{OWN}spec: {{{BASE}, {SMTP}}}, overrideFrom: {{}}}}", "overrideNotAllowed", "4:78", "marketing accounts only"),
        (f"{OWN}spec: {{{BASE}, {SMTP}}}, overrideTo: 1}}", "overrideNotAllowed", "4:78", "MarketingAccount"),
        # Missing fields
        (f"{OWN}spec: {{displayName: A, {SMTP}}}}}", "missingField", "4:1", "email: sales@example.com"),
        (f"{OWN}spec: {{{BASE}, smtp: {{port: 25}}}}", "missingField", "4:52", "needs host, or server"),
        (f"{OWN}spec: {{{BASE}, smtp: {{host: null}}}}", "missingField", "4:52", "needs host, or server"),
        (f"{MARKETING}spec: {{{BASE}, overrideTo: {{}}}}", "missingField", "4:58", "needs emailDetail or display"),
        # Types
        (f"{OWN}spec: {{email: a@example.com, displayName: 5, {SMTP}}}}}", "wrongType", "4:43", 'displayName: "5"'),
        (f"{OWN}spec: {{email: a@example.com, displayName: true, {SMTP}}}}}", "wrongType", "4:43", '"true"'),
        (f"{OWN}spec: {{email: null, displayName: A, {SMTP}}}}}", "wrongType", "4:15", "has no value"),
        (f"{OWN}spec: {{{BASE}, {SMTP}}}, shared: yes}}", "wrongType", "4:86", "shared: true"),
        (f"{OWN}spec: {{{BASE}, {SMTP}}}, shared: False}}", "wrongType", "4:86", "shared: false"),
        (f"{OWN}spec: {{{BASE}, {SMTP}, port: '587'}}}}", "wrongType", "4:83", "port: 587"),
        (f"{OWN}spec: {{{BASE}, smtp: {{host: 2852039166}}}}", "wrongType", "4:59", "writing 169.254.169.254, which is link-local"),
        (f"{OWN}spec: {{{BASE}, smtp: [x]}}", "wrongType", "4:52", "a mapping of fields, and this is a list"),
        (f"{OWN}spec: {{{BASE}, {SMTP}}}, proxy: none}}", "wrongType", "4:85", "a mapping of fields, and this is text"),
        # Values
        (OWN.replace("sales-pl", "Sales") + f"spec: {{{BASE}, {SMTP}}}}}", "invalidName", "3:18", "is not a name"),
        (f"{OWN}spec: {{email: a b, displayName: A, {SMTP}}}}}", "invalidEmail", "4:15", "it has no @"),
        (f"{OWN}spec: {{{BASE}, smtp: {{host: 'a:25'}}}}", "invalidHost", "4:59", "a port goes into the field port"),
        (f"{OWN}spec: {{{BASE}, {SMTP}, port: 0}}}}", "invalidValue", "4:83", "must be at least 1"),
        (f"{OWN}spec: {{{BASE}, {SMTP}, encryption: SSL}}}}", "invalidValue", "4:89", "one of starttls, tls, none"),
        (f"{LOGIN}mechanism: plian}}}}}}", "invalidValue", "4:105", "Did you mean plain?"),
        (OWN.replace("sales-pl", "x, labels: {a b: x}") + f"spec: {{{BASE}, {SMTP}}}}}", "invalidValue", "3:35", "a key of"),
        (f'{OWN}spec: {{email: a@example.com, displayName: "x\\x07", {SMTP}}}}}', "controlCharacter", "4:43", "U+0007"),
        (f"{OWN}spec: {{email: a@example.com, displayName: '', {SMTP}}}}}", "invalidValue", "4:43", "is empty"),
        # Secrets
        (f"{LOGIN}password: hunter2}}}}}}", "literalSecret", "4:104", "password: {env: SMTP_SALES_PL_PASSWORD}"),
        (f"{LOGIN}password: 12345}}}}}}", "literalSecret", "4:104", "password: {env: SMTP_SALES_PL_PASSWORD}"),
        (f"{LOGIN}password: [hunter2]}}}}}}", "literalSecret", "4:104", "never the secret itself"),
        (f"{LOGIN}accessToken: hunter2}}}}}}", "literalSecret", "4:107", "accessToken: {env: SMTP_SALES_PL_TOKEN}"),
        (f"{LOGIN}password: {{env: 'hunter2 x'}}}}}}}}", "invalidValue", "4:104", "the name of an environment variable"),
        (f"{LOGIN}password: {{hunter2 x: y}}}}}}}}", "unknownSecretSource", "4:104", "not a word such as env"),
        (f"{LOGIN}password: {{hunter2: 5}}}}}}}}", "wrongType", "4:114", "spec.smtp.authentication.password takes text"),
        # Contradictions
        (f"{LOGIN}password: {{env: A}}, accessToken: {{env: B}}}}}}}}", "contradiction", "4:93", "exclude each other"),
        (f"{LOGIN}mechanism: xoauth2, password: {{env: A}}}}}}}}", "contradiction", "4:93", "not a password"),
        (OWN.replace("sales-pl", "x, previousName: x") + f"spec: {{{BASE}, {SMTP}}}}}", "contradiction", "3:11", "remove"),
        (f"{MARKETING}spec: {{{BASE}, overrideTo: {{emailDetail: a, pairing: together}}}}", "contradiction", "4:58", "both"),
    ],
)  # fmt: skip
def test_one_problem_with_code_place_and_words(text: str, code: str, place: str, words: str, tmp_path: Path) -> None:
    """Each mistake gives exactly one problem: its code, its place, and what to do."""
    problem = one(text, tmp_path)
    assert (problem.code, str(problem.location)) == (code, f"a.yaml:{place}")
    assert words in problem.detail


def test_a_rule_over_several_fields_is_told_beside_a_wrong_field(tmp_path: Path) -> None:
    """A broken rule over several fields does not wait until every single field is right."""
    text = f"{LOGIN}mechanism: xoauth2, password: {{env: A}}, user: x}}}}}}"
    assert [each.code for each in problems_of(text, tmp_path)] == ["contradiction", "unknownField"]


def test_no_place_is_reported_twice(tmp_path: Path) -> None:
    """A document with many mistakes has one problem a place."""
    text = f"{OWN}spec: {{emial: 1, displayName: [x], smtp: {{port: x, authentication: x}}, replyTo: {{email: 1}}, shared: x}}"
    places = [str(each.location) for each in problems_of(text, tmp_path) if each.code != "missingField"]
    assert 6 == len(places)
    assert 6 == len(set(places))


def test_problems_name_the_account(tmp_path: Path) -> None:
    """A problem belongs to the account that the document declares."""
    assert one(f"{OWN}spec: {{{BASE}, {SMTP}, port: 0}}}}", tmp_path).subject == "sales-pl"


@pytest.mark.parametrize(
    "text",
    [
        f"{LOGIN}password: hunter2}}}}}}",
        f"{LOGIN}password: [hunter2]}}}}}}",
        f"{LOGIN}password: {{env: 'hunter2 '}}}}}}}}",
        f"{LOGIN}password: {{hunter2 x: 5}}}}}}}}",
        f"{LOGIN}password: {{hunter2: 5}}}}}}}}",
        f"{LOGIN}password: {{hunter2: {{}}}}}}}}}}",
        f"{LOGIN}password: {{env: A, hunter2: b}}}}}}}}",
        f"{LOGIN}accessToken: hunter2}}}}}}",
        f"{LOGIN}oauth2: {{clientSecret: hunter2, refreshToken: [hunter2], tokenUrl: 'https://x:hunter2@y'}}}}}}}}",
        f"{LOGIN}pasword: hunter2}}}}}}",
        f"{OWN}spec: {{{BASE}, {SMTP}}}, password: hunter2}}",
        f"{OWN}spec: {{{BASE}, {SMTP}}}, secret: {{deep: [hunter2]}}}}",
        f"{OWN}spec: {{{BASE}, {SMTP}}}, proxy: {{type: http, host: x, port: 1, username: x, password: hunter2}}}}",
        f"{OWN}spec: {{{BASE}, {SMTP}}}\npassword: hunter2}}",
        f"{OWN}password: hunter2\npassword: hunter2\nspec: {{}}",
    ],
)
def test_a_secret_is_never_repeated(text: str, tmp_path: Path) -> None:
    """What stands in a secret's field, or in a field that does not exist, is in no problem's words."""
    problems = problems_of(text, tmp_path)
    assert problems != []
    assert [each for each in problems if "hunter2" in repr(each)] == []


def test_long_values_are_clipped(tmp_path: Path) -> None:
    """A value of thousands of characters is not repeated whole."""
    long = "x" * 5_000
    text = f"apiVersion: {long}\nkind: {long}\n---\n{OWN}spec: {{{BASE}, {SMTP}, encryption: {long}, {long}: 1}}}}"
    assert max(len(each.detail) for each in problems_of(text, tmp_path)) < 500


def test_every_code_is_known(tmp_path: Path) -> None:
    """Whatever a manifest holds, its problems have codes of the table and speak in full sentences."""
    text = f"{OWN}spec: {{emial: 1, smtp: {{port: x, hots: x, authentication: {{password: 1}}}}, proxy: {{}}}}"
    problems = problems_of(text, tmp_path)
    assert {each.code for each in problems} <= set(CODES)
    assert all(each.detail[0].isalpha() for each in problems)


@pytest.mark.parametrize("second", ["accessToken: {env: B}", "accessToken: {env: B}, oauth2: {clientId: a}"])
def test_fields_that_exclude_each_other_are_told_beside_another_mistake(second: str, tmp_path: Path) -> None:
    """Where a wrong value keeps the models from rules over several fields, these are told all the same, once."""
    text = f"{LOGIN}mechanism: fast, password: {{env: A}}, {second}}}}}}}\n"
    told = [each for each in problems_of(text, tmp_path) if each.code == "contradiction"]
    assert 1 == len(told)
    assert "spec.smtp.authentication password, accessToken and oauth2 exclude each other; keep one." == told[0].detail
    assert f"a.yaml:4:{text.splitlines()[3].index('authentication:') + 1}" == str(told[0].location)


def test_a_proxy_without_a_port_is_told_the_ports_of_proxies(tmp_path: Path) -> None:
    """587 is a mail server's; each kind of proxy has usual ones of its own."""
    text = f"{OWN}spec: {{{BASE}, {SMTP}}}, proxy: {{type: http, host: proxy.example.com}}}}"
    problem = one(text, tmp_path)
    assert "1080" in problem.detail
    assert "3128" in problem.detail
    assert "587" not in problem.detail
