"""Servers with what is at hand to log in there, from flat words."""

from __future__ import annotations

from typing import Any

from reconciler.model.servers.server import ClientCertificate, Login, Server
from reconciler.smtp.access import Access

_LOGIN = {"mechanism", "username"}
_AT_HAND = {"ca_pem", "password", "token", "proxy_password", "presented"}
FIELDS = {"host", "port", "encryption", "helo_name", "certificate", "client_certificate", "proxy"} | _LOGIN | _AT_HAND
DECLARED = ClientCertificate(cert_file="certs/client.pem", key="file:secrets/client.key", fingerprint="sha256:0")
"""A client's certificate as a server declares it."""


def access_to(**words: Any) -> Access:
    """Return the access to a server; ``words`` are fields of a server, of its login, or of what is at hand.

    What is ``presented`` is the client's certificate with its key, and is declared thereby.
    """
    at_hand = {name: words.pop(name) for name in _AT_HAND & words.keys()}
    presented = at_hand.pop("presented", None)
    if presented is not None:
        words["client_certificate"] = DECLARED
    login = {name: words.pop(name) for name in _LOGIN & words.keys()}
    server = Server.model_validate({**words, "login": Login(**login)}, by_name=True)
    return Access(server=server, client_certificate=presented, **at_hand)
