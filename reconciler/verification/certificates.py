"""What is wrong with a server's certificates, and with which one: from the chain as it was sent to the facts of a sentence.

The verdict is OpenSSL's and stands already; here it is said what it is about. Where the chain does not tell that, less
is said.
"""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from reconciler.diagnostics import enumerated
from reconciler.smtp.certificate import has_issued, read_certificates

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from reconciler.smtp.certificate import Certificate
    from reconciler.smtp.tls import TlsFacts

_EXPIRES_SOON = timedelta(days=21)
_SHOWN_NAMES = 5


def facts_of_refused(
    code: str, chain: Sequence[Certificate], *, ca_pem: str | None, now: datetime, host: str, pin: str | None = None
) -> dict[str, str]:
    """Return what a sentence about a refused certificate may name, with the variant of the sentence that fits.

    ``chain`` is what the server sent, its own certificate first; without any there is little to tell.
    """
    trusted = _trusted(ca_pem) if ca_pem is not None else ()
    if not chain:
        return {"variant": "other", **_of_ca_file(trusted)} if trusted else {}
    facts = _own(chain[0]) | _besides(code, chain[0], now, host)
    if code in {"certificateExpired", "certificateNotYetValid"}:
        return facts | _outside_its_time(chain, trusted, now)
    if code == "certificateUnknownIssuer":
        return facts | _unknown_issuer(chain, trusted)
    if code == "certificateNotPinned":
        return facts | _pinned_to(chain, pin)
    return facts | (_for_another_name(chain[0], host) if code == "certificateWrongName" else {})


def _besides(code: str, own: Certificate, now: datetime, host: str) -> dict[str, str]:
    """Return what else is wrong with the server's own certificate: whoever mends what was found would meet it next."""
    found = []
    if code != "certificateExpired" and own.not_after < now:
        found.append(f"it has ended on {own.not_after:%Y-%m-%d}")
    if code in {"certificateUnknownIssuer", "certificateExpired", "certificateNotYetValid"}:
        if not covers(own, host):
            found.append(f"it is not for {host}")
        elif not own.has_alternative_names_as(host):
            found.append(f"it names {host} in its common name alone, which does not count")
    if own.is_too_weak:
        found.append(f"it has {' and '.join(own.weaknesses)}")
    if not found:
        return {}
    told = f" Besides, {' and '.join(found)}, which would be refused next: have it issued anew"
    pinned = ", or, to accept this very certificate as it is, write its fingerprint as smtp.certificate"
    return {"besides": f"{told}{pinned if code == 'certificateUnknownIssuer' else ''}."}


def covers(own: Certificate, host: str) -> bool:
    """Tell whether a host is among the names of a certificate; ``*`` stands for one label. RFC 9525 section 6.3."""
    wanted = host.casefold()
    above = wanted.partition(".")[2]
    names = {each.casefold() for each in own.names}
    return wanted in names or (bool(above) and f"*.{above}" in names)


def _for_another_name(own: Certificate, host: str) -> dict[str, str]:
    """Return which sentence fits where a certificate is for another name."""
    if not own.names:
        return {"variant": "nameless"}
    if own.has_alternative_names:
        return {}
    return {"variant": "commonName" if host in own.names else "otherCommonName"}


def _pinned_to(chain: Sequence[Certificate], pin: str | None) -> dict[str, str]:
    """Return what else of the chain the pin is the fingerprint of."""
    issuer = next((each for each in chain[1:] if each.fingerprint_in_words == pin), None)
    if issuer is not None:
        return {"variant": "ofIssuer", "other": f'"{issuer.subject}"'}
    return {"variant": "ofKey"} if pin == f"sha256:{chain[0].key_fingerprint}" else {}


def _own(certificate: Certificate) -> dict[str, str]:
    names = enumerated(certificate.names, most=_SHOWN_NAMES) or "no name"
    begin, end = f"{certificate.not_before:%Y-%m-%d}", f"{certificate.not_after:%Y-%m-%d}"
    return {
        "names": names,
        "issuer": f'"{certificate.issuer}"',
        "fingerprint": certificate.fingerprint_in_words,
        "certificate_begin": f" before {begin}",
        "certificate_end": f" on {end}",
        "certificate": f' (names: {names}; issued by "{certificate.issuer}"; valid from {begin} to {end})',
    }


def _outside_its_time(chain: Sequence[Certificate], trusted: Sequence[Certificate], now: datetime) -> dict[str, str]:
    """Return which certificate is outside its time: the server's own, one sent with it, or one of caFile."""
    if not _is_current(chain[0], now):
        return {}
    intermediate = next((each for each in chain[1:] if not _is_current(each, now)), None)
    authority = next((each for each in trusted if not _is_current(each, now)), None)
    culprit = intermediate or authority
    if culprit is None:
        return {"variant": "elsewhere"}
    return {
        "variant": "intermediate" if intermediate is not None else "authority",
        "other": f'"{culprit.subject}"',
        "other_begin": f"{culprit.not_before:%Y-%m-%d}",
        "other_end": f"{culprit.not_after:%Y-%m-%d}",
        "other_fingerprint": culprit.fingerprint_in_words,
        "own_end": f"{chain[0].not_after:%Y-%m-%d}",
    }


def _is_current(certificate: Certificate, now: datetime) -> bool:
    return certificate.not_before <= now <= certificate.not_after


def _unknown_issuer(chain: Sequence[Certificate], trusted: Sequence[Certificate]) -> dict[str, str]:
    """Return why nobody who is trusted answers for the chain."""
    last = end_of(chain)
    if last is chain[0] and _signs_itself(last):
        return _self_signed(last, trusted)
    namesake = next((each for each in trusted if each.subject_id == last.issuer_id), None)
    if namesake is not None and not _signs_itself(last):
        return {"variant": "noAuthority" if has_issued(namesake, last) else "otherKey", **_other(namesake)}
    if _signs_itself(last):
        return {"variant": "rootOther" if trusted else "root", **_other(last), **_of_ca_file(trusted)}
    sent = next((each for each in chain[1:] if each.subject_id == last.issuer_id), None)
    if sent is not None:
        return {"variant": "sentOtherKey", **_other(sent), "own": f'"{last.subject}"'}
    facts = {"other": f'"{last.issuer}"', "sent": _sent(chain), "published": _published(last)}
    return {"variant": "incompleteOther" if trusted else "incomplete", **facts, **_of_ca_file(trusted)}


def _signs_itself(certificate: Certificate) -> bool:
    """Tell whether a certificate is its own issuer, and not merely named like it."""
    return certificate.is_self_issued and has_issued(certificate, certificate)


def _self_signed(own: Certificate, trusted: Sequence[Certificate]) -> dict[str, str]:
    """Return why a server's certificate that signs itself is not trusted."""
    namesake = next((each for each in trusted if each.subject_id == own.subject_id), None)
    if namesake is not None:
        return {"variant": "selfSignedAnew", **_other(namesake)}
    return {"variant": "selfSignedCa" if trusted else "selfSigned", **_of_ca_file(trusted)}


def _other(certificate: Certificate) -> dict[str, str]:
    return {"other": f'"{certificate.subject}"', "other_fingerprint": certificate.fingerprint_in_words}


def end_of(chain: Sequence[Certificate]) -> Certificate:
    """Return the last certificate that can be reached from the server's own, by who signed whom."""
    last, others = chain[0], list(chain[1:])
    while not _signs_itself(last):
        above = next((each for each in others if each.subject_id == last.issuer_id and has_issued(each, last)), None)
        if above is None:
            break
        others.remove(above)
        last = above
    return last


def _sent(chain: Sequence[Certificate]) -> str:
    if len(chain) == 1:
        return "sends its own certificate alone"
    return f"sends {len(chain)} certificates"


def _published(last: Certificate) -> str:
    return f"; it is published at {last.issuer_address}" if last.issuer_address else ""


def _of_ca_file(trusted: Sequence[Certificate]) -> dict[str, str]:
    names = enumerated(tuple(map(_as_what_it_is, trusted)), most=3)
    return {"ca_file": names} if trusted else {}


def _as_what_it_is(trusted: Certificate) -> str:
    """Return a certificate of a CA file by its subject; for one that is no root, with what it is instead."""
    if trusted.is_self_issued:
        return f'"{trusted.subject}"'
    if trusted.is_authority:
        return f'the intermediate "{trusted.subject}" of "{trusted.issuer}"'
    return f'"{trusted.subject}", a certificate that "{trusted.issuer}" issued and no CA'


def told_of_client(pem: str) -> str:
    """Return a client's certificate in words, for the sentence that tells of its refusal; its issuers may stand behind it."""
    own = next(iter(read_certificates(pem)), None)
    if own is None:
        return "that cannot be read"
    dates = f"valid from {own.not_before:%Y-%m-%d} to {own.not_after:%Y-%m-%d}"
    return f'"{own.subject}" (issued by "{own.issuer}"; {dates}; {own.fingerprint_in_words})'


def has_ended(pem: str, now: datetime) -> bool:
    """Tell whether a client's certificate, the first of these, has ended."""
    return any(each.not_after < now for each in read_certificates(pem)[:1])


def warnings_of_client(pem: str, *, place: str, now: datetime) -> list[tuple[str, str]]:
    """Return the warning that a client's certificate, which a server has let pass, ends soon or has ended."""
    own = next(iter(read_certificates(pem)), None)
    if own is None or own.not_after - now >= _EXPIRES_SOON:
        return []
    end, mend = f"{own.not_after:%Y-%m-%d}", "Have it renewed, and put the new one into certFile"
    if own.not_after < now:
        told = f"The client's own certificate has ended on {end}, and {place} has let that pass. {mend}."
    else:
        told = f"The client's own certificate ends on {end}. {mend} before that day."
    return [("clientCertificateExpiresSoon", told)]


def warnings_of(
    facts: TlsFacts, *, place: str, now: datetime, ca_pem: str | None = None, is_pinned: bool = False
) -> list[tuple[str, str]]:
    """Return what is worth a warning on a connection that was accepted: code and sentence, the most urgent first.

    ``ca_pem`` is what is trusted beside the system's CAs.
    """
    return [
        *_ending_soon(facts.chain, place, now, is_pinned=is_pinned),
        *([] if is_pinned or ca_pem is None else _without_root(facts.chain, ca_pem, place)),
        *_weak(facts.chain, place),
        *_old_cipher(facts, place),
        *([] if is_pinned else _departing(facts.chain, place)),
    ]


def _ending_soon(chain: Sequence[Certificate], place: str, now: datetime, *, is_pinned: bool) -> list[tuple[str, str]]:
    for position, each in enumerate(chain):
        if each.not_after - now >= _EXPIRES_SOON:
            continue
        which = (
            f"The certificate of {place}"
            if position == 0
            else f'The certificate "{each.subject}", on which that of {place} rests,'
        )
        end = f"{each.not_after:%Y-%m-%d}"
        if is_pinned and each.not_after < now:
            return [("certificateExpiresSoon", f"{which} has ended on {end}; it is accepted because it is pinned.")]
        return [("certificateExpiresSoon", f"{which} ends on {end}. Have it renewed before that day.")]
    return []


@lru_cache(maxsize=16)
def _trusted(ca_pem: str) -> tuple[Certificate, ...]:
    """Return the certificates of a file of CAs, which may be a hundred: all accounts of a server have the same ones."""
    return read_certificates(ca_pem)


def _without_root(chain: Sequence[Certificate], ca_pem: str, place: str) -> list[tuple[str, str]]:
    """Return what is to be said where it is not a root that was trusted: it holds here, and not everywhere."""
    trusted = _trusted(ca_pem)
    declared = {each.fingerprint for each in trusted}
    anchor = next((each for each in reversed(chain) if each.fingerprint in declared), None)
    if anchor is None or end_of((anchor, *trusted)).is_self_issued:
        return []
    issuer = f'"{anchor.issuer}"'
    elsewhere = (
        f"and programs that want a chain up to a root need {issuer} as well, as OpenSSL does unless told otherwise, and "
        f"Python before 3.13. Put the certificate of {issuer} into the file"
    )
    if anchor.fingerprint == chain[0].fingerprint:
        told = (
            f"The file under smtp.caFile holds the certificate of {place} itself, and not that of the CA {issuer}: it holds "
            f"until that certificate is renewed, {elsewhere}; or, to accept this certificate alone, write "
            f"{anchor.fingerprint_in_words} as smtp.certificate in place of caFile."
        )
    else:
        told = (
            f'The file under smtp.caFile holds the intermediate "{anchor.subject}", and not the CA {issuer} that issued '
            f"it: it holds until the server has its certificate from another intermediate, {elsewhere}."
        )
    return [("caFileNotRoot", told)]


def _weak(chain: Sequence[Certificate], place: str) -> list[tuple[str, str]]:
    found = [f'"{each.subject}" has {" and ".join(each.weaknesses)}' for each in chain if each.weaknesses]
    if not found:
        return []
    told = f"The certificates of {place} are weak: {'; '.join(found)}. Many programs refuse them; have them replaced."
    return [("certificateWeak", told)]


def _old_cipher(facts: TlsFacts, place: str) -> list[tuple[str, str]]:
    if facts.has_current_cipher:
        return []
    told = (
        f"{place} agrees on nothing better than {facts.cipher} ({facts.version}), which lacks forward secrecy or"
        " authenticated encryption. Have ECDHE with AES-GCM or ChaCha20 allowed there (RFC 9325)."
    )
    return [("tlsCipherOld", told)]


def _departing(chain: Sequence[Certificate], place: str) -> list[tuple[str, str]]:
    found = [f'"{each.subject}" lacks {" and ".join(each.departures)}' for each in chain if each.departures]
    if not found:
        return []
    told = (
        f"Programs that check the certificates of {place} strictly, such as Python from 3.13 on, refuse them:"
        f" {'; '.join(found)} (RFC 5280). Have them issued anew."
    )
    return [("certificateNotStrict", told)]
