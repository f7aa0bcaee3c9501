"""The documentation holds: its commands are run, its reference is complete, what is generated is up to date."""
