"""What is asked for where nobody asks for anything."""

from __future__ import annotations

from reconciler.model.journal.entries import Actor, Provenance
from reconciler.rules.plan.policy import ApplyOrder


def test_an_order_lifts_nothing_by_itself() -> None:
    """Nothing is overridden, accepted, held, trusted or taken for reviewed unless somebody says so."""
    order = ApplyOrder(provenance=Provenance(actor=Actor(name="anna", source="flag")))
    assert ({}, {}, False, False) == (order.overrides, order.accepted, order.holds_failing, order.trusts_project)
    assert (None, None) == (order.depth, order.reviewed)
