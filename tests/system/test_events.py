"""After a rotation, a suspension, its end, a rename and a deletion, each program's next mail goes as it should."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.project import CHECKOUT
from tests.system.support.djangos import python_of_newest
from tests.system.support.events import AWKWARD, ONE, go_through
from tests.system.support.processes import program

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.system.support.sending import World

    Sends = Callable[[str], bool]
    Prepares = Callable[[World, Path], Sends]

NODE = Path(__file__).parent / "node"


def ran(*command: str | Path, text: str = "", **variables: str) -> bool:
    """Tell whether a command ends well; what a test's variables are, it has."""
    finished = subprocess.run(
        command, input=text, encoding="utf-8", capture_output=True, check=False, env={**os.environ, **variables}
    )
    return finished.returncode == 0


def with_msmtp(secrets: str) -> Prepares:
    """Declare msmtp's file, and send by it as a sendmail does."""

    def prepare(world: World, folder: Path) -> Sends:
        path = folder / "msmtprc"
        world.declare("msmtp", path, more=f", secrets: {secrets}")
        return lambda name: ran(
            program("msmtp"), "-C", path, "-f", f"{name}@example.com", "--", "friend@example.net",
            text="Subject: x\n\nhello\n",
        )  # fmt: skip

    return prepare


_NODEMAILER = """
const nodemailer = require("nodemailer");
const {transports} = JSON.parse(require("fs").readFileSync(process.argv[2]));
const {options, defaults} = transports[process.argv[3]];
nodemailer.createTransport(options, defaults).sendMail({to: "friend@example.net", subject: "x", text: "hello"})
  .catch(() => process.exit(1));
"""


def with_nodemailer(world: World, folder: Path) -> Sends:
    """Declare nodemailer's file, and send by a transport of it."""
    path = folder / "mail.json"
    world.declare("nodemailer", path)
    return lambda name: ran("node", "-", path, name, text=_NODEMAILER, NODE_PATH=str(NODE / "node_modules"))


_DOTENV = """
import dotenv, smtplib, ssl, sys
found = dotenv.dotenv_values(sys.argv[1])
assert found["SMTP_FROM"] == sys.argv[2] + "@example.com"
with smtplib.SMTP(found["SMTP_HOST"], int(found["SMTP_PORT"])) as client:
    client.starttls(context=ssl.create_default_context())
    client.login(found["SMTP_USERNAME"], found["SMTP_PASSWORD"])
    client.sendmail(found["SMTP_FROM"], ["friend@example.net"], "Subject: x\\r\\n\\r\\nhello\\r\\n")
"""


def with_dotenv(world: World, folder: Path) -> Sends:
    """Declare a file of variables, and send by what python-dotenv reads there."""
    path = folder / "mail.env"
    world.declare("dotenv", path, accounts=str(list(ONE)))
    return lambda name: ran(sys.executable, "-c", _DOTENV, path, name)


_SETTINGS = """
import importlib.util, sys
from django.conf import settings
spec = importlib.util.spec_from_file_location("mail_settings", sys.argv[1])
written = importlib.util.module_from_spec(spec)
spec.loader.exec_module(written)
settings.configure(**{name: getattr(written, name) for name in dir(written) if name.isupper()})
from django.core import mail
"""
_BEFORE = """
assert settings.DEFAULT_FROM_EMAIL.endswith(f"<{sys.argv[2]}@example.com>")
mail.EmailMessage("x", "hello", None, ["friend@example.net"]).send()
"""
_MAILERS = """
assert django.VERSION >= (6, 1)
mail.EmailMessage("x", "hello", sys.argv[2] + "@example.com", ["friend@example.net"]).send(using=sys.argv[2])
"""


def with_django(world: World, folder: Path) -> Sends:
    """Declare a module of settings, and send by EMAIL_* as Django before 6.1 does."""
    path = folder / "mail_settings.py"
    world.declare("django", path, accounts=str(list(ONE)))
    return lambda name: ran(sys.executable, "-c", _SETTINGS + _BEFORE, path, name)


def with_mailers(world: World, folder: Path) -> Sends:
    """Declare a module of settings, and send by MAILERS as Django 6.1 does."""
    python, path = python_of_newest(), folder / "mail_settings.py"
    world.declare("django", path)
    return lambda name: ran(python, "-c", f"import django{_SETTINGS}{_MAILERS}", path, name)


_BACKEND = """
import sys
from django.conf import settings
settings.configure({}, RECONCILER_STATE=sys.argv[1])
from django.core import mail
mail.EmailMessage("zażółć", "gęślą", f"Example <{{sys.argv[2]}}@example.com>", ["friend@example.net"]).send({})
"""
_NAMED = "reconciler.contrib.django.EmailBackend"
BACKENDS = {
    "EMAIL_BACKEND": (f'EMAIL_BACKEND="{_NAMED}"', ""),
    "MAILERS": (f'MAILERS={{"own": {{"BACKEND": "{_NAMED}"}}}}', 'using="own"'),
}


def with_backend(setting: str, python: Callable[[], Path | str]) -> Prepares:
    """Name the back end in a setting; it reads state, and passwords by reference, so that no consumer is declared."""

    def prepare(world: World, folder: Path) -> Sends:
        del folder
        address = f"sqlite:///{world.project.state_file}"
        script, running = _BACKEND.format(*BACKENDS[setting]), python()
        return lambda name: ran(running, "-c", script, address, name, PYTHONPATH=str(CHECKOUT))

    return prepare


THREE: dict[str, Prepares] = {
    "msmtp": with_msmtp("write"),
    "msmtp with references": with_msmtp("reference"),
    "nodemailer": with_nodemailer,
    "Django 6.1, MAILERS": with_mailers,
    "the back end, Django of the tests": with_backend("EMAIL_BACKEND", lambda: sys.executable),
    "the back end, Django 6.1, EMAIL_BACKEND": with_backend("EMAIL_BACKEND", python_of_newest),
    "the back end, Django 6.1, MAILERS": with_backend("MAILERS", python_of_newest),
}
"""Programs that find an account among several; Postfix and Exim are in test_consumers and test_lookups."""
SINGLE: dict[str, Prepares] = {"dotenv": with_dotenv, "Django, EMAIL_*": with_django}
"""Programs that have one account."""


@pytest.mark.parametrize("name", THREE)
def test_the_next_mail_of_each_account(name: str, world: World, tmp_path: Path) -> None:
    """Each of three accounts, as a program finds it among them."""
    trusted = not name.startswith(("msmtp", "nodemailer", "the back end"))
    if trusted:
        trust(world, tmp_path)
    go_through(world, THREE[name](world, tmp_path), is_trusted=trusted)


@pytest.mark.parametrize("name", SINGLE)
def test_the_next_mail_of_the_one_account(name: str, world: World, tmp_path: Path) -> None:
    """The one account of a program that has no more; where it is gone, sending fails, and nothing is lost in silence."""
    trust(world, tmp_path)
    password = "another one" if name == "dotenv" else AWKWARD
    go_through(world, SINGLE[name](world, tmp_path), only="alpha", is_trusted=True, rotated_to=password)


def trust(world: World, folder: Path) -> None:
    """Have programs trust the servers' CA as one of the system's."""
    (folder / "system-ca.pem").write_text(world.ca.pem, encoding="ascii")
    world.project.set_variable("SSL_CERT_FILE", str(folder / "system-ca.pem"))
