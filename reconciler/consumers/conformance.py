"""The conformance suite of the exec protocol: what every command has to do, tried on the command itself.

Each step is a sentence that holds or does not. It writes accounts that do not exist, so it is for a test instance, and
refuses one that has accounts of ours already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.consumers.folder import Unwritable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reconciler.consumers.command import CommandTarget
    from reconciler.model.canonical import JsonObject

_PASSWORD = "conformance: pw #1"  # noqa: S105 - of accounts that do not exist
_NAMES = ("conformance-a", "conformance-b")
Step = tuple[str, str | None]
"""What has to hold, and why it does not; None where it does."""


def example_account(name: str, display_name: str = "Conformance") -> JsonObject:
    """Return an account as a command is given it."""
    return {
        "name": name,
        "kind": "own",
        "email": f"{name}@example.com",
        "displayName": display_name,
        "replyTo": [],
        "host": "smtp.example.com",
        "port": 587,
        "encryption": "starttls",
        "mechanism": "auto",
        "username": f"{name}@example.com",
        "password": _PASSWORD,
    }


def conformance(target: CommandTarget) -> Iterator[Step]:
    """Yield each step of the test with its fault, if any; the first one ends it, since later steps build on earlier."""
    for sentence, check in _steps(target):
        try:
            problem = check()
        except Unwritable as failure:
            problem = str(failure)
        yield sentence, problem
        if problem is not None:
            return


def _steps(target: CommandTarget) -> Iterator[tuple[str, Callable[[], str | None]]]:
    first, second = (example_account(name) for name in _NAMES)
    changed = example_account(_NAMES[0], "Another name")
    limit = target.capabilities
    yield "capabilities says what it can carry", lambda: None if limit() is not None else "it says nothing"
    yield "read lists accounts with names", lambda: _is_empty(target)
    yield "write takes an account, and read has it as it was given", lambda: _written(target, first)
    yield "write of the same again changes nothing", lambda: _written(target, first)
    yield "write of another setting changes it", lambda: _written(target, changed)
    if not limit().one_account:
        yield "write of two has both", lambda: _written(target, changed, second)
        yield "write of one takes the other away", lambda: _written(target, second)
    yield "write of none takes all of ours away", lambda: _written(target)
    yield "an unknown verb is answered with an error", lambda: _refuses(target)


def _is_empty(target: CommandTarget) -> str | None:
    found = target.exchange("read").get("accounts")
    if not isinstance(found, list):
        return "it answers no list of accounts"
    return "there are accounts already: run this against a test instance" if found else None


def _written(target: CommandTarget, *accounts: JsonObject) -> str | None:
    answer = target.exchange("write", accounts)
    if answer.get("written") is not True:
        return "it does not answer written: true"
    if _PASSWORD in str(answer):
        return "its answer to write holds a password"
    found = {each["name"]: each for each in target.exchange("read")["accounts"]}
    wanted = {each["name"]: each for each in accounts}
    if found.keys() != wanted.keys():
        return f"read has {', '.join(sorted(found)) or 'none'} where {', '.join(sorted(wanted)) or 'none'} were written"
    for name, each in found.items():
        for key, value in each.items():
            if key in wanted[name] and wanted[name][key] != value:
                return f"of {name} read has another {key} than was written"
    return None


def _refuses(target: CommandTarget) -> str | None:
    try:
        target.exchange("conformance")
    except Unwritable:
        return None
    return "it takes a verb that there is not"
