"""Tests of secrets/sources."""
