"""The commands `reconciler ca …`."""
