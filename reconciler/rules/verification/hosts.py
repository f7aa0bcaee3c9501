"""Which hosts may be contacted at all: ``verification.servers`` of the project file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.characters import SHOWN_WORD, one_line
from reconciler.model.text.domains import host_to_ascii
from reconciler.model.text.globs import matches_any_host

if TYPE_CHECKING:
    from collections.abc import Iterable


def why_forbidden(hosts: Iterable[str], allowed: Iterable[str]) -> str | None:
    """Return a sentence on the first host that may not be contacted, a proxy's among them; None where all may be.

    >>> why_forbidden(["mail.example.com"], ["*.example.com"])
    >>> print(why_forbidden(["mail.example.org"], ["*.example.com"]))
    mail.example.org is not among the hosts that verification.servers in the project file allows, so nothing was contacted. Correct it in the manifest, or have the host added there.
    """
    globs = tuple(allowed)
    host = next((each for each in hosts if not matches_any_host(globs, host_to_ascii(each))), None)
    if host is None:
        return None
    return (
        f"{one_line(host, limit=SHOWN_WORD)} is not among the hosts that verification.servers in the project file allows, "
        "so nothing was contacted. Correct it in the manifest, or have the host added there."
    )
