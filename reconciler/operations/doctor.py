"""The ground that reconciler stands on, on one page that can be pasted into a report.

Nothing in it is a secret, the name of a user or of an account; of what fails it has code and summary, whose details may
hold paths. Only hosts that the manifests and the project file declare are contacted, without a word to them.
"""

from __future__ import annotations

import contextlib
import locale
import platform
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler import __version__
from reconciler.diagnostics import several
from reconciler.errors import ReconcilerError
from reconciler.model.accounts.kinds import kind_of
from reconciler.model.cisystems import is_ci
from reconciler.model.verification.examined import Examined
from reconciler.operations.manifests import read_desired
from reconciler.provenance import repository_of, tracked_files
from reconciler.rules.verification.hosts import why_forbidden
from reconciler.smtp.deadline import Deadline
from reconciler.smtp.dial import DirectDialer
from reconciler.smtp.faults import SmtpFault
from reconciler.store import is_postgres

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.model.servers.server import Server
    from reconciler.model.verification.examined import Standing
    from reconciler.operations.workspace import Workspace

_PORTS = (25, 465, 587)
_MOST_SERVERS = 8
"""So many servers are tried; with three ports each a page has no room for more."""
_SECONDS = 3.0
_GREETING_SECONDS = 1.0
_GREETING_OCTETS = 512
_PROXY_VARIABLES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")
_RESOLVER_FILE = Path("/etc/resolv.conf")


def examine(workspace: Workspace) -> tuple[Examined, ...]:
    """Return what was found, topic by topic; nothing is written."""
    return (
        *_program(workspace),
        *_state(workspace),
        *_keys(workspace),
        *_git(workspace),
        *_ways_out(workspace),
    )


def _program(workspace: Workspace) -> Iterator[Examined]:
    yield Examined("reconciler", "ok", __version__)
    yield Examined("Python", "ok", f"{platform.python_implementation()} {platform.python_version()}")
    yield Examined("OpenSSL", "ok", ssl.OPENSSL_VERSION)
    yield Examined("system", "ok", f"{platform.system()} {platform.release()} {platform.machine()}")
    encoding = locale.getpreferredencoding(do_setlocale=False)
    is_utf8 = encoding.lower().replace("-", "") == "utf8"
    yield Examined("encoding", "ok" if is_utf8 else "warning", encoding)
    environ = workspace.environ
    yield Examined("CI", "ok", "yes" if is_ci(environ) else "no")
    set_ = [name for name in _PROXY_VARIABLES if environ.get(name) or environ.get(name.lower())]
    told = f"{', '.join(set_)}: set, and not used for mail servers" if set_ else "no variable names one"
    yield Examined("proxy", "ok", told)
    yield Examined("name servers", *_name_servers(workspace))


def _name_servers(workspace: Workspace) -> tuple[Standing, str]:
    declared = workspace.project.verification.nameservers
    if declared:
        return "ok", f"{', '.join(declared)} (the project file), for the domain checks"
    try:
        lines = _RESOLVER_FILE.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return "warning", f"{_RESOLVER_FILE} cannot be read"
    found = [words[1] for line in lines if (words := line.split())[:1] == ["nameserver"] and words[1:]]
    return ("ok", f"{', '.join(found)} ({_RESOLVER_FILE})") if found else ("bad", f"{_RESOLVER_FILE} names none")


def _state(workspace: Workspace) -> Iterator[Examined]:
    kind = "PostgreSQL" if is_postgres(workspace.state_url) else "SQLite"
    try:
        with workspace.open_store() as store:
            recorded = store.read_state()
            unguarded = store.faults()
    except ReconcilerError as failure:
        yield Examined("state", "bad", f"{kind}: {_code_of(failure)}")
        return
    yield Examined("state", "ok", f"{kind}, revision {recorded.serial}, {len(recorded.accounts)} accounts")
    told = f"{len(unguarded)} altered; journal check tells which" if unguarded else "as they were made"
    yield Examined("guards of the state", "bad" if unguarded else "ok", told)
    now = workspace.now()
    newest = max((each.updated_at for each in recorded.accounts.values()), default=None)
    is_behind = newest is not None and newest > now
    told = f"{now:%Y-%m-%d %H:%M:%S} UTC"
    yield Examined(
        "clock",
        "bad" if is_behind else "ok",
        f"{told}, which is before the newest change in state ({newest:%Y-%m-%d %H:%M:%S})" if is_behind else told,
    )


def _keys(workspace: Workspace) -> Iterator[Examined]:
    try:
        key = workspace.fingerprint_key(workspace.secret_reader())
        with workspace.open_store() as store:
            recorded = store.read_state().fingerprint_key_id
    except ReconcilerError as failure:
        yield Examined("key of fingerprints", "bad", _code_of(failure))
    else:
        here = key.key_id if key is not None else None
        told = f"id {here}" if here else "none at hand"
        fits = recorded in {None, here}
        yield Examined(
            "key of fingerprints", "ok" if fits else "bad", told if fits else f"{told}; state wants {recorded}"
        )
    try:
        plan_key = workspace.plan_key()
    except ReconcilerError as failure:
        yield Examined("plan key", "bad", _code_of(failure))
    else:
        yield Examined("plan key", "ok", "RECONCILER_PLAN_KEY is set" if plan_key else "not set")


def _git(workspace: Workspace) -> Iterator[Examined]:
    if repository_of(workspace.root) is None:
        yield Examined("git", "warning", "the project is in no repository")
        return
    tracked = tracked_files(workspace.root, workspace.root / ".reconciler")
    if tracked:
        yield Examined("git", "bad", "files of .reconciler are tracked (stateTracked)")
    else:
        yield Examined("git", "ok", "the project is in a repository, and the state's folder is not tracked")
    if not workspace.is_project_trusted:
        yield Examined("trust", "warning", "the project file lies in the checkout and is not trusted with secrets")


def _ways_out(workspace: Workspace) -> Iterator[Examined]:
    try:
        desired = read_desired(workspace)
    except ReconcilerError as failure:
        yield Examined("manifests", "bad", _code_of(failure))
        return
    wrong = sum(problem.severity == "error" for problem in desired.problems)
    told = f"{several(len(desired.accounts), 'account')}, {several(wrong, 'error')}"
    yield Examined("manifests", "bad" if wrong else "ok", told)
    servers: dict[str, Server] = {
        each.settings.own_server.host: each.settings.own_server
        for each in desired.accounts
        if not kind_of(each).sends_through_platform
    }
    if desired.platform is not None:
        servers.setdefault(desired.platform.server.host, desired.platform.server)
    for host in sorted(servers)[:_MOST_SERVERS]:
        yield Examined(f"to {host}", *_way_to(servers[host], workspace))
    if len(servers) > _MOST_SERVERS:
        yield Examined("to others", "ok", f"{len(servers) - _MOST_SERVERS} more servers were not tried")


def _way_to(server: Server, workspace: Workspace) -> tuple[Standing, str]:
    """Return which ports take a connection from here; the declared one decides whether that is well."""
    if why_forbidden(server.hosts, workspace.project.verification.servers) is not None:
        return "warning", "not tried: verification.servers does not list it"
    if server.proxy is not None:
        return "ok", f"not tried from here: it is reached through a {server.proxy.type} proxy"
    found = {port: _reach(server.host, port) for port in sorted({*_PORTS, server.port})}
    told = ", ".join(f"{port} {'open' if code is None else code}" for port, code in found.items())
    return ("ok" if found[server.port] is None else "bad"), f"{told}; declared: {server.port}"


def _reach(host: str, port: int) -> str | None:
    """Return None where a port takes a connection, else the code of why not; nothing is said on it.

    A greeting is waited for, since a server that is left before it complains in its log.
    """
    try:
        connection = DirectDialer(host, port).connect(Deadline(_SECONDS))
    except SmtpFault as fault:
        return fault.code
    except (OSError, TimeoutError):
        return "timedOut"
    with connection.socket as opened, contextlib.suppress(OSError):
        opened.settimeout(_GREETING_SECONDS)
        opened.recv(_GREETING_OCTETS)
    return None


def _code_of(failure: ReconcilerError) -> str:
    first = failure.diagnostics[0]
    return f"{first.summary} [{first.code}]"
