"""Manual pages and completion scripts, read from the command line's own definitions: what ``share/`` holds.

One page for the command and one for each that does something, as git has them: ``man reconciler-accounts-list``.
"""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING

import click
from click.shell_completion import ShellComplete, get_completion_class

from reconciler import DOCUMENTATION, __version__
from reconciler.cli.app import reconciler
from reconciler.diagnostics.exits import EXIT_CODES
from tools.commands import PROGRAM, leaf_commands

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_COMPLETIONS = {
    "bash": f"bash-completion/completions/{PROGRAM}",
    "zsh": f"zsh/site-functions/_{PROGRAM}",
    "fish": f"fish/vendor_completions.d/{PROGRAM}.fish",
}


def shared_files() -> dict[str, str]:
    """Return the text of every file by its path below ``share``."""
    root = click.Context(reconciler, info_name=PROGRAM)
    leaves = list(leaf_commands(root))
    pages = {f"man/man1/{_name(each)}.1": _page(each, []) for each in leaves}
    pages[f"man/man1/{PROGRAM}.1"] = _page(root, leaves)
    return pages | {path: _completion(shell) for shell, path in _COMPLETIONS.items()}


def _completion(shell: str) -> str:
    chosen = get_completion_class(shell)
    assert chosen is not None  # noqa: S101 - click completes all three
    return ShellComplete.source(chosen(reconciler, {}, PROGRAM, "_RECONCILER_COMPLETE")) + "\n"


def _name(context: click.Context) -> str:
    return context.command_path.replace(" ", "-")


def _page(context: click.Context, below: list[click.Context]) -> str:
    """Return one page; ``below`` are the commands that it lists."""
    prose, examples = _parts(inspect.cleandoc(context.command.help or ""))
    usage = " ".join(context.command.collect_usage_pieces(context))
    name = _name(context)
    also = sorted({PROGRAM, *map(_name, below)} - {name})
    lines = [
        f'.TH {_text(name.upper())} 1 "" "{PROGRAM} {__version__}" "{PROGRAM}"',
        *(".SH NAME", f"{_text(name)} \\- {_text(context.command.get_short_help_str(limit=200).rstrip('.'))}"),
        *(".SH SYNOPSIS", f".B {_text(context.command_path)}", _text(usage)),
        *(".SH DESCRIPTION", *_paragraphs(prose)),
        *_section("OPTIONS", _definitions(_records(context))),
        *_section(
            "COMMANDS", _definitions((each.command_path, each.command.get_short_help_str(200)) for each in below)
        ),
        *_section("EXAMPLES", [".nf", *map(_text, examples), ".fi"] if examples else []),
        *(".SH EXIT STATUS", *_definitions((str(each.number), each.summary) for each in EXIT_CODES.values())),
        *(".SH SEE ALSO", *(f".BR {_text(each)} (1){',' if each != also[-1] else ''}" for each in also)),
        *(".PP", _text(DOCUMENTATION)),
    ]
    return "\n".join(lines) + "\n"


def _parts(help_text: str) -> tuple[list[str], list[str]]:
    """Return the paragraphs of a help text, and the lines of its examples, which stand last."""
    prose, _, examples = help_text.partition("Examples:\n")
    paragraphs = [each.strip() for each in prose.replace("\b", "").split("\n\n")]
    return [each for each in paragraphs if each], inspect.cleandoc(f"\n{examples}").splitlines()


def _records(context: click.Context) -> Iterator[tuple[str, str]]:
    for parameter in context.command.params:
        record = parameter.get_help_record(context) if isinstance(parameter, click.Option) else None
        if record is not None:
            yield record[0], re.sub(r"\s+", " ", record[1])


def _section(title: str, lines: Iterable[str]) -> list[str]:
    told = list(lines)
    return [f".SH {title}", *told] if told else []


def _paragraphs(texts: list[str]) -> Iterator[str]:
    for number, text in enumerate(texts):
        if number:
            yield ".PP"
        yield from map(_text, text.splitlines())


def _definitions(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    for term, meaning in rows:
        yield from (".TP", f".B {_text(term)}", _text(meaning or "\\&"))


def _text(text: str) -> str:
    """Return a line as roff has it: nothing in it is a request, and hyphens can be pasted."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped
