"""What strangers put on their cards: no value forges a header, adds a line or an address, or is shown as another."""

from __future__ import annotations

import email
import email.policy
import re
import unicodedata
from email.header import decode_header, make_header
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.envelope import Resolver, make_headers, resolve_contact
from reconciler.envelope.readback import read_mailbox
from reconciler.model.mail.contacts import Contact
from tests.envelope.reading import hostile, identity

if TYPE_CHECKING:
    from email.message import EmailMessage

    from reconciler.model.mail.resolution import Resolution

_OVERRIDDEN = identity(
    {
        "overrideFrom": {"emailDetail": "keeper_email", "displayNameDetail": "keeper_name"},
        "overrideTo": {"emailDetail": "billing_email", "displayNameDetail": "billing_name"},
        "replyTo": {"displayName": "Example Office"},
    }
)
_ADDRESSES = hostile("addresses")
_NAMES = hostile("names")
_KEEPER = "kasia@keeper.example"


def _with_keeper(address: str | None = None, name: str | None = None) -> Resolution:
    return resolve_contact(
        _OVERRIDDEN,
        Contact(email="anna@example.org", name="Anna", details={"keeper_email": address, "keeper_name": name}),
    )


@given(
    cards=st.lists(
        st.builds(
            Contact,
            email=st.sampled_from(["anna@example.org", "b@example.org", "ż@example.org", "", "no"]),
            name=st.sampled_from([None, "", "Anna", "a@b.example", "\u202e"]),
            details=st.dictionaries(
                st.sampled_from(["keeper_email", "keeper_name", "billing_email", "billing_name"]),
                st.sampled_from([None, "", " ", "Kasia", _KEEPER, "a@b.example", "\u202e"]),
            ),
        ),
        max_size=12,
    ),
    pairing=st.sampled_from(["perField", "together"]),
    problems=st.tuples(*[st.sampled_from(["fallback", "skip"])] * 4),
)
def test_cards_before_it_change_nothing_for_a_card(
    cards: list[Contact], pairing: str, problems: tuple[str, ...]
) -> None:
    """What is kept of other cards is used only where it would come out the same."""
    policies = iter(problems)
    overrides = {
        name: {
            "emailDetail": f"{detail}_email",
            "displayNameDetail": f"{detail}_name",
            "pairing": pairing,
            "onMissing": next(policies),
            "onInvalid": next(policies),
        }
        for name, detail in (("overrideFrom", "keeper"), ("overrideTo", "billing"))
    }
    one = identity(overrides, kind="MarketingAccount")
    resolver = Resolver(one)
    assert [resolve_contact(one, card) for card in cards] == [resolver.resolve(card) for card in cards]


def _message(resolution: Resolution) -> bytes:
    lines = [f"{name}: {value}\r\n" for name, value in make_headers(resolution)]
    return ("".join(lines) + "\r\nbody\r\n").encode()


def _require_whole(resolution: Resolution) -> None:
    """Require a message of these headers and this body, each header one mailbox, as other programs read it."""
    octets = _message(resolution)
    read: EmailMessage = email.message_from_string(octets.decode(), policy=email.policy.SMTPUTF8)
    names = [name for name, _ in make_headers(resolution)]
    assert names == list(read.keys())
    assert "body\r\n" == read.get_content()
    meant = {
        "From": resolution.author,
        "Sender": resolution.sender,
        "Reply-To": resolution.reply_to,
        "To": resolution.to,
    }
    for name in names:
        mailbox = meant[name]
        assert mailbox is not None
        assert [mailbox.email] == [address.addr_spec for address in read[name].addresses]
    assert octets.isascii() or resolution.needs_smtputf8
    assert b"\r" not in octets.replace(b"\r\n", b"")
    assert b"\n" not in octets.replace(b"\r\n", b"")


def _codes(resolution: Resolution, field: str) -> list[str]:
    return [reason.code for reason in resolution.reasons if reason.field == field]


@pytest.mark.parametrize("row", _ADDRESSES["refused"], ids=lambda row: row["says"])
def test_what_is_not_one_address_is_refused(row: dict[str, str]) -> None:
    """A value that is not exactly one bare address is called invalid, and the account's own address is used."""
    resolution = _with_keeper(address=row["value"])
    assert ["detailInvalid"] == _codes(resolution, "from.email")
    assert resolution.author is not None
    assert "news@example.com" == resolution.author.email
    _require_whole(resolution)


@pytest.mark.parametrize("row", _ADDRESSES["refused"], ids=lambda row: row["says"])
def test_nobody_is_mailed_at_what_is_not_one_address(row: dict[str, str]) -> None:
    """As a contact's own address, such a value means that nothing is sent; as an addressee it is not used."""
    own = resolve_contact(_OVERRIDDEN, Contact(email=row["value"]))
    assert ("skip", ["contactEmailInvalid"]) == (own.outcome, _codes(own, "contact"))
    billed = resolve_contact(_OVERRIDDEN, Contact(email="anna@example.org", details={"billing_email": row["value"]}))
    assert billed.to is not None
    assert "anna@example.org" == billed.to.email


@pytest.mark.parametrize(("local_octets", "domain_octets"), _ADDRESSES["long"])
def test_over_long_addresses_are_refused(local_octets: int, domain_octets: int) -> None:
    """More than 64 octets before the @, 253 after it, or 254 in all, are refused (RFC 5321 section 4.5.3.1)."""
    labels = "d" * 60 + "." + "d" * 60 + "." + "d" * 60 + "." + "d" * 60 + "." + "d" * 60
    domain = (labels[: domain_octets - 2] + ".d") if domain_octets > 60 else "b.example"
    assert ["detailInvalid"] == _codes(_with_keeper(address=f"{'a' * local_octets}@{domain}"), "from.email")


def test_the_longest_address_is_used() -> None:
    """An address of 64 octets, the @ and a domain that makes 254 is one."""
    address = "a" * 64 + "@" + ".".join(["d" * 62] * 3)
    assert 253 == len(address)
    resolution = _with_keeper(address=address)
    assert ["detailTaken", "unaligned"] == _codes(resolution, "from.email")
    _require_whole(resolution)


@pytest.mark.parametrize("row", _ADDRESSES["sent"], ids=lambda row: row["sent"])
def test_addresses_go_out_in_their_wire_form(row: dict[str, str]) -> None:
    """What is one address is used, in NFC, without spaces around it, its domain as A-labels."""
    resolution = _with_keeper(address=row["value"])
    assert resolution.author is not None
    assert row["sent"] == resolution.author.email
    _require_whole(resolution)


@pytest.mark.parametrize("row", _NAMES["refused"], ids=lambda row: row["says"])
def test_names_that_would_mislead_are_refused(row: dict[str, str]) -> None:
    """A name that hides, reorders or breaks text, or holds another address, is called invalid and not used."""
    resolution = _with_keeper(address=_KEEPER, name=row["value"])
    assert ["detailInvalid"] == _codes(resolution, "from.displayName")
    assert resolution.author is not None
    assert "Example News" == resolution.author.display_name
    _require_whole(resolution)


@pytest.mark.parametrize("row", _NAMES["refused"], ids=lambda row: row["says"])
def test_such_a_name_of_the_contact_is_left_out(row: dict[str, str]) -> None:
    """As a contact's own name it is left out, and the address stands alone."""
    resolution = resolve_contact(identity({}), Contact(email=_KEEPER, name=row["value"]))
    assert resolution.to is not None
    assert resolution.to.display_name is None
    assert ["contactNameInvalid"] == _codes(resolution, "to.displayName")


@pytest.mark.parametrize("name", _NAMES["shown"])
def test_other_names_are_shown_as_typed(name: str) -> None:
    """Any other name, encoded-words and markup included, is shown literally, here and by other programs."""
    resolution = _with_keeper(address=_KEEPER, name=name)
    assert ["detailTaken"] == _codes(resolution, "from.displayName")
    _require_whole(resolution)
    value = dict(make_headers(resolution))["From"]
    shown = unicodedata.normalize("NFC", name)
    assert (shown, _KEEPER) == read_mailbox("From", value)
    if not value.startswith('"'):
        phrase = value.rpartition("<")[0].replace("\r\n", "").strip()
        assert shown == str(make_header(decode_header(phrase)))


def test_the_table_is_large_enough() -> None:
    """At least sixty hostile values are tried."""
    assert len(_ADDRESSES["refused"]) + len(_NAMES["refused"]) + len(_NAMES["shown"]) >= 60


@pytest.mark.parametrize("value", ["a\ud800@b.example", "\udfff"])
def test_lone_surrogates_are_refused(value: str) -> None:
    """Half a character, which JSON can write and no message can hold, is called invalid."""
    resolution = _with_keeper(address=value, name=value)
    assert (["detailInvalid"], ["detailInvalid"]) == (
        _codes(resolution, "from.email"),
        _codes(resolution, "from.displayName"),
    )


def test_a_reason_never_repeats_a_value() -> None:
    """What strangers wrote stays out of the sentences, so that a report cannot be written by them."""
    hidden = "Zzyzx"
    resolution = resolve_contact(
        _OVERRIDDEN,
        Contact(
            email="anna@example.org",
            name=f"{hidden}\n",
            details={"keeper_email": f"{hidden} {hidden}", "keeper_name": f"{hidden}\n", "billing_email": f"{hidden}@"},
        ),
    )
    assert not [reason.message for reason in resolution.reasons if hidden in reason.message]


_NASTY = st.sampled_from(
    [
        "\r\n", "\n", "\r", "\0", "\u2028", "\u202e", "\u200d", "\x85", "\x0b", ":", ";", ",", "<", ">", '"', "\\", "(",
        ")", "=?utf-8?q?", "?=", "=0d=0a", "Bcc: ", " ", "\t", "@", "\uff20", ".", "a", "ż", "株", "👩‍💻", "\ud800", "\u0301",
    ]
)  # fmt: skip
_TEXT = st.one_of(st.text(max_size=300), st.lists(_NASTY, max_size=40).map("".join))
_VALUE = st.one_of(
    st.none(), _TEXT, st.builds("{}@{}".format, _TEXT, _TEXT), st.builds("{}@keeper.example".format, _TEXT), st.emails()
)


@given(
    st.fixed_dictionaries(dict.fromkeys(("keeper_email", "keeper_name", "billing_email", "billing_name"), _VALUE)),
    _VALUE,
    _VALUE,
)
def test_no_card_breaks_out(details: dict[str, Any], address: str | None, name: str | None) -> None:
    """Whatever a card holds, there is either no message or exactly the headers meant, each one mailbox."""
    for email_ in ("anna@example.org", address or ""):
        resolution = resolve_contact(_OVERRIDDEN, Contact(email=email_, name=name, details=details))
        assert "news@example.com" == resolution.envelope_from
        if resolution.outcome == "send":
            _require_whole(resolution)


@given(_TEXT)
def test_a_name_is_shown_as_typed_or_not_at_all(name: str) -> None:
    """A name round-trips through the header exactly, in NFC without the spaces around it, or it is refused."""
    resolution = _with_keeper(address=_KEEPER, name=name)
    assert resolution.author is not None
    shown, address = read_mailbox("From", dict(make_headers(resolution))["From"])
    if "detailTaken" in _codes(resolution, "from.displayName"):
        assert (unicodedata.normalize("NFC", name).strip(), _KEEPER) == (shown, address)
    else:
        assert ("Example News", _KEEPER) == (shown, address)


@given(_TEXT)
def test_lines_are_folded(name: str) -> None:
    """No line of a header is longer than 76 characters, but for an address that alone is longer."""
    resolution = _with_keeper(address=_KEEPER, name=name)
    lines = [line for header, value in make_headers(resolution) for line in f"{header}: {value}".split("\r\n")]
    assert [] == [line for line in lines if len(line) > 76]
    assert [] == [line for line in lines if not line.strip() or re.match(r"[^:]*:\s*\Z", line)]
