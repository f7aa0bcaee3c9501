"""Finds out the servers of an address's domain: presets, the domain's own description, its records, its MX's provider.

Never part of plan or validate: what other people's servers say is proposed to a person, who confirms it. All are asked
at once, over HTTPS and DNS alone, within limits of time and size; what has no encryption is not proposed.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from reconciler.adoption.source import Source
from reconciler.adoption.sources.autoconfig import outgoing_servers
from reconciler.classes import Frozen, FrozenByName
from reconciler.errors import InvalidInput
from reconciler.model.adoption.candidates import Candidate, Discovery
from reconciler.model.text.domains import NotADomain, address_domain
from reconciler.model.text.globs import matches_any_host
from reconciler.model.text.types import check_email
from reconciler.rules.adoption.proposing import joined, of_exchange, of_found, of_preset
from reconciler.smtp.deadline import Deadline
from reconciler.verification.domains import DnsTrouble, FetchTrouble, Lookups, get

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reconciler.model.servers.terms import Encryption

_SECONDS = 8.0
_MOST_REDIRECTS = 3
_OK = 200
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HTTPS = 443
_SERVICES: tuple[tuple[str, Encryption], ...] = (("_submissions._tcp", "tls"), ("_submission._tcp", "starttls"))
"""RFC 8314 section 5.1 before RFC 6186."""
_MOST_RECORDS = 5


class Asking(FrozenByName):
    """Whom to ask, and how; tests have name servers and a port of their own."""

    lookups: Lookups
    allowed_hosts: tuple[str, ...] = ("*",)
    port: int = _HTTPS
    seconds: float = _SECONDS


class _Heard(Frozen):
    """What one of them said."""

    candidates: tuple[Candidate, ...] = ()
    silence: str | None = None
    """Why nothing was said, as a sentence."""


def asking(nameservers: Sequence[str] = (), *, allowed_hosts: tuple[str, ...] = ("*",)) -> Asking:
    """Return how a run asks: these name servers, without any the system's."""
    return Asking(lookups=Lookups(nameservers), allowed_hosts=allowed_hosts)


def discover(email: str, how: Asking, *, before_asking: Callable[[str], None] = lambda _domain: None) -> Discovery:
    """Return what is proposed for an address; raise ``InvalidInput`` where it is none.

    ``before_asking`` is handed the domain before anything of it is asked; of a preset's own domain nothing is.
    """
    problem = check_email(email, whose="The address")
    if problem is not None:
        raise InvalidInput(problem)
    try:
        domain = address_domain(email)
    except NotADomain:
        return Discovery(domain="", candidates=())
    known = of_preset(domain)
    if known:
        return Discovery(domain=domain, candidates=joined(known))
    before_asking(domain)
    deadline = Deadline(how.seconds)
    asked: list[Callable[[], _Heard]] = [
        partial(_described, f"autoconfig.{domain}", "/mail/config-v1.1.xml", domain, how, deadline),
        partial(_described, domain, "/.well-known/autoconfig/mail/config-v1.1.xml", domain, how, deadline),
        *(partial(_recorded, f"{label}.{domain}", encryption, how, deadline) for label, encryption in _SERVICES),
        partial(_received, domain, how, deadline),
    ]
    with ThreadPoolExecutor(len(asked)) as threads:
        heard = list(threads.map(lambda ask: ask(), asked))
    return Discovery(
        domain=domain,
        candidates=joined(candidate for each in heard for candidate in each.candidates),
        silent=tuple(each.silence for each in heard if each.silence is not None),
    )


def _described(host: str, path: str, domain: str, how: Asking, deadline: Deadline) -> _Heard:
    """Return what the description at an address says."""
    url = f"https://{host}{path}"
    try:
        content, place = _fetched(host, path, domain, how, deadline)
    except FetchTrouble as trouble:
        return _Heard(silence=f"{url}: {trouble}.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _Heard(silence=f"{url}: it is not UTF-8 text.")
    reading = outgoing_servers(Source(text=text, file=place))
    found = tuple(candidate for each in reading.accounts for candidate in of_found(each, place))
    if found:
        return _Heard(candidates=found)
    why = reading.problems[0].detail if reading.problems else "It names no server with encryption."
    return _Heard(silence=f"{url}: {why}")


def _fetched(host: str, path: str, domain: str, how: Asking, deadline: Deadline) -> tuple[bytes, str]:
    """Return a file and its address; redirects are followed within the domain, over HTTPS on the same port alone."""
    for _ in range(_MOST_REDIRECTS + 1):
        if not matches_any_host(how.allowed_hosts, host):
            raise FetchTrouble("verification.servers does not allow its host")
        answer = get(host, path, how.lookups, accept="text/xml, application/xml", deadline=deadline, port=how.port)
        url = f"https://{host}{path}"
        if answer.status == _OK:
            return answer.content, url
        if answer.status not in _REDIRECTS or answer.location is None:
            raise FetchTrouble(f"its host answers with HTTP status {answer.status}")
        target = urlsplit(urljoin(url, answer.location))
        # A redirect is followed over HTTPS, and within the domain alone.
        if target.scheme != "https":
            raise FetchTrouble("it is a redirect to an address without HTTPS, which is not followed")
        host, path = target.hostname or "", target.path or "/"
        is_inside = host == domain or host.endswith(f".{domain}")
        if not is_inside or target.port not in {None, _HTTPS, how.port}:
            raise FetchTrouble("it is a redirect to another domain, which is not followed")
    raise FetchTrouble("it leads from one redirect to the next")


def _recorded(name: str, encryption: Encryption, how: Asking, deadline: Deadline) -> _Heard:
    """Return what SRV records say; a target of the root means that there is no such service (RFC 2782)."""
    try:
        services = how.lookups.ask(name, "SRV", deadline=deadline).services
    except DnsTrouble:
        return _Heard(silence=f"The name servers gave no answer about the SRV record of {name}.")
    found = tuple(
        Candidate(host=each.target, port=each.port, encryption=encryption, sources=(f"the SRV record of {name}",))
        for each in services[:_MOST_RECORDS]
        if each.target
    )
    if services and not found:
        return _Heard(silence=f"The SRV record of {name} says that there is no such service.")
    return _Heard(candidates=found)


def _received(domain: str, how: Asking, deadline: Deadline) -> _Heard:
    """Return what is known of the provider that receives the domain's mail."""
    try:
        exchanges = how.lookups.ask(domain, "MX", deadline=deadline).exchanges
    except DnsTrouble:
        return _Heard(silence=f"The name servers gave no answer about the MX record of {domain}.")
    found = [candidate for each in exchanges[:_MOST_RECORDS] for candidate in of_exchange(domain, each.host)]
    return _Heard(candidates=tuple(found[:1]))
