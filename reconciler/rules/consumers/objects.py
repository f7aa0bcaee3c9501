"""Names of objects in Kubernetes: each is written by one consumer alone.

Premise: what two files declare under one name is what was applied last, so each publication would take the other's
account away. Names are made of the consumer's and the account's, and two such pairs can make one name: ``web`` with
``a-b``, and ``web-a`` with ``b``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.rules.consumers.limits import Refusal
from reconciler.rules.consumers.senders import wanted_senders

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.model.consumers.sender import Candidate, Sender
    from reconciler.model.consumers.settings import Consumer


def object_name(consumer: str, account: str) -> str:
    """Return the name of an account's object, by the names of its consumer and of itself.

    >>> object_name("Web_shop", "sales")
    'web-shop-sales'
    """
    return f"{consumer.replace('_', '-').lower()}-{account}"


def shared_objects(
    name: str, senders: Sequence[Sender], consumers: Mapping[str, Consumer], candidates: Mapping[str, Candidate]
) -> tuple[Refusal, ...]:
    """Return a refusal for each of a consumer's senders whose object another consumer of the same namespace writes too.

    >>> from reconciler.model.consumers.settings import Consumer
    >>> shared_objects("app", (), {"app": Consumer(type="files", format="json", path="/a", accounts=("*",))}, {})
    ()
    """
    own = consumers[name]
    if own.format != "kubernetes":
        return ()
    accounts = {object_name(name, each.name): each.name for each in senders}
    return tuple(
        Refusal(
            account=accounts[written],
            limit="sameObject",
            reason=f"its object {written} would be that of {theirs.name} at the consumer {other} too",
        )
        for other, consumer in sorted(consumers.items())
        if other != name and consumer.format == "kubernetes" and consumer.namespace == own.namespace
        for theirs in wanted_senders(consumer, candidates)
        if (written := object_name(other, theirs.name)) in accounts
    )
