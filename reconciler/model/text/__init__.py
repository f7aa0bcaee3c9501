"""Text types of manifests and project file: names, addresses, host names, globs.

Not allowed here: accounts, servers, secrets; what is said to people.
"""
