"""Exim as a submission server, with the refusals of its own words and of those that cPanel makes of them.

It keeps what it takes in its queue; nothing leaves this machine.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from tests.system.servers.unpacked import with_user, without_installing
from tests.system.support.processes import require_root
from tests.system.support.users import ADDRESSES, USERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tests.system.support.keys import Keys

LISTENERS = (
    "starttls",
    "tls",
    "open",
    "small",
    "verifying",
    "greylisting",
    "slow",
    "full",
    "closed",
    "hello",
    "clientCertificate",
)
_CONFIGURATION = """\
exim_user = nobody
exim_group = nogroup
spool_directory = {folder}/spool
log_file_path = {folder}/%s.log
pid_file_path = {folder}/exim.pid
primary_hostname = mail.example.com
local_interfaces = 127.0.0.1
daemon_smtp_ports = {all_ports}
tls_on_connect_ports = {tls}
tls_certificate = {good}
tls_advertise_hosts = *
tls_verify_hosts = ${{if ={{$received_port}}{{{clientCertificate}}}{{*}}{{}}}}
tls_verify_certificates = {ca}
auth_advertise_hosts = ${{if or{{{{!eq{{$tls_in_cipher}}{{}}}}{{={{$received_port}}{{{open}}}}}}}{{*}}{{}}}}
message_size_limit = ${{if ={{$received_port}}{{{small}}}{{200}}{{50M}}}}
queue_only = true
keep_environment =
never_users =
host_lookup =
rfc1413_query_timeout = 0s
smtp_enforce_sync = true
acl_smtp_connect = connecting
acl_smtp_helo = greeted
acl_smtp_mail = sending
acl_smtp_rcpt = receiving
acl_smtp_data = accept
begin acl
connecting:
  drop condition = ${{if ={{$received_port}}{{{closed}}}}}
       message = Your host is not allowed to connect to this server
  accept
greeted:
  drop condition = ${{if and{{{{={{$received_port}}{{{hello}}}}}{{!match{{$sender_helo_name}}{{\\N\\.example\\.com$\\N}}}}}}}}
       message = Access denied - Invalid HELO name (See RFC2821 4.1.1.1)
  accept
sending:
  accept condition = ${{if ={{$received_port}}{{{open}}}}}
  accept condition = ${{if ={{$received_port}}{{{verifying}}}}}
  deny !authenticated = *
       message = SMTP AUTH is required for message submission on this port
  deny condition = ${{if !eqi{{$sender_address}}{{$authenticated_id}}}}
       message = Sender address $sender_address is not owned by user $authenticated_id
  accept
receiving:
  deny condition = ${{if ={{$received_port}}{{{verifying}}}}}
       !verify = sender
  defer condition = ${{if ={{$received_port}}{{{greylisting}}}}}
       message = Greylisted, please try again in 5 minutes
  defer condition = ${{if ={{$received_port}}{{{slow}}}}}
       message = Sender rate $sender_rate / $sender_rate_period exceeds the limit, slow down
  deny condition = ${{if ={{$received_port}}{{{full}}}}}
       message = 552 5.2.2 mailbox is full
  deny domains = example.com
       !verify = recipient
  accept authenticated = *
  accept domains = example.com
  deny message = relay not permitted
begin routers
users:
  driver = redirect
  domains = example.com
  local_parts = {local_parts}
  data = :blackhole:
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = {known}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = {known_by_login}
  server_set_id = $auth1
"""


def command(folder: Path, ports: Mapping[str, int], keys: Keys) -> Sequence[str]:
    """Write Exim's configuration and return its command."""
    require_root("Exim")
    shutil.chown(folder, user="nobody")
    certificate = folder / "server.pem"
    shutil.copy(keys.good, certificate)
    certificate.chmod(0o644)
    ca = folder / "ca.pem"
    shutil.copy(keys.ca, ca)
    ca.chmod(0o644)
    users = folder / "users"
    users.write_text("".join(f"{user.name}: {user.password}\n" for user in USERS), encoding="utf-8")
    text = _CONFIGURATION.format(
        folder=folder,
        all_ports=" : ".join(str(port) for port in ports.values()),
        good=certificate,
        ca=ca,
        local_parts=" : ".join(address.partition("@")[0] for address in ADDRESSES),
        known=_known(users, name="$auth2", password="$auth3"),
        known_by_login=_known(users, name="$auth1", password="$auth2"),
        **ports,
    )
    configuration = folder / "exim.conf"
    configuration.write_text(text, encoding="utf-8")
    exim = without_installing("usr/sbin/exim4")
    return with_user("Debian-exim", folder, [str(exim), "-bdf", "-C", str(configuration)])


def _known(users: Path, *, name: str, password: str) -> str:
    return f"${{if eq{{${{lookup{{{name}}}lsearch{{{users}}}{{$value}}{{*:}}}}}}{{{password}}}}}"
