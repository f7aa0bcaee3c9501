"""Tests of operations/conversations."""
