"""Plans that changed nothing, kept with a digest of all that they rest on, so that the same again is told at once.

There is one file for each way of asking, below ``.reconciler/plans``. Each is sealed with a key that no pull request
has: a file that somebody else wrote there, or that was made for another project or by another version, counts as absent.
A cache that cannot be read or written costs the making of a plan and nothing else, so nothing here ever fails. Nothing
of a file is run, and none says where a secret travels: a plan that changes nothing contacts nobody.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from reconciler.classes import Frozen, FrozenByName
from reconciler.diagnostics import Diagnostic, Location
from reconciler.model.canonical import canonical_json
from reconciler.sealedfiles import SealedFiles, remove_files

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from reconciler.model.accounts.rest import Facts
    from reconciler.model.canonical import JsonObject
    from reconciler.model.plan import SavedPlan
    from reconciler.model.secrets.values import FingerprintKey

_FORMAT_VERSION = "2.0"
_MAX_OCTETS = 64 * 1024 * 1024
_MOST_DIFFERENT = 256
_SEALED_AS = "plan without changes"
_FACTS_SEALED_AS = "manifests of a plan without changes"


class KeptPlan(Frozen):
    """A plan that changed nothing, and what it rests on."""

    ground: str
    """The digest of all that it rests on, ``beside`` and ``secrets`` as they were read included."""
    beside: tuple[str, ...]
    """The files that its manifests name and that were read."""
    secrets: tuple[str, ...]
    """The references that its manifests name."""
    plan: JsonObject
    manifests: str
    """The digest of the manifest files, which ``ground`` leaves out."""

    def saved_plan(self) -> SavedPlan | None:
        """Return the plan as its model has it; None where that takes another form now."""
        from pydantic import ValidationError

        from reconciler.model.plan import SavedPlan

        try:
            # By way of JSON, because strict models take dates and sequences from JSON only.
            return SavedPlan.model_validate_json(canonical_json(self.plan), by_alias=True, by_name=False)
        except ValidationError:
            return None

    def remarks(self) -> KeptRemarks | None:
        """Return what people are told of the plan, made without its model; None where that has another form."""
        try:
            told = tuple(
                Diagnostic(**{**each, "location": place and Location(**place), "subjects": tuple(each["subjects"])})
                for each in self.plan["diagnostics"]
                for place in (each["location"],)
            )
            return KeptRemarks(unchanged=self.plan["summary"]["unchanged"], diagnostics=told)
        except (KeyError, TypeError):
            return None


class KeptRemarks(Frozen):
    """What people are told of a plan that changed nothing."""

    unchanged: int
    """How many accounts are recorded as they are declared."""
    diagnostics: tuple[Diagnostic, ...]


class KeptFacts(FrozenByName):
    """What a plan of a few changed manifests rests on: all manifests that a kept plan was made of."""

    files: Mapping[str, bytes]
    """The digest of each manifest file by the name under which it is shown."""
    facts: tuple[Facts, ...]
    """Of all accounts, by name."""
    server_files: tuple[str, ...]
    """The files that declare a MailServer."""
    taken: tuple[int, int]
    """How many octets and values all manifests have together."""
    head: str
    """The hash of the last entry of the journal."""
    is_unaltered: bool
    """Whether every recorded account was as the journal last recorded it."""


class PlanCache(FrozenByName):
    """What is kept of one project for one way of asking."""

    folder: Path
    """The folder of the files; it is made when the first is kept."""
    key: FingerprintKey
    project: str
    asked: str
    """The digest of what was asked."""

    def find(self) -> KeptPlan | None:
        """Return what is kept; None without any."""
        document = self._files(_SEALED_AS).find(self._subject)
        if document is None:
            return None
        try:
            return KeptPlan(
                ground=document["ground"],
                beside=tuple(document["beside"]),
                secrets=tuple(document["secrets"]),
                plan=document["plan"],
                manifests=document["manifests"],
            )
        except (KeyError, TypeError):
            return None

    def keep(self, kept: KeptPlan) -> None:
        """Keep a plan in the place of an earlier one."""
        found = {"ground": kept.ground, "beside": list(kept.beside), "secrets": list(kept.secrets)}
        more = {"manifests": kept.manifests, "plan": kept.plan}
        self._files(_SEALED_AS).keep(self._subject, {**found, **more})

    def find_facts(self, kept: KeptPlan) -> KeptFacts | None:
        """Return what is kept of the manifests that a kept plan was made of; None without any."""
        found = self._files(_FACTS_SEALED_AS).find_with_octets(self._subject_of_facts)
        if found is None or found[0].get("plan") != _ground_of(kept):
            return None
        from reconciler.model.accounts.rest import Facts

        try:
            document = json.loads(found[1])
            digests = bytes.fromhex(document["digests"])
            size = len(digests) // (len(document["files"]) or 1)
            each_digest = [digests[place : place + size] for place in range(0, len(digests), size or 1)]
            return KeptFacts(
                files=dict(zip(document["files"], each_digest, strict=True)),
                facts=tuple(map(Facts._make, zip(*map(_values, document["facts"]), strict=True))),
                server_files=tuple(document["serverFiles"]),
                taken=tuple(document["taken"]),
                head=document["head"],
                is_unaltered=document["isUnaltered"] is True,
            )
        except (KeyError, TypeError, ValueError, IndexError):
            return None

    def keep_facts(self, kept: KeptPlan, facts: KeptFacts) -> None:
        """Keep what a kept plan was made of in the place of what was kept of an earlier one."""
        found = {
            "files": list(facts.files),
            "digests": b"".join(facts.files.values()).hex(),
            "facts": [_column(values) for values in zip(*facts.facts, strict=True)],
            "serverFiles": facts.server_files,
            "taken": facts.taken,
            "head": facts.head,
            "isUnaltered": facts.is_unaltered,
        }
        octets = json.dumps(found, separators=(",", ":")).encode()
        self._files(_FACTS_SEALED_AS).keep(self._subject_of_facts, {"plan": _ground_of(kept)}, octets=octets)

    def _files(self, sealed_as: str) -> SealedFiles:
        return SealedFiles(
            folder=self.folder, key=self.key, sealed_as=sealed_as, max_octets=_MAX_OCTETS, follows_links=False
        )

    @property
    def _subject(self) -> JsonObject:
        key_id = self.key.key_id
        return {"formatVersion": _FORMAT_VERSION, "project": self.project, "asked": self.asked, "keyId": key_id}

    @property
    def _subject_of_facts(self) -> JsonObject:
        return {**self._subject, "of": "manifests"}


def _ground_of(kept: KeptPlan) -> str:
    """Return what ties facts to the one plan that they were kept with."""
    return f"{kept.ground} {kept.manifests}"


def _column(values: Sequence[Any]) -> tuple[list[Any], str | None]:
    """Return one field of all accounts: its different values, and which of them each account has, an octet for each.

    Where a field has more of them than an octet can tell apart, its values as they are, and None.
    """
    number = {value: place for place, value in enumerate(dict.fromkeys(values))}
    if len(number) > _MOST_DIFFERENT:
        return list(values), None
    return list(number), bytes([number[value] for value in values]).hex()


def _values(column: Sequence[Any]) -> list[Any]:
    """Return one field of all accounts, as it was before it became a column of JSON."""
    values, numbers = column
    different = [tuple(value) if isinstance(value, list) else value for value in values]
    return different if numbers is None else [different[number] for number in bytes.fromhex(numbers)]


def forget_plans(folder: Path) -> tuple[Path, ...]:
    """Remove all that is kept, as somebody's name may stand in it; return what could not be removed."""
    return remove_files(folder, lambda _: True)
