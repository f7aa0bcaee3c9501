"""Rules of secrets: which a manifest may name, and where each may travel.

Not allowed here: values of secrets, plans.
"""
