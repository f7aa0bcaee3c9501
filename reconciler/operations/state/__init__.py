"""Verbs on the state: made, copied, migrated, rekeyed.

Not allowed here: printing, parsing flags.
"""
