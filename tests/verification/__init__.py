"""Tests of verification: real servers, good, bad and hostile."""
