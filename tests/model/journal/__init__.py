"""Tests of model/journal."""
