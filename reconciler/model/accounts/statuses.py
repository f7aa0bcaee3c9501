"""What the status of a recorded account can be: the one list that views and the command line read."""

from __future__ import annotations

from typing import Literal, get_args

Status = Literal["suspended", "rejected", "pending", "failing", "unverified", "active"]
STATUSES: tuple[Status, ...] = get_args(Status)
"""All statuses; an account has the first that holds."""
