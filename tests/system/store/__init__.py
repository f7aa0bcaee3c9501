"""State in PostgreSQL, on a real server."""
