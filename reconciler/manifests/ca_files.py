"""Private CAs, and the certificates of clients: PEM files inside the project folder."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from reconciler.files import read_in_place, reason_of
from reconciler.model.accounts.located import CaFile, CertificateFile
from reconciler.model.canonical import sha256_hex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_File = TypeVar("_File", CaFile, CertificateFile)
_MAX_OCTETS = 1024 * 1024
_CERTIFICATE = "-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]*-----END CERTIFICATE-----"
"""The part of a file that counts: remarks beside the certificates do not make it another CA."""


def read_ca_files(paths: Iterable[str], *, root: Path) -> tuple[dict[str, CaFile], dict[str, str]]:
    """Return the usable CA files by path as written, and a sentence why for each of the others."""
    return _read_each(paths, root, _ca_in)


def read_certificate_files(paths: Iterable[str], *, root: Path) -> tuple[dict[str, CertificateFile], dict[str, str]]:
    """Return the usable client certificates by path as written, and a sentence why for each of the others."""
    return _read_each(paths, root, _certificate_in)


def _read_each(
    paths: Iterable[str], root: Path, make: Callable[[str], _File]
) -> tuple[dict[str, _File], dict[str, str]]:
    usable: dict[str, _File] = {}
    unusable: dict[str, str] = {}
    for path in paths:
        try:
            usable[path] = make(_text_of(path, Path(os.path.realpath(root))))
        except _Unusable as refusal:
            unusable[path] = str(refusal)
    return usable, unusable


class _Unusable(Exception):
    """A file cannot be used; the text says why, in sentences."""


def _text_of(written: str, root: Path) -> str:
    """Return the text of a file, with the line ends of Unix."""
    try:
        path = Path(os.path.realpath(root / written))
        if not path.is_relative_to(root):
            raise _Unusable("The file lies outside the project folder, with links followed. Put it inside.")
        octets = read_in_place(path, _MAX_OCTETS)
    except OSError as failure:
        why = f"The file cannot be read: {reason_of(failure)}."
        raise _Unusable(f"{why} Correct the path; it is relative to the project folder.") from None
    if len(octets) > _MAX_OCTETS:
        raise _Unusable("The file is larger than 1 MiB, so it is no certificate. Correct the path.")
    try:
        return octets.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise _Unusable(
            "The file is not text. Convert the certificate to PEM, which begins with -----BEGIN CERTIFICATE-----."
        ) from None


def _ca_in(text: str) -> CaFile:
    if _has_key(text):
        raise _Unusable(
            "The file holds a private key. Remove the key from git at once; caFile takes certificates only."
        )
    pem = _certificates_in(text)
    return CaFile(pem=pem, digest="sha256:" + sha256_hex(pem))


def _certificate_in(text: str) -> CertificateFile:
    if _has_key(text):
        raise _Unusable(
            "The file holds a private key, beside which whoever reads the project can pass for this client. Leave the "
            "certificates alone in this file, and have the certificate replaced if the file was committed to git, where "
            "the key stays in the history. Under clientCertificate write where the key is kept:\n"
            "    key: {file: secrets/client.key}"
        )
    import ssl

    pem = _certificates_in(text)
    own = ssl.PEM_cert_to_DER_cert(re.findall(_CERTIFICATE, pem)[0])
    return CertificateFile(pem=pem, fingerprint=f"sha256:{hashlib.sha256(own).hexdigest()}")


def _has_key(text: str) -> bool:
    return "PRIVATE KEY-----" in text


def _certificates_in(text: str) -> str:
    """Return the certificates of a text, and nothing else of it."""
    import ssl

    pem = "".join(f"{certificate}\n" for certificate in re.findall(_CERTIFICATE, text))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=pem)
    except (ssl.SSLError, ValueError):
        raise _Unusable(
            "The file holds no certificate in PEM form, which begins with -----BEGIN CERTIFICATE-----."
        ) from None
    return pem
