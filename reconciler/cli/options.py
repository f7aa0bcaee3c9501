"""The options that several commands share."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click

from reconciler.classes import FrozenByName
from reconciler.model.verification.depths import DEPTHS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reconciler.model.verification.depths import Depth
    from reconciler.operations.conversations.secrets import Ask
    from reconciler.render.text.plan import View
    from reconciler.rules.plan.shards import Shard

Command = TypeVar("Command", bound="Callable[..., Any]")

SELECTOR_HELP = (
    "A name, a glob, label:KEY=VALUE, host:HOST, port:PORT, username:NAME, server:MAILSERVER, secret:REFERENCE, "
    "status:STATUS or kind:KIND."
)
"""What selectors are, in the help of the commands that take them."""


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


class _Port(click.types.IntParamType):
    """A port by its number.

    For a name such as ``submission``, or a number with more beside it, the refusal tells the options to write.
    """

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number; raise ``UsageError``."""
        from reconciler.manifests.suggesting import port_lines

        lines = port_lines(str(value))
        if not lines or str(value).strip().isdecimal():
            return super().convert(value, param, ctx)
        flag = param.opts[0] if param is not None else "--port"
        words = [line.replace("port:", flag, 1).replace("encryption:", "--encryption", 1) for line in lines]
        instead = " ".join(words if flag == "--port" else words[:1])
        return self.fail(f"a port is a number, and this is {str(value)[:60]}. Write {instead}", param, ctx)


PORT = _Port()


class Encryption(click.Choice[str]):
    """A choice of encryptions; for a word of another tool the message has the one that is meant."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the encryption; raise ``UsageError``."""
        from reconciler.manifests.suggesting import encryption_lines

        if value == "TLS":  # tools mean STARTTLS by it, or TLS from the first octet on
            self.fail(
                "TLS may be either. Write --encryption starttls for port 587, --encryption tls for 465", param, ctx
            )
        if value not in self.choices and (lines := encryption_lines(str(value))):
            known = ", ".join(self.choices)
            instead = lines[0].replace("encryption:", "--encryption", 1)
            return self.fail(f"{str(value)[:60]} is none of {known}. Write {instead}", param, ctx)
        return str(super().convert(value, param, ctx))


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


def _take_env_file(context: click.Context, _parameter: click.Parameter, path: str | None) -> None:
    """Keep the file with the options that stand before the command: whoever opens the project takes it from there."""
    if path is not None:
        context.obj = replace(context.obj, env_file=path)


env_file_option = click.option(
    "--env-file",
    metavar="FILE",
    expose_value=False,
    callback=_take_env_file,
    help="Take variables of secrets from this dotenv file too; those of the environment go before.",
)

ask_option = click.option(
    "--ask-secrets", "asks_secrets", is_flag=True, help="Ask on the terminal for secrets that cannot be read here."
)


def asking(asks: bool) -> Ask | None:  # noqa: FBT001 - the flag, as it was given
    """Return what asks for a secret on the terminal, without echo; None unless asked to, ``UsageError`` without a terminal."""
    from reconciler.cli.session import is_interactive

    if not asks:
        return None
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


class _ShardType(click.ParamType[Any]):
    """A part of so many, as I/N."""

    name = "I/N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Shard:
        """Return the part; raise ``UsageError``."""
        from reconciler.rules.plan.shards import Shard

        if isinstance(value, Shard):
            return value
        index, _, count = str(value).partition("/")
        if index.isdecimal() and count.isdecimal() and 1 <= int(index) <= int(count) <= _MOST_SHARDS:
            return Shard(int(index), int(count))
        return self.fail(
            f"{str(value)[:20]} is not of the form I/N, such as 3/10, with N up to {_MOST_SHARDS}", param, ctx
        )


_MOST_SHARDS = 1_000


def shard_option(help_text: str) -> Callable[[Command], Command]:
    """Return ``--shard``."""
    return click.option("--shard", metavar="I/N", type=_ShardType(), help=help_text)


accept_option = click.option(
    "--accept-altered",
    "accepted",
    metavar="NAME=REASON",
    multiple=True,
    callback=lambda _context, _parameter, written: reasons_of("--accept-altered", written),
    help="Take an account that was altered behind the journal's back as state has it; the journal keeps why. Repeatable.",
)


def reasons_of(option: str, written: Iterable[str]) -> dict[str, str]:
    """Return reasons by name, from a repeatable option that takes NAME=REASON."""
    reasons: dict[str, str] = {}
    for each in written:
        name, _, reason = each.partition("=")
        if not name or not reason.strip():
            raise click.UsageError(f"{option} takes NAME=REASON, with a reason; not {each.strip() or 'an empty text'}")
        reasons[name] = reason.strip()
    return reasons


def gathered(
    name: str, kind: type[Any], *options: Callable[[Callable[..., Any]], Any]
) -> Callable[[Callable[..., Any]], Any]:
    """Return what adds options to a command, which has their values as one: a ``kind``, by the keyword ``name``."""
    names = [field.name for field in fields(kind)]

    def with_options(command: Callable[..., Any]) -> Any:
        @wraps(command)
        def called(*positional: Any, **given: Any) -> Any:
            return command(*positional, **{name: kind(**{each: given.pop(each) for each in names})}, **given)

        for option in reversed(options):
            option(called)
        return called

    return with_options


class ViewOptions(FrozenByName):
    """How much of a plan is shown as text, and whether by a pager."""

    view: View | None
    no_pager: bool


view_options = gathered(
    "viewing",
    ViewOptions,
    click.option("--full", "view", flag_value="full", help="Show every account with all its fields, as text."),
    click.option("--compact", "view", flag_value="compact", help="Show the head alone: what matters, on one screen."),
    click.option("--no-pager", is_flag=True, help="Show it at once, however long; by default PAGER, or less."),
)


class PlanOptions(FrozenByName):
    """What a plan covers and what it may do."""

    depth: Depth | None
    targets: tuple[str, ...]
    excludes: tuple[str, ...]
    allow_deletes: int | None
    hold_failing: bool
    rotations: bool
    asks_secrets: bool
    trust_project: bool
    operator: str | None


def _any_names(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    from reconciler.cli.completion import any_names

    return any_names(context, parameter, incomplete)


plan_options = gathered(
    "asked",
    PlanOptions,
    depth_option("How far to verify: offline opens no socket; message sends a test message."),
    click.option(
        "--target",
        "targets",
        metavar="SEL",
        multiple=True,
        shell_complete=_any_names,
        help=f"Plan only these. {SELECTOR_HELP} Repeatable.",
    ),
    click.option(
        "--exclude",
        "excludes",
        metavar="SEL",
        multiple=True,
        shell_complete=_any_names,
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
    ask_option,
    env_file_option,
    trust_option,
    operator_option,
)
