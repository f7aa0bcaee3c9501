"""What the status of a recorded account can be, and when it is a concern: what views and the command line read."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal, get_args

Status = Literal["suspended", "rejected", "pending", "failing", "unverified", "active"]
STATUSES: tuple[Status, ...] = get_args(Status)
"""All statuses; an account has the first that holds."""

VERIFIED_WITHIN = timedelta(days=7)
"""An active account that passed longer ago is told as not verified for long, where nobody says otherwise."""
ENDS_WITHIN = timedelta(days=30)
"""A certificate that ends sooner is told, where nobody says otherwise."""
