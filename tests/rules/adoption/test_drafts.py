"""From the accounts of sources to manifests: what each becomes, what is shared, and what is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.model.adoption.adopted import Adoption, Taken
from reconciler.model.adoption.found import UNSAID, FoundAccount, FoundProxy, Security
from reconciler.model.grants import Secrets
from reconciler.model.secrets.values import SecretValue
from reconciler.rules.adoption.drafts import Present, draft_manifests
from tests.rules.single import news, own

STARTTLS = Security(encryption="starttls")
TLS = Security(encryption="tls")
IN_THE_CLEAR = Security(encryption="none", why="the source sends in the clear")
ONE, TWO = SecretValue("canary-one"), SecretValue("canary-two")


def found(label: str = "a", **parts: Any) -> Taken:
    """Return an account of a source: a mailbox of its own, with a password, at one server."""
    usual: dict[str, Any] = {
        "label": label,
        "line": 7,
        "host": "smtp.example.com",
        "security": STARTTLS,
        "username": f"{label}@example.com",
        "password": ONE,
    }
    return Taken(found=FoundAccount(**{**usual, **parts}), kind="msmtp", file="rc")


def drafted(*taken: Taken, source: str = "env", **present: Any) -> Adoption:
    """Return what these become."""
    return draft_manifests(taken, Present(**present), source=source)


def specs(adoption: Adoption) -> dict[str, Any]:
    """Return the settings of each document, by name."""
    return {each.name: each.document["spec"] for each in adoption.drafts}


def became(adoption: Adoption) -> list[tuple[str, str, str | None]]:
    """Return what became of each account: its label, what, and the manifest's name."""
    return [(each.label, each.became, each.name) for each in adoption.outcomes]


def smtp(adoption: Adoption, name: str = "a-example-com") -> dict[str, Any]:
    """Return the part of an account's settings that is about its server."""
    part: dict[str, Any] = specs(adoption)[name]["smtp"]
    return part


def login_of(adoption: Adoption, name: str = "a-example-com") -> dict[str, Any]:
    """Return its login."""
    login: dict[str, Any] = smtp(adoption, name)["authentication"]
    return login


PASSWORD = {"env": "SMTP_A_EXAMPLE_COM_PASSWORD"}
PROXY = FoundProxy(type="socks5", host="proxy.example.com", port=1080, username="m", password=ONE)
SERVER = {"host": "smtp.example.com", "encryption": "starttls"}


def test_an_account_becomes_a_manifest() -> None:
    """With its server, its login and what the source calls it; the password is to be where the manifest names it."""
    adoption = drafted(found())
    (draft,) = adoption.drafts
    assert {
        "apiVersion": "reconciler/v1",
        "kind": "OwnAccount",
        "metadata": {"name": "a-example-com", "labels": {"source": "msmtp"}},
        "spec": {
            "email": "a@example.com",
            "displayName": "a",
            "shared": True,
            "smtp": {**SERVER, "authentication": {"username": "{email}", "password": PASSWORD}},
        },
    } == draft.document
    assert "a-example-com" == draft.name
    assert "a-example-com.yaml" == draft.file
    assert "" == draft.doubt
    (secret,) = adoption.secrets
    expected = ("SMTP_A_EXAMPLE_COM_PASSWORD", "env:SMTP_A_EXAMPLE_COM_PASSWORD", ("a-example-com",), ONE)
    assert expected == (secret.key, secret.reference, secret.accounts, secret.value)
    (outcome,) = adoption.outcomes
    assert "a" == outcome.label
    assert "msmtp" == outcome.kind
    assert "rc" == outcome.file
    assert 7 == outcome.line
    assert "added" == outcome.became
    assert "a-example-com" == outcome.name
    assert "a@example.com" == outcome.email
    assert "smtp.example.com:587 (starttls)" == outcome.server
    assert () == adoption.remarks


@pytest.mark.parametrize(
    ("parts", "changed"),
    [
        ({"security": TLS}, {"encryption": "tls"}),
        ({"security": TLS, "port": 465}, {"encryption": "tls"}),
        ({"security": TLS, "port": 4465}, {"encryption": "tls", "port": 4465}),
        ({"port": 587}, {}),
        ({"port": 2525}, {"port": 2525}),
        ({"security": UNSAID}, {}),
        ({"security": IN_THE_CLEAR, "host": "localhost"}, {"encryption": "none", "host": "localhost"}),
        ({"host": "SMTP.Example.com"}, {}),
        ({"host": "bücher.example"}, {"host": "xn--bcher-kva.example"}),
        ({"host": "{domain}"}, {"host": "{domain}"}),
        ({"helo_name": "mail.example.com"}, {"heloName": "mail.example.com"}),
        ({"ca_file": "ca.pem"}, {"caFile": "ca.pem"}),
        ({"certificate": "sha256:" + "d" * 64}, {"certificate": "sha256:" + "d" * 64}),
        (
            {"client_certificate": "c.pem", "client_key": "c.key"},
            {"clientCertificate": {"certFile": "c.pem", "key": {"file": "c.key"}}},
        ),
        ({"client_certificate": "c.pem"}, {}),
        ({"client_key": "c.key"}, {}),
    ],
)
def test_the_server_is_written_with_what_differs_from_the_usual(parts: dict[str, Any], changed: dict[str, Any]) -> None:
    """The encryption always is; where nothing was said of it, it is STARTTLS."""
    server = {key: value for key, value in smtp(drafted(found(**parts))).items() if key != "authentication"}
    assert {**SERVER, **changed} == server


@pytest.mark.parametrize(
    ("parts", "login"),
    [
        ({}, {"username": "{email}", "password": PASSWORD}),
        ({"username": "a", "email": "a@example.com"}, {"username": "{localpart}", "password": PASSWORD}),
        ({"username": "box", "email": "a@example.com"}, {"username": "box", "password": PASSWORD}),
        ({"username": "a{b}", "email": "a@example.com"}, {"username": "a{{b}}", "password": PASSWORD}),
        ({"username": "{localpart}", "email": "a@example.com"}, {"username": "{localpart}", "password": PASSWORD}),
        ({"username": "x-{email}", "email": "a@example.com"}, {"username": "x-{email}", "password": PASSWORD}),
        ({"username": "x@{domain}", "email": "a@example.com"}, {"username": "x@{domain}", "password": PASSWORD}),
        ({"username": None, "email": "a@example.com"}, {"username": "{email}", "password": PASSWORD}),
        ({"mechanism": "plain"}, {"mechanism": "plain", "username": "{email}", "password": PASSWORD}),
        (
            {"mechanism": "xoauth2", "password": None},
            {"mechanism": "xoauth2", "username": "{email}", "accessToken": {"env": "SMTP_A_EXAMPLE_COM_TOKEN"}},
        ),
        (
            {"password": None, "reference": {"env": "SMTP_OLD"}},
            {"username": "{email}", "password": {"env": "SMTP_OLD"}},
        ),
        ({"reference": {"env": "SMTP_OLD"}}, {"username": "{email}", "password": PASSWORD}),
    ],
)
def test_the_login_is_written_as_a_person_would(parts: dict[str, Any], login: dict[str, Any]) -> None:
    """A user name that is the address, or its local part, as a placeholder; braces that are meant are doubled."""
    adoption = drafted(found(**parts))
    (draft,) = adoption.drafts
    assert login == login_of(adoption, draft.name)
    assert () == adoption.remarks
    (secret,) = adoption.secrets
    assert [next(iter(value.values())) for key, value in login.items() if isinstance(value, dict)] == [secret.key]


def test_without_a_login_there_is_no_secret() -> None:
    """A server that takes mail from anybody is written so."""
    adoption = drafted(found(has_login=False, email="a@example.com"))
    assert SERVER == smtp(adoption)
    assert () == adoption.secrets


def test_a_password_is_none_where_a_token_logs_in() -> None:
    """It is not taken, and told."""
    adoption = drafted(found(mechanism="xoauth2", lost=("Its logfile is not taken.",)))
    (secret,) = adoption.secrets
    assert secret.value is None
    assert ["Its logfile is not taken.", "It logs in with a token, which is not a password."] == [
        each.detail for each in adoption.remarks
    ]
    kept = drafted(found(mechanism="xoauth2", reference={"env": "SMTP_T"}))
    assert {"mechanism": "xoauth2", "username": "{email}", "accessToken": {"env": "SMTP_A_EXAMPLE_COM_TOKEN"}} == (
        login_of(kept)
    )


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({}, ("a@example.com", "a", None)),
        ({"email": "b@example.com"}, ("b@example.com", "b", None)),
        ({"display_name": "Sales"}, ("a@example.com", "Sales", None)),
        ({"reply_to": "help@example.com"}, ("a@example.com", "a", {"email": "help@example.com"})),
        ({"reply_to": "nobody"}, ("a@example.com", "a", None)),
    ],
)
def test_the_addresses_are_those_of_the_source(parts: dict[str, Any], expected: tuple[str, str, Any]) -> None:
    """A user name that is an address is the account's where no other is said; a reply address that is none is left out."""
    (spec,) = specs(drafted(found(**parts))).values()
    assert expected == (spec["email"], spec["displayName"], spec.get("replyTo"))


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"host": "smtp..example"}, "What it names as its server is not a host name."),
        ({"host": None}, "What it names as its server is not a host name."),
        ({"email": "a@b@c"}, "What it names as its address is not one e-mail address."),
        ({"helo_name": "a b"}, "What it would be as a manifest is not valid: spec.smtp.heloName "),
    ],
)
def test_what_no_manifest_can_declare_is_refused(parts: dict[str, Any], words: str) -> None:
    """It is told why, no secret is kept for it, and its name is free for the next."""
    adoption = drafted(found("bad", **{"username": "a@example.com", "host": "smtp.example.net", **parts}), found())
    assert ("bad", "refused", None) in became(adoption)
    assert ("a", "added", "a-example-com") in became(adoption)
    (remark,) = adoption.remarks
    assert "accountNotTaken" == remark.code
    assert "warning" == remark.severity
    assert "bad" == remark.subject
    assert remark.detail.startswith(words)
    assert [("a-example-com",)] == [each.accounts for each in adoption.secrets]
    assert "rc" == (remark.location.file if remark.location is not None else None)


# Several


def test_accounts_that_reach_one_server_alike_share_it() -> None:
    """In one file: the server first, with what their logins have in common, then each with what is its own."""
    adoption = drafted(found("a"), found("b", password=TWO))
    assert {
        "smtp-example-com": {**SERVER, "authentication": {"username": "{email}"}},
        "a-example-com": {"server": "smtp-example-com", "authentication": {"password": PASSWORD}},
        "b-example-com": {
            "server": "smtp-example-com",
            "authentication": {"password": {"env": "SMTP_B_EXAMPLE_COM_PASSWORD"}},
        },
    } == {name: spec.get("smtp", spec) for name, spec in specs(adoption).items()}
    assert {"smtp-example-com.yaml"} == {each.file for each in adoption.drafts}
    assert {"source": "msmtp"} == adoption.drafts[0].document["metadata"]["labels"]
    assert "MailServer" == adoption.drafts[0].document["kind"]
    assert [("a", "added", "a-example-com"), ("b", "added", "b-example-com")] == became(adoption)


@pytest.mark.parametrize(
    ("second", "server_login", "own_login"),
    [
        ({"username": "b"}, None, {"username": "b", "password": {"env": "SMTP_B_EXAMPLE_COM_PASSWORD"}}),
        ({"has_login": False}, None, None),
        (
            {"mechanism": "plain"},
            {"mechanism": "plain", "username": "{email}"},
            {"password": {"env": "SMTP_B_EXAMPLE_COM_PASSWORD"}},
        ),
    ],
    ids=["another form of user name", "no login", "one mechanism"],
)
def test_a_shared_server_has_only_what_all_have_in_common(
    second: dict[str, Any], server_login: dict[str, Any] | None, own_login: dict[str, Any] | None
) -> None:
    """Of the login its user name, where all write it alike, with the mechanism."""
    both = {"mechanism": "plain"} if "mechanism" in second else {}
    adoption = drafted(found("a", **both), found("b", **{"email": "b@example.com", "password": TWO, **second}))
    if "username" in second:
        own_login = {**(own_login or {}), "username": "{localpart}"}
    assert server_login == specs(adoption)["smtp-example-com"].get("authentication")
    assert own_login == smtp(adoption, "b-example-com").get("authentication")


@pytest.mark.parametrize(
    "parts",
    [
        {"host": "smtp.example.net"},
        {"port": 2525},
        {"security": TLS},
        {"helo_name": "mail.example.com"},
        {"ca_file": "ca.pem"},
        {"mechanism": "plain"},
        {"certificate": "sha256:" + "d" * 64},
        {"client_certificate": "c.pem", "client_key": "c.key"},
        {"proxy": PROXY},
    ],
)
def test_accounts_that_reach_a_server_otherwise_do_not_share_one(parts: dict[str, Any]) -> None:
    """Any difference in the way makes it another server."""
    assert ["a-example-com", "b-example-com"] == [*specs(drafted(found("a"), found("b", **parts)))]


RELAY = {"username": "relay", "email": "a@example.com"}


@pytest.mark.parametrize(
    ("second", "is_common"),
    [
        ({}, True),
        ({"password": TWO}, False),
        ({"password": None}, False),
        ({"username": "other"}, False),
    ],
    ids=["one login", "another password", "an unknown one", "another user"],
)
def test_one_login_of_all_stands_at_the_server(second: dict[str, Any], *, is_common: bool) -> None:
    """With its secret, and no account says it again; where logins differ each has its own."""
    adoption = drafted(found("a", **RELAY), found("b", **{**RELAY, "email": "b@example.com", **second}))
    server = specs(adoption)["smtp-example-com"].get("authentication", {})
    expected = {"username": "relay", "password": {"env": "SMTP_SMTP_EXAMPLE_COM_PASSWORD"}}
    assert is_common == (expected == server)
    assert [not is_common] * 2 == [
        "authentication" in smtp(adoption, name) for name in ("a-example-com", "b-example-com")
    ]
    assert ([()] if is_common else [("a-example-com",), ("b-example-com",)]) == [
        each.accounts for each in adoption.secrets
    ]


@pytest.mark.parametrize(
    "parts",
    [{"password": None}, {"username": None}, {"has_login": False}],
    ids=["no password", "no user name", "no login"],
)
def test_nothing_is_common_where_nothing_is_known(parts: dict[str, Any]) -> None:
    """Two logins of which only the beginning is known may differ; where there is none the server has none."""
    both = (found("a", **{**RELAY, **parts}), found("b", **{**RELAY, "email": "b@example.com", **parts}))
    assert "password" not in specs(drafted(*both))["smtp-example-com"].get("authentication", {})


def test_without_an_address_a_server_is_all_that_there_is() -> None:
    """Its login stands there with it, and the way on to an account is told."""
    adoption = drafted(found("relay", username="relay"))
    assert {
        "smtp-example-com": {
            **SERVER,
            "authentication": {"username": "relay", "password": {"env": "SMTP_SMTP_EXAMPLE_COM_PASSWORD"}},
        }
    } == specs(adoption)
    assert [("relay", "added", "smtp-example-com")] == became(adoption)
    (remark,) = adoption.remarks
    assert ("addressNotSaid", "smtp-example-com") == (remark.code, remark.subject)
    assert "    reconciler accounts add own --server smtp-example-com --email ADDRESS" in remark.detail.splitlines()
    (outcome,) = adoption.outcomes
    assert (None, "smtp.example.com:587 (starttls)") == (outcome.email, outcome.server)
    for parts in (
        {"username": None, "has_login": False},
        {"username": "relay", "has_login": False},
        {"username": None},
    ):
        bare = drafted(found("relay", **parts))
        assert {"smtp-example-com": SERVER} == specs(bare)
        assert () == bare.secrets


def test_an_account_keeps_its_own_login_beside_one_without_an_address() -> None:
    """It has the server's only where that is its own, and where it has none, no server that gives one."""
    adoption = drafted(
        found("relay", username="relay"),
        found("same", username="relay", email="same@example.com"),
        found("other", username="other@example.com", password=TWO),
        found("open", email="open@example.com", has_login=False),
    )
    logins = {name: spec.get("smtp", spec).get("authentication") for name, spec in specs(adoption).items()}
    assert {
        "smtp-example-com": {"username": "relay", "password": {"env": "SMTP_SMTP_EXAMPLE_COM_PASSWORD"}},
        "same-example-com": None,
        "other-example-com": {"username": "{email}", "password": {"env": "SMTP_OTHER_EXAMPLE_COM_PASSWORD"}},
        "open-example-com": None,
    } == logins
    assert SERVER == smtp(adoption, "open-example-com")
    assert {"server": "smtp-example-com"} == smtp(adoption, "same-example-com")
    assert "open-example-com.yaml" in {each.file for each in adoption.drafts}


@pytest.mark.parametrize(
    ("relay", "second"),
    [
        ({"username": None}, {"username": None}),
        (
            {"username": "relay", "password": None, "reference": {"env": "SMTP_ONE"}},
            {"username": "relay", "password": None, "reference": {"env": "SMTP_TWO"}},
        ),
    ],
    ids=["no user name", "another reference"],
)
def test_a_login_that_a_server_does_not_give_is_the_accounts_own(relay: dict[str, Any], second: dict[str, Any]) -> None:
    """As far as can be told."""
    adoption = drafted(found("relay", **relay), found("b", email="b@example.com", **second))
    assert "authentication" in smtp(adoption, "b-example-com")


def test_each_login_without_an_address_has_a_server_of_its_own() -> None:
    """None is lost."""
    adoption = drafted(found("one", username="relay"), found("two", username="relay2", password=TWO))
    assert [("one", "added", "smtp-example-com"), ("two", "added", "smtp-example-com-2")] == became(adoption)
    assert ["relay", "relay2"] == [each["authentication"]["username"] for each in specs(adoption).values()]
    assert [ONE, TWO] == [each.value for each in adoption.secrets]


@pytest.mark.parametrize("second", [{}, {"username": None, "email": None}], ids=["two accounts", "one with no address"])
def test_all_that_would_share_a_server_are_refused_where_it_is_not_valid(second: dict[str, Any]) -> None:
    """A server that no manifest can declare is nobody's."""
    adoption = drafted(found("a", helo_name="a b"), found("b", **{"helo_name": "a b", **second}))
    assert [("a", "refused", None), ("b", "refused", None)] == became(adoption)
    assert ((), ()) == (adoption.drafts, adoption.secrets)
    assert [True, True] == ["spec.heloName" in each.detail for each in adoption.remarks]


@pytest.mark.parametrize(
    ("parts", "expected", "key"),
    [
        ({}, {"username": "m", "password": {"env": "SMTP_A_EXAMPLE_COM_PROXY_PASSWORD"}}, True),
        ({"username": None}, {}, False),
        ({"password": None}, {"username": "m"}, False),
        ({"username": "m{x}", "password": None}, {"username": "m{{x}}"}, False),
        ({"username": None, "resolves_remotely": False}, {"remoteDns": False}, False),
    ],
)
def test_a_proxy_is_written_with_its_own_login(parts: dict[str, Any], expected: dict[str, Any], *, key: bool) -> None:
    """Its password only beside a user name; it is another secret than the account's."""
    adoption = drafted(found(proxy=replace(PROXY, **parts)))
    (spec,) = specs(adoption).values()
    assert {"type": "socks5", "host": "proxy.example.com", "port": 1080, **expected} == spec["proxy"]
    keys = ["SMTP_A_EXAMPLE_COM_PASSWORD", *(["SMTP_A_EXAMPLE_COM_PROXY_PASSWORD"] if key else [])]
    assert keys == [each.key for each in adoption.secrets]
    assert {("a-example-com",)} == {each.accounts for each in adoption.secrets}
    refused = drafted(found(proxy=replace(PROXY, **parts), helo_name="a b"))
    assert ((), ()) == (refused.drafts, refused.secrets)


def test_a_shared_server_has_the_proxy_that_all_take() -> None:
    """With one password; where that differs, the ways differ."""
    both = drafted(found("a", proxy=PROXY), found("b", proxy=PROXY))
    server = specs(both)["smtp-example-com"]
    assert {"env": "SMTP_SMTP_EXAMPLE_COM_PROXY_PASSWORD"} == server["proxy"]["password"]
    assert [False, False] == ["proxy" in specs(both)[name] for name in ("a-example-com", "b-example-com")]
    assert ("SMTP_SMTP_EXAMPLE_COM_PROXY_PASSWORD", ()) == (both.secrets[0].key, both.secrets[0].accounts)
    assert [ONE] == [each.value for each in both.secrets][:1]
    apart = drafted(found("a", proxy=PROXY), found("b", proxy=replace(PROXY, password=TWO)))
    assert ["a-example-com", "b-example-com"] == [*specs(apart)]
    unknown = drafted(found("a", proxy=PROXY), found("b", proxy=replace(PROXY, password=None)))
    assert ["a-example-com", "b-example-com"] == [*specs(unknown)]


# What is there already

THERE = own(host="smtp.example.com")
"""A manifest: a@example.com, with the user name a."""


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"username": "a"}, "unchanged"),
        ({"username": "a", "email": "A@Example.com"}, "unchanged"),
        ({"username": "other"}, "differs"),
        ({"username": "a", "port": 2525}, "differs"),
        ({"username": "a", "security": TLS}, "differs"),
        ({"username": "a", "has_login": False}, "differs"),
        ({"username": "a", "host": "smtp.example.net"}, "added"),
        ({"username": "a", "email": "b@example.com"}, "added"),
    ],
)
def test_what_a_manifest_declares_already_is_left_alone(parts: dict[str, Any], expected: str) -> None:
    """One of the same address, server, way and user name is unchanged; of another way it is told."""
    adoption = drafted(
        found(**{"email": "a@example.com", **parts}), accounts=[THERE, news()], names=frozenset({"a", "news"})
    )
    (outcome,) = adoption.outcomes
    assert expected == outcome.became
    (account,) = [found(**{"email": "a@example.com", **parts}).found]
    assert (account.email, True) == (outcome.email, f"{account.host}:" in (outcome.server or ""))
    assert (expected == "added") == bool(adoption.drafts)
    assert (expected == "added") == bool(adoption.secrets)
    assert (outcome.name == "a") == (expected != "added")
    assert (["accountDiffers a"] if expected == "differs" else []) == [
        f"{each.code} {each.subject}" for each in adoption.remarks
    ]
    assert all(
        each.detail.startswith("a declares a@example.com at smtp.example.com already, ") for each in adoption.remarks
    )
    assert all("which has smtp.example.com:" in each.detail for each in adoption.remarks)


def test_an_account_without_a_login_is_known_by_that() -> None:
    """Nobody's user name is none."""
    bare = own(host="smtp.example.com").document
    spec = {
        **bare["spec"],
        "smtp": {key: value for key, value in bare["spec"]["smtp"].items() if key != "authentication"},
    }
    known = replace(THERE, document={**bare, "spec": spec})
    adoption = drafted(found(email="a@example.com", has_login=False), accounts=[known])
    assert [("a", "unchanged", "a")] == became(adoption)


def test_an_account_beside_one_that_is_declared_is_new() -> None:
    """Two may have one address and server, and log in as two users."""
    adoption = drafted(
        found("a", username="a", email="a@example.com"),
        found("b", username="other", email="a@example.com"),
        accounts=[THERE],
        names=frozenset({"a"}),
    )
    assert [("a", "unchanged", "a"), ("b", "added", "a-example-com")] == became(adoption)


def test_two_manifests_with_one_address_are_each_their_own() -> None:
    """What one declares as the source has it does not differ because another declares it otherwise."""
    other = own("b", host="smtp.example.com", smtp=", port: 2525")
    adoption = drafted(found(username="a", email="a@example.com"), accounts=[other, THERE])
    assert [("a", "unchanged", "a")] == became(adoption)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"host": "smtp.example.com"}, "unchanged"),
        ({"host": "smtp.example.com", "port": 587, "encryption": "starttls"}, "unchanged"),
        ({"host": "SMTP.example.com"}, "unchanged"),
        ({"host": "smtp.example.com", "encryption": "tls"}, "added"),
        ({"host": "smtp.example.com", "port": 25}, "added"),
        ({"host": "smtp.example.net"}, "added"),
        ({"host": "{domain}"}, "added"),
        ({}, "added"),
    ],
)
def test_a_mail_server_that_is_declared_is_left_alone(spec: dict[str, Any], expected: str) -> None:
    """It is known by host, port and encryption."""
    adoption = drafted(found(username="relay"), servers={"here": spec})
    (outcome,) = adoption.outcomes
    assert (expected, "here" if expected == "unchanged" else "smtp-example-com") == (outcome.became, outcome.name)


def test_an_account_that_comes_twice_is_taken_once() -> None:
    """The second is told with the first."""
    adoption = drafted(
        found("a"),
        found("again", username="a@example.com"),
        found("A", username="A@example.com", email="A@example.com"),
    )
    assert [("a", "added", "a-example-com")] == became(adoption)[:1]
    assert [("settingNotTaken", "again", "a@example.com is the same account as a in rc; it was taken once.")] == [
        (each.code, each.subject, each.detail) for each in adoption.remarks
    ][:1]
    relays = drafted(found("one", username="relay"), found("two", username="relay"))
    assert "smtp.example.com is the same account as one in rc; it was taken once." == relays.remarks[0].detail


def test_names_files_and_keys_that_are_taken_are_left_alone() -> None:
    """The next free one is given, also between two of one import."""
    adoption = drafted(
        found("a"),
        found("a2", username="a@example.com", host="smtp.example.net", password=TWO),
        names=frozenset({"a-example-com"}),
        files=frozenset({"a-example-com-2.yaml"}),
        references=frozenset({"env:SMTP_A_EXAMPLE_COM_2_PASSWORD", "env:SMTP_A_EXAMPLE_COM_2_PASSWORD_2"}),
    )
    assert [("a-example-com-2", "a-example-com-2-2.yaml"), ("a-example-com-3", "a-example-com-3.yaml")] == [
        (each.name, each.file) for each in adoption.drafts
    ]
    assert ["SMTP_A_EXAMPLE_COM_2_PASSWORD_3", "SMTP_A_EXAMPLE_COM_3_PASSWORD"] == [
        each.key for each in adoption.secrets
    ]


def test_secrets_are_named_in_the_source_that_is_asked_for() -> None:
    """A name that another source has is free in this one."""
    adoption = drafted(found(), source="vault", references=frozenset({"env:SMTP_A_EXAMPLE_COM_PASSWORD"}))
    assert {"vault": "SMTP_A_EXAMPLE_COM_PASSWORD"} == login_of(adoption)["password"]
    assert ["vault:SMTP_A_EXAMPLE_COM_PASSWORD"] == [each.reference for each in adoption.secrets]


def test_a_reference_that_no_manifest_may_have_is_given_another_name() -> None:
    """The rules of the project file decide; what the source has is told."""
    theirs = found(password=None, reference={"env": "GITHUB_TOKEN"})
    adoption = drafted(theirs, rules=Secrets())
    assert PASSWORD == login_of(adoption)["password"]
    (remark,) = adoption.remarks
    assert ("settingNotTaken", "a-example-com") == (remark.code, remark.subject)
    assert "env:GITHUB_TOKEN, which no manifest may name here" in remark.detail
    assert [("env:SMTP_A_EXAMPLE_COM_PASSWORD", ("a-example-com",))] == [
        (each.reference, each.accounts) for each in adoption.secrets
    ]
    allowed = drafted(
        found("a", password=None, reference={"env": "SMTP_B_EXAMPLE_COM_PASSWORD"}),
        found("b", password=TWO, host="smtp.example.net"),
    )
    assert ["SMTP_B_EXAMPLE_COM_PASSWORD", "SMTP_B_EXAMPLE_COM_PASSWORD_2"] == [each.key for each in allowed.secrets]
    assert [("a-example-com",), ("b-example-com",)] == [each.accounts for each in allowed.secrets]
    assert "env:SMTP_B_EXAMPLE_COM_PASSWORD" == allowed.secrets[0].reference


def test_files_are_given_once() -> None:
    """Also where the number of one would be the name of another."""
    adoption = drafted(
        found("a"),
        found("a2", username="a@example.com", host="smtp.example.net"),
        files=frozenset({"a-example-com.yaml"}),
    )
    assert ["a-example-com-2.yaml", "a-example-com-2-2.yaml"] == [each.file for each in adoption.drafts]


# What is told


@pytest.mark.parametrize(
    ("parts", "doubt", "code"),
    [
        ({}, "", None),
        ({"security": IN_THE_CLEAR}, "unsafe: the source sends in the clear. A login is never made ", "settingUnsafe"),
        ({"security": IN_THE_CLEAR, "host": "localhost"}, "unsafe: the source sends in the clear.", "settingUnsafe"),
        ({"security": IN_THE_CLEAR, "host": "127.0.0.1"}, "unsafe: the source sends in the clear.", "settingUnsafe"),
        ({"security": IN_THE_CLEAR, "host": "::1"}, "unsafe: the source sends in the clear.", "settingUnsafe"),
        ({"security": IN_THE_CLEAR, "has_login": False}, "unsafe: the source sends in the clear.", "settingUnsafe"),
        (
            {"security": Security(encryption="tls", certainty="contradiction", why="two things")},
            "contradiction: two things.",
            "settingContradicts",
        ),
        ({"security": UNSAID}, "not certain: the source says nothing of encryption.", "settingUncertain"),
    ],
)
def test_a_doubt_about_encryption_stands_in_the_manifest_and_is_told(
    parts: dict[str, Any], doubt: str, code: str | None
) -> None:
    """For one account beside it, for several beside the server that they share."""
    adoption = drafted(found(**{"email": "a@example.com", **parts}))
    (draft,) = adoption.drafts
    assert draft.doubt.startswith(doubt)
    assert ("A login" in doubt) == ("A login" in draft.doubt)
    assert bool(doubt) == bool(draft.doubt)
    assert ([] if code is None else [code]) == [each.code for each in adoption.remarks]
    words = {
        "settingUncertain": ("The source says nothing of encryption. starttls was written, ", "add --probe."),
        "settingContradicts": ("Two things. tls was written, ", "add --probe."),
        "settingUnsafe": ("The source sends in the clear. The manifest says so too. ", "where the server has it."),
    }
    for each in adoption.remarks:
        begins, ends = words[each.code]
        assert (True, True) == (each.detail.startswith(begins), each.detail.endswith(ends))
    shared = drafted(*(found(name, **{"email": f"{name}@example.com", **parts}) for name in ("a", "b")))
    assert [draft.doubt, "", ""] == [each.doubt for each in shared.drafts]


@pytest.mark.parametrize("email", [None, "a@example.com"])
def test_what_is_lost_is_told_of_servers_and_of_accounts(email: str | None) -> None:
    """A source that names no address becomes a server alone, and what it loses, or sends in the clear, is told as well."""
    adoption = drafted(found("relay", email=email, username="relay", security=IN_THE_CLEAR, lost=("One.", "Two.")))
    told = [(each.code, each.detail) for each in adoption.remarks if each.code != "addressNotSaid"]
    assert [("settingNotTaken", "One."), ("settingNotTaken", "Two.")] == told[:2]
    assert ["settingUnsafe"] == [code for code, _ in told[2:]]


def test_every_remark_names_its_source_and_what_it_is_of() -> None:
    """Without the line, so that what many accounts of a source have in common is told once."""
    insecure = {"security": IN_THE_CLEAR, "lost": ("It is lost.",)}
    adoption = drafted(
        found("x", **insecure),
        found("b", host="b.example", security=UNSAID),
        found("c", host="c.example", security=Security(encryption="tls", certainty="contradiction", why="two")),
        found("relay", host="d.example", username="relay"),
        found("again", username="x@example.com", **insecure),
        found("bad", host="smtp..example"),
        found("other", email="a@example.com", username="other"),
        accounts=[THERE],
    )
    assert {
        "settingNotTaken",
        "settingUnsafe",
        "settingUncertain",
        "settingContradicts",
        "addressNotSaid",
        "accountNotTaken",
        "accountDiffers",
    } == {each.code for each in adoption.remarks}
    assert {("rc", None)} == {(each.location.file, each.location.line) for each in adoption.remarks if each.location}
    assert [] == [each for each in adoption.remarks if each.subject is None or each.location is None]


def test_what_is_lost_is_told_with_the_account() -> None:
    """Each by its sentence."""
    adoption = drafted(found(lost=("Its tls_starttls is not taken.", "Its logfile is not taken.")))
    expected = [
        ("settingNotTaken", "a-example-com", "Its tls_starttls is not taken."),
        ("settingNotTaken", "a-example-com", "Its logfile is not taken."),
    ]
    assert expected == [(each.code, each.subject, each.detail) for each in adoption.remarks]


@pytest.mark.parametrize(
    ("written", "declared"),
    [
        ("help@example.com", {"email": "help@example.com"}),
        ("Help <help@example.com>", {"email": "help@example.com", "displayName": "Help"}),
        (
            '"Help, Inc." <help@example.com>; ops@example.com',
            [{"email": "help@example.com", "displayName": "Help, Inc."}, {"email": "ops@example.com"}],
        ),
        ("nobody", None),
        ("help@example.com, nobody", None),
        ("$REPLY_TO", None),
    ],
)
def test_replies_come_along_with_their_names(written: str, declared: Any) -> None:
    """Each address that a source has for replies stands in the manifest; where one is none, none is taken, and that is told."""
    adoption = drafted(found(reply_to=written))
    assert declared == specs(adoption)["a-example-com"].get("replyTo")
    assert (declared is None) == any("has for replies is no address" in each.detail for each in adoption.remarks)


@pytest.mark.parametrize("parts", [{"host": "one.example.com;two.example.com"}, {"email": "sales"}])
def test_a_refusal_tells_what_else_the_source_lacks(parts: dict[str, str]) -> None:
    """What is lost may be the reason: a variable that the source does not set stands in the place of the host."""
    adoption = drafted(found(**parts, lost=("The value of MAIL_HOST comes of the variable DOMAIN.",)))
    (told,) = adoption.remarks
    assert "refused" == adoption.outcomes[0].became
    assert told.detail.endswith(" The value of MAIL_HOST comes of the variable DOMAIN.")
