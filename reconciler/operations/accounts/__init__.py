"""Verbs on accounts: the view, the edits of the manifests, the platform's decisions.

Not allowed here: printing, parsing flags.
"""
