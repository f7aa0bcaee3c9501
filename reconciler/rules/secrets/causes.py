"""Why a credential was withheld, in the words that are true of it, and what else than a grant would mend it.

What may travel is decided in ``routes``; here a refusal is only explained: by what state has recorded, what the project
file reserves, and what else the plan would do with the same secret.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName
from reconciler.model.grants import Secrets
from reconciler.model.secrets.spelling import normal_reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reconciler.model.secrets.routes import SecretRoute
    from reconciler.rules.secrets.routes import HasRoutes

_NOT_ALLOWED = "These secrets would travel routes that neither state nor a grant allows."
_LEAVE_OUT = "Without a grant, leave the accounts out for now."


class Cause(FrozenByName):
    """One cause, as it is told once for all secrets that share it."""

    why: str
    """A sentence that ends with a colon, before the secrets with their routes."""
    instead: str
    """What mends it without a grant."""


NEW_ROUTE = Cause(
    why=f"{_NOT_ALLOWED} They are recorded for others, so no login was tried with them:",
    instead="If one is wrong, undo it.",
)
KNOWN_VALUE = Cause(
    why=f"{_NOT_ALLOWED} State knows their values under other references, which go elsewhere, so no login was tried with them:",
    instead="If one password was copied, have another made for each server.",
)
RESERVED = Cause(
    why=f"{_NOT_ALLOWED} The project file declares their values for the platform's server alone, so no login was tried with them:",
    instead="Have a password of the account's own made.",
)
SEVERAL_SERVERS = Cause(
    why=f"{_NOT_ALLOWED} The same value would go to several servers, and one that state has never seen may go to one, so no login was tried with them:",
    instead="If one password stands for several by mistake, have one made for each server.",
)
FIRST_USE = Cause(
    why=f"{_NOT_ALLOWED} State has never seen them, and the project wants a grant for a first use too, so no login was tried with them:",
    instead=_LEAVE_OUT,
)
OTHER_ENVIRONMENT = Cause(
    why=f"{_NOT_ALLOWED} State has never seen them, and another environment of the project may name them too, so that they may be its secrets; no login was tried with them:",
    instead="If each environment has secrets of its own, write secrets.allow for each, so that no two may name the same.",
)
NO_KEY = Cause(
    why=f"{_NOT_ALLOWED} There is no key here to compare them with the secrets that state knows, so no login was tried with them:",
    instead="Provide the key of fingerprints that state was made with.",
)
NOT_COMPARED = Cause(
    why=f"{_NOT_ALLOWED} State has never seen them, and not all that it knows could be compared with them, so no login was tried with them:",
    instead=_LEAVE_OUT,
)
CAUSES = (NEW_ROUTE, KNOWN_VALUE, RESERVED, SEVERAL_SERVERS, FIRST_USE, OTHER_ENVIRONMENT, NO_KEY, NOT_COMPARED)
"""In the order in which they are told."""


class CauseExplainer:
    """Explains refusals by what is known of routes and values."""

    def __init__(
        self,
        recorded: Iterable[SecretRoute],
        reserved: Iterable[SecretRoute],
        accounts: Sequence[HasRoutes],
        *,
        asked: Secrets,
        in_force: Secrets,
        values: Mapping[str, str],
    ) -> None:
        """Sort what is known; ``asked`` are the project's rules, ``in_force`` the stricter ones where no key is at hand."""
        self._asked, self._in_force = asked, in_force
        self._recorded = _known(recorded, values)
        declared = tuple(reserved)
        self._reserved = _known(declared, values)
        self._declared = {each.route.destination for each in declared}
        self._places: dict[str, set[str]] = defaultdict(set)
        for account in accounts:
            for travel in account.routes:
                self._places[travel.fingerprint or travel.secret].add(travel.route.destination)

    def of(self, travel: SecretRoute) -> Cause:
        """Return why a secret that is withheld does not take its route."""
        is_reserved = travel.secret in self._reserved.references or travel.fingerprint in self._reserved.values
        if is_reserved and travel.route.destination not in self._declared:
            return RESERVED
        if travel.secret in self._recorded.references:
            return NEW_ROUTE
        if travel.fingerprint in self._recorded.values:
            return KNOWN_VALUE
        if len(self._places[travel.fingerprint or travel.secret]) > 1:
            return SEVERAL_SERVERS
        if self._in_force.first_use == "grant":
            return FIRST_USE if self._asked.first_use == "grant" else NO_KEY
        return OTHER_ENVIRONMENT if self._asked.bars_first_use(travel.secret) else NOT_COMPARED


class _Known(FrozenByName):
    """References, and the values that they were recorded with or give now."""

    references: frozenset[str]
    values: frozenset[str]


def _known(routes: Iterable[SecretRoute], values: Mapping[str, str]) -> _Known:
    known = tuple(routes)
    references = frozenset(normal_reference(each.secret) for each in known)
    recorded = (each.fingerprint for each in known if each.fingerprint)
    now = (fingerprint for secret, fingerprint in values.items() if normal_reference(secret) in references)
    return _Known(references=references, values=frozenset((*recorded, *now)))


NOTHING_KNOWN = CauseExplainer((), (), (), asked=Secrets(), in_force=Secrets(), values={})
"""What explains a refusal where neither state nor the project file tells anything of a secret."""
