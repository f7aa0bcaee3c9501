"""What a plan begins with: told again where nothing has changed, of a few accounts where few manifests have, else of all.

Not allowed here: contacting a server. A draft says what would change; what is verified is decided from it.
"""
