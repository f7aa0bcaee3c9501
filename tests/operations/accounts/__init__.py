"""Tests of operations/accounts."""
