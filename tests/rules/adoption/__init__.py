"""Adoption of other programs' settings."""
