"""The command line: parses flags, builds what operations need, prints, and turns errors into exit codes.

The only place that prints or reads the clock and the environment. Not allowed here: deciding anything that a caller
of ``operations`` would decide otherwise. Everything heavy is imported by the command that needs it, so that
``reconciler --help`` stays quick.
"""
