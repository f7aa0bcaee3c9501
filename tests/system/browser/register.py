"""States to look at: thousands of accounts, or a few, of every kind and standing, with a past.

Made by the verbs themselves with a clock of our own, so that what the pages show is what applying, verifying and
deciding record, and the same on every run. What no manifest may hold, a hostile state may: that is put into state.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from benchmarks.generate_accounts import write_project
from reconciler.model.canonical import canonical_json
from reconciler.model.journal.entries import Actor, Provenance
from reconciler.model.verification.evidence import Check, CheckStatus, Evidence, Verification, status_of
from reconciler.operations.accounts.decisions import Event, Ruling, rule
from reconciler.operations.apply import apply_plan
from reconciler.operations.drafts.request import PlanRequest
from reconciler.operations.journal.redact import RedactOrder, redact
from reconciler.operations.opening import open_workspace
from reconciler.operations.plan import plan
from reconciler.operations.state.init import init_state
from reconciler.operations.verify.record import Recheck, RecheckRun, record_rechecks
from reconciler.rules.plan.policy import ApplyOrder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.model.verification.evidence import CheckName, FailureClass
    from reconciler.operations.workspace import Workspace

PROJECT = "mail"
MARKUP = "<script>alert(1)</script><img src=x onerror=\"alert('2')\">"
LONG_NAME = "h" + "o" * 61 + "t"
LONG = "An account whose title does not end " * 12
REORDERED = "\u202egnp.eciovni\u202c\x1b[2J"
"""What a manifest is refused for, and a state that somebody altered may hold."""
REASON = '<b>no contract</b> & no "plan B"'
FAILING, RENAMED_FROM, REDACTED, NEVER_VERIFIED = "sales-pl", "sales", "old-shop", "press"
_GRANTS = """\
secrets:
  grants:
    - {secret: "env:SMTP_STORY_*", servers: [smtp.example.com]}
"""
_ANNA = Actor(name="anna@example.com", source="login")
_PIPELINE = Actor(name="release pipeline", source="ci")
_COMMIT = "4f2a9c0d7b31e58866f2c1d0a9b8e7f6d5c4b3a2"
_SETTINGS = "sha256:" + "0" * 64
_REFUSED = "The server refused the login: 535 5.7.8 Bad credentials. Check user name and password."


def build_register(folder: Path, *, generated: int, is_hostile: bool = True) -> Path:
    """Make a project with state in ``folder`` and return it; ``generated`` accounts beside those written here.

    ``is_hostile`` adds accounts, and words of people and servers, that nobody would want in a picture.
    """
    write_project(folder, generated)
    waiting = (folder / "accounts.d").rename(folder / "waiting")
    (folder / "accounts.d").mkdir()
    project = folder / "reconciler.yaml"
    project.write_text(project.read_text(encoding="utf-8").replace("generated", PROJECT) + _GRANTS, encoding="utf-8")
    story = _Story(folder)
    story.write(**_FIRST, **(_HOSTILE if is_hostile else {}))
    init_state(story.workspace, lineage="lineage-of-the-browser-tests")
    story.apply("2026-01-12T09:00", _ANNA, "https://git.example.com/mail/pull/1")
    story.verify("2026-01-12T09:30", dict.fromkeys(set(story.accounts) - {NEVER_VERIFIED}))
    story.rule("2026-01-13T10:00", "approve", "newsletter")
    story.write(sales=_SALES.replace("587", "465").replace("starttls", "tls"))
    story.apply("2026-02-02T14:05", _PIPELINE, "https://git.example.com/mail/pull/2?a=1&b=<2>")
    story.write(sales=_SALES_RENAMED)
    story.apply("2026-03-09T08:20", _ANNA, None)
    story.remove(REDACTED)
    story.apply("2026-04-20T16:45", _PIPELINE, "javascript:alert(1)" if is_hostile else None)
    story.rule("2026-05-04T11:00", "reject", "partners", reason=REASON if is_hostile else "no contract")
    story.rule("2026-05-05T07:15", "suspend", "support", reason="sent to a list that was bought")
    story.verify("2026-06-01T02:00", {FAILING: _REFUSED})
    redact(story.workspace, RedactOrder(name=REDACTED, actor=_ANNA, reason="asked for it"))
    # Last, so that what came before did not cost as much as ten thousand accounts do.
    before = set(story.accounts)
    waiting.rename(folder / "accounts.d" / "generated")
    story.apply("2026-06-02T09:00", _ANNA, "https://git.example.com/mail/pull/9")
    story.verify("2026-06-02T09:30", dict.fromkeys(set(story.accounts) - before))
    if is_hostile:
        story.rule("2026-06-02T10:00", "approve", "hostile-markup")
        story.verify("2026-06-02T11:00", {"hostile-bidi": f"{MARKUP}{REORDERED}"})
        story.tamper("2026-06-02T12:00", "hostile-bidi", REORDERED)
    return folder


def recorded_accounts(folder: Path) -> Mapping[str, RecordedAccount]:
    """Return the accounts of a project's state, by name."""
    return _Story(folder).accounts


@dataclass
class _Story:
    """What happens to a project, and when."""

    folder: Path
    moment: datetime = field(default=datetime(2026, 1, 12, 8, 0, tzinfo=UTC))

    @property
    def workspace(self) -> Workspace:
        return open_workspace(
            self.folder,
            project_file=None,
            state=None,
            operator=None,
            environ={"PATH": os.environ.get("PATH", os.defpath)},
            now=lambda: self.moment,
        )

    def write(self, **manifests: str) -> None:
        for name, text in manifests.items():
            (self.folder / "accounts.d" / f"{name.replace('_', '-')}.yaml").write_text(text, encoding="utf-8")

    def remove(self, name: str) -> None:
        (self.folder / "accounts.d" / f"{name}.yaml").unlink()

    def apply(self, at: str, actor: Actor, reference: str | None) -> None:
        self._come_to(at)
        made = plan(self.workspace, PlanRequest(depth="offline", apply_depth="offline"), progress=_unseen)
        provenance = Provenance(actor=actor, commit=_COMMIT, reference=reference)
        applied = apply_plan(made, self.workspace, ApplyOrder(provenance=provenance, depth="offline"), progress=_unseen)
        assert "applied" == applied.status

    @property
    def accounts(self) -> Mapping[str, RecordedAccount]:
        with self.workspace.open_store() as store:
            return store.read_state().accounts

    def verify(self, at: str, reasons: Mapping[str, str | None]) -> None:
        """Record that these accounts failed for the reasons given, and passed where there is none."""
        self._come_to(at)
        accounts = self.accounts
        rechecks = [
            Recheck(account=accounts[name], fingerprints={}, evidence=_evidence(self.moment, reasons[name]))
            for name in sorted(reasons)
        ]
        run = RecheckRun(provenance=Provenance(actor=_PIPELINE), depth="envelope")
        record_rechecks(rechecks, self.workspace, run)

    def rule(self, at: str, event: Event, *names: str, reason: str | None = None) -> None:
        self._come_to(at)
        rule(self.workspace, names, Ruling(event=event, actor=_ANNA, reason=reason))

    def tamper(self, at: str, name: str, title: str) -> None:
        self._come_to(at)
        with self.workspace.open_store() as store, store.write() as transaction:
            account = transaction.account(name)
            assert account is not None
            transaction.put_account(_titled(account, title))
            transaction.append_journal("tampered", {"actor": title, "name": name, "note": MARKUP}, at=self.moment)

    def _come_to(self, at: str) -> None:
        self.moment = datetime.fromisoformat(at).replace(tzinfo=UTC)


def _titled(account: RecordedAccount, title: str) -> RecordedAccount:
    document = json.loads(account.canonical)
    document["metadata"] |= {"title": title, "owner": title, "labels": {"team": title}}
    return replace(account, canonical=canonical_json(document))


def _evidence(at: datetime, failure: str | None) -> Evidence:
    steps: list[tuple[CheckName, CheckStatus, str, str]] = [
        ("dns", "passed", "ok", "smtp.example.com has 1 address."),
        ("connect", "passed", "ok", "Connected."),
        ("greeting", "passed", "ok", "Greeted."),
        ("tls", "passed", "ok", "TLSv1.3, certificate valid until 2027-01-31."),
    ]
    if failure is None:
        steps += [("auth", "passed", "ok", "Logged in by PLAIN."), ("sender", "passed", "ok", "Sender accepted.")]
        steps += [("recipient", "passed", "ok", "Recipient accepted.")]
        steps += [("dkim", "warned", "dkimUnknown", "No DKIM selector is declared for example.com.")]
    else:
        steps += [("auth", "failed", "badCredentials", failure)]
        steps += [("sender", "skipped", "earlierFailure", "Not made.")]
        steps += [("recipient", "skipped", "earlierFailure", "Not made.")]
    checks = tuple(_check(*step) for step in steps)
    verification = Verification(status=status_of(checks), depth="envelope", checked_at=at, checks=checks)
    return Evidence(settings_digest=_SETTINGS, verification=verification)


def _check(name: CheckName, status: CheckStatus, code: str, message: str) -> Check:
    seconds = 0.0 if status == "skipped" else 0.125
    class_: FailureClass | None = "permanent" if status == "failed" else None
    return Check(check=name, status=status, class_=class_, code=code, message=message, seconds=seconds)


def _unseen(done: int, total: int, name: str) -> None:
    """Show no progress."""


def _own(name: str, *, metadata: str = "", more: str = "") -> str:
    return f"""\
apiVersion: reconciler/v1
kind: OwnAccount
metadata:
  name: {name}
{metadata}spec:
  email: {name}@example.com
  displayName: Example {name.title()}
{more}  smtp:
    host: smtp.example.com
    port: 587
    encryption: starttls
    authentication:
      username: {name}@example.com
      password: {{env: SMTP_STORY_PASSWORD}}
"""


def _marketing(name: str, *, metadata: str = "", display_name: str = "Example News") -> str:
    return f"""\
apiVersion: reconciler/v1
kind: MarketingAccount
metadata:
  name: {name}
{metadata}spec:
  email: {name}@example.com
  displayName: {json.dumps(display_name, ensure_ascii=False)}
  replyTo: {{email: office@example.com, displayName: Example Office}}
  overrideFrom: {{emailDetail: keeper_email, displayNameDetail: keeper_name}}
"""


def _metadata(title: str, *, owner: str = "anna@example.com", labels: Mapping[str, str]) -> str:
    quoted = {"title": title, "owner": owner, "labels": dict(labels)}
    return "".join(f"  {key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in quoted.items())


_SALES_METADATA = _metadata("Sprzedaż Polska", labels={"team": "sales", "region": "pl"})
_SALES = _own(RENAMED_FROM, metadata=_SALES_METADATA, more="  shared: true\n")
_SALES_RENAMED = (
    _own(FAILING, metadata=_SALES_METADATA + f"  previousName: {RENAMED_FROM}\n", more="  shared: true\n")
    .replace("587", "465")
    .replace("starttls", "tls")
)
_FIRST = {
    "sales": _SALES,
    "newsletter": _marketing("newsletter", metadata=_metadata("Wiadomości", labels={"team": "press"})),
    "events": _marketing("events", metadata=_metadata("Wydarzenia", labels={"team": "events"})),
    "partners": _marketing("partners", metadata=_metadata("Partners", labels={"team": "partners"})),
    "support": _own("support", metadata=_metadata("Help desk", owner="carla@example.com", labels={"team": "support"})),
    "press": _own("press", metadata=_metadata("Press", labels={"team": "press"})),
    "old_shop": _own(REDACTED, metadata=_metadata("Old shop", labels={"team": "sales"})),
}
_HOSTILE = {
    "hostile_markup": _marketing(
        "hostile-markup",
        metadata=_metadata(MARKUP, owner='"><u>o</u>@example.com', labels={"team": MARKUP}),
        display_name=MARKUP,
    ),
    "hostile_bidi": _own("hostile-bidi", metadata=_metadata("مبيعات الشرق", labels={"team": "שלום"})),
    "hostile_long": _own(LONG_NAME, metadata=_metadata(LONG, labels={"team": "long"})),
}
