"""Mail servers and proxies as values: their terms, and what is publicly known of providers.

Not allowed here: accounts, and secrets beside their references.
"""
