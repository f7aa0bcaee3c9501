"""The version of what commands write: documents of JSON, plans, results. Needed where nothing else of a plan is."""

FORMAT_VERSION = "1.1"
"""A minor version adds to the one before; of another major one nothing is read."""
