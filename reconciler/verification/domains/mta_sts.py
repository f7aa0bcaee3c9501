"""MTA-STS (RFC 8461): the record that announces a policy, the policy itself, and whether it names the mail servers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reconciler.classes import dataclass
from reconciler.verification.domains.sentences import Remark, fine, listed, remark
from reconciler.verification.domains.sts_fetch import FetchTrouble, NotAllowed, url_of
from reconciler.verification.domains.tags import TagListError, notation_fault, parse_tags

if TYPE_CHECKING:
    from reconciler.smtp.deadline import Deadline
    from reconciler.verification.domains.lookup import Lookups
    from reconciler.verification.domains.sts_fetch import Fetched, PolicyFetcher

_VERSION = re.compile(rb"v=STSv1[ \t]*(?:;|\Z)")
_ALMOST = re.compile(rb"[ \t\"']*v[ \t]*=[ \t]*STS", re.IGNORECASE)
_ID = re.compile(r"[A-Za-z0-9]{1,32}\Z")
_LINE = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.-]{0,31})[ \t]*:[ \t]*(.*?)[ \t]*\Z")
_PATTERN = re.compile(r"(?:\*\.)?(?!-)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*\Z")
_MODES = ("enforce", "testing", "none")
_MAX_AGE_SECONDS = 31_557_600
_CONSEQUENCES = {
    "enforce": "Senders that heed the policy do not deliver to it.",
    "testing": "Once the mode is enforce, senders would not deliver to it.",
}


class _NotAPolicy(ValueError):
    """The file is not valid; the message says why, as a clause."""


@dataclass(frozen=True, slots=True)
class StsPolicy:
    """A valid policy (RFC 8461 section 3.2)."""

    mode: str
    patterns: tuple[str, ...]
    """Host names in lower case; ``*.`` at the beginning stands for one label."""

    def names(self, host: str) -> bool:
        """Tell whether a mail server is one of those of the policy (section 4.1)."""
        above = f"*.{host.partition('.')[2]}"
        return host in self.patterns or above in self.patterns


def check_mta_sts(domain: str, lookups: Lookups, fetcher: PolicyFetcher, *, deadline: Deadline) -> list[Remark]:
    """Return what is to be said of a domain's policy; raise ``DnsTrouble`` where a question got no answer."""
    fault = _record_fault(domain, lookups, deadline)
    if fault is not None:
        return [fault]
    facts = {"domain": domain, "url": url_of(domain)}
    try:
        policy = _policy(fetcher.fetch(domain, lookups, deadline=deadline))
    except NotAllowed as refusal:
        return [remark("notAllowed", host=str(refusal))]
    except FetchTrouble as trouble:
        return [remark("mtaStsUnreachable", reason=str(trouble), **facts)]
    except _NotAPolicy as invalid:
        return [remark("mtaStsPolicyInvalid", reason=str(invalid), **facts)]
    hosts = [each.host for each in lookups.ask(domain, "MX", deadline=deadline).exchanges if each.host] or [domain]
    unlisted = [host for host in hosts if policy.mode != "none" and not policy.names(host)]
    if unlisted:
        consequence = _CONSEQUENCES[policy.mode]
        told = {"mode": policy.mode, "hosts": listed(unlisted), "consequence": consequence}
        return [remark("mtaStsMxUnlisted", **told, **facts)]
    return [fine(f"The MTA-STS policy of {domain} has the mode {policy.mode} and fits its mail servers.")]


def _record_fault(domain: str, lookups: Lookups, deadline: Deadline) -> Remark | None:
    """Return what keeps senders from looking for a policy; None for a good record."""
    texts = lookups.ask(f"_mta-sts.{domain}", "TXT", deadline=deadline).texts
    records = [text for text in texts if _VERSION.match(text)]
    if len(records) > 1:
        return remark("mtaStsInvalid", domain=domain, reason=f"there are {len(records)} of them")
    if not records:
        almost = next((text for text in texts if _ALMOST.match(text)), None)
        if almost is not None:
            reason = notation_fault(almost) or "it must begin with v=STSv1; in exactly these letters"
            return remark("mtaStsInvalid", domain=domain, reason=reason)
        return remark("notDeclared", variant="mtaSts", domain=domain)
    try:
        tags = parse_tags(records[0])
    except TagListError as fault:
        return remark("mtaStsInvalid", domain=domain, reason=str(fault))
    if not _ID.match(tags.get("id", "")):
        return remark("mtaStsInvalid", domain=domain, reason="its id= must be 1 to 32 letters and digits")
    return None


def _policy(fetched: Fetched) -> StsPolicy:
    """Return the policy that a file holds; raise ``_NotAPolicy``."""
    if fetched.media_type != "text/plain":
        raise _NotAPolicy("its Content-Type is not text/plain")
    try:
        text = fetched.content.decode("utf-8")
    except UnicodeDecodeError:
        raise _NotAPolicy("it is not text in UTF-8") from None
    fields: dict[str, list[str]] = {}
    for number, line in enumerate(text.replace("\r\n", "\n").removesuffix("\n").split("\n"), start=1):
        found = _LINE.match(line)
        if found is None and line.strip():
            raise _NotAPolicy(f"line {number} is not of the form name: value")
        if found is not None:
            fields.setdefault(found[1], []).append(found[2])
    return _judged(fields)


def _judged(fields: dict[str, list[str]]) -> StsPolicy:
    """Return the policy that a file's fields say; a field counts where it stands first, and only mx may be repeated."""
    first = {name: values[0] for name, values in fields.items()}
    mode, age = first.get("mode", ""), first.get("max_age", "")
    patterns = tuple(pattern.lower().removesuffix(".") for pattern in fields.get("mx", ()))
    if first.get("version") != "STSv1":
        raise _NotAPolicy("it has no line version: STSv1")
    if mode not in _MODES:
        raise _NotAPolicy(f"its mode: must be {', '.join(_MODES[:-1])} or {_MODES[-1]}")
    if not (age.isascii() and age.isdecimal() and int(age[:12]) <= _MAX_AGE_SECONDS):
        raise _NotAPolicy(f"its max_age: must be a number of seconds up to {_MAX_AGE_SECONDS}")
    if mode != "none" and not patterns:
        raise _NotAPolicy("it has no line mx: with the name of a mail server")
    wrong = next((pattern for pattern in patterns if not _PATTERN.match(pattern)), None)
    if wrong is not None:
        raise _NotAPolicy(f'mx: "{wrong[:60]}" is not a host name, nor one that begins with *.')
    return StsPolicy(mode, patterns)
