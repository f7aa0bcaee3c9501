"""``reconciler verify``."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import click

from reconciler.cli.completion import account_names
from reconciler.cli.options import accept_option, depth_option, format_option, operator_option, trust_option

if TYPE_CHECKING:
    from reconciler.cli.session import GlobalOptions
    from reconciler.model.verification.depths import Depth
    from reconciler.operations.conversations.run import Ask
    from reconciler.operations.verify.outcome import Verified
    from reconciler.operations.workspace import Workspace


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
@click.option(
    "--ask-secrets", "asks_secrets", is_flag=True, help="Ask on the terminal for secrets that cannot be read here."
)
@trust_option
@accept_option
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
    """
    from reconciler.cli.session import workspace

    if accepted and not is_recorded:
        raise click.UsageError("--accept-altered is for what is recorded; add --recorded.")
    ask = _asking() if asks_secrets else None
    place = workspace(options, operator=operator, trusts_project=trust_project)
    depths = place.project.verification.depth
    wanted = cast("Depth", depth or (depths.recorded if is_recorded else depths.plan))
    if is_recorded:
        verified = _verify_recorded(place, selectors, wanted, ask, accepted=accepted, trusts_project=trust_project)
    else:
        verified = _verify_manifests(place, selectors, wanted, ask)
    _put(verified, format_)
    return _exit_code(verified)


def _put(verified: Verified, format_: str) -> None:
    import sys

    from reconciler.cli.output import put, put_json, tell, tell_beside_checks
    from reconciler.cli.session import style_for
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
        )


def _asking() -> Ask:
    """Return what asks on the terminal, without an echo; refuse where nobody is there to answer."""
    from reconciler.cli.session import is_interactive

    if not is_interactive():
        raise click.UsageError("--ask-secrets asks on the terminal, and there is none. Set the variables instead.")

    def ask(reference: str) -> str | None:
        typed = click.prompt(
            f"Value of {reference} (not shown; Enter to leave it out)",
            default="",
            show_default=False,
            hide_input=True,
            err=True,
        )
        return str(typed) or None

    return ask


def _exit_code(verified: Verified) -> int:
    from reconciler.diagnostics import CODES
    from reconciler.rules.plan.finish import FAILED_CODES

    errors = [problem.code for problem in verified.diagnostics if problem.severity == "error"]
    if any(CODES[code].is_guard for code in errors):
        return 4
    if FAILED_CODES & set(errors):
        return 3
    return 1 if errors else 0
