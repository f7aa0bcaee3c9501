"""The journal as values: what happened, and what a report tells of it.

Not allowed here: reading or writing state.
"""
