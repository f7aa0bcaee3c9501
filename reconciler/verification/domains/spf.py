"""SPF (RFC 7208): the record of a domain, and everything that it leads to, counted as receivers count.

Counted is the worst case, a message that no mechanism matches. A domain with macros depends on the message: it is
counted and not followed, so the count is then a lower bound. What the record says of one address is the question of
``spf_evaluation``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.verification.domains.sentences import Remark, fine, listed, remark, shown
from reconciler.verification.domains.spf_evaluation import MOST_EXCHANGES, MOST_LOOKUPS, MOST_VOID_LOOKUPS
from reconciler.verification.domains.spf_misses import joined_without_space, near_miss
from reconciler.verification.domains.spf_record import (
    LOOKED_UP,
    SPF_VERSION,
    SpfRecord,
    SpfSyntaxError,
    Term,
    is_spf,
    parse_spf,
)
from reconciler.verification.domains.wildcards import stands_at_name_twice

if TYPE_CHECKING:
    from reconciler.smtp.deadline import Deadline
    from reconciler.verification.domains.answers import Answer, RecordType
    from reconciler.verification.domains.lookup import Lookups

_NEAR_LIMIT = 9
_MOST_COUNTED = 40


def check_spf(domain: str, lookups: Lookups, *, deadline: Deadline) -> list[Remark]:
    """Return what is to be said of a domain's SPF record; raise ``DnsTrouble`` where a question got no answer."""
    answer = lookups.ask(domain, "TXT", deadline=deadline)
    records = [text for text in answer.texts if is_spf(text)]
    if not records:
        return [_none(domain, answer, lookups, deadline)]
    if len(records) > 1:
        return [remark("spfSeveral", domain=domain, count=len(records))]
    seam = joined_without_space(records[0], answer.seams.get(records[0], ()))
    try:
        record = parse_spf(records[0])
    except SpfSyntaxError as fault:
        return [remark("spfSyntax", domain=domain, term=fault.term, reason=seam or fault.reason)]
    evaluation = _Evaluation(domain, lookups, deadline)
    evaluation.walk(record, (domain,), is_last=True, passes=True)
    found = [*evaluation.remarks(), *([remark("spfJoined", domain=domain, reason=seam)] if seam else [])]
    if record.ignored:
        meant = record.ignored[0].replace("=", ":", 1)
        found.append(remark("spfIgnoredTerm", domain=domain, term=record.ignored[0], meant=meant))
    if record.unreached is not None and record.last is not None:
        variant = "redirect" if record.unreached.startswith("redirect=") else "afterAll"
        facts = {"term": record.unreached, "meant": record.last.text}
        found.append(remark("spfIgnoredTerm", variant=variant, domain=domain, **facts))
    return found or [fine(_summary(domain, record, evaluation.count))]


def _none(domain: str, answer: Answer, lookups: Lookups, deadline: Deadline) -> Remark:
    """Return what is said of a domain without an SPF record: whether one is meant to be."""
    for text in answer.texts:
        reason = near_miss(text, answer.seams.get(text, ()))
        if reason is not None:
            return remark("spfUnrecognised", domain=domain, record=text, reason=reason)
    is_twice = stands_at_name_twice(domain, domain, SPF_VERSION, lookups, deadline=deadline)
    return remark("spfMissing", variant="twice" if is_twice else "", domain=domain)


def _summary(domain: str, record: SpfRecord, count: int) -> str:
    text = shown(record.text, max_characters=100)
    return f'{domain} has one SPF record, which takes {count} of at most {MOST_LOOKUPS} DNS look-ups: "{text}".'


class _Evaluation:
    """One record being followed: look-ups counted, names that do not exist, and remarks on the way."""

    def __init__(self, domain: str, lookups: Lookups, deadline: Deadline) -> None:
        """Begin at a domain."""
        self.count = 0
        self._domain = domain
        self._lookups = lookups
        self._deadline = deadline
        self._void: list[str] = []
        self._parts: list[str] = []
        self._found: dict[str, Remark] = {}

    def remarks(self) -> list[Remark]:
        """Return what was found, limits included; at most one remark of a code."""
        facts = {"domain": self._domain, "parts": listed(self._parts, most=12)}
        if self.count > MOST_LOOKUPS:
            count = f"more than {_MOST_COUNTED}" if self.count > _MOST_COUNTED else self.count
            self._add(remark("spfTooManyLookups", count=count, **facts))
        elif self.count >= _NEAR_LIMIT:
            self._add(remark("spfNearLimit", count=self.count, **facts))
        if len(self._void) > MOST_VOID_LOOKUPS:
            targets = listed(self._void)
            self._add(remark("spfTooManyVoidLookups", domain=self._domain, count=len(self._void), targets=targets))
        return list(self._found.values())

    def walk(self, record: SpfRecord, chain: tuple[str, ...], *, is_last: bool, passes: bool) -> None:
        """Follow a record; ``chain`` are the domains that led to it.

        ``is_last`` is true where its ``all`` decides for the first record too, ``passes`` where its pass is a pass
        of the first record.
        """
        for term in record.terms:
            if self.count > _MOST_COUNTED:
                return
            before = self.count
            self._follow(term, chain, passes=passes)
            if len(chain) == 1 and self.count > before:
                self._parts.append(f"{term.text} ({self.count - before})")
        if record.redirect is not None:
            before = self.count
            self.count += 1
            if "%" not in record.redirect:
                self._include(f"redirect={record.redirect}", record.redirect, chain, is_last=is_last, passes=passes)
            if len(chain) == 1:
                self._parts.append(f"redirect={record.redirect} ({self.count - before})")
            return
        if record.last is not None and record.last.qualifier == "+" and passes:
            self._add(self._everybody(record.last, chain))
        if is_last:
            self._judge_end(record)

    def _follow(self, term: Term, chain: tuple[str, ...], *, passes: bool) -> None:
        if term.is_everything and term.qualifier == "+" and passes:
            self._add(self._everybody(term, chain))
        if term.mechanism not in LOOKED_UP:
            return
        self.count += 1
        if term.mechanism == "ptr":
            self._add(remark("spfUsesPtr", domain=self._domain))
        elif term.has_macro:
            return
        elif term.mechanism == "include":
            is_pass = passes and term.qualifier == "+"
            self._include(term.text, term.domain or "", chain, is_last=False, passes=is_pass)
        elif term.mechanism == "mx":
            self._exchanges(term.domain or chain[-1])
        else:
            self._addresses(term.domain or chain[-1])

    def _include(self, term: str, target: str, chain: tuple[str, ...], *, is_last: bool, passes: bool) -> None:
        way = " > ".join((*chain, target))
        if target in chain:
            self._add(remark("spfLoop", domain=self._domain, chain=way))
            return
        texts = [text for text in self._ask(target, "TXT").texts if is_spf(text)]
        reason = "it has several SPF records" if texts else "it has no SPF record"
        if len(texts) == 1:
            try:
                self.walk(parse_spf(texts[0]), (*chain, target), is_last=is_last, passes=passes)
            except SpfSyntaxError as fault:
                reason = f'its SPF record has an error at "{shown(fault.term, max_characters=60)}"'
            else:
                return
        facts = {"target": target, "chain": way, "reason": reason, "term": term}
        self._add(remark("spfIncludeBroken", domain=self._domain, **facts))

    def _exchanges(self, target: str) -> None:
        if len(self._ask(target, "MX").exchanges) > MOST_EXCHANGES:
            self._add(remark("spfTooManyLookups", variant="mx", domain=self._domain, target=target))

    def _addresses(self, target: str) -> None:
        if self._lookups.ask(target, "A", deadline=self._deadline).is_void:
            self._ask(target, "AAAA")

    def _ask(self, target: str, record_type: RecordType) -> Answer:
        answer = self._lookups.ask(target, record_type, deadline=self._deadline)
        if answer.is_void:
            self._void.append(target)
        return answer

    def _judge_end(self, record: SpfRecord) -> None:
        last = record.last
        if last is None:
            self._add(remark("spfNoAll", domain=self._domain))
        elif last.qualifier == "?":
            self._add(remark("spfNeutral", domain=self._domain))
        elif last.qualifier in "-~" and not any(term.qualifier in "+?" for term in record.terms):
            self._add(remark("spfAllowsNobody", domain=self._domain, record=record.text))

    def _everybody(self, term: Term, chain: tuple[str, ...]) -> Remark:
        where = f", in {' > '.join(chain)}" if len(chain) > 1 else ""
        return remark("spfAllowsAll", domain=self._domain, term=term.text, where=where)

    def _add(self, found: Remark) -> None:
        self._found.setdefault(found.code, found)
