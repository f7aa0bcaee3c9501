"""Private CAs: PEM files inside the project folder."""

from __future__ import annotations

import os
import re
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.files import read_in_place, reason_of
from reconciler.model.accounts.located import CaFile
from reconciler.model.canonical import sha256_hex

if TYPE_CHECKING:
    from collections.abc import Iterable

_MAX_OCTETS = 1024 * 1024
_CERTIFICATE = re.compile("-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]*-----END CERTIFICATE-----")
"""What counts of the file: remarks beside the certificates are not handed on, and do not make it another CA."""


def read_ca_files(paths: Iterable[str], *, root: Path) -> tuple[dict[str, CaFile], dict[str, str]]:
    """Return the usable CA files by path as written, and for the others the reason in a sentence."""
    usable: dict[str, CaFile] = {}
    unusable: dict[str, str] = {}
    for path in paths:
        read = _read(path, Path(os.path.realpath(root)))
        if isinstance(read, CaFile):
            usable[path] = read
        else:
            unusable[path] = read
    return usable, unusable


def _read(written: str, root: Path) -> CaFile | str:
    """Return the CA, or why it cannot be used."""
    try:
        path = Path(os.path.realpath(root / written))
        if not path.is_relative_to(root):
            return "The file lies outside the project folder, with links followed. Put it inside."
        octets = read_in_place(path, _MAX_OCTETS)
    except OSError as failure:
        return f"The file cannot be read: {reason_of(failure)}. Correct the path; it is relative to the project folder."
    if len(octets) > _MAX_OCTETS:
        return "The file is larger than 1 MiB, so it is no certificate. Correct the path."
    return _parsed(octets)


def _parsed(octets: bytes) -> CaFile | str:
    try:
        text = octets.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError:
        return "The file is not text. Convert the certificate to PEM, which begins with -----BEGIN CERTIFICATE-----."
    if "PRIVATE KEY-----" in text:
        return "The file holds a private key. Remove the key from git at once; caFile takes certificates only."
    pem = "".join(f"{certificate}\n" for certificate in _CERTIFICATE.findall(text))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=pem)
    except (ssl.SSLError, ValueError):
        return "The file holds no certificate in PEM form, which begins with -----BEGIN CERTIFICATE-----."
    return CaFile(pem=pem, digest="sha256:" + sha256_hex(pem))
