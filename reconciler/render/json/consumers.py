"""The JSON documents of consumers: what was published, and what each has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from reconciler.model.canonical import JsonObject
from reconciler.model.formats import FORMAT_VERSION
from reconciler.render.json.documents import diagnostic_documents
from reconciler.render.times import instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from reconciler.diagnostics import Diagnostic
    from reconciler.model.consumers.publication import Told

Document = JsonObject


class AccountShown(Protocol):
    """One account at one consumer, as ``consumers show`` has it."""

    @property
    def account(self) -> str:
        """The account's name."""

    @property
    def is_wanted(self) -> bool:
        """The consumer is to have it."""

    @property
    def is_published(self) -> bool:
        """It was given what it is to have, or nothing where it is to have nothing."""

    @property
    def since(self) -> datetime | None:
        """When it was given what it has."""

    @property
    def reason(self) -> str | None:
        """Why it is not to have it, or has not been given it."""

    @property
    def attempts(self) -> int:
        """How often it was begun to be given that, which did not come to its end."""


class ConsumerShown(Protocol):
    """One consumer, as ``consumers list`` has it."""

    @property
    def name(self) -> str:
        """Its name in the project file."""

    @property
    def type(self) -> str:
        """Its format where it has one, else its type."""

    @property
    def place(self) -> str:
        """Where it is: a path, or the command."""

    @property
    def secrets(self) -> str:
        """How it is given secrets, in the project file's word."""

    @property
    def accounts(self) -> Sequence[AccountShown]:
        """Its accounts, by name."""

    @property
    def problem(self) -> str | None:
        """Why nothing can be published to it."""


def told_documents(told: Iterable[Told]) -> list[Document]:
    """Return what came of a publication, by consumer."""
    return [
        {
            "name": each.consumer,
            "outcome": each.outcome,
            "accounts": each.accounts,
            "edited": each.is_edited,
            "differences": [{"account": one.account, "drift": one.drift} for one in each.differences],
        }
        for each in told
    ]


def published_document(told: Iterable[Told], diagnostics: Iterable[Diagnostic]) -> Document:
    """Return what ``publish`` prints."""
    return {
        "formatVersion": FORMAT_VERSION,
        "consumers": told_documents(told),
        "diagnostics": diagnostic_documents(diagnostics),
    }


def consumers_document(shown: Iterable[ConsumerShown]) -> Document:
    """Return what ``consumers list`` and ``show`` print."""
    return {
        "formatVersion": FORMAT_VERSION,
        "consumers": [
            {
                "name": each.name,
                "type": each.type,
                "place": each.place,
                "secrets": each.secrets,
                "problem": each.problem,
                "accounts": [_account(one) for one in each.accounts],
            }
            for each in shown
        ],
    }


def conformance_document(steps: Iterable[tuple[str, str | None]], problem: Diagnostic | None) -> Document:
    """Return what ``consumers conform`` prints: each step, and what is wrong with it; null where it holds."""
    return {
        "formatVersion": FORMAT_VERSION,
        "conforms": problem is None,
        "steps": [{"step": sentence, "problem": why} for sentence, why in steps],
        "diagnostics": diagnostic_documents(() if problem is None else (problem,)),
    }


def _account(shown: AccountShown) -> Document:
    return {
        "account": shown.account,
        "wanted": shown.is_wanted,
        "published": shown.is_published,
        "since": instant(shown.since) if shown.since is not None else None,
        "reason": shown.reason,
        "attempts": shown.attempts,
    }
