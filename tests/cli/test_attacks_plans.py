"""The attacker's table, of plan files: what a plan without a seal says of itself makes no difference, or is refused.

Somebody takes a plan that was saved, paints one of its fields, removes the seal or puts another in its place, and
computes the digests anew. What comes of applying it is compared with what comes of the same plan without the paint.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.model.plan import SavedPlan
from reconciler.planfile import read_plan, seal_plan, write_plan
from reconciler.rules.plan.digests import plan_digest, plan_document_digest
from reconciler.secrets import load_key_file
from tests.cli.project import PASSWORD, USER, Project, alter_plan, marketing_account, own_account
from tests.support.mailserver import MailServer
from tests.support.planfiles import read_document, write_document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Paint = Callable[[dict[str, Any]], None]

PASSED = {"checks": [], "status": "passed", "depth": "message", "checkedAt": "2999-01-01T00:00:00Z"}
SAME = "same"
"""The verdict on a painted field that makes no difference."""


def put(path: str, *, to: Any) -> Paint:
    """Return what sets one value of a plan; ``path`` with slashes, numbers for places in lists."""

    def paint(document: dict[str, Any]) -> None:
        *parents, last = path.split("/")
        place: Any = document
        for step in parents:
            place = place[int(step)] if isinstance(place, list) else place[step]
        place[int(last) if isinstance(place, list) else last] = to

    return paint


NEWS, SALES, SPARE = "changes/0/", "changes/1/", "changes/2/"
OF_SALES, OF_SPARE, OF_NEWS = (f"inputs/accounts/{name}/" for name in ("sales", "spare", "news"))
ROUTE = {
    "secret": "env:SMTP_SALES_PASSWORD",
    "fingerprint": None,
    "route": {"username": "x", "host": "evil.example.net", "port": 25, "encryption": "none"},
}
GUARD = {"code": "tooManyDeletes", "by": "--allow-deletes 99"}
REMARK = {"severity": "warning", "code": "heldChange", "summary": "x", "detail": "All is well.", "subject": "sales"}
REFUSAL = {**REMARK, "severity": "error", "code": "tooManyDeletes"}
FIELDS: tuple[tuple[str, Any, int | str], ...] = (
    ("formatVersion", "1.9", SAME),
    ("formatVersion", "2.0", 4),
    ("tool", "reconciler 0.0.1", SAME),
    ("createdAt", "2001-01-01T00:00:00Z", SAME),
    ("project", "other", 4),
    ("lineage", "other", 4),
    ("lineage", None, 4),
    ("serial", 99, SAME),
    ("status", "blocked", SAME),
    ("status", "empty", SAME),
    ("status", "invalid", 1),
    ("summary/unchanged", 999, SAME),
    ("summary/held", 999, SAME),
    ("summary/create", 999, SAME),
    ("liftedGuards", [GUARD], SAME),
    ("messagesSent", [{"to": "x@example.com", "count": 9}], SAME),
    ("applyVerifies", None, SAME),
    ("consumers", [], SAME),
    ("diagnostics", [], SAME),
    ("diagnostics", [REMARK], SAME),
    ("diagnostics", [REFUSAL], 4),
    (SALES + "action", "create", 4),
    (SALES + "action", "rename", 4),
    (SALES + "action", "delete", 4),
    (SALES + "kind", "MarketingAccount", 4),
    (NEWS + "kind", "OwnAccount", 4),
    (SALES + "name", "spare", 4),
    (SALES + "name", "other", 4),
    (SALES + "previousName", "spare", 4),
    (SALES + "previousName", "other", 5),
    (SALES + "cause", "rotation", SAME),
    (SALES + "server", "office365", SAME),
    (SALES + "baseRevision", 0, 5),
    (SALES + "baseRevision", None, 5),
    (SALES + "fields", [], 4),
    (SALES + "fields/0/path", "spec.email", 4),
    (SALES + "fields/0/before", "x", 4),
    (SALES + "fields/0/after", "x", 4),
    (SALES + "fields/0/rotated", True, 4),
    (SALES + "fields/0/origin", "accounts.d/other.yaml:1", SAME),
    (SALES + "verification", PASSED, SAME),
    (SALES + "verification", {"status": "unchanged", "checks": []}, SAME),
    (OF_SALES + "document/spec/email", "eve@example.com", 4),
    (OF_SALES + "document/spec/shared", None, 4),
    (OF_SALES + "document/spec/more", {}, 4),
    (OF_SALES + "document/more", {}, 4),
    (OF_SALES + "document/metadata/labels", {}, 4),
    (OF_SALES + "document/spec", {}, 4),
    (OF_NEWS + "document/spec/smtp", {}, 4),
    (OF_SALES + "written", {"spec.email": "sales@EXAMPLE.com"}, SAME),
    (OF_SALES + "written", {"spec.email": "eve@example.com"}, 4),
    (OF_SALES + "caDigest", "0" * 64, 4),
    (OF_SALES + "fingerprints", {}, SAME),
    (OF_SALES + "fingerprints", {"env:SMTP_SALES_PASSWORD": "hmac-sha256:0"}, SAME),
    (OF_SPARE + "fingerprints", {"env:SMTP_SALES_PASSWORD": "hmac-sha256:0"}, SAME),
    (OF_SALES + "settingsDigest", "sha256:0", SAME),
    (OF_SALES + "needsEvidence", False, SAME),
    (OF_SPARE + "needsEvidence", True, SAME),
    (OF_NEWS + "needsEvidence", False, SAME),
    (OF_SALES + "manifest", "accounts.d/other/x.yaml", SAME),
    (OF_SALES + "manifest", None, SAME),
    (OF_SALES + "serverManifest", "accounts.d/other/x.yaml", SAME),
    (OF_SALES + "serverSecrets", ["env:SMTP_SALES_PASSWORD"], SAME),
    (OF_SALES + "leavesServer", True, SAME),
    (OF_SALES + "evidence", {"settingsDigest": "sha256:0", "verification": PASSED}, SAME),
    (OF_NEWS + "awaitsApproval", False, SAME),
    (OF_SALES + "awaitsApproval", True, SAME),
    ("inputs/accounts/ghost", "of sales", SAME),
    ("inputs/fingerprintKeyId", "0000000000000000", SAME),
    ("inputs/fingerprintKeyId", None, SAME),
    ("inputs/approvals/news", None, 5),
    ("inputs/depth", "offline", SAME),
    ("inputs/depth", "connect", SAME),
    ("inputs/allowDeletes", 99, SAME),
    ("inputs/targets", ["x"], SAME),
    ("inputs/excludes", ["x"], SAME),
    ("inputs/holdsFailing", True, SAME),
    ("inputs/grantsUsed", ["env:SMTP_* to evil.example.net"], SAME),
    ("inputs/platformRoutes", [ROUTE], SAME),
    ("inputs/part", {"index": 1, "count": 2, "depth": "offline", "readsAllSecrets": False}, 4),
)
"""Each field, what it is painted with, and what comes of that: no difference, or the exit code of a refusal."""
NOT_PAINTED = {
    "changesDigest", "planDigest", "seal", "changes", "inputs", "summary", "inputs/accounts", "inputs/approvals",
    "summary/update", "summary/rename", "summary/delete", "changes/held",
}  # fmt: skip
"""The wholes whose parts are painted, counts like those that are, and what has a test of its own."""


@pytest.fixture(scope="module")
def running() -> Iterator[MailServer]:
    """Run the accounts' server."""
    with MailServer(encryption="none", users={USER: PASSWORD}) as server:
        yield server


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that the settled project and what its plan comes to are kept in."""
    return tmp_path_factory.mktemp("settled")


@pytest.fixture
def planned(bare: Project, running: MailServer, cache: Path) -> Project:
    """Return a project with a saved plan: settings of two accounts change, and the title of a third."""
    if (cache / "mail").exists():
        shutil.copytree(cache / "mail", bare.folder, dirs_exist_ok=True)
        return bare
    bare.write_project("verification: {depth: {apply: auth}}\n")
    bare.init()
    for name in ("sales", "spare"):
        bare.write_account(name, own_account(name, running))
    bare.write_account("news", marketing_account("news"))
    bare.run_well("apply", "--auto-approve")
    bare.run_well("approve", "news")
    bare.write_account("sales", own_account("sales", running, display_name="New"))
    bare.write_account("spare", own_account("spare", running, metadata="title: New"))
    bare.write_account("news", marketing_account("news", email="new@example.com"))
    bare.run_well("plan", "--out", "plan.json")
    bare.forget_evidence()
    shutil.copytree(bare.folder, cache / "mail")
    return bare


def recorded(project: Project) -> str:
    """Return what state holds of accounts and of the last entry, without times, digests and salts."""
    columns = "name, kind, document, written, revision, settings_digest, ca_digest, fingerprints, fingerprint_key_id"
    with closing(sqlite3.connect(project.state_file)) as connection:
        rows = connection.execute(f"SELECT {columns}, manifest, verification FROM accounts ORDER BY name").fetchall()  # noqa: S608 - of this file
        query = "SELECT payload FROM journal_payloads ORDER BY sequence DESC LIMIT 1"
        payload = json.loads(connection.execute(query).fetchone()[0])
        routes = connection.execute("SELECT account, secret, fingerprint, route FROM secret_routes").fetchall()
        key = connection.execute("SELECT fingerprint_key_id FROM projects").fetchone()
    rows = [(*row[:-1], {**json.loads(row[-1]), "checked_at": None, "checkedAt": None}) for row in rows]
    for name in ("salt", "accountDigests", "accountsBefore", "accountParts", "revisionDigests", "changesDigest"):
        payload.pop(name, None)
    for each in payload["verification"].values():
        each.pop("checkedAt", None)
    for name in ("at", "planDigest"):
        payload["revision"].pop(name)
    return json.dumps([rows, payload, sorted(map(str, routes)), key], sort_keys=True)


def unsealed(document: dict[str, Any]) -> None:
    """Remove the seal."""
    document["seal"] = None


def sealed_otherwise(document: dict[str, Any]) -> None:
    """Put a seal of another key in its place."""
    document["seal"] = "0123456789abcdef " + "0" * 64


@pytest.fixture
def plainly(planned: Project, cache: Path) -> str:
    """Return what comes of the plan without a seal and without paint."""
    kept = cache / "plainly.json"
    if not kept.exists():
        shutil.copytree(planned.folder, cache / "unpainted", dirs_exist_ok=True)
        alter_plan(planned.folder / "plan.json", unsealed, fits_digest=True)
        planned.run_well("apply", "plan.json")
        kept.write_text(recorded(planned), encoding="utf-8")
        shutil.copytree(cache / "unpainted", planned.folder, dirs_exist_ok=True)
    return kept.read_text(encoding="utf-8")


@pytest.mark.parametrize("seal", [unsealed, sealed_otherwise], ids=lambda each: each.__name__)
@pytest.mark.parametrize(("path", "value", "verdict"), FIELDS, ids=[f"{row[0]}={str(row[1])[:20]}" for row in FIELDS])
def test_a_painted_field_makes_no_difference_or_is_refused(
    planned: Project, plainly: str, path: str, value: Any, verdict: int | str, seal: Paint
) -> None:
    """Every field of a plan without a good seal can be altered, and it makes no difference or is refused."""
    plan = planned.folder / "plan.json"
    chosen = read_document(plan)["inputs"]["accounts"]["sales"] if value == "of sales" else value
    alter_plan(plan, put(path, to=chosen))
    alter_plan(plan, seal, fits_digest=True)
    before = planned.state_file.read_bytes()
    applied = planned.run("apply", "plan.json", "--format", "json")
    if verdict == SAME:
        assert applied.code == 0, applied
        assert json.loads(plainly) == json.loads(recorded(planned))
    else:
        assert verdict == applied.code, applied
        assert before == planned.state_file.read_bytes()


def paths(schema: dict[str, Any], definitions: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield every field of a model, and those of the models that it is made of."""
    for name, part in schema["properties"].items():
        yield prefix + name
        inner = [*part.get("anyOf", ()), part, part.get("items", {}), part.get("additionalProperties", {})]
        names = [each["$ref"].rsplit("/", 1)[1] for each in inner if isinstance(each, dict) and "$ref" in each]
        for found in names:
            if found in {"Change", "FieldChange", "Summary", "ApplyInputs", "PreparedAccount"}:
                yield from paths(definitions[found], definitions, f"{prefix}{name}/")


def test_every_field_of_a_plan_is_painted() -> None:
    """A field that is added to plans needs a row in the table."""
    schema = SavedPlan.model_json_schema(by_alias=True)
    painted = {
        "/".join(step for step in row[0].split("/") if not step.isdigit() and step not in {"sales", "spare", "news"})
        for row in FIELDS
    }
    painted = {each.split("document/")[0] + "document" if "/document" in each else each for each in painted}
    assert set() == {*paths(schema, schema["$defs"])} - painted - NOT_PAINTED


@pytest.mark.parametrize("field", ["planDigest", "changesDigest"])
def test_a_digest_that_does_not_fit_is_refused(planned: Project, field: str) -> None:
    """Whether the seal is there or not."""
    plan = planned.folder / "plan.json"
    document = read_document(plan)
    document |= {"seal": None, field: "sha256:0"}
    if field == "changesDigest":
        document["planDigest"] = plan_document_digest(document)
    write_document(plan, document)
    refused = planned.run("apply", "plan.json", "--format", "json")
    assert (4, "planAltered") == (refused.code, refused.codes[0])


def test_a_change_painted_as_held_is_left_out(planned: Project) -> None:
    """As the plan shows it; but neither the journal nor the counts say that it was held because it failed."""
    alter_plan(planned.folder / "plan.json", put(SALES + "held", to=True))
    alter_plan(planned.folder / "plan.json", unsealed, fits_digest=True)
    planned.run_well("apply", "plan.json")
    _, payload = planned.journal()[-1]
    assert (["news", "spare"], []) == ([each["name"] for each in payload["revision"]["changes"]], payload["held"])
    assert 0 == payload["revision"]["summary"]["held"]


EXCUSES: dict[str, Paint] = {
    "depth": put("inputs/depth", to="offline"),
    "no need": put("inputs/accounts/shop/needsEvidence", to=False),
    "evidence": put("inputs/accounts/shop/evidence", to={"settingsDigest": "sha256:0", "verification": PASSED}),
    "rotation": put("changes/1/cause", to="rotation"),
    "holding": put("inputs/holdsFailing", to=True),
    "shown": put("changes/1/verification", to=PASSED),
    "exception": put(
        "liftedGuards", to=[{"code": "verificationIncomplete", "by": "guards.exceptions: x (to offline)"}]
    ),
}


@pytest.mark.parametrize("seal", [unsealed, sealed_otherwise], ids=lambda each: each.__name__)
@pytest.mark.parametrize("server", ["nobody.invalid", "localhost"])
@pytest.mark.parametrize("excuse", [*EXCUSES, "all"])
def test_nothing_is_recorded_that_was_not_contacted(planned: Project, excuse: str, server: str, seal: Paint) -> None:
    """An account whose server does not exist, or does not answer, is not recorded, however the plan is painted."""
    planned.write_account("shop", own_account("shop", 1, host=server, username=None))
    planned.run_well("plan", "--depth", "offline", "--out", "plan.json")
    plan = planned.folder / "plan.json"

    def clear(document: dict[str, Any]) -> None:
        document.update(status="ready", diagnostics=[])
        names = [change["name"] for change in document["changes"]]
        place = names.index("shop")
        document["changes"] = [document["changes"][place]] * 2
        for paint in EXCUSES.values() if excuse == "all" else (EXCUSES[excuse],):
            paint(document)
        document["changes"] = document["changes"][1:]

    alter_plan(plan, clear)
    alter_plan(plan, seal, fits_digest=True)
    refused = planned.run("apply", "plan.json", "--format", "json")
    assert (3, ["verificationFailed"]) == (refused.code, refused.codes), refused
    assert "shop" not in planned.statuses()


def test_a_rotation_that_is_none_is_refused(planned: Project, running: MailServer) -> None:
    """What a plan without a seal shows as rotated has to be another value than the one recorded."""
    planned.write_account("spare", own_account("spare", running))
    planned.set_variable("SMTP_SALES_PASSWORD", "another-one-altogether")
    planned.run("plan", "--target", "spare", "--depth", "connect", "--out", "plan.json")
    planned.set_variable("SMTP_SALES_PASSWORD", PASSWORD)
    alter_plan(planned.folder / "plan.json", unsealed, fits_digest=True)
    refused = planned.run("apply", "plan.json", "--format", "json")
    assert (4, ["planAltered"]) == (refused.code, refused.codes), refused


def test_a_manifest_that_only_the_plan_names_is_not_recorded(planned: Project, running: MailServer) -> None:
    """Otherwise the next plan would take state's word for it, and give the account the secrets of that folder."""
    planned.write_account("shop", own_account("shop", running))
    planned.run_well("plan", "--out", "plan.json")
    alter_plan(planned.folder / "plan.json", put("inputs/accounts/shop/manifest", to="accounts.d/client-a/x.yaml"))
    alter_plan(planned.folder / "plan.json", unsealed, fits_digest=True)
    planned.run_well("apply", "plan.json")
    with closing(sqlite3.connect(planned.state_file)) as connection:
        found = dict(connection.execute("SELECT name, manifest FROM accounts").fetchall())
    assert (None, "accounts.d/sales.yaml") == (found["shop"], found["sales"])


def test_a_painted_override_is_asked_of_what_needs_it(planned: Project) -> None:
    """Who may be overridden is derived too: a change of settings needs verification whatever the plan says."""
    alter_plan(planned.folder / "plan.json", put(OF_SALES + "needsEvidence", to=False))
    alter_plan(planned.folder / "plan.json", unsealed, fits_digest=True)
    planned.run_well("apply", "plan.json", "--override-verification", "sales=The server is being moved.")
    assert "unverified" == planned.statuses()["sales"]


def test_deletions_that_only_the_plan_allows_are_refused(planned: Project) -> None:
    """The flag that lifts the guard counts from a plan with a seal."""
    planned.write_project("guards: {maxDeletes: {count: 0, percent: 30}}\n")
    planned.remove_account("spare")
    planned.run_well("plan", "--depth", "offline", "--allow-deletes", "1", "--out", "plan.json")
    alter_plan(planned.folder / "plan.json", unsealed, fits_digest=True)
    refused = planned.run("apply", "plan.json", "--format", "json")
    assert (4, ["tooManyDeletes"]) == (refused.code, refused.codes), refused


def test_a_guard_that_only_an_unsealed_review_shows_as_lifted_was_not_reviewed(planned: Project) -> None:
    """So a review cannot be painted either."""
    planned.write_project("guards: {maxDeletes: {count: 0, percent: 30}}\nverification: {depth: {apply: auth}}\n")
    planned.remove_account("spare")
    planned.run_well("plan", "--allow-deletes", "1", "--out", "plan.json")
    alter_plan(planned.folder / "plan.json", unsealed, fits_digest=True)
    refused = planned.run("apply", "--reviewed", "plan.json", "--allow-deletes", "1", "--format", "json")
    assert (5, ["notReviewed"]) == (refused.code, refused.codes), refused


@pytest.mark.parametrize("paint", [put("inputs/depth", to="offline"), put(SALES + "cause", to="rotation")])
def test_where_a_plan_key_is_set_no_other_plan_counts_at_all(planned: Project, paint: Paint) -> None:
    """A plan without that key's seal is refused, painted or not."""
    planned.set_variable("RECONCILER_PLAN_KEY", "k" * 40)
    alter_plan(planned.folder / "plan.json", paint, fits_digest=True)
    refused = planned.run("apply", "plan.json", "--format", "json")
    assert (4, ["planUnsealed"]) == (refused.code, refused.codes)


def test_a_sealed_plan_of_an_earlier_version_counts(planned: Project) -> None:
    """Who made it does not matter where the seal is ours: its evidence and its depth are taken."""
    path = planned.folder / "plan.json"
    plan = read_plan(path)
    plan = plan.model_copy(
        update={"tool": "reconciler 0.0.1", "inputs": plan.inputs.model_copy(update={"depth": "connect"})}
    )
    plan = plan.model_copy(update={"plan_digest": plan_digest(plan)})
    write_plan(path, seal_plan(plan, load_key_file(planned.key_file)))
    planned.run_well("apply", "plan.json")
    _, payload = planned.journal()[-1]
    assert "connect" == payload["depth"]
