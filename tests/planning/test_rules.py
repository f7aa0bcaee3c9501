"""The planner's rules one by one, where a whole case would hide them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.model.evidence import Depth, Evidence, Verification
from reconciler.model.globs import matches
from reconciler.planning.allowed import is_allowed, refused_secrets
from reconciler.planning.evidence import depth_needed, standing_of
from reconciler.planning.lint import lint
from reconciler.planning.resolve import resolve
from tests.planning.states import NOW, ca_files, desired_of, located, project, resolution_of

_HEAD = "apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {name: a}\n"


def _own(smtp: str) -> str:
    return _HEAD + f"spec: {{email: a@example.com, displayName: A, shared: true, smtp: {{{smtp}}}}}\n"


@pytest.mark.parametrize(
    ("glob", "text", "expected"),
    [
        ("env:SMTP_*", "env:SMTP_A", True),
        ("env:SMTP_*", "env:OTHER", False),
        ("file:secrets/*", "file:secrets/a/b", False),
        ("file:secrets/**", "file:secrets/a/b", True),
        ("**/b", "b", True),
        ("a?c", "a/c", False),
        ("a.c", "abc", False),
    ],
)
def test_globs(glob: str, text: str, expected: bool) -> None:  # noqa: FBT001
    """A star and a question mark stop at a slash, two stars do not, and all else stands for itself."""
    assert expected == matches(glob, text)


@pytest.mark.parametrize(
    ("secret", "manifest", "expected"),
    [
        ("env:SMTP_A", "accounts.d/a.yaml", True),
        ("env:HOME", "accounts.d/a.yaml", False),
        ("file:secrets/../key", "accounts.d/a.yaml", False),
        ("file:secrets/*", "accounts.d/a.yaml", False),
        ("env:ONLY_SALES", "accounts.d/sales/a.yaml", True),
        ("env:ONLY_SALES", "accounts.d/a.yaml", False),
        ("vault:mail/a", "accounts.d/a.yaml", True),
        ("other:mail/a", "accounts.d/a.yaml", False),
    ],
)
def test_allowed_secrets(secret: str, manifest: str, expected: bool) -> None:  # noqa: FBT001
    """A manifest names only what secrets.allow covers for it, and no path or wildcard that leads elsewhere."""
    scoped = {"secret": "env:ONLY_*", "manifests": "accounts.d/sales/**"}
    allow = ["env:SMTP_*", "file:secrets/**", scoped]
    secrets = project(secrets={"allow": allow, "sources": {"vault": {"command": ["vault", "{key}"]}}}).secrets
    assert expected == is_allowed(secret, manifest, secrets)


@pytest.mark.parametrize(
    ("reference", "code"),
    [("env: HOME", "secretNotAllowed"), ('file: "**"', "secretNotAllowed"), ("valt: a", "unknownSecretSource")],
)
def test_refused_secrets(reference: str, code: str) -> None:
    """A refused reference is an error, and one with a wildcard is never offered to be allowed."""
    accounts = desired_of(_own(f"host: h.example.com, authentication: {{username: u, password: {{{reference}}}}}"))
    problems = refused_secrets(accounts, project().secrets)
    assert [code] == [problem.code for problem in problems]
    assert not any('allow: ["file:**"]' in problem.detail for problem in problems)


@pytest.mark.parametrize(
    ("smtp", "codes"),
    [
        ("server: nowhere", ["unknownServer"]),
        ("host: h.example.com, authentication: {mechanism: plain}", ["missingField", "missingField"]),
        (
            "host: h.example.com, authentication: {mechanism: plain, username: u, accessToken: {env: SMTP_T}}",
            ["contradiction"],
        ),
        ("host: h.example.com, authentication: {username: u, password: {env: 'SMTP_{email}'}}", ["invalidValue"]),
    ],
)
def test_resolve_errors(smtp: str, codes: list[str]) -> None:
    """What cannot be resolved is an error with a place, and the account is left out."""
    resolution = resolution_of(_own(smtp))
    assert codes == [problem.code for problem in resolution.problems]
    assert () == resolution.accounts
    assert all(problem.location is not None for problem in resolution.problems)


@pytest.mark.parametrize(
    ("host", "extra", "codes"),
    [
        ("localhost", "", []),
        ("127.0.0.1", "", []),
        ("localhost.evil.example", "", ["unencryptedLogin"]),
        ("127.evil.example", "", ["unencryptedLogin"]),
        ("localhost", ", proxy: {type: http, host: p.example.com, port: 80}", ["unencryptedLogin"]),
    ],
)
def test_unencrypted_login(host: str, extra: str, codes: list[str]) -> None:
    """A login in clear text is remarked on unless it goes to this machine directly."""
    smtp = f"host: {host}, encryption: none, authentication: {{username: u, password: {{env: SMTP_A}}}}"
    text = _own(smtp).replace("}}}}\n", "}}}" + extra + "}\n")
    manifests = located(text)
    remarks = lint(resolve(manifests, ca_files({})).accounts, manifests, project())
    assert codes == [remark.code for remark in remarks]


@pytest.mark.parametrize(
    ("proxy", "codes"),
    [
        ("type: socks5, host: p.example.com, username: m, password: {env: SMTP_P}", ["unencryptedProxyLogin"]),
        ("type: http, host: p.example.com, username: m, password: {env: SMTP_P}", ["unencryptedProxyLogin"]),
        ("type: http, host: 127.0.0.1, username: m, password: {env: SMTP_P}", []),
        ("type: socks4, host: p.example.com, username: m, password: {env: SMTP_P}", ["proxyPasswordUnused"]),
        ("type: socks5, host: p.example.com", []),
    ],
)
def test_a_password_for_a_proxy(proxy: str, codes: list[str]) -> None:
    """A password that travels to a proxy in clear text is remarked on, and one that goes nowhere too."""
    text = _own("host: mail.example.com").replace("}}\n", "}, proxy: {port: 1080, " + proxy + "}}\n")
    manifests = located(text)
    remarks = lint(resolve(manifests, ca_files({})).accounts, manifests, project())
    assert codes == [remark.code for remark in remarks]
    assert [4 for _ in codes] == [remark.location.line for remark in remarks if remark.location]


@pytest.mark.parametrize(
    ("hours", "status", "depth", "settings", "expected"),
    [
        (1, "passed", "message", "d", "sufficient"),
        (1, "passed", "envelope", "d", "missing"),
        (1, "failed", "connect", "d", "failed"),
        (25, "failed", "connect", "d", "missing"),
        (-1, "passed", "message", "d", "missing"),
        (1, "passed", "message", "other", "missing"),
        (1, "passed", None, "d", "missing"),
        (1, "withheld", "message", "d", "missing"),
    ],
)
def test_standing(hours: int, status: str, depth: Depth | None, settings: str, expected: str) -> None:
    """Evidence counts while it is fresh, of these very settings and deep enough."""
    found = Verification.model_validate(
        {"status": status, "depth": depth, "checkedAt": (NOW - timedelta(hours=hours)).isoformat()}
    )
    evidence = Evidence(settings_digest=settings, verification=found)
    seen = standing_of(evidence, settings_digest="d", depth="message", ttl_hours=24, now=NOW)
    assert expected == seen


def test_depth_needed() -> None:
    """An exception lowers the depth of the accounts it names until its last day, and never raises it."""
    exception = {"verification": ["relay-*"], "depth": "connect", "until": "2026-09-01", "reason": "far away"}
    rules = project(guards={"exceptions": [exception]})
    today = NOW.date()
    seen = [
        depth_needed("relay-a", "message", rules, today),
        depth_needed("relay-a", "offline", rules, today),
        depth_needed("other", "message", rules, today),
        depth_needed("relay-a", "message", rules, today + timedelta(days=1)),
    ]
    assert ["connect", "offline", "message", "message"] == seen
