"""The pages of ``docs/reference``, made from the code so that they cannot say anything else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.diagnostics import CODES
from reconciler.errors import ReconcilerError
from reconciler.model.accounts.manifest import MODELS
from reconciler.model.project import Project
from reconciler.model.verification.codes import CHECK_CODES
from reconciler.model.verification.evidence import CONVERSATION, DOMAIN_CHECKS
from tools.commands import commands_page
from tools.fields import fields_of
from tools.markdown import page, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydantic import BaseModel

    from tools.fields import Field

_SECTIONS = {
    "OwnAccount": "One of your own mailboxes, reached over SMTP.",
    "MarketingAccount": "An account hosted on the platform's own mail server; it stays `pending` until it is accepted.",
    "MailServer": "What several own accounts share. Any part of `smtp`, and `proxy`; the account's own values win.",
}
_OTHER_EXIT_CODES = (
    (0, "", "Done, or nothing to do."),
    (2, "", "Changes are pending; only with `plan --detailed-exitcode`."),
    (130, "", "Stopped by Ctrl-C; nothing is left half-written."),
)


def pages() -> dict[str, str]:
    """Return the text of each page by its file name, in the order in which a reader wants them."""
    return {
        "commands.md": commands_page(),
        "manifests.md": _manifests_page(),
        "project.md": _project_page(),
        "diagnostics.md": _diagnostics_page(),
        "checks.md": _checks_page(),
        "exit-codes.md": _exit_codes_page(),
    }


def _field_table(fields: Iterable[Field]) -> str:
    rows = ((f"`{field.path}`", field.takes, field.default, field.description) for field in fields)
    return table(("field", "takes", "default", "meaning"), rows)


def _manifests_page() -> str:
    sections = (_manifest_section(kind, model) for kind, model in MODELS.items())
    return page(
        "Manifests",
        "The documents of the manifests folder (`accounts.d/**/*.yaml`); a file may hold several, separated by `---`. "
        "Unknown fields are errors; a required field inside an optional mapping is required where the mapping is "
        "given. A secret is always a reference: `{env: VARIABLE}`, `{file: path}`, or "
        "`{SOURCE: key}` for a source of the [project file](project.md); `{name}`, `{email}`, `{localpart}` and `{domain}` are filled in. "
        "Worked examples with every field are in `accounts.d/`; [editors](../editing.md#in-an-editor) "
        "take `schemas/account.schema.json`.",
        *sections,
    )


def _manifest_section(kind: str, model: type[BaseModel]) -> str:
    return f"## {kind}\n\n{_SECTIONS[kind]}\n\n{_field_table(fields_of(model))}"


def _project_page() -> str:
    return page(
        "Project file",
        "`reconciler.yaml`, in the folder that commands run in or that `--project-dir` names. Editors take "
        "`schemas/project.schema.json`.",
        _field_table(fields_of(Project)),
    )


def _diagnostics_page() -> str:
    rows = (
        (f"`{code.name}`", code.summary, code.cause, code.cure, "guard" if code.is_guard else "")
        for code in sorted(CODES.values(), key=lambda code: code.name.casefold())
    )
    return page(
        "Diagnostics",
        "Every problem has a stable code, shown after its summary and as `code` in JSON. A code never changes its "
        "meaning. Guards end a command with exit code 4.",
        table(("code", "summary", "cause", "what to do", ""), rows),
    )


def _checks_page() -> str:
    rows = (
        (f"`{code.name}`", ", ".join(code.checks), code.kind, code.failure_class or "", code.cause, code.cure)
        for code in CHECK_CODES.values()
    )
    order = ", ".join(f"`{check}`" for check in CONVERSATION)
    domain_checks = ", ".join(f"`{check}`" for check in DOMAIN_CHECKS)
    return page(
        "Checks",
        f"Verification of an account is a conversation with its server, check by check: {order}. After a failure the "
        "later ones are skipped. Each check carries one of these codes. Where no class stands beside a failure, the "
        "server's reply decides: 4xx is transient, 5xx is permanent (RFC 5321 section 4.2.1).",
        f"Behind it stand the domain checks, which ask name servers: {domain_checks}. `mx` is about the account's own "
        "domain, where bounces go, `replyTo` about that of its reply-to address. Under `verification.domainChecks: warn`, "
        "the default, their failures are `warned` and block nothing; under `enforce` they are `failed`, but for `mx` of a "
        "marketing account, whose address need not exist as a mailbox; under `off` the five are skipped. They are made from "
        "depth `connect` on.",
        table(("code", "checks", "status", "class", "cause", "what to do"), rows),
    )


def _exit_codes_page() -> str:
    codes = [*_OTHER_EXIT_CODES, *_exit_codes_of(ReconcilerError)]
    rows = ((str(number), name, meaning) for number, name, meaning in sorted(codes))
    return page(
        "Exit codes",
        "What a command's exit code means. Where several hold, `plan` ends with 4 before 3 before 2; `apply` looks at "
        "the plan's format, lineage and seal (4), staleness (5), guards (4) and verification (3), in that order.",
        table(("code", "exception", "meaning"), rows),
    )


def _exit_codes_of(error: type[ReconcilerError]) -> Iterator[tuple[int, str, str]]:
    meaning = (error.__doc__ or "").split("\n", maxsplit=1)[0]
    yield error.exit_code, f"`{error.__name__}`", meaning
    for narrower in error.__subclasses__():
        yield from _exit_codes_of(narrower)
