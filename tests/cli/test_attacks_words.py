"""The attacker's table of words: where a pull request or a server may point, what it may say, and what a tree may be.

Each row is one thing that an outsider brings; the command must end with its code, contact nobody that it must not, and
show nothing that hides or that is secret.
"""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from reconciler.smtp.masking import WITHHELD
from tests.cli.project import PASSWORD, Project, marketing_account, own_account
from tests.support.scripted import ScriptedServer, polite
from tests.support.spellings import SPELLINGS

if TYPE_CHECKING:
    from collections.abc import Iterator


HOSTS = {
    "link-local in hexadecimal": "0xa9fea9fe",
    "link-local in octal and hexadecimal": "0251.0xfe.0251.0xfe",
    "compatible": "'::169.254.169.254'",
    "translated": "'::ffff:0:a9fe:a9fe'",
    "NAT64 of local use": "'64:ff9b:1::a9fe:a9fe'",
    "NAT64 of local use, 48": "'64:ff9b:1:a9fe:a9:fe00::'",
    "Teredo server": "'2001:0:a9fe:a9fe::1'",
    "Teredo client": "'2001:0:4136:e378:8000:63bf:5601:5601'",
    "ISATAP": "'2001:db8::5efe:a9fe:a9fe'",
    "metadata of AWS": "'fd00:ec2::254'",
    "metadata of Google": "'fd20:ce::254'",
    "metadata of Alibaba": "100.100.100.200",
    "metadata of Azure": "168.63.129.16",
    "metadata of Azure, mapped": "'::ffff:a83f:8110'",
    "multicast": "224.0.0.1",
    "multicast of IPv6": "'ff02::1'",
    "broadcast": "255.255.255.255",
    "reserved": "240.0.0.1",
    "unspecified": "0.0.0.0",  # noqa: S104 - not bound to
    "unspecified of IPv6": "'::'",
}


@pytest.mark.parametrize("way", HOSTS)
def test_a_server_there_is_never_contacted(project: Project, way: str) -> None:
    """A manifest that leads to credentials or to no one server fails at the first check, with the reason."""
    manifest = own_account("x", 25, host=HOSTS[way], username=None)
    project.write_account("x", manifest.replace("none", "starttls"))
    verified = project.run("verify", "--depth", "connect", "--format", "json")
    (account,) = verified.document["accounts"]
    checks = {check["check"]: check for check in account["verification"]["checks"]}
    if checks["dns"]["code"] == "hostNotFound":
        pytest.skip("this machine's resolver takes no such number for an address")
    assert (3, "forbiddenAddress") == (verified.code, checks["dns"]["code"])
    assert "is never contacted: " in checks["dns"]["message"]


@pytest.mark.parametrize(
    "server", ["169.254.169.254", "168.63.129.16:53", "'[fd00:ec2::253]:53'", "'fe80::1'", "224.0.0.251"]
)
def test_a_name_server_there_is_refused(project: Project, server: str) -> None:
    """A project file that names such a name server is refused before anything is asked."""
    project.write_project(f"verification: {{nameservers: [{server}]}}\n")
    refused = project.run("validate", "--format", "json")
    assert (1, ["invalidHost"]) == (refused.code, refused.codes)


HIDDEN = (
    "\u3164",
    "\uffa0",
    "\u115f",
    "\u034f",
    "\u17b4",
    "\u2800",
    "\u00ad",
    "\u2063",
    "\U000e0041",
    "\u200b",
    "\U0001d173",
    "\ufff9",
    "\ufdd0",
)


@pytest.mark.parametrize("character", HIDDEN, ids=[f"U+{ord(each):04X}" for each in HIDDEN])
def test_a_letter_that_nobody_sees_is_refused(project: Project, character: str) -> None:
    """A title with it is refused, raw or escaped, and the message shows its code and not the letter."""
    number = ord(character)
    escape = f"\\u{number:04x}" if number < 65536 else f"\\U{number:08x}"
    for written in (character, escape):
        project.write_account("x", marketing_account("x", metadata=f'title: "Sales{written}"'))
        refused = project.run("validate", "--format", "json")
        assert (1, {"controlCharacter"}) == (refused.code, set(refused.codes))
        assert f"U+{number:04X}" in json.dumps(refused.document)
        assert character not in refused.out + project.run("validate").err


@pytest.fixture
def echoing(project: Project, request: pytest.FixtureRequest) -> Iterator[Project]:
    """Return a project with an account at a server that repeats the password in a spelling."""
    spelled = SPELLINGS[request.param](PASSWORD)
    with ScriptedServer(polite({"AUTH": f"535 5.7.8 no: {spelled}"})) as server:
        project.write_account("x", own_account("x", server.port))
        yield project


@pytest.mark.parametrize(
    "echoing", ["hex", "hex with colons", "base64 of base64", "entities", r"\u escapes", "backwards", "spaced", "dotted", "rot13"],
    indirect=True,
)  # fmt: skip
def test_an_echo_is_in_no_output(echoing: Project) -> None:
    """The plan says that the words are not shown, as text and as JSON."""
    for form in ("text", "json", "markdown"):
        told = echoing.run("plan", "--format", form)
        assert 3 == told.code
        assert WITHHELD.strip("[]").split(":")[0] in " ".join(told.out.replace("`", "").split())


def test_folders_without_end_are_a_diagnostic(project: Project) -> None:
    """A checkout that nests 1,500 folders is refused as such, at once."""
    here = os.open(project.folder / "accounts.d", os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=here)
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    refused = project.run("validate", "--format", "json")
    subprocess.run(["rm", "-rf", str(project.folder / "accounts.d")], check=True)  # deeper than Python can remove
    assert (1, ["fileUnreadable"]) == (refused.code, refused.codes)
