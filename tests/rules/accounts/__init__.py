"""Tests of rules/accounts."""
