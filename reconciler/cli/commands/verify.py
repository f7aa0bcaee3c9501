"""``reconciler verify``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import click

from reconciler.cli.commands.consumers.publish import NOT_PUBLISHED, publish_recorded
from reconciler.cli.completion import account_names
from reconciler.cli.log import log_options
from reconciler.cli.named import STANDARD
from reconciler.cli.options import (
    accept_option,
    ask_option,
    asking,
    depth_option,
    env_file_option,
    format_option,
    operator_option,
    shard_option,
    trust_option,
)

if TYPE_CHECKING:
    from reconciler.cli.session import GlobalOptions
    from reconciler.model.verification.depths import Depth
    from reconciler.operations.conversations.secrets import Ask
    from reconciler.operations.verify.outcome import Verified
    from reconciler.operations.workspace import Workspace
    from reconciler.rules.plan.shards import Shard


@click.command()
@click.argument("selectors", metavar="[SEL]...", nargs=-1, shell_complete=account_names)
@click.option(
    "--recorded",
    "is_recorded",
    is_flag=True,
    help="Verify what is in state instead of the manifests, and record how it stands.",
)
@depth_option("How far to verify; message sends a test message to the operator.")
@operator_option
@ask_option
@env_file_option
@click.option(
    "--metrics", metavar="FILE", help="With --recorded, write an OpenMetrics file of how all accounts stand then."
)
@shard_option("With --recorded: verify the accounts of this part of the hosts alone, so that jobs share the night.")
@trust_option
@accept_option
@log_options
@format_option("text", "json", "junit")
@click.pass_obj
def verify(  # noqa: PLR0913 - click hands each option in by name
    options: GlobalOptions,
    selectors: tuple[str, ...],
    *,
    is_recorded: bool,
    depth: str | None,
    operator: str | None,
    asks_secrets: bool,
    metrics: str | None,
    shard: Shard | None,
    trust_project: bool,
    accepted: dict[str, str],
    format_: str,
) -> int:
    """Check settings: connect, log in and try the sender of each account, as the manifests have it.

    With --recorded the accounts in state are verified as they were applied, and the outcome is recorded: an account
    that fails is failing from then on, one that passes is active again. Run it every night.

    \b
    Examples:
        reconciler verify
        reconciler verify sales-pl --depth message --operator you@example.com
        reconciler verify sales-pl --ask-secrets
        reconciler verify --recorded
        reconciler verify --recorded --format junit > verification.xml
        reconciler verify --recorded --shard 3/10
    """
    from reconciler.cli.session import workspace
    from reconciler.provenance import find_actor

    if shard is not None and not is_recorded:
        raise click.UsageError(
            "--shard shares out what is recorded; add --recorded. plan --shard does that for changes."
        )
    if accepted and not is_recorded:
        raise click.UsageError("--accept-altered is for what is recorded; add --recorded.")
    if metrics is not None and not is_recorded:
        raise click.UsageError("--metrics tells how recorded accounts stand; add --recorded.")
    if metrics == STANDARD and format_ != "text":
        raise click.UsageError("--metrics - writes to standard output; leave --format out, or name a file.")
    ask = asking(asks_secrets)
    place = workspace(options, operator=operator, trusts_project=trust_project)
    depths = place.project.verification.depth
    wanted = cast("Depth", depth or (depths.recorded if is_recorded else depths.plan))
    if not is_recorded:
        verified = _verify_manifests(place, selectors, wanted, ask)
        _put(verified, format_, is_recorded=False)
        return _exit_code(verified)
    verified = _verify_recorded(
        place, selectors, wanted, ask, accepted=accepted, trusts_project=trust_project, shard=shard
    )
    published = publish_recorded(place, find_actor(None, environ=place.environ), trusts_project=trust_project)
    if metrics is not None:
        _write_metrics(metrics, place)
    if metrics != STANDARD:
        _put(replace(verified, diagnostics=(*verified.diagnostics, *published.diagnostics)), format_, is_recorded=True)
    return _exit_code(verified) or (NOT_PUBLISHED if published.has_failed else 0)


def _write_metrics(metrics: str, place: Workspace) -> None:
    from pathlib import Path

    from reconciler.cli.commands.status import put_metrics, write_metrics
    from reconciler.model.accounts.statuses import ENDS_WITHIN, VERIFIED_WITHIN
    from reconciler.operations.accounts.status import Limits, overview

    found = overview(place, Limits(verified_within=VERIFIED_WITHIN, ends_within=ENDS_WITHIN))
    if metrics == STANDARD:
        put_metrics(found)
    else:
        write_metrics(Path(metrics), found)


def _put(verified: Verified, format_: str, *, is_recorded: bool) -> None:
    import shlex
    import sys

    from reconciler.cli.output import hint, put, put_json, tell, tell_beside_checks
    from reconciler.cli.session import style_for
    from reconciler.diagnostics import MOST_NAMES
    from reconciler.render.json.documents import verify_document
    from reconciler.render.junit import verification_report
    from reconciler.render.text import verification_text

    if format_ == "json":
        put_json(verify_document(verified.verifications, verified.kinds, diagnostics=verified.diagnostics))
        return
    if format_ == "junit":
        put(verification_report(verified.verifications, diagnostics=verified.diagnostics))
        tell(verified.diagnostics)
        return
    put(verification_text(verified.verifications, verified.kinds, style=style_for(sys.stdout)))
    tell_beside_checks(verified.diagnostics)
    failing = sorted(name for name, found in verified.verifications.items() if found.status == "failed")
    if failing:
        chosen = failing if len(failing) <= MOST_NAMES else []
        hint(
            "Once that is mended:",
            shlex.join(["reconciler", "verify", *chosen, *(("--recorded",) if is_recorded else ())]),
        )
    elif verified.verifications and not is_recorded:
        hint("To see what would be recorded:", "reconciler plan")


def _verify_manifests(place: Workspace, selectors: tuple[str, ...], depth: Depth, ask: Ask | None) -> Verified:
    from reconciler.cli.progress import shown_progress
    from reconciler.operations.verify.manifests import verify_manifests

    with shown_progress() as progress:
        return verify_manifests(place, selectors, depth=depth, progress=progress, ask=ask)


def _verify_recorded(
    place: Workspace,
    selectors: tuple[str, ...],
    depth: Depth,
    ask: Ask | None,
    *,
    accepted: dict[str, str],
    trusts_project: bool,
    shard: Shard | None,
) -> Verified:
    from reconciler.cli.progress import shown_progress
    from reconciler.operations.verify.recorded import verify_recorded
    from reconciler.provenance import find_provenance

    provenance = find_provenance(place.root, environ=place.environ, actor=None, reference=None)
    with shown_progress() as progress:
        return verify_recorded(
            place,
            selectors,
            depth=depth,
            provenance=provenance,
            progress=progress,
            ask=ask,
            accepted=accepted,
            trusts_project=trusts_project,
            shard=shard,
        )


def _exit_code(verified: Verified) -> int:
    from reconciler.diagnostics import CODES
    from reconciler.rules.plan.finish import FAILED_CODES

    errors = [problem.code for problem in verified.diagnostics if problem.severity == "error"]
    if any(CODES[code].is_guard for code in errors):
        return 4
    if FAILED_CODES & set(errors):
        return 3
    return 1 if errors else 0
