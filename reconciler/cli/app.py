"""The table of commands. Each is imported when it is called, so that help and completion stay quick."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, NamedTuple

import click

from reconciler import __version__
from reconciler.cli.help import HelpContext, with_narrow_help

if TYPE_CHECKING:
    from collections.abc import Mapping

    from click.shell_completion import CompletionItem


class Entry(NamedTuple):
    """Where a command lives, and the line that help shows for it."""

    module: str
    attribute: str
    help: str


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one when it is called."""

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
        """Return the commands that begin with what was typed, without importing any, and the options."""
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
        """Return the command that is called; for a misspelt one, name the nearest."""
        if args and args[0] not in self._entries and not ctx.resilient_parsing and not args[0].startswith("-"):
            from reconciler.diagnostics.phrasing import did_you_mean

            ctx.fail(f"There is no command {args[0]}.{did_you_mean(args[0], self._entries)}")
        return super().resolve_command(ctx, args)


_COMMANDS = "reconciler.cli.commands"
ENTRIES = {
    "init": Entry(f"{_COMMANDS}.init", "init", "Begin a project: its files, its state and a pipeline."),
    "validate": Entry(f"{_COMMANDS}.validate", "validate", "Check the manifests without network, secrets or state."),
    "plan": Entry(f"{_COMMANDS}.plan", "plan", "Show what apply would change, verified against the real servers."),
    "show": Entry(f"{_COMMANDS}.plan", "show", "Show a saved plan."),
    "apply": Entry(f"{_COMMANDS}.apply", "apply", "Record a plan: all of it in one transaction, or nothing."),
    "verify": Entry(f"{_COMMANDS}.verify", "verify", "Check settings: connect, log in and try the sender."),
    "accounts": Entry(
        f"{_COMMANDS}.accounts.view", "accounts", "See the recorded accounts; add, delete and rename them."
    ),
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
    "completion": Entry(
        f"{_COMMANDS}.completion", "completion", "Print the script for completion in bash, zsh or fish."
    ),
    "schema": Entry(f"{_COMMANDS}.schema", "schema", "Print a JSON Schema, for editors and for reading our JSON."),
    "state": Entry(f"{_COMMANDS}.state.init", "state", "Make and look after the state."),
}


@click.group(
    cls=LazyGroup,
    entries=ENTRIES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 error, 2 changes pending, 3 verification failed, 4 refused, 5 stale.",
)
@click.version_option(__version__, "--version", message="%(prog)s %(version)s")
@click.option("--project-dir", metavar="DIR", default=".", show_default=True, help="The project folder.")
@click.option("--project-file", metavar="FILE", help="The project file; by default reconciler.yaml in the folder.")
@click.option("--state", metavar="URL", help="The state; by default RECONCILER_STATE, then the project file's.")
@click.pass_context
def reconciler(context: click.Context, project_dir: str, project_file: str | None, state: str | None) -> None:
    """Keep sending accounts as code: plan, verify and apply the accounts from which an organisation sends e-mail.

    \b
    Examples:
        reconciler init
        reconciler accounts add own
        reconciler plan
        reconciler apply
    """
    from reconciler.cli.session import GlobalOptions

    context.obj = GlobalOptions(project_dir=project_dir, project_file=project_file, state=state)
