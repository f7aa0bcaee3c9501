"""Tests of rules/secrets."""
