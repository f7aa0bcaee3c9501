"""What the project file lets secrets do: which may be named, where they come from, and where they may travel."""

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from reconciler.model.base import Value
from reconciler.model.fieldrules import Rule, Ruled, sentence
from reconciler.model.later import later
from reconciler.model.secrets.references import Secret, SecretGlob
from reconciler.model.text.placeholders import has_placeholder, placeholder_in
from reconciler.model.text.types import Text

if TYPE_CHECKING:
    from reconciler.model.granted import Grant
    from reconciler.model.secrets.sources import SecretSource
else:
    Grant = later("reconciler.model.granted", "Grant")
    SecretSource = later("reconciler.model.secrets.sources", "SecretSource")

_NAMES_WORDS = "declares a source called env or file, which exist already"


class ScopedSecret(Value):
    """An allowed secret that only some manifests may name."""

    secret: SecretGlob = Field(description="A glob over secrets, written SOURCE:KEY, such as env:SMTP_SALES_*.")
    manifests: Text = Field(
        description="A glob over the manifests that may name the secret, by path from the project folder, such as accounts.d/sales/*."
    )


class Secrets(Ruled):
    """Which secrets manifests may name, where they come from, and where they may travel."""

    allow: Annotated[tuple[SecretGlob | ScopedSecret, ...], Field(strict=False)] = Field(
        ("env:SMTP_*", "file:secrets/**"),
        description="Globs over the secrets that manifests may name, written SOURCE:KEY; by default env:SMTP_* and file:secrets/**. Nothing else may be named.",
    )
    sources: dict[Annotated[str, Field(pattern=r"^[a-z][A-Za-z0-9_-]{0,62}$")], SecretSource] = Field(
        {},
        description="Sources of secrets beside env and file, by name: vault here is what {vault: key} refers to in a manifest.",
    )
    first_use: Literal["allow", "grant"] = Field(
        "allow",
        description="Whether a secret that state has never seen may take its first route (allow, the default) or needs a grant for it (grant).",
    )
    grants: Annotated[tuple[Grant, ...], Field(strict=False)] = Field(
        (),
        description="Routes that secrets may take beyond those recorded in state; a refused plan prints the lines to add.",
    )
    fingerprint_key: Secret | None = Field(
        None,
        description="The key that secrets are fingerprinted with, by reference. By default a file beside the SQLite state, made by reconciler state init.",
    )

    rules = (
        Rule(
            code="contradiction",
            words=_NAMES_WORDS,
            holds=lambda secrets: not secrets.sources.keys() & {"env", "file"},
            schemas=(
                {
                    "$comment": f"contradiction: {_NAMES_WORDS}",
                    "properties": {
                        "sources": {
                            "propertyNames": {
                                "pattern": "^(?!(env|file)$)",
                                "patternErrorMessage": sentence(_NAMES_WORDS),
                                "doNotSuggest": True,
                            },
                            "doNotSuggest": True,
                        },
                    },
                },
            ),
        ),
    )

    def holder_of(self, field: str) -> str:  # noqa: ARG002 - an environment has some fields for itself
        """Return the path in the project file below which a field of these rules is written: ``secrets``."""
        return "secrets"

    def ways_to_name(self) -> str:
        """Return what to add to advice to name another secret: nothing, where there is but the manifest to name it in."""
        return ""

    def bars_first_use(self, secret: str) -> bool:  # noqa: ARG002 - rules of an environment look at it
        """Tell whether a secret that state has never seen needs a grant for its first route."""
        return self.first_use == "grant"

    @model_validator(mode="after")
    def _check_placeholders(self) -> Self:
        """Refuse what people fill in elsewhere: here it would mean itself, and so nothing."""
        if self.fingerprint_key is not None and has_placeholder("".join(self.fingerprint_key.values())):
            raise PydanticCustomError(
                "unknownPlaceholder", "has a word in braces in fingerprintKey, where nothing is filled in"
            )
        allowed = [entry if isinstance(entry, str) else entry.secret for entry in self.allow]
        for glob in (*allowed, *(grant.secret for grant in self.grants)):
            if (found := placeholder_in(glob)) is not None:
                rule = f"has {found} in a glob of allow or grants, where nothing is filled in: write * in its place"
                raise PydanticCustomError("unknownPlaceholder", "{rule}", {"rule": rule})
        return self
