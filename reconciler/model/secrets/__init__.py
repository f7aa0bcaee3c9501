"""Secrets as references and routes, and the wrapper in which a value travels.

Not allowed here: reading a value, deciding where it may go.
"""
