"""The pages of ``docs/reference``, made from the code so that they cannot say anything else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.diagnostics import CODES
from reconciler.diagnostics.examples import EXAMPLES
from reconciler.diagnostics.exits import EXIT_CODES
from reconciler.errors import ReconcilerError
from reconciler.model.accounts.manifest import MODELS
from reconciler.model.project import Project
from reconciler.model.schema.fields import fields_of
from reconciler.model.verification.codes import CHECK_CODES
from reconciler.model.verification.evidence import CONVERSATION, DOMAIN_CHECKS
from reconciler.operations.accounts.view import SEARCHED
from reconciler.render.csv import ACCOUNT_COLUMNS
from reconciler.rules.accounts.select import FACTS
from reconciler.verification.examples import example_of
from tools.commands import commands_page
from tools.markdown import page, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydantic import BaseModel

    from reconciler.model.schema.fields import Field

_SECTIONS = {
    "OwnAccount": "One of your own mailboxes, reached over SMTP.",
    "MarketingAccount": "An account hosted on the platform's own mail server; it stays `pending` until it is accepted.",
    "MailServer": "What several own accounts share. Any part of `smtp`, and `proxy`; the account's own values win.",
}


def pages() -> dict[str, str]:
    """Return the text of each page by its file name, in the order in which a reader wants them."""
    return {
        "commands.md": commands_page(),
        "manifests.md": _manifests_page(),
        "project.md": _project_page(),
        "accounts.md": _accounts_page(),
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


def _accounts_page() -> str:
    names = [
        (
            "`sales-pl`, `sales-*`",
            "By name; `*` and `?` as in a shell. In a plan and in history by the earlier name too.",
        ),
        *((f"`{word}:{fact.example}`", fact.meaning) for word, fact in FACTS.items()),
    ]
    return page(
        "Accounts: columns, search, selectors",
        "What `accounts list` can show and find, and by what every command that is about accounts takes them.",
        "## Selectors\n\nNames never hold a colon; behind one, everything may be a glob, where `*` stops at a slash and "
        "`**` does not. Several mean all that any of them means. One that selects nothing is an error that says why; in "
        "`accounts list`, a status or a kind that nobody has is an empty list.",
        table(("selector", "selects"), names),
        "Taken by `accounts list --selector`, `accounts show`, `approve`, `reject`, `suspend`, `resume`, `verify`, "
        "`history`, `history restore`, `report`, `export`, `--target` and `--exclude` of `plan` and `apply`, and by `send` "
        "and `resolve` where it means one account.",
        "## Columns\n\n`accounts list --columns name,host,secrets`, as a table or as CSV; the CSV without `--columns` has "
        "all of them.",
        table(("column", "tells"), ((f"`{name}`", told) for name, told in ACCOUNT_COLUMNS.items())),
        "## Search\n\n`accounts list --search TEXT` finds a text in one of these, whatever its case:",
        "\n".join(f"- {place}" for place in SEARCHED),
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
        "## Examples\n\nWhat is met, and what mends it; `reconciler explain CODE` shows the same.",
        *(_example_section(code) for code in sorted(CODES, key=str.casefold)),
    )


def _example_section(code: str) -> str:
    """Return a code's example; without one nothing is generated, and so nothing lands."""
    if code not in EXAMPLES:
        raise SystemExit(f"The code {code} has no example yet; write one into reconciler/diagnostics/examples.py.")
    met, mended = EXAMPLES[code]
    return f"### {code}\n\n```text\n{met}\n```\n\n```text\n{mended}\n```"


def _checks_page() -> str:
    for code in CHECK_CODES:
        if example_of(code) is None:
            raise SystemExit(f"The check's code {code} has no example yet; see reconciler/verification/examples.py.")
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
    of_exceptions = list(_exit_codes_of(ReconcilerError))
    numbers = {number for number, _, _ in of_exceptions}
    others = [(each.number, "", each.cause) for each in EXIT_CODES.values() if each.number not in numbers]
    codes = [*others, *of_exceptions]
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
