"""The values that everything speaks of: manifests, project, secrets, routes, state, changes, plans, evidence.

Not allowed here: input or output of any kind, the clock, the environment, randomness. What is read or written is
a frozen pydantic model; what lives inside one run is a frozen dataclass.
"""
