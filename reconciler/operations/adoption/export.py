"""``export``: the recorded accounts as manifests, as a table, or in the form of a consumer; never with a secret's value."""

from __future__ import annotations

import csv
import io
import os
from typing import TYPE_CHECKING, Literal, get_args

from reconciler.diagnostics import Diagnostic, Location, error, note
from reconciler.errors import GuardRefused, InvalidInput, RowUnreadable
from reconciler.files import create_file, reason_of
from reconciler.operations.accounts.add import file_of
from reconciler.operations.accounts.select import select_accounts
from reconciler.operations.manifests import require_platform
from reconciler.rules.accounts.select import is_pattern
from reconciler.rules.adoption.export import (
    CSV_COLUMNS,
    has_text_beyond_a_cell,
    is_more_than_a_row,
    manifest_of,
    row_of,
)
from reconciler.store import Aside
from reconciler.yamlsource.writing import to_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from reconciler.model.accounts.recorded import RecordedAccount, RecordedState
    from reconciler.operations.workspace import Workspace

ExportForm = Literal["manifests", "csv", "msmtp", "postfix", "dotenv", "django", "nodemailer", "kubernetes"]
EXPORT_FORMS: tuple[ExportForm, ...] = get_args(ExportForm)


def export_accounts(
    workspace: Workspace, selectors: Sequence[str], form: ExportForm
) -> tuple[dict[str, str], list[Diagnostic]]:
    """Return the texts by file, and what is to be told, of the selected accounts of state, all without selectors.

    Raises ``InvalidInput`` for selectors that select nothing, ``GuardRefused`` for accounts that something else altered.
    """
    with workspace.open_store() as store:
        aside = Aside({})
        recorded, _ = store.read_vouched(aside=aside)
        sought = [each for each in selectors if each not in aside.problems]
        chosen = select_accounts(sought, recorded.accounts.values()) if sought or not selectors else []
        # By what else than its name an account is meant cannot be told of one that cannot be read.
        is_by_name = bool(selectors) and not any(map(is_pattern, selectors))
        unreadable = aside.problems.keys() & set(selectors) if is_by_name else aside.problems.keys()
        altered = store.alterations({*(each.name for each in chosen), *unreadable})
    unvouched = unreadable - {each.name for each in altered}
    if unvouched:
        raise RowUnreadable([aside.problems[name] for name in sorted(unvouched)])
    if altered:
        raise GuardRefused([each.problem_of_use for each in altered])
    if form == "manifests":
        return {file_of(each.name): to_yaml(manifest_of(each)) for each in chosen}, []
    if form == "csv":
        return _table(chosen)
    return _as_consumer(recorded, chosen, form, workspace)


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write the texts into a folder, which is made; raise ``InvalidInput``, and write nothing, where a file is there."""
    present = [name for name in files if os.path.lexists(folder / name)]
    if present:
        detail = f"{present[0]} is there already, and nothing is written over. Nothing was written. Name a new folder."
        raise InvalidInput(error("folderUnusable", detail, location=Location(str(folder))))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            create_file(folder / name, text.encode())
    except OSError as failure:
        detail = f"The folder cannot be written: {reason_of(failure)}. Name another one."
        raise InvalidInput(error("folderUnusable", detail, location=Location(str(folder)))) from None


def _table(chosen: Sequence[RecordedAccount]) -> tuple[dict[str, str], list[Diagnostic]]:
    written = io.StringIO()
    rows = csv.DictWriter(written, CSV_COLUMNS, lineterminator="\r\n")
    rows.writeheader()
    own = [each for each in chosen if each.settings.server is not None]
    rows.writerows(row_of(manifest_of(each)) for each in own)
    told = _left_out([each.name for each in chosen if each not in own], "A table holds own accounts alone.")
    plain = [each.name for each in own if each.settings.proxy is not None or each.settings.own_server.login.oauth2]
    told += _left_out(plain, "A table has no columns for a proxy, or for how a token is got: that part is left out.")
    more = [each.name for each in own if is_more_than_a_row(manifest_of(each))]
    told += _left_out(
        more,
        "A table has no columns for a pinned certificate, a client's certificate, or the display names of several reply-to "
        "addresses: that part is left out.",
    )
    noted = [each.name for each in own if has_text_beyond_a_cell(manifest_of(each))]
    told += _left_out(
        noted,
        "In a table annotations are parted by semicolons: one that holds a semicolon, or blanks around it, is left out.",
    )
    return {"accounts.csv": written.getvalue()}, told


def _left_out(names: Sequence[str], why: str) -> list[Diagnostic]:
    return [note("exportIncomplete", why, subject=name) for name in names]


def _as_consumer(
    recorded: RecordedState, chosen: Sequence[RecordedAccount], form: ExportForm, workspace: Workspace
) -> tuple[dict[str, str], list[Diagnostic]]:
    """Return the files as ``publish`` would write them for such a consumer, without secrets."""
    from reconciler.consumers.form import Entry
    from reconciler.consumers.forms import form_of
    from reconciler.model.consumers.settings import Consumer
    from reconciler.rules.consumers.limits import refusals
    from reconciler.rules.consumers.senders import recorded_candidates, wanted_senders

    is_program = form in {"msmtp", "postfix"}
    declared = {"type": form} if is_program else {"type": "files", "format": form}
    names = [each.name for each in chosen] or ["-"]
    consumer = Consumer.model_validate({**declared, "path": f"export/{form}", "secrets": "none", "accounts": names})
    candidates = recorded_candidates(recorded, require_platform(workspace), None)
    senders = wanted_senders(consumer, candidates)
    written = form_of(consumer)
    refused = {each.account for each in refusals(consumer, senders, written.capabilities)}
    entries = [Entry(sender=each) for each in senders if each.name not in refused]
    texts = written.write(entries, consumer, "export")
    told = _left_out(sorted({*refused, *names} - {each.sender.name for each in entries} - {"-"}), _NOT_CARRIED)
    return {name or _FILES.get(form, form): text for name, text in texts.items()}, told


_NOT_CARRIED = "It is not active, has no server here, or has settings that this form cannot carry; reconciler consumers list tells more."
_FILES = {
    "msmtp": "msmtprc",
    "dotenv": "accounts.env",
    "django": "mailers.py",
    "nodemailer": "accounts.json",
    "kubernetes": "accounts.yaml",
}
