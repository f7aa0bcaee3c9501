"""The file of an MTA-STS policy, fetched over HTTPS (RFC 8461 section 3.3).

The host is one that a domain's owner chooses, and so the author of a manifest: therefore nothing is contacted but port
443 of ``mta-sts.DOMAIN``, where ``verification.servers`` allows it; what ``web`` keeps to holds here too, no redirect is
followed, and nothing of the content is shown but single words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.classes import dataclass
from reconciler.model.text.globs import matches_any_host
from reconciler.verification.domains.web import FetchTrouble, get

if TYPE_CHECKING:
    from reconciler.smtp.deadline import Deadline
    from reconciler.verification.domains.lookup import Lookups

__all__ = ["FetchTrouble", "Fetched", "NotAllowed", "PolicyFetcher", "url_of"]

_PATH = "/.well-known/mta-sts.txt"
_FETCH_SECONDS = 5.0
_OK = 200
_REDIRECTS = range(300, 400)


class NotAllowed(Exception):
    """The host may not be contacted; the message names it."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was served."""

    content: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class PolicyFetcher:
    """Fetches policies; tests have a port of their own."""

    allowed_hosts: tuple[str, ...] = ("*",)
    """Globs of the hosts that may be contacted."""
    port: int = 443

    def fetch(self, domain: str, lookups: Lookups, *, deadline: Deadline) -> Fetched:
        """Return the policy file of a domain; raise ``FetchTrouble`` or ``NotAllowed``."""
        host = f"mta-sts.{domain}"
        if not matches_any_host(self.allowed_hosts, host):
            raise NotAllowed(host)
        limit = deadline.sooner(_FETCH_SECONDS)
        answer = get(host, _PATH, lookups, accept="text/plain", deadline=limit, port=self.port)
        if answer.status in _REDIRECTS:
            raise FetchTrouble("it is a redirect, which senders do not follow (RFC 8461 section 3.3)")
        if answer.status != _OK:
            raise FetchTrouble(f"its host answers with HTTP status {answer.status}")
        return Fetched(answer.content, answer.media_type)


def url_of(domain: str) -> str:
    """Return the address of a domain's policy file."""
    return f"https://mta-sts.{domain}{_PATH}"
