"""Discovery on the command line: what was found is shown, and a person takes one of it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.model.adoption.candidates import Candidate, Discovery


def taken_candidate(
    email: str, nameservers: Sequence[str] = (), allowed_hosts: tuple[str, ...] = ("*",), *, is_confirmed: bool
) -> Candidate:
    """Return the server that the person takes of those that were found; the first where it ``is_confirmed`` beforehand.

    Beforehand is for candidates that agree. Raises ``InvalidInput`` where nothing was found, or nobody can confirm it.
    """
    from reconciler.cli.session import is_interactive
    from reconciler.diagnostics import error
    from reconciler.errors import InvalidInput

    found = _found(email, nameservers, allowed_hosts)
    if not found.candidates:
        raise InvalidInput(error("nothingDiscovered", _nothing(found)))
    _show(found)
    if is_confirmed and not found.disagrees:
        return found.candidates[0]
    if not is_interactive():
        first = found.candidates[0]
        why = "those who were asked disagree" if found.disagrees else "there is no terminal to confirm it on"
        detail = (
            f"What was found is taken by a person, and {why}. Nothing was contacted. Take the right one with\n"
            f"    --host {first.host} --port {first.port} --encryption {first.encryption}"
        )
        detail += "" if found.disagrees else "\nor add --yes to take what all agree on."
        raise InvalidInput(error("notConfirmed", detail))
    return found.candidates[_asked_number(found, "Which one (its number; Ctrl-C for none)", least=1) - 1]


def offered_candidate(
    email: str, nameservers: Sequence[str] = (), allowed_hosts: tuple[str, ...] = ("*",)
) -> Candidate | None:
    """Return the server that the person takes of those that were found; None where nothing was, or none is wanted."""
    found = _found(email, nameservers, allowed_hosts)
    if not found.candidates:
        _say(f"Nobody says through which server mail of {found.domain or 'this domain'} is sent.", *found.silent[:5])
        return None
    _show(found)
    number = _asked_number(found, "Which one (its number; 0 to name the server yourself)", least=0)
    return found.candidates[number - 1] if number else None


def _found(email: str, nameservers: Sequence[str], allowed_hosts: tuple[str, ...]) -> Discovery:
    """Find out the servers of an address's domain, after whoever sits at a terminal was told who is asked for what."""
    from reconciler.cli.session import is_interactive
    from reconciler.operations.adoption.discover import asking, discover

    def tell(domain: str) -> None:
        if is_interactive():
            _say(
                f"Asking where mail of {domain} is sent, and telling nobody the address: https://autoconfig.{domain} and "
                f"https://{domain}/.well-known/autoconfig for a description, the name servers for SRV and MX records."
            )

    return discover(email, asking(nameservers, allowed_hosts=allowed_hosts), before_asking=tell)


def _show(found: Discovery) -> None:
    from reconciler.cli.output import say
    from reconciler.cli.session import style_for
    from reconciler.render.text.discovery import discovery_text

    say(discovery_text(found, style=style_for(sys.stderr)).rstrip("\n"))


def _say(*sentences: str) -> None:
    from reconciler.cli.output import say
    from reconciler.cli.session import style_for
    from reconciler.render.text.state import sentences_text

    say(sentences_text(list(sentences), style=style_for(sys.stderr)).rstrip("\n"))


def _asked_number(found: Discovery, question: str, *, least: int) -> int:
    number: int = click.prompt(
        question,
        type=click.IntRange(least, len(found.candidates)),
        default=None if found.disagrees else 1,
        err=True,
    )
    return number


def _nothing(found: Discovery) -> str:
    told = "".join(f" {each}" for each in found.silent[:5])
    return (
        f"Nobody says through which server mail of {found.domain or 'this domain'} is sent.{told} Name the host, as the "
        "provider's page for mail programs has it:\n    --host smtp.example.com"
    )
