"""``reconciler help``."""

from __future__ import annotations

import click


@click.command("help")
@click.argument("words", metavar="[COMMAND]...", nargs=-1)
@click.pass_context
def help_(context: click.Context, words: tuple[str, ...]) -> int:
    """Show the help of COMMAND, as its --help does; without COMMAND that of the program.

    \b
    Examples:
        reconciler help plan
        reconciler help accounts add own
    """
    from reconciler.cli.output import put

    asked = context.find_root()
    command = asked.command
    for word in words:
        if not isinstance(command, click.Group):
            break  # what stands behind a command, as in help accounts show sales
        _, below, _ = command.resolve_command(asked, [word])
        if below is None:
            raise click.UsageError(f"There is no command {word}.", asked)
        asked = below.context_class(below, info_name=word, parent=asked)
        command = below
    put(command.get_help(asked) + "\n")
    return 0
