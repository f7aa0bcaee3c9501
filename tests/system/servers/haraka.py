"""Haraka, with a plugin of ours for what its own leave to the postmaster; nothing leaves this machine."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

from tests.system.servers.modules import required
from tests.system.support.namespaces import no_name_server, seeing
from tests.system.support.processes import LOOPBACK, program, require_root
from tests.system.support.users import ADDRESSES, USERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tests.system.support.keys import Keys

LISTENERS = ("starttls", "tls")
_PLUGIN = """\
const mailboxes = {mailboxes};

exports.hook_mail = function (next, connection, [from]) {{
    if (from.address() === 'blocked@example.com') return next(DENY, 'Sender is not welcome here');
    if (from.host === 'nowhere.invalid') return next(DENY, 'Your domain does not resolve');
    next();
}};
exports.hook_rcpt = function (next, connection, [to]) {{
    if (to.address() === 'full@example.com') return next(DENYSOFT, 'Mailbox over quota');
    if (to.address() === 'grey@example.com') return next(DENYSOFT, 'Greylisted, come back in 5 minutes');
    if (to.host === 'example.com' && !mailboxes.includes(to.address())) return next(DENY, 'No such user: ' + to.address());
    if (to.host === 'example.com' || connection.relaying) return next(OK);
    next();
}};
exports.hook_queue = exports.hook_queue_outbound = (next) => next(OK, 'kept');
"""


def command(folder: Path, ports: Mapping[str, int], keys: Keys) -> Sequence[str]:
    """Write Haraka's configuration and return its command."""
    require_root("Haraka without name servers")
    package = required("Haraka")
    shutil.copytree(package / "config", folder / "config", dirs_exist_ok=True)
    (folder / "plugins").mkdir(exist_ok=True)
    users = "".join(f"{user.name}={user.password}\n" for user in USERS[:1])
    files = {
        "config/me": "mail.example.com\n",
        "config/plugins": "tls\nauth/flat_file\nrules\n",
        "config/smtp.ini": f"listen={LOOPBACK}:{ports['starttls']},{LOOPBACK}:{ports['tls']}\nsmtps_port={ports['tls']}\n"
        f"nodes=0\nspool_dir={folder}/queue\ngraceful_shutdown=false\n",
        "config/tls.ini": f"key={keys.good}\ncert={keys.good}\n",
        "config/auth_flat_file.ini": f"[core]\nmethods=PLAIN,LOGIN,CRAM-MD5\nconstrain_sender=true\n\n[users]\n{users}",
        "plugins/rules.js": _PLUGIN.format(mailboxes=json.dumps(ADDRESSES)),
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    started = [program("node"), str(package / "bin" / "haraka"), "-c", str(folder)]
    return seeing(no_name_server(folder), started)
