"""Tests of model/servers."""
