"""The address of a state in PostgreSQL, as libpq reads it, and what is added to it for safety.

    postgresql://[user@]host[:port]/database[?schema=NAME][&libpq option]…

Whatever libpq takes from elsewhere it takes here too: PGPASSWORD, PGPASSFILE, PGSSLMODE, PGSERVICE and the others.
Unless the address or one of these says otherwise, a connection that leaves the machine is encrypted, and without a
verified certificate no password is sent in the clear, not even inside that encryption. Importing this needs psycopg.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import unquote

import psycopg
from psycopg.conninfo import conninfo_to_dict

from reconciler.characters import SHOWN_PATH, UNSAFE_CHARACTER, clip_start
from reconciler.classes import FrozenByName
from reconciler.model.secrets.values import SecretValue
from reconciler.model.text.addresses import literal_address, never_contacted
from reconciler.store.address import DEFAULT_SCHEMA, SECRET_OPTIONS, StateUrl, invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

CONNECT_TIMEOUT_SECONDS = 10
_SCHEMA = re.compile(r"(?!pg_)[a-z_][a-z0-9_]{0,62}")
_NEGATIVE_AUTH_VERSION = 160000
"""The first version of libpq in which methods of authentication can be ruled out."""
_PORT_CHARACTERS = frozenset("0123456789,")
_UNSAID_SSLMODES = (None, "prefer")
_VERIFYING_SSLMODES = frozenset({"verify-ca", "verify-full"})
_ALIVE = {"keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3", "tcp_user_timeout": "40000"}
"""Settings by which a server that has vanished is noticed within a minute."""


class PostgresAddress(FrozenByName):
    """Where a state is: the parameters for libpq, the schema, and what problems call the place."""

    parameters: Mapping[str, str]
    """The parameters for libpq, without the secret ones."""
    secrets: Mapping[str, SecretValue]
    """The parameters for libpq that nobody may see, such as a password."""
    schema: str
    shown: str
    """The address without user, password and options."""
    is_plain_allowed: bool
    """Whether somebody asked for a connection to another machine without TLS."""


def postgres_address(url: str) -> PostgresAddress:
    """Return what an address says; raise ``InvalidInput`` (``stateUrlInvalid``) with nothing of the address in it."""
    parts = _taken_apart(url)
    if isinstance(parts, str):
        raise invalid(parts, of_postgres=True)
    return parts


def _taken_apart(url: str) -> PostgresAddress | str:
    """Return what an address says, or the sentence that says what is wrong with it.

    Nothing is raised: the frames here hold a password, and an exception would carry them out.
    """
    rest, schema = _without_schema(StateUrl("postgresql://" + url.partition("://")[2]))
    if schema is None:
        return (
            "The schema in the state's address is not a name of small letters, digits and underscores, or it begins with pg_, "
            "which is the server's own."
        )
    try:
        parameters = {key: str(value) for key, value in conninfo_to_dict(rest).items() if value is not None}
    except (psycopg.Error, UnicodeError):
        return "The state's address is not one that PostgreSQL's client library understands."
    if any(UNSAFE_CHARACTER.search(value) for value in parameters.values()):
        return "The state's address holds a control character."
    # A bare / in a password ends the host too early: its beginning is taken for the port, its rest for the database.
    if "@" in parameters.get("dbname", "") or not set(parameters.get("port", "")) <= _PORT_CHARACTERS:
        return (
            "The state's address cannot be taken apart. In a user name or password each / : @ ? and % is written with "
            "a percent sign, as %2F %3A %40 %3F %25."
        )
    literals = filter(None, (literal_address(host) for host in _hosts(parameters).split(",")))
    if any(never_contacted(address) for address in literals):
        return (
            "The host in the state's address is one that is never contacted, such as a link-local or metadata address."
        )
    secrets = {key: SecretValue(parameters.pop(key)) for key in SECRET_OPTIONS if key in parameters}
    sslmode = parameters.get("sslmode") or _default("sslmode")
    return PostgresAddress(
        parameters=_with_defaults(parameters),
        secrets=secrets,
        schema=schema,
        shown=_shown(parameters, schema),
        is_plain_allowed="sslmode" in parameters or sslmode not in _UNSAID_SSLMODES,
    )


def is_local(host: str) -> bool:
    """Tell whether a host, or each of several with commas between, is this machine: loopback or a socket."""
    return all(_is_one_local(each) for each in host.split(","))


def _is_one_local(host: str) -> bool:
    if not host or host.startswith(("/", "@")) or host.lower() in {"localhost", "localhost."}:
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _with_defaults(parameters: dict[str, str]) -> dict[str, str]:
    """Return libpq's parameters with our defaults where neither the address nor libpq's own sources say anything."""
    added = {"client_encoding": "UTF8", "fallback_application_name": "reconciler"}
    wanted = {"connect_timeout": str(CONNECT_TIMEOUT_SECONDS), **_ALIVE}
    added |= {key: value for key, value in wanted.items() if key not in parameters and not _default(key)}
    # A service file may name the machine, and is read only when the connection is made: see ``_is_protected`` there.
    if "service" not in parameters and not is_local(_hosts(parameters)):
        added |= _for_other_machines(parameters)
    return {**added, **parameters}


def _for_other_machines(parameters: Mapping[str, str]) -> dict[str, str]:
    sslmode = parameters.get("sslmode") or _default("sslmode")
    added = {"sslmode": "require"} if sslmode in _UNSAID_SSLMODES and "sslmode" not in parameters else {}
    says_auth = "require_auth" in parameters or _default("require_auth")
    if sslmode not in _VERIFYING_SSLMODES and not says_auth and psycopg.pq.version() >= _NEGATIVE_AUTH_VERSION:
        added["require_auth"] = "!password"
    return added


def _hosts(parameters: Mapping[str, str]) -> str:
    return parameters.get("hostaddr") or parameters.get("host") or _default("hostaddr") or _default("host") or ""


def _default(keyword: str) -> str | None:
    """Return libpq's default for a parameter: from the environment, else the service it names, else built in."""
    found = {option.keyword: option.val for option in psycopg.pq.Conninfo.get_defaults()}
    value = found.get(keyword.encode())
    return value.decode("utf-8", "replace") if value else None


def _without_schema(url: StateUrl) -> tuple[StateUrl, str | None]:
    """Return the address without our own option ``schema``, and its value; None for a value that no schema may have."""
    # By hand: libpq refuses an option that it does not know, and a password before the @ may hold a question mark.
    begin = url.find("?", url.find("@") + 1)
    if begin < 0:
        return url, DEFAULT_SCHEMA
    options = url[begin + 1 :].split("&")
    ours = [unquote(each.partition("=")[2]) for each in options if each.partition("=")[0] == "schema"]
    if len(ours) > 1 or any(_SCHEMA.fullmatch(each) is None for each in ours):
        return url, None
    left = "&".join(each for each in options if each.partition("=")[0] != "schema")
    return StateUrl(url[:begin] + ("?" + left if left else "")), ours[0] if ours else DEFAULT_SCHEMA


def _shown(parameters: Mapping[str, str], schema: str) -> str:
    hosts, ports = parameters.get("host", "").split(","), parameters.get("port", "").split(",")
    bracketed = [f"[{host}]" if ":" in host else host for host in hosts]
    # One port is that of all hosts.
    ports = ports if len(ports) == len(hosts) else [*ports[:-1], *ports[-1:] * len(hosts)]
    place = ",".join(f"{host}:{port}" if port else host for host, port in zip(bracketed, ports, strict=False))
    options = [f"service={parameters['service']}"] if "service" in parameters else []
    options += [f"schema={schema}"] if schema != DEFAULT_SCHEMA else []
    text = f"postgresql://{place}/{parameters.get('dbname', '')}"
    return clip_start(text + ("?" + "&".join(options) if options else ""), SHOWN_PATH)
