"""Accounts of state for another program: who may be sent as, and a session that is logged in.

The rules are those of ``send``, by state alone: an account that is active, a row that the journal vouches for, and its
own secret along the routes that state has recorded for it. Of the private CA state has kept the PEM.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.diagnostics import error
from reconciler.errors import GuardRefused, InvalidInput, SecretUnreadable, SenderUnavailable
from reconciler.manifests import read_certificate_files
from reconciler.model.accounts.kinds import kind_of
from reconciler.model.accounts.located import CaFile
from reconciler.oauth2 import TokenCache
from reconciler.operations.accounts.view import known_account
from reconciler.operations.conversations.targets import access_of
from reconciler.operations.conversations.trust import PemFiles
from reconciler.rules.verification.hosts import why_forbidden
from reconciler.smtp.deadline import Deadline
from reconciler.smtp.faults import SmtpFault
from reconciler.smtp.opening import Opening

if TYPE_CHECKING:
    from reconciler.diagnostics import Diagnostic
    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.model.servers.server import Server
    from reconciler.operations.workspace import Workspace
    from reconciler.smtp.access import Access


def open_session(workspace: Workspace, name: str, *, timeout_seconds: float) -> Opening:
    """Return a session with the account's server, logged in; every wait until then lies within the time given.

    State is read now, so that a suspension stops the next session. Raises ``InvalidInput`` for an account that is not
    recorded or has no server in state, ``GuardRefused`` for one that was altered, is not active, or whose secret has no
    recorded route, ``SecretUnreadable``, and ``SenderUnavailable`` where the server does not let it in.
    """
    account, server = _usable(name, workspace)
    access = _access(account, server, workspace)
    opening = Opening(access, access.dialer(), Deadline(timeout_seconds))
    try:
        opening.open()
    except SmtpFault as fault:
        raise SenderUnavailable(_unavailable(name, server, fault)) from None
    return opening


def _usable(name: str, workspace: Workspace) -> tuple[RecordedAccount, Server]:
    """Return an account that may send with the server it sends through, both as one opening of state has them."""
    with workspace.open_store() as store:
        recorded, register = store.read_vouched()
        altered = store.alterations({name})
    account = known_account(name, recorded.accounts)
    server = account.settings.server
    if server is None:
        detail = (
            f"{name} is {kind_of(account).label_with_article}, which sends through the platform's server; that stands in the "
            f"project file and not in state. Use\n    reconciler send {name}"
        )
        raise InvalidInput(error("noPlatformServer", detail, subject=name))
    if account.status != "active":
        raise GuardRefused(error("senderInactive", f"{account.status_sentence} Nothing was contacted.", subject=name))
    forbidden = why_forbidden(server.hosts, workspace.project.verification.servers)
    if forbidden is not None:
        raise GuardRefused(error("destinationForbidden", forbidden, subject=name))
    known = {(each.secret, each.route.key) for each in recorded.routes}
    unknown = [each for each in account.secret_routes if (each.secret, each.route.key) not in known]
    untold = register.problem_of({name}, account.secret_routes)
    problems = [*(each.problem_of_use for each in altered), *([untold] if untold is not None else [])]
    for each in unknown:
        detail = (
            f"State has recorded no route of {each.secret} to the server of {name}, so it stays here. Apply the account "
            "anew."
        )
        problems.append(error("credentialWithheld", detail, subject=name))
    if problems:
        raise GuardRefused(problems)
    return account, server


def _access(account: RecordedAccount, server: Server, workspace: Workspace) -> Access:
    wanted = {each.secret for each in account.secret_routes}
    reading = workspace.secret_reader().read(wanted)
    if reading.problems:
        raise SecretUnreadable(tuple(reading.problems.values()))
    private_cas: dict[str, CaFile] = {}
    if server.ca_file is not None:
        if account.ca_pem is None or account.ca_digest is None:
            detail = f"State has not kept the private CA of {account.name} ({server.ca_file}). Apply the account anew."
            raise InvalidInput(error("caFileUnusable", detail, subject=account.name))
        private_cas[server.ca_file] = CaFile(pem=account.ca_pem, digest=account.ca_digest)
    declared = server.client_certificate
    certificates, unusable = read_certificate_files(
        [declared.cert_file] if declared is not None else [], root=workspace.root
    )
    if unusable:
        raise InvalidInput([error("certFileUnusable", f"{path}: {why}") for path, why in unusable.items()])
    return access_of(
        server,
        secrets=reading.values,
        tokens=TokenCache(allowed_hosts=workspace.project.verification.servers),
        files=PemFiles(private_cas=private_cas, certificates=certificates),
    )


def _unavailable(name: str, server: Server, fault: SmtpFault) -> Diagnostic:
    said = f' The server said: "{fault.reply}".' if fault.reply is not None else ""
    detail = (
        f"{name} cannot send through {server.place}: {fault.step} failed ({fault.failure_class}, {fault.code}).{said} For "
        f"the cause and what to do:\n    reconciler verify --recorded {name}\n    reconciler explain {fault.code}"
    )
    return error("senderUnavailable", detail, subject=name)
