"""The options that several commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from reconciler.cli.completion import any_names
from reconciler.model.verification.depths import DEPTHS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Command = TypeVar("Command", bound="Callable[..., Any]")


def format_option(*formats: str) -> Callable[[Command], Command]:
    """Return ``--format`` with these formats, the first being the default."""
    return click.option(
        "--format",
        "format_",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help="Form of the output.",
    )


def depth_option(help_text: str) -> Callable[[Command], Command]:
    """Return ``--depth``."""
    return click.option("--depth", type=click.Choice(DEPTHS), help=help_text)


def actor_option(does: str) -> Callable[[Command], Command]:
    """Return ``--actor`` of a command in which somebody ``does`` something."""
    return click.option("--actor", metavar="WHO", help=f"Who {does}; by default what CI says, then the login name.")


operator_option = click.option(
    "--operator",
    metavar="EMAIL",
    help="Who receives test messages; by default RECONCILER_OPERATOR, then the project file's.",
)


trust_option = click.option(
    "--trust-project",
    is_flag=True,
    help="In CI, say that the project file in the checkout is the protected branch's; what writes state notes it in the journal.",
)


accept_option = click.option(
    "--accept-altered",
    "accepted",
    metavar="NAME=REASON",
    multiple=True,
    callback=lambda _context, _parameter, written: reasons_of("--accept-altered", written),
    help="Take an account that was altered behind the journal's back as state has it; the journal keeps why. Repeatable.",
)


def reasons_of(option: str, written: Iterable[str]) -> dict[str, str]:
    """Return name to reason, as a repeatable option of the form NAME=REASON gives them."""
    reasons: dict[str, str] = {}
    for each in written:
        name, _, reason = each.partition("=")
        if not name or not reason.strip():
            raise click.UsageError(f"{option} takes NAME=REASON, with a reason; not {each}")
        reasons[name] = reason.strip()
    return reasons


def plan_options(command: Command) -> Command:
    """Add the options that say what a plan covers and what it may do."""
    for option in reversed(
        (
            depth_option("How far to verify: offline opens no socket; message sends a test message."),
            click.option(
                "--target",
                "targets",
                metavar="SEL",
                multiple=True,
                shell_complete=any_names,
                help="Plan only these: a name, a glob, or label:KEY=VALUE. Repeatable.",
            ),
            click.option(
                "--exclude",
                "excludes",
                metavar="SEL",
                multiple=True,
                shell_complete=any_names,
                help="Leave these out. Repeatable.",
            ),
            click.option(
                "--allow-deletes",
                metavar="N",
                type=click.IntRange(min=0),
                help="Lift the guard against deletions for up to N accounts.",
            ),
            click.option(
                "--hold-failing", is_flag=True, help="Leave out changes whose verification fails, instead of blocking."
            ),
            click.option(
                "--rotations",
                is_flag=True,
                help="Look for rotated secrets also where each costs a command of its source; the others are always read.",
            ),
            trust_option,
            operator_option,
        )
    ):
        command = option(command)
    return command
