"""Tests of rules/plan."""
