"""Secret values that cannot be shown, and names in the form in which they are compared."""

from __future__ import annotations

import copy
import json
import pickle
from typing import TYPE_CHECKING

import pytest
from pydantic import TypeAdapter

from reconciler.model.plan import Change, FieldChange
from reconciler.model.secrets.routes import Route, SecretRoute
from reconciler.model.secrets.values import FingerprintKey, SecretValue
from reconciler.model.text.domains import NotADomain, NotAnAddress, address_to_ascii, domain_to_ascii, host_to_ascii

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.model.base import Value
    from reconciler.model.servers.terms import Encryption

CANARY = "hunter2-canary"


@pytest.mark.parametrize("show", [repr, str, format, "{}".format, "{:>40}".format, lambda value: f"{[value]}"])
def test_a_secret_value_shows_nothing_of_itself(show: Callable[[object], str]) -> None:
    """Whatever shows a secret value shows stars."""
    shown = show(SecretValue(CANARY))
    assert CANARY not in shown
    assert "***" in shown


@pytest.mark.parametrize(
    "use",
    [pickle.dumps, copy.copy, copy.deepcopy, json.dumps, hash, vars, lambda value: value == value],  # noqa: PLR0124
)
def test_a_secret_value_goes_nowhere(use: Callable[[object], object]) -> None:
    """A secret value is neither pickled, copied, put into JSON, hashed nor compared, and the refusal is silent on it."""
    with pytest.raises(TypeError) as refused:
        use(SecretValue(CANARY))
    assert CANARY not in str(refused.value)


@pytest.mark.parametrize(("encryption", "words"), [("starttls", "starttls"), ("tls", "tls"), ("none", "not encrypted")])
def test_a_route_in_words_says_whether_it_is_encrypted(encryption: Encryption, words: str) -> None:
    """Whoever is asked to grant a route reads that it is not encrypted, where it is not."""
    route = Route(username="mailer", host="proxy.example.com", port=1080, encryption=encryption)
    assert f"mailer at proxy.example.com:1080, {words}" == str(route)


_LOGIN = Route(username="anna", host="smtp.example.com", port=587, encryption="starttls", proxy=None)
_FIELD = FieldChange(path="spec.smtp.port", before=None, after=587)


@pytest.mark.parametrize(
    "looked_at",
    [
        _LOGIN,
        SecretRoute(secret="env:SMTP_SALES", route=_LOGIN),
        Change(action="create", kind="OwnAccount", name="sales", cause="manifest", held=False, fields=(_FIELD,)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_of_fields_that_were_looked_at_is_the_value_that_looking_gives(looked_at: Value) -> None:
    """It is equal, has the same fields in the same order, reads the same as JSON, and knows which of them were given."""
    model = type(looked_at)
    made = model.of_fields(**{name: getattr(looked_at, name) for name in looked_at.model_fields_set})
    assert looked_at == made
    assert list(looked_at.__dict__) == list(made.__dict__)
    assert looked_at.model_dump_json() == made.model_dump_json()
    assert looked_at.model_fields_set == made.model_fields_set
    assert looked_at.model_copy() == made.model_copy()


@pytest.mark.parametrize("after", ["a", 587, True, None])
def test_the_change_of_a_leaf_is_the_one_that_looking_gives(*, after: str | int | None) -> None:
    """A change made of leaves of documents has every field, as one that was read has."""
    looked_at = FieldChange(path="spec.shared", before=None, after=after)
    made = FieldChange.of_leaves("spec.shared", None, after)
    assert (looked_at, repr(looked_at), hash(looked_at)) == (made, repr(made), hash(made))
    assert TypeAdapter(FieldChange).dump_json(looked_at) == TypeAdapter(FieldChange).dump_json(made)


def test_a_fingerprint_depends_on_value_and_key() -> None:
    """The same value under the same key has the same fingerprint, and no other has it."""
    first, second = FingerprintKey(b"a" * 32), FingerprintKey(b"b" * 32)
    assert SecretValue(CANARY).fingerprint(first) == SecretValue(CANARY).fingerprint(first)
    prints = {
        SecretValue(CANARY).fingerprint(first),
        SecretValue(CANARY).fingerprint(second),
        SecretValue("x").fingerprint(first),
    }
    assert 3 == len(prints)


def test_a_fingerprint_key_does_not_show_its_octets() -> None:
    """Only the id of a key is shown."""
    assert f"FingerprintKey(id={FingerprintKey(b'secret-key').key_id})" == repr(FingerprintKey(b"secret-key"))


@pytest.mark.parametrize("domain", ["xn--.com", "xn--a-.com", "xn--ü.de", "ü" * 70 + ".de", "ü..de", "-ü.de", "אa.com"])
def test_a_domain_that_is_none_is_told_in_words_for_people(domain: str) -> None:
    """What the library of IDNA says is said in our own words: which part, and what is wrong with it."""
    with pytest.raises(NotADomain, match=r"^(a part|letters of both|it is no)"):
        domain_to_ascii(domain)


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ("Example.COM", "example.com"),
        ("straße.example", "xn--strae-oqa.example"),
        ("ŻÓŁW.example", "xn--w-uga1v8h.example"),
        ("xn--strae-oqa.example", "xn--strae-oqa.example"),
        ("a" * 63 + ".example", "a" * 63 + ".example"),
    ],
)
def test_domains_are_compared_as_idna2008_labels(written: str, compared: str) -> None:
    """A domain becomes lower case, in A-labels of IDNA2008."""
    assert compared == domain_to_ascii(written)


@pytest.mark.parametrize(
    "domain", ["", ".", "a..b", "-a.example", "a_b.example", "a" * 64, "a." * 127 + "aa", "☃.example", "xn--a", "a b"]
)
def test_what_is_no_domain_is_refused(domain: str) -> None:
    """Empty, overlong, ill-formed and unassigned labels are refused."""
    with pytest.raises(NotADomain):
        domain_to_ascii(domain)


@pytest.mark.parametrize("host", ["fe80::1%eth0", "::1%.example.com", "::1%1 HTTP/1.1"])
def test_an_address_with_a_zone_is_no_host(host: str) -> None:
    """A zone is any text at all: it would match host globs, and stand in commands to servers and proxies."""
    with pytest.raises(NotADomain, match="zone"):
        host_to_ascii(host)


def test_ip_addresses_are_hosts() -> None:
    """An IP address is compared in its short form, and something like one is refused."""
    assert ["192.0.2.1", "2001:db8::1"] == [host_to_ascii("192.0.2.1"), host_to_ascii("2001:DB8:0::1")]
    for host in ("192.0.2.256", "smtp.example.com:25", "1.2.3"):
        with pytest.raises(NotADomain):
            host_to_ascii(host)


_LOCAL = "it is another way of writing 127.0.0.1; write that"
_METADATA = "it is another way of writing 169.254.169.254, which is link-local, and that is never contacted"


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("2130706433", _LOCAL),
        ("127.1", _LOCAL),
        ("017700000001", _LOCAL),
        ("127.0.0.1.", _LOCAL),
        ("2852039166", _METADATA),
        ("169.254.169.254.", _METADATA),
        ("0251.0376.0251.0376", _METADATA),
        ("169.16689662", _METADATA),
        ("[::ffff:127.0.0.1]", "an IP address stands here without brackets"),
        ("192.0.2.256", "it is not an IP address, which is four numbers from 0 to 255 with a dot between them"),
        ("\uff11\uff12\uff17.0.0.1", "its digits are not those of ASCII, 0 to 9"),
        ("smtp.example.com:25", "a port goes into the field port"),
        ("192.0.2.1:25", "a port goes into the field port"),
        ("2001:db8::1::2", "it is not an IPv6 address"),
        ("169%2e254%2e169%2e254", "% cannot stand in a name, and nothing is decoded here"),
        ("smtp.example.com.", "the dot at its end is left out here"),
    ],
)
def test_what_only_looks_like_a_host_is_told_as_what_it_is(host: str, reason: str) -> None:
    """A number is told with the address that C reads, and no text is told of a port that has none."""
    with pytest.raises(NotADomain) as refused:
        host_to_ascii(host)
    assert reason == str(refused.value)


@pytest.mark.parametrize("address", ["a" * 64 + "@example.com", "o'neil+x@example.com", "zażółć@example.com"])
def test_unusual_addresses_are_kept(address: str) -> None:
    """A local part stays as it is written."""
    assert address == address_to_ascii(address)


@pytest.mark.parametrize(
    "address",
    ["", "a", "@example.com", "a@", "a@b@example.com", "a@x.example, b@y.example", "A <a@example.com>", '"a b"@example.com',
     "a b@example.com", ".a@example.com", "a..b@example.com", "a" * 65 + "@example.com", "a@" + "b." * 126 + "cc", "ą" * 33 + "@example.com"],
)  # fmt: skip
def test_what_is_not_one_address_is_refused(address: str) -> None:
    """Several addresses, quoted and overlong local parts, and whatever else is not one plain address are refused."""
    with pytest.raises(NotAnAddress):
        address_to_ascii(address)
