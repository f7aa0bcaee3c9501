"""The sources of secrets: files, commands, many secrets at once.

Not allowed here: deciding whether a secret may be read.
"""
