"""Verbs for settings that are not in a project yet: check, import, discover, export.

Not allowed here: printing, parsing flags.
"""
