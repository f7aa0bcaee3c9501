"""The commands `reconciler domains …`."""
