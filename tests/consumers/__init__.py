"""Forms of consumers."""
