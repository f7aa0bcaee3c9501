"""Tests of model/schema."""
