"""The view ``senders``: who may send what through which server, for programs that look things up by SQL.

It stands beside the tables and is made of them alone, so that a suspension counts from its commit on. Nothing secret is
in it: of a password there is the reference. A marketing account sends through the platform's server, which state does
not have, so that its server's columns are null.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.accounts.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    At = Callable[..., str]
    """From a column of JSON text and a path in it to the SQL of the text that stands there."""

VIEW = "senders"
COLUMNS = (
    "project", "name", "kind", "email", "display_name", "reply_to", "host", "port", "encryption", "mechanism", "username",
    "secret", "active", "demands",
)  # fmt: skip
FAULT = f"The view {VIEW} does not give what the accounts are: programs that look senders up there send as it says."
"""What is told where the view is not as it was made."""
_SMTP = ("document", "spec", "smtp")
_LOGIN = (*_SMTP, "authentication")
_DEMANDS = {
    "proxy": ("document", "spec", "proxy"),
    "oauth2": (*_LOGIN, "oauth2"),
    "accessToken": (*_LOGIN, "accessToken"),
    "privateCa": (*_SMTP, "caFile"),
    "certificate": (*_SMTP, "certificate"),
    "clientCertificate": (*_SMTP, "clientCertificate"),
    "heloName": (*_SMTP, "heloName"),
}
"""What an account may demand of its server's access beside the columns, and where its document says so."""


def _select(at: At, replies: str) -> str:
    mechanism, username = at(*_LOGIN, "mechanism"), at(*_LOGIN, "username")
    values = (
        "project",
        "name",
        _case({row.name: row.word for row in KINDS.values()}),
        at("document", "spec", "email"),
        at("document", "spec", "displayName"),
        replies,
        at(*_SMTP, "host"),
        f"CAST({at(*_SMTP, 'port')} AS integer)",
        at(*_SMTP, "encryption"),
        f"CASE WHEN {at(*_LOGIN)} IS NOT NULL THEN coalesce({mechanism}, 'auto') END",
        username,
        at(*_LOGIN, "password"),
        _active(at),
        _demands(at),
    )
    listed = ", ".join(f"{value} AS {column}" for value, column in zip(values, COLUMNS, strict=True))
    return f"SELECT {listed} FROM accounts"


def _case(words: dict[str, str]) -> str:
    return "CASE kind " + " ".join(f"WHEN '{name}' THEN '{word}'" for name, word in words.items()) + " END"


def _active(at: At) -> str:
    """Return the condition under which ``RecordedAccount.status`` is active."""
    decided = _kinds(row.name for row in KINDS.values() if row.is_accepted_by_platform)
    verified = _kinds(row.name for row in KINDS.values() if row.needs_verification)
    outcome = f"coalesce({at('verification', 'outcome')}, 'skipped')"
    return (
        f"(suspension IS NULL AND (approval IS NOT NULL OR kind NOT IN {decided})"
        f" AND coalesce({at('approval', 'decision')}, '') <> 'rejected'"
        f" AND ({outcome} = 'passed' OR ({outcome} = 'skipped' AND kind NOT IN {verified})))"
    )


def _demands(at: At) -> str:
    words = " || ".join(
        f"CASE WHEN {at(*path)} IS NOT NULL THEN '{word} ' ELSE '' END" for word, path in _DEMANDS.items()
    )
    return f"nullif(rtrim({words}), '')"


def _kinds(names: Iterable[str]) -> str:
    return "(" + ", ".join(f"'{name}'" for name in names) + ")"


def _at_sqlite(column: str, *path: str) -> str:
    return f"json_extract({column}, '$.{'.'.join(path)}')"


def _at_postgres(column: str, *path: str) -> str:
    return f"(CAST({column} AS json) #>> '{{{','.join(path)}}}')"


_REPLIES_SQLITE = (
    "(SELECT group_concat(json_extract(value, '$.email'), ', ') FROM json_each("
    "CASE json_type(document, '$.spec.replyTo') WHEN 'array' THEN json_extract(document, '$.spec.replyTo')"
    " WHEN 'object' THEN json_array(json_extract(document, '$.spec.replyTo')) ELSE '[]' END))"
)
_REPLY_TO = "CAST(document AS json) #> '{spec,replyTo}'"
_REPLIES_POSTGRES = (
    "(SELECT string_agg(reply ->> 'email', ', ' ORDER BY place) FROM json_array_elements("
    f"CASE json_typeof({_REPLY_TO}) WHEN 'array' THEN {_REPLY_TO}"
    f" WHEN 'object' THEN json_build_array({_REPLY_TO}) ELSE '[]' END) WITH ORDINALITY AS replies (reply, place))"
)
"""The addresses that replies go to, with commas between; null where they go to the sender."""
MAKING_IN_SQLITE = f"CREATE VIEW {VIEW} AS {_select(_at_sqlite, _REPLIES_SQLITE)}"
QUERY_IN_POSTGRES = _select(_at_postgres, _REPLIES_POSTGRES)
