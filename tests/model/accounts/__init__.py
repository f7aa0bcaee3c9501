"""Tests of model/accounts."""
