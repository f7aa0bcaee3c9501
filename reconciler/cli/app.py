"""The table of commands, and how help looks on narrow terminals.

Each command is imported when it is called, so that help and completion stay quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from reconciler import DOCUMENTATION, __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from click.shell_completion import CompletionItem

    from reconciler.cli.session import ColourChoice

_LEAST_WIDTH = 38
_WIDE_ENOUGH = 70
"""The fewest columns for options and their descriptions side by side."""

_HYPHEN, _KEPT_HYPHEN = "-", "\u2011"
"""Options, paths and codes are not broken at their hyphens: while lines are made, these are such as do not break."""

_NO_LIMIT = 1_000
"""Longer than any first sentence."""

_SHORT_TERM = 12
_NARROW_COLUMN = 6
_USUAL_COLUMN = 30


class HelpFormatter(click.HelpFormatter):
    """Wraps help at the terminal's width, also below 50 columns, click's least."""

    def __init__(self, indent_increment: int = 2, width: int | None = None, max_width: int | None = None) -> None:
        """Take the width given, or that of the terminal, up to ``max_width``."""
        import shutil

        columns = shutil.get_terminal_size().columns
        fitting = max(min(columns, max_width or columns) - 2, _LEAST_WIDTH)
        super().__init__(indent_increment, width or fitting, max_width)

    def write(self, string: str) -> None:
        """Write text, its hyphens as they are typed."""
        super().write(string.replace(_KEPT_HYPHEN, _HYPHEN))

    def write_text(self, text: str) -> None:
        """Write a paragraph, wrapped at spaces alone."""
        super().write_text(text.replace(_HYPHEN, _KEPT_HYPHEN))

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the usage, wrapped at spaces alone."""
        super().write_usage(prog, args.replace(_HYPHEN, _KEPT_HYPHEN), prefix)

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = _USUAL_COLUMN, col_spacing: int = 2) -> None:
        """Write options or commands beside their descriptions; on a narrow terminal above them."""
        listed = [(term, told.replace(_HYPHEN, _KEPT_HYPHEN)) for term, told in rows]
        if self.width < _WIDE_ENOUGH:
            widest = max((len(term) for term, _ in listed), default=0)
            col_max = _SHORT_TERM if widest <= _SHORT_TERM else _NARROW_COLUMN
        super().write_dl(listed, col_max, col_spacing)


class HelpContext(click.Context):
    """A context whose help is written by ``HelpFormatter``."""

    formatter_class = HelpFormatter

    def invoke(self, callback: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Run a command, and note its path. A group is invoked before its command, so the command's path is what stays."""
        Called.path = self.command_path.partition(" ")[2]
        return super().invoke(callback, *args, **kwargs)


class Called:
    """The command that this call runs."""

    path = ""
    """As it is typed, without the program; empty until one runs."""


def with_narrow_help(command: click.Command) -> click.Command:
    """Have a command and its subcommands write their help with ``HelpFormatter``; return the command."""
    command.context_class = HelpContext
    for below in getattr(command, "commands", {}).values():
        with_narrow_help(below)
    return command


class Group(click.Group):
    """A group of few commands, whose help tells each one's first sentence whole."""

    context_class = HelpContext

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands with their first sentences."""
        below = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, each.get_short_help_str(limit=_NO_LIMIT)) for name, each in below if each and not each.hidden]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is called; a misspelt one is an error that names the nearest."""
        if (
            args
            and self.get_command(ctx, args[0]) is None
            and not ctx.resilient_parsing
            and not args[0].startswith("-")
        ):
            from reconciler.diagnostics.phrasing import did_you_mean

            known = self.list_commands(ctx)
            hint = did_you_mean(args[0], known) or f" There are: {', '.join(known)}."
            ctx.fail(f"There is no command {ctx.command_path.partition(' ')[2]} {args[0]}.{hint}")
        return super().resolve_command(ctx, args)


class CommandWithMore(click.Command):
    """A command of its own that also has commands below it, each called by the first word."""

    context_class = HelpContext

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Begin with none below."""
        super().__init__(*arguments, **options)
        self.more: dict[str, click.Command] = {}

    def command(self, name: str) -> Callable[[Callable[..., Any]], click.Command]:
        """Return the decorator of a command below this one."""

        def add(function: Callable[..., Any]) -> click.Command:
            self.more[name] = with_narrow_help(click.command(name)(function))
            return self.more[name]

        return add

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Return the context of the command below where the first word names it."""
        below = self.more.get(args[0]) if args else None
        if below is None:
            return super().make_context(info_name, args, parent, **extra)
        return below.make_context(f"{info_name} {args[0]}", args[1:], parent, **extra)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, then the commands below with their first sentences."""
        super().format_options(ctx, formatter)
        with formatter.section("Commands"):
            formatter.write_dl([(name, each.get_short_help_str(limit=_NO_LIMIT)) for name, each in self.more.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return what the command itself completes, and the commands below."""
        from click.shell_completion import CompletionItem

        named = [CompletionItem(name) for name in self.more if name.startswith(incomplete)]
        return [*named, *super().shell_complete(ctx, incomplete)]


class Entry(NamedTuple):
    """Where a command lives, and its line in the help."""

    module: str
    attribute: str
    help: str


class LazyGroup(click.Group):
    """A group that knows its commands by name, and imports one when it is called."""

    context_class = HelpContext

    def __init__(self, *arguments: object, entries: Mapping[str, Entry], **options: object) -> None:
        """Take the table of commands beside what a click group takes."""
        super().__init__(*arguments, **options)  # type: ignore[arg-type]
        self._entries = entries

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the commands in the order of the table, which is that of their use."""
        return list(self._entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - the same
        """Import and return a command; None where there is none of that name."""
        entry = self._entries.get(cmd_name)
        if entry is None:
            return None
        command: click.Command = getattr(importlib.import_module(entry.module), entry.attribute)
        return with_narrow_help(command)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the commands that begin with the typed word, without importing any, and the options."""
        from click.shell_completion import CompletionItem

        entries = [(name, entry) for name, entry in self._entries.items() if name.startswith(incomplete)]
        found = [CompletionItem(name, help=entry.help) for name, entry in entries]
        return found + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - the same
        """Write the commands with their lines, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in self._entries.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is called; a misspelt one is an error that names the nearest."""
        if args and args[0] not in self._entries and not ctx.resilient_parsing and not args[0].startswith("-"):
            from reconciler.diagnostics.phrasing import did_you_mean

            ctx.fail(f"There is no command {args[0]}.{did_you_mean(args[0], self._entries)}")
        return super().resolve_command(ctx, args)


_COMMANDS = "reconciler.cli.commands"
ENTRIES = {
    "check": Entry(f"{_COMMANDS}.check", "check", "Check mail settings before they are saved; needs no project."),
    "init": Entry(f"{_COMMANDS}.init", "init", "Begin a project: its files, its state and a pipeline."),
    "import": Entry(
        f"{_COMMANDS}.import_", "import_", "Take over accounts from msmtp, Postfix, .env files and others."
    ),
    "export": Entry(
        f"{_COMMANDS}.export", "export", "Write the recorded accounts as manifests, a table, or for a program."
    ),
    "validate": Entry(f"{_COMMANDS}.validate", "validate", "Check the manifests without network, secrets or state."),
    "plan": Entry(f"{_COMMANDS}.plan", "plan", "Show what apply would change, verified against the real servers."),
    "show": Entry(f"{_COMMANDS}.plan", "show", "Show a saved plan."),
    "diff": Entry(f"{_COMMANDS}.diff", "diff", "Compare two saved plans."),
    "apply": Entry(f"{_COMMANDS}.apply", "apply", "Record a plan: all of it in one transaction, or nothing."),
    "verify": Entry(f"{_COMMANDS}.verify", "verify", "Check settings: connect, log in and try the sender."),
    "publish": Entry(
        f"{_COMMANDS}.consumers.publish", "publish", "Bring the programs that send mail to what is applied."
    ),
    "consumers": Entry(
        f"{_COMMANDS}.consumers.view", "consumers", "See which programs use what is applied, and whether each has it."
    ),
    "accounts": Entry(
        f"{_COMMANDS}.accounts.view", "accounts", "See the recorded accounts; add, delete and rename them."
    ),
    "status": Entry(f"{_COMMANDS}.status", "status", "See on one screen how everything stands, and what to look at."),
    "domains": Entry(f"{_COMMANDS}.domains.records", "domains", "See which DNS records the sending domains lack."),
    "ca": Entry(f"{_COMMANDS}.ca.fetch", "ca", "Keep the CA that a server presents, to be looked at."),
    "approve": Entry(f"{_COMMANDS}.decisions", "approve", "Accept marketing accounts, so that they may send."),
    "reject": Entry(f"{_COMMANDS}.decisions", "reject", "Refuse marketing accounts, or withdraw their approval."),
    "suspend": Entry(f"{_COMMANDS}.decisions", "suspend", "Stop accounts from sending at once; no apply undoes it."),
    "resume": Entry(f"{_COMMANDS}.decisions", "resume", "End a suspension."),
    "resolve": Entry(f"{_COMMANDS}.resolve", "resolve", "Show who each contact would see as From, To and Reply-To."),
    "send": Entry(
        f"{_COMMANDS}.send", "send", "Send a message through an active account, to each contact as resolved."
    ),
    "history": Entry(f"{_COMMANDS}.history", "history", "See what was applied and done, by whom, from which commit."),
    "journal": Entry(f"{_COMMANDS}.history", "journal", "Prove that nothing was altered; erase personal data."),
    "report": Entry(f"{_COMMANDS}.report", "report", "Write all accounts and their history as a static site."),
    "explain": Entry(f"{_COMMANDS}.explain", "explain", "Explain a code, a status or a field: cause, cure, example."),
    "doctor": Entry(f"{_COMMANDS}.doctor", "doctor", "Look at state, keys, clock and ways out, for a report."),
    "help": Entry(f"{_COMMANDS}.help", "help_", "Show the help of a command."),
    "completion": Entry(
        f"{_COMMANDS}.completion", "completion", "Print the script for completion in bash, zsh or fish."
    ),
    "schema": Entry(f"{_COMMANDS}.schema", "schema", "Print a JSON Schema, for editors and for reading our JSON."),
    "state": Entry(f"{_COMMANDS}.state.init", "state", "Make and look after the state."),
}


def _environment_names(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    from reconciler.cli.completion import environment_names

    return environment_names(context, parameter, incomplete)


@click.group(
    cls=LazyGroup,
    entries=ENTRIES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=f"Exit codes: 0 done, 1 error, 2 changes pending, 3 verification failed, 4 refused, 5 stale, 6 not published everywhere. What a code, a "
    f"status or a field means: reconciler explain WORD. Documentation: {DOCUMENTATION}",
)
@click.version_option(__version__, "--version", message="%(prog)s %(version)s")
@click.option(
    "--project-dir",
    metavar="DIR",
    help="The project folder; by default this one, or the nearest above with a project file.",
)
@click.option("--project-file", metavar="FILE", help="The project file; by default reconciler.yaml in the folder.")
@click.option(
    "--env",
    "environment",
    metavar="NAME",
    shell_complete=_environment_names,
    help="The environment; needed where the project file declares some. There is no default, and no variable for it.",
)
@click.option("--state", metavar="URL", help="The state; by default RECONCILER_STATE, then the project file's.")
@click.option(
    "--color",
    type=click.Choice(("auto", "always", "never")),
    default="auto",
    show_default=True,
    help="Colour; auto looks at the terminal, NO_COLOR and FORCE_COLOR.",
)
@click.pass_context
def reconciler(
    context: click.Context,
    *,
    project_dir: str | None,
    project_file: str | None,
    environment: str | None,
    state: str | None,
    color: ColourChoice,
) -> None:
    """Keep sending accounts as code: plan, verify and apply the accounts from which an organisation sends e-mail.

    \b
    Examples:
        reconciler init
        reconciler accounts add own
        reconciler plan
        reconciler apply
    """
    from reconciler.cli.session import GlobalOptions, choose_colour, choose_environment

    choose_colour(color)
    choose_environment(environment)
    context.obj = GlobalOptions(given_dir=project_dir, project_file=project_file, state=state, environment=environment)
