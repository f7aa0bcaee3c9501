"""A plan in parts: each verifies the accounts of its hosts, and merged they are the plan of one run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reconciler.rules.plan.shards import Shard
from tests.cli.project import PASSWORD, USER, VARIABLE, Project, alter_plan, marketing_account, own_account

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.mailserver import MailServer

HOSTS = ("localhost", "127.0.0.1")
COUNT = 4


@pytest.fixture
def fleet(project: Project, server: MailServer) -> Project:
    """Return a project with accounts at two hosts, which different parts have, and one without a server of its own."""
    server.users["help@example.com"] = "battery-of-horses"
    project.set_variable("SMTP_HELP", "battery-of-horses")
    for number in range(4):
        project.write_account(f"a{number}", account(server, number))
    project.write_account("news", marketing_account("news"))
    assert part_of(HOSTS[0]) != part_of(HOSTS[1])
    return project


def account(server: MailServer, number: int, **parts: Any) -> str:
    """Return the manifest of an account; each host has a login of its own, since a new secret goes to one server."""
    user, secret = (("help@example.com", "{env: SMTP_HELP}"), (USER, f"{{env: {VARIABLE}}}"))[number % 2 == 0]
    given = {"username": user, "secret": secret, **parts}
    return own_account(f"a{number}", server, host=HOSTS[number % 2], **given)


def part_of(host: str) -> int:
    """Return the part that has a host."""
    return next(index for index in range(1, COUNT + 1) if Shard(index, COUNT).has(host))


def make(fleet: Project, *words: str, count: int = COUNT) -> list[str]:
    """Make all parts; return their files."""
    files = [f"part-{index}.plan" for index in range(1, count + 1)]
    for index, file in enumerate(files, start=1):
        fleet.run_well("plan", "--shard", f"{index}/{count}", "--out", file, *words)
    return files


def test_merged_parts_are_the_plan_of_one_run(fleet: Project, server: MailServer) -> None:
    """The same digest of changes, every account verified by its own part and by no other; apply takes it."""
    parts = make(fleet)
    verified = {
        file: {each["name"] for each in document["changes"] if each["verification"]["status"] == "passed"}
        for file in parts
        for document in [fleet.run_well("show", file, "--format", "json").document]
    }
    assert {"a0", "a2"} <= verified[f"part-{part_of('localhost')}.plan"]
    assert {"a1", "a3"} <= verified[f"part-{part_of('127.0.0.1')}.plan"]
    assert 4 == len([name for found in verified.values() for name in found if name != "news"])
    before = server.connections
    merged = fleet.run_well("plan", "merge", *parts, "--out", "all.plan", "--format", "json").document
    assert before == server.connections
    whole = fleet.run_well("plan", "--format", "json").document
    assert (whole["changesDigest"], whole["summary"]) == (merged["changesDigest"], merged["summary"])
    passed = {each["name"] for each in merged["changes"] if each["verification"]["status"] == "passed"}
    assert {"a0", "a1", "a2", "a3"} <= passed
    assert "ready" == merged["status"]
    fleet.run_well("apply", "all.plan")
    assert {"a0", "a1", "a2", "a3", "news"} == set(fleet.statuses())


def test_a_part_that_fails_blocks_the_whole(fleet: Project, server: MailServer) -> None:
    """What one part found wrong is told of the merged plan, with its exit code."""
    fleet.write_account("a1", account(server, 1, username="nobody@example.com"))
    files = [f"part-{index}.plan" for index in range(1, COUNT + 1)]
    for index, file in enumerate(files, start=1):
        code = fleet.run("plan", "--shard", f"{index}/{COUNT}", "--out", file).code
        assert (3 if index == part_of(HOSTS[1]) else 0) == code
    merged = fleet.run("plan", "merge", *files, "--out", "all.plan", "--format", "json")
    assert (3, "blocked") == (merged.code, merged.document["status"])


def reseal(document: dict[str, Any]) -> None:
    """Alter what a part found."""
    for prepared in document["inputs"]["accounts"].values():
        prepared["needsEvidence"] = False


def without_seal(document: dict[str, Any]) -> None:
    """Take the seal away."""
    document["seal"] = None


def other_part(document: dict[str, Any]) -> None:
    """Have a part pass for another."""
    document["inputs"]["part"]["index"] = 1


def other_tool(document: dict[str, Any]) -> None:
    """Have a part made by another version."""
    document["tool"] = "reconciler 0.0.1"


@pytest.mark.parametrize("alter", [reseal, without_seal, other_part, other_tool])
@pytest.mark.parametrize("fits", [True, False])
def test_an_altered_part_is_refused(fleet: Project, alter: Callable[[dict[str, Any]], None], *, fits: bool) -> None:
    """Whoever cannot seal cannot alter a part, also where the digests are computed anew: exit 4, nothing written."""
    parts = make(fleet, "--depth", "offline", count=2)
    alter_plan(fleet.folder / parts[1], alter, fits_digest=fits)
    refused = fleet.run("plan", "merge", *parts, "--out", "all.plan", "--format", "json")
    assert 4 == refused.code
    assert {"planAltered", "partsRefused"} & set(refused.codes)
    assert not (fleet.folder / "all.plan").exists()


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        (("part-1.plan",), "Part 2 of 2 is missing"),
        (("part-1.plan", "copy.plan"), "Part 1 is there more than once"),
        (("part-1.plan", "part-2.plan", "copy.plan"), "Part 1 is there more than once"),
        (("part-1.plan", "whole.plan"), "whole.plan is a whole plan"),
        (("part-1.plan", "third.plan"), "Some are parts of 2"),
    ],
)
def test_every_part_is_needed_once(fleet: Project, chosen: tuple[str, ...], told: str) -> None:
    """Missing, doubled and foreign parts are refused with what is wrong."""
    make(fleet, "--depth", "offline", count=2)
    (fleet.folder / "copy.plan").write_bytes((fleet.folder / "part-1.plan").read_bytes())
    fleet.run_well("plan", "--depth", "offline", "--out", "whole.plan")
    fleet.run_well("plan", "--depth", "offline", "--shard", "2/3", "--out", "third.plan")
    refused = fleet.run("plan", "merge", *chosen, "--out", "all.plan")
    assert (4, True) == (refused.code, told in " ".join(refused.err.split())), refused


def change_manifest(fleet: Project, server: MailServer) -> None:
    """Change a manifest after the parts were made."""
    fleet.write_account("a0", account(server, 0, display_name="Another"))


def change_state(fleet: Project, _server: MailServer) -> None:
    """Apply something after the parts were made."""
    fleet.run_well("apply", "--target", "news", "--auto-approve")


def change_secret(fleet: Project, _server: MailServer) -> None:
    """Have another value behind a reference."""
    fleet.set_variable(VARIABLE, f"{PASSWORD}-new")


def change_key(fleet: Project, _server: MailServer) -> None:
    """Make the state anew, with another key."""
    for path in (fleet.state_file, fleet.key_file):
        path.unlink()
    fleet.run_well("state", "init")


@pytest.mark.parametrize("change", [change_manifest, change_state, change_secret, change_key])
def test_parts_of_another_time_are_refused(
    fleet: Project, server: MailServer, change: Callable[[Project, MailServer], None]
) -> None:
    """Parts whose manifests, state, secrets or key are not those of now make no plan."""
    parts = make(fleet, count=2)
    change(fleet, server)
    refused = fleet.run("plan", "merge", *parts, "--out", "all.plan", "--format", "json")
    assert (4, True) == (refused.code, "partsRefused" in refused.codes), refused


def test_a_part_is_not_applied(fleet: Project) -> None:
    """Not by itself, and not as what was reviewed."""
    parts = make(fleet, "--depth", "offline", count=2)
    for words in ((parts[0],), ("--reviewed", parts[0])):
        refused = fleet.run("apply", *words, "--format", "json")
        assert (4, ["partsRefused"]) == (refused.code, refused.codes)


def test_jobs_share_the_night(fleet: Project) -> None:
    """Verify --recorded --shard verifies each account in one of the jobs, and all in all of them."""
    fleet.run_well("apply", "--auto-approve")
    seen: list[str] = []
    for index in range(1, COUNT + 1):
        document = fleet.run_well("verify", "--recorded", "--shard", f"{index}/{COUNT}", "--format", "json").document
        seen += [each["name"] for each in document["accounts"]]
    assert ["a0", "a1", "a2", "a3", "news"] == sorted(seen)
    assert 1 == fleet.run("verify", "--shard", "1/2").code


@pytest.mark.parametrize("shard", ["0/3", "4/3", "1", "a/b", "1/0", "1/100000", "-1/3"])
def test_a_part_is_one_of_so_many(fleet: Project, shard: str) -> None:
    """Anything but I/N with I from 1 to N is bad usage."""
    assert 1 == fleet.run("plan", "--shard", shard).code
