"""Which scope a manifest belongs to, and moves from one to another."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.diagnostics import Location
from reconciler.model.accounts.desired import DesiredAccount
from reconciler.model.accounts.located import Overlay
from reconciler.model.plan import FieldChange
from reconciler.model.step import Create, Delete, Update
from reconciler.rules.plan.guards import guard_scopes
from reconciler.rules.secrets.scopes import is_in_scope, is_moved, move_field, refused_places, scopes_of
from tests.rules.states import desired_of, located, policy, project, recorded_of

if TYPE_CHECKING:
    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.model.step import Step

SCOPED = {
    "allow": [
        "env:SMTP_*",
        {"secret": "env:A_*", "manifests": "accounts.d/a/**"},
        {"secret": "env:B_*", "manifests": "accounts.d/b/**"},
        {"secret": "env:ALL_*", "manifests": "accounts.d/**"},
    ]
}
PROJECT = project(secrets=SCOPED)
HERE, THERE = "accounts.d/a/x.yaml", "accounts.d/b/x.yaml"


def recorded(manifest: str | None, name: str = "sales") -> RecordedAccount:
    """Return an account recorded from a manifest."""
    text = "apiVersion: reconciler/v1\nkind: MarketingAccount\nspec: {email: a@example.com, displayName: A}\n"
    return replace(recorded_of(desired_of(f"{text}metadata: {{name: {name}}}\n")[0], {}), manifest=manifest)


def test_a_manifest_has_the_scopes_that_cover_it() -> None:
    """Only the scoped entries count."""
    assert {"accounts.d/a/**", "accounts.d/**"} == scopes_of(HERE, PROJECT)
    assert set() == scopes_of("elsewhere/x.yaml", PROJECT)


@pytest.mark.parametrize(
    ("glob", "manifest", "expected"),
    [
        ("accounts.d/a/**", HERE, True),
        ("accounts.d/a/**", THERE, False),
        ("*", "x.yaml", True),
        ("**", "", True),
        ("**/*", "", True),
        ("*", "", False),
        ("*/*", "", False),
        ("**/", "", False),
        ("?**", "", False),
        ("accounts.d/**", "", False),
    ],
)
def test_what_no_manifest_vouches_for_is_in_no_scope_but_that_of_all(
    glob: str, manifest: str, *, expected: bool
) -> None:
    """A glob for some folder covers its manifests; the top folder's covers no account without one."""
    assert expected == is_in_scope(manifest, glob)


@pytest.mark.parametrize(
    ("before", "manifest", "expected"),
    [
        (HERE, THERE, True),
        (HERE, "accounts.d/a/deep/y.yaml", False),
        (HERE, "", False),
        (None, THERE, False),
        ("elsewhere/x.yaml", HERE, True),
    ],
)
def test_what_is_a_move(before: str | None, manifest: str, *, expected: bool) -> None:
    """Another folder of the same scope is no move, nor is one from or to a place that is not known."""
    account = recorded(before)
    assert expected == is_moved(account, manifest, PROJECT)
    field = (FieldChange(path="manifest", before=before, after=manifest),)
    assert (field if expected else ()) == move_field(account, manifest, PROJECT)


def desired(name: str, file: str, location: Location | None = None) -> DesiredAccount:
    """Return an account as a manifest file declares it."""
    return DesiredAccount(kind="OwnAccount", name=name, document={}, file=file, location=location)


def guarded(name: str, *exceptions: dict[str, Any]) -> tuple[list[str], list[str], list[str]]:
    """Return the refusals, lifts and remarks on an account of this name that moves."""
    written = [{"until": "2026-09-01", "reason": f"reason {number}", **each} for number, each in enumerate(exceptions)]
    rules = policy(project=project(secrets=SCOPED, guards={"exceptions": written}))
    place = Location("accounts.d/b/x.yaml", 3, 1)
    steps: list[Step] = [
        Update(before=recorded(HERE), after=desired(name, THERE, place)),
        Update(before=recorded(HERE, "stays"), after=desired("stays", HERE)),
        Create(after=desired("n", HERE)),
        Delete(before=recorded(HERE, "gone")),
    ]
    found = guard_scopes(steps, rules)
    return (
        [f"{each.code} {each.subject} {each.location}: {each.detail}" for each in found.refusals],
        [f"{each.code} by {each.by}" for each in found.lifted],
        [each.code for each in found.remarks],
    )


@pytest.mark.parametrize(("name", "told"), [("sales", "sales"), ("new", "sales, which becomes new,")])
def test_a_move_is_refused_with_the_line_to_add(name: str, told: str) -> None:
    """The refusal stands at the new manifest and names both places, and the name before and after."""
    (refusal,), lifted, remarks = guarded(name, {"delete": ["*"]}, {"scope": ["other"]})
    assert refusal.startswith(
        f"changedScope {name} accounts.d/b/x.yaml:3:1: {told} was recorded from {HERE}, and {THERE} declares it now. "
        "The project file gives these places different rights (scopes, secrets.allow), "
    )
    line = f"    - {{scope: [{name}], until: YYYY-MM-DD, reason: …}}"
    assert refusal.endswith(f" add under guards.exceptions:\n{line}")
    assert ([], []) == (lifted, remarks)


def test_an_exception_lifts_until_its_last_day() -> None:
    """The first exception that names the account and has not run out lifts the guard; one that has is told."""
    current, over = {"scope": ["s*"]}, {"scope": ["sales"], "until": "2026-08-31"}
    expected = (["changedScope by guards.exceptions: reason 1"], ["exceptionExpired"])
    assert ([], *expected) == guarded("sales", over, current, current)


GRANT = {"secret": "env:X", "servers": ["smtp.example.com"]}


@pytest.mark.parametrize(
    ("file", "real_file", "is_refused"),
    [
        (HERE, None, False),
        (HERE, "accounts.d/a/y.yaml", False),
        ("drafts/x.yaml", "drafts/y.yaml", False),
        (HERE, THERE, True),
        (HERE, "drafts/x.yaml", True),
        ("drafts/x.yaml", HERE, True),
        ("accounts.d/c/x.yaml", "accounts.d/granted/x.yaml", True),
        ("accounts.d/granted/x.yaml", "accounts.d/c/x.yaml", True),
        ("accounts.d/c/x.yaml", "accounts.d/d/x.yaml", False),
    ],
)
def test_a_manifest_is_no_link_between_rights(file: str, real_file: str | None, *, is_refused: bool) -> None:
    """A link is refused where an entry or a grant covers one of its places and not the other, and only there."""
    rules = project(secrets={**SCOPED, "grants": [GRANT, {**GRANT, "manifests": "accounts.d/granted/**"}]})
    text = "apiVersion: reconciler/v1\nkind: MailServer\nmetadata: {name: shared}\nspec: {}\n"
    manifests = [replace(each, real_file=real_file) for each in located(text, file=file)]
    problems = refused_places(manifests, rules)
    assert ([("secretNotAllowed", "shared", file)] if is_refused else []) == [
        (each.code, each.subject, each.location.file if each.location else None) for each in problems
    ]
    told = f"{file} is a link to {real_file}, and the project file gives these two places different "
    assert all(each.detail.startswith(told) for each in problems)


STAGING, ELSEWHERE = "overlays/staging/a/x.yaml", "overlays/staging/x.yaml"
BOTH = ["**/a/**", "accounts.d/b/**"]


@pytest.mark.parametrize("rule", ["secret", "scope", "grant"])
@pytest.mark.parametrize(
    ("files", "overlay", "told"),
    [
        ((HERE, None), (STAGING, None), None),
        ((HERE, HERE), (STAGING, "overlays/a/y.yaml"), None),
        (("drafts/x.yaml", None), (ELSEWHERE, None), None),
        ((HERE, None), (ELSEWHERE, None), f"{ELSEWHERE} changes what {HERE} declares, and "),
        (("drafts/x.yaml", None), (STAGING, None), f"{STAGING} changes what drafts/x.yaml declares, and "),
        ((THERE, None), (STAGING, None), f"{STAGING} changes what {THERE} declares, and "),
        ((HERE, THERE), (STAGING, None), f"{HERE} is a link to {THERE}, and "),
        ((HERE, THERE), (ELSEWHERE, None), f"{HERE} is a link to {THERE}, and "),
        ((HERE, None), (STAGING, ELSEWHERE), f"{STAGING} is a link to {ELSEWHERE}, and "),
        ((HERE, None), (ELSEWHERE, STAGING), f"{ELSEWHERE} is a link to {STAGING}, and "),
    ],
)
def test_an_overlay_brings_no_rights_of_another_place(
    files: tuple[str, str | None], overlay: tuple[str, str | None], told: str | None, rule: str
) -> None:
    """Whatever gives places their rights: where it covers a manifest and not its overlay, or a link, that is refused."""
    rules: dict[str, dict[str, Any]] = {
        "secret": {"secrets": {"allow": [{"secret": "env:A_*", "manifests": glob} for glob in BOTH]}},
        "scope": {"scopes": [{"manifests": glob, "senders": ["*@example.com"]} for glob in BOTH]},
        "grant": {"secrets": {"allow": ["env:*"], "grants": [{**GRANT, "manifests": glob} for glob in BOTH]}},
    }
    text = "apiVersion: reconciler/v1\nkind: MailServer\nmetadata: {name: shared}\nspec: {}\n"
    (manifest,) = located(text, file=files[0])
    (changing,) = located(text, file=overlay[0])
    patch = Overlay(("MailServer", "shared"), {}, overlay[0], changing.locator, real_file=overlay[1])
    problems = refused_places([replace(manifest, real_file=files[1], overlay=patch)], project(**rules[rule]))
    assert [each.detail.partition("the project file")[0] for each in problems] == ([told] if told else [])
    assert {(each.code, each.subject, each.location and each.location.file) for each in problems} == (
        {("secretNotAllowed", "shared", told.partition(" ")[0])} if told else set()
    )
    globs = "such as **/sales/** for accounts.d/sales/ and overlays/staging/sales/."
    assert all(each.detail.endswith(globs) == (" changes what " in each.detail) for each in problems)
