"""What sources say of proxies and certificates is taken over, and serves at a server that demands all of it."""

from __future__ import annotations

import shutil
import ssl
from typing import TYPE_CHECKING

import pytest

from tests.adoption.cases import CANARY
from tests.cli.project import PASSWORD, USER, Project
from tests.cli.test_import import manifests_of
from tests.support.chains import Issued
from tests.support.mailserver import MailServer
from tests.support.proxies import ProxyServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROOT = Issued.root("Example Root")
SERVER = ROOT.issue("localhost", names=("localhost",))
CLIENT = ROOT.issue("sales.example.com")


@pytest.fixture
def demanding() -> Iterator[MailServer]:
    """Run a server of a private CA that demands a certificate of its clients, and a login."""
    context = SERVER.demanding_context(ROOT, ssl.CERT_REQUIRED)
    with MailServer(tls_context=context, users={USER: PASSWORD}) as server:
        yield server


def written_source(folder: Path, server: MailServer, *more: str, key: str = "") -> Path:
    """Write an msmtp configuration with its certificates beside it; the certificate's file holds its key, too."""
    folder.mkdir(exist_ok=True)
    (folder / "internal.pem").write_text(f"# {CANARY}\n{ROOT.pem}", encoding="utf-8")
    (folder / "client.pem").write_text(CLIENT.pem + (key or CLIENT.key_pem), encoding="utf-8")
    lines = (
        "account work", "host localhost", f"port {server.port}", "tls on", "auth on", f"from {USER}", f"user {USER}",
        f"password {PASSWORD}", "tls_trust_file /etc/msmtp/internal.pem", "tls_cert_file /etc/msmtp/client.pem",
        "tls_key_file /etc/msmtp/client.pem", *more,
    )  # fmt: skip
    (folder / "msmtprc").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / "msmtprc"


def test_certificates_come_into_the_project_and_the_key_does_not(
    bare: Project, demanding: MailServer, tmp_path: Path
) -> None:
    """Certificates alone are copied, the key's command is told, and then the server is verified through the proxy."""
    with ProxyServer("socks5", hosts={"localhost": "localhost"}) as proxy:
        source = written_source(tmp_path / "etc", demanding, f"proxy_host {proxy.host}", f"proxy_port {proxy.port}")
        secrets = tmp_path / "secrets.env"
        imported = bare.run_well("import", str(source), "--secrets-to", f"dotenv:{secrets}")
        assert "    certs/client.pem\n" in imported.out, "what is copied holds no documents to count"
        certs = {path.name: path.read_text(encoding="utf-8") for path in (bare.folder / "certs").iterdir()}
        assert {"internal.pem": ROOT.pem.strip(), "client.pem": CLIENT.pem.strip()} == {
            name: text.strip() for name, text in certs.items()
        }
        (text,) = manifests_of(bare).values()
        assert f'  proxy:\n    type: socks5\n    host: "{proxy.host}"\n    port: {proxy.port}\n' in text
        told = " ".join(imported.err.split())
        assert f"install -D -m 600 {source.parent}/client.pem secrets/client.key" in told
        assert "Nothing was written." in bare.run_well("import", str(source), "--secrets-to", f"dotenv:{secrets}").out
        assert sorted(certs) == sorted(path.name for path in (bare.folder / "certs").iterdir())

        (bare.folder / "secrets").mkdir()
        shutil.copy(source.parent / "client.pem", bare.folder / "secrets" / "client.key")
        variable = next(line for line in secrets.read_text(encoding="utf-8").splitlines() if "PASSWORD" in line)
        bare.set_variable(variable.partition("=")[0], PASSWORD)
        bare.write_project("verification: {domainChecks: off}\n")
        bare.run_well("state", "init")
        verified = bare.run("verify", "--depth", "auth")
        assert 0 == verified.code, verified.out + verified.err
        assert 1 == demanding.login_attempts, verified.out + verified.err
        assert [("localhost", demanding.port)] == proxy.requests, verified.out + verified.err  # fmt: skip


def test_a_file_that_cannot_be_taken_is_told(bare: Project, demanding: MailServer, tmp_path: Path) -> None:
    """A missing CA and one that is none are told with their path, and the account comes without them."""
    source = written_source(tmp_path / "etc", demanding)
    (source.parent / "internal.pem").unlink()
    (source.parent / "client.pem").write_text(f"no certificate, {CANARY}", encoding="utf-8")
    imported = bare.run_well("import", str(source))
    (text,) = manifests_of(bare).values()
    assert [False] * 2 == [word in text for word in ("caFile", "clientCertificate")]
    told = " ".join(imported.err.split())
    assert "A private CA is in /etc/msmtp/internal.pem, which cannot be read here" in told
    assert "which holds no certificate in PEM form" in told
    assert CANARY not in imported.out + imported.err
    assert not (bare.folder / "certs").exists()


def test_a_password_in_the_place_of_a_file_is_not_repeated(
    bare: Project, demanding: MailServer, tmp_path: Path
) -> None:
    """What is no file by its looks is told as one that cannot be read, without its name."""
    source = written_source(tmp_path / "etc", demanding)
    text = source.read_text(encoding="utf-8").replace(
        "tls_trust_file /etc/msmtp/internal.pem", f"tls_trust_file {CANARY}"
    )
    source.write_text(text.replace("tls_key_file /etc/msmtp/client.pem", f"tls_key_file {CANARY}"), encoding="utf-8")
    imported = bare.run_well("import", str(source))
    assert "A private CA is in the file that it names, which cannot be read here" in " ".join(imported.err.split())
    assert CANARY not in imported.out + imported.err + "".join(manifests_of(bare).values())


def test_a_file_of_the_same_name_is_kept(bare: Project, demanding: MailServer, tmp_path: Path) -> None:
    """Another certificate of that name stays, and the copy has a number; the same one is used as it is."""
    (bare.folder / "certs").mkdir()
    (bare.folder / "certs" / "internal.pem").write_text("another", encoding="utf-8")
    bare.run_well("import", str(written_source(tmp_path / "etc", demanding)))
    assert "caFile: certs/internal-2.pem" in "".join(manifests_of(bare).values())
    assert "another" == (bare.folder / "certs" / "internal.pem").read_text(encoding="utf-8")


def test_nothing_is_copied_where_nothing_is_written(bare: Project, demanding: MailServer, tmp_path: Path) -> None:
    """An import that is refused leaves no certificate behind."""
    bare.write_project('secrets: {allow: ["env:OTHER_*", "file:secrets/**"]}\n')
    refused = bare.run("import", str(written_source(tmp_path / "etc", demanding)))
    assert (1, {}) == (refused.code, manifests_of(bare))
    assert [] == list((bare.folder / "certs").glob("*"))


def test_accounts_of_one_proxy_share_it(bare: Project) -> None:
    """A MailServer has the proxy of all of its accounts, its password by reference."""
    (bare.folder / "table.csv").write_text(
        "email,host,port,encryption,username,password,proxy_host,proxy_user,proxy_password\n"
        + "".join(
            f"{name}@example.com,smtp.example.com,587,starttls,{name},x,proxy.example.com:1081,mailer,{CANARY}\n"
            for name in "ab"
        ),
        encoding="utf-8",
    )
    imported = bare.run_well("import", "table.csv")
    (text,) = manifests_of(bare).values()
    assert 1 == text.count("host: proxy.example.com")
    assert "password: {env: SMTP_SMTP_EXAMPLE_COM_PROXY_PASSWORD}" in text
    assert "export SMTP_SMTP_EXAMPLE_COM_PROXY_PASSWORD=" in imported.out
    assert CANARY not in text + imported.out + imported.err
    bare.run_well("validate")


def test_check_takes_them_too(bare: Project, demanding: MailServer, tmp_path: Path) -> None:
    """One account of a source is checked through its proxy, with its CA and its certificate, and nothing is written."""
    with ProxyServer("socks5", hosts={"localhost": "localhost"}) as proxy:
        source = written_source(tmp_path / "etc", demanding, f"proxy_host {proxy.host}", f"proxy_port {proxy.port}")
        (source.parent / "client.pem").write_text(CLIENT.pem, encoding="utf-8")
        (source.parent / "client.key").write_text(CLIENT.key_pem, encoding="utf-8")
        text = source.read_text(encoding="utf-8").replace(
            "tls_key_file /etc/msmtp/client.pem", "tls_key_file client.key"
        )
        source.write_text(text, encoding="utf-8")
        checked = bare.run("check", "--from", f"msmtp:{source}", "--depth", "auth", "--no-domain-checks")
        assert 0 == checked.code, checked.out + checked.err
        assert 1 == demanding.login_attempts, checked.out + checked.err
        assert [("localhost", demanding.port)] == proxy.requests, checked.out + checked.err  # fmt: skip
    assert not (bare.folder / "certs").exists()
