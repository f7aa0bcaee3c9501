"""Every text that a command prints, by the function that makes it, at whatever width."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.accounts.edited import AddedAccounts, Edited
from reconciler.model.accounts.overview import MATTERS, Concern, JournalStanding, Overview, Since
from reconciler.model.adoption.candidates import Candidate, Discovery
from reconciler.model.comparison import Comparison, Difference, Side
from reconciler.model.consumers.publication import Told
from reconciler.model.mail.sending import SendDocument, SendSummary
from reconciler.model.plan import Messages
from reconciler.model.roles import Role
from reconciler.model.secrets.routes import Route, SecretRoute
from reconciler.model.verification.examined import Examined
from reconciler.operations.explain import codes, explain
from reconciler.render.text import (
    Style,
    account_in_full,
    account_text,
    accounts_table,
    apply_text,
    diagnostics_text,
    history_table,
    history_text,
    journal_text,
    queue_text,
    ruled_text,
    sent_text,
    verification_text,
)
from reconciler.render.text.accounts import chosen_table
from reconciler.render.text.added import added_text
from reconciler.render.text.comparison import comparison_text
from reconciler.render.text.consumers import conformance_text, consumer_text, consumers_text, published_text
from reconciler.render.text.discovery import discovery_text
from reconciler.render.text.doctor import examined_text
from reconciler.render.text.edited import edited_text
from reconciler.render.text.explain import explanation_text, explanations_list
from reconciler.render.text.overview import overview_text
from reconciler.render.text.past import past_text
from reconciler.render.text.state import revoked_text, roles_text, sentences_text
from reconciler.rules.journal.past import PastAccount
from tests.render import resolutions, values

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.model.accounts.kinds import Kind

ELSEWHERE = {
    "import_text": "tests/cli/test_import.py: what is told of files that were taken over",
    "resolution_summary_text": "resolutions_text, whose case ends with it",
}
"""Functions without a case of their own, and where they are held to what they show."""

_FINDINGS = {"relay": values.failed(), "sales-pl": values.passed(), "newsletter": values.warned()}
_KINDS: dict[str, Kind] = {"relay": "OwnAccount", "sales-pl": "OwnAccount", "newsletter": "MarketingAccount"}
_ROUTE = Route(username="sales@example.com", host="smtp.example.com", port=587, encryption="starttls")
_COMPARED = Comparison(
    first=Side(source="revision", name="6", told="revision 6 (applied 2026-09-01 12:00 UTC)"),
    second=Side(source="plan", name="first.plan", told="first.plan (made 2026-09-02 08:30 UTC)"),
    differences=(
        Difference(name="news", difference="added", fields=()),
        Difference(name="sales-pl", difference="changed", fields=(values.changed("spec.smtp.port", 25, 587),)),
        Difference(name="support", difference="removed", fields=()),
    ),
    same=41,
)
_OVERVIEW = Overview(
    project="mail",
    revision=7,
    as_of=values.NOON,
    accounts=44,
    statuses={"active": 42, "failing": 1, "pending": 1},
    concerns=(
        Concern(
            matter="failing", account="sales-pl", reason="auth: The server refused the login: 535", since=values.NOON
        ),
        Concern(matter="pending", account="newsletter", reason="Awaits the platform's decision", since=values.NOON),
        Concern(
            matter="certificate",
            account="support",
            reason="The certificate of smtp.example.com ends",
            until=values.NOON,
        ),
    ),
    journal=JournalStanding(valid=True, entries=12, head="sha256:" + "ab" * 32),
)
_OVERVIEW_SINCE = _OVERVIEW.model_copy(
    update={
        "since": Since(
            as_of=values.NOON,
            new=(),
            gone=tuple(
                Concern(matter=matter, account=f"account-{matter}", reason="As told then") for matter in MATTERS
            ),
        )
    }
)
"""One of each matter is gone."""
_SENT = SendDocument(
    format_version="1.0", account="newsletter", ending="complete", results=".reconciler/sending/newsletter.jsonl", folder=None,
    this_run=SendSummary(accepted=1200, refused=3, unknown=1), total=SendSummary(accepted=2400, refused=3, unknown=1, skipped=7),
    in_flight=(), diagnostics=(),
)  # fmt: skip
_EDITED = Edited(
    action="add", name="sales-pl", kind="OwnAccount", file="accounts.d/sales-pl.yaml", is_whole_file=True,
    plan_target="sales-pl", secrets=("env:SMTP_SALES_PL_PASSWORD",),
)  # fmt: skip
_DISCOVERY = Discovery(
    domain="example.com",
    candidates=(
        Candidate(host="smtp.example.com", port=587, encryption="starttls", username="{email}", sources=("an SRV record of example.com",)),
        Candidate(host="mail.example.com", port=465, encryption="tls", sources=("the host that its MX records name",), note="It wants an app password."),
    ),
    silent=("autoconfig.example.com gave no answer.",),
)  # fmt: skip
_PAST = PastAccount(
    kind="OwnAccount", name="sales", revision=3, created_at=values.NOON, updated_at=values.NOON, name_now="sales-pl",
    values={"spec.displayName": "Example Sales", "spec.email": "sales@example.com", "spec.smtp.host": "smtp.example.com", "spec.smtp.port": 25},
)  # fmt: skip

OUTPUTS: dict[str, Callable[[Style], str]] = {
    "account_in_full": lambda style: account_in_full(values.REJECTED, style=style),
    "account_text": lambda style: account_text(values.FAILING, style=style, since=values.NOON),
    "accounts_table": lambda style: accounts_table(values.ACCOUNTS, style=style),
    "added_text": lambda style: added_text(
        AddedAccounts(names=("anna", "ben"), files=("accounts.d/anna.yaml", "accounts.d/ben.yaml"), secrets=("env:SMTP_ANNA_PASSWORD", "env:SMTP_BEN_PASSWORD")),
        style=style,
    ),
    "apply_text": lambda style: apply_text(
        7, values.FULL_SUMMARY, style=style, pending=["newsletter"], messages=[Messages(to="ops@example.com", count=3)]
    ),
    "chosen_table": lambda style: chosen_table(values.ACCOUNTS, ("name", "email", "status", "lastPassedAt"), style=style),
    "comparison_text": lambda style: comparison_text(_COMPARED, style=style),
    "conformance_text": lambda style: conformance_text(
        (("It says which accounts it has.", None), ("A second publication changes nothing.", "it wrote sales-pl again")), style=style
    ),
    "consumer_text": lambda style: consumer_text(
        "relay (postfix) at /etc/postfix/senders",
        (("sales-pl", True, True, values.NOON, None), ("news", True, False, None, "its form knows no OAuth2"), ("old", False, False, None, None)),
        style=style,
    ),
    "consumers_text": lambda style: consumers_text(
        (("relay", "postfix", "/etc/postfix/senders", 44, 0, None), ("shop", "django", "settings/mail.py", 2, 1, None),
            ("cron", "msmtp", "/etc/msmtprc", 0, 0, "The path /etc/msmtprc of the consumer cron is a folder; name the file in it.")),
        style=style,
    ),
    "diagnostics_text": lambda style: diagnostics_text(values.DIAGNOSTICS, style=style),
    "discovery_text": lambda style: discovery_text(_DISCOVERY, style=style),
    "edited_text": lambda style: edited_text(_EDITED, style=style),
    "examined_text": lambda style: examined_text(
        (
            Examined("state", "ok", "SQLite, revision 7, 44 accounts"), Examined("git", "warning", "the project is in no repository"),
            Examined("to smtp.example.com", "bad", "25 timeout, 465 open, 587 connectionRefused; declared: 587, which nobody answers"),
        ),
        style=style,
    ),
    "explanation_text": lambda style: explanation_text(
        [each for word in ("credentialsRejected", "envelope", "maxDeletes.count") for each in explain(word)], style=style
    ),
    "explanations_list": lambda style: explanations_list([each for each in codes() if each.subject in {"status", "exit"}], style=style),
    "history_table": lambda style: history_table(values.REVISIONS, style=style),
    "history_text": lambda style: history_text(values.REVISIONS, style=style),
    "journal_text": lambda style: journal_text(12, "ab" * 32, problems=["Entry 5 was altered."], style=style),
    "overview_text.compared": lambda style: overview_text(_OVERVIEW_SINCE, style=style),
    "overview_text": lambda style: overview_text(_OVERVIEW, style=style),
    "past_text": lambda style: past_text(_PAST, 5, style=style),
    "published_text": lambda style: published_text(
        (
            Told(consumer="relay", outcome="published", accounts=44), Told(consumer="old", outcome="unchanged", accounts=1),
            Told(consumer="shop", outcome="failed", accounts=2), Told(consumer="web", outcome="failed", accounts=44, failed=("news", "sales-pl")),
        ),
        style=style,
    ),
    "queue_text": lambda style: queue_text(values.WAITING, style=style),
    "resolutions_text": resolutions.as_text,
    "revoked_text": lambda style: revoked_text((SecretRoute(secret="env:SMTP_SALES_PASSWORD", route=_ROUTE),), style=style),
    "roles_text": lambda style: roles_text(
        (Role(name="planner", does="reads all of it: plans, lists, history", grants=("GRANT SELECT ON ALL TABLES IN SCHEMA {schema}",)),), style=style
    ),
    "ruled_text": lambda style: ruled_text("suspend", [values.SUSPENDED], style=style),
    "sent_text": lambda style: sent_text(_SENT, style=style),
    "sentences_text": lambda style: sentences_text(
        ["The state follows the new key; the old one is not needed any more, and nothing else changed.", "    reconciler plan"], style=style
    ),
    "verification_text": lambda style: verification_text(_FINDINGS, _KINDS, style=style),
}  # fmt: skip
"""By the function's name."""
