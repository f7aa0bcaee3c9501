"""exec: a command that reads and writes a consumer, by one JSON object on standard input and one on standard output.

Premise: what a command writes may hold what it was given, so nothing of it is ever shown: it answers by words of a list,
and standard error is thrown away. Which command it is decides the project file alone.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pydantic import ValidationError

from reconciler.consumers.folder import Unwritable
from reconciler.consumers.form import Had
from reconciler.consumers.jsonfiles import had, parsed, sender_document
from reconciler.consumers.target import ConsumerContents, Target
from reconciler.model.canonical import canonical_json
from reconciler.model.consumers.capabilities import Capabilities
from reconciler.programs import CommandFailed, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.consumers.form import Entry
    from reconciler.model.canonical import JsonObject
    from reconciler.model.secrets.values import FingerprintKey

PROTOCOL = 1
_OCTETS = 16 * 1024 * 1024
FAULTS: Mapping[str, str] = {
    "unreachable": "it could not reach what it writes to",
    "unauthorized": "what it writes to refused its login",
    "conflict": "somebody else was writing at the same time",
    "invalid": "what it writes to refused the accounts",
}
"""What a command may answer under ``error``, and how it reads."""
_ALWAYS = "name"


class CommandTarget(Target):
    """A consumer that a command reads and writes."""

    @property
    def place(self) -> str:
        """The command."""
        return shown(self.consumer.command or ())

    def capabilities(self) -> Capabilities:
        """Ask the command what it can carry."""
        answer = self.exchange("capabilities").get("capabilities")
        try:
            return Capabilities.model_validate(answer, by_alias=True, by_name=False, strict=False)
        except ValidationError:
            raise Unwritable(f"{self.place} answers capabilities that are none: see docs/publishing.md.") from None

    def look(self, key: FingerprintKey) -> ConsumerContents:
        """Ask the command what the consumer has."""
        accounts = self.exchange("read").get("accounts")
        if not isinstance(accounts, list) or not all(
            isinstance(each, dict) and isinstance(each.get(_ALWAYS), str) for each in accounts
        ):
            raise Unwritable(f"{self.place} answers no list of accounts with names.")
        return ConsumerContents(
            accounts={each["name"]: had(each, "password") for each in accounts}, is_there=bool(accounts)
        )

    def expected(self, entries: Sequence[Entry]) -> Mapping[str, Had]:
        """Return what the command is given, without the secrets."""
        documents = {each.sender.name: sender_document(each) for each in entries}
        return {
            name: had({**each, "password": ""} if entry.sender.secret and entry.reference is None else each, "password")
            for (name, each), entry in zip(documents.items(), entries, strict=True)
        }

    def write(self, entries: Sequence[Entry], seen: ConsumerContents, key: FingerprintKey) -> None:
        """Have the command write all of them, and remove the others that are ours."""
        accounts = [sender_document(each) for each in entries]
        if self.exchange("write", accounts).get("written") is not True:
            raise Unwritable(f"{self.place} does not answer that it has written.")

    def exchange(self, verb: str, accounts: Sequence[JsonObject] = ()) -> JsonObject:
        """Run the command for a verb, capabilities, read or write, and return its answer; raise ``Unwritable``."""
        asked = {
            "protocol": PROTOCOL,
            "verb": verb,
            "consumer": {"name": self.name, "secrets": self.consumer.secrets, "onSuspend": self.consumer.on_suspend},
            "accounts": [*accounts],
        }
        try:
            octets = self._run(self.consumer.command or (), max_octets=_OCTETS, given=json.dumps(asked).encode())
        except CommandFailed as failure:
            raise Unwritable(f"The command {self.place} was {_asked(verb)}: {failure}.") from None
        return self._answer(octets, verb)

    def _answer(self, octets: bytes, verb: str) -> JsonObject:
        try:
            answer = parsed(octets.decode("utf-8", "strict"))
        except ValueError:
            raise Unwritable(f"The command {self.place} was {_asked(verb)}, and answers no JSON object.") from None
        if answer.get("protocol") != PROTOCOL:
            raise Unwritable(f"The command {self.place} does not answer by protocol {PROTOCOL}.")
        if "error" in answer:
            fault = FAULTS.get(answer["error"]) if isinstance(answer["error"], str) else None
            raise Unwritable(f"The command {self.place} was {_asked(verb)}: {fault or 'it failed'}.")
        return answer


def _asked(verb: str) -> str:
    return "asked for its capabilities" if verb == "capabilities" else f"asked to {verb}"


def likened(expected: Had, found: Had) -> Had:
    """Return what is expected as far as the command can tell it: what its answer lacks is not compared."""
    wanted, has = json.loads(expected.shape), json.loads(found.shape)
    return Had(shape=canonical_json({key: value for key, value in wanted.items() if key in has}))
