"""Every command of the program, the examples that its help shows, and whether a command line is one of them."""

from __future__ import annotations

import inspect
import re
import shlex
from typing import TYPE_CHECKING, NamedTuple

import click

from reconciler.cli.app import CommandWithMore, reconciler

if TYPE_CHECKING:
    from collections.abc import Iterator

_REDIRECTION = re.compile(r"^[12]?>{1,2}$")


class Known(NamedTuple):
    """A command by its path, such as ``reconciler state init``."""

    path: str
    command: click.Command


def commands() -> list[Known]:
    """Return every command and group, the program itself first."""
    return list(_below("reconciler", reconciler))


def _below(path: str, command: click.Command) -> Iterator[Known]:
    yield Known(path, command)
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=path)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None, name
            yield from _below(f"{path} {name}", below)
    if isinstance(command, CommandWithMore):
        for name, below in command.more.items():
            yield from _below(f"{path} {name}", below)


def examples(command: click.Command) -> list[str]:
    """Return the lines below ``Examples:`` in a command's help, continued ones joined."""
    _, heading, shown = inspect.cleandoc(command.help or "").partition("\b\nExamples:\n")
    assert heading, command.name
    block = shown.partition("\n\n")[0].replace("\\\n", " ")
    return [" ".join(line.split()) for line in block.splitlines()]


def parse(line: str) -> tuple[click.Command, list[click.Context]]:
    """Return the command that a line of a shell calls, parsed as far as running it would, with its contexts.

    Raises click's exceptions where the line is wrong.
    """
    program, *words = _without_redirection(shlex.split(line, comments=True))
    assert "reconciler" == program, line
    command: click.Command = reconciler
    contexts = [command.make_context(program, list(words))]
    while isinstance(command, click.Group):
        _, rest, _ = command.make_parser(contexts[-1]).parse_args(list(words))  # what is left for the subcommand
        name, below, words = command.resolve_command(contexts[-1], rest)
        assert below is not None, line
        contexts.append(below.make_context(name, list(words), parent=contexts[-1]))
        command = contexts[-1].command  # a command with more below it gives the context of what its first word names
    return command, contexts


def _without_redirection(words: list[str]) -> list[str]:
    kept: list[str] = []
    is_target = False
    for word in words:
        if not is_target and not _REDIRECTION.match(word):
            kept.append(word)
        is_target = bool(_REDIRECTION.match(word))
    return kept
