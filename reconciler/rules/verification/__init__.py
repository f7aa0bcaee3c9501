"""Rules of verification: what needs evidence, whether it will do, which hosts may be contacted.

Not allowed here: plans; connecting to anything.
"""
