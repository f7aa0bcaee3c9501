"""Tests of rules/verification."""
