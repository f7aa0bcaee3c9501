"""DANE for a mail server's port (RFC 6698, RFC 7671, RFC 7672): whether its TLSA records fit the certificate it presented.

Premise: records count only where DNSSEC vouches for them. Nothing is validated here; a name server says that it did so
(AD), and what it says is as true as the way to it is safe. So a resolver on this machine, or one named under
``verification.nameservers``, is what to ask.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from reconciler.classes import dataclass
from reconciler.model.text.addresses import literal_address
from reconciler.verification.domains.sentences import Remark, fine, listed, remark

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.smtp.deadline import Deadline
    from reconciler.verification.domains.answers import Association
    from reconciler.verification.domains.lookup import Lookups

_TRUST_ANCHOR, _END_ENTITY = 2, 3
_CERTIFICATE, _KEY = 0, 1
_FULL, _SHA256, _SHA512 = 0, 1, 2
_OCTETS = {_SHA256: 32, _SHA512: 64}


@dataclass(frozen=True, kw_only=True, slots=True)
class SeenCertificate:
    """What is known of the certificate that a server presented, as SHA-256 in hexadecimal; None: it was not seen."""

    whole: str | None = None
    key: str | None = None


def check_dane(host: str, port: int, seen: SeenCertificate, lookups: Lookups, *, deadline: Deadline) -> list[Remark]:
    """Return what is to be said of a server's TLSA records; raise ``DnsTrouble`` where a question got no answer."""
    facts = {"host": host, "port": str(port)}
    if literal_address(host) is not None:
        return [remark("notDeclared", variant="daneAddress", **facts)]
    answer = lookups.ask(f"_{port}._tcp.{host}", "TLSA", deadline=deadline)
    if not answer.associations:
        return [remark("notDeclared", variant="dane", **facts)]
    if not answer.is_authentic:
        return [remark("daneNotValidated", **facts)]
    return [_compared(answer.associations, seen, facts)]


def _compared(records: Sequence[Association], seen: SeenCertificate, facts: Mapping[str, str]) -> Remark:
    usable = [each for each in records if _is_usable(each)]
    if not usable:
        return remark("daneUnusable", records=listed([_shown(each) for each in records]), **facts)
    if seen.whole is None:
        return remark("notDeclared", variant="daneUnseen", **facts)
    fits = [_fits(each, seen) for each in usable]
    if True in fits:
        return fine(f"A validated TLSA record of {facts['host']} for port {facts['port']} fits its certificate.")
    if None in fits:
        return remark("notDeclared", variant="daneOther", **facts)
    wanted = f"3 1 1 {seen.key}" if seen.key else f"3 0 1 {seen.whole}"
    return remark("daneMismatch", records=listed([_shown(each) for each in usable]), wanted=wanted, **facts)


def _is_usable(record: Association) -> bool:
    """Tell whether programs for mail use a record: DANE-TA and DANE-EE alone (RFC 7672 section 3.1.3)."""
    is_known = record.usage in {_TRUST_ANCHOR, _END_ENTITY} and record.selector in {_CERTIFICATE, _KEY}
    is_whole = len(record.data) == _OCTETS.get(record.matching, len(record.data)) and bool(record.data)
    return is_known and record.matching in {_FULL, _SHA256, _SHA512} and is_whole


def _fits(record: Association, seen: SeenCertificate) -> bool | None:
    """Tell whether a record fits; None where that is not known: it names an issuer, or has a digest of another kind."""
    known = seen.whole if record.selector == _CERTIFICATE else seen.key
    if record.usage != _END_ENTITY or record.matching == _SHA512 or known is None:
        return None
    data = record.data.hex() if record.matching == _SHA256 else hashlib.sha256(record.data).hexdigest()
    return data == known


def _shown(record: Association) -> str:
    return f"{record.usage} {record.selector} {record.matching} {record.data.hex()[:16]}…"
