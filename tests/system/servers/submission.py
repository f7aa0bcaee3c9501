"""Dovecot's submission service in front of Postfix: Dovecot decides logins itself and passes the mail on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.system.support.processes import LOOPBACK, program, require_root
from tests.system.support.users import SALES, USERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tests.system.support.keys import Keys

LISTENERS = ("starttls", "tls")
_CONFIGURATION = """\
protocols = submission
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
hostname = mail.example.com
ssl = yes
ssl_cert = <{good}
ssl_key = <{good}
auth_mechanisms = plain login
auth_failure_delay = 0
auth_cache_size = 0
mail_location = maildir:{folder}/mail/%u
submission_relay_host = {host}
submission_relay_port = {behind}
submission_relay_user = {user}
submission_relay_password = {password}
submission_max_mail_size = 50M
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={folder}/mail/%u
}}
service submission-login {{
  inet_listener submission {{
    address = {host}
    port = {starttls}
  }}
  inet_listener submissions {{
    address = {host}
    port = {tls}
    ssl = yes
  }}
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
"""


def command(folder: Path, ports: Mapping[str, int], keys: Keys, *, behind: int) -> Sequence[str]:
    """Write Dovecot's configuration and return its command; ``behind`` is the port of the server that it passes on to."""
    require_root("Dovecot")
    dovecot = program("dovecot")
    mail = folder / "mail"
    mail.mkdir(exist_ok=True)
    mail.chmod(0o777)
    users = "".join(f"{user.name}:{user.password}\n" for user in USERS)
    (folder / "users").write_text(users, encoding="utf-8")
    configuration = folder / "dovecot.conf"
    text = _CONFIGURATION.format(
        folder=folder, host=LOOPBACK, good=keys.good, behind=behind, user=SALES.name, password=SALES.password, **ports
    )
    configuration.write_text(text, encoding="utf-8")
    return [dovecot, "-F", "-c", str(configuration)]
