"""Rules of consumers."""
