"""Dovecot as the one who decides logins for Postfix (SASL), with every mechanism that this program knows."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.system.support.authorisation import running_introspection
from tests.system.support.processes import program, require_root, running, wait_for
from tests.system.support.users import POLISH, POLISH_LOGIN, USERS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CONFIGURATION = """\
protocols =
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login cram-md5 scram-sha-256 xoauth2 oauthbearer
auth_failure_delay = 0
auth_username_chars =
auth_cache_size = 0
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2.conf
}}
passdb {{
  driver = passwd-file
  mechanisms = plain login cram-md5 scram-sha-256
  args = scheme=PLAIN username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home=/nonexistent
}}
service auth {{
  unix_listener {folder}/login {{
    mode = 0666
  }}
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
"""
_OAUTH2 = """\
introspection_mode = post
introspection_url = {url}
username_attribute = username
active_attribute = active
active_value = true
"""


@contextmanager
def running_dovecot(folder: Path) -> Iterator[Path]:
    """Run Dovecot until the block ends; yield the socket at which Postfix asks it."""
    require_root("Dovecot")
    dovecot = program("dovecot")
    with running_introspection() as url:
        configuration = folder / "dovecot.conf"
        configuration.write_text(_CONFIGURATION.format(folder=folder), encoding="utf-8")
        (folder / "oauth2.conf").write_text(_OAUTH2.format(url=url), encoding="utf-8")
        passwords = {**{user.name: user.password for user in USERS}, POLISH_LOGIN: POLISH.password}
        users = "".join(f"{name}:{password}\n" for name, password in passwords.items())
        (folder / "users").write_text(users, encoding="utf-8")
        socket_path = folder / "login"
        with running([dovecot, "-F", "-c", str(configuration)], ports=[], log=folder / "output.log"):
            wait_for(lambda: True if socket_path.is_socket() else None, f"Dovecot's socket {socket_path}")
            yield socket_path
