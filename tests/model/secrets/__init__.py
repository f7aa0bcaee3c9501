"""Tests of model/secrets."""
