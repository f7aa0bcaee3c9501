"""Tests of store/sqlite."""
