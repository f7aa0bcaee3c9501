"""Tests of getting OAuth2 tokens."""
