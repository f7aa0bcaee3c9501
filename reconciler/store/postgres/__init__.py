"""State in PostgreSQL.

Not allowed here: what holds for every database.
"""
