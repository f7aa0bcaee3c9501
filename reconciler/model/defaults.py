"""Where a project's files are if its project file does not say it: needed before there is a model of it."""

MANIFESTS = "accounts.d"
STATE = "sqlite:///.reconciler/state.db"
