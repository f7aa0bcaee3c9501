"""Which client certificates accounts have, from where their keys come, and what is told of those that cannot be used."""

from __future__ import annotations

import pytest

from reconciler.model.accounts.located import CertificateFile
from reconciler.rules.accounts.desired import certificate_paths, resolve
from reconciler.rules.accounts.servers import CaFiles, CertificateFiles
from tests.rules.states import located

NO_CAS = CaFiles({}, {})


def certificate(file: str = "certs/client.pem", key: str = "SMTP_KEY") -> str:
    """Return a client's certificate as manifests declare it."""
    return f"clientCertificate: {{certFile: '{file}', key: {{env: {key}}}}}"


def own(smtp: str, *, name: str = "kiosk") -> str:
    """Return an own account's manifest."""
    return (
        f"---\napiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {{name: {name}}}\n"
        f"spec: {{email: a@example.com, displayName: A, smtp: {{{smtp}}}}}\n"
    )


def relay(spec: str) -> str:
    """Return a mail server's manifest."""
    return f"---\napiVersion: reconciler/v1\nkind: MailServer\nmetadata: {{name: relay}}\nspec: {{{spec}}}\n"


MARKETING = (
    "---\napiVersion: reconciler/v1\nkind: MarketingAccount\nmetadata: {name: n}\n"
    "spec: {email: n@example.com, displayName: N}\n"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (own("host: h.example"), set()),
        (own(f"host: h.example, {certificate()}"), {"certs/client.pem"}),
        (own(f"host: h.example, {certificate('certs/{name}.pem')}"), {"certs/kiosk.pem"}),
        (
            own("server: relay") + relay(f"host: h.example, {certificate('certs/{domain}.pem')}"),
            {"certs/example.com.pem"},
        ),
        (own(f"server: relay, {certificate('own.pem')}") + relay(f"host: h.example, {certificate()}"), {"own.pem"}),
        (own("host: h.example") + relay(f"host: h.example, {certificate()}"), set()),
        (own("server: gone"), set()),
        (own("server: relay") + own("host: h.example", name="relay") + relay("host: h.example") + MARKETING, set()),
    ],
    ids=[
        "none",
        "its own",
        "with its name",
        "the server's, with its domain",
        "its own before the server's",
        "of a server that nobody uses",
        "of a server that nobody declares",
        "marketing accounts have none",
    ],
)
def test_which_files_are_read(text: str, expected: set[str]) -> None:
    """The file of every account that has one, itself or through its MailServer, as it reads for the account."""
    assert frozenset(expected) == certificate_paths(located(text))


@pytest.mark.parametrize(
    ("smtp", "server", "file", "inherited"),
    [
        (certificate(), "port: 25", "certs/client.pem", set()),
        ("helo_name", certificate(), "certs/client.pem", {"env:SMTP_KEY"}),
        (certificate("own.pem", "SMTP_OWN"), certificate(), "own.pem", set()),
    ],
    ids=["its own", "the server's", "its own before the server's"],
)
def test_a_key_is_named_by_whoever_names_the_certificate(
    smtp: str, server: str, file: str, inherited: set[str]
) -> None:
    """Its reference is inherited with the certificate, and the fingerprint of the file is the account's."""
    own_part = "" if smtp == "helo_name" else f", {smtp}"
    manifests = located(own(f"server: relay{own_part}") + relay(f"host: h.example, {server}"))
    files = CertificateFiles({file: CertificateFile(pem="", fingerprint="sha256:f")}, {})
    (account,) = resolve(manifests, NO_CAS, certificates=files).accounts
    declared = account.settings.own_server.client_certificate
    assert declared is not None
    assert (file, "sha256:f") == (declared.cert_file, declared.fingerprint)
    assert frozenset(inherited) == account.server_secrets


@pytest.mark.parametrize(
    ("unusable", "reason"),
    [({"certs/client.pem": "It is empty."}, "It is empty."), ({}, "The file was not read.")],
    ids=["unusable", "not read"],
)
def test_a_certificate_that_cannot_be_had_is_told_with_the_reason(unusable: dict[str, str], reason: str) -> None:
    """The account is left out; the file and what is wrong with it are told."""
    resolution = resolve(
        located(own(f"host: h.example, {certificate()}")), NO_CAS, certificates=CertificateFiles({}, unusable)
    )
    assert ((), [("certFileUnusable", f"certs/client.pem: {reason}")]) == (
        resolution.accounts,
        [(each.code, each.detail) for each in resolution.problems],
    )
