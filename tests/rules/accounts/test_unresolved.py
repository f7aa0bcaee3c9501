"""What accounts name that cannot be used themselves, and where it comes from."""

from __future__ import annotations

import pytest

from reconciler.manifests.documents import read_document
from reconciler.model.accounts.located import LocatedManifest, RefusedDocument, Unread
from reconciler.rules.accounts.desired import resolve
from reconciler.rules.accounts.servers import CaFiles
from reconciler.rules.accounts.unresolved import UnresolvedAccount, unresolved_accounts
from reconciler.yamlsource import read_documents

FILE = "accounts.d/accounts.yaml"
PASSWORD = "authentication: {username: u, password: {env: SMTP_A}}"


def own(smtp: str, *, name: str = "kiosk", email: str = "kiosk@example.com", more: str = "") -> str:
    """Return an own account's manifest of four lines; it begins in the second."""
    return (
        f"---\napiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {{name: {name}}}\n"
        f"spec: {{email: {email}, displayName: A, smtp: {{{smtp}}}{more}}}\n"
    )


def relay(spec: str, name: str = "relay") -> str:
    """Return a mail server's manifest of five lines; its settings stand in the fifth."""
    return f"---\napiVersion: reconciler/v1\nkind: MailServer\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n"


SHARED = "host: h.example, authentication: {username: u, password: {env: SMTP_R}}"


def unresolved(text: str) -> list[UnresolvedAccount]:
    """Return what of a YAML text cannot be used; documents that are refused as a whole count as unread."""
    read = read_documents(text.encode(), file=FILE)
    assert not read.problems
    manifests, refused = [], []
    for document in read.documents:
        manifest, _ = read_document(document)
        if manifest is not None:
            manifests.append(LocatedManifest(manifest, FILE, document))
            continue
        value = document.value
        assert isinstance(value, dict)
        kind = value["kind"] if value["kind"] in {"OwnAccount", "MarketingAccount", "MailServer"} else None
        refused.append(RefusedDocument(kind=kind, name=None, value=value, locator=document))
    empty = read_documents(b"- a\n", file=FILE).documents[0]
    unread = Unread(
        (
            *refused,
            RefusedDocument(kind=None, name=None),
            RefusedDocument(kind=None, name=None, value={}),
            RefusedDocument(kind=None, name=None, value=[], locator=empty),
        )
    )
    return unresolved_accounts(manifests, unread, resolve(manifests, CaFiles({}, {}), unread).accounts)


def told(text: str) -> list[tuple[str | None, list[str], list[str]]]:
    """Return of each its name, all that it names, and what of that comes from its MailServer."""
    return [(each.name, sorted(each.named_secrets), sorted(each.server_secrets)) for each in unresolved(text)]


def named(
    *secrets: str, of: str | None = "kiosk", server: tuple[str, ...] = ()
) -> list[tuple[str | None, list[str], list[str]]]:
    """Return what is told of one account."""
    return [(of, sorted((*secrets, *server)), sorted(server))]


GONE = "server: gone"
UNUSABLE = ", unknown: field"
"""A field that no manifest has: the whole document is refused."""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (own(f"host: h.example, {PASSWORD}"), []),
        (own(GONE), []),
        (own(f"{GONE}, {PASSWORD}"), named("env:SMTP_A")),
        (own(PASSWORD, more=UNUSABLE), named("env:SMTP_A")),
        (own(PASSWORD, more=UNUSABLE).replace("OwnAccount", "OwnAcount"), named("env:SMTP_A")),
        (own(PASSWORD, more=UNUSABLE).replace("OwnAccount", "MarketingAccount"), []),
        (own(PASSWORD).replace("OwnAccount", "MailServer"), []),
        (own(PASSWORD, more=UNUSABLE).replace("name: kiosk", "name: [kiosk]"), named("env:SMTP_A", of=None)),
        (own(PASSWORD, more=UNUSABLE).replace("metadata: {name: kiosk}", "metadata: kiosk"), named("env:SMTP_A", of=None)),
        (own(PASSWORD, name="k" * 70, more=UNUSABLE), named("env:SMTP_A", of="k" * 60)),
        (own(PASSWORD, more=UNUSABLE).replace("spec: {", "spec: [{").removesuffix("}\n") + "}]\n", []),
        (own(GONE + ", authentication: {password: SMTP_A, oauth2: {clientSecret: {env: SMTP_B}}}", more=UNUSABLE), named("env:SMTP_B")),
        (own(GONE + ", authentication: {password: {env: A, file: B}, accessToken: {env: SMTP_T}}", more=UNUSABLE), named("env:SMTP_T")),
        (own(GONE, more=", proxy: {type: http, host: p.example, port: 1, username: m, password: {env: SMTP_P}}"), named("env:SMTP_P")),
        (own(GONE + ", clientCertificate: {certFile: c.pem, key: {file: k}}"), named("file:k")),
        (
            own(GONE + ", authentication: {oauth2: {tokenUrl: 'https://l.example/t', clientId: c, clientSecret: {env: SMTP_C}}}"),
            named("env:SMTP_C"),
        ),
        (own(f"{GONE}, {PASSWORD}".replace("SMTP_A", "'S_{name}'")), named("env:S_kiosk")),
        (own(f"{GONE}, {PASSWORD}".replace("SMTP_A", "'S_{email}'"), email="a@b.example"), []),
        (own(f"{GONE}, {PASSWORD}".replace("env: SMTP_A", "file: 'x/{localpart}'"), email="a@b.example"), named("file:x/a")),
        (own(f"{GONE}, {PASSWORD}".replace("env: SMTP_A", "file: 'x/{domain}'"), email="a@b.example"), named("file:x/b.example")),
        (own(f"{GONE}, {PASSWORD}".replace("env: SMTP_A", "file: 'x/{localpart}'"), email="nobody"), []),
        (own(f"{GONE}, {PASSWORD}".replace("SMTP_A", "'S_{email}'"), email="nobody"), []),
        (own(f"{GONE}, {PASSWORD}".replace("SMTP_A", "'S_{email}'"), email="[a@b.example]"), []),
        (own(f"{GONE}, {PASSWORD}".replace("SMTP_A", "'S_{name}'"), email="nobody"), named("env:S_kiosk")),
        (own(f"{GONE}, {PASSWORD}".replace("SMTP_A", "'S_{name}'"), name="[x]"), []),
        (own(f"{GONE}, {PASSWORD}".replace("SMTP_A", "'S_{mail}'"), more=UNUSABLE), []),
    ],
    ids=[
        "nothing", "one that is used", "no secret", "no such server", "refused", "of an unknown kind",
        "a kind without a server", "a server itself", "its name is a list", "its metadata is a word", "a long name",
        "its spec is a list", "a word in place of a reference", "one form that is refused, one that is not", "a proxy's",
        "a key's", "an OAuth2 client's", "the name filled in", "an address that makes no variable", "a part of it filled in", "its domain",
        "a part of an address that is none", "an address that is none", "an address that is a list", "the name without an address",
        "a name that is a list", "an unknown placeholder",
    ],
)  # fmt: skip
def test_what_an_account_names_that_cannot_be_used(
    text: str, expected: list[tuple[str | None, list[str], list[str]]]
) -> None:
    """Every reference of its own in a form that is taken, with what the account fills in."""
    assert expected == told(text)


@pytest.mark.parametrize(
    ("server", "account", "expected"),
    [
        (relay(SHARED), own("server: relay", more=UNUSABLE), named(server=("env:SMTP_R",))),
        (relay(SHARED + UNUSABLE), own("server: relay"), named(server=("env:SMTP_R",))),
        (relay(SHARED) + relay(SHARED), own("server: relay"), []),
        (relay(SHARED) + relay("host: i.example", name="other"), own("server: relay", more=UNUSABLE), named(server=("env:SMTP_R",))),
        (relay(SHARED, name="other"), own("server: relay"), []),
        (relay(SHARED), own("server: relay", name="relay", more=UNUSABLE), named(of="relay", server=("env:SMTP_R",))),
        (relay(SHARED), own("server: office", more=UNUSABLE) + own(PASSWORD, name="office", more=UNUSABLE), [("office", ["env:SMTP_A"], [])]),
        (relay(SHARED), own("server: [relay]", more=UNUSABLE), []),
        (relay(SHARED), own(f"server: relay, {PASSWORD}", more=UNUSABLE), named("env:SMTP_A")),
        (relay(SHARED), own("server: relay, authentication: {username: v}", more=UNUSABLE), named(server=("env:SMTP_R",))),
        (relay(SHARED.replace("SMTP_R", "'S_{name}'")), own("server: relay", more=UNUSABLE), named(server=("env:S_kiosk",))),
        (
            relay(SHARED + ", proxy: {type: http, host: p.example, port: 1, username: m, password: {env: SMTP_A}}"),
            own(f"server: relay, {PASSWORD}", more=UNUSABLE),
            named("env:SMTP_A"),
        ),
        (
            relay(SHARED + ", clientCertificate: {certFile: c, key: {file: k}}, proxy: {password: {env: SMTP_P}}" + UNUSABLE),
            own("server: relay"),
            named(server=("env:SMTP_P", "env:SMTP_R", "file:k")),
        ),
        (
            relay(SHARED + ", clientCertificate: {certFile: c, key: {file: k}}, proxy: {password: {env: SMTP_P}}" + UNUSABLE),
            own("server: relay, clientCertificate: {certFile: d, key: {file: l}}", more=", proxy: {password: {env: SMTP_Q}}"),
            named("env:SMTP_Q", "file:l", server=("env:SMTP_R",)),
        ),
    ],
    ids=[
        "the account is refused", "the server is", "two servers of the name", "two servers", "another name", "a server and an account of one name", "an account is no server",
        "a name that is a list", "a login of its own", "a user name of its own", "the account's name in it",
        "what both name is the account's", "all three", "two of the three are the account's own",
    ],
)  # fmt: skip
def test_what_it_names_through_its_server(
    server: str, account: str, expected: list[tuple[str | None, list[str], list[str]]]
) -> None:
    """What the MailServer brings and the account does not replace, whichever of the two cannot be used."""
    assert expected == told(server + account)


def test_where_both_stand() -> None:
    """The account's file and place, and those of its server at the host; without one there is no server's place."""
    (found,) = unresolved(relay(SHARED) + own("server: relay", more=UNUSABLE))
    assert (FILE, f"{FILE}:7:1") == (found.file, str(found.location))
    assert (FILE, f"{FILE}:5:14") == (found.server_file, str(found.server_location))
    (found,) = unresolved(own(f"{GONE}, {PASSWORD}"))
    assert FILE == found.file
    assert f"{FILE}:2:1" == str(found.location)
    assert "" == found.server_file
    assert found.server_location is None


def test_each_account_is_told_by_itself() -> None:
    """In the order of the manifests, then of what was refused as a whole; those that can be used are not told."""
    text = own(f"{GONE}, {PASSWORD}", name="a") + own(f"host: h.example, {PASSWORD}", name="b")
    text += own(PASSWORD, name="c", more=UNUSABLE) + own(f"{GONE}, {PASSWORD}", name="d")
    assert ["a", "d", "c"] == [each.name for each in unresolved(text)]
