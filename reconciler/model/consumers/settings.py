"""``Consumer``: a program that uses what is applied, as the project file declares it.

A consumer is where secrets go, so only the project file has it, which the protected branch vouches for.
"""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field

from reconciler.model.base import Value
from reconciler.model.fieldrules import Rule, Ruled, excludes, is_one_of, needs
from reconciler.model.secrets.routes import Delivery
from reconciler.model.text.types import Seconds, Text

ConsumerType = Literal["files", "postfix", "msmtp", "exec"]
FileFormat = Literal["dotenv", "json", "kubernetes", "django", "nodemailer"]
FILE_FORMATS: tuple[FileFormat, ...] = get_args(FileFormat)
Words = Annotated[tuple[Text, ...], Field(strict=False, min_length=1)]
KubernetesName = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$",
        json_schema_extra={
            "patternErrorMessage": "A name in Kubernetes is lower-case letters, digits, - and ., with a letter or digit at both ends."
        },
    ),
]
_COMMAND_WORDS = "has command, which goes with type: exec"


class SecretStore(Value):
    """The store that an ExternalSecret reads from."""

    name: KubernetesName = Field(description="The name of the SecretStore or ClusterSecretStore.")
    kind: Literal["SecretStore", "ClusterSecretStore"] = Field(
        "SecretStore",
        description="The kind of the store: SecretStore, of its own namespace (the default), or ClusterSecretStore.",
    )


class Consumer(Ruled):
    """A program that uses applied accounts: where it finds them, which ones it gets, and how their secrets are named."""

    type: ConsumerType = Field(
        description="What is written: files of one format, maps for postfix, the settings of msmtp, or what a command does (exec)."
    )
    format: FileFormat | None = Field(
        None, description="For type: files the format: dotenv, json, kubernetes, django or nodemailer."
    )
    path: Text | None = Field(
        None,
        description="The file to write, for postfix the folder; absolute, or inside the project folder and ignored by git.",
    )
    command: Words | None = Field(
        None,
        description="For type: exec the program and its arguments, run without a shell, which reads and writes one JSON object.",
    )
    environment: Annotated[tuple[Text, ...], Field(strict=False)] = Field(
        (),
        description="For exec, and for after: globs of environment variables that a command gets beside PATH, HOME, locale and proxies.",
    )
    accounts: Words = Field(
        description="Which accounts are published: names, globs, or label:KEY=VALUE; only active ones are."
    )
    secrets: Literal["write", "reference", "none"] = Field(
        "write",
        description="Whether secrets are written (the default, which needs a grant), referred to where the format can, or left out.",
    )
    on_suspend: Literal["remove", "hold"] = Field(
        "remove",
        description="What a suspension does: the account is removed (the default), or what it sends is held; hold is for postfix and exec.",
    )
    after: Words | None = Field(
        None,
        description="A program and its arguments, run without a shell where something changed, such as [postfix, reload].",
    )
    timeout_seconds: Seconds = Field(30, description="How long a command may take, in seconds; by default 30.")
    adopt: bool = Field(
        default=False,
        description="Whether a file that reconciler has not written may be replaced; by default it is refused.",
    )
    maps: Literal["lmdb", "texthash"] = Field(
        "lmdb",
        description="For postfix the kind of its maps: lmdb (the default), used by the next mail without a reload, or texthash.",
    )
    namespace: KubernetesName | None = Field(None, description="For kubernetes the namespace of the objects.")
    secret_store: SecretStore | None = Field(
        None, description="For kubernetes with secrets: reference, the store that the ExternalSecret reads from."
    )

    rules = (
        needs("path", when=is_one_of("type", "files", "postfix", "msmtp"), words="needs path: what is to be written"),
        excludes("path", when=is_one_of("type", "exec"), words="has path, and type: exec writes no file"),
        needs("command", when=is_one_of("type", "exec"), words="needs command: what is to be run"),
        excludes("command", when=is_one_of("type", "files", "postfix", "msmtp"), words=_COMMAND_WORDS),
        needs("format", when=is_one_of("type", "files"), words=f"needs format: one of {', '.join(FILE_FORMATS)}"),
        excludes(
            "format",
            when=is_one_of("type", "postfix", "msmtp", "exec"),
            words="has format, which goes with type: files",
        ),
        Rule(
            code="contradiction",
            words="has onSuspend: hold, which only postfix and exec can do",
            holds=lambda consumer: consumer.on_suspend == "remove" or consumer.type in {"postfix", "exec"},
            schemas=(
                {
                    "if": is_one_of("onSuspend", "hold").schema,
                    "then": {
                        "$comment": "contradiction: has onSuspend: hold, which only postfix and exec can do",
                        "properties": {"type": {"enum": ["postfix", "exec"], "doNotSuggest": True}},
                    },
                },
            ),
        ),
    )

    @property
    def form(self) -> dict[str, object]:
        """All that decides what is written for an account, but for the account: another form has everything written anew."""
        return self.model_dump(
            mode="json",
            include={"type", "format", "secrets", "on_suspend", "maps", "namespace", "secret_store"},
        )

    def delivery(self, name: str) -> Delivery:
        """Return where secrets go with this consumer: any difference makes it another route."""
        return Delivery(
            name=name, path=self.path, command=self.command, after=self.after, environment=self.environment or None
        )
