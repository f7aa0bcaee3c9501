"""What other programs import: the accounts that were applied, and connections that are logged in as them.

::

    import reconciler

    for each in reconciler.senders("sqlite:////srv/mail/state.db"):
        print(each.name, each.email, each.is_active)

    account = reconciler.sender("postgresql://db.example.com/mail", "sales")
    with account.connect() as smtp:
        smtp.send_message(message, from_addr=account.email)

The names in ``__all__`` are the whole of it, and stay as they are within a major version. Secrets are read late, by the
recorded references, and are held by nothing here.
"""

from __future__ import annotations

import os
import smtplib
from dataclasses import field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName, dataclass
from reconciler.errors import ReconcilerError
from reconciler.model.accounts.kinds import kind_of

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

    from reconciler.model.accounts.kinds import KindWord
    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.model.accounts.statuses import Status
    from reconciler.model.servers.terms import Encryption, Mechanism
    from reconciler.operations.workspace import Workspace
    from reconciler.smtp.opening import Opening

__all__ = ["ReconcilerError", "ReplyAddress", "Sender", "sender", "senders"]

DEFAULT_TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class ReplyAddress:
    """Where replies go; the address is None where it is the sender's."""

    email: str | None
    display_name: str | None


class Sender(FrozenByName):
    """An applied account. What it says of its server is None for a marketing account, which uses the platform's."""

    name: str
    kind: KindWord
    email: str
    """The address to send from, its domain as A-labels."""
    display_name: str
    reply_to: tuple[ReplyAddress, ...]
    status: Status
    host: str | None
    port: int | None
    encryption: Encryption | None
    mechanism: Mechanism | None
    username: str | None
    secret: str | None
    """The reference of the password, SOURCE:KEY; never its value."""
    _workspace: Workspace = field(repr=False, compare=False)

    @property
    def is_active(self) -> bool:
        """Whether it could send when it was read; ``connect`` looks again."""
        return self.status == "active"

    def connect(self, *, timeout: float = DEFAULT_TIMEOUT_SECONDS) -> smtplib.SMTP:
        """Return a connection that is logged in, its certificate verified as recorded; close it, or use it with ``with``.

        ``timeout``, in seconds, bounds the opening as a whole, and each reply after it. Raises ``ReconcilerError``
        whose ``diagnostics`` say what is wrong and what to do: the account is not active any more, its secret cannot
        be read, the server does not let it in.
        """
        from reconciler.operations.send.embedded import open_session

        opening = open_session(self._workspace, self.name, timeout_seconds=timeout)
        return _LoggedIn(opening, timeout)


class _LoggedIn(smtplib.SMTP):
    """The standard library's client over a session that was opened elsewhere."""

    def __init__(self, opening: Opening, timeout: float) -> None:
        """Take over the connection, and ask once more what the server can do: it is the client's own knowledge."""
        super().__init__(timeout=timeout, local_hostname=opening.own_name)
        self.sock: socket.socket | None = opening.channel.release(timeout)
        self.ehlo_or_helo_if_needed()


def senders(
    state_url: str,
    *,
    project_dir: str | os.PathLike[str] | None = None,
    environment: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> list[Sender]:
    """Return all applied accounts of a state by name, active or not.

    ``state_url`` is ``sqlite:////PATH`` or ``postgresql://HOST/DATABASE``. ``project_dir`` is needed where secrets come
    from sources that its project file declares, or are files: these are relative to it, else to the working directory.
    ``environment`` is one of that file's, and needed beside ``project_dir`` where it has some.
    Raises ``ReconcilerError`` where there is no such state, or it holds several projects and none is given.
    """
    workspace = _workspace(state_url, project_dir, environment, os.environ if environ is None else environ)
    with workspace.open_store() as store:
        accounts = store.read_accounts()
    return [_sender(accounts[name], workspace) for name in sorted(accounts)]


def sender(
    state_url: str,
    name: str,
    *,
    project_dir: str | os.PathLike[str] | None = None,
    environment: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> Sender:
    """Return one applied account by its name, as ``senders`` does; raise ``ReconcilerError`` where there is none."""
    from reconciler.operations.accounts.view import show_account

    workspace = _workspace(state_url, project_dir, environment, os.environ if environ is None else environ)
    return _sender(show_account(workspace, name), workspace)


def _workspace(
    state_url: str, project_dir: str | os.PathLike[str] | None, environment: str | None, environ: Mapping[str, str]
) -> Workspace:
    from reconciler.operations.opening import open_state_alone, open_workspace

    if project_dir is None:
        return open_state_alone(Path.cwd(), state=state_url, environ=environ, now=_now, reads_secrets=True)
    return open_workspace(
        Path(project_dir),
        project_file=None,
        state=state_url,
        operator=None,
        environ=environ,
        now=_now,
        environment=environment,
    )


def _now() -> datetime:
    return datetime.now(UTC)


def _sender(account: RecordedAccount, workspace: Workspace) -> Sender:
    settings = account.settings
    server = settings.server
    return Sender(
        name=account.name,
        kind=kind_of(account).word,
        email=settings.email,
        display_name=settings.display_name,
        reply_to=tuple(ReplyAddress(each.email, each.display_name) for each in settings.replies),
        status=account.status,
        host=server.host if server is not None else None,
        port=server.port if server is not None else None,
        encryption=server.encryption if server is not None else None,
        mechanism=(server.login.mechanism or "auto") if server is not None and server.declares_login else None,
        username=server.login.username if server is not None else None,
        secret=server.login.password if server is not None else None,
        _workspace=workspace,
    )
