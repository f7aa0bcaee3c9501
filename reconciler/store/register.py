"""Whether the register of routes is what the journal last recorded, asked before it is relied on or written.

Premise: an added row lets a secret travel where nobody let it go; a removed row makes a known secret a new one,
whose first route is free. So every entry of the journal holds a digest over the whole register as the entry leaves
it, and whoever judges by the register first compares that digest with all rows as they are.

Entries of earlier versions lack the digest. Then the digests of single routes, which every version has recorded,
are put together from all entries, from the last one back to the beginning. The same is done to find which rows
differ.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from reconciler.classes import FrozenByName, dataclass
from reconciler.diagnostics import Diagnostic, enumerated, error
from reconciler.model.canonical import sha256_hex
from reconciler.model.journal.keys import FORGOTTEN_ROUTES, ROUTE_DIGESTS, ROUTE_REGISTER
from reconciler.model.secrets.spelling import normal_reference
from reconciler.store.altered import entries_backwards
from reconciler.store.digests import row_digest_or_none
from reconciler.store.journal import THE_ROUTES, is_intact, read_backwards
from reconciler.store.schema import ROUTES
from reconciler.store.sql import first_values, one_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from reconciler.model.secrets.routes import SecretRoute
    from reconciler.store.sql import Connection

_ROWS = ROUTES.reading(("digest", "account", "secret", "fingerprint", "route"))
_OF_PROJECT = "FROM secret_routes WHERE project || '' = :project"
"""All rows are looked at, so in the order of the table: by the index, which is that of their digests, it takes twice as long."""
_OWN = f"SELECT secret, fingerprint, route {_OF_PROJECT}"
_OF_EACH_SECRET = (
    "SELECT secret, max(CASE WHEN fingerprint IS NOT NULL OR route LIKE :token THEN 1 ELSE 0 END), min(route)"
    f" {_OF_PROJECT} GROUP BY secret"
)
_DIGESTS = ROUTES.reading(("digest",))


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """One stored row of the register; ``digest`` is that of its content, None for content that is never written."""

    stored_digest: Any
    account: Any
    secret: Any
    fingerprint: Any
    route: Any
    digest: str | None

    @property
    def is_in_place(self) -> bool:
        """Whether it lies under its own digest."""
        return bool(self.stored_digest == self.digest)


class Register(FrozenByName):
    """The register of routes, row by row, and what the journal tells of it."""

    rows: Sequence[RegisterRow]
    told: frozenset[str]
    """The digests of the rows that the journal vouches for, whether the rows are there or not."""
    broken_entry: int | None = None
    """The entry at which the chain does not hold, where the journal could not be read back to the beginning."""

    @property
    def unvouched(self) -> tuple[RegisterRow, ...]:
        """The rows that the journal has not recorded as they are: no secret may travel by them."""
        return tuple(each for each in self.rows if each.digest not in self.told or not each.is_in_place)

    @property
    def missing(self) -> frozenset[str]:
        """The digests of rows that the journal has recorded and that are not there."""
        return self.told - {each.digest for each in self.rows}

    @property
    def is_altered(self) -> bool:
        """Whether anything differs."""
        return bool(self.missing or self.unvouched or self.broken_entry is not None)

    @property
    def vouched(self) -> list[tuple[Any, Any, Any]]:
        """Secret, fingerprint and route of each row that the journal vouches for: what routes are judged by."""
        return [(each.secret, each.fingerprint, each.route) for each in self.rows if each.digest in self.told]

    def problem_of(self, names: Collection[str], routes: Iterable[SecretRoute]) -> Diagnostic | None:
        """Return the error of ``problem_for`` for these accounts and for the secrets that would take these routes."""
        taken = list(routes)
        values = {each.fingerprint for each in taken if each.fingerprint is not None}
        return self.problem_for(names, (each.secret for each in taken), values)

    def problem_for(self, names: Collection[str], secrets: Iterable[str], values: Collection[str]) -> Diagnostic | None:
        """Return the error for writing these accounts or using these secrets; None where no row of theirs differs.

        ``secrets`` are references, ``values`` fingerprints. A missing row could be anybody's, so it concerns
        everybody.
        """
        if not self.is_altered:
            return None
        references = {normal_reference(each) for each in secrets}
        concerned = [
            each
            for each in self.unvouched
            if each.account in names
            or each.fingerprint in values
            or not isinstance(each.secret, str)
            or normal_reference(each.secret) in references
        ]
        if not (concerned or self.missing or self.broken_entry is not None):
            return None
        detail = (
            f"The routes of secrets in state are not what the journal last recorded: {self._fact(concerned)}. Something "
            "other than reconciler wrote to the database, so nothing is recorded over it, and no secret goes a route that "
            "the journal does not vouch for. This shows all that was altered:\n    reconciler journal check\n"
            "Find out who did it, and restore a backup from before:\n    reconciler state restore FILE\n"
            "Or, if the routes are right as state has them now, say so, and why; the journal keeps it:\n"
            f"    --accept-altered {THE_ROUTES}=REASON"
        )
        return error("stateAltered", detail)

    def _fact(self, concerned: Sequence[RegisterRow]) -> str:
        if self.broken_entry is not None:
            return f"entry {self.broken_entry} does not hold, so nobody can tell"
        facts = [f"a route of {each.secret} that {each.account} brought was added or altered" for each in concerned]
        facts += [f"{len(self.missing)} of them are missing or were altered"] if self.missing else []
        return enumerated(sorted(set(facts)))


def register_digest(told: Iterable[str]) -> str:
    """Return the digest over a register, from the digests of its rows in any order."""
    return "sha256:" + sha256_hex("\n".join(sorted(told)))


def read_register(connection: Connection, project: str) -> Register:
    """Return the register of routes of a project, compared with what the journal tells of it."""
    rows = [
        RegisterRow(stored, account, secret, fingerprint, route, row_digest_or_none(
            {"account": account, "secret": secret, "fingerprint": fingerprint, "route": route}
        ))
        for stored, account, secret, fingerprint, route in connection.execute(_ROWS, {"project": project})
    ]  # fmt: skip
    digests = frozenset(each.digest for each in rows if each.digest is not None)
    last = _last_digest(connection, project)
    if last is not None and last == register_digest(digests) and all(each.is_in_place for each in rows):
        return Register(rows=rows, told=digests)
    told, broken_entry = _told(connection, project)
    return Register(rows=rows, told=told, broken_entry=broken_entry)


def routes_known_by_name(
    connection: Connection, project: str, *, names: Collection[str]
) -> Sequence[Sequence[Any]] | None:
    """Return the routes that these accounts brought, and one of each secret that is known; None where that is not enough.

    Where the value of no secret is recorded, and none is read, a route is known by its secret and itself, and a secret by its
    reference: no route of another account then says more of one. It may where a value, or a token, has come to be recorded.
    """
    values = {"project": project}
    of_each = connection.execute(_OF_EACH_SECRET, {**values, "token": "%oauth2%"}).fetchall()
    if any(has_value for _, has_value, _ in of_each):
        return None
    condition, named = one_of("account", names)
    own = connection.execute(_OWN + condition, {**values, **named}).fetchall()
    return [*own, *((secret, None, route) for secret, _, route in of_each)]


def _last_digest(connection: Connection, project: str) -> str | None:
    """Return the digest of the register in the last entry; None where it has none, or does not hold."""
    with closing(entries_backwards(connection, project)) as entries:
        for link, payload in read_backwards(entries):
            found = payload.tells.get(ROUTE_REGISTER) if payload.tells is not None and is_intact(link) else None
            return found if isinstance(found, str) else None
    return None


def _told(connection: Connection, project: str) -> tuple[frozenset[str], int | None]:
    """Return the digests of the routes that all entries tell of, and the entry at which the chain breaks, or None."""
    told: set[str] = set()
    forgotten: set[str] = set()
    follower = None

    def tells_of_routes(text: str) -> bool:
        return f'"{ROUTE_DIGESTS}":' in text or f'"{FORGOTTEN_ROUTES}":' in text

    with closing(entries_backwards(connection, project)) as entries:
        for link, payload in read_backwards(entries, is_wanted=tells_of_routes):
            is_followed = follower is None or (follower.previous, follower.sequence) == (link.hash, link.sequence + 1)
            if payload.tells is None or not is_followed or not is_intact(link):
                return frozenset(told), link.sequence
            try:
                # Backwards: ``forgotten`` is what later entries removed; a route that came back after that is in
                # ``told`` already.
                told.update(set(payload.tells.get(ROUTE_DIGESTS, ())) - forgotten)
                forgotten.update(payload.tells.get(FORGOTTEN_ROUTES, ()))
            except TypeError:
                return frozenset(told), link.sequence
            follower = link
    return frozenset(told), None


class RegisterWatch:
    """The register in one transaction: as it was found, what is written, and the rows that are left."""

    def __init__(self, connection: Connection, project: str) -> None:
        """Read the register before anything is written."""
        self._register = read_register(connection, project)
        self._left = set(self._register.told)
        self._names: set[str] = set()
        self._secrets: set[str] = set()
        self._values: set[str] = set()

    @property
    def digest(self) -> str:
        """The digest of the register for the entry to come; rows that were altered are not in it."""
        return register_digest(self._left)

    def note(self, name: str, *, secrets: Iterable[str] = (), values: Iterable[str] = ()) -> None:
        """Note an account that is written, with the references and fingerprints of its secrets, for ``problem``."""
        self._names.add(name)
        self._secrets.update(secrets)
        self._values.update(values)

    def add(self, digests: Iterable[str]) -> None:
        """Note rows that are written."""
        self._left.update(digests)

    def remove(self, digests: Iterable[str]) -> None:
        """Note rows that are removed."""
        self._left.difference_update(digests)

    def problem(self) -> Diagnostic | None:
        """Return the error where what the transaction has noted has altered routes; None where it has none."""
        return self._register.problem_for(self._names, self._secrets, self._values)

    def accept(self, connection: Connection, project: str) -> tuple[frozenset[str], frozenset[str]] | None:
        """Take the register as it is; return the digests that the entry has to record and those that it has to forget.

        None where nothing was altered. A row that lies under another digest than its own is put in its place.
        """
        if not self._register.is_altered:
            return None
        for each in self._register.unvouched:
            if not each.is_in_place:
                connection.execute(ROUTES.removing, {"project": project, "digest": each.stored_digest})
        # Two rows can have come to the same content, so a row is inserted only where its digest is free.
        there = set(first_values(connection, _DIGESTS, {"project": project}))
        for each in self._register.unvouched:
            if each.digest is not None and each.digest not in there:
                row = {"account": each.account, "secret": each.secret, "fingerprint": each.fingerprint}
                connection.execute(
                    ROUTES.adding, {"project": project, "digest": each.digest, "route": each.route, **row}
                )
                there.add(each.digest)
        added = frozenset(each.digest for each in self._register.unvouched if each.digest is not None)
        gone = self._register.missing
        self._left = (self._left | added) - gone
        # Accepted once: what is written from here on is compared with nothing any more.
        self._register = Register(rows=(), told=frozenset())
        return added, gone
