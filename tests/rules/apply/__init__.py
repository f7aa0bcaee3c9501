"""Tests of rules/apply."""
