"""The wheels of the tool, made once, and projects on a code host with their runner."""

from __future__ import annotations

import shutil
import subprocess
import sys
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.project import PASSWORD, USER
from tests.support.certificates import TestCA
from tests.support.mailserver import MailServer
from tests.system.ci import commandserver
from tests.system.ci.commandserver import write_command
from tests.system.ci.runner import Machine, run_shell
from tests.system.ci.site import Site
from tests.system.support.postgres import PostgresServer, running_postgres
from tests.system.support.processes import program
from tests.system.support.shared import made_once

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_INSTALL = """\
python3 -I -m venv --without-pip "$HOME/tool"
"$PYTHON" -m uv pip install --quiet --offline --no-config --no-index --find-links "$WHEELS" \
    --python "$HOME/tool/bin/python" "mail-reconciler[postgres]"
"""
_NO_PIP = """\
import sys
assert sys.argv[1] == "install" and "--require-hashes" in sys.argv
assert open(sys.argv[-1]).read().strip(), "nothing is to be installed"
"""
"""What stands in the place of pip where everything is installed already."""
_GH = """\
#!/bin/sh
if [ "$1 $2" != "auth git-credential" ]; then exec {gh} "$@"; fi
[ "$3" = get ] || exit 0
host=
while IFS= read -r line && [ -n "$line" ]; do
  case "$line" in host=*) host="${{line#host=}}" ;; esac
done
[ "$host" = "$GH_HOST" ] || exit 1
printf 'username=x-access-token\\npassword=%s\\n' "$GH_TOKEN"
"""
"""What answers git as gh does, in a hundredth of the time, and leaves all else to it: each job asks a dozen times."""


@pytest.fixture(scope="session", autouse=True)
def programs() -> None:
    """Demand the programs that the pipelines run."""
    for name in ("curl", "gh", "git", "jq", "shellcheck"):
        program(name)


@pytest.fixture(scope="session")
def authority() -> TestCA:
    """Return the CA of the code host."""
    return TestCA()


@pytest.fixture(scope="session")
def installed(wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an environment with the tool, from which machines take theirs so that tests need not wait."""

    def install(folder: Path) -> None:
        machine = Machine(folder, {"WHEELS": str(wheels), "PYTHON": sys.executable})
        script = folder / "install.sh"
        script.write_text(_INSTALL, encoding="utf-8")
        ended = run_shell(script, folder, machine.environment())
        assert 0 == ended.code, ended.log
        # A real pip takes longer than all else in a job; tests that are about it have jobs that install.
        (packages,) = (folder / "home" / "tool").glob("lib/*/site-packages")
        (packages / "pip").mkdir()
        (packages / "pip" / "__main__.py").write_text(_NO_PIP, encoding="utf-8")

    return made_once(tmp_path_factory, "installed", install) / "home" / "tool"


@pytest.fixture(scope="session")
def served(installed: Path, scratch: Path) -> Iterator[Path]:
    """Return that environment with another command: it has a process that has imported the tool fork each run off.

    Beside it lies a ``gh`` that gives git the token by itself.
    """
    place = scratch / "served"
    (place / "bin").mkdir(parents=True)
    gh = place / "programs" / "gh"
    gh.parent.mkdir()
    gh.write_text(_GH.format(gh=program("gh")), encoding="utf-8")
    gh.chmod(0o755)
    shutil.copy(installed / "pyvenv.cfg", place)
    (place / "lib").symlink_to(installed / "lib")
    python, address = installed / "bin" / "python", scratch / "command.socket"
    (place / "bin" / "python").symlink_to(python)
    write_command(place / "bin" / "reconciler", python=python, address=address)
    with subprocess.Popen(
        [python, "-I", commandserver.__file__, address],
        env=Machine(place / "machine", {}).environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="ascii",
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert "ready\n" == process.stdout.readline()
        yield place
        process.stdin.close()


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    """Run the mail server of the accounts."""
    with MailServer(encryption="none", users={USER: PASSWORD}) as running:
        yield running


@pytest.fixture
def another_server() -> Iterator[MailServer]:
    """Run the mail server of somebody who wants to see passwords."""
    with MailServer(encryption="none", users={USER: PASSWORD}) as running:
        yield running


@pytest.fixture
def make_site(
    tmp_path: Path, wheels: Path, authority: TestCA, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Site]]:
    """Return a function that sets a project up on one of the services; ``installs`` has every job install the tool.

    With ``starts`` a job finds it installed, and each command is a new Python, as on a real machine, and gh itself gives
    git the token; otherwise the tool is ``served``.
    """
    served = []

    def make(
        ci: str,
        *,
        installs: bool = False,
        starts: bool = False,
        database: str | None = None,
        approval: str = "environments",
        **more: Any,
    ) -> Site:
        template = None if installs else request.getfixturevalue("installed" if starts else "served")
        site = Site(ci, tmp_path / ci, wheels, authority, template, database, approval, **more)  # type: ignore[arg-type] # one of the two
        served.append(site.forge)
        site.forge.__enter__()
        return site

    yield make
    for each in served:
        each.__exit__(None, None, None)


@pytest.fixture(scope="session")
def postgres(scratch: Path) -> Iterator[PostgresServer]:
    """Run a database server."""
    folder = scratch / "ci"
    folder.mkdir()
    folder.chmod(0o755)
    with running_postgres(folder) as started:
        yield started


@pytest.fixture
def database(postgres: PostgresServer) -> str:
    """Return the address of an empty database, without a role."""
    return postgres.make_database(f"d{uuid.uuid4().hex}").replace("postgres@", "", 1)


@pytest.fixture
def github(make_site: Callable[..., Site]) -> Site:
    """Return a project on GitHub."""
    return make_site("github")


@pytest.fixture
def gitlab(make_site: Callable[..., Site]) -> Site:
    """Return a project on GitLab."""
    return make_site("gitlab")


@pytest.fixture
def commented(make_site: Callable[..., Site]) -> Site:
    """Return a project on GitHub whose jobs are asked for by comments; one member may write, another only read."""
    site = make_site("github", approval="comments")
    site.forge.permissions.update(member="write", admin="admin", reader="read")
    return site
