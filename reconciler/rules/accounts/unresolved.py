"""What accounts name that cannot be used: each reference is judged, whatever else is wrong with the account.

Taken from what is written, with placeholders filled in as far as the account has the values. What is refused for its own
form is left out, since that is told already; so is a reference in which a placeholder is left.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from reconciler.characters import SHOWN_WORD
from reconciler.classes import FrozenByName
from reconciler.model.accounts.manifest import MODELS, AccountWithServer
from reconciler.model.secrets.references import Secret
from reconciler.model.secrets.spelling import reference_text
from reconciler.model.secrets.values import is_secret
from reconciler.model.text.domains import NotAnAddress, split_address
from reconciler.model.text.placeholders import PLACEHOLDERS, filled
from reconciler.rules.accounts.servers import CREDENTIALS, fillings, fills_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from reconciler.diagnostics import Location
    from reconciler.model.accounts.desired import DesiredAccount
    from reconciler.model.accounts.located import LocatedManifest, Locator, Unread

_NOTHING = "\0"
_NO_VALUES = dict.fromkeys(PLACEHOLDERS, _NOTHING)
_REFERENCE: TypeAdapter[dict[str, str]] = TypeAdapter(Secret)


class UnresolvedAccount(FrozenByName):
    """An account that cannot be used, with the references that it names all the same."""

    name: str | None
    """None where it gives itself none."""
    file: str
    location: Location | None
    named_secrets: frozenset[str]
    server_file: str = ""
    server_location: Location | None = None
    server_secrets: frozenset[str] = frozenset()

    @staticmethod
    def place_in_overlay(secret: str) -> None:
        """Return None: of a refused account nobody looks where it names a secret."""


class _Written(FrozenByName):
    """A document as it is written, valid or not."""

    value: Mapping[str, object]
    file: str
    locator: Locator
    kind: str | None

    @property
    def name(self) -> str | None:
        """The name that it gives itself."""
        name = _part(self.value, "metadata").get("name")
        return name[:SHOWN_WORD] if isinstance(name, str) else None

    @property
    def is_server(self) -> bool:
        """True for a MailServer."""
        return self.kind == "MailServer"

    @property
    def may_have_server(self) -> bool:
        """True for an account whose manifest names a server, and for what nobody knows the kind of."""
        return self.kind is None or MODELS[self.kind] is AccountWithServer


def unresolved_accounts(
    manifests: Collection[LocatedManifest], unread: Unread, resolved: Collection[DesiredAccount]
) -> list[UnresolvedAccount]:
    """Return the refused accounts that name secrets: all that are not among ``resolved``."""
    usable = {(account.file, account.location) for account in resolved}
    written = [  # what is usable is not looked at, and most are
        *(
            _Written(
                value=each.manifest.model_dump(include={"metadata", "spec"}, exclude_none=True),
                file=each.file,
                locator=each.locator,
                kind=each.manifest.kind,
            )
            for each in manifests
            if (each.file, each.locator.value_at(())) not in usable
        ),
        *(
            _Written(value=each.value, file=each.locator.value_at(()).file, locator=each.locator, kind=each.kind)
            for each in unread.documents
            if each.locator is not None and isinstance(each.value, dict)
        ),
    ]
    counts = Counter(each.name for each in written if each.is_server)
    servers = {each.name: each for each in written if each.is_server and counts[each.name] == 1}
    return [
        account for each in written if each.may_have_server if (account := _unresolved(each, servers)).named_secrets
    ]


def _unresolved(account: _Written, servers: Mapping[str | None, _Written]) -> UnresolvedAccount:
    spec = _part(account.value, "spec")
    smtp, values = _part(spec, "smtp"), _values(account)
    own = frozenset(_references({"smtp": smtp, "proxy": _part(spec, "proxy")}, values))
    named = smtp.get("server")
    server = servers.get(named) if isinstance(named, str) else None
    if server is None:
        return UnresolvedAccount(
            name=account.name, file=account.file, location=account.locator.value_at(()), named_secrets=own
        )
    shared = _part(server.value, "spec")
    has_own = not _part(smtp, "authentication").keys().isdisjoint(CREDENTIALS)
    given = {
        *({"authentication"} if has_own else ()),
        *(spec.keys() & {"proxy"}),
        *(smtp.keys() & {"clientCertificate"}),
    }
    nodes = {key: _part(shared, key) for key in ("authentication", "clientCertificate", "proxy") if key not in given}
    inherited = frozenset(_references(nodes, values)) - own
    return UnresolvedAccount(
        name=account.name,
        file=account.file,
        location=account.locator.value_at(()),
        named_secrets=own | inherited,
        server_file=server.file,
        server_location=server.locator.value_at(("spec", "host")),
        server_secrets=inherited,
    )


def _part(node: Mapping[str, object], key: str) -> Mapping[str, object]:
    part = node.get(key)
    return part if isinstance(part, dict) else {}


def _values(account: _Written) -> dict[str, str]:
    """Return what can be filled in: without an address that is one, the name alone."""
    name, address = account.name, _part(account.value, "spec").get("email")
    values = {"name": name} if name is not None else {}
    try:
        localpart, domain = split_address(address if isinstance(address, str) else "")
    except NotAnAddress:
        return values
    return {**values, **fillings(localpart, domain)}


def _references(parts: Mapping[str, Mapping[str, object]], values: Mapping[str, str]) -> Iterator[str]:
    """Yield the references in parts of a manifest, by name, that have a form which is taken, filled in."""
    waiting: list[tuple[str, Mapping[str, object]]] = [*parts.items()]
    while waiting:
        parent, node = waiting.pop()
        for key, value in node.items():
            if not is_secret((parent, key)):
                waiting.extend([(key, value)] if isinstance(value, dict) else [])
                continue
            try:
                ((source, written),) = _REFERENCE.validate_python(value).items()
            except ValidationError:
                continue  # its form is told already
            filled_in = fills_key(source, written, values)
            if filled_in is not None and _NOTHING not in filled(written, {**_NO_VALUES, **values}):
                yield reference_text({source: filled_in})
