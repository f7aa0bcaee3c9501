"""State in SQLite.

Not allowed here: what holds for every database.
"""
