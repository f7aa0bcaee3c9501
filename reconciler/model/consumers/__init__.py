"""Consumers as values: what the project file says of one, what it is to have of each account, and what it has.

A *consumer* is a program that sends mail, or what gives one its settings. A *sender* is an account as a consumer gets it.

Not allowed here: how a format is written, files, commands; whether a secret may go there.
"""
