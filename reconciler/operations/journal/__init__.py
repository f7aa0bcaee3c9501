"""Verbs on the journal: history, check, erasure, report.

Not allowed here: altering an entry, but for what `journal redact` erases.
"""
