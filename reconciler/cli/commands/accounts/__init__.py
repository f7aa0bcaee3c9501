"""The commands `reconciler accounts …`."""
