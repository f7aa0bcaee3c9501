"""What is asked for where nobody asks for anything."""

from __future__ import annotations

from reconciler.model.journal.entries import Actor, Provenance
from reconciler.rules.plan.policy import ApplyOrder


def test_an_order_lifts_nothing_by_itself() -> None:
    """Nothing is overridden, accepted, held, trusted or taken for reviewed unless somebody says so."""
    order = ApplyOrder(provenance=Provenance(actor=Actor(name="anna", source="flag")))
    assert {} == order.overrides
    assert {} == order.accepted
    assert order.holds_failing is False
    assert order.trusts_project is False
    assert (None, None) == (order.depth, order.reviewed)
