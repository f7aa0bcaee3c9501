"""What a test message says that it is sent for."""

from __future__ import annotations

from reconciler.classes import FrozenByName


class TestContext(FrozenByName):
    """What the test message says about its occasion."""

    __test__ = False  # not a test class, in spite of its name

    project: str
    commit: str | None = None
    """The git commit that the settings come from; None: unknown."""
    plan: str | None = None
    """The plan or revision that the message belongs to; None: none."""
