"""`ca fetch`: the CA that a server presents is kept for review, and nothing trusts it by that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.chains import Issued
from tests.support.scripted import ScriptedServer, polite

if TYPE_CHECKING:
    from tests.cli.project import Project

ROOT = Issued.root("Example Root")
MIDDLE = ROOT.issue("Example Intermediate", is_authority=True)
LEAF = MIDDLE.issue("localhost", names=("localhost",))
ALONE = Issued.alone("localhost")
CHAINS = (
    ((LEAF, MIDDLE, ROOT), ROOT, "root"),
    ((LEAF, MIDDLE), MIDDLE, "intermediate"),
    ((LEAF,), LEAF, "server"),
    ((ALONE,), ALONE, "server"),
)


def fetch(project: Project, *words: str, chain: tuple[Issued, ...] = (LEAF,), encryption: str = "starttls") -> Any:
    """Run the command against a server that sends a chain."""
    context = chain[0].server_context(*chain[1:])
    with ScriptedServer(polite(tls_context=context, is_implicit=encryption == "tls")) as server:
        outcome = project.run(
            "ca", "fetch", f"localhost:{server.port}", "--out", "kept.pem", "--encryption", encryption, *words
        )
        assert 0 == server.received(b"AUTH")
    return outcome


@pytest.mark.parametrize("encryption", ["starttls", "tls"])
@pytest.mark.parametrize(("chain", "expected", "standing"), CHAINS)
def test_the_last_certificate_is_kept(
    project: Project, chain: tuple[Issued, ...], expected: Issued, standing: str, encryption: str
) -> None:
    """The file holds that certificate alone, and its fingerprint is told."""
    project.write_project("")
    document = fetch(project, "--format", "json", chain=chain, encryption=encryption).document
    assert expected.pem == (project.folder / "kept.pem").read_text(encoding="ascii")
    assert (standing, f"sha256:{expected.fingerprint}") == (document["kept"], document["fingerprint"])
    assert (f"sha256:{chain[0].fingerprint}", "kept.pem") == (document["ownFingerprint"], document["caFile"])


def test_it_is_said_that_nobody_has_verified_it(project: Project) -> None:
    """The text says what to compare, and the lines that would trust it; by itself nothing is."""
    project.write_project("")
    out = fetch(project, chain=(LEAF, MIDDLE, ROOT)).out
    words = ("nothing trusts it yet", "Nobody has verified it", f"sha256:{ROOT.fingerprint}", "    caFile: kept.pem")
    assert [word for word in words if word not in out] == []


def test_a_file_that_is_there_stays(project: Project) -> None:
    """A certificate that somebody trusts already is never replaced by what a server says now."""
    project.write_project("")
    (project.folder / "kept.pem").write_text("mine", encoding="ascii")
    refused = fetch(project)
    assert (1, "mine") == (refused.code, (project.folder / "kept.pem").read_text(encoding="ascii"))
    assert "[caNotFetched]" in refused.err


def test_a_server_that_may_not_be_contacted_is_not(project: Project) -> None:
    """``verification.servers`` holds here too."""
    project.write_project("verification: {servers: [smtp.example.com]}\n")
    refused = fetch(project)
    assert 1 == refused.code
    assert "[caNotFetched]" in refused.err
    assert "verification.servers" in refused.err


def test_a_port_in_clear_text_names_the_option(project: Project) -> None:
    """Implicit TLS on a port of STARTTLS leads to the other encryption."""
    project.write_project("")
    with ScriptedServer(polite()) as server:
        refused = project.run("ca", "fetch", f"127.0.0.1:{server.port}", "--out", "kept.pem", "--encryption", "tls")
    assert 1 == refused.code
    assert "[caNotFetched]" in refused.err
    assert "--encryption starttls" in refused.err
    assert not (project.folder / "kept.pem").exists()


def test_a_server_that_is_not_there(project: Project) -> None:
    """What keeps from connecting is told as a check tells it."""
    project.write_project("")
    refused = project.run("ca", "fetch", "127.0.0.1:1", "--out", "kept.pem")
    assert 1 == refused.code
    assert "[caNotFetched]" in refused.err
    assert "Nothing listens on the port" in refused.err


@pytest.mark.parametrize("server", ["smtp.example.com", ":587", "smtp.example.com:0", "smtp.example.com:70000", "a:x"])
def test_a_server_without_host_or_port_is_a_wrong_call(project: Project, server: str) -> None:
    """The form is told by example."""
    refused = project.run("ca", "fetch", server, "--out", "kept.pem")
    assert 1 == refused.code
    assert "smtp.example.com:587" in refused.err
