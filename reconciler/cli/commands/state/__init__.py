"""The commands `reconciler state …`."""
