"""The questions of a run, each asked once, within limits of time."""

from __future__ import annotations

import threading
from dataclasses import field
from typing import TYPE_CHECKING

from reconciler.classes import dataclass
from reconciler.verification.domains.answers import Answer, DnsTrouble
from reconciler.verification.domains.resolving import NameServers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.smtp.deadline import Deadline
    from reconciler.verification.domains.answers import RecordType

QUERY_SECONDS = 3.0
"""How long one question may take, all name servers and attempts together."""

_SILENT_QUESTIONS_BEFORE_GIVING_UP = 6


@dataclass(slots=True)
class _Asked:
    """One question's outcome, once there is one."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    outcome: Answer | DnsTrouble | None = None


class Lookups:
    """The questions of one run and their answers; may be used by many threads."""

    def __init__(
        self,
        name_servers: Sequence[str] = (),
        *,
        query_seconds: float = QUERY_SECONDS,
        system_file: str = "/etc/resolv.conf",
    ) -> None:
        """Ask these name servers, each ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT; without any the system's.

        ``system_file`` names the system's, except on Windows.
        """
        self._name_servers = NameServers(name_servers, system_file=system_file)
        self._query_seconds = query_seconds
        self._lock = threading.Lock()
        self._asked: dict[tuple[str, RecordType], _Asked] = {}
        self._has_answered = False
        self._silent_questions = 0

    def ask(self, name: str, record_type: RecordType, *, deadline: Deadline) -> Answer:
        """Return the answer to a question; raise ``DnsTrouble`` where there is none.

        ``name`` is ASCII without final dot. Whoever asks what is being asked already waits for that answer.
        """
        key = (name.lower(), record_type)
        with self._lock:
            asked = self._asked.setdefault(key, _Asked())
        with asked.lock:
            outcome = asked.outcome
            if outcome is None:
                outcome, is_final = self._outcome(*key, deadline)
                asked.outcome = outcome if is_final else None
        if isinstance(outcome, DnsTrouble):
            raise DnsTrouble(outcome.code, outcome.name, is_refused=outcome.is_refused)
        return outcome

    def _outcome(self, name: str, record_type: RecordType, deadline: Deadline) -> tuple[Answer | DnsTrouble, bool]:
        """Return the outcome, and whether it would be the same for somebody with more time left."""
        try:
            seconds = min(self._query_seconds, deadline.remaining_seconds())
        except TimeoutError:
            return DnsTrouble("dnsTimedOut", name), False
        if not self._has_answered and self._silent_questions >= _SILENT_QUESTIONS_BEFORE_GIVING_UP:
            return DnsTrouble("dnsTimedOut", name), True
        outcome = self._name_servers.ask(name, record_type, seconds)
        is_silent = isinstance(outcome, DnsTrouble) and outcome.code == "dnsTimedOut"
        with self._lock:
            self._has_answered |= not is_silent
            self._silent_questions += is_silent
        return outcome, not is_silent or seconds == self._query_seconds
