"""What a finished plan says: its status, exit code, counts, and what became of each change's verification."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.diagnostics import Diagnostic, Location, error, grouped, note, sort_key, warning
from reconciler.model.accounts.platform import PlatformServer
from reconciler.model.accounts.recorded import Approval, approval_digest
from reconciler.model.consumers.view import ConsumerView
from reconciler.model.plan import Change
from reconciler.model.servers.server import Server
from reconciler.model.verification.evidence import Check, Evidence, Verification
from reconciler.rules.plan.digests import changes_digest, plan_digest
from reconciler.rules.plan.finish import (
    Making,
    exit_code_of_plan,
    finish_plan,
    is_blocking,
    status_of_plan,
    with_consumers,
)
from reconciler.rules.plan.make import make_plan
from tests.rules.states import KEY_ID, NOW, desired_of, empty_state, policy, project, state_of

if TYPE_CHECKING:
    from reconciler.model.accounts.desired import DesiredAccount
    from reconciler.model.accounts.recorded import RecordedState
    from reconciler.model.plan import SavedPlan

OWN = (
    "apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {{name: {name}{extra}}}\nspec: {{email: a@example.com, "
    "displayName: A, smtp: {{host: h.example}}}}\n"
)
MAKING = Making(tool="reconciler test", created_at=NOW)
GUARD = error("emptyManifests", "x")
FAILED = error("verificationFailed", "x")
INVALID = error("missingField", "x")
VIEW = ConsumerView(name="mailhost", type="postfix", look="read")


def manifests(*names: str, host: str = "smtp.example.com") -> tuple[DesiredAccount, ...]:
    """Return own accounts of these names."""
    return desired_of(
        "---\n".join(
            f"apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {{name: {name}}}\nspec: {{email: a@example.com, "
            f"displayName: A, smtp: {{host: {host}}}}}\n"
            for name in names
        )
    )


def marketing(*, email: str = "n@example.com", title: str = "N") -> tuple[DesiredAccount, ...]:
    """Return one marketing account."""
    return desired_of(
        f"apiVersion: reconciler/v1\nkind: MarketingAccount\nmetadata: {{name: news, title: {title}}}\n"
        f"spec: {{email: {email}, displayName: N}}\n"
    )


def evidence(status: str = "passed", *, code: str = "ok") -> Evidence:
    """Return evidence of a verification that ended so."""
    check = Check(check="auth", status="skipped", code=code, message="It is so.")
    found = Verification.model_validate({"status": status, "depth": "message", "checks": (check,)}, by_name=True)
    return Evidence(settings_digest="d", verification=found)


def plan(
    desired: tuple[DesiredAccount, ...],
    recorded: RecordedState | None = None,
    found: dict[str, Evidence] | None = None,
    **parts: Any,
) -> SavedPlan:
    """Return the finished plan."""
    return finish_plan(make_plan(desired, recorded or empty_state(), policy(**parts)), found or {}, MAKING)


def change(*, held: bool = False) -> Change:
    """Return a change."""
    return Change(action="create", kind="OwnAccount", name="a", held=held)


@pytest.mark.parametrize(
    ("changes", "problems", "expected"),
    [
        ([], [], "empty"),
        ([change(held=True)], [], "empty"),
        ([change(held=True), change()], [], "ready"),
        ([change()], [warning("heldChange", "x"), note("secretsNotRead", "x")], "ready"),
        ([change()], [INVALID], "invalid"),
        ([change()], [INVALID, GUARD], "blocked"),
        ([], [FAILED], "blocked"),
    ],
)
def test_the_status_of_a_plan(changes: list[Change], problems: list[Diagnostic], expected: str) -> None:
    """A guard or a failed verification blocks, any other error makes it invalid, held changes alone leave it empty."""
    assert expected == status_of_plan(changes, problems)


@pytest.mark.parametrize(("problem", "expected"), [(GUARD, True), (FAILED, True), (INVALID, False)])
def test_what_blocks(problem: Diagnostic, *, expected: bool) -> None:
    """Guards and failed verification do; faults of the input are another matter."""
    assert expected == is_blocking(problem)


@pytest.mark.parametrize(
    ("problems", "is_detailed", "expected"),
    [
        ([INVALID, FAILED, GUARD], True, 4),
        ([INVALID, FAILED], True, 3),
        ([INVALID], True, 1),
        ([replace(GUARD, severity="warning")], True, 2),
        ([replace(FAILED, severity="warning")], False, 0),
        ([], True, 2),
        ([], False, 0),
    ],
)
def test_exit_codes(problems: list[Diagnostic], expected: int, *, is_detailed: bool) -> None:
    """A guard goes before failed verification, that before other errors; pending changes only where asked for."""
    made = plan(manifests("a")).model_copy(update={"diagnostics": tuple(problems)})
    assert expected == exit_code_of_plan(made, is_detailed=is_detailed)


def test_an_empty_plan_is_no_pending_change() -> None:
    """Nothing to do is 0, however it is asked."""
    accounts = manifests("a")
    assert 0 == exit_code_of_plan(plan(accounts, state_of(accounts)), is_detailed=True)


@pytest.mark.parametrize(
    ("is_edited", "is_detailed", "expected"), [(True, True, 2), (True, False, 0), (False, True, 0)]
)
def test_a_consumer_that_differs_is_a_pending_change(expected: int, *, is_edited: bool, is_detailed: bool) -> None:
    """Also of a plan that changes no account."""
    accounts = manifests("a")
    view = VIEW.model_copy(update={"is_edited": is_edited})
    made = with_consumers(plan(accounts, state_of(accounts)), (VIEW, view), ())
    assert ("empty", expected) == (made.status, exit_code_of_plan(made, is_detailed=is_detailed))


def test_what_a_plan_says_of_itself() -> None:
    """Tool, time, project, place in the state's history, the depth and flags that apply needs, and both digests."""
    draft = make_plan(manifests("a"), replace(empty_state(), serial=7), policy(allow_deletes=3))
    made = finish_plan(draft, {}, replace(MAKING, depth="connect"), remarks=[note("unusedServer", "x")])
    assert "reconciler test" == made.tool
    assert NOW == made.created_at
    assert "mail" == made.project
    assert "11111111" == made.lineage
    assert 7 == made.serial
    assert "connect" == made.inputs.depth
    assert 3 == made.inputs.allow_deletes
    assert KEY_ID == made.inputs.fingerprint_key_id
    assert (changes_digest(made.changes, made.lifted_guards), plan_digest(made)) == (
        made.changes_digest,
        made.plan_digest,
    )
    assert ["unusedServer"] == [problem.code for problem in made.diagnostics]
    assert plan(manifests("a")).inputs.depth is None


@pytest.mark.parametrize(
    ("parts", "verifies", "sent"),
    [
        ({}, (2, [2]), [2]),
        ({"skips": frozenset({"b"})}, (1, [1]), [2]),
        ({"reused": frozenset({"b"})}, (2, [2]), [1]),
        ({"depth": "connect"}, (2, []), [2]),
        ({"operator": None}, (2, []), []),
        ({"created_at": NOW + timedelta(days=2)}, (3, [3]), [2]),
    ],
    ids=["all", "one overridden", "one verified earlier", "less deep", "to nobody", "once evidence is too old"],
)
def test_a_plan_tells_whom_apply_contacts_and_who_had_messages(
    parts: dict[str, Any], verifies: tuple[int, list[int]], sent: list[int]
) -> None:
    """Of three new accounts one has passed, one has failed with its message sent, and one was not verified."""
    draft = make_plan(manifests("a", "b", "c"), empty_state(), policy())
    digests = {step.name: step.settings_digest for step in draft.steps if step.after is not None}
    message = Check(check="message", status="passed", code="ok", message="It is so.")
    found = {
        name: Evidence(
            settings_digest=digests[name] or "",
            verification=Verification.model_validate(
                {"status": status, "depth": "message", "checked_at": NOW, "checks": (message,)}, by_name=True
            ),
        )
        for name, status in (("a", "passed"), ("b", "failed"))
    }
    made = finish_plan(draft, found, replace(MAKING, **{"operator": "ops@example.com", **parts}))
    assert made.apply_verifies is not None
    told = [(each.to, each.count) for each in made.apply_verifies.messages]
    assert (verifies[0], [("ops@example.com", count) for count in verifies[1]]) == (made.apply_verifies.accounts, told)
    assert [("ops@example.com", count) for count in sent] == [(each.to, each.count) for each in made.messages_sent]


def test_changes_are_counted_by_action() -> None:
    """A held change counts as held, and as nothing else."""
    recorded = state_of(manifests("gone", "same", "changed", "failing"))
    desired = (*manifests("new", "same"), *manifests("changed", "failing", host="other.example"))
    found = {"failing": evidence("failed", code="deadline"), "changed": evidence(), "new": evidence()}
    made = plan(desired, recorded, found, holds_failing=True)
    assert {"create": 1, "update": 1, "rename": 0, "delete": 1, "held": 1, "unchanged": 1} == made.summary.model_dump()
    assert "ready" == made.status


@pytest.mark.parametrize(
    ("found", "holds", "told", "status", "held"),
    [
        (evidence(), False, [], "passed", False),
        (None, False, [], "skipped", False),
        (evidence("skipped"), False, [], "skipped", False),
        (
            evidence("failed", code="deadline"),
            False,
            [("error", "verificationFailed", "a", "auth: It is so.")],
            "failed",
            False,
        ),
        (
            evidence("failed", code="deadline"),
            True,
            [("warning", "heldChange", "a", "The change of a is left out: auth: It is so.")],
            "failed",
            True,
        ),
        (evidence(), True, [], "passed", False),
        (
            evidence("withheld", code="withheld"),
            False,
            [("error", "credentialWithheld", "a", "auth: It is so.")],
            "withheld",
            False,
        ),
    ],
    ids=["passed", "not verified", "skipped", "failed", "failed and held", "passed and would be held", "withheld"],
)
def test_what_becomes_of_a_verification(
    found: Evidence | None, told: list[tuple[str, str, str, str]], status: str, *, holds: bool, held: bool
) -> None:
    """A failure blocks, or is held where that was asked for; a credential withheld on the way is an error."""
    made = plan(manifests("a"), None, {"a": found} if found else {}, holds_failing=holds)
    assert told == [(each.severity, each.code, each.subject, each.detail) for each in made.diagnostics]
    assert (status, held) == (made.changes[0].verification.status, made.changes[0].held)
    assert found == made.inputs.accounts["a"].evidence


REFUSED = error("consumerCannotCarry", "b", subject="a")
WARNED = warning("consumerEdited", "a", subject="z")
REMARK = note("secretsNotRead", "m")


@pytest.mark.parametrize(
    ("views", "problems", "status"),
    [
        ((VIEW,), (), "ready"),
        ((VIEW,), (REFUSED,), "blocked"),
        ((), (REFUSED,), "blocked"),
        ((VIEW,), (WARNED, REFUSED, INVALID), "blocked"),
        ((VIEW,), (INVALID, REMARK), "invalid"),
    ],
    ids=["a view", "refused", "refused without a view", "several problems", "invalid"],
)
@pytest.mark.parametrize("is_kept", [True, False], ids=["kept", "looked at"])
def test_consumers_are_added_to_a_plan(
    views: tuple[ConsumerView, ...], problems: tuple[Diagnostic, ...], status: str, *, is_kept: bool
) -> None:
    """With what is told of them, each problem once and in order, and the status that follows; digests only where it had them."""
    draft = make_plan(manifests("a"), empty_state(), policy())
    before = finish_plan(draft, {"a": evidence()}, replace(MAKING, is_kept=is_kept), remarks=[REMARK])
    assert "ready" == before.status
    after = with_consumers(before, views, iter(problems))
    assert (views, status) == (after.consumers, after.status)
    assert grouped(sorted({*before.diagnostics, *problems}, key=sort_key)) == after.diagnostics
    assert (plan_digest(after) if is_kept else "") == after.plan_digest
    assert before == with_consumers(before, (), ())


def test_what_needs_no_evidence_keeps_what_was_found() -> None:
    """A reading of earlier is recorded with the account, also where a change does not ask for one."""
    recorded = state_of(manifests("a"))
    retitled = desired_of(
        "apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {name: a, title: T}\nspec: {email: a@example.com, "
        "displayName: A, smtp: {host: smtp.example.com}}\n"
    )
    found = plan(retitled, recorded, {"a": evidence()})
    assert (False, evidence()) == (found.inputs.accounts["a"].needs_evidence, found.inputs.accounts["a"].evidence)


def test_what_needs_no_evidence_is_unchanged() -> None:
    """A deletion is not verified."""
    (deleted,) = plan((), state_of(manifests("a")), allow_deletes=1).changes
    assert "unchanged" == deleted.verification.status


def test_a_withheld_credential_is_told_once() -> None:
    """What the plan has told of already is not told again by the check; the change counts as withheld."""
    text = (
        "apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {name: a}\nspec: {email: a@example.com, displayName: A, "
        "smtp: {host: h.example.com, authentication: {username: u, password: {env: SMTP_A}}}}\n"
    )
    rules = {"project": project(secrets={"firstUse": "grant"})}
    made = plan(desired_of(text), None, {"a": evidence("withheld", code="withheld")}, **rules)
    assert (["credentialWithheld"], "withheld") == (
        [each.code for each in made.diagnostics],
        made.changes[0].verification.status,
    )
    assert "withheld" == plan(desired_of(text), None, {"a": evidence()}, **rules).changes[0].verification.status


def approved(desired: tuple[DesiredAccount, ...], decision: str = "approved") -> RecordedState:
    """Return the state where the platform has decided on the account."""
    state = state_of(desired)
    account = state.accounts["news"]
    subject = approval_digest(account.kind, account.settings)
    assert subject is not None
    approval = Approval.model_validate(
        {"decision": decision, "actor": "p", "at": NOW, "subject_digest": subject}, by_name=True
    )
    return replace(state, accounts={"news": replace(account, approval=approval)})


@pytest.mark.parametrize(
    ("desired", "recorded", "approval", "expected"),
    [
        (marketing(), empty_state(), "manual", True),
        (marketing(), empty_state(), "automatic", False),
        (marketing(title="T"), approved(marketing()), "manual", False),
        (marketing(email="m@example.com"), approved(marketing()), "manual", True),
        (marketing(title="T"), state_of(marketing()), "manual", True),
        (manifests("news"), empty_state(), "manual", False),
    ],
    ids=["new", "automatic", "approved", "changed since", "not decided", "own"],
)
def test_who_will_await_the_platform(
    desired: tuple[DesiredAccount, ...], recorded: RecordedState, approval: str, *, expected: bool
) -> None:
    """A marketing account that is new, not decided on, or changed in what was decided on, unless all are approved."""
    made = plan(desired, recorded, project=project(platform={"approval": approval}))
    assert expected == made.inputs.accounts["news"].awaits_approval


def test_the_approval_that_was_seen_is_kept() -> None:
    """Apply compares what the plan saw of an approval; of an account without one that there was none."""
    state = approved(marketing())
    approval = state.accounts["news"].approval
    assert approval is not None
    assert {"news": approval.as_seen} == plan(marketing(title="T"), state).inputs.approvals
    assert {"news": None} == plan(marketing(title="T"), state_of(marketing())).inputs.approvals
    assert {} == plan(marketing()).inputs.approvals


def test_an_approval_is_not_reset_by_a_change_that_is_held() -> None:
    """The warning goes where the change stays out, and nothing else goes."""
    changed = marketing(email="m@example.com")
    found = {"news": evidence("failed", code="deadline")}
    held = plan(changed, approved(marketing()), found, holds_failing=True)
    assert ["heldChange"] == [each.code for each in held.diagnostics]
    blocked = plan(changed, approved(marketing()), found)
    assert {"approvalReset", "verificationFailed"} == {each.code for each in blocked.diagnostics}


def test_what_apply_records_is_carried() -> None:
    """Documents, digests, the manifests and secrets behind an account, and the selection that the plan was made by."""
    text = (
        "apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {name: a}\nspec: {email: a@ż.example, displayName: A, "
        "smtp: {server: relay}}\n---\napiVersion: reconciler/v1\nkind: MailServer\nmetadata: {name: relay}\n"
        "spec: {host: h.example.com, caFile: ca.pem, authentication: {username: u, password: {env: SMTP_A}}}\n"
    )
    (account,) = desired_of(text, {"ca.pem": "one"})
    rules = policy({"env:SMTP_A": "one"}, targets=("a",), excludes=("b",), holds_failing=True)
    draft = make_plan([account], replace(empty_state(), fingerprint_key_id=KEY_ID), rules)
    inputs = finish_plan(draft, {}, MAKING).inputs
    prepared = inputs.accounts["a"]
    assert account.document == prepared.document
    assert account.written == prepared.written
    assert account.ca_digest == prepared.ca_digest
    assert "accounts.d/accounts.yaml" == prepared.manifest
    assert prepared.needs_evidence is True
    (step,) = draft.to_verify
    assert step.settings_digest is not None
    assert (step.settings_digest, step.fingerprints) == (
        prepared.settings_digest,
        prepared.fingerprints,
    )
    assert ("accounts.d/accounts.yaml", ("env:SMTP_A",)) == (prepared.server_manifest, prepared.server_secrets)
    assert ("a",) == inputs.targets
    assert ("b",) == inputs.excludes
    assert inputs.holds_failing is True


@pytest.mark.parametrize("leaves", [True, False])
def test_that_an_account_says_itself_what_its_server_does_not_is_carried(*, leaves: bool) -> None:
    """What a scope lends by the server's name is judged by it when the plan is applied."""
    (account,) = manifests("a")
    made = plan((replace(account, leaves_server=leaves),))
    assert leaves is made.inputs.accounts["a"].leaves_server


def test_an_account_without_a_server_has_no_manifest_of_one() -> None:
    """Only what comes from a MailServer is named by one."""
    prepared = plan(manifests("a")).inputs.accounts["a"]
    assert (None, ()) == (prepared.server_manifest, prepared.server_secrets)


def test_what_else_is_told_of_a_held_change_stays() -> None:
    """Only the reset of an approval goes with a change that is left out."""
    renamed = desired_of(
        "apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {name: a, previousName: x}\nspec: "
        "{email: a@example.com, displayName: A, smtp: {host: h.example.com}}\n"
    )
    held = plan(renamed, None, {"a": evidence("failed", code="deadline")}, holds_failing=True)
    assert {"heldChange", "previousNameUnknown"} == {each.code for each in held.diagnostics}


def test_the_platforms_routes_are_carried() -> None:
    """Where the platform's own secrets travel is part of what apply records."""
    platform = PlatformServer(
        server=Server.model_validate(
            {
                "host": "p.example",
                "port": 587,
                "encryption": "starttls",
                "authentication": {"username": "p", "password": "env:SMTP_PLATFORM"},
            }
        )
    )
    assert platform.secret_routes == plan(marketing(), platform=platform).inputs.platform_routes
    assert () == plan(manifests("a"), platform=platform).inputs.platform_routes


def test_the_secrets_of_a_server_come_in_order() -> None:
    """By reference, so that the same plan has the same digest."""
    login = "mechanism: xoauth2, username: u, oauth2: {tokenUrl: 'https://l.example/t', clientId: c, "
    for client, refresh, proxy in ("CBA", "ACB", "BAC"):
        text = (
            "apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {name: a}\nspec: {email: a@example.com, displayName: A, "
            "smtp: {server: relay}}\n---\napiVersion: reconciler/v1\nkind: MailServer\nmetadata: {name: relay}\n"
            f"spec: {{host: h.example.com, authentication: {{{login}clientSecret: {{env: {client}}}, refreshToken: {{env: "
            f"{refresh}}}}}}}, proxy: {{type: http, host: p.example, port: 1, username: m, password: {{env: {proxy}}}}}}}\n"
        )
        assert ("env:A", "env:B", "env:C") == plan(desired_of(text)).inputs.accounts["a"].server_secrets


def test_a_change_that_waits_for_another_says_for_which() -> None:
    """It is left out too, because the name that it takes stays taken."""
    renamed = ", previousName: a"
    (before,) = desired_of(OWN.format(name="a", extra=""))
    desired = [*desired_of(OWN.format(name="b", extra=renamed)), *desired_of(OWN.format(name="a", extra=""))]
    moved = [
        replace(each, document={**each.document, "spec": {**each.document["spec"], "displayName": "B"}})
        for each in desired
    ]
    made = make_plan(moved, state_of([before]), policy(holds_failing=True))
    failing = {"b": evidence("failed"), "a": evidence()}
    told = {each.subject: each.detail for each in finish_plan(made, failing, MAKING).diagnostics}
    assert "a is left out too: it takes a name that b gives up, and that change is held." == told["a"]


def test_what_fails_at_the_platform_is_told_where_that_is_declared() -> None:
    """Once for all accounts that are verified through it."""
    place = Location("reconciler.yaml", 9, 3)
    server = Server.model_validate({"host": "p.example", "port": 587, "encryption": "starttls"})
    rules = policy(platform=PlatformServer(server=server, location=place))
    (news,) = marketing()
    draft = make_plan([news, replace(news, name="other")], empty_state(), rules)
    failing = {name: evidence("failed") for name in ("news", "other")}
    (problem,) = finish_plan(draft, failing, MAKING).diagnostics
    assert (("news", "other"), place) == (problem.concerned, problem.location)
