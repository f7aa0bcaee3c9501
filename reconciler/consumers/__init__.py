"""Consumers: the formats of files, Postfix, msmtp and commands, and how they are written and read.

``form`` says what a form of a consumer is; one module each writes and reads it. ``folder`` looks at files and replaces
them; ``programs`` runs commands.

Not allowed here: which accounts a consumer is to have, and whether a secret may go there. No secret leaves but to the
file or the command that is meant: neither in an exception nor in a text.
"""
