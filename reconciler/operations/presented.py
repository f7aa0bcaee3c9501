"""Keeps the CA that a server presents, so that people can look at it; nothing is trusted by that."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from reconciler.diagnostics import error
from reconciler.errors import InvalidInput
from reconciler.files import create_file, reason_of
from reconciler.model.servers.server import Server
from reconciler.model.text.domains import NotADomain, host_to_ascii
from reconciler.model.verification.codes import CHECK_CODES
from reconciler.model.verification.presented import PresentedCertificate, Standing
from reconciler.rules.verification.hosts import why_forbidden
from reconciler.smtp.deadline import Deadline
from reconciler.smtp.dial import DirectDialer
from reconciler.smtp.faults import SmtpFault
from reconciler.smtp.probes import take_chain
from reconciler.smtp.tls import NotTls
from reconciler.verification.certificates import end_of

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.model.servers.terms import Encryption
    from reconciler.operations.workspace import Workspace
    from reconciler.smtp.certificate import Certificate

_SECONDS = 20.0


class _Trouble(Exception):
    """Why there is nothing to keep, in sentences; never leaves the module."""


def keep_presented(
    workspace: Workspace, *, host: str, port: int, encryption: Encryption, out: Path
) -> PresentedCertificate:
    """Store the last certificate of the chain that a server sends as a new PEM file, and return what it says.

    The connection trusts nobody, and nothing but EHLO goes over it. Raise ``InvalidInput`` caNotFetched where the server
    cannot be reached, may not be contacted or sends no certificate, and where the file is there or cannot be written.
    """
    server = Server(host=host, port=port, encryption=encryption)
    try:
        chain = _chain_of(server, workspace)
        last = end_of(chain)
        _write(last, out)
    except _Trouble as trouble:
        raise InvalidInput(error("caNotFetched", f"{server.place}: {trouble}")) from None
    path, root = out.resolve(), workspace.root.resolve()
    return PresentedCertificate(
        server=server.place,
        standing=_standing(last, chain),
        subject=last.subject,
        issuer=last.issuer,
        not_before=last.not_before,
        not_after=last.not_after,
        fingerprint=last.fingerprint_in_words,
        own_fingerprint=chain[0].fingerprint_in_words,
        sent=len(chain),
        ca_file=str(path.relative_to(root) if path.is_relative_to(root) else out),
    )


def _chain_of(server: Server, workspace: Workspace) -> tuple[Certificate, ...]:
    try:
        name = host_to_ascii(server.host)
    except NotADomain as refusal:
        raise _Trouble(f"this is not a host name: {refusal}.") from None
    forbidden = why_forbidden((server.host,), workspace.project.verification.servers)
    if forbidden is not None:
        raise _Trouble(forbidden)
    is_implicit = server.encryption == "tls"
    dialer = DirectDialer(server.host, server.port)
    try:
        chain = take_chain(dialer, name, None, Deadline(_SECONDS), is_implicit=is_implicit)
    except NotTls:
        raise _Trouble("the port does not speak TLS from the first byte. Try --encryption starttls.") from None
    except SmtpFault as fault:
        raise _Trouble(f"{CHECK_CODES[fault.code].cause} {CHECK_CODES[fault.code].cure}") from None
    if not chain:
        raise _Trouble("the server sends no certificate that can be read.")
    return chain


def _write(certificate: Certificate, out: Path) -> None:
    try:
        create_file(out, ssl.DER_cert_to_PEM_cert(certificate.der).encode("ascii"))
    except FileExistsError:
        raise _Trouble(f"{out} is there already. Name another file, or remove that one.") from None
    except OSError as failure:
        raise _Trouble(f"{out} cannot be written: {reason_of(failure)}. Name another file with --out.") from None


def _standing(last: Certificate, chain: tuple[Certificate, ...]) -> Standing:
    if last is chain[0]:
        return "server"
    return "root" if last.is_self_issued else "intermediate"
