"""nodemailer's smtp-server: the server of many programs of the JavaScript world."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.system.servers.modules import MODULES, required
from tests.system.support.processes import program
from tests.system.support.users import ADDRESSES, USERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tests.system.support.keys import Keys

LISTENERS = ("starttls", "tls", "open", "cramOnly", "small", "closed")
_SCRIPT = "smtpserver.js"


def command(folder: Path, ports: Mapping[str, int], keys: Keys) -> Sequence[str]:
    """Write the settings and return the command."""
    required("smtp-server")
    settings = {
        "modules": str(MODULES / "package.json"),
        "ports": ports,
        "users": {user.name: user.password for user in USERS},
        "mailboxes": ADDRESSES,
        "certificate": str(keys.good),
    }
    path = folder / "settings.json"
    path.write_text(json.dumps(settings), encoding="utf-8")
    return [program("node"), str(MODULES.parent / "servers" / _SCRIPT), str(path)]
