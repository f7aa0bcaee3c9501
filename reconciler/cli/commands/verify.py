"""``reconciler verify``."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import click

from reconciler.cli.options import depth_option, format_option, operator_option

if TYPE_CHECKING:
    from reconciler.cli.session import GlobalOptions
    from reconciler.model.evidence import Depth
    from reconciler.operations.verify import Verified


@click.command()
@click.argument("selectors", metavar="[SEL]...", nargs=-1)
@depth_option("How far to verify; message sends a test message to the operator.")
@operator_option
@format_option("text", "json")
@click.pass_obj
def verify(
    options: GlobalOptions, selectors: tuple[str, ...], depth: str | None, operator: str | None, format_: str
) -> int:
    """Check settings: connect, log in and try the sender of each account, as the manifests have it.

    \b
    Examples:
        reconciler verify
        reconciler verify sales-pl --depth message --operator you@example.com
    """
    import sys

    from reconciler.cli.output import put, put_json, tell
    from reconciler.cli.progress import shown_progress
    from reconciler.cli.session import style_for, workspace
    from reconciler.operations.verify import verify_manifests
    from reconciler.render.documents import verify_document
    from reconciler.render.text import verification_text

    place = workspace(options, operator=operator)
    wanted = cast("Depth", depth or place.project.verification.depth.plan)
    with shown_progress() as progress:
        verified = verify_manifests(place, selectors, depth=wanted, progress=progress)
    if format_ == "json":
        put_json(verify_document(verified.verifications, verified.kinds, diagnostics=verified.diagnostics))
    else:
        put(verification_text(verified.verifications, verified.kinds, style=style_for(sys.stdout)))
        tell(verified.diagnostics)
    return _exit_code(verified)


def _exit_code(verified: Verified) -> int:
    from reconciler.diagnostics import CODES

    errors = [problem.code for problem in verified.diagnostics if problem.severity == "error"]
    if any(CODES[code].is_guard for code in errors):
        return 4
    if "verificationFailed" in errors:
        return 3
    return 1 if errors else 0
