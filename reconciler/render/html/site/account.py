"""The page of one account: settings as they are recorded, standing, evidence, history, and how to delete it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName, dataclass
from reconciler.model.accounts.kinds import AccountKind, kind_of
from reconciler.model.secrets.values import is_secret
from reconciler.render.html.site.listing import Reason, reason_of
from reconciler.render.json.documents import spec_as_written
from reconciler.render.text.parts.fields import scalar
from reconciler.render.times import instant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.model.canonical import JsonView
    from reconciler.model.verification.evidence import Observed


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """One recorded setting, by its path in the manifest; a secret is shown as its reference."""

    path: str
    value: str
    is_secret: bool = False


class AccountView(FrozenByName):
    """What the page of an account shows of it, without the history."""

    account: RecordedAccount
    kind: AccountKind
    email: str
    reason: Reason
    settings: tuple[Setting, ...]
    annotations: tuple[Setting, ...]
    labels: tuple[str, ...]
    routes: tuple[tuple[str, str], ...]
    """Each secret reference, and where it travels."""
    observed: tuple[tuple[str, str], ...]
    """Keys of the catalog with values: what verification learned of the server."""
    removal: tuple[str, ...]
    """The lines that tell which document of the manifest is the account's."""
    commands: tuple[str, ...]


def view_of(account: RecordedAccount) -> AccountView:
    """Return what the page of an account shows."""
    metadata = account.metadata
    spec = spec_as_written(account)
    return AccountView(
        account=account,
        kind=kind_of(account),
        email=account.written.get("spec.email", account.settings.email),
        reason=reason_of(account),
        settings=tuple(_flat(spec)),
        annotations=tuple(_flat(metadata.annotations)),
        labels=tuple(f"{key}={value}" for key, value in sorted(metadata.labels.items())),
        routes=tuple((each.secret, str(each.route)) for each in account.secret_routes),
        observed=tuple(_observed(account.evidence.observed)) if account.evidence else (),
        # As YAML, since that is what stands in the file; the rest of the document goes with these lines.
        removal=("apiVersion: reconciler/v1", f"kind: {account.kind}", "metadata:", f"  name: {account.name}"),
        commands=_commands(account.name, account.manifest),
    )


def _flat(settings: JsonView, path: tuple[str, ...] = ()) -> Iterator[Setting]:
    for key, value in sorted(settings.items()):
        place = (*path, key)
        if isinstance(value, dict):
            yield from _flat(value, place)
        elif isinstance(value, list) and all(isinstance(each, dict) for each in value):
            yield from _flat({str(number): each for number, each in enumerate(value)}, place)
        elif value is not None:
            yield Setting(path=".".join(place), value=scalar(value), is_secret=is_secret(place))


def _observed(found: Observed) -> Iterator[tuple[str, str]]:
    ends = found.certificate_not_after
    told = {
        "observed.version": found.tls_version,
        "observed.cipher": found.tls_cipher,
        "observed.certificate": found.certificate_fingerprint,
        "observed.ends": instant(ends) if ends is not None else None,
        "observed.mechanism": found.mechanism,
        "observed.queue": found.queue_id,
    }
    return ((key, value) for key, value in told.items() if value)


def _commands(name: str, manifest: str | None) -> tuple[str, ...]:
    quoted = shlex.quote(name)
    # Only the manifest is committed where it is known: a checkout may hold other work that is not finished.
    what = f"-- {shlex.quote(manifest)}" if manifest else "--all"
    return (
        f"git switch -c delete-{quoted}",
        f"reconciler accounts delete {quoted}",
        f"reconciler plan --target {quoted}",
        f"git commit --message {shlex.quote(f'Delete {name}')} {what}",
        f"git push --set-upstream origin delete-{quoted}",
    )
