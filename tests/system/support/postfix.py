"""Postfix with a port for each way in which a submission server can be set up, good and bad.

Mail for the users' mailboxes is delivered into folders and can be read back; everything else is refused, and nothing
leaves this machine.
"""

from __future__ import annotations

import email
import email.policy
import shutil
import socket
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.system.support.processes import LOOPBACK, free_ports, program, require_root, running, wait_for
from tests.system.support.users import ADDRESSES, CONTACTS, USERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from email.message import EmailMessage
    from pathlib import Path

    from tests.system.support.keys import Keys

_MAIN = """\
compatibility_level = 3.6
config_directory = {folder}/config
queue_directory = {folder}/queue
data_directory = {folder}/data
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
myhostname = mail.example.com
mydestination =
mynetworks =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
local_recipient_maps =
local_transport = error:5.1.1 there are no local users
default_transport = error:5.7.1 no mail leaves this machine
relay_transport = error:5.7.1 no mail leaves this machine
virtual_mailbox_domains = example.com
virtual_mailbox_base = {folder}/mailboxes
virtual_mailbox_maps = texthash:{folder}/config/mailboxes, regexp:{folder}/config/contacts
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
smtpd_sender_login_maps = texthash:{folder}/config/owners
smtpd_sender_restrictions = reject_sender_login_mismatch
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_sasl_type = dovecot
smtpd_sasl_path = {login_socket}
smtpd_tls_chain_files = {certificate}
smtpd_tls_loglevel = 0
smtpd_error_sleep_time = 0
smtpd_client_connection_count_limit = 0
smtpd_peername_lookup = no
notify_classes =
disable_dns_lookups = yes
"""
_SERVICES = """\
cleanup   unix  n  -  n  -     0  cleanup
qmgr      unix  n  -  n  300   1  qmgr
tlsmgr    unix  -  -  n  1000? 1  tlsmgr
rewrite   unix  -  -  n  -     -  trivial-rewrite
bounce    unix  -  -  n  -     0  bounce
defer     unix  -  -  n  -     0  bounce
trace     unix  -  -  n  -     0  bounce
proxymap  unix  -  -  n  -     -  proxymap
error     unix  -  -  n  -     -  error
retry     unix  -  -  n  -     -  error
virtual   unix  -  n  n  -     -  virtual
anvil     unix  -  -  n  -     1  anvil
postlog   unix-dgram n - n -   1  postlogd
"""
_STARTTLS = {
    "smtpd_tls_security_level": "may",
    "smtpd_tls_auth_only": "yes",
    "smtpd_sasl_auth_enable": "yes",
}
_IMPLICIT_TLS = {"smtpd_tls_wrappermode": "yes", "smtpd_sasl_auth_enable": "yes"}
_DEMANDING = {"smtpd_tls_security_level": "encrypt", "smtpd_tls_req_ccert": "yes", "smtpd_tls_CAfile": "{ca}"}
_AT_ONCE = {"smtpd_delay_reject": "no"}
LISTENERS: Mapping[str, Mapping[str, str]] = {
    "starttls": _STARTTLS,
    "tls": _IMPLICIT_TLS,
    "plain": {},
    "plainWithLogin": {"smtpd_sasl_auth_enable": "yes"},
    "encryptionRequired": _STARTTLS | {"smtpd_tls_security_level": "encrypt"},
    "plainMechanismsOnly": _STARTTLS | {"smtpd_sasl_mechanism_filter": "plain, login"},
    "scramOnly": _STARTTLS | {"smtpd_sasl_mechanism_filter": "scram-sha-256"},
    "small": _STARTTLS | {"message_size_limit": "200"},
    "expired": _STARTTLS | {"smtpd_tls_chain_files": "{expired}"},
    "expiredTls": _IMPLICIT_TLS | {"smtpd_tls_chain_files": "{expired}"},
    "endsSoon": _STARTTLS | {"smtpd_tls_chain_files": "{ends_soon}"},
    "otherName": _STARTTLS | {"smtpd_tls_chain_files": "{other_name}"},
    "strange": _STARTTLS | {"smtpd_tls_chain_files": "{strange}"},
    "strangeTls": _IMPLICIT_TLS | {"smtpd_tls_chain_files": "{strange}"},
    "oldTls": _STARTTLS | {"smtpd_tls_protocols": "<=TLSv1.1", "tls_high_cipherlist": "ALL:@SECLEVEL=0", "tls_medium_cipherlist": "ALL:@SECLEVEL=0"},
    "certificateDemanded": _STARTTLS | _DEMANDING,
    "certificateDemandedTls12": _STARTTLS | _DEMANDING | {"smtpd_tls_protocols": "<=TLSv1.2"},
    "certificateDemandedTls": _IMPLICIT_TLS | _DEMANDING,
    "certificateInPlaceOfLogin": _STARTTLS | {"smtpd_tls_ask_ccert": "yes", "smtpd_tls_CAfile": "{ca}", "smtpd_relay_restrictions": "permit_tls_all_clientcerts, reject", "smtpd_sender_restrictions": ""},
    "closed": _AT_ONCE | {"smtpd_client_restrictions": "reject"},
    "busy": _AT_ONCE | {"smtpd_client_restrictions": "check_client_access texthash:{busy}"},
    "deafToHello": _AT_ONCE | {"smtpd_helo_restrictions": "reject"},
    "greylisting": _STARTTLS | {"smtpd_recipient_restrictions": "defer"},
}  # fmt: skip
"""The ports by name, each with what differs from ``_MAIN``; ``{…}`` is the path of one of the ``Keys``, or of a map."""


@dataclass(frozen=True)
class Postfix:
    """A running Postfix."""

    folder: Path
    ports: Mapping[str, int]
    """By the names of ``LISTENERS``."""

    def messages(self, address: str) -> list[EmailMessage]:
        """Return the messages that have arrived at an address so far, in no order."""
        arrived = (self.folder / "mailboxes" / address / "new").glob("*")
        return [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in arrived]

    def message(self, address: str, message_part: str) -> EmailMessage:
        """Return the one message to an address with these words somewhere in its Received lines, once it is there."""

        def find() -> EmailMessage | None:
            found = [each for each in self.messages(address) if message_part in str(each.get_all("Received"))]
            assert len(found) < 2, f"{address} received {message_part} {len(found)} times"
            return found[0] if found else None

        return wait_for(find, f"a message to {address}")

    @property
    def log(self) -> str:
        """What Postfix has logged up to now: a line of ours is logged behind it, and waited for."""
        line = f"tests: up to here {uuid.uuid4()}"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as logging:
            logging.sendto(line.encode("ascii"), str(self.folder / "queue" / "public" / "postlog"))
        path = self.folder / "postfix.log"

        def find() -> str | None:
            text = path.read_text(encoding="utf-8", errors="replace")
            return text if line in text else None

        return wait_for(find, "the end of Postfix's log")


@contextmanager
def running_postfix(folder: Path, *, login_socket: Path, keys: Keys) -> Iterator[Postfix]:
    """Run Postfix until the block ends, its files in ``folder``, which everybody may read."""
    require_root("Postfix")
    postfix = program("postfix")
    ports = dict(zip(LISTENERS, free_ports(len(LISTENERS)), strict=True))
    _configure(folder, ports, login_socket=login_socket, keys=keys)
    command = [postfix, "-c", str(folder / "config"), "start-fg"]
    with running(command, ports=list(ports.values()), log=folder / "output.log"):
        yield Postfix(folder, ports)


def _configure(folder: Path, ports: Mapping[str, int], *, login_socket: Path, keys: Keys) -> None:
    for name, owner in (("config", None), ("queue", None), ("data", "postfix"), ("mailboxes", "nobody")):
        path = folder / name
        path.mkdir(exist_ok=True)
        if owner:
            shutil.chown(path, user=owner)
    main = _MAIN.format(folder=folder, login_socket=login_socket, certificate=keys.good)
    facts = {**{name: str(path) for name, path in vars(keys).items()}, "busy": str(folder / "config" / "busy")}
    listeners = "".join(_listener(ports[name], different, facts) for name, different in LISTENERS.items())
    mailboxes = "".join(f"{address} {address}/\n" for address in ADDRESSES)
    owners = "".join(f"{user.name} {user.name}\n" for user in USERS)
    files = {
        "main.cf": main,
        "master.cf": _SERVICES + listeners,
        "mailboxes": mailboxes,
        "owners": owners,
        "contacts": f"/^contact-[0-9]+@example\\.com$/ {CONTACTS}/\n",
        "busy": f"{LOOPBACK} 421 4.3.2 come back later\n",
    }
    for name, text in files.items():
        (folder / "config" / name).write_text(text, encoding="utf-8")


def _listener(port: int, different: Mapping[str, str], facts: Mapping[str, str]) -> str:
    options = "".join(f"  -o {{ {name} = {value.format_map(facts)} }}\n" for name, value in different.items())
    return f"127.0.0.1:{port} inet n - n - - smtpd\n{options}"
