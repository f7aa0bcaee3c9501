"""Tests of one SMTP conversation."""
