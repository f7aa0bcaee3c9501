"""System tests: the program against the servers that people run, started here on loopback and stopped again."""
