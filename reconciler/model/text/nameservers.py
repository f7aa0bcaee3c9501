"""What the project file says for the domain checks: name servers and DKIM selectors."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

_WITH_PORT = r"(?:\[(?P<v6>[0-9A-Fa-f:.]{2,45})\]|(?P<v4>[0-9.]{7,15})):(?P<port>[0-9]{1,5})\Z"
_SELECTOR_PATTERN = r"^(?!.*\.\.)(?!\.)[A-Za-z0-9_.-]{1,63}(?<!\.)$(?!\n)"
_NAME_SERVER_RULE = (
    "is not the address of a name server: write an IP address such as 192.0.2.53, with a port 192.0.2.53:5353 or "
    "[2001:db8::53]:5353; names are not possible here"
)
_SELECTOR_RULE = (
    "is not a DKIM selector: it is the part before ._domainkey of the key's name, 1 to 63 letters, digits, hyphens, "
    "underscores and single dots"
)
_DNS_PORT = 53
_HIGHEST_PORT = 65535


def split_name_server(written: str) -> tuple[str, int]:
    """Return address and port of ``192.0.2.53``, ``192.0.2.53:5353``, ``2001:db8::53`` or ``[2001:db8::53]:5353``.

    Raises ``ValueError`` for anything else: a name of a name server would need a name server to be found.
    """
    found = re.match(_WITH_PORT, written)
    address = (found["v6"] or found["v4"]) if found else written
    if "%" in address:
        raise ValueError("a zone belongs to one machine")
    port = int(found["port"]) if found else _DNS_PORT
    if not 1 <= port <= _HIGHEST_PORT:
        raise ValueError(f"{port} is no port")
    return str(ipaddress.ip_address(address)), port


def _check_name_server(written: str) -> str:
    try:
        address, _ = split_name_server(written)
    except ValueError:
        raise PydanticCustomError(
            "invalidHost",
            _NAME_SERVER_RULE,
        ) from None
    from reconciler.model.text.addresses import never_contacted

    reason = never_contacted(address)
    if reason is not None:
        raise PydanticCustomError(
            "invalidHost", "is an address that is never contacted: {reason}", {"reason": f"{address}, {reason}"}
        )
    return written


NameServer = Annotated[
    str,
    Field(max_length=60),
    AfterValidator(_check_name_server),
    WithJsonSchema(
        {
            "type": "string",
            "description": "An IP address, or ADDRESS:PORT, [IPV6]:PORT.",
            "patternErrorMessage": f"This {_NAME_SERVER_RULE}.",
            "maxLength": 60,
            "pattern": "^[0-9A-Fa-f.:\\[\\]]*[.:][0-9A-Fa-f.:\\[\\]]*$(?!\\n)",
        }
    ),
]
"""The address of a name server as written; see ``split_name_server``."""


def _check_selector(written: str) -> str:
    if not re.match(_SELECTOR_PATTERN, written):
        raise PydanticCustomError(
            "invalidValue",
            _SELECTOR_RULE,
        )
    return written


DkimSelector = Annotated[
    str,
    AfterValidator(_check_selector),
    WithJsonSchema(
        {
            "type": "string",
            "description": "A DKIM selector.",
            "pattern": _SELECTOR_PATTERN,
            "patternErrorMessage": f"This {_SELECTOR_RULE}.",
        }
    ),
]
"""A selector (RFC 6376 section 3.1), with the underscores that some signers use."""
