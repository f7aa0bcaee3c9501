"""What ``init`` writes, looked at without running it."""
