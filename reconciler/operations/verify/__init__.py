"""The verb `verify`: of the manifests, and of what is recorded.

Not allowed here: printing, parsing flags.
"""
