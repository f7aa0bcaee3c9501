"""Rules of accounts: from manifests to desired accounts, what can be said against them, what may be decided on them.

Not allowed here: plans, routes of secrets.
"""
