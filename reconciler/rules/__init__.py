"""The rules: from desired and recorded to what is planned, refused and recorded. Pure.

Not allowed here: input and output, clock, environment, randomness; they are handed in. A folder for each noun.
"""
