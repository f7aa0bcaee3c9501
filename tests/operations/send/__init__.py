"""Tests of operations/send."""
