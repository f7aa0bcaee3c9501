"""The rows of the kinds agree with the documents of the kinds, and the command line offers what the model has."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import click
import pytest
from pydantic.alias_generators import to_camel

from reconciler.cli.commands.accounts.add import add
from reconciler.cli.commands.accounts.view import accounts
from reconciler.cli.commands.plan import plan
from reconciler.model.accounts.kinds import KIND_WORDS, KINDS
from reconciler.model.accounts.manifest import MODELS, AccountWithServer
from reconciler.model.accounts.recorded import approval_digest
from reconciler.model.accounts.settings import Settings
from reconciler.model.accounts.statuses import STATUSES
from reconciler.model.servers.terms import DEFAULT_PORTS, ENCRYPTIONS, MECHANISMS, PROXY_TYPES, TOKEN_MECHANISMS
from reconciler.model.verification.depths import DEPTHS
from reconciler.model.verification.evidence import DOMAIN_CHECKS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.model.accounts.kinds import AccountKind

ROWS = pytest.mark.parametrize("row", KINDS.values(), ids=KINDS)


def settings_of(row: AccountKind) -> set[str]:
    """Return the names of the settings that a manifest of the kind can have."""
    fields = MODELS[row.name].model_fields["spec"].annotation
    assert fields is not None
    return {to_camel(name) for name in fields.model_fields}


def test_every_document_of_an_account_has_a_row() -> None:
    """What manifests declare are accounts of the kinds that have a row, and mail servers."""
    assert set(MODELS) == {*KINDS, "MailServer"}


@ROWS
def test_an_account_names_a_server_or_sends_through_the_platform(row: AccountKind) -> None:
    """The document of a kind has a server exactly where the kind does not send through the platform."""
    assert ("smtp" in settings_of(row)) is not row.sends_through_platform


@ROWS
def test_documents_with_a_server_are_resolved_with_it(row: AccountKind) -> None:
    """The type by which manifests are resolved names exactly the kinds with a server of their own."""
    assert (MODELS[row.name] in (get_args(AccountWithServer) or (AccountWithServer,))) is not row.sends_through_platform


@ROWS
def test_an_approval_covers_settings_that_exist(row: AccountKind) -> None:
    """What the platform accepts an account for can be written in its manifest."""
    assert set(row.approval_covers) <= settings_of(row)


@ROWS
def test_only_what_is_approved_has_a_digest_of_it(row: AccountKind) -> None:
    """A kind that the platform does not decide on has nothing that an approval could belong to."""
    digest = approval_digest(row.name, Settings(email="news@example.com", display_name="News"))
    assert (digest is not None) is row.is_accepted_by_platform


@ROWS
def test_overrides_are_settings_where_they_are_taken(row: AccountKind) -> None:
    """The document of a kind has overrides exactly where the kind takes them."""
    assert ("overrideFrom" in settings_of(row)) is row.takes_overrides


@ROWS
def test_what_everybody_sees_is_not_shared_one_by_one(row: AccountKind) -> None:
    """The document of a kind says whether it is shared exactly where not everybody sees it anyway."""
    assert ("shared" in settings_of(row)) is not row.is_shown_to_everybody


@ROWS
def test_only_checks_of_domains_can_be_kept_from_blocking(row: AccountKind) -> None:
    """The checks that never block are among those that the project file can enforce."""
    assert row.never_blocking <= set(DOMAIN_CHECKS)


@pytest.mark.parametrize(
    ("kind", "words"), [("OwnAccount", "an own account"), ("MarketingAccount", "a marketing account")]
)
def test_a_kind_has_its_article(kind: str, words: str) -> None:
    """After *is*, a kind is told with the article that its word takes."""
    assert words == KINDS[kind].label_with_article


def test_every_encryption_has_a_port() -> None:
    """A server whose port is not given has one by its encryption."""
    assert set(ENCRYPTIONS) == set(DEFAULT_PORTS)


def test_mechanisms_with_a_token_are_mechanisms() -> None:
    """The mechanisms that take a token are among those that a manifest can name."""
    assert set(MECHANISMS) >= set(TOKEN_MECHANISMS)


@pytest.mark.parametrize(
    ("group", "command", "option", "offered"),
    [
        (add, "own", "encryption", ENCRYPTIONS),
        (add, "own", "mechanism", MECHANISMS),
        (add, "own", "proxy_type", PROXY_TYPES),
        (accounts, "list", "status", STATUSES),
        (accounts, "list", "kind", ("all", *KIND_WORDS)),
        (None, "plan", "depth", DEPTHS),
    ],
)
def test_the_command_line_offers_what_the_model_has(
    group: click.Group | None, command: str, option: str, offered: Sequence[str]
) -> None:
    """The choices of an option are the list of the model, in its order."""
    found = group.commands[command] if group is not None else plan
    (choice,) = [each.type for each in found.params if each.name == option]
    assert isinstance(choice, click.Choice)
    assert tuple(offered) == tuple(choice.choices)


def test_every_kind_can_be_added() -> None:
    """The words of the kinds are the commands that add an account."""
    assert set(add.commands) == set(KIND_WORDS)
