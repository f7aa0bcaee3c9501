"""The rules over several fields that a schema can express, by the name of the definition that they are added to."""

from __future__ import annotations

from reconciler.model.accounts.kinds import KINDS
from reconciler.model.accounts.manifest import Override
from reconciler.model.accounts.oauth2 import OAuth2
from reconciler.model.accounts.passage import Proxy
from reconciler.model.accounts.server import Authentication, Smtp
from reconciler.model.consumers.settings import Consumer
from reconciler.model.divisions import GuardException
from reconciler.model.granted import Grant
from reconciler.model.grants import Secrets
from reconciler.model.secrets.sources import SecretSource

Schema = dict[str, object]

_OVERRIDE_WORDS = (
    "Overrides exist on marketing accounts only: most providers refuse or rewrite a foreign sender through somebody's own "
    "mailbox."
)
_MODELS = (Smtp, OAuth2, Authentication, Proxy, Override, SecretSource, Secrets, Consumer, Grant, GuardException)

RULES: dict[str, list[Schema]] = {
    **{model.__name__: [schema for rule in model.rules for schema in rule.schemas] for model in _MODELS},
    **{
        f"{row.name}Spec": [
            {"properties": {"overrideFrom": False, "overrideTo": False}, "errorMessage": _OVERRIDE_WORDS},
        ]
        for row in KINDS.values()
        if not row.takes_overrides
    },
}
