"""``make mutants``: alters the planner in one small place after another, and tells what no test notices.

``prose`` says what is altered in a text, ``operators`` what is altered in other code, ``mutants`` finds every place.
``trials`` runs the tests against each alteration, and ``explained`` compares what survived with the list of survivors
that are known to be harmless. The rules stand in docs/mutants.md.
"""
