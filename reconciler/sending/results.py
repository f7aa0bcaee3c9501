"""The results file: what became of each contact, one JSON line after another, written as it goes.

The first line says what the file belongs to. A contact's last line counts. Before the end of a message goes out, an
``attempting`` line is written, and after a kill it is known which messages have an unknown fate. A last line without its
end is cut off. One run at a time holds the file.

A loss of power takes what was written and is not on the disk yet, and to wait for the disk takes longer than a message.
So where many are sent quickly, several contacts are ``claimed`` first, and those lines are on the disk before the first
of them is attempted. Whoever reads the file later finds claimed contacts without another line: where the machine has not
been started anew since, nothing that was written can be missing, so they were not attempted; else nobody knows, and they
are of unknown fate. Whoever was not claimed is on the disk as ``attempting`` before the end of the message goes out.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import stat
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from pydantic import ValidationError

from reconciler.diagnostics import error
from reconciler.errors import InvalidInput
from reconciler.files import reason_of, sync_folder
from reconciler.model.formats import FORMAT_VERSION
from reconciler.model.mail.sending import OUTCOMES, InFlight, ResultsHeader, SendRecord, SendSummary
from reconciler.sending.entries import Verdict
from reconciler.sending.linemarks import LineMarks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from types import TracebackType

    from reconciler.model.mail.sending import Stage

_MAX_LINE_OCTETS = 64 * 1024
_MAX_LINE_NUMBER = 1_000_000_000
_HEADER_BEGINS = b'{"formatVersion"'
_STAGES: tuple[Stage, ...] = ("attempting", *OUTCOMES)
_MARKS: dict[Stage, int] = {stage: mark for mark, stage in enumerate(_STAGES, start=1)}
_text = json.encoder.encode_basestring_ascii
"""Returns a text as JSON in ASCII has it, also half of a surrogate pair."""
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_SAME = ("lineage", "account", "settings", "message", "contacts")
_DIFFERENT = {
    "lineage": "an account of another state",
    "account": "another account",
    "settings": "the account with another e-mail, display name, reply-to or override",
    "message": "another message",
    "contacts": "other contacts",
}


class _Noted(NamedTuple):
    """What one line of the file says of a contact."""

    line: int
    contact: str
    stage: Stage
    moment: str
    verdict: Verdict | SendRecord | None = None
    boot: str | None = None


class Results:
    """An open results file, held by this run alone. In memory it takes one octet for each line of the contacts file."""

    def __init__(self, descriptor: int, path: Path) -> None:
        """Take over the descriptor, which is locked."""
        self._descriptor = descriptor
        self._path = path
        self._stages = LineMarks()
        self._attempting: dict[int, str] = {}
        self._claimed: dict[int, _Noted] = {}
        self._boot = boot_id()
        self._writing, self._syncing = threading.Lock(), threading.Lock()
        self._written = self._synced = 0
        self._failure: InvalidInput | None = None
        self._stages_now = LineMarks()
        self.in_flight: tuple[InFlight, ...] = ()
        """What an earlier run had handed over without an answer; recorded as unknown."""
        self.header: ResultsHeader

    def __enter__(self) -> Self:
        """Return this."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Release what was claimed in vain, have everything on the disk, close, and let other runs have the file."""
        with contextlib.suppress(InvalidInput):  # then it stays claimed
            self._release()
        os.close(self._descriptor)

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self._path

    @property
    def rights_of_others(self) -> int:
        """The bits of the file's mode that let others than its owner use it: a file that was there keeps its mode."""
        return stat.S_IMODE(os.fstat(self._descriptor).st_mode) & (stat.S_IRWXG | stat.S_IRWXO)

    def stage(self, line: int) -> Stage | None:
        """Return the last stage of the contact on a line of the contacts file; None where nothing was tried."""
        number = self._stages[line]
        return _STAGES[number - 1] if number else None

    def is_deferred_now(self, line: int) -> bool:
        """Tell whether this run tried the contact on a line and deferred it."""
        return self._stages_now[line] == _MARKS["deferred"]

    def total(self) -> SendSummary:
        """Return the counts over all runs."""
        return _counts(self._stages)

    def this_run(self) -> SendSummary:
        """Return the counts of what this run did."""
        return _counts(self._stages_now)

    def claim(self, contacts: Sequence[tuple[int, str]], *, at: datetime) -> None:
        """Have contacts, by line and address, on the disk as the next ones, so that none waits for the disk by itself.

        Where it is not known whether the machine was started anew, nothing is claimed.
        """
        if self._boot is None:
            return
        moment = _moment(at)
        claimed = [_Noted(line, contact, "claimed", moment, boot=self._boot) for line, contact in contacts]
        self._write(claimed)
        self._sync()

    def record(self, record: SendRecord) -> None:
        """Append a record, as ``put`` does."""
        self.put(record.line, record.contact, record.outcome, at=record.at, verdict=record)

    def put(
        self, line: int, contact: str, stage: Stage, *, at: datetime, verdict: Verdict | SendRecord | None = None
    ) -> None:
        """Append how far it has come with a contact; return once an attempt that was not claimed is on the disk.

        Raise ``InvalidInput``.
        """
        is_claimed = line in self._claimed
        self._write([_Noted(line, contact, stage, _moment(at), verdict=verdict)])
        self._stages_now[line] = _MARKS[stage]
        if stage == "attempting" and not is_claimed:
            self._sync()

    def _write(self, noted: Sequence[_Noted]) -> None:
        lines = "\n".join(map(_line_of, noted))
        with self._writing:
            self._append(lines)
            for each in noted:
                self._note(each)

    def _release(self) -> None:
        claimed = tuple(self._claimed.values())
        if claimed:
            self._write([each._replace(stage="released", boot=None) for each in claimed])
        self._sync()

    def _append(self, text: str) -> None:
        rest = memoryview(text.encode("ascii") + b"\n")
        self._require_no_failure()
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError as failure:
            raise self._failed(failure) from None
        self._written += 1

    def _sync(self) -> None:
        """Return once all that was written before is on the disk; who comes meanwhile waits for one turn of it."""
        wanted = self._written
        with self._syncing:
            if self._synced >= wanted:
                return
            written = self._written
            self._require_no_failure()
            try:
                os.fsync(self._descriptor)
            except OSError as failure:
                raise self._failed(failure) from None
            self._synced = written

    def _require_no_failure(self) -> None:
        """Raise what the disk failed with, ever after: it tells of a failure once."""
        if self._failure is not None:
            raise self._failure

    def _failed(self, failure: OSError) -> InvalidInput:
        """Return the failure of the disk to raise, and keep it."""
        detail = f"{self._path} cannot be written: {reason_of(failure)}. Sending was stopped; mend it and go on with"
        self._failure = InvalidInput(error("resultsUnusable", f"{detail} the same command.", subject=str(self._path)))
        return self._failure

    def _note(self, noted: _Noted) -> None:
        line, stage = noted.line, noted.stage
        if stage == "claimed":
            self._claimed[line] = noted
            return
        self._claimed.pop(line, None)
        if stage == "released":
            return
        self._stages[line] = _MARKS[stage]
        if stage == "attempting":
            self._attempting[line] = noted.contact
        else:
            self._attempting.pop(line, None)

    def load(self, wanted: ResultsHeader) -> None:
        """Read the file, or begin it; record as unknown what an earlier run left in flight. Raises ``InvalidInput``.

        A file without a record tells of nobody, so one that was made for something else is begun anew: a run that
        came to nothing, such as one whose contacts could not be read, is mended and tried again.
        """
        end, number = 0, 0
        for number, octets in self._whole_lines():
            end += len(octets)
            if number == 1:
                self.header = self._read_header(octets)
                continue
            # Only where there are records: see above.
            if (different := self._difference(wanted)) is not None:
                raise self._belongs_elsewhere(_DIFFERENT[different])
            record = self._read_record(octets, number)
            self._note(_Noted(record.line, record.contact, record.outcome, _moment(record.at), boot=record.boot))
        if number == 1 and self._difference(wanted) is not None:
            end = 0
        # A line without its end was cut off by a crash, and the next record would be glued to it.
        os.ftruncate(self._descriptor, end)
        if end == 0:
            self.header = wanted
            self._append(wanted.model_dump_json(by_alias=True, ensure_ascii=True))
            self._sync()
            sync_folder(self._path.parent)
        self._settle(wanted.at)

    def _settle(self, at: datetime) -> None:
        """Record as unknown each message that an earlier run had in flight when it ended, or may have had."""
        lost = {line: claimed.contact for line, claimed in self._claimed.items() if claimed.boot != self._boot}
        pending = sorted((lost | self._attempting).items())
        self.in_flight = tuple(InFlight(line=line, contact=contact) for line, contact in pending)
        for each in self.in_flight:
            words = "the run ended before the server's answer to the message was recorded"
            verdict = Verdict("unknown", code="runEnded", words=words)
            self._write([_Noted(each.line, each.contact, "unknown", _moment(at), verdict=verdict)])
        self._release()

    def _whole_lines(self) -> Iterator[tuple[int, bytes]]:
        """Yield number and octets of each line that has its end; raise ``InvalidInput`` for a foreign file."""
        with open(os.dup(self._descriptor), "rb") as file:  # noqa: PTH123 - a descriptor, not a path
            file.seek(0)
            number = 0
            while (octets := file.readline(_MAX_LINE_OCTETS + 1)).endswith(b"\n"):
                number += 1
                yield number, octets
            # A crash can cut off the first line too; such a file must be the beginning of one of ours.
            is_foreign = number == 0 and not _HEADER_BEGINS.startswith(octets[: len(_HEADER_BEGINS)])
            if len(octets) > _MAX_LINE_OCTETS or is_foreign:
                raise self._not_results(number + 1)

    def _read_header(self, octets: bytes) -> ResultsHeader:
        try:
            document: Any = json.loads(octets)
            version = str(document["formatVersion"]) if isinstance(document, dict) else ""
            if version.partition(".")[0] != FORMAT_VERSION.partition(".")[0]:
                raise self._of_another_version(version)
            return ResultsHeader.model_validate_json(octets)
        except (ValueError, KeyError, RecursionError):
            raise self._not_results(1) from None

    def _difference(self, wanted: ResultsHeader) -> str | None:
        """Return the name of the first part of the header that differs from ``wanted``; None where none does."""
        return next((name for name in _SAME if getattr(self.header, name) != getattr(wanted, name)), None)

    def _read_record(self, octets: bytes, number: int) -> SendRecord:
        try:
            record = SendRecord.model_validate_json(octets)
        except ValidationError:
            raise self._not_results(number) from None
        if record.line > _MAX_LINE_NUMBER:
            raise self._not_results(number)
        return record

    def _not_results(self, number: int) -> InvalidInput:
        detail = (
            f"Line {number} of {self._path} is not one that reconciler wrote. Without the file nobody knows who has got "
            "the message: bring the file back as it was, or name another one with --results to begin anew."
        )
        return InvalidInput(error("resultsUnusable", detail, subject=str(self._path)))

    def _of_another_version(self, version: str) -> InvalidInput:
        detail = (
            f"{self._path} has format {version}, and this version of reconciler reads {FORMAT_VERSION}. Go on with the "
            "version that wrote it, since the file alone tells who has got the message."
        )
        return InvalidInput(error("resultsUnusable", detail, subject=str(self._path)))

    def _belongs_elsewhere(self, what: str) -> InvalidInput:
        detail = (
            f"{self._path} tells of sending with {what}. Going on with it could send the message twice to some and "
            "never to others. To begin anew, knowing that whoever is in that file may have got the message already, "
            "name another file:\n    --results FILE"
        )
        return InvalidInput(error("resultsMismatch", detail, subject=str(self._path)))


def boot_id() -> str | None:
    """Return what tells this start of the machine from every other; None where the system does not tell."""
    try:
        return _BOOT.read_text(encoding="ascii").strip() or None
    except (OSError, UnicodeError):
        return None


@contextlib.contextmanager
def open_results(path: Path, wanted: ResultsHeader) -> Iterator[Results]:
    """Open a results file for one run; make it where there is none, for the owner alone (mode 0600).

    Raises ``InvalidInput`` where it cannot be used, belongs to something other than ``wanted``, or another run has
    it.
    """
    with Results(_locked(path), path) as results:
        try:
            results.load(wanted)
        except OSError as failure:
            raise _unusable(path, reason_of(failure)) from None
        yield results


def _moment(at: datetime) -> str:
    """Return a moment in UTC as JSON has it."""
    return at.isoformat().replace("+00:00", "Z")


def _line_of(noted: _Noted) -> str:
    """Return what is noted as a ``SendRecord`` in one line of JSON, in ASCII: no words of others steer a terminal.

    It is written here field by field: each message takes three, and a model ten times as long.
    """
    further, told = "", noted.verdict
    if told is not None:
        named = (("queueId", told.queue_id), ("code", told.code), ("words", told.words))
        further = "".join([f',"{name}":{_text(value)}' for name, value in named if value is not None])
    if noted.boot is not None:
        further += f',"boot":{_text(noted.boot)}'
    contact, stage, moment = _text(noted.contact), noted.stage, noted.moment
    return f'{{"line":{noted.line},"contact":{contact},"outcome":"{stage}"{further},"at":"{moment}"}}'


def _counts(stages: LineMarks) -> SendSummary:
    return SendSummary(**{outcome: stages.count(_MARKS[outcome]) for outcome in OUTCOMES})


def _locked(path: Path) -> int:
    # O_NONBLOCK: a pipe of that name is opened without waiting for its other end, and then refused.
    flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        descriptor = _opened(path, flags)
    except (OSError, ValueError) as failure:
        reason = reason_of(failure) if isinstance(failure, OSError) else "its name cannot be one"
        raise _unusable(path, reason) from None
    try:
        _require_regular(descriptor, path)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        detail = f"Another run is sending with {path}. Wait for it to end, then go on with the same command."
        raise InvalidInput(error("resultsInUse", detail, subject=str(path))) from None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _opened(path: Path, flags: int) -> int:
    """Return the open file, made where there is none; raise ``OSError``, also for a link that leads to no file.

    A new file goes where it is named alone: through such a link it would come to be wherever somebody has it lead.
    """
    with contextlib.suppress(FileNotFoundError):
        return os.open(path, flags)
    try:
        return os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        if path.is_symlink():
            raise OSError(0, "it is a link that leads to no file; remove it, or make the file") from None
        return os.open(path, flags)  # another run has made it meanwhile


def _require_regular(descriptor: int, path: Path) -> None:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise _unusable(path, "it is not a regular file")


def _unusable(path: Path, reason: str) -> InvalidInput:
    return InvalidInput(error("resultsUnusable", f"{path} cannot be used: {reason}.", subject=str(path)))
