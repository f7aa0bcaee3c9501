"""What maintainers run: ``python -m tools.generate`` writes the files that are made from the code."""
