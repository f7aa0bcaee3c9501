"""The command line as its users meet it: stdout, stderr and exit code apart, real servers, real state."""
