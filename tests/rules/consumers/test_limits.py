"""What each form cannot carry: every limit by its name, and nothing that it can is refused."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.consumers.forms import FILES
from reconciler.consumers.msmtp import Msmtp
from reconciler.consumers.postfix import Postfix
from reconciler.model.consumers.capabilities import LIMITS, Capabilities
from reconciler.model.consumers.sender import Sender
from reconciler.model.consumers.settings import Consumer
from reconciler.rules.consumers.limits import refusals, refuse_value

FORMS: dict[str, Any] = {**dict(FILES.items()), "postfix": Postfix(), "msmtp": Msmtp()}
CONSUMER = Consumer(type="files", format="json", path="/srv/app", accounts=("*",))


def sender(name: str = "sales", **other: Any) -> Sender:
    """Return a sender that every form can carry, but for what is given."""
    usual: dict[str, Any] = {
        "name": name,
        "kind": "own",
        "email": f"{name}@example.com",
        "display_name": "Example",
        "host": "smtp.example.com",
        "port": 587,
        "encryption": "starttls",
        "username": name,
        "secret": "env:SMTP_SALES",
    }
    return Sender(**{**usual, **other})


def limits(form: str, *senders: Sender, consumer: Consumer = CONSUMER) -> set[str]:
    """Return the names of the limits that these senders meet."""
    return {each.limit for each in refusals(consumer, senders, FORMS[form].capabilities)}


@pytest.mark.parametrize("form", FORMS)
def test_a_plain_account_meets_no_limit(form: str) -> None:
    """STARTTLS, a password, no proxy: every form carries it; and TLS from the first byte on any port."""
    assert set() == limits(form, sender())
    assert set() == limits(form, sender(encryption="tls", port=4465))


_EVERY = frozenset(FORMS)
CASES: list[tuple[str, dict[str, Any], frozenset[str]]] = [
    ("proxy", {"proxy": "socks5://proxy.example.com:1080"}, _EVERY),
    ("oauth2", {"token": True}, _EVERY),
    ("clientCertificate", {"client_certificate": True}, _EVERY),
    ("certificate", {"certificate": "sha256:00"}, _EVERY - {"json"}),
    ("privateCa", {"ca_digest": "sha256:00"}, _EVERY),
    ("privateCa", {"ca_digest": "sha256:00", "ca": "PEM"}, frozenset({"dotenv", "django"})),
    ("mechanism", {"mechanism": "scram-sha-256"}, _EVERY - {"json", "msmtp"}),
    ("heloName", {"helo_name": "mail.example.com"}, _EVERY - {"json", "msmtp", "nodemailer"}),
    ("colonInUsername", {"username": "a:b"}, frozenset({"postfix"})),
    ("lineBreak", {"display_name": "a\nb"}, _EVERY),
    ("lineBreak", {"username": "a\x00b"}, _EVERY),
    ("value", {"display_name": "it's"}, frozenset({"dotenv"})),
    ("value", {"name": "a_b"}, frozenset({"kubernetes"})),
    ("value", {"username": " a"}, frozenset({"postfix"})),
    ("value", {"email": "#a@example.com"}, frozenset({"postfix", "msmtp"})),
]


@pytest.mark.parametrize(("limit", "other", "forms"), CASES)
def test_a_limit_is_told_by_its_name(limit: str, other: dict[str, Any], forms: frozenset[str]) -> None:
    """By exactly those forms that cannot carry it."""
    assert forms == {form for form in FORMS if limit in limits(form, sender(**other))}


def test_several_accounts_meet_the_limits_of_several() -> None:
    """One account only, one account an address, one policy a place."""
    two = sender("a"), sender("b")
    assert {"dotenv"} == {form for form in FORMS if "oneAccount" in limits(form, *two)}
    alike = sender("a"), sender("b", email="A@example.com")
    assert {"postfix", "msmtp"} == {form for form in FORMS if "sameAddress" in limits(form, *alike)}
    other = sender("a"), sender("b", encryption="tls")
    assert {"postfix"} == {form for form in FORMS if "samePlace" in limits(form, *other)}


@pytest.mark.parametrize(
    ("form", "secret", "is_carried"),
    [
        ("msmtp", "env:A", True),
        ("msmtp", "file:a", True),
        ("msmtp", "vault:a", True),
        ("dotenv", "file:a", True),
        ("dotenv", "env:A", False),
        ("django", "env:A", True),
        ("django", "vault:a", False),
        ("kubernetes", "vault:a", True),
        ("kubernetes", "env:A", False),
        ("nodemailer", "env:A", False),
        ("postfix", "env:A", False),
    ],
)
def test_a_reference_is_carried_or_is_a_limit(form: str, secret: str, *, is_carried: bool) -> None:
    """It depends on the source whether a form can refer to a secret."""
    consumer = CONSUMER.model_copy(update={"secrets": "reference"})
    assert is_carried == ("reference" not in limits(form, sender(secret=secret), consumer=consumer))


@pytest.mark.parametrize("form", FORMS)
def test_a_value_with_a_line_break_is_refused_and_not_repeated(form: str) -> None:
    """Whatever the form: a password of two lines would be a line of somebody else's."""
    for value in ("one\ntwo", "one\rtwo", "one\x00two", "one\u2028two", ""):
        refused = refuse_value(sender(), value, FORMS[form].capabilities)
        assert refused is not None
        assert "one" not in refused.reason
    assert refuse_value(sender(), "pw-alpha 1", FORMS[form].capabilities) is None


def test_every_limit_has_a_case() -> None:
    """But those that only a command can have, which says on which port and with which encryption."""
    tried = {limit for limit, _, _ in CASES} | {"oneAccount", "sameAddress", "samePlace", "sameObject", "reference"}
    assert {*LIMITS} - tried == {"encryption", "implicitTlsPort"}


NOTHING = Capabilities()
"""A form that can carry nothing but an account with a password over STARTTLS or TLS."""
EVERYTHING = Capabilities(
    encryptions=("starttls", "tls", "none"),
    mechanisms=("auto", "plain"),
    references=("env", "file", "declared"),
    proxy=True,
    oauth2=True,
    private_ca=True,
    pin=True,
    client_certificate=True,
    helo_name=True,
)


def told(carries: Capabilities, *senders: Sender, consumer: Consumer = CONSUMER) -> list[tuple[str, str, str]]:
    """Return account, limit and reason of each refusal."""
    return [(each.account, each.limit, each.reason) for each in refusals(consumer, senders, carries)]


IMPLICIT = NOTHING.model_copy(update={"implicit_tls_ports": (465,)})
REFERRING = CONSUMER.model_copy(update={"secrets": "reference"})
KEPT = "state has not kept its private CA yet: where the CA's file is at hand, run reconciler verify sales --recorded"


@pytest.mark.parametrize(
    ("carries", "other", "limit", "reason"),
    [
        (NOTHING, {"encryption": "none"}, "encryption", "it is reached with encryption: none"),
        (
            IMPLICIT, {"encryption": "tls", "port": 4465}, "implicitTlsPort",
            "it is reached with implicit TLS on port 4465, and only 465 can be",
        ),
        (NOTHING, {"proxy": "http://q.example:1"}, "proxy", "it is reached through a proxy"),
        (NOTHING, {"token": True}, "oauth2", "it logs in with an access token (OAuth2)"),
        (NOTHING, {"certificate": "sha256:d"}, "certificate", "its server's certificate is pinned"),
        (
            NOTHING, {"client_certificate": True}, "clientCertificate",
            "it shows a certificate of its own to the server (clientCertificate)",
        ),
        (NOTHING, {"ca_digest": "d", "ca": "PEM"}, "privateCa", "its server is trusted by a private CA (caFile)"),
        (EVERYTHING, {"ca_digest": "d"}, "privateCa", KEPT),
        (NOTHING, {"mechanism": "plain"}, "mechanism", "it logs in by the mechanism plain"),
        (NOTHING, {"helo_name": "h.example"}, "heloName", "it names itself in EHLO (heloName)"),
        (
            NOTHING.model_copy(update={"colon_in_username": False}), {"username": "a:b"}, "colonInUsername",
            "its user name has a colon",
        ),
        (NOTHING, {"email": "a\x7fb"}, "lineBreak", "its e-mail has a line break or another control character"),
        (NOTHING, {"display_name": "a\x85b"}, "lineBreak", "its display name has a line break or another control character"),
        (NOTHING, {"username": "a\u2029b"}, "lineBreak", "its user name has a line break or another control character"),
        (
            NOTHING.model_copy(update={"forbidden_endings": ("\\",)}), {"display_name": "\\a\\"}, "value",
            "its display name ends with \\, which not all readers of the format read alike",
        ),
        (
            NOTHING.model_copy(update={"forbidden": ("'",)}), {"email": "a'b@example.com"}, "value",
            "its e-mail has ' in it, which not all readers of the format read alike",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_carried_is_told_in_words(
    carries: Capabilities, other: dict[str, Any], limit: str, reason: str
) -> None:
    """With the account, the limit and a sentence."""
    assert [("sales", limit, reason)] == told(carries, sender(**other))


@pytest.mark.parametrize(
    ("carries", "other"),
    [
        (EVERYTHING, {"encryption": "none"}),
        (EVERYTHING, {"proxy": "http://q.example:1", "token": True, "client_certificate": True, "helo_name": "h"}),
        (EVERYTHING, {"ca_digest": "d", "ca": "PEM", "certificate": "sha256:d", "mechanism": "plain"}),
        (EVERYTHING, {"username": "a:b"}),
        (IMPLICIT, {"encryption": "tls", "port": 465}),
        (IMPLICIT, {"port": 4465}),
        (NOTHING, {"username": None, "secret": None, "mechanism": "plain"}),
        (NOTHING.model_copy(update={"colon_in_username": False}), {"username": None}),
        (NOTHING.model_copy(update={"trims_values": True}), {"username": None}),
        (NOTHING.model_copy(update={"forbidden": ("X",)}), {"username": None}),
        (NOTHING, {"display_name": "a b", "username": " a "}),
        (NOTHING.model_copy(update={"forbidden_endings": ("\\",)}), {"display_name": "\\a"}),
    ],
)
def test_what_can_be_carried_is_no_limit(carries: Capabilities, other: dict[str, Any]) -> None:
    """Neither what the form has a word for, nor what is not there."""
    assert [] == told(carries, sender(**other))


@pytest.mark.parametrize(
    ("references", "secret", "reason"),
    [
        ((), "env:A", "its password is env:…, and no secret can be referred to"),
        (("file",), "env:A:B", "its password is env:…, and only file can be referred to"),
        (
            ("env", "declared"), "file:a",
            "its password is file:…, and only env, sources of the project file can be referred to",
        ),
        (("env", "file"), "vault:a", "its password is vault:…, and only env, file can be referred to"),
        (("declared",), "vault:a", None),
        (("env",), None, None),
    ],
)  # fmt: skip
def test_a_reference_that_cannot_be_carried_is_told_with_those_that_can(
    references: tuple[str, ...], secret: str | None, reason: str | None
) -> None:
    """By their sources; an account without a password has none."""
    carries = NOTHING.model_copy(update={"references": references})
    expected = [] if reason is None else [("sales", "reference", reason)]
    assert expected == told(carries, sender(secret=secret), consumer=REFERRING)


def test_what_several_cannot_be_together_is_told_of_each() -> None:
    """With the others, of whom a few are named."""
    one = NOTHING.model_copy(update={"one_account": True})
    five = [sender(name) for name in "edcba"]
    reasons = {name: reason for name, _, reason in told(one, *five)}
    assert "it is one of 5 accounts, with e, d, c and 1 more, and the format carries one only" == reasons["a"]
    assert "it is one of 5 accounts, with d, c, b and 1 more, and the format carries one only" == reasons["e"]
    assert [] == told(one, sender())
    found = told(
        NOTHING.model_copy(update={"by_address": True}), sender("b", email="A@example.com"), sender("a"), sender("c")
    )
    words = "another account sends from {} too, and the account is found by the address"
    assert [
        ("a", "sameAddress", words.format("a@example.com")),
        ("b", "sameAddress", words.format("A@example.com")),
    ] == found
    policy = NOTHING.model_copy(update={"one_policy_a_place": True, "private_ca": True})
    words = "another account reaches [smtp.example.com]:587 with another encryption or private CA"
    for other in ({"encryption": "tls"}, {"ca_digest": "d", "ca": "PEM"}):
        assert [(name, "samePlace", words) for name in "ab"] == told(policy, sender("a"), sender("b", **other))
    assert [] == told(policy, sender("a"), sender("b"), sender("c", host="h.example", encryption="tls"))


def test_limits_are_told_by_account_and_in_one_order() -> None:
    """Whatever the order of the senders."""
    worst = {"encryption": "none", "proxy": "http://q.example:1", "token": True, "helo_name": "h"}
    found = told(NOTHING, *(sender(name, **worst) for name in "cab"))
    assert [(name, limit) for name in "abc" for limit in ("encryption", "proxy", "oauth2", "heloName")] == [
        (name, limit) for name, limit, _ in found
    ]
    one = NOTHING.model_copy(update={"one_account": True, "by_address": True})
    alike = [sender(name, email="a@example.com", **worst) for name in "ab"]
    assert ["oneAccount", "sameAddress", "encryption", "proxy", "oauth2", "heloName"] * 2 == [
        limit for _, limit, _ in told(one, *alike)
    ]


@pytest.mark.parametrize(
    ("carries", "value", "expected"),
    [
        (NOTHING, "", ("value", "its password is empty")),
        (NOTHING, "a\x85b", ("lineBreak", "its password has a line break or another control character")),
        (NOTHING, " a", None),
        (NOTHING, "a\\", None),
        (NOTHING, "Xx", None),
        (
            NOTHING.model_copy(update={"trims_values": True}), "a ",
            ("value", "its password begins or ends with a space, which would be cut off"),
        ),
        (NOTHING.model_copy(update={"trims_values": True}), "a b", None),
        (
            NOTHING.model_copy(update={"forbidden_endings": ("\\",)}), "a\\",
            ("value", "its password ends with \\, which not all readers of the format read alike"),
        ),
        (
            NOTHING.model_copy(update={"forbidden": ("'",)}), "it's",
            ("value", "its password has ' in it, which not all readers of the format read alike"),
        ),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_carried_is_told(
    carries: Capabilities, value: str, expected: tuple[str, str] | None
) -> None:
    """With the account, and nothing of the value but the sign that is at fault."""
    found = refuse_value(sender(), value, carries)
    assert (None if expected is None else ("sales", *expected)) == (
        None if found is None else (found.account, found.limit, found.reason)
    )
