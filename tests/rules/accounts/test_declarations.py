"""What a folder's scope lets its manifests declare."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.diagnostics import Location
from reconciler.rules.accounts.declarations import refused_declarations, unused_scopes
from tests.rules.states import desired_of, located, project, resolution_of

if TYPE_CHECKING:
    from reconciler.model.accounts.desired import DesiredAccount

HERE = "accounts.d/sales/pl.yaml"
PLACE = Location("reconciler.yaml", 3, 1)
SERVER = """
apiVersion: reconciler/v1
kind: MailServer
metadata: {name: office}
spec: {host: smtp.example.com, encryption: starttls, authentication: {username: "{email}", password: {env: SMTP_OFFICE}}}
---
"""


def account(
    email: str = "a@sales.example.com",
    smtp: str = "{server: office}",
    *,
    server_file: str = "accounts.d/servers.yaml",
    more: str = "",
) -> DesiredAccount:
    """Return an own account of the sales folder."""
    text = (
        f"{SERVER}apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {{name: sales{more}}}\n"
        f"spec: {{email: {email}, displayName: A, smtp: {smtp}}}\n"
    )
    (made,) = resolution_of(text).accounts
    return replace(made, file=HERE, server_file=server_file if made.server else "")


def inline(host: str, secret: str = "{env: SMTP_SALES}") -> str:  # noqa: S107 - a reference
    """Return a server of the account's own."""
    return f"{{host: {host}, encryption: starttls, authentication: {{username: u, password: {secret}}}}}"


MARKETING = replace(
    desired_of(
        "apiVersion: reconciler/v1\nkind: MarketingAccount\nmetadata: {name: news}\n"
        "spec: {email: news@example.com, displayName: News}\n"
    )[0],
    file=HERE,
)
OURS = "accounts.d/sales/**"


def told(accounts: list[DesiredAccount], **scope: Any) -> list[str]:
    """Return the first words that a scope's refusals say of what they refuse."""
    rules = project(scopes=[{"manifests": OURS, **scope}])
    found = refused_declarations(accounts, rules.scopes)
    assert {"outOfScope"} >= {each.code for each in found}
    assert {(each.name, each.location) for each in accounts} >= {(each.subject or "", each.location) for each in found}
    return [each.detail for each in found]


@pytest.mark.parametrize(
    ("declared", "scope", "expected"),
    [
        (account(), {}, None),
        (account(), {"senders": ["*@sales.example.com"]}, None),
        (account("ceo@example.com"), {"senders": ["*@sales.example.com"]}, "sender ceo@example.com"),
        (account("a@x.sales.example.com"), {"senders": ["*@sales.example.com"]}, "sender a@x.sales.example.com"),
        (account("a@sales.example.com.evil.example"), {"senders": ["*@sales.example.com"]}, "sender a@sales"),
        (account("a@SALES.example.com"), {"senders": ["*@Sales.Example.com"]}, None),
        (account("a@żółw.example"), {"senders": ["*@żółw.example"]}, None),
        (account("a@xn--w-uga1v8h.example"), {"senders": ["*@żółw.example"]}, None),
        (account("b@żółw.example"), {"senders": ["a@żółw.example"]}, "sender b@żółw.example"),
        (account(), {"senders": []}, "lets it send as nobody."),
        # Each label is compared as an A-label, also where another one has a wildcard; a star of an address stops at nothing.
        (account("a@x.bücher.example"), {"senders": ["*@*.bücher.example"]}, None),
        (account("a@x.bücher.example"), {"senders": ["*@*.BÜCHER.example"]}, None),
        (account("a@xn--bcher-kva.example"), {"senders": ["*@bücher.*"]}, None),
        (account("a@bücher.example"), {"senders": ["*@*.bücher.example"]}, "declares the sender a@bücher.example"),
        (account("a/b@sales.example.com"), {"senders": ["*@sales.example.com"]}, None),
        (account("a/b@sales.example.com"), {"senders": ["a*@*.example.com"]}, None),
        (account("a/b@sales.example.com"), {"senders": ["b*@*.example.com"]}, "declares the sender a/b@sales.example.com"),
        (account(), {"senders": ["sales.example.com"]}, "*@sales.example.com covers those of that domain. If"),
        (account(smtp=inline("smtp.bücher.example")), {"servers": ["host:*.bücher.example"]}, None),
        (account(smtp=inline("bücher.example")), {"servers": ["host:*.bücher.example"]}, "sends through xn--bcher-kva.example"),
        (MARKETING, {"senders": ["*@sales.example.com"]}, "sender news@example.com"),
        (MARKETING, {"servers": ["office"], "secrets": []}, None),
        (account(), {"servers": ["office"]}, None),
        (account(), {"servers": ["other"]}, "sends through the MailServer office"),
        (account(), {"servers": ["host:smtp.example.com"]}, None),
        (account(), {"servers": []}, "lets it use none."),
        # A MailServer that the folder itself declares does not pass by its name.
        (account(server_file=HERE), {"servers": ["office"]}, "sends through the MailServer office"),
        (account(server_file=HERE), {"servers": ["host:*.example.com"]}, None),
        # Nor does one of another folder where the account says itself where it connects, or whom it trusts there.
        *(
            (account(smtp=f"{{server: office, {own}}}"), {"servers": ["office"]}, f"sends through {place}, which it says")
            for own, place in (
                ("host: evil.example", "evil.example:587"),
                ("port: 2525", "smtp.example.com:2525"),
                ("encryption: tls", "smtp.example.com:465"),
                (f"certificate: 'sha256:{'0' * 64}'", "smtp.example.com:587"),
            )
        ),
        (account(smtp="{server: office}, proxy: {type: http, host: p.example, port: 8080}"), {"servers": ["office"]}, "which it says"),
        (account(smtp="{server: office, host: smtp.example.com}"), {"servers": ["host:smtp.example.com"]}, None),
        (account(smtp="{server: office, heloName: a.example.com}"), {"servers": ["office"]}, None),
        (account(smtp=inline("smtp.example.com")), {"servers": ["office"]}, "sends through smtp.example.com:587"),
        (account(smtp=inline("office")), {"servers": ["office"]}, "sends through office:587"),
        (account(smtp=inline("SMTP.example.com")), {"servers": ["host:smtp.example.com"]}, None),
        (account(smtp=inline("evil.example")), {"servers": ["host:*.example.com", "office"]}, "sends through evil.example"),
        (account(smtp=inline("smtp.example.com")), {"secrets": ["env:SMTP_SALES*"]}, None),
        (account(smtp=inline("a.example", "{env: SMTP_CEO}")), {"secrets": ["env:SMTP_SALES*"]}, "names env:SMTP_CEO"),
        # What a MailServer of another folder brings is not the folder's to name.
        (account(), {"secrets": ["env:SMTP_SALES*"]}, None),
        (account(server_file=HERE), {"secrets": ["env:SMTP_SALES*"]}, "names env:SMTP_OFFICE"),
        (account(), {"ownerRequired": True}, "without an owner"),
        (account(more=", owner: anna@example.com"), {"ownerRequired": True}, None),
        (replace(account("ceo@example.com"), file="accounts.d/salesforce/x.yaml"), {"senders": []}, None),
        # What no manifest vouches for keeps to every scope.
        (replace(account("ceo@example.com"), file=""), {"senders": ["*@sales.example.com"]}, "The plan declares the sender"),
    ],
)  # fmt: skip
def test_what_a_scope_lets_declare(declared: DesiredAccount, scope: dict[str, Any], expected: str | None) -> None:
    """Each sender, server and secret must be one that the scope names, and an owner there where it demands one."""
    found = told([declared], **scope)
    assert (0 if expected is None else 1) == len(found)
    assert all((expected or "") in each for each in found)


ASK = "If it is meant, have the owner of the project file change that scope."
RULE = f"and the scope for {OURS} in the project file lets it"


@pytest.mark.parametrize(
    ("declared", "scope", "expected"),
    [
        (
            account("b@sales.example.com"),
            {"senders": ["a@*", "c@*"]},
            f"{HERE} declares the sender b@sales.example.com, {RULE} send only as a@*, c@*. {ASK}",
        ),
        (
            account(),
            {"servers": ["other"]},
            f"{HERE} sends through the MailServer office, {RULE} use only other. {ASK}",
        ),
        (
            account(smtp=inline("z.example", "{env: Z}")[:-1] + ", clientCertificate: {certFile: c, key: {env: A}}}"),
            {"secrets": ["env:B"]},
            f"{HERE} names env:A, env:Z, {RULE} name only env:B. {ASK}",
        ),
        (
            account(),
            {"ownerRequired": True},
            f"{HERE} declares sales without an owner, {RULE} declare none without. Write metadata.owner.",
        ),
    ],
)  # fmt: skip
def test_a_refusal_says_what_may_be_and_whom_to_ask(
    declared: DesiredAccount, scope: dict[str, Any], expected: str
) -> None:
    """The manifest, what it declares, what its scope lets it, and what to do."""
    assert [expected] == told([declared], **scope)


@pytest.mark.parametrize(
    ("glob", "email", "is_sender"),
    [
        ("*@SALES.*.com", "a@sales.example.com", True),
        ("*@żółw.*", "a@xn--w-uga1v8h.example", True),
        ("*@żó*.example", "a@xn--w-uga1v8h.example", False),
        ("A@sales.example.com", "a@sales.example.com", False),
        ('"a@B"@sales.example.com', '"a@B"@sales.example.com', True),
    ],
)
def test_how_a_sender_is_meant(glob: str, email: str, *, is_sender: bool) -> None:
    """The domain in any case and each label without a wildcard with letters or not; what stands before it as it is written."""
    declared = account()
    document = {**declared.document, "spec": {**declared.document["spec"], "email": email}}
    assert (0 if is_sender else 1) == len(told([replace(declared, document=document)], senders=[glob]))


@pytest.mark.parametrize(
    ("server", "server_file", "servers", "may_use"),
    [
        ("office", "accounts.d/servers.yaml", ["other", "off*"], True),
        ("office", "", ["office", "*"], False),
        (None, "accounts.d/servers.yaml", ["*"], False),
        ("office", "accounts.d/servers.yaml", ["host:office"], False),
    ],
    ids=["lent", "of nobody knows where", "none", "a host of the name"],
)
def test_a_server_is_lent_by_another_folder(
    server: str | None, server_file: str, servers: list[str], *, may_use: bool
) -> None:
    """A MailServer passes by its name where it is known to stand outside the scope."""
    declared = replace(account(), server=server, server_file=server_file)
    assert (0 if may_use else 1) == len(told([declared], servers=servers))


def test_all_scopes_that_cover_a_manifest_hold() -> None:
    """A manifest keeps to the scope of its folder and to that of the folder around it."""
    rules = project(
        scopes=[
            {"manifests": "accounts.d/**", "ownerRequired": True},
            {"manifests": OURS, "senders": ["b@example.com"]},
        ]
    )
    assert 2 == len(refused_declarations([account()], rules.scopes))


def test_a_rule_that_many_accounts_do_not_keep_is_told_once() -> None:
    """Of four at the place of the scopes, with the first one's words; of three each at its own; another rule is apart."""
    rules = project(
        scopes=[
            {"manifests": OURS, "senders": ["b@example.com"], "ownerRequired": True},
            {"manifests": "**", "senders": []},
        ]
    )
    several = [replace(account(), name=name, location=Location(HERE, line, 1)) for line, name in enumerate("dcba")]
    owned = [replace(several[0], document=account(more=", owner: anna@example.com").document)]
    found = refused_declarations([*several[1:], *owned], rules.scopes, location=PLACE)
    assert [
        (PLACE, ("a", "b", "c", "d")),
        (Location(HERE, 1, 1), ("c",)),
        (Location(HERE, 2, 1), ("b",)),
        (Location(HERE, 3, 1), ("a",)),
        (PLACE, ("a", "b", "c", "d")),
    ] == [(each.location, each.concerned) for each in found]
    assert [True, False, False, False, True] == ["it send " in each.detail for each in found]


@pytest.mark.parametrize(("glob", "is_unused"), [("accounts.d/*", True), ("accounts.d/**", False), (HERE, False)])
def test_a_scope_over_nothing_is_told(glob: str, *, is_unused: bool) -> None:
    """A glob that matches no manifest file is a warning with what a glob looks at; MailServers count."""
    files = [each.file for each in located(SERVER.removesuffix("---\n"), file=HERE)]
    files.append("accounts.d/x/y/z.yaml")
    found = unused_scopes(files, project(scopes=[{"manifests": glob}]).scopes, location=PLACE)
    assert [(glob, PLACE)] * len(found) == [(each.subject, each.location) for each in found]
    assert all(f"The scope for {glob} in the project file" in each.detail for each in found)
    assert all("such as accounts.d/sales/pl.yaml, where" in each.detail for each in found)
    assert (["scopeCoversNothing"] if is_unused else []) == [each.code for each in found]


def test_a_scope_over_nothing_names_a_file_that_differs_in_case() -> None:
    """Who wrote another case is told the file that was probably meant; elsewhere nothing is guessed."""
    rules = project(scopes=[{"manifests": "accounts.d/SALES/**"}, {"manifests": "accounts.d/news/**"}])
    case, other = unused_scopes([HERE], rules.scopes, location=PLACE)
    assert f"does not. Case counts, and there is {HERE}. Or remove it." in case.detail
    assert "Case counts" not in other.detail


@pytest.mark.parametrize("glob", ["accounts.d/sales", "accounts.d/sales/", "./accounts.d/sales", "/accounts.d/sales"])
def test_a_scope_for_a_folder_itself_is_told_how_to_cover_its_files(glob: str) -> None:
    """A folder's own path matches none of its files, so the scope would hold nobody."""
    (found,) = unused_scopes([HERE], project(scopes=[{"manifests": glob}]).scopes, location=PLACE)
    assert "For what is in the folder write accounts.d/sales/**. Or remove it." in found.detail


def test_a_folder_is_in_its_scope_in_either_unicode_form() -> None:
    """A folder that a file system writes in NFD is the one that the project file writes in NFC, for its MailServers too."""
    folder = "accounts.d/zażółć"
    decomposed = unicodedata.normalize("NFD", folder)
    rules = project(scopes=[{"manifests": f"{folder}/**", "servers": ["office"]}])
    declared = replace(account(server_file=f"{decomposed}/servers.yaml"), file=f"{decomposed}/pl.yaml")
    assert ["outOfScope"] == [each.code for each in refused_declarations([declared], rules.scopes)]
    assert [] == unused_scopes([declared.file], rules.scopes, location=PLACE)
