"""Real servers as child processes: configuration in a temporary folder, free loopback ports, a clean end."""
