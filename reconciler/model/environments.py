"""An environment of a project: the project as it stands there, with nothing left that tells of the others.

The premise: one set of manifests, several states. What an environment has of its own takes the place of the project's,
and the key of everything in state gets the environment's name, so that a state knows whose it is and every rule, plan
and journal after this one has a project like any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic.alias_generators import to_snake

from reconciler.model.grants import Secrets
from reconciler.model.text.globs import matches
from reconciler.model.text.projectkeys import SEPARATOR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.model.divisions import Environment
    from reconciler.model.project import Project


class SeparatedSecrets(Secrets):
    """Rules of one environment, which know what the others' manifests may name: its value may be theirs."""

    allowed_elsewhere: tuple[str, ...] = ()
    environment: str
    own_fields: frozenset[str] = frozenset()
    """The fields that the environment has in place of the project's."""

    def holder_of(self, field: str) -> str:
        """Return the path below which a field is written; one that is nowhere written belongs to the environment alone."""
        is_shared = to_snake(field) in self.model_fields_set - self.own_fields
        return "secrets" if is_shared else f"environments.{self.environment}.secrets"

    def ways_to_name(self) -> str:
        """Return where another secret can be named for this environment alone."""
        return f", for {self.environment} alone by an overlay"

    def bars_first_use(self, secret: str) -> bool:
        """Tell whether a secret that state has never seen needs a grant: another environment's state may know it."""
        return super().bars_first_use(secret) or any(matches(glob, secret) for glob in self.allowed_elsewhere)


def in_environment(project: Project, name: str) -> Project:
    """Return the project as it stands in one of its environments; it declares none itself any more."""
    own = project.environments[name]
    secrets = _secrets_of(project, own)
    is_free = own.secrets is not None and "first_use" in own.secrets.model_fields_set
    others = [_secrets_of(project, each) for key, each in project.environments.items() if key != name]
    elsewhere = () if is_free else tuple(dict.fromkeys(glob for each in others for glob in _globs(each)))
    key = project.metadata.name if own.adopted else f"{project.metadata.name}{SEPARATOR}{name}"
    return project.model_copy(
        update={
            "metadata": project.metadata.model_copy(update={"name": key}),
            "state": own.state,
            "operator": own.operator or project.operator,
            "platform": own.platform or project.platform,
            "secrets": SeparatedSecrets.model_validate(
                {
                    **_written(secrets),
                    "allowed_elsewhere": elsewhere,
                    "environment": name,
                    "own_fields": frozenset(own.secrets.model_fields_set if own.secrets is not None else ()),
                }
            ),
            "consumers": own.consumers,
            "environments": {},
        }
    )


def _secrets_of(project: Project, environment: Environment) -> Secrets:
    own = environment.secrets
    if own is None:
        return project.secrets
    return project.secrets.model_copy(update={name: getattr(own, name) for name in own.model_fields_set})


def _written(secrets: Secrets) -> dict[str, object]:
    return {name: getattr(secrets, name) for name in sorted(secrets.model_fields_set)}


def _globs(secrets: Secrets) -> Iterator[str]:
    """Yield globs over all that manifests may name under these rules; a source without an entry is open to all."""
    globs = [entry if isinstance(entry, str) else entry.secret for entry in secrets.allow]
    yield from globs
    named = {glob.partition(":")[0] for glob in globs}
    yield from (f"{source}:**" for source in secrets.sources if source not in named)
