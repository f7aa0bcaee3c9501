"""The verbs `resolve` and `send`.

Not allowed here: manifests; only what is recorded counts.
"""
