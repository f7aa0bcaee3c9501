"""One module for each command or group of commands: flags in, an operation called, its value rendered."""
