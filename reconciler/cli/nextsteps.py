"""What usually comes next after each command: the last line on a terminal, where the command itself has not told one.

A row for every command, so that nobody stands before a bare prompt; None where the output is for a program to read, or is
help already.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class NextStep(NamedTuple):
    """A sentence, and the one command that it speaks of."""

    sentence: str
    command: str


_STATUS = NextStep("To see how everything stands:", "reconciler status")
_PLAN = NextStep("To see what the manifests would change:", "reconciler plan")
_ACCOUNTS = NextStep("To see the accounts that are recorded:", "reconciler accounts list")
_CONSUMERS = NextStep("To see what each program has:", "reconciler consumers list")
_HISTORY = NextStep("To see what was done, and by whom:", "reconciler history")

NEXT_STEPS: dict[str, NextStep | None] = {
    "check": NextStep("To keep accounts as files, and what was applied of them:", "reconciler init"),
    "init": NextStep("To add an account:", "reconciler accounts add own"),
    "import": NextStep("To check what was written:", "reconciler validate"),
    "export": _ACCOUNTS,
    "validate": _PLAN,
    "plan": _STATUS,
    "plan merge": _STATUS,
    "show": _PLAN,
    "diff": _HISTORY,
    "apply": _STATUS,
    "verify": _STATUS,
    "publish": _CONSUMERS,
    "consumers conform": _CONSUMERS,
    "consumers list": NextStep("To bring each to what is recorded:", "reconciler publish"),
    "consumers show": NextStep("To bring it to what is recorded:", "reconciler publish"),
    "accounts add marketing": _PLAN,
    "accounts add own": _PLAN,
    "accounts delete": _PLAN,
    "accounts list": _STATUS,
    "accounts rename": _PLAN,
    "accounts show": _HISTORY,
    "status": _PLAN,
    "domains records": NextStep("Once they are published:", "reconciler verify"),
    "ca fetch": NextStep("Once the manifest names it:", "reconciler verify"),
    "approve": _ACCOUNTS,
    "reject": _ACCOUNTS,
    "suspend": _ACCOUNTS,
    "resume": _ACCOUNTS,
    "resolve": _ACCOUNTS,
    "send": _HISTORY,
    "history": NextStep("To prove that nothing of it was altered:", "reconciler journal check"),
    "history restore": _PLAN,
    "journal check": _HISTORY,
    "journal head": NextStep("To look whether all before it is as it was written:", "reconciler journal check"),
    "journal redact": NextStep("To look whether the journal still holds:", "reconciler journal check"),
    "report": _STATUS,
    "explain": NextStep("All words that are explained:", "reconciler explain"),
    "doctor": NextStep("To look at the manifests:", "reconciler validate"),
    "help": None,
    "completion": None,
    "schema": None,
    "state backup": _STATUS,
    "state export": _STATUS,
    "state init": _PLAN,
    "state migrate": _STATUS,
    "state rekey": _PLAN,
    "state restore": _PLAN,
    "state revoke": _PLAN,
    "state roles": _STATUS,
}
"""By the command's path, without the program."""

_COMMAND = re.compile(r"(?:^\s*(?:[A-Z_]+=\S* )?|(?:next|mend|everything): +)reconciler \S")


def is_command(line: str) -> bool:
    """Tell whether a line is a command to copy, or ends with one.

    >>> is_command("    reconciler plan"), is_command("everything: reconciler accounts show a --full"), is_command("Done.")
    (True, True, False)
    """
    return _COMMAND.search(line) is not None
