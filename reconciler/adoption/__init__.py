"""Reads settings of other programs: text in, accounts as they were understood out.

Not allowed here: executing what is read, opening what it names, the network; showing a password. A reader of one source
is one file of ``sources``.
"""
