"""The built package, installed in each way that people install it, with no index: what it holds, and what it says."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from reconciler import DISTRIBUTION, __version__
from tests.cli.project import PASSWORD, USER
from tests.cli.test_first_use import NewUser, walk
from tests.support.mailserver import MailServer
from tests.system.support.processes import program
from tools.zipapp import write_zipapp

CHECKOUT = Path(__file__).parents[3]
SECONDS = 300
STRANGER = {
    "pyproject.toml": '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
    '[project]\nname = "reconciler"\nversion = "0.2.1"\n',
    "reconciler/__init__.py": "print('canary: a stranger')\n",
    "reconciler/webutils.py": "",
}
"""A package of the name that the index gives to somebody else."""


def run(*words: str | Path, cwd: Path, code: int = 0, variables: dict[str, str] | None = None) -> str:
    """Run a program outside of the checkout; return what it wrote."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_", "PYTHON"))}
    ended = subprocess.run(
        list(map(str, words)),
        cwd=cwd,
        env={**environment, **(variables or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert code == ended.returncode, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


@pytest.fixture
def offline(wheels: Path, tmp_path: Path) -> dict[str, str]:
    """Return the settings by which pip, uv and pipx take packages from the folder of wheels, and nothing else."""
    return {
        **dict.fromkeys(("PIP_NO_INDEX", "UV_OFFLINE", "UV_NO_INDEX"), "1"),
        **dict.fromkeys(("PIP_FIND_LINKS", "UV_FIND_LINKS"), str(wheels)),
        **{f"UV_{name}": str(tmp_path / name) for name in ("CACHE_DIR", "TOOL_DIR", "TOOL_BIN_DIR")},
        **{f"PIPX_{name}": str(tmp_path / name) for name in ("HOME", "BIN_DIR", "MAN_DIR")},
        "UV_PYTHON_DOWNLOADS": "never",
        "PIPX_DEFAULT_PYTHON": sys.executable,
    }


@pytest.fixture
def environment(tmp_path: Path, offline: dict[str, str]) -> Path:
    """Return the Python of an environment into which the tool was installed, without extras."""
    folder = tmp_path / "environment"
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=tmp_path)
    install(folder / "bin" / "python", DISTRIBUTION, offline=offline)
    return folder / "bin" / "python"


def install(python: Path, *words: str | Path, offline: dict[str, str]) -> None:
    """Install into an environment, by uv, which takes a tenth of pip's time."""
    run(sys.executable, "-m", "uv", "pip", "install", "--python", python, *words, cwd=python.parent, variables=offline)


def work(command: list[str | Path], folder: Path, variables: dict[str, str] | None = None) -> None:
    """Begin a project, validate, plan and write the report: what needs templates, schemas and a state."""
    folder.mkdir()
    told = f"reconciler {__version__}\n"
    assert told == run(*command, "--version", cwd=folder, variables=variables)
    run(*command, "init", "--operator", "ops@example.com", "--ci", "github", cwd=folder, variables=variables)
    assert '"$id"' in run(*command, "schema", "plan", cwd=folder, variables=variables)
    run(*command, "validate", cwd=folder, variables=variables)
    run(*command, "plan", "--depth", "offline", cwd=folder, variables=variables)
    run(*command, "report", "--out", "report", cwd=folder, variables=variables)
    assert (folder / "report" / "index.html").is_file()


def test_a_fresh_environment_has_all_that_it_needs(environment: Path, tmp_path: Path) -> None:
    """The command and ``python -m reconciler`` work in a fresh environment; psycopg comes with its extra alone."""
    work([environment.parent / "reconciler"], tmp_path / "project")
    assert f"reconciler {__version__}\n" == run(environment, "-m", "reconciler", "--version", cwd=tmp_path)
    program_ = "import importlib.util as u; print(u.find_spec('psycopg'))"
    assert "None\n" == run(environment, "-c", program_, cwd=tmp_path)
    words = ("--state", "postgresql://db.invalid/mail", "accounts", "list")
    told = run(environment.parent / "reconciler", *words, cwd=tmp_path / "project", code=1)
    assert "pip install 'mail-reconciler[postgres]'" in told


@pytest.mark.parametrize("comes_later", ["stranger", "ours"])
def test_a_stranger_in_the_same_environment_is_told(
    environment: Path, tmp_path: Path, offline: dict[str, str], comes_later: str
) -> None:
    """Whichever was installed first, nothing of the other package is run; removing both and installing ours cures it."""
    foreign = tmp_path / "stranger"
    for name, text in STRANGER.items():
        (foreign / name).parent.mkdir(parents=True, exist_ok=True)
        (foreign / name).write_text(text, encoding="utf-8")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", foreign, cwd=foreign)
    install(environment, *foreign.glob("*.whl"), offline=offline)
    if comes_later == "ours":
        install(environment, "--reinstall", "--no-deps", DISTRIBUTION, offline=offline)
    command = environment.parent / "reconciler"
    told = run(command, "--version", cwd=tmp_path, code=1)
    assert "is not the one that was installed with this command" in told
    assert "canary" not in told
    uninstall = (sys.executable, "-m", "uv", "pip", "uninstall", "--python", environment)
    if comes_later == "stranger":
        run(*uninstall, "reconciler", cwd=tmp_path)
        assert "Its files are gone" in run(command, "--version", cwd=tmp_path, code=1)
    run(*uninstall, "reconciler", DISTRIBUTION, cwd=tmp_path)
    install(environment, DISTRIBUTION, offline=offline)
    assert f"reconciler {__version__}\n" == run(command, "--version", cwd=tmp_path)


@pytest.mark.parametrize("tool", ["pipx", "uv"])
def test_tools_install_it_as_a_command(tool: str, wheels: Path, tmp_path: Path, offline: dict[str, str]) -> None:
    """``pipx install`` and ``uv tool install`` of the wheel give the command, and pipx its manual pages."""
    (wheel,) = wheels.glob("mail_reconciler-*.whl")
    words = ["pipx", "install"] if tool == "pipx" else ["uv", "tool", "install", "--python", sys.executable]
    run(sys.executable, "-m", *words, wheel, cwd=tmp_path, variables={**offline, "HOME": str(tmp_path)})
    bins = tmp_path / ("BIN_DIR" if tool == "pipx" else "TOOL_BIN_DIR")
    work([bins / "reconciler"], tmp_path / "project")
    if tool == "pipx":
        assert (tmp_path / "MAN_DIR" / "man1" / "reconciler-plan.1").is_file()


def test_a_newcomer_walks_from_the_wheel_to_an_account(wheels: Path, tmp_path: Path, offline: dict[str, str]) -> None:
    """``pipx install``, and then four commands, each but the first from what was shown: an own account is applied."""
    (wheel,) = wheels.glob("mail_reconciler-*.whl")
    run(sys.executable, "-m", "pipx", "install", wheel, cwd=tmp_path, variables={**offline, "HOME": str(tmp_path)})
    folder = tmp_path / "mail"
    folder.mkdir()
    user = NewUser(folder, 80)
    user.variables.pop("PYTHONPATH", None)
    user.program = [str(tmp_path / "BIN_DIR" / "reconciler")]
    with MailServer(encryption="none", users={USER: PASSWORD}) as server:
        walk(user, server)
        assert ["ops@example.com"] == [each for message in server.messages for each in message.recipients]


def test_one_file_holds_everything(environment: Path, tmp_path: Path, offline: dict[str, str]) -> None:
    """A zipapp works wherever it lies, unpacks where SHIV_ROOT says, and refuses another Python in one line."""
    installed, target = tmp_path / "installed", tmp_path / "reconciler.pyz"
    install(environment, "--target", installed, f"{DISTRIBUTION}[postgres]", offline=offline)
    write_zipapp(installed, target)
    work([sys.executable, target], tmp_path / "project", {"SHIV_ROOT": str(tmp_path / "unpacked")})
    assert [each.name for each in (tmp_path / "unpacked").glob("reconciler.pyz_*") if each.is_dir()]


def test_wheel_and_sdist_are_whole(wheels: Path, tmp_path: Path) -> None:
    """Every tracked file of the package is in the wheel; a wheel that is built from the sdist is the same, octet for octet."""
    listed = run(program("git"), "ls-files", "reconciler", "mail_reconciler.py", cwd=CHECKOUT).split()
    (wheel,) = wheels.glob("mail_reconciler-*.whl")
    with zipfile.ZipFile(wheel) as opened:
        assert set(listed) <= set(opened.namelist())
        metadata = opened.read(f"mail_reconciler-{__version__}.dist-info/METADATA").decode()
    assert "](docs/" not in metadata
    assert "](https://reconciler.example.com/guide.html)" in metadata
    run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", tmp_path / "dist", cwd=CHECKOUT)
    (archive,) = (tmp_path / "dist").glob("*.tar.gz")
    with tarfile.open(archive) as opened_archive:
        opened_archive.extractall(tmp_path / "source", filter="data")
    (source,) = (tmp_path / "source").iterdir()
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "dist", cwd=source)
    (built,) = (tmp_path / "dist").glob("*.whl")
    assert wheel.read_bytes() == built.read_bytes()
