"""The plan of a fleet of 150 accounts: twelve kinds of change, two failures, as text, comment and page.

``python -m tests.docs.fleet`` writes ``docs/plans`` anew, and the plan's text on the page ``docs/plan.md``. The plan is
real: it is made against the servers of ``tests.support.fleet``, whose ports and digests stand there as fixed ones.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from contextlib import chdir
from pathlib import Path
from typing import TYPE_CHECKING

from demo.example import CHECKOUT
from tests.cli.project import command
from tests.docs.console import normalised
from tests.support.fleet import COUNTS, Fleet, password_of, variable_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FOLDER = CHECKOUT / "docs" / "plans"
PAGE = CHECKOUT / "docs" / "plan.md"
FORMS = {
    "fleet.txt": ("--format", "text"),
    "fleet-full.txt": ("--format", "text", "--full"),
    "fleet-comment.md": ("--format", "markdown"),
    "fleet-page.html": ("--format", "html"),
}
"""File name to the options of ``show`` that make it."""
FAILING = ("sales-bad", "sales-ten")
SECONDS = 300
_FENCED = re.compile(r"(?<=```text\n)Plan for fleet.*?(?=```)", re.DOTALL)
_PORTS = {name: 2500 + number for number, name in enumerate((*COUNTS, "platform"), 1)}
_DIGEST = re.compile(r"[0-9a-f]{64}")


def changed(manifests: Mapping[str, str]) -> dict[str, str]:
    """Return the fleet's manifests, by file, with twelve kinds of change."""
    after = dict(manifests)

    def edit(file: str, name: str, old: str, new: str) -> None:
        head, mark, rest = after[file].partition(f"name: {name}}}\n")
        assert mark, (file, name)
        assert old in rest.partition("---")[0], (name, old)
        after[file] = head + mark + rest.replace(old, new, 1)

    def title(file: str, name: str, metadata: str) -> None:
        assert f"{{name: {name}}}" in after[file], name
        after[file] = after[file].replace(f"{{name: {name}}}", f"{{name: {name}, {metadata}}}")

    # 1: new accounts, both of which fail
    new = manifests["office.yaml"].partition("---\n")[0]
    after["sales.yaml"] = "---\n".join(
        new.replace("office-00", name).replace(variable_of("office-00"), variable_of(name)) for name in FAILING
    )
    # 2: the same update for every account of a server
    after["servers.yaml"] = after["servers.yaml"].replace(
        "  encryption: starttls\n", "  encryption: starttls\n  heloName: mail.example.com\n", 1
    )
    # 3 to 5: of one account: a name, where replies go, who sees it
    edit("office.yaml", "office-01", "Example office-01", "Example Head Office")
    edit("alerts.yaml", "alerts-03", "  shared: true\n", "  shared: true\n  replyTo: {email: help@example.com}\n")
    edit("partners.yaml", "partners-02", "  shared: true\n", "  shared: false\n")
    # 6: what the platform accepted changes
    edit("news.yaml", "news-14", "Example news-14", "Example News")
    # 7: titles and labels alone
    for number in range(10, 16):
        title("campaigns.yaml", f"campaigns-{number}", "labels: {team: growth}")
    # 8 and 9: a rename, and one with a change
    for old, name in (("campaigns-00", "resellers"), ("campaigns-01", "integrators")):
        title("campaigns.yaml", old, f"previousName: {old}")
        after["campaigns.yaml"] = after["campaigns.yaml"].replace(f"{{name: {old},", f"{{name: {name},")
    after["campaigns.yaml"] = after["campaigns.yaml"].replace("Example campaigns-01", "Example Integrators")
    # 10: deletions
    gone = "---\napiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {name: alerts-22}"
    after["alerts.yaml"] = after["alerts.yaml"].partition(gone)[0]
    # 11 and 12 are rotations, one of which fails; they are no change of a manifest, see ``_rotate``
    return after


def outputs(folder: Path) -> dict[str, str]:
    """Return every form of the fleet's plan, made in ``folder``, with fixed ports and digests."""
    with Fleet() as fleet:
        fleet.write(folder)
        project = folder / "reconciler.yaml"
        project.write_text(
            project.read_text(encoding="utf-8").replace("apply: auth", "apply: message"), encoding="utf-8"
        )
        variables = dict(fleet.variables)
        for words in (
            ("state", "init"),
            ("apply", "--auto-approve", "--depth", "auth"),
            ("approve", "--all-pending", "--actor", "platform"),
        ):
            _run(folder, variables, *words)
        manifests = {path.name: path.read_text(encoding="utf-8") for path in (folder / "accounts.d").iterdir()}
        for name, text in changed(manifests).items():
            (folder / "accounts.d" / name).write_text(text, encoding="utf-8")
        _rotate(folder, fleet)
        variables |= {variable_of(name): f"wrong-{password_of(name)}" for name in FAILING}
        _run(folder, variables, "plan", "--out", "first.plan", exit_codes=(3,))
        ports = {server.port: _PORTS[name] for name, server in fleet.servers.items()}
        return {
            name: _fixed(_run(folder, variables, "show", "first.plan", *words), ports) for name, words in FORMS.items()
        }


def _rotate(folder: Path, fleet: Fleet) -> None:
    """Have two passwords changed at their source: one at the server too, and one there alone."""
    source = folder / "secrets" / "alerts.env"
    text = source.read_text(encoding="utf-8")
    for name in ("alerts-05", "alerts-06"):
        text = text.replace(password_of(name), f"new-{password_of(name)}")
    source.write_text(text, encoding="utf-8")
    fleet.servers["alerts"].users["alerts-05@example.com"] = f"new-{password_of('alerts-05')}"


def same(text: str) -> str:
    """Return a form without what differs from run to run: times, and the order of servers, which follows from their ports."""
    lines = normalised(text).splitlines()
    return "\n".join(sorted(lines) if any("Login at" in line for line in lines) else lines)


def _run(folder: Path, variables: Mapping[str, str], *words: str, exit_codes: tuple[int, ...] = (0,)) -> str:
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}}
    finished = subprocess.run(
        command(*words),
        cwd=folder,
        env={**kept, **variables, "PYTHONPATH": str(CHECKOUT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=SECONDS,
        check=False,
        encoding="utf-8",
    )
    assert finished.returncode in exit_codes, (words, finished.returncode, finished.stdout, finished.stderr)
    return finished.stdout


def _fixed(text: str, ports: Mapping[int, int]) -> str:
    for taken, shown in ports.items():
        text = re.sub(rf"\b{taken}\b", str(shown), text)
    return _DIGEST.sub("0" * 64, text)


def with_text(page: str, text: str) -> str:
    """Return the page with the plan's text."""
    assert _FENCED.search(page)
    return _FENCED.sub(lambda _: text, page)


def written() -> Iterator[tuple[Path, str]]:
    """Yield every file that is written, with what it should hold."""
    with tempfile.TemporaryDirectory(prefix="reconciler-fleet-") as scratch, chdir(scratch):
        made = outputs(Path(scratch))
    for name, text in made.items():
        yield FOLDER / name, text
    yield PAGE, with_text(PAGE.read_text(encoding="utf-8"), made["fleet.txt"])


def main() -> None:
    """Write every form anew; what differs in times alone stays as it is."""
    FOLDER.mkdir(exist_ok=True)
    for path, text in written():
        if not path.exists() or same(path.read_text(encoding="utf-8")) != same(text):
            path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
