"""The demo runs, and notices when something is not as it should be."""
