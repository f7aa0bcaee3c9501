"""Tests of render/json."""
