"""Tests of model/text."""
