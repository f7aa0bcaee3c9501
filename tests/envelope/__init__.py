"""Tests of who a contact sees."""
