"""The tests: one package for each area; what they share is in ``support``."""
