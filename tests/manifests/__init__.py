"""Reading manifests, the project file and private CAs from disk."""
