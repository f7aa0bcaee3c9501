"""Remarks on declarations: what they say, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from reconciler.envelope.details import Unusable, normal, usable_address
from reconciler.model.accounts.located import RefusedDocument, Unread
from reconciler.model.text.domains import address_to_ascii, plain_address, why_not_plain
from reconciler.model.text.types import _check_email
from reconciler.rules.accounts.desired import resolve
from reconciler.rules.accounts.lint import lint
from tests.rules.states import ca_files, located, project

if TYPE_CHECKING:
    from reconciler.diagnostics import Diagnostic

_LOCAL_PARTS = st.one_of(
    st.from_regex(r"[a-z0-9.+_-]{1,10}", fullmatch=True),
    st.text(max_size=6),
    st.text(alphabet='a@\uff20\ufe6b\uff0e\u2024."=?qb \u0301\u212a', max_size=8),
)
_DOMAINS = st.one_of(
    st.from_regex(r"[a-z0-9-]{1,6}(\.[a-z0-9-]{1,4}){0,3}", fullmatch=True),
    st.text(alphabet="a1.\uff11\u0661\u3002\u00b2\u017c-", max_size=6),
)
LOGIN = "authentication: {username: u, password: {env: SMTP_A}}"


def own(smtp: str, *, name: str = "a", extra: str = "", spec: str = "shared: true") -> str:
    """Return an own account's manifest, of six lines."""
    return (
        f"apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {{name: {name}{extra}}}\nspec:\n"
        f"  smtp: {{{smtp}}}\n  {{email: a@example.com}}\n".replace(
            "  {email: a@example.com}", f"  email: a@example.com\n  displayName: A\n  {spec}"
        )
    )


def marketing(*, name: str = "news", spec: str = "") -> str:
    """Return a marketing account's manifest; its e-mail stands in line 6."""
    return (
        f"apiVersion: reconciler/v1\nkind: MarketingAccount\nmetadata: {{name: {name}}}\nspec:\n"
        f"  displayName: N\n  email: n@example.com\n{spec}"
    )


def server(name: str = "relay", smtp: str = "host: h.example.com") -> str:
    """Return a mail server's manifest."""
    return f"apiVersion: reconciler/v1\nkind: MailServer\nmetadata: {{name: {name}}}\nspec: {{{smtp}}}\n"


def remarks(*texts: str, **parts: Any) -> list[Diagnostic]:
    """Return the remarks on manifests, one file each."""
    manifests = [each for number, text in enumerate(texts) for each in located(text, file=f"{number}.yaml")]
    return list(lint(resolve(manifests, ca_files({})).accounts, manifests, project(**parts)))


def told(*texts: str, **parts: Any) -> list[str]:
    """Return severity, code, subject and place of the remarks."""
    return [f"{each.severity} {each.code} {each.subject} {each.location}" for each in remarks(*texts, **parts)]


PLATFORM = {"smtp": {"host": "p.example", "encryption": "starttls"}}


def test_an_account_that_nobody_sees() -> None:
    """Neither shared nor owned; the remark stands at the spec and names what to add."""
    (remark,) = remarks(own("host: h.example.com", spec="shared: false"))
    assert "warning" == remark.severity
    assert "sharedWithoutOwner" == remark.code
    assert "a" == remark.subject
    assert "0.yaml:4:1" == str(remark.location)
    assert "`accounts list --as USER`" in remark.detail
    assert remark.detail.endswith("Add metadata.owner, or shared: true.")


@pytest.mark.parametrize(
    ("reply_to", "expected"),
    [("", True), ("  replyTo: {displayName: R}\n", True), ("  replyTo: {email: r@example.com}\n", False)],
)
def test_a_marketing_account_without_reply_to(reply_to: str, *, expected: bool) -> None:
    """Without an address for replies they may reach nobody; the remark stands at the e-mail."""
    found = remarks(marketing(spec=reply_to), platform=PLATFORM)
    assert (["warning noReplyTo news 0.yaml:6:3"] if expected else []) == [
        f"{each.severity} {each.code} {each.subject} {each.location}" for each in found
    ]
    assert all(each.detail.startswith("n@example.com need not exist as a mailbox, ") for each in found)
    assert all(each.detail.endswith("\n    replyTo: {email: office@example.com}") for each in found)


def test_an_address_is_told_as_it_is_written() -> None:
    """A domain of other letters is compared in its ASCII form, which nobody has written."""
    (remark,) = remarks(marketing(spec="").replace("n@example.com", "n@bücher.example"), platform=PLATFORM)
    assert remark.detail.startswith("n@bücher.example need not exist")


_DOUBTFUL = (
    ("root@localhost", "it has no dot"),
    ("sales@intranet", "it has no dot"),
    ("a@192.0.2.1", "ends in a number"),
    ("a@example.123", "ends in a number"),
    ("a@example.c0m", "made of letters alone"),
    ("a@example.tld-2", "made of letters alone"),
    ("a@yy--0.example", "RFC 5890"),
    ("a@1.xn--4dbc.example", "mixes directions"),
    ("a\uff20b@example.com", "characters that some programs would take for others"),
    ("a\ufe6bb@example.com", "characters that some programs would take for others"),
    ("\uff53ales@example.com", "characters that some programs would take for others"),
    ("\ufb01@example.com", "characters that some programs would take for others"),
    ("=?utf-8?q?a?=@example.com", "an encoded-word"),
)


@pytest.mark.parametrize(("address", "reason"), _DOUBTFUL)
def test_an_address_that_a_card_could_not_have_is_told(address: str, reason: str) -> None:
    """What the rules of contacts' cards refuse stands in a manifest with a warning at its place."""
    found = remarks(
        marketing(spec="  replyTo: {email: b@example.com}\n").replace("n@example.com", f'"{address}"'),
        platform=PLATFORM,
    )
    assert [("warning", "doubtfulAddress", "0.yaml:6:10")] == [
        (each.severity, each.code, str(each.location)) for each in found
    ]
    assert reason in found[0].detail


@pytest.mark.parametrize(("address", "reason"), _DOUBTFUL)
def test_a_card_with_it_is_refused_in_the_same_words(address: str, reason: str) -> None:
    """The rule is one: a card's address is refused for the reason that a manifest's is warned of."""
    with pytest.raises(Unusable, match=reason):
        usable_address(address)


@pytest.mark.parametrize("host", ["mail_server", "Mail_Server", "my_app-smtp_1", "_smtp.example.com"])
def test_a_host_with_an_underscore_is_taken_and_told(host: str) -> None:
    """Docker's networks have such names, and resolvers take them: it is allowed, with a warning."""
    found = remarks(own(f"host: {host}"))
    assert [("warning", "doubtfulHost")] == [(each.severity, each.code) for each in found]
    assert "caFile" in found[0].detail


_AS_A_MAILBOX = "is written as a header has a mailbox"
_WITH_A_SPACE = "begins or ends with a space"


@pytest.mark.parametrize(
    ("username", "why", "meant"),
    [
        ("Anna Nowak <anna@example.com>", _AS_A_MAILBOX, "anna@example.com"),
        ("<anna@example.com>", _AS_A_MAILBOX, "anna@example.com"),
        (" anna", _WITH_A_SPACE, "anna"),
        ("anna@example.com ", _WITH_A_SPACE, "anna@example.com"),
        ("anna@example.com", None, None),
        ("DOMAIN/anna", None, None),
        ("Anna Nowak", None, None),
        ("a>b", None, None),
        ("<>", None, None),
    ],
)
def test_a_user_name_that_is_likely_not_meant_is_told_where_it_stands(
    username: str, why: str | None, meant: str | None
) -> None:
    """Taken it is: a server may know such a login. It is told at the account's line, or at the server's."""
    login = f"authentication: {{username: '{username}', password: {{env: SMTP_A}}}}"
    at_account = remarks(own(f"host: h.example.com, {login}"))
    at_server = remarks(own("server: relay"), server(smtp=f"host: h.example.com, {login}"))
    for found, place in ((at_account, "0.yaml:5:58"), (at_server, "1.yaml:4:56")):
        told_of = [(each.severity, each.code, str(each.location)) for each in found]
        assert ([("warning", "doubtfulUsername", place)] if why is not None else []) == told_of
        if why is not None:
            assert f"{why}" in found[0].detail
            assert found[0].detail.endswith(f"    username: {meant}")


def test_a_doubtful_address_for_replies_is_told_too() -> None:
    """An address that answers would go to is looked at as the sender's is, and told at its own place."""
    found = remarks(marketing(spec="  replyTo: {email: office@localhost}\n"), platform=PLATFORM)
    assert ["doubtfulAddress news 0.yaml:7:20"] == [f"{each.code} {each.subject} {each.location}" for each in found]
    assert found[0].detail.startswith("replyTo.email is office@localhost, and ")


@given(address=st.tuples(_LOCAL_PARTS, _DOMAINS).map("@".join))
@settings(max_examples=300, deadline=None)
def test_no_address_passes_here_that_a_card_could_not_have(address: str) -> None:
    """An address of a manifest either could stand on a card, or has a reason why not."""
    try:
        _check_email(address)
    except PydanticCustomError:
        return
    try:
        usable_address(normal(address_to_ascii(address)) or "")
    except Unusable:
        assert why_not_plain(address) is not None


@given(address=st.tuples(_LOCAL_PARTS, _DOMAINS).map("@".join))
@settings(max_examples=300, deadline=None)
def test_what_is_quickly_seen_to_be_plain_is_plain(address: str) -> None:
    """The short way to a plain address takes nothing that the whole rule refuses or doubts, and gives the same."""
    found = plain_address(address)
    if found is not None:
        assert (found, None) == (address_to_ascii(address), why_not_plain(address))


@pytest.mark.parametrize(
    ("address", "plain"),
    [
        ("Sales@Example.COM", "Sales@example.com"),
        ("a" * 64 + "@example.com", "a" * 64 + "@example.com"),
        ("a" * 65 + "@example.com", None),
        ("a" * 60 + "@" + "a.b" * 62 + "aaaaa.com", None),
        ("a@xn--4dbc.example", "a@xn--4dbc.example"),
        ("a@1.xn--4dbc.example", None),
        ("a@example.com\n", None),
        ("a\n@example.com", None),
        ("a@b@example.com", None),
        ("=?utf-8?q?a?=@example.com", None),
        ("ż@example.com", None),
        ("a@ż.example", None),
        ("@example.com", None),
        ("a@", None),
        ("a@localhost", None),
    ],
)
def test_the_short_way_takes_the_usual_ones_alone(address: str, plain: str | None) -> None:
    """Lengths at their bounds, line ends, two signs, encoded-words, letters beyond ASCII."""
    assert plain == plain_address(address)
    if plain is not None:
        assert (plain, None) == (address_to_ascii(address), why_not_plain(address))


@pytest.mark.parametrize(
    ("port", "encryption", "sentence", "better"),
    [
        (465, "starttls", "465 is implicit TLS (RFC 8314 section 3.3); you declared starttls.", "tls"),
        (465, "none", "465 is implicit TLS (RFC 8314 section 3.3); you declared none.", "tls"),
        (587, "tls", "587 begins in clear text; you declared implicit TLS.", "starttls"),
        (25, "tls", "25 begins in clear text; you declared implicit TLS.", "starttls"),
    ],
)
def test_a_port_of_another_encryption(port: int, encryption: str, sentence: str, better: str) -> None:
    """The remark stands at the port, and has the line to write."""
    (remark,) = remarks(own(f"host: h.example.com, port: {port}, encryption: {encryption}"))
    assert "warning" == remark.severity
    assert "portMismatch" == remark.code
    assert "a" == remark.subject
    assert "0.yaml:5:37" == str(remark.location)
    assert remark.detail.startswith(f"{sentence} Write\n    encryption: {better}\nor another port")


@pytest.mark.parametrize(
    ("smtp", "proxy", "expected"),
    [
        (f"host: h.example.com, encryption: none, {LOGIN}", "", True),
        ("host: h.example.com, encryption: none", "", False),
        (f"host: h.example.com, {LOGIN}", "", False),
        (f"host: 127.0.0.1, encryption: none, {LOGIN}", "", False),
        (f"host: '::1', encryption: none, {LOGIN}", "", False),
        (f"host: 192.0.2.1, encryption: none, {LOGIN}", "", True),
        (f"host: localhost, encryption: none, {LOGIN}", "", False),
        (f"host: localhost, encryption: none, {LOGIN}", "\n  proxy: {type: http, host: p.example, port: 80}", True),
    ],
)
def test_a_login_in_clear_text(smtp: str, proxy: str, *, expected: bool) -> None:
    """A login without encryption is remarked on unless it goes to this machine directly."""
    found = remarks(own(f"port: 2525, {smtp}", spec=f"shared: true{proxy}"))
    assert (["warning unencryptedLogin a 0.yaml:5:16"] if expected else []) == [
        f"{each.severity} {each.code} {each.subject} {each.location}" for each in found
    ]
    assert all(each.detail.endswith(" Write\n    encryption: starttls") for each in found)


@pytest.mark.parametrize(
    ("proxy", "code", "sentence"),
    [
        ("type: socks4, host: p.example.com", "proxyPasswordUnused", "SOCKS4 sends a user id and no password, "),
        ("type: socks4, host: localhost", "proxyPasswordUnused", "SOCKS4 sends a user id and no password, "),
        (
            "type: http, host: p.example.com",
            "unencryptedProxyLogin",
            "The login at the http proxy p.example.com travels ",
        ),
        ("type: http, host: localhost", None, ""),
    ],
)
def test_a_password_for_a_proxy(proxy: str, code: str | None, sentence: str) -> None:
    """It travels in clear text or not at all; the remark stands at the password."""
    spec = f"shared: true\n  proxy:\n    {{{proxy}, port: 1, username: m,\n     password: {{env: SMTP_P}}}}"
    found = remarks(own("host: h.example.com", spec=spec))
    assert ([("warning", code, "a", "0.yaml:11:16")] if code else []) == [
        (each.severity, each.code, each.subject, str(each.location)) for each in found
    ]
    assert all(each.detail.startswith(sentence) for each in found)
    assert all(each.detail.endswith("\n    type: socks5") for each in found if code == "proxyPasswordUnused")


def test_servers_that_no_account_names() -> None:
    """Each is noted, at its name; one that is named is not, nor is an account."""
    found = remarks(own("server: relay"), server(), server("idle"), server("other"))
    assert [("note", "unusedServer", "idle", "2.yaml:3:18"), ("note", "unusedServer", "other", "3.yaml:3:18")] == [
        (each.severity, each.code, each.subject, str(each.location)) for each in found
    ]
    assert "No account names the mail server idle." == found[0].detail


@pytest.mark.parametrize(
    ("names", "who"),
    [(["n"], "1 marketing account is declared, "), (["n", "m"], "2 marketing accounts are declared, ")],
)
def test_marketing_accounts_without_a_platform(names: list[str], who: str) -> None:
    """One warning for all of them, with the line to write; none where there are no such accounts."""
    replying = "  replyTo: {email: r@example.com}\n"
    (remark,) = remarks(*(marketing(name=name, spec=replying) for name in names), own("host: h.example.com"))
    assert "warning" == remark.severity
    assert "noPlatformServer" == remark.code
    assert remark.subject is None
    assert remark.detail.startswith(f"{who}but the project file has no platform.smtp, ")
    assert remark.detail.endswith("\n    platform: {smtp: {host: smtp.example.com, encryption: starttls}}")
    assert [] == remarks(own("host: h.example.com"))
    assert [] == remarks(marketing(spec=replying), platform=PLATFORM)


def test_a_marketing_account_has_no_remarks_of_own_ones() -> None:
    """It is looked at for its own matters alone, and an own account for its own."""
    assert ["warning noReplyTo news 0.yaml:6:3"] == told(marketing(), own("host: h.example.com"), platform=PLATFORM)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("displayName: N", 'displayName: "News of {domain}"', "spec.displayName holds {domain}"),
        ("metadata: {name: news}", 'metadata: {name: news, title: "{name}"}', "metadata.title holds {name}"),
        (
            "  displayName: N\n",
            '  displayName: N\n  replyTo: {email: o@example.com, displayName: "{mail}"}\n',
            "{mail}",
        ),
    ],
)
def test_a_placeholder_in_a_name_that_people_see_is_told(before: str, after: str, told: str) -> None:
    """Nothing is filled in there, so a word in braces would be read as it stands."""
    text = marketing().replace(before, after)
    assert before not in text or before in after
    found = [each.detail for each in remarks(text) if each.code == "unknownPlaceholder"]
    assert [True] == [told in each for each in found]


PROXY = "proxy: {type: http, host: q.example.com, port: 1, username: u, password: {env: SMTP_B}}"
RELAY = (
    "apiVersion: reconciler/v1\nkind: MailServer\nmetadata: {name: relay}\nspec:\n  host: h.example.com\n  port: 465\n"
    f"  encryption: starttls\n  {PROXY}\n"
)


@pytest.mark.parametrize(
    ("smtp", "spec", "port", "proxy"),
    [
        ("server: relay", "shared: true", "1.yaml:6:9", "1.yaml:8:76"),
        ("server: relay, host: x.example.com", "shared: true", "0.yaml:5:9", "1.yaml:8:76"),
        ("server: relay, port: 465", "shared: true", "0.yaml:5:31", "1.yaml:8:76"),
        ("server: relay, encryption: none", "shared: true", "0.yaml:5:9", "1.yaml:8:76"),
        ("server: relay", f"shared: true\n  {PROXY}", "1.yaml:6:9", "0.yaml:9:76"),
        (
            "host: h.example.com, port: 465, encryption: starttls",
            f"shared: true\n  {PROXY}",
            "0.yaml:5:37",
            "0.yaml:9:76",
        ),
    ],
    ids=["all of the server's", "another host", "another port", "another encryption", "another proxy", "no server"],
)
def test_what_a_server_says_is_told_at_the_server(smtp: str, spec: str, port: str, proxy: str) -> None:
    """A port that does not fit is told at the server's unless the account says something of it; so is a proxy's login."""
    found = told(own(smtp, spec=spec), RELAY, own("server: relay", name="z"))
    assert [f"warning portMismatch a {port}", f"warning unencryptedProxyLogin a {proxy}"] == [
        each for each in found if " a " in each
    ]


def test_an_account_and_a_server_of_one_name_are_two() -> None:
    """What is said of the account stands in the account's manifest."""
    found = told(own("server: relay", name="relay", spec="shared: false"), server())
    assert ["warning sharedWithoutOwner relay 0.yaml:4:1"] == found


def test_nothing_is_said_of_a_server_that_what_is_not_read_may_use() -> None:
    """It is named there, or nobody knows what is there."""
    manifests = located(server(), file="0.yaml")

    def named(server: str) -> RefusedDocument:
        return RefusedDocument(kind="OwnAccount", name="x", server=server)

    def codes(unread: Unread | None) -> list[str]:
        return [each.code for each in lint([], manifests, project(), unread)]

    assert (["unusedServer"], ["unusedServer"]) == (codes(None), codes(Unread((named("other"),))))
    assert ([], []) == (codes(Unread((named("relay"),))), codes(Unread(has_unparsed=True)))


@pytest.mark.parametrize(
    ("manifest", "path", "place"),
    [
        (
            own("host: h.example.com").replace("displayName: A", "displayName: '{email}'"),
            "spec.displayName",
            "0.yaml:7:16",
        ),
        (
            own("host: h.example.com", spec="shared: true\n  replyTo: {displayName: '{email}'}"),
            "spec.replyTo.displayName",
            "0.yaml:9:26",
        ),
        (own("host: h.example.com", extra=", title: '{email}'"), "metadata.title", "0.yaml:3:28"),
    ],
)
def test_a_placeholder_in_a_name_is_told_where_it_stands(manifest: str, path: str, place: str) -> None:
    """Nothing is filled in there, so people would see it."""
    (remark,) = remarks(manifest)
    assert f"unknownPlaceholder a {place}" == f"{remark.code} {remark.subject} {remark.location}"
    assert remark.detail.startswith(f"{path} holds {{email}}, ")


@pytest.mark.parametrize(
    ("kind", "value", "is_told"),
    [
        (None, {"spec": {"smtp": {}}}, True),
        ("OwnAccount", {"spec": {"smtp": {}}}, True),
        ("OwnAccount", {"spec": {"smtp": "x"}}, False),
        ("OwnAccount", {"spec": None}, False),
        ("OwnAccount", {}, False),
        ("OwnAccount", [], False),
        (None, None, False),
        ("MailServer", {}, True),
        ("MarketingAccount", {}, True),
    ],
)
def test_a_server_that_an_unreadable_account_may_name_is_not_told_as_unused(
    kind: str | None, value: object, *, is_told: bool
) -> None:
    """Where nobody can read what an account sends through, it may be any server."""
    manifests = located(SERVER_ALONE)
    found = lint((), manifests, project(), Unread((RefusedDocument(kind=kind, name=None, value=value),)))
    assert (["unusedServer"] if is_told else []) == [each.code for each in found]


SERVER_ALONE = "apiVersion: reconciler/v1\nkind: MailServer\nmetadata: {name: idle}\nspec: {host: h.example}\n"
