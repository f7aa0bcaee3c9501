"""What is told of a login that a server rejects: by which mechanism it went, and how the password looks, never what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.rules.secrets.looks import remarks_on

if TYPE_CHECKING:
    from reconciler.smtp.access import Access
    from reconciler.smtp.faults import SmtpFault

_REJECTED = 535


def of_the_password(fault: SmtpFault, access: Access) -> str:
    """Return what is known of the password that a server rejects (535), as sentences; empty where it was no password."""
    if fault.step != "auth" or fault.reply is None or fault.reply.code != _REJECTED or access.password is None:
        return ""
    login = access.server.login
    remarks = remarks_on(access.password, username=login.username, reference=login.password)
    of_the_value = f" Of the value that the password's reference leads to: {'; '.join(remarks)}." if remarks else ""
    return of_the_value + _of_the_mechanism(fault)


def _of_the_mechanism(fault: SmtpFault) -> str:
    used, others = fault.facts.get("mechanism"), fault.facts.get("others")
    if not used:
        return ""
    return f" It was sent by {used}" + (f"; the server offers {others} too." if others else ".")
