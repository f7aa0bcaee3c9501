"""The kinds of account: one row for each, with all in which accounts of one kind differ from those of another.

Premise: code asks what a kind does (``kind_of(account).sends_through_platform``), never what it is called. So a further
kind is a further row here, with its document in ``manifest``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol, get_args

from reconciler.classes import FrozenByName

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.verification.evidence import CheckName

Kind = Literal["OwnAccount", "MarketingAccount"]
"""The name of a kind, as manifests, state and plans have it."""
KindWord = Literal["own", "marketing"]
"""The word for a kind in lists and on the command line."""


class AccountKind(FrozenByName):
    """What all accounts of one kind have in common."""

    name: Kind
    word: KindWord
    sends_through_platform: bool
    """Whether its accounts use the platform's server and login; the others name a server of their own."""
    approval_covers: tuple[str, ...]
    """The settings that the platform accepts, or refuses, an account for; none where the platform has no say."""
    needs_verification: bool
    """Whether an account counts as unverified until a server was asked about it; else the platform's word is enough."""
    is_a_mailbox: bool
    """Whether mail to the account's address reaches somebody."""
    is_shown_to_everybody: bool
    """Whether every user sees its accounts; the others are seen by their owner, or are shared one by one."""
    takes_overrides: bool
    """Whether details of a contact's card may replace sender and addressee."""
    never_blocking: frozenset[CheckName]
    """The domain checks that warn even where the project file enforces them."""

    @property
    def label(self) -> str:
        """What one of its accounts is called: ``own account``."""
        return f"{self.word} account"

    @property
    def label_with_article(self) -> str:
        """The same after *is*: ``an own account``."""
        return f"{'an' if self.word[0] in 'aeiou' else 'a'} {self.label}"

    @property
    def is_accepted_by_platform(self) -> bool:
        """Whether an account waits for the platform's decision before it sends."""
        return bool(self.approval_covers)


_OWN = AccountKind(
    name="OwnAccount",
    word="own",
    sends_through_platform=False,
    approval_covers=(),
    needs_verification=True,
    is_a_mailbox=True,
    is_shown_to_everybody=False,
    takes_overrides=False,  # most providers refuse or rewrite a foreign sender through somebody's own mailbox
    never_blocking=frozenset(),
)
_MARKETING = AccountKind(
    name="MarketingAccount",
    word="marketing",
    sends_through_platform=True,
    approval_covers=("email", "displayName", "replyTo", "overrideFrom", "overrideTo"),
    needs_verification=False,
    is_a_mailbox=False,
    is_shown_to_everybody=True,
    takes_overrides=True,
    never_blocking=frozenset({"mx"}),  # its address need not exist as a mailbox
)

KINDS: Mapping[str, AccountKind] = {row.name: row for row in (_OWN, _MARKETING)}
"""Every kind of account by its name."""
KIND_WORDS: tuple[KindWord, ...] = tuple(sorted(row.word for row in KINDS.values()))
"""The words for all kinds, in the order in which they are offered."""
assert set(KINDS) == set(get_args(Kind))  # noqa: S101 - a kind without its row must not load


class HasKind(Protocol):
    """An account, or a change of one."""

    @property
    def kind(self) -> Kind:
        """The name of its kind."""
        ...


def kind_of(account: HasKind) -> AccountKind:
    """Return the row of the account's kind."""
    return KINDS[account.kind]
