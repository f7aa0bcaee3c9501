"""Postfix: maps by the sender's address, so that each account's mail goes through its own server with its own login.

``sender_dependent_relayhost_maps`` cannot do implicit TLS, so the transport itself depends on the sender: ``smtp:`` begins
in the clear, and ``smtps:`` is an entry of master.cf with TLS from the first byte. Passwords are found by the address too:
by the host two accounts of one server would share one. The policy of TLS is found by ``[host]:port``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reconciler.consumers.blocks import joined, pulled, split
from reconciler.consumers.form import Entry, Form, Had, Layout
from reconciler.model.canonical import canonical_json
from reconciler.model.consumers.capabilities import Capabilities
from reconciler.model.secrets.values import SecretValue

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.model.consumers.sender import Sender
    from reconciler.model.consumers.settings import Consumer

TRANSPORT, PASSWORDS, POLICY = "transport", "sasl_passwd", "tls_policy"
MAPS = (PASSWORDS, POLICY, TRANSPORT)
_LOGIN = re.compile(r"(\S+ [^:]*:)(.*)()")
_LOOKED_UP = re.compile(r"(?:proxy:)?(?:pgsql|sqlite):\S+$")
"""A map that asks the view ``senders`` of state in place of ours."""
_HELD = "held"
"""A transport that no service of master.cf has, so that nothing can deliver by it, whoever flushes the queue.

main.cf names it in ``defer_transports``, so that nothing tries. By ``retry`` smtpd would refuse the sender.
"""


class Postfix(Form):
    """Three maps, and a file for each private CA."""

    layout = Layout(files=MAPS)
    capabilities = Capabilities(
        encryptions=("starttls", "tls", "none"),
        mechanisms=("auto", "plain", "login"),
        private_ca=True,
        by_address=True,
        one_policy_a_place=True,
        trims_values=True,
        colon_in_username=False,
    )

    def write(self, entries: Sequence[Entry], consumer: Consumer, name: str) -> Mapping[str, str]:
        """Return the maps and the files of CAs."""
        assert consumer.path is not None  # noqa: S101 - a rule of the model
        going = [each for each in entries if not each.sender.held]
        policies = sorted({_policy(each.sender, consumer.path) for each in going})
        return {
            **{ca_file(each.sender): each.sender.ca for each in going if each.sender.ca is not None},
            PASSWORDS: joined((each.sender.name, _login(each)) for each in going if _login(each)),
            POLICY: "".join(f"{each}\n" for each in policies),
            TRANSPORT: joined((each.sender.name, [_transport(each.sender)]) for each in entries),
        }

    def read(self, texts: Mapping[str, str]) -> Mapping[str, Had]:
        """Return what the maps hold of each account, with the policy of its server."""
        policies = dict(line.split(" ", 1) for line in texts[POLICY].split("\n") if " " in line)
        logins = {name: pulled(lines, _LOGIN) for name, lines in split(texts[PASSWORDS]).items() if name}
        transports = {name: "\n".join(lines) for name, lines in split(texts[TRANSPORT]).items() if name}
        found = {}
        for name in sorted(logins.keys() | transports.keys()):
            transport = transports.get(name, "")
            login, secret = logins.get(name, ("", None))
            place = transport.partition(" ")[2].partition(":")[2]
            shape = canonical_json([transport, login, policies.get(place)])
            found[name] = Had(shape=shape, secret=SecretValue(secret) if secret is not None else None)
        return found

    def interim(self, found: Mapping[str, str], final: Mapping[str, str]) -> Mapping[str, str]:
        """Return passwords and policies with those of the accounts that are removed."""
        logins = split(final[PASSWORDS])
        gone = {name: lines for name, lines in split(found.get(PASSWORDS, "")).items() if name and name not in logins}
        places = {line.partition(" ")[0] for line in final[POLICY].split("\n")}
        kept = [line for line in found.get(POLICY, "").split("\n") if line and line.partition(" ")[0] not in places]
        return {
            PASSWORDS: final[PASSWORDS] + joined(sorted(gone.items())),
            POLICY: final[POLICY] + "".join(f"{line}\n" for line in kept),
        }


def ca_file(sender: Sender) -> str:
    """Return the name of the file of a sender's private CA."""
    return f"ca-{(sender.ca_digest or '').removeprefix('sha256:')[:16]}.pem"


def _transport(sender: Sender) -> str:
    if sender.held:
        return f"{sender.email.lower()} {_HELD}:"
    return f"{sender.email.lower()} {'smtps' if sender.encryption == 'tls' else 'smtp'}:{sender.place}"


def _login(entry: Entry) -> list[str]:
    sender = entry.sender
    if sender.username is None or entry.password is None:
        return []
    return [f"{sender.email.lower()} {sender.username}:{entry.password}"]


def _policy(sender: Sender, folder: str) -> str:
    """Return the line of the policy: the certificate must be the server's own, also where subdomains would do."""
    if sender.encryption == "none":
        return f"{sender.place} none"
    trust = f" tafile={folder}/{ca_file(sender)}" if sender.ca is not None else ""
    return f"{sender.place} secure match=nexthop{trust}"


def settings_needed(consumer: Consumer) -> dict[str, str]:
    """Return what main.cf must say, by parameter; who keeps Postfix writes it once."""
    maps = {name: f"{consumer.maps}:{consumer.path}/{name}" for name in MAPS}
    held = {"defer_transports": _HELD} if consumer.on_suspend == "hold" else {}
    return {
        **held,
        "sender_dependent_default_transport_maps": maps[TRANSPORT],
        "smtp_sender_dependent_authentication": "yes",
        "smtp_sasl_auth_enable": "yes",
        "smtp_sasl_password_maps": maps[PASSWORDS],
        "smtp_sasl_security_options": "noanonymous",
        "smtp_sasl_tls_security_options": "noanonymous",
        "smtp_tls_security_level": "secure",
        "smtp_tls_policy_maps": maps[POLICY],
        "smtp_connection_cache_on_demand": "no",
        "default_transport": "error:5.7.1 no account for this sender",
    }


SERVICE = ("smtps unix - - n - - smtp", "  -o smtp_tls_wrappermode=yes")
"""The entry of master.cf by which TLS begins with the first byte."""


def unmet(consumer: Consumer, settings: str, services: str) -> str | None:
    """Return the lines that main.cf and master.cf lack, to copy, by what ``postconf -n`` and ``postconf -M`` print."""
    has = dict(line.split(" = ", 1) for line in settings.split("\n") if " = " in line)
    needed = settings_needed(consumer)
    # Whoever has more maps than ours, another word for unknown senders, or looks senders up in the database, knows why.
    lacking = [
        f"{name} = {value}"
        for name, value in needed.items()
        if not (name == "sender_dependent_default_transport_maps" and _LOOKED_UP.match(has.get(name, "")))
        and (value not in has.get(name, "") if ":" in value and name != "default_transport" else has.get(name) != value)
        and not (name == "default_transport" and has.get(name, "").startswith("error:"))
    ]
    begun = [line.split() for line in services.split("\n") if line[:1].strip()]
    has_service = any(words[:2] == ["smtps", "unix"] for words in begun)
    lines = [f"    {each}" for each in lacking]
    if not has_service:
        lines += ["    # master.cf", *(f"    {each}" for each in SERVICE)]
    return "\n".join(lines) or None
