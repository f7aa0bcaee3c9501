"""What settings of other programs mean, and how they become manifests: names, servers, references.

Not allowed here: input, output, clock, environment.
"""
