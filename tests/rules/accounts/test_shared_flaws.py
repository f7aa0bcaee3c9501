"""What is wrong with servers is told once for each cause, at the place that mends it for everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.model.accounts.located import CaFile, RefusedDocument, Unread
from reconciler.rules.accounts.desired import resolve, servers_used
from reconciler.rules.accounts.servers import CaFiles, CertificateFiles
from tests.rules.states import located

if TYPE_CHECKING:
    from reconciler.diagnostics import Diagnostic

NO_CAS = CaFiles({}, {})
FILE = "accounts.d/accounts.yaml"
PASSWORD = "authentication: {username: u, password: {env: SMTP_A}}"


def own(name: str, smtp: str, *, email: str = "a@example.com", metadata: str = "", spec: str = "") -> str:
    """Return an own account's manifest of eight lines; smtp stands in the sixth."""
    return (
        f"---\napiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {{name: {name}{metadata}}}\nspec:\n"
        f"  smtp: {{{smtp}}}\n  email: {email}\n  displayName: A\n{spec}"
    )


def relay(spec: str, *, name: str = "relay") -> str:
    """Return a mail server's manifest of five lines; its settings stand in the fifth."""
    return f"---\napiVersion: reconciler/v1\nkind: MailServer\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n"


def told(problem: Diagnostic) -> tuple[str, str, tuple[str, ...]]:
    """Return what a problem is, where, and whom it concerns."""
    return problem.code, str(problem.location), problem.concerned


BOTH = ("kiosk", "lobby")
OWN_LOGIN = "authentication: {username: u, password: {env: '{email}'}}"


@pytest.mark.parametrize(
    ("server", "smtp", "expected"),
    [
        (
            "host: h.example, authentication: {mechanism: xoauth2}",
            f"server: relay, {PASSWORD}",
            [("contradiction", f"{FILE}:5:53", BOTH)],
        ),
        (
            f"host: h.example, {PASSWORD}",
            "server: relay, authentication: {mechanism: xoauth2}",
            [("contradiction", f"{FILE}:11:25", ("kiosk",)), ("contradiction", f"{FILE}:19:25", ("lobby",))],
        ),
        ("port: 25", "server: relay", [("missingField", f"{FILE}:5:1", BOTH)]),
        (
            "host: h.example, authentication: {username: u}",
            "server: relay",
            [("missingField", f"{FILE}:5:41", BOTH)],
        ),
        (
            "host: h.example, authentication: {password: {env: SMTP_A}}",
            "server: relay",
            [("missingField", f"{FILE}:5:25", BOTH)],
        ),
        (
            "host: h.example",
            "server: relay, authentication: {password: {env: SMTP_A}}",
            [("missingField", f"{FILE}:5:1", BOTH)],
        ),
        (f"host: h.example, {OWN_LOGIN}", "server: relay", [("invalidValue", f"{FILE}:5:65", BOTH)]),
        (
            "host: h.example",
            f"server: relay, {OWN_LOGIN}",
            [("invalidValue", f"{FILE}:11:65", ("kiosk",)), ("invalidValue", f"{FILE}:19:65", ("lobby",))],
        ),
        (
            "host: h.example, encryption: none",
            "server: relay, clientCertificate: {certFile: c.pem, key: {env: SMTP_K}}",
            [("certFileUnusable", f"{FILE}:11:55", BOTH), ("contradiction", f"{FILE}:5:37", BOTH)],
        ),
        (
            "host: h.example, encryption: none",
            "server: relay, caFile: ca.pem",
            [("caFileUnusable", f"{FILE}:11:33", BOTH), ("contradiction", f"{FILE}:5:37", BOTH)],
        ),
        ("host: h.example, caFile: ca.pem", "server: relay", [("caFileUnusable", f"{FILE}:5:33", BOTH)]),
        ("host: h.example", "server: relay, caFile: ca.pem", [("caFileUnusable", f"{FILE}:11:33", BOTH)]),
    ],
    ids=[
        "the mechanism of the server",
        "mechanisms of their own",
        "no host",
        "no credential at the server",
        "no user name at the server",
        "no user name anywhere",
        "the server's reference",
        "references of their own",
        "no TLS at the server, for which they have a certificate",
        "no TLS at the server, for which they have a private CA",
        "the server's private CA",
        "one private CA of both",
    ],
)
def test_what_is_wrong_with_a_server_is_told_where_it_is_mended(
    server: str, smtp: str, expected: list[tuple[str, str, tuple[str, ...]]]
) -> None:
    """What the server settles or lacks for all is one problem of all accounts through it; what each writes is its own."""
    manifests = located(relay(server) + own("kiosk", smtp) + own("lobby", smtp))
    cas = CaFiles({}, {"ca.pem": "It is empty."})
    assert expected == sorted(told(each) for each in resolve(manifests, cas).problems)


def test_what_each_account_fills_in_is_told_at_the_server() -> None:
    """The host and the reference read otherwise for each address; the place that they are written at is one."""
    text = relay("host: '{localpart}.example', authentication: {username: u, password: {env: 'SMTP_{email}'}}")
    text += own("kiosk", "server: relay", email="o'neil@example.com") + own(
        "lobby", "server: relay", email="a+b@example.com"
    )
    problems = resolve(located(text), NO_CAS).problems
    assert [("invalidHost", f"{FILE}:5:14", BOTH), ("invalidValue", f"{FILE}:5:77", BOTH)] == sorted(
        map(told, problems)
    )
    host = next(each for each in problems if each.code == "invalidHost")
    assert "the host reads o'neil.example, which is not a host name: " in host.detail


def test_of_one_server_s_flaws_each_is_told() -> None:
    """What two accounts of one server have otherwise is two problems at the same place."""
    server = relay("host: h.example, authentication: {username: u, mechanism: plain}")
    token, oauth2 = (
        f"server: relay, authentication: {{{credential}}}"
        for credential in (
            "accessToken: {env: SMTP_T}",
            "oauth2: {tokenUrl: 'https://l.example/t', clientId: c, clientSecret: {env: SMTP_C}}",
        )
    )
    text = (
        server + "".join(own(name, token) for name in BOTH) + "".join(own(name, oauth2) for name in ("tower", "yard"))
    )
    problems = resolve(located(text), NO_CAS).problems
    assert [BOTH, ("tower", "yard")] == [each.concerned for each in problems]
    assert ["not accessToken", "not oauth2"] == [each.detail.split(", ")[1].partition(".")[0] for each in problems]
    lacking = relay("port: 25") + "".join(
        own(name, "server: relay, authentication: {password: {env: SMTP_A}}") for name in BOTH
    )
    details = [each.detail.partition(".")[0] for each in resolve(located(lacking), NO_CAS).problems]
    assert [
        "Neither the account nor the mail server relay names a host",
        "The login has no user name, neither here nor at the mail server",
    ] == sorted(details)


@pytest.mark.parametrize(
    ("server", "smtp", "place", "line"),
    [
        ("authentication: {username: u}", "server: relay", "5:41", "SMTP_NAME_PASSWORD"),
        ("port: 25", "server: relay, authentication: {username: u}", "11:25", "SMTP_KIOSK_PASSWORD"),
    ],
    ids=["the server's login", "its own login"],
)
def test_an_example_of_a_credential_is_for_whom_the_login_is(server: str, smtp: str, place: str, line: str) -> None:
    """A server's has a name to put in, an account's the account's."""
    text = relay(f"host: h.example, {server}") + own("kiosk", smtp)
    (problem,) = resolve(located(text), NO_CAS).problems
    assert (f"{FILE}:{place}", f"password: {{env: {line}}}") == (
        str(problem.location),
        problem.detail.split("\n    ")[1],
    )


def test_a_user_name_that_only_one_account_lacks_is_told_at_its_login() -> None:
    """Its server has no login at all, so nothing is wrong there."""
    text = relay("host: h.example") + own("kiosk", "server: relay, authentication: {password: {env: SMTP_A}}")
    (problem,) = resolve(located(text), NO_CAS).problems
    assert ("missingField", f"{FILE}:11:25", ("kiosk",)) == told(problem)


def test_a_file_that_several_name_is_told_at_the_first_place() -> None:
    """In the order of the files, whichever account comes first."""
    text = relay("host: h.example, caFile: ca.pem") + relay("host: i.example, caFile: ca.pem", name="other")
    text += own("kiosk", "server: other") + own("lobby", "server: relay")
    (problem,) = resolve(located(text), CaFiles({}, {"ca.pem": "It is empty."})).problems
    assert ("caFileUnusable", f"{FILE}:5:33", BOTH) == told(problem)


def test_each_file_is_a_cause_and_each_use_of_it() -> None:
    """Two files that cannot be used are two problems, and so is one that is named as both kinds of certificate."""
    key = "clientCertificate: {certFile: a.pem, key: {env: SMTP_K}}"
    text = own("kiosk", f"host: h.example, caFile: a.pem, {key}") + own("lobby", "host: h.example, caFile: b.pem")
    empty = dict.fromkeys(("a.pem", "b.pem"), "It is empty.")
    problems = resolve(located(text), CaFiles({}, empty), certificates=CertificateFiles({}, empty)).problems
    assert [("caFileUnusable", ("kiosk",)), ("caFileUnusable", ("lobby",)), ("certFileUnusable", ("kiosk",))] == sorted(
        (each.code, each.concerned) for each in problems
    )


@pytest.mark.parametrize(
    ("smtp", "what"),
    [
        ("caFile: ca.pem", "caFile"),
        ("clientCertificate: {certFile: c.pem, key: {env: SMTP_K}}", "clientCertificate"),
    ],
)
def test_what_guards_nothing_without_tls_is_named(smtp: str, what: str) -> None:
    """With the two ways to mend it."""
    text = relay("host: h.example, encryption: none") + own("kiosk", f"server: relay, {smtp}")
    (detail,) = [each.detail for each in resolve(located(text), NO_CAS).problems if each.code == "contradiction"]
    assert detail.startswith(f"{what} stands beside encryption: none, ")
    assert detail.endswith(f"Write encryption: starttls or tls, or remove {what}.")


def test_a_server_that_only_one_account_uses_is_no_shared_cause() -> None:
    """The problem stands where the account wrote what does not go together with the server's mechanism."""
    text = relay("host: h.example, authentication: {mechanism: xoauth2}") + own("kiosk", f"server: relay, {PASSWORD}")
    (problem,) = resolve(located(text), NO_CAS).problems
    assert ("contradiction", f"{FILE}:11:25", ("kiosk",)) == told(problem)


def test_a_proxy_is_told_where_it_is_written() -> None:
    """It is the account's own as a whole, or the server's."""
    proxy = "proxy: {type: http, host: p.example, port: 1, username: u, password: {env: '{email}'}}"
    text = relay(f"host: h.example, {proxy}") + own("kiosk", "server: relay")
    text += own("lobby", "server: relay", spec=f"  {proxy}\n") + own("tower", "host: h.example", spec=f"  {proxy}\n")
    assert [("kiosk", f"{FILE}:5:94"), ("lobby", f"{FILE}:22:72"), ("tower", f"{FILE}:31:72")] == sorted(
        (each.subject or "", str(each.location)) for each in resolve(located(text), NO_CAS).problems
    )


@pytest.mark.parametrize(
    ("unread", "expected"),
    [
        (None, ["gone", "lost"]),
        (Unread(has_unparsed=True), []),
        (Unread((RefusedDocument(kind="MailServer", name="gone"),)), ["lost"]),
        (Unread((RefusedDocument(kind="MailServer", name=None),)), []),
        (Unread((RefusedDocument(kind="OwnAccount", name="gone"),)), ["gone", "lost"]),
    ],
    ids=["all was read", "a file was not", "that server", "a server without a name", "an account of that name"],
)
def test_what_may_stand_in_what_is_unread_is_not_missing(unread: Unread | None, expected: list[str]) -> None:
    """A MailServer that nobody declares is told once for each, at the first account that names it."""
    text = own("kiosk", "server: gone") + own("lobby", "server: lost") + own("tower", "server: gone")
    problems = resolve(located(text), NO_CAS, unread).problems
    assert expected == [each.detail.split()[-1].strip(".") for each in problems]
    assert {("kiosk", "tower"), ("lobby",)} >= {each.concerned for each in problems}


def test_a_name_that_looks_like_a_host_is_told_as_one() -> None:
    """With the line to write, unless a MailServer is called nearly so."""
    (host,) = resolve(located(own("kiosk", "server: mail.example.com")), NO_CAS).problems
    assert host.detail.endswith("for the name of a host write\n    host: mail.example.com")
    text = own("kiosk", "server: mail.examples") + relay("host: h.example", name="mail.example")
    (near,) = resolve(located(text), NO_CAS).problems
    assert near.detail.endswith(" Did you mean mail.example?")


def test_an_account_whose_server_is_declared_twice_is_left_out() -> None:
    """Nobody knows which is meant, and that is told already; the others are resolved."""
    text = relay("host: h.example") + relay("host: i.example") + relay("host: j.example", name="other")
    resolution = resolve(
        located(text + own("kiosk", "server: relay") + own("lobby", "server: other") + own("tower", "host: k.example")),
        NO_CAS,
    )
    assert ((), ["lobby", "tower"]) == (resolution.problems, [account.name for account in resolution.accounts])


def test_which_accounts_use_a_server() -> None:
    """By the server's name, in the order of the manifests; marketing accounts and servers use none."""
    marketing = (
        "---\napiVersion: reconciler/v1\nkind: MarketingAccount\nmetadata: {name: n}\n"
        "spec: {email: n@example.com, displayName: N}\n"
    )
    text = (
        own("tower", "server: b") + own("kiosk", "server: a") + own("lobby", "server: b") + own("x", "host: h.example")
    )
    assert {"b": ["tower", "lobby"], "a": ["kiosk"]} == servers_used(located(text + marketing + relay("port: 25")))


def test_an_account_knows_its_manifest_and_that_of_its_server() -> None:
    """The file and the place of both, and the digest of the private CA that the server names."""
    text = relay(f"host: h.example, caFile: ca.pem, {PASSWORD}") + own("kiosk", "server: relay")
    (account,) = resolve(located(text, file="x.yaml"), CaFiles({"ca.pem": CaFile(pem="", digest="d")}, {})).accounts
    assert ("x.yaml", "x.yaml:7:1") == (account.file, str(account.location))
    assert "relay" == account.server
    assert "x.yaml" == account.server_file
    assert "x.yaml:5:14" == str(account.server_location)
    assert ("d", frozenset({"env:SMTP_A"})) == (account.ca_digest, account.server_secrets)


@pytest.mark.parametrize(
    ("written", "replies", "changed"),
    [
        ("{email: r@Ś.example}", {"email": "r@xn--jga.example"}, {"spec.replyTo.email": "r@Ś.example"}),
        ("{displayName: R}", {"displayName": "R"}, {}),
        ("[{email: r@Ś.example}]", {"email": "r@xn--jga.example"}, {"spec.replyTo.email": "r@Ś.example"}),
        (
            "[{email: q@example.com}, {email: r@Ś.example}]",
            [{"email": "q@example.com"}, {"email": "r@xn--jga.example"}],
            {"spec.replyTo.1.email": "r@Ś.example"},
        ),
        ("{}", None, {}),
    ],
    ids=["one", "a name alone", "one in a list", "several", "nothing"],
)
def test_replies_have_one_form(written: str, replies: object, changed: dict[str, str]) -> None:
    """A mapping for one address, a list for several, each with its domain in canonical form."""
    (account,) = resolve(located(own("kiosk", "host: h.example", spec=f"  replyTo: {written}\n")), NO_CAS).accounts
    assert (replies, changed) == (account.spec.get("replyTo"), account.written)


def test_repeated_previous_names_are_told_each() -> None:
    """Two accounts can come from two; what one alone gives is nobody's problem."""
    names = {"kiosk": "hall", "lobby": "yard", "tower": "yard", "attic": "roof", "cellar": "roof"}
    text = "".join(own(name, "host: h.example", metadata=f", previousName: {was}") for name, was in names.items())
    assert [("contradiction", f"{FILE}:20:39", ("tower",)), ("contradiction", f"{FILE}:36:40", ("cellar",))] == [
        told(each) for each in resolve(located(text), NO_CAS).problems
    ]
