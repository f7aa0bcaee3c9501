"""What one run has read of the secrets: values to be handed to servers, fingerprints to be compared, and what was not read."""

from __future__ import annotations

from dataclasses import field
from types import MappingProxyType
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.diagnostics import Diagnostic
    from reconciler.model.secrets.values import FingerprintKey, SecretValue

_NOTHING: Mapping[str, str] = MappingProxyType({})


class SecretsRead(FrozenByName):
    """The secrets of one run by reference, as far as they could be read."""

    values: Mapping[str, SecretValue] = field(default_factory=dict, repr=False)
    """What is handed to a server at once, and kept nowhere; rules look at fingerprints."""
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    """Keyed fingerprints of the values; of a link also by the reference of the file that it leads to."""
    key: FingerprintKey | None = None
    """The key of the fingerprints; None where none is at hand."""
    unreadable: Mapping[str, Diagnostic] = field(default_factory=dict)
    """Why the others could not be read."""
    were_read: bool = True
    """False at depth offline, and for a project file that is not trusted: nothing was read on purpose."""
    are_withheld: bool = False
    """Nothing was read because the project file is not trusted, so no account may be verified with a secret."""
    passed_over: frozenset[str] = frozenset()
    """The references that a command each would have to be run for, and no change needs."""

    @property
    def key_id(self) -> str | None:
        """The id of the key of the fingerprints; None without one."""
        return self.key.key_id if self.key is not None else None

    def comparable_with(self, key_id: str | None) -> Mapping[str, str]:
        """Return the fingerprints that can be compared with those made with a key, None for a state that has none yet."""
        is_usable = key_id is None or (self.were_read and self.key_id == key_id)
        return self.fingerprints if is_usable else _NOTHING


def withheld(depth: str, *, is_project_trusted: bool) -> SecretsRead | None:
    """Return what a run knows of secrets that reads none, at depth ``offline`` and by an untrusted project; None for another.

    >>> withheld("offline", is_project_trusted=True).are_withheld
    False
    >>> withheld("auth", is_project_trusted=False).are_withheld
    True
    >>> withheld("auth", is_project_trusted=True) is None
    True
    """
    if depth != "offline" and is_project_trusted:
        return None
    return SecretsRead(were_read=False, are_withheld=depth != "offline")
