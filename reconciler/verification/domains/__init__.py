"""The domain checks: what the DNS says of the domains that an account sends from and is answered at.

``spf`` (RFC 7208), ``dkim`` (RFC 6376, 8301, 8463), ``dmarc`` (RFC 9989), ``mx`` and ``replyTo`` (RFC 5321
section 5.1, RFC 7505). Not allowed here: reading manifests or state, contacting anything but name servers, threads.
``Lookups`` asks each question once in a run and is the only place that knows dnspython; a module for each kind of
record turns answers into remarks; ``checks`` turns remarks into checks.
"""

from reconciler.verification.domains.checks import domain_checks, domains_asked, skipped_domain_checks
from reconciler.verification.domains.examine import Examination, Question, examine
from reconciler.verification.domains.lookup import Lookups

__all__ = [
    "Examination",
    "Lookups",
    "Question",
    "domain_checks",
    "domains_asked",
    "examine",
    "skipped_domain_checks",
]
