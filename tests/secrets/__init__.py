"""Where secrets are read, and the key of their fingerprints."""
