"""One function for each verb: validate, plan, apply, verify, the view, history, the journal, the state.

Each takes a ``Workspace`` and returns a value or raises one of ``reconciler.errors``. Concurrency lives here. Not
allowed here: printing, parsing flags, reading the clock or the environment other than through the workspace.
"""
