"""What docs/secret-stores.md has a job do before it runs reconciler: logged in by the job's token, with bash, curl and jq."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.cli.project import CHECKOUT, PASSWORD, USER, own_account
from tests.cli.test_secret_stores import PROGRAM_OF, RECIPES, blocks
from tests.support.mailserver import MailServer
from tests.support.repositories import git
from tests.support.storeprograms import JOB_TOKEN, LEAK, TOKEN
from tests.support.stores import Stores
from tests.system.support.processes import program

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BEARER = "Bearer of-the-request"
_HEAD = """\
apiVersion: reconciler/v1
kind: Project
metadata: {name: mail}
operator: {email: ops@example.com}
verification: {domainChecks: off}
"""
_GIVEN = {
    "OP_TOKEN_OF_THIS_ENVIRONMENT": TOKEN,
    "AGE_KEY_OF_THIS_ENVIRONMENT": TOKEN,
    "BWS_TOKEN_OF_THIS_ENVIRONMENT": TOKEN,
    "AZURE_CLIENT_ID": "client",
    "AZURE_TENANT_ID": "tenant",
    "BW_CLIENTID": "user.1",
    "BW_CLIENTSECRET": TOKEN,
    "BW_PASSWORD": TOKEN,
}
_FUNCTION = next(text for _, remark, text in blocks() if remark == "in the job: the function")
JOBS = {heading: text for heading, remark, text in blocks() if remark == "in the job"}


class _Tokens(BaseHTTPRequestHandler):
    """Gives a token of the job for the audience that is asked for, to whoever has the bearer of the request."""

    def do_GET(self) -> None:
        audience = parse_qs(urlsplit(self.path).query).get("audience", [""])[0]
        is_known = self.headers["Authorization"] == _BEARER
        self.send_response(200 if is_known else 401)
        self.end_headers()
        self.wfile.write(json.dumps({"count": 1, "value": f"{JOB_TOKEN} for {audience}"} if is_known else {}).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def _token_service() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Tokens) as service:
        serving = threading.Thread(target=service.serve_forever)
        serving.start()
        try:
            yield f"http://127.0.0.1:{service.server_port}/token?api-version=2.0"
        finally:
            service.shutdown()
            serving.join()


class Job:
    """A checkout with an account by a recipe, and a step of a job in it."""

    def __init__(self, folder: Path, server: MailServer, number: int, address: str) -> None:
        """Write the project, with its origin, and the stores' programs."""
        self.heading, source, login = RECIPES[number]
        self.folder = folder / "mail"
        (self.folder / "accounts.d").mkdir(parents=True)
        self.stores = Stores(folder / "stores", {"sales": PASSWORD})
        (self.stores.folder / "jq").unlink()
        secret = json.dumps(login["password"])
        (self.folder / "reconciler.yaml").write_text(_HEAD + source, encoding="utf-8")
        (self.folder / "accounts.d" / "sales.yaml").write_text(own_account("sales", server, secret=secret), "utf-8")
        (self.folder / "secrets.enc.yaml").write_text(self.stores.encrypted(), encoding="utf-8")
        git(self.folder, "init", "--quiet", "--initial-branch", "main")
        git(self.folder, "add", "secrets.enc.yaml")
        git(self.folder, "commit", "--quiet", "--message", "Secrets")
        git(self.folder, "update-ref", "refs/remotes/origin/main", "HEAD")
        scratch = folder / "scratch"
        scratch.mkdir()
        path = [str(self.stores.folder), os.path.dirname(sys.executable), os.environ["PATH"]]  # noqa: PTH120
        self.environment = {
            "HOME": str(scratch),
            "PATH": os.pathsep.join(path),
            "PYTHONPATH": str(CHECKOUT),
            "RUNNER_TEMP": str(scratch),
            "ACTIONS_ID_TOKEN_REQUEST_URL": address,
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": _BEARER.removeprefix("Bearer "),
            **_GIVEN,
        }

    def run(self, command: str, *, logs_in: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a step as GitHub runs one whose shell is bash: what logs in, then a command."""
        script = f"{_FUNCTION}{JOBS[self.heading] if logs_in else ''}{command}\n"
        return subprocess.run(
            [program("bash"), "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            encoding="utf-8",
        )


@pytest.fixture(params=[number for number, (heading, _, _) in enumerate(RECIPES) if heading in JOBS])
def job(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Job]:
    """Return a job for each recipe that has one log in."""
    program("jq")
    program("curl")
    users = {USER: PASSWORD}
    with MailServer(encryption="none", users=users) as server, _token_service() as address:
        made = Job(tmp_path, server, request.param, address)
        assert 0 == made.run("python -m reconciler state init", logs_in=False).returncode
        yield made


def test_every_store_has_a_job() -> None:
    """Only the secret of the CI system itself needs no line of a step."""
    assert set(PROGRAM_OF) - set(JOBS) == {"One secret of the CI system"}


def test_a_job_plans_with_what_the_store_gives(job: Job) -> None:
    """The lines of the page log in, and the account is verified."""
    ran = job.run("python -m reconciler plan")
    assert 0 == ran.returncode, ran
    assert "sales: verified" in ran.stdout
    assert LEAK not in ran.stdout + ran.stderr


def test_a_job_with_no_right_to_a_token_has_no_password(job: Job) -> None:
    """Where the permission or the one secret is wrong, the step ends, or the plan tells which source gave nothing."""
    for name in (*_GIVEN, "ACTIONS_ID_TOKEN_REQUEST_TOKEN"):
        job.environment[name] = "wrong"
    ran = job.run("python -m reconciler plan")
    assert (True, False) == (ran.returncode != 0, "sales: verified" in ran.stdout), ran
