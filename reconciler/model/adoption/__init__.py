"""Settings of other programs, as far as they were understood.

Not allowed here: anything that is not a value.
"""
