"""``reconciler explain``."""

from __future__ import annotations

import sys

import click

from reconciler.cli.completion import explainable_words
from reconciler.cli.options import format_option


@click.command()
@click.argument("words", metavar="[WORD]", nargs=-1, shell_complete=explainable_words)
@format_option("text", "json")
def explain(words: tuple[str, ...], format_: str) -> int:
    """Explain WORD: a code of a message, a check or an exit, a status, a term, or a field of the files.

    With cause, cure and an example; without WORD all words there are. Nothing is asked of the network.

    \b
    Examples:
        reconciler explain credentialsRejected
        reconciler explain 4
        reconciler explain smtp.port
        reconciler explain fingerprint key
        reconciler explain
    """
    from reconciler.cli.output import put, put_json
    from reconciler.cli.session import style_for
    from reconciler.operations.explain import codes, fields
    from reconciler.operations.explain import explain as explain_word
    from reconciler.render.text.explain import explanation_text, explanations_document, explanations_list

    word = " ".join(words)  # a term may be several
    found = explain_word(word) if word else (*codes(), *fields())
    if format_ == "json":
        put_json(explanations_document(found))
    elif word:
        put(explanation_text(found, style=style_for(sys.stdout)))
    else:
        put(explanations_list(found, style=style_for(sys.stdout)))
    return 0
