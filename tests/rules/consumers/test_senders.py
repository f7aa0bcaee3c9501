"""Which accounts a consumer is to have, and as what: of state as it is, and of state as a plan would leave it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.model.accounts.located import CaFile
from reconciler.model.accounts.platform import PlatformServer
from reconciler.model.accounts.recorded import RecordedVerification, Suspension
from reconciler.model.canonical import digest
from reconciler.model.consumers.sender import ReplyAddress, Sender
from reconciler.model.consumers.settings import Consumer
from reconciler.model.servers.server import Server
from reconciler.model.step import Create, Delete, Rename, Update
from reconciler.rules.consumers.senders import (
    planned_candidates,
    recorded_candidates,
    selected,
    wanted_digest,
    wanted_senders,
)
from tests.rules.single import SERVER, THERE, VALUES, approved, news, own
from tests.rules.states import NOW, empty_state, fingerprints_of, state_of

if TYPE_CHECKING:
    from reconciler.model.accounts.recorded import RecordedAccount, RecordedState
    from reconciler.model.accounts.statuses import Status
    from reconciler.model.consumers.sender import Candidate
    from reconciler.model.step import Changed

STOPPED = Suspension(reason="spam", actor="anna", at=NOW)
OVERRIDDEN = RecordedVerification(outcome="overridden", reason="later")
FAILED = RecordedVerification(outcome="failed", checked_at=NOW, depth="message", reason="535")
CA = CaFile(pem="PEM", digest="digest of PEM")
PLATFORM = PlatformServer(server=SERVER.server, ca_digest="digest of PEM")


def consumer(**parts: Any) -> Consumer:
    """Return a consumer of all accounts."""
    usual: dict[str, Any] = {"type": "exec", "command": ("put",), "accounts": ("*",)}
    return Consumer(**{**usual, **parts})


def recorded(account: RecordedAccount | None = None, **parts: Any) -> RecordedAccount:
    """Return an account as state has it."""
    return replace(account or state_of([own()], VALUES).accounts["a"], **parts)


def state(*accounts: RecordedAccount) -> RecordedState:
    """Return the state of these accounts."""
    return replace(empty_state(), accounts={account.name: account for account in accounts})


def candidates(*accounts: RecordedAccount, platform: PlatformServer | None = None) -> dict[str, Candidate]:
    """Return these accounts of state as candidates."""
    return recorded_candidates(state(*accounts), platform, None)


def given(found: dict[str, Candidate], **parts: Any) -> list[tuple[str, bool]]:
    """Return the names that a consumer is to have, and whether they are held."""
    return [(each.name, each.held) for each in wanted_senders(consumer(**parts), found)]


@pytest.mark.parametrize(
    ("account", "parts", "expected"),
    [
        (recorded(), {}, [("a", False)]),
        (recorded(), {"on_suspend": "hold"}, [("a", False)]),
        (recorded(), {"accounts": ("b", "a")}, [("a", False)]),
        (recorded(), {"accounts": ("b",)}, []),
        (recorded(suspension=STOPPED), {}, []),
        (recorded(suspension=STOPPED), {"on_suspend": "hold"}, [("a", True)]),
        (recorded(suspension=STOPPED), {"on_suspend": "hold", "accounts": ("b",)}, []),
        (recorded(verification=OVERRIDDEN), {"on_suspend": "hold"}, []),
        (recorded(verification=FAILED), {"on_suspend": "hold"}, []),
    ],
    ids=[
        "active",
        "active, others held",
        "selected by name",
        "not selected",
        "suspended",
        "suspended and held",
        "suspended and not selected",
        "unverified",
        "failing",
    ],
)
def test_a_consumer_gets_the_selected_accounts_that_are_active(
    account: RecordedAccount, parts: dict[str, Any], expected: list[tuple[str, bool]]
) -> None:
    """And where it holds what a suspended account sends, the suspended ones as held."""
    assert expected == given(candidates(account), **parts)


def test_accounts_are_given_by_name_and_selected_in_any_status() -> None:
    """The order of state makes no difference."""
    found = candidates(*(recorded(name=name) for name in "cab"), recorded(name="d", suspension=STOPPED))
    assert [("a", False), ("b", False), ("c", False)] == given(found)
    assert ["a", "c", "d"] == selected(consumer(accounts=("d", "c", "a")), found)


@pytest.mark.parametrize("platform", [None, PLATFORM], ids=["without a server", "with one"])
def test_a_marketing_account_is_given_with_the_platforms_server(platform: PlatformServer | None) -> None:
    """Without a server of the platform's it has nothing to send through, and is left out."""
    found = recorded_candidates(approved(news()), platform, CA)
    assert ([] if platform is None else [("news", False)]) == given(found)
    assert ["news"] == selected(consumer(), found)
    expected = Sender(
        name="news",
        kind="marketing",
        email="n@example.com",
        display_name="N",
        host="p.example",
        port=587,
        encryption="starttls",
        username="p",
        secret="env:SMTP_PLATFORM",
        ca_digest="digest of PEM",
        ca="PEM",
        through_platform=True,
    )
    assert (() if platform is None else (expected,)) == wanted_senders(consumer(), found)
    bare = recorded_candidates(approved(news()), platform, None)
    assert [None] * (platform is not None) == [each.ca for each in wanted_senders(consumer(), bare)]


IN_FULL: dict[str, Any] = {
    "host": "h.example",
    "port": 465,
    "encryption": "tls",
    "heloName": "mail.example.com",
    "caFile": "ca.pem",
    "certificate": "sha256:d",
    "clientCertificate": {"certFile": "c.pem", "key": "file:k", "fingerprint": "sha256:c"},
    "authentication": {"mechanism": "plain", "username": "a", "password": "env:SMTP_A"},
    "proxy": {"type": "socks5", "host": "q.example", "port": 1080},
}
AS_SENT = Sender(
    name="a",
    kind="own",
    email="a@example.com",
    display_name="A",
    reply_to=(ReplyAddress(email="help@example.com", display_name="Help"), ReplyAddress(email="more@example.com")),
    host="h.example",
    port=465,
    encryption="tls",
    mechanism="plain",
    username="a",
    secret="env:SMTP_A",
    proxy="socks5://q.example:1080",
    certificate="sha256:d",
    client_certificate=True,
    helo_name="mail.example.com",
    ca_digest="digest of PEM",
    ca="PEM",
)


def in_full() -> RecordedAccount:
    """Return an own account that has all that a consumer may be told."""
    replies = "replyTo: [{email: help@example.com, displayName: Help}, {email: more@example.com}]"
    account = state_of([own(spec=f", {replies}")], VALUES).accounts["a"]
    return replace(account, ca_digest="digest of PEM", ca_pem="PEM")


@pytest.mark.parametrize(
    ("server", "parts", "changed"),
    [
        (IN_FULL, {}, {}),
        (IN_FULL, {"secrets": "reference"}, {}),
        (IN_FULL, {"secrets": "none"}, {"secret": None}),
        ({**IN_FULL, "authentication": {"username": "a", "password": "env:SMTP_A"}}, {}, {"mechanism": "auto"}),
        (
            {**IN_FULL, "authentication": {"username": "a", "accessToken": "env:T"}},
            {},
            {"mechanism": "auto", "secret": None, "token": True},
        ),
        (
            {**IN_FULL, "authentication": {"username": "a", "oauth2": {"clientSecret": "env:T"}}},
            {},
            {"mechanism": "auto", "secret": None, "token": True},
        ),
        (
            {"host": "h.example", "port": 465, "encryption": "tls"},
            {},
            {
                **dict.fromkeys(("username", "secret", "proxy", "certificate", "helo_name")),
                "mechanism": "auto",
                "client_certificate": False,
            },
        ),
    ],
    ids=["in full", "by reference", "without secrets", "any mechanism", "a token", "a token that is asked for", "bare"],
)
def test_a_consumer_is_told_all_that_is_needed_to_send(
    server: dict[str, Any], parts: dict[str, Any], changed: dict[str, Any]
) -> None:
    """Addresses, server, way and login; the secret by its reference, unless secrets are left out."""
    (found,) = candidates(in_full()).values()
    found = replace(found, server=Server.model_validate(server))
    assert (AS_SENT.model_copy(update=changed),) == wanted_senders(consumer(**parts), {"a": found})


def test_a_candidate_has_what_state_has_of_the_account() -> None:
    """Its own server, trust, manifest and fingerprints, whatever the platform has."""
    account = in_full()
    (found,) = candidates(account, platform=PLATFORM).values()
    assert account.settings.server == found.server
    assert "digest of PEM" == found.ca_digest
    assert "PEM" == found.ca_pem
    assert "accounts.d/accounts.yaml" == found.manifest
    assert {"env:SMTP_A": fingerprints_of(VALUES)["env:SMTP_A"]} == found.fingerprints
    (unknown,) = candidates(replace(account, manifest=None)).values()
    assert "" == unknown.manifest


KNOWN = THERE.model_copy(update={"fingerprint": "f"})
ELSEWHERE = KNOWN.model_copy(update={"route": THERE.route.model_copy(update={"host": "q.example"})})


@pytest.mark.parametrize(
    ("routes", "platform", "expected"),
    [
        ((KNOWN,), SERVER, {"env:SMTP_PLATFORM": "f"}),
        ((KNOWN, KNOWN), SERVER, {"env:SMTP_PLATFORM": "f"}),
        ((THERE,), SERVER, {}),
        ((KNOWN, KNOWN.model_copy(update={"fingerprint": "g"})), SERVER, {}),
        ((ELSEWHERE,), SERVER, {}),
        ((KNOWN.model_copy(update={"secret": "env:OTHER"}),), SERVER, {}),
        ((KNOWN,), None, {}),
    ],
    ids=["read", "twice", "not read", "two values", "for another server", "another secret", "without a platform"],
)
def test_the_platforms_value_is_the_one_that_was_recorded_for_its_server(
    routes: tuple[Any, ...], platform: PlatformServer | None, expected: dict[str, str]
) -> None:
    """Where two were recorded it is not known which one it has."""
    (found,) = recorded_candidates(replace(approved(news()), routes=routes), platform, None).values()
    assert expected == found.fingerprints


def digest_of(account: RecordedAccount, value: str | None = "f", **parts: Any) -> str:
    """Return the digest of what a consumer is to have of an account whose secret has this fingerprint."""
    (found,) = candidates(account).values()
    found = replace(found, fingerprints={"env:SMTP_A": value} if value is not None else {})
    (sender,) = wanted_senders(consumer(**parts), {"a": found})
    return wanted_digest(sender, consumer(**parts), found)


@pytest.mark.parametrize(
    ("parts", "tells"),
    [({}, True), ({"secrets": "reference"}, False), ({"secrets": "none"}, False)],
    ids=["written", "referred to", "left out"],
)
def test_a_new_value_is_another_thing_to_publish_where_values_are_written(
    parts: dict[str, Any], *, tells: bool
) -> None:
    """Settings and form always are."""
    usual = digest_of(recorded(), **parts)
    assert usual == digest_of(recorded(), **parts)
    assert tells == (usual != digest_of(recorded(), "g", **parts))
    assert tells == (usual != digest_of(recorded(), None, **parts))
    assert usual != digest_of(in_full(), **parts)
    assert usual != digest_of(recorded(), **parts, on_suspend="hold")
    assert usual == digest_of(recorded(), **parts, after=("reload",))


def test_the_digest_is_of_sender_form_and_value() -> None:
    """State keeps it, so what is to be had is the same in the next version, too."""
    (found,) = candidates(recorded()).values()
    (sender,) = wanted_senders(consumer(), {"a": found})
    expected = {"sender": sender.model_dump(mode="json"), "form": consumer().form, "fingerprint": "f"}
    assert digest(expected) == digest_of(recorded())
    bare = sender.model_copy(update={"secret": None})
    without = {**expected, "sender": bare.model_dump(mode="json"), "fingerprint": None}
    assert digest(without) == wanted_digest(bare, consumer(), replace(found, fingerprints={"": "f"}))


# As a plan would leave it


def planned(*steps: Changed, platform: PlatformServer | None = None) -> dict[str, Candidate]:
    """Return what these steps leave of two recorded accounts."""
    before = candidates(recorded(name="b"), recorded(name="a", suspension=STOPPED))
    return planned_candidates(before, steps, platform=platform, private_cas={"ca.pem": CA})


def statuses(found: dict[str, Candidate]) -> dict[str, Status]:
    """Return the status of each candidate."""
    return {name: each.status for name, each in found.items()}


A, B = recorded(suspension=STOPPED), recorded(name="b")


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (Create(after=own("c")), {"a": "suspended", "b": "active", "c": "active"}),
        (Create(after=own("c"), held=True), {"a": "suspended", "b": "active"}),
        (Create(after=own("c"), awaits_approval=True), {"a": "suspended", "b": "active", "c": "pending"}),
        (Delete(before=B), {"a": "suspended"}),
        (Delete(before=B, held=True), {"a": "suspended", "b": "active"}),
        (Rename(before=B, after=own("c")), {"a": "suspended", "c": "active"}),
        (Rename(before=A, after=own("c")), {"b": "active", "c": "suspended"}),
        (Rename(before=A, after=own("c"), held=True), {"a": "suspended", "b": "active"}),
        (Update(before=A, after=own(), needs_evidence=True), {"a": "suspended", "b": "active"}),
        (Update(before=replace(B, verification=FAILED), after=own("b")), {"a": "suspended", "b": "failing"}),
        (
            Update(before=replace(B, verification=FAILED), after=own("b"), needs_evidence=True),
            {"a": "suspended", "b": "active"},
        ),
    ],
    ids=[
        "created",
        "created and held",
        "created for the platform to accept",
        "deleted",
        "deleted and held",
        "renamed",
        "renamed while suspended",
        "renamed and held",
        "verified while suspended",
        "relabelled while failing",
        "mended",
    ],
)
def test_a_step_leaves_the_candidates_that_it_records(step: Changed, expected: dict[str, Status]) -> None:
    """What is held changes nothing, what is verified is active, and an apply lifts no suspension."""
    found = planned(step)
    assert list(expected.items()) == list(statuses(found).items())


def test_two_accounts_can_exchange_their_names() -> None:
    """Each is what it was under the other name."""
    found = planned(
        Rename(before=A, after=own("b", host="x.example")), Rename(before=B, after=own("a", host="y.example"))
    )
    assert {"a": "active", "b": "suspended"} == statuses(found)
    assert ["y.example", "x.example"] == [each.server and each.server.host for each in found.values()]


@pytest.mark.parametrize(
    ("files", "digest", "pem"),
    [
        ({"ca.pem": CA}, "digest of PEM", "PEM"),
        ({"ca.pem": CA}, "another", None),
        ({"other.pem": CA}, "digest of PEM", None),
    ],
    ids=["the file at hand", "another content", "no such file"],
)
def test_a_private_ca_is_given_where_the_file_is_the_one_that_is_recorded(
    files: dict[str, CaFile], digest: str, pem: str | None
) -> None:
    """Of a planned account it comes from the file."""
    after = replace(own(smtp=", caFile: ca.pem", contents={"ca.pem": "x"}), ca_digest=digest)
    step = Create(after=after, manifest="accounts.d/a.yaml", fingerprints={"env:SMTP_A": "f"})
    (found,) = planned_candidates({}, [step], platform=PLATFORM, private_cas=files).values()
    assert after is found.account
    assert digest == found.ca_digest
    assert pem == found.ca_pem
    assert "accounts.d/a.yaml" == found.manifest
    assert (after.settings.server, {"env:SMTP_A": "f"}) == (found.server, found.fingerprints)


def test_a_planned_account_has_the_values_that_were_read_for_it() -> None:
    """And not those that were recorded before."""
    step = Update(before=B, after=own("b"), fingerprints={"env:SMTP_A": "new"})
    assert {"env:SMTP_A": "new"} == planned(step)["b"].fingerprints


@pytest.mark.parametrize("platform", [None, PLATFORM], ids=["without a server", "with one"])
def test_a_planned_marketing_account_has_the_platforms_server(platform: PlatformServer | None) -> None:
    """And the platform's value as it was recorded, where the account was recorded through it."""
    server = platform.server.model_copy(update={"ca_file": "ca.pem"}) if platform is not None else None
    through = replace(platform, server=server) if platform is not None and server is not None else None
    known = approved(news())
    before = recorded_candidates(replace(known, routes=(KNOWN,)), SERVER, None)
    steps: list[Changed] = [
        Update(before=known.accounts["news"], after=news()),
        Create(after=own(), fingerprints={"env:SMTP_A": "a"}),
    ]
    mine, theirs = planned_candidates(before, steps, platform=through, private_cas={"ca.pem": CA}).values()
    assert (server, {"env:SMTP_PLATFORM": "f"}) == (theirs.server, theirs.fingerprints)
    expected = ("digest of PEM", "PEM") if platform is not None else (None, None)
    assert expected == (theirs.ca_digest, theirs.ca_pem)
    assert ("h.example", {"env:SMTP_A": "a"}) == (mine.server and mine.server.host, mine.fingerprints)
    new = Create(after=news(), fingerprints={"env:SMTP_PLATFORM": "read"})
    (fresh,) = planned_candidates({}, [new], platform=through, private_cas={}).values()
    assert {"env:SMTP_PLATFORM": "read"} == fresh.fingerprints
