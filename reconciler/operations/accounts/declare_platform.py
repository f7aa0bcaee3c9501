"""Writes the platform's server into a project file that has none: what marketing accounts need to be verified and to send."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName
from reconciler.diagnostics import Location, error
from reconciler.errors import InvalidInput
from reconciler.files import read_regular_file, reason_of, replace_file
from reconciler.manifests.projectfile import parse_project
from reconciler.yamlsource import MAX_FILE_OCTETS
from reconciler.yamlsource.writing import to_yaml

if TYPE_CHECKING:
    from reconciler.model.canonical import JsonObject
    from reconciler.operations.workspace import Workspace

PLATFORM_VARIABLE = "SMTP_PLATFORM_PASSWORD"
"""Where the password at the platform's server is read, unless the project file is changed."""


class PlatformAnswer(FrozenByName):
    """The server as somebody named it; what was not said is None."""

    host: str
    port: int | None = None
    encryption: str | None = None
    username: str | None = None


def declare_platform(workspace: Workspace, wanted: PlatformAnswer) -> str:
    """Add the server at the end of the project file and return that file; raise ``InvalidInput`` if it cannot be done.

    What is there stays, octet for octet; what is written is read back before, and must add the server and nothing else.
    """
    path = workspace.project_file
    text = to_yaml({"platform": {"smtp": _settings(wanted)}})
    try:
        before = read_regular_file(path, MAX_FILE_OCTETS)
        end = b"" if before.endswith(b"\n") else b"\n"
        after = before + end + b"\n" + text.encode()
        if not _adds_platform(before, after, path.as_posix()):
            lines = "".join(f"\n    {line}" for line in text.rstrip("\n").split("\n"))
            detail = (
                f"The project file is written in a way in which nothing can be added at its end. Write into it{lines}"
            )
            raise InvalidInput(error("manifestNotEditable", detail, location=Location(path.as_posix())))
        replace_file(path, after, mode=path.stat().st_mode & 0o777)
    except OSError as failure:
        detail = f"The platform's server cannot be written into the project file: {reason_of(failure)}."
        raise InvalidInput(error("manifestUnwritable", detail, location=Location(path.as_posix()))) from None
    return path.name


def _settings(wanted: PlatformAnswer) -> JsonObject:
    smtp: JsonObject = {"host": wanted.host}
    smtp |= {"port": wanted.port} if wanted.port is not None else {}
    smtp |= {"encryption": wanted.encryption} if wanted.encryption is not None else {}
    if wanted.username is not None:
        smtp["authentication"] = {"username": wanted.username, "password": {"env": PLATFORM_VARIABLE}}
    return smtp


def _adds_platform(before: bytes, after: bytes, file: str) -> bool:
    try:
        old, new = parse_project(before, file).project, parse_project(after, file).project
    except InvalidInput:
        return False
    return new.platform.smtp is not None and new.model_copy(update={"platform": old.platform}) == old
