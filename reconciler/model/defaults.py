"""What a project's files are called if its project file does not say it, and their schemas: needed before there is a model."""

MANIFESTS = "accounts.d"
STATE = "sqlite:///.reconciler/state.db"

ACCOUNT_SCHEMA = "account.schema.json"
OVERLAY_SCHEMA = "overlay.schema.json"
PROJECT_SCHEMA = "project.schema.json"
