"""References that name a file of the project by an absolute path, in the project file and on the command line.

Everything else that is not in normal form the models refuse; where the project folder lies they do not know.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reconciler.diagnostics import error
from reconciler.errors import InvalidInput
from reconciler.model.secrets.spelling import reference_text
from reconciler.secrets import relative_spelling

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reconciler.model.project import Project

_WILDCARD = re.compile("[*?]")


def require_relative(project: Project, root: Path) -> None:
    """Raise ``InvalidInput`` where the project file names a file inside the project folder by an absolute path."""
    problems = [
        error("invalidValue", f"{place} in the project file {why}")
        for place, reference in _references(project)
        if (why := absolute_spelling(reference, root)) is not None
    ]
    if problems:
        raise InvalidInput(problems)


def absolute_spelling(reference: str, root: Path) -> str | None:
    """Return why a reference, or a glob over such, is not taken that names files of the project by an absolute path.

    The middle of a sentence with the normal form; None for every other reference.
    """
    source, _, key = reference.partition(":")
    folder = _WILDCARD.split(key, maxsplit=1)[0].rpartition("/")[0]
    inside = relative_spelling(folder, root) if source == "file" else None
    if inside is None:
        return None
    normal = f"{'' if inside == '.' else f'{inside}/'}{key[len(folder) + 1 :]}"
    return (
        f"names {reference}, and a file inside the project folder is named by its path from there, so that it has one "
        f"name. Write\n    file:{normal}"
    )


def _references(project: Project) -> Iterator[tuple[str, str]]:
    """Yield the references of the project file, and globs over such, each with its place."""
    rules = project.secrets
    for entry in rules.allow:
        yield "secrets.allow", entry if isinstance(entry, str) else entry.secret
    for grant in rules.grants:
        yield "secrets.grants", grant.secret
    for name, source in rules.sources.items():
        yield f"secrets.sources.{name}", source.origin or ""
    if rules.fingerprint_key is not None:
        yield "secrets.fingerprintKey", reference_text(rules.fingerprint_key)
    smtp = project.platform.smtp
    login = smtp.authentication if smtp is not None else None
    oauth2 = login.oauth2 if login is not None else None
    certificate = smtp.client_certificate if smtp is not None else None
    for secret in (
        certificate.key if certificate is not None else None,
        *((login.password, login.access_token) if login is not None else ()),
        *(
            (oauth2.client_secret, oauth2.refresh_token, oauth2.client_certificate, oauth2.service_account)
            if oauth2
            else ()
        ),
    ):
        if secret is not None:
            yield "platform.smtp", reference_text(secret)
