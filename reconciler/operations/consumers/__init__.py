"""Verbs on consumers: what each is to have, what it has, and publication, which brings the one to the other.

Not allowed here: how a format is written (``consumers``), what a consumer cannot carry (``rules.consumers``).
"""
