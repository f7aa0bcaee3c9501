"""Tests of operations/journal."""
