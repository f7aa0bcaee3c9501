"""Which rules look at several accounts at once, and under what these meet: what a plan of a few changed files rests on.

The premise: the last plan changed nothing, and since then a few manifests were written, changed or removed. A rule that
looks at one account alone then says of all others what it said. So these are looked at again, with every account that
they meet in a rule that looks at several; of the ``Rest`` such a rule is given facts.

A rule has its row in ``TOLD`` by the code of what it tells. A code without a row has the plan made as a whole, and a test
wants a row for every code that these rules tell. A rule that compares accounts with each other, and tells nothing where
they do not meet, has its key in ``KEYS``.
"""

from __future__ import annotations

from collections import defaultdict
from operator import attrgetter
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from reconciler.diagnostics import Diagnostic
    from reconciler.model.accounts.rest import Facts, Rest

Scope = Literal["one", "all", "changes", "whole"]

TOLD: Mapping[str, Scope] = {
    # Of one account alone, or of several and all of them named: whoever is named is looked at again.
    **dict.fromkeys((
        "basicAuthEnding", "doubtfulAddress", "doubtfulHost", "doubtfulUsername", "noReplyTo", "portMismatch",
        "previousNameUnknown", "proxyPasswordUnused", "recordedFailing", "sharedWithoutOwner", "staysSuspended", "unencryptedLogin",
        "unencryptedProxyLogin", "unknownPlaceholder",
    ), "one"),
    # Of all accounts, by their facts.
    **dict.fromkeys((
        "awaitingApproval", "fingerprintKeyChanged", "fingerprintKeyMissing", "noPlatformServer", "passwordShared",
        "scopeCoversNothing", "secretsNotRead", "unusedServer",
    ), "all"),
    # Of what changes, so of nobody else.
    **dict.fromkeys((
        "approvalReset", "evidenceReused", "exceptionExpired", "heldChange", "looksRenamed", "operatorUnknown",
        "suspensionEnds",
    ), "changes"),
    # Of all accounts, and not by their facts.
    **dict.fromkeys(("grantRedundant", "noManifests", "platformChanged", "previousNameOver"), "whole"),
}  # fmt: skip
"""Whom a remark speaks of, by its code. Errors have no row: what is refused is looked at as a whole."""


def by_name(now: Sequence[Facts], before: Sequence[Facts], rest: Rest) -> frozenset[str]:
    """Return the files of accounts that have, or say they had, a name which one that is looked at has or had.

    For names that are used twice, previous names that two claim, and renames: links of a chain, or of a circle.

    >>> from reconciler.model.accounts.rest import Facts, Rest
    >>> a, b = (Facts(name, "OwnAccount", f"{name}.yaml", was, None, (), (), "", None) for name, was in ("at", "be"))
    >>> by_name([], [a._replace(name="t")], Rest((a, b)))
    frozenset({'a.yaml'})
    """
    names = {name for each in (*now, *before) for name in each.names}
    return frozenset(each.file for each in rest if each.name in names or each.previous_name in names)


def by_login(now: Sequence[Facts], _before: Sequence[Facts], rest: Rest) -> frozenset[str]:
    """Return the files of the first account, by name, of those with a password in common that are of different users.

    The others are told by their facts; a warning stands at the place of the first.

    >>> from reconciler.model.accounts.rest import Facts, Rest
    >>> a, b, c = (Facts(each, "OwnAccount", f"{each}.yaml", None, None, (), ("env:P",), each, None) for each in "abc")
    >>> by_login([c], [], Rest((a, b)))
    frozenset({'a.yaml'})
    """
    sharing: dict[str, list[Facts]] = defaultdict(list)
    for each in (*now, *rest):
        for secret in each.own_logins:
            sharing[secret].append(each)
    of_several = (those for those in sharing.values() if any(each.user != those[0].user for each in those))
    return rest.files & {min(those, key=attrgetter("name")).file for those in of_several}


KEYS: tuple[Callable[[Sequence[Facts], Sequence[Facts], Rest], frozenset[str]], ...] = (by_name, by_login)
"""What accounts meet under. Each returns files of the rest whose accounts are looked at too."""


def met(now: Sequence[Facts], before: Sequence[Facts], rest: Rest) -> frozenset[str]:
    """Return the files of the rest whose accounts meet some that are looked at, as they are now or were before."""
    return frozenset[str]().union(*(key(now, before, rest) for key in KEYS))


def are_told_apart(problems: Iterable[Diagnostic], scopes: frozenset[Scope]) -> bool:
    """Tell whether problems speak of no more than these scopes, so that nothing has to be looked at as a whole."""
    return all(each.severity != "error" and TOLD.get(each.code) in scopes for each in problems)


def named(problems: Iterable[Diagnostic]) -> frozenset[str]:
    """Return the accounts that problems of one account each name."""
    return frozenset(name for each in problems if TOLD.get(each.code) == "one" for name in each.concerned)
