"""Selectors: a name, a glob over names, or what an account has: ``label:KEY=VALUE``, ``host:``, ``status:`` and others.

To add one: a row of ``FACTS``, a word in ``cli/options.py``; its line in ``docs/reference/accounts.md`` is made of the row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.characters import SHOWN_WORD, clip, composed
from reconciler.classes import FrozenByName
from reconciler.diagnostics import Diagnostic, enumerated, error
from reconciler.diagnostics.phrasing import did_you_mean, nearest
from reconciler.model.accounts.kinds import KIND_WORDS, kind_of
from reconciler.model.accounts.recorded import RecordedAccount
from reconciler.model.accounts.statuses import STATUSES
from reconciler.model.text.globs import is_glob, matches, matches_any_host

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from reconciler.model.accounts.desired import DesiredAccount
    from reconciler.model.servers.server import Server

    Account = DesiredAccount | RecordedAccount
    Sides = Sequence[Account]
    """An account as selectors look at it: as it is, or before and after a change."""


class Fact(FrozenByName):
    """What a selector may ask for before its colon."""

    example: str
    """What may stand behind the colon."""
    meaning: str
    """Which accounts it selects, for the reference."""
    values: Callable[[Account], Iterable[str]]
    """What an account has of it."""
    matches: Callable[[str, str], bool] = matches
    """Whether what stands behind the colon means such a value."""
    nothing: str
    """The sentence where no account has what is asked for; ``{}`` is the selector."""
    known: tuple[str, ...] | None = None
    """All values that there can be; None: what the accounts have."""


def _labels(account: Account) -> Iterable[str]:
    return (f"{key}={composed(value)}" for key, value in account.metadata.labels.items())


def _is_label(wanted: str, label: str) -> bool:
    key, _, value = wanted.partition("=")  # without "=" nothing is meant: no label's value is empty
    known, _, text = label.partition("=")
    return key == known and matches(composed(value), text)


def _of_server(account: Account, value_of: Callable[[Server], str | None]) -> Iterable[str]:
    server = account.settings.server
    value = None if server is None else value_of(server)
    return () if value is None else (value,)


def _statuses(account: Account) -> Iterable[str]:
    return (account.status,) if isinstance(account, RecordedAccount) else ()


FACTS: Mapping[str, Fact] = {
    "label": Fact(
        example="team=sales",
        meaning="Those with the label, and that value of it.",
        values=_labels,
        matches=_is_label,
        nothing="No account has the label that {} asks for.",
    ),
    "host": Fact(
        example="smtp.example.com",
        meaning="Own accounts whose mail server it is, in any spelling of the host.",
        values=lambda account: _of_server(account, lambda server: server.host),
        matches=lambda wanted, host: matches_any_host((wanted,), host),
        nothing="No account goes through a mail server that {} names.",
    ),
    "port": Fact(
        example="465",
        meaning="Own accounts whose mail server is reached at that port.",
        values=lambda account: _of_server(account, lambda server: str(server.port)),
        nothing="No account goes through a mail server at a port that {} names.",
    ),
    "username": Fact(
        example="sales@example.com",
        meaning="Own accounts that log in with that user name.",
        values=lambda account: _of_server(account, lambda server: server.login.username),
        nothing="No account logs in with a user name that {} asks for.",
    ),
    "server": Fact(
        example="office",
        meaning="Own accounts whose settings come through that MailServer.",
        values=lambda account: () if account.server is None else (account.server,),
        nothing="No account has its settings from a MailServer that {} names.",
    ),
    "secret": Fact(
        example="env:SMTP_SALES_*",
        meaning="Own accounts that name the secret by that reference.",
        values=lambda account: (route.secret for route in account.secret_routes),
        nothing="No account has a secret whose reference {} names; in a reference * stops at a slash, and ** does not.",
    ),
    "status": Fact(
        example="failing",
        meaning="Those of that status; what is declared and not recorded has none.",
        values=_statuses,
        nothing="No account is recorded with the status that {} asks for; what manifests declare has none.",
        known=STATUSES,
    ),
    "kind": Fact(
        example="marketing",
        meaning="Those of that kind.",
        values=lambda account: (kind_of(account).word,),
        nothing="No account is of the kind that {} asks for.",
        known=KIND_WORDS,
    ),
}


def is_pattern(selector: str) -> bool:
    """Tell whether a selector may mean several accounts, as every one but a plain name may.

    >>> is_pattern("sales-*"), is_pattern("label:team=eu"), is_pattern("sales-de")
    (True, True, False)
    """
    return ":" in selector or is_glob(selector)


def selects(selector: str, sides: Sides) -> bool:
    """Tell whether the selector selects the account, by what it was or will be; NFC and NFD of one value are the same.

    Hosts are those of mail servers, in any case and as U-labels or A-labels. Only recorded accounts have a status.

    >>> from reconciler.model.accounts.desired import DesiredAccount
    >>> document = {"metadata": {"labels": {"team": "eu"}}, "spec": {"email": "sales@example.com", "displayName": "S"}}
    >>> sales = DesiredAccount(kind="MarketingAccount", name="sales-de", document=document)
    >>> [selects(selector, (sales,)) for selector in ("sales-*", "label:team=eu", "kind:marketing")]
    [True, True, True]
    >>> selects("status:active", (sales,)), selects("team:eu", (sales,))
    (False, False)
    """
    word, colon, wanted = selector.partition(":")
    if not colon:
        return any(matches(selector, account.name) for account in sides)
    fact = FACTS.get(word)
    return fact is not None and any(fact.matches(wanted, value) for account in sides for value in fact.values(account))


def is_selected(sides: Sides, targets: Sequence[str], excludes: Sequence[str]) -> bool:
    """Tell whether an account is wanted: by some target, where there are any, and by no exclusion.

    >>> from reconciler.model.accounts.desired import DesiredAccount
    >>> sales = DesiredAccount(kind="MarketingAccount", name="sales-de", document={})
    >>> is_selected((sales,), [], []), is_selected((sales,), ["news-*"], []), is_selected((sales,), [], ["*-de"])
    (True, False, False)
    """
    if targets and not any(selects(target, sides) for target in targets):
        return False
    return not any(selects(exclude, sides) for exclude in excludes)


def unmatched(selectors: Iterable[str], accounts: Sequence[Sides]) -> tuple[Diagnostic, ...]:
    """Return an error for each selector that selects none of the accounts, and tells why.

    >>> from reconciler.model.accounts.desired import DesiredAccount
    >>> sales = DesiredAccount(kind="MarketingAccount", name="sales", document={})
    >>> [each.detail for each in unmatched(["sales", "slaes"], [(sales,)])]
    ['No account is called slaes. Did you mean sales?']
    """
    return tuple(
        error("selectorMatchesNothing", _explain(selector, accounts), subject=selector)
        for selector in selectors
        if not any(selects(selector, sides) for sides in accounts)
    )


def may_select_none(selector: str) -> bool:
    """Tell whether a list by the selector may be empty without a mistake: it asks for a status or a kind that there is.

    >>> may_select_none("status:failing"), may_select_none("status:faling"), may_select_none("sales-*")
    (True, False, False)
    """
    word, _, wanted = selector.partition(":")
    fact = FACTS.get(word)
    return fact is not None and any(fact.matches(wanted, value) for value in fact.known or ())


def _explain(selector: str, accounts: Sequence[Sides]) -> str:
    word, colon, wanted = selector.partition(":")
    every = [account for sides in accounts for account in sides]
    if not colon:
        if is_glob(selector):
            return f"No account's name matches {selector}."
        return f"No account is called {selector}.{did_you_mean(selector, [account.name for account in every])}"
    fact = FACTS.get(word)
    if fact is None:
        words = [f"{each}:" for each in FACTS]
        near = did_you_mean(f"{word}:", words)
        return f"{selector} is no selector.{near} It is a name, a glob, or begins with {', '.join(words)}."
    if word == "label" and "=" not in wanted:
        return f"{selector} is not a label selector; write label:KEY=VALUE."
    if may_select_none(selector):  # there is such a value, and nobody has it now: no other one was meant
        return fact.nothing.format(selector)
    known = sorted({value for account in every for value in fact.values(account)}) if fact.known is None else fact.known
    # Hosts that differ by a letter are seldom one misspelt.
    value = None if is_glob(wanted) or word == "host" else nearest(wanted, known)
    meant = "" if value is None else f" Did you mean {word}:{value}?"
    return f"{fact.nothing.format(selector)}{meant}{f' There are: {enumerated(known)}.' if known else ''}"


def unknown_account(name: str, known: Iterable[str], *, ever: bool = False, remark: str = "") -> Diagnostic:
    """Return the error for a name that no account of state has, or ``ever`` had, with the nearest that one has.

    >>> unknown_account("slaes", ["sales", "news"]).detail.splitlines()[0]
    'No account called slaes is recorded. Did you mean sales? See'
    >>> unknown_account("press", ["sales", "news"], ever=True).detail.splitlines()[0]
    'No account called press was ever recorded. See'
    """
    shown = clip(name, SHOWN_WORD)
    recorded = "was ever recorded" if ever else "is recorded"
    detail = (
        f"No account called {shown} {recorded}.{did_you_mean(shown, known)}{remark} See\n    reconciler accounts list"
    )
    return error("unknownAccount", detail, subject=shown)
