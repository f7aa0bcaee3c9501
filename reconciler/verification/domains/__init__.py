"""The domain checks: what the DNS says of the domains that an account sends from and is answered at.

``spf`` (RFC 7208), ``dkim`` (RFC 6376, 8301, 8463), ``dmarc`` (RFC 9989), ``mx`` and ``replyTo`` (RFC 5321
section 5.1, RFC 7505), ``spfServer`` (RFC 7208), ``mtaSts`` (RFC 8461), ``tlsRpt`` (RFC 8460), ``dane`` (RFC 7672).
Not allowed here: reading manifests or state, contacting anything but name servers, and hosts of MTA-STS policies in
``sts_fetch`` alone; threads.
``Lookups`` asks each question once in a run, and ``resolving`` alone knows dnspython; a module for each kind of
record turns answers into remarks; ``checks`` turns remarks into checks.
"""

from reconciler.verification.domains.answers import DnsTrouble
from reconciler.verification.domains.checks import domain_checks, domains_asked, selectors_of
from reconciler.verification.domains.dane import SeenCertificate
from reconciler.verification.domains.examine import AnyQuestion, Examination, Question, ServerQuestion, examine
from reconciler.verification.domains.lookup import Lookups
from reconciler.verification.domains.missing import DomainLacks, what_a_domain_lacks
from reconciler.verification.domains.sts_fetch import PolicyFetcher
from reconciler.verification.domains.web import FetchTrouble, get

__all__ = [
    "AnyQuestion",
    "DnsTrouble",
    "DomainLacks",
    "Examination",
    "FetchTrouble",
    "Lookups",
    "PolicyFetcher",
    "Question",
    "SeenCertificate",
    "ServerQuestion",
    "domain_checks",
    "domains_asked",
    "examine",
    "get",
    "selectors_of",
    "what_a_domain_lacks",
]
