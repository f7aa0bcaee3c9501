"""The terms of servers and proxies: encryption, mechanisms, kinds of proxy, default ports.

The one list that manifests, command line and `smtp/` read.
"""

from __future__ import annotations

from typing import Literal, get_args

Encryption = Literal["starttls", "tls", "none"]
Mechanism = Literal["auto", "plain", "login", "cram-md5", "scram-sha-256", "xoauth2", "oauthbearer"]
ENCRYPTIONS: tuple[Encryption, ...] = get_args(Encryption)
MECHANISMS: tuple[Mechanism, ...] = get_args(Mechanism)
DEFAULT_PORTS: dict[Encryption, int] = {"starttls": 587, "tls": 465, "none": 25}
TOKEN_MECHANISMS: tuple[Mechanism, ...] = ("xoauth2", "oauthbearer")
ProxyType = Literal["socks5", "socks4", "http"]
PROXY_TYPES: tuple[ProxyType, ...] = get_args(ProxyType)
