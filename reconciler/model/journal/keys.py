"""Words of the journal that are needed without its models: the event of an apply, and the keys that the store adds to a payload.

The check of the journal needs no more than these keys.
"""

from __future__ import annotations

APPLY = "apply"
"""The event whose payload is the largest by far. It tells what became of settings and approvals, and never of a standing."""

ABRIDGED = "abridged"
"""The first key of all in canonical JSON, so that what it has is read without what follows."""
ACCOUNT_DIGESTS = "accountDigests"
REVISION_DIGESTS = "revisionDigests"
ACCOUNTS_BEFORE = "accountsBefore"
ACCOUNT_PARTS = "accountParts"
ACCEPTED_ALTERED = "acceptedAltered"
PROJECT_ROW = "projectRow"
ROUTE_DIGESTS = "routeDigests"
FORGOTTEN_ROUTES = "forgottenRoutes"
ROUTE_REGISTER = "routeRegister"
REDACTED_PAYLOADS = "redactedPayloads"
KEY_ID = "fingerprintKeyId"
SALT = "salt"
OF_THE_CHAIN = frozenset(
    {
        ABRIDGED, ACCOUNT_DIGESTS, ACCOUNTS_BEFORE, ACCOUNT_PARTS, PROJECT_ROW, REVISION_DIGESTS, ROUTE_DIGESTS,
        FORGOTTEN_ROUTES, ROUTE_REGISTER, REDACTED_PAYLOADS, SALT,
    }
)  # fmt: skip
"""Of these keys the ones that only the check of the journal needs: people are not shown them."""
