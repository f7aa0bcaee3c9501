"""What selectors select, and what is said of one that selects nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.model.accounts.recorded import RecordedVerification
from reconciler.rules.accounts.select import is_pattern, is_selected, selects, unknown_account, unmatched
from tests.rules.states import desired_of, recorded_of

if TYPE_CHECKING:
    from reconciler.model.accounts.desired import DesiredAccount


def account(name: str, labels: dict[str, str], *, host: str = "smtp.example.com") -> DesiredAccount:
    """Return an own account with labels, which logs in at a host with a password of its name."""
    (made,) = desired_of(f"""
apiVersion: reconciler/v1
kind: OwnAccount
metadata: {{name: {name}, labels: {json.dumps(labels)}}}
spec:
  email: {name}@example.com
  displayName: {name}
  smtp:
    host: {host}
    encryption: starttls
    authentication: {{username: {name}, password: {{file: secrets/{name}}}}}
""")
    return made


RENAMED = (
    account("new", {"team": "sales", "a": "x=y", "city": "Łódź"}),
    replace(recorded_of(account("old", {"team": "help"}, host="mail.żółw.example"), {}), server="office"),
)
DECOMPOSED = (account("mac", {"city": "\u0141o\u0301dz\u0301"}),)
PLAIN = (account("plain", {}),)
HOSTS = ("d", "b", "e", "a", "c")
FAILING = (
    replace(recorded_of(account("bad", {}), {}), verification=RecordedVerification(outcome="failed", reason="no")),
)


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("new", True),
        ("old", True),
        ("o*", True),
        ("plain", False),
        ("label:team=sales", True),
        ("label:team=help", True),
        ("label:team=s*", True),
        ("label:team=other", False),
        ("label:none=sales", False),
        ("label:team", False),
        ("label:team=", False),
        ("label:a=x=y", True),
        ("label:a=x", False),
        ("label:city=\u0141o\u0301dz\u0301", True),
        ("label:city=*o\u0301*", True),
        ("label:city=Łódz", False),
        ("host:smtp.example.com", True),
        ("host:SMTP.Example.COM", True),
        ("host:*.example.com", True),
        ("host:mail.żółw.example", True),
        ("host:mail.xn--w-uga1v8h.example", True),
        ("host:example.com", False),
        ("host:", False),
        ("port:587", True),
        ("port:58*", True),
        ("port:465", False),
        ("username:new", True),
        ("username:n*", True),
        ("username:New", False),
        ("server:office", True),
        ("server:o*", True),
        ("server:home", False),
        ("secret:file:secrets/new", True),
        ("secret:file:secrets/o*", True),
        ("secret:file:**", True),
        ("secret:file:*", False),
        ("secret:env:*", False),
        ("status:active", True),
        ("status:a*", True),
        ("status:failing", False),
        ("kind:own", True),
        ("kind:marketing", False),
        ("name:new", False),
    ],
)
def test_what_a_selector_selects(selector: str, *, expected: bool) -> None:
    """A name, and whatever an account has, selects by what it was or will be; hosts in any spelling, labels in NFC or NFD."""
    assert expected == selects(selector, RENAMED)


@pytest.mark.parametrize("selector", ["host:*", "host:", "server:*", "label:*=*", "status:*"])
def test_what_an_account_has_none_of_selects_nothing(selector: str) -> None:
    """A desired marketing account has no host of its own, no MailServer and no status, and no label is empty."""
    (marketing,) = desired_of(
        "apiVersion: reconciler/v1\nkind: MarketingAccount\nmetadata: {name: news}\n"
        "spec: {email: n@example.com, displayName: N}\n"
    )
    assert not selects(selector, (marketing,))


def test_a_label_in_nfd_is_selected_in_nfc() -> None:
    """A label that a Mac has written is selected by what anybody types."""
    assert selects("label:city=Łódź", DECOMPOSED)


@pytest.mark.parametrize(
    ("targets", "excludes", "expected"),
    [
        ([], [], True),
        (["new"], [], True),
        (["plain", "new"], [], True),
        (["plain"], [], False),
        ([], ["new"], False),
        ([], ["plain"], True),
        ([], ["plain", "new"], False),
        (["new"], ["old"], False),
    ],
)
def test_who_is_wanted(targets: list[str], excludes: list[str], *, expected: bool) -> None:
    """Some target must select an account where there are any, and no exclusion may."""
    assert expected == is_selected(RENAMED, targets, excludes)


@pytest.mark.parametrize(
    ("selector", "told"),
    [
        ("label:team", "label:team is not a label selector; write label:KEY=VALUE."),
        (
            "label:team=x",
            "No account has the label that label:team=x asks for. There are: a=x=y, city=Łódź, team=help, team=sales.",
        ),
        (
            "status:failing",
            "No account is recorded with the status that status:failing asks for; what manifests declare has none.",
        ),
        ("z*", "No account's name matches z*."),
        ("z?", "No account's name matches z?."),
        ("plian", "No account is called plian. Did you mean plain?"),
        ("odl", "No account is called odl. Did you mean old?"),
        ("zzzz", "No account is called zzzz."),
        (
            "host:smtp.example.org",
            "No account goes through a mail server that host:smtp.example.org names. There are: mail.xn--w-uga1v8h.example, smtp.example.com.",
        ),
        (
            "secret:file:*",
            "No account has a secret whose reference secret:file:* names; in a reference * stops at a slash, and ** does not. There are: file:secrets/new, file:secrets/old, file:secrets/plain.",
        ),
        (
            "status:broken",
            "No account is recorded with the status that status:broken asks for; what manifests declare has none. There are: suspended, rejected, pending, failing, unverified, active.",
        ),
        ("server:home", "No account has its settings from a MailServer that server:home names. There are: office."),
        ("kind:other", "No account is of the kind that kind:other asks for. There are: marketing, own."),
        (
            "name:plain",
            "name:plain is no selector. It is a name, a glob, or begins with label:, host:, port:, username:, server:, secret:, status:, kind:.",
        ),
        (
            "Hosts:x",
            "Hosts:x is no selector. Did you mean host:? It is a name, a glob, or begins with label:, host:, port:, username:, server:, secret:, status:, kind:.",
        ),
        ("port:25", "No account goes through a mail server at a port that port:25 names. There are: 587."),
        (
            "username:palin",
            "No account logs in with a user name that username:palin asks for. Did you mean username:plain? There are: new, old, plain.",
        ),
        (
            "server:ofice",
            "No account has its settings from a MailServer that server:ofice names. Did you mean server:office? There are: office.",
        ),
    ],
)
def test_a_selector_that_selects_nothing_is_told(selector: str, told: str) -> None:
    """The error is the selector's, and names an account that is called nearly so; those that select are no matter."""
    several = [account(f"m{host}", {}, host=f"{host}.example") for host in HOSTS]
    (known,) = unmatched(["host:other.example"], [several])
    assert known.detail.endswith(" There are: a.example, b.example, c.example, d.example, e.example.")
    (problem,) = unmatched(["plain", selector, "new"], [RENAMED, PLAIN])
    assert "selectorMatchesNothing" == problem.code
    assert selector == problem.subject
    assert told == problem.detail


def test_a_status_is_what_state_says() -> None:
    """An account whose last verification failed is selected by that, and by no other status."""
    assert ["status:failing", "status:*"] == [
        selector for selector in ("status:failing", "status:active", "status:*") if selects(selector, FAILING)
    ]


@pytest.mark.parametrize(
    ("selector", "expected"), [("sales", False), ("sales-?", True), ("*", True), ("host:smtp.example.com", True)]
)
def test_what_may_mean_several(selector: str, *, expected: bool) -> None:
    """Everything but a plain name may mean several accounts."""
    assert expected == is_pattern(selector)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({}, "No account called slaes is recorded. Did you mean sales? See\n    reconciler accounts list"),
        ({"ever": True}, "No account called slaes was ever recorded. Did you mean sales? See\n    reconciler accounts list"),
        ({"remark": " So."}, "No account called slaes is recorded. Did you mean sales? So. See\n    reconciler accounts list"),
    ],
)  # fmt: skip
def test_a_name_that_nobody_has(parts: dict[str, Any], expected: str) -> None:
    """The nearest name that somebody has, and where all of them are listed."""
    problem = unknown_account("slaes", ["help", "sales"], **parts)
    assert "unknownAccount" == problem.code
    assert "slaes" == problem.subject
    assert expected == problem.detail


def test_a_long_name_that_nobody_has_is_cut() -> None:
    """It may be anything that somebody typed."""
    assert "x" * 59 + "…" == unknown_account("x" * 500, []).subject
