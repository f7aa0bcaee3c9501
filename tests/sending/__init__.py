"""Sending one message to many contacts."""
