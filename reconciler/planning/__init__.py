"""From desired and recorded to a plan: the diff, the guards, the routes, and what evidence is needed.

Not allowed here: input or output, the clock, the environment, randomness. The same input gives the same plan, in
any order of files and under any hash seed.
"""
