"""Whether a domain can receive mail: RFC 5321 section 5.1 (MX and implicit MX), RFC 7505 (null MX)."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from reconciler.verification.domains.sentences import Remark, fine, listed, remark

if TYPE_CHECKING:
    from reconciler.smtp.deadline import Deadline
    from reconciler.verification.domains.lookup import Lookups

_MOST_EXCHANGES = 10


def check_mx(domain: str, lookups: Lookups, *, deadline: Deadline, mail: str) -> list[Remark]:
    """Return whether ``mail`` (bounces, replies) to addresses of a domain can arrive; raise ``DnsTrouble``."""
    facts = {"domain": domain, "mail": mail}
    exchanges = lookups.ask(domain, "MX", deadline=deadline).exchanges
    if not exchanges:
        code = "mxImplicit" if _has_address(domain, lookups, deadline) else "mxMissing"
        return [remark(code, **facts)]
    if not any(each.host for each in exchanges):
        return [remark("mxNull", **facts)]
    broken: list[str] = []
    aliases: list[str] = []
    good: list[str] = []
    for each in exchanges[:_MOST_EXCHANGES]:
        trouble = _target_trouble(each.host, lookups, deadline)
        if trouble is not None:
            broken.append(f"{each.host or '.'} {trouble}")
        # An alias is forbidden (RFC 2181 section 10.3), and mail arrives there all the same, so it is not broken.
        elif lookups.ask(each.host, "A", deadline=deadline).is_alias:
            aliases.append(each.host)
        else:
            good.append(each.host)
    if not good and not aliases:
        return [remark("mxUnusable", targets=listed(broken), **facts)]
    remarks = [remark("mxTargetBroken", targets=listed(broken), **facts)] if broken else []
    remarks += [remark("mxTargetAlias", targets=listed(aliases), **facts)] if aliases else []
    servers = listed(good, most=3)
    return remarks or [fine(f"{facts['mail'].capitalize()} to {facts['domain']} go to {servers}.")]


def _target_trouble(host: str, lookups: Lookups, deadline: Deadline) -> str | None:
    """Return why a target is no mail server, as a clause; None where it has an address."""
    if not host:
        return "means no server, and stands beside others"
    if _is_address(host):
        return "is an IP address, and only a host name is allowed"
    if not lookups.ask(host, "A", deadline=deadline).exists:
        return "does not exist"
    return None if _has_address(host, lookups, deadline) else "has no address"


def _has_address(host: str, lookups: Lookups, deadline: Deadline) -> bool:
    return any(lookups.ask(host, kind, deadline=deadline).addresses for kind in ("A", "AAAA"))


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
