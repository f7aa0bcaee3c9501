"""What ``reconciler accounts add`` asks for on a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.cli.commands.accounts.parts import Given
    from reconciler.operations.workspace import Workspace

_SERVER = "the mail server's host name"


def complete(name: str | None, given: Given, *, asks_for_server: bool) -> str:
    """Ask for what is required and missing, and return the account's name.

    Where nobody can be asked, the error names the flags.
    """
    from reconciler.cli.session import is_interactive

    if asks_for_server and given.host:
        _take_server(given, given.host)
    needs_server = asks_for_server and not (given.server or given.host or given.preset)
    missing = [
        word
        for word, value in (("NAME", name), ("--email", given.email), ("--display-name", given.display_name))
        if not value
    ]
    missing += ["one of --preset, --server, --host and --discover"] if needs_server else []
    if missing and not is_interactive():
        raise click.UsageError(f"Without a terminal to ask on, these are needed: {', '.join(missing)}.")
    name = name or _ask("Name (a-z 0-9 . _ -)", _name)
    given.email = given.email or _ask("E-mail address", _address)
    given.display_name = given.display_name or _ask("Display name")
    if asks_for_server:
        _complete_server(given, is_missing=needs_server)
    if missing and asks_for_server and given.owner is None:
        # Without an owner it is shared, for an account that nobody sees is of no use.
        question = "Owner (Enter for none)" if given.shared else "Owner, whose view shows it (Enter for none)"
        answer: str = click.prompt(question, type=str, err=True, default="", show_default=False, value_proc=str.strip)
        given.owner = answer or None
        share_without_owner(given)
    return name


def _ask(question: str, check: Callable[[str], str] = str.strip) -> str:
    """Ask until the answer passes the check: nobody should answer all questions and fail at the end."""
    answer: str = click.prompt(question, type=str, err=True, value_proc=check)
    return answer


def _name(answer: str) -> str:
    from reconciler.manifests.suggesting import name_lines
    from reconciler.model.text.types import Name

    return _valid(answer, Name, name_lines)


def _address(answer: str) -> str:
    from reconciler.manifests.suggesting import email_lines
    from reconciler.model.text.types import Email

    return _valid(answer, Email, email_lines)


def _provider_or_host(answer: str) -> str:
    """Return the provider, or what was pasted of a server: ``_ask_for_server`` reads its host, port and encryption."""
    from reconciler.diagnostics.phrasing import did_you_mean
    from reconciler.manifests.suggesting import endpoint_of
    from reconciler.model.servers.presets import PRESETS
    from reconciler.model.text.types import Host

    given = answer.strip()
    is_address = "@" not in given and set(given) & {".", ":"} and endpoint_of(given) is not None
    if given in PRESETS or is_address:
        return given
    if "." not in given and (hint := did_you_mean(given, PRESETS)):
        raise click.UsageError(f"There is no provider of that name.{hint}")
    return _valid(given, Host)


def _valid(answer: str, form: Any, suggest: Callable[[str], list[str]] | None = None) -> str:
    """Return an answer that has a form; where it has not, the message says what to answer instead."""
    from pydantic import TypeAdapter, ValidationError

    from reconciler.render.safe import safe

    try:
        valid: str = TypeAdapter(form).validate_python(answer.strip())
    except ValidationError as refused:
        line = next(iter(suggest(answer) if suggest is not None else []), "")
        instead = f" Write {safe(line.partition(': ')[2])}" if line else ""
        raise click.UsageError(f"This {safe(refused.errors()[0]['msg'])}.{instead}") from None
    return valid


def _complete_server(given: Given, *, is_missing: bool) -> None:
    """Ask for the server where none is named; on a terminal a host that is named is asked about where it may be misspelt."""
    from reconciler.cli.session import is_interactive
    from reconciler.model.servers.presets import PRESETS

    if not is_missing:
        if given.host and is_interactive() and not _is_meant(given.host):
            raise click.UsageError("Name the mail server in full, such as smtp.example.com, with --host.")
        return
    _say(f"Providers: {', '.join(PRESETS)}.")
    answer = _ask(f"Provider, or {_SERVER}", _provider_or_host)
    while answer not in PRESETS and not _is_meant(answer):
        answer = _ask(f"Provider, or {_SERVER}", _provider_or_host)
    preset = PRESETS.get(answer)
    if preset is None:
        _take_server(given, answer)
        return
    given.preset = answer
    if preset.host_in(given.region) is None:
        given.region = _ask("Region")
    if preset.username is None and not given.username:
        given.username = _ask("User name at the provider (not the password)")


def _take_server(given: Given, answer: str) -> None:
    """Take host, port and encryption of what was pasted, as ``smtp.example.com:465``; an option that was given wins."""
    from reconciler.manifests.suggesting import endpoint_of

    found = endpoint_of(answer)
    given.host = answer if found is None else found.host
    if found is not None:
        if None not in (given.port, found.port) and given.port != found.port:
            raise click.UsageError(f"The host says port {found.port}, and --port says {given.port}; keep one.")
        given.port = found.port if given.port is None else given.port
        given.encryption = given.encryption or found.encryption


def share_without_owner(given: Given) -> None:
    """Share an account that options gave no owner, and say so: nobody would see it, which is warned of at once."""
    if not given.owner and not given.shared:
        given.shared = True
        _say("Without an owner it is shown to everybody: shared: true.")


def _say(sentence: str) -> None:
    from reconciler.cli.output import say
    from reconciler.cli.session import style_for
    from reconciler.render.text.state import sentences_text

    say(sentences_text([sentence], style=style_for(sys.stderr)).rstrip("\n"))


def _is_meant(host: str) -> bool:
    """Ask about a name of one label, which is either one of this network or a misspelt one."""
    from reconciler.manifests.suggesting import endpoint_of

    found = endpoint_of(host)
    name = found.host if found is not None else host
    if "." in name or ":" in name or name == "localhost":
        return True
    question = f"{name} has no dot, so only this network can know it. Is it the mail server's whole name?"
    return click.confirm(question, default=False, err=True)


def ask_for_platform(place: Workspace) -> None:
    """Ask for the platform's server where the project file has none yet, and write it there."""
    from reconciler.cli.output import say
    from reconciler.cli.session import is_interactive, style_for
    from reconciler.manifests.suggesting import Endpoint, endpoint_of
    from reconciler.operations.accounts.declare_platform import PLATFORM_VARIABLE, PlatformAnswer, declare_platform
    from reconciler.render.text.state import sentences_text

    if "platform" in place.project.model_fields_set or not is_interactive():
        return
    style = style_for(sys.stderr)
    told = (
        "Marketing accounts are sent through one mail server, the platform's, and the project file does not name it yet. "
        "Without it they are recorded and cannot send."
    )
    say(sentences_text([told], style=style).rstrip("\n"))
    answer = click.prompt(
        "The platform's mail server, HOST or HOST:PORT (Enter if it is not known yet)",
        type=str, err=True, default="", show_default=False, value_proc=_host_or_nothing,
    )  # fmt: skip
    if not answer:
        return
    found = endpoint_of(answer) or Endpoint(answer, None, None)
    username = click.prompt(
        "User name there (Enter for no login)", type=str, err=True, default="", show_default=False, value_proc=str.strip
    )
    wanted = PlatformAnswer(host=found.host, port=found.port, encryption=found.encryption, username=username or None)
    file = declare_platform(place, wanted)
    lines = [f"Wrote the platform's server into {file}."]
    if username:
        lines += ["Where reconciler runs, set this variable before the plan:", f"    export {PLATFORM_VARIABLE}=…"]
    say(sentences_text(lines, style=style).rstrip("\n"))


def _host_or_nothing(answer: str) -> str:
    from reconciler.manifests.suggesting import endpoint_of
    from reconciler.model.text.types import Host

    given = answer.strip()
    if given and endpoint_of(given) is None:
        _valid(given, Host)
    return given
