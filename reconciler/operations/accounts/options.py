"""What is told of a manifest that was made from options, in options: who typed them has no manifest before him."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.yamlsource import read_documents

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.diagnostics import Diagnostic

_OPTIONS = {
    "email": "--email",
    "displayName": "--display-name",
    "host": "--host",
    "port": "--port",
    "encryption": "--encryption",
    "heloName": "--helo-name",
    "caFile": "--ca-file",
    "certificate": "--certificate",
    "certFile": "--client-certificate-file",
    "server": "--server",
    "username": "--username",
    "mechanism": "--mechanism",
    "title": "--title",
    "owner": "--owner",
    "name": "NAME",
}
_OF_A_PROXY = {"host": "--proxy-host", "port": "--proxy-port", "type": "--proxy-type", "username": "--proxy-username"}
_OF_REPLIES = {"email": "--reply-to", "displayName": "--reply-to-name"}
_PATH = re.compile(r"(?:spec|metadata)\.(?:[A-Za-z0-9]+\.)*([A-Za-z]+)")


def told_in_options(problem: Diagnostic) -> Diagnostic:
    """Return a problem with a field of the manifest as the option that gave it, and lines to write as options.

    What has no option stays as it is.
    """
    found = _PATH.match(problem.detail)
    if found is None:
        return problem
    options = _OF_A_PROXY if ".proxy." in found[0] else _OF_REPLIES if ".replyTo." in found[0] else _OPTIONS
    flag = options.get(found[1])
    if flag is None:
        return problem
    told, *lines = problem.detail.splitlines()
    written = _as_options("\n".join(lines), options)
    kept = f"\n    {written}" if written else "".join(f"\n{line}" for line in lines)
    return replace(problem, detail=f"{flag}{told.removeprefix(found[0])}{kept}")


def _as_options(lines: str, options: Mapping[str, str]) -> str:
    """Return lines of a manifest as options on one line; empty where one of them is none."""
    documents = read_documents(lines.encode(), file="").documents
    fields = documents[0].value if documents else None
    if isinstance(fields, dict) and isinstance(fields.get("replyTo"), dict):
        fields, options = fields["replyTo"], _OF_REPLIES
    if not isinstance(fields, dict) or not fields or not all(key in options for key in fields):
        return ""
    words = [(options[key], shlex.quote(str(value))) for key, value in fields.items()]
    return " ".join(value if flag == "NAME" else f"{flag} {value}" for flag, value in words)
