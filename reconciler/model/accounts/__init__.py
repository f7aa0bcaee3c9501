"""Accounts as values: as written, as resolved, as recorded.

Not allowed here: plans and changes; they are made of accounts.
"""
