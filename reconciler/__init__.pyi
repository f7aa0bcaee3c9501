from typing import Final

from reconciler.library import ReconcilerError as ReconcilerError
from reconciler.library import ReplyAddress as ReplyAddress
from reconciler.library import Sender as Sender
from reconciler.library import sender as sender
from reconciler.library import senders as senders

__all__ = ["ReconcilerError", "ReplyAddress", "Sender", "sender", "senders"]
__version__: Final[str]
DISTRIBUTION: Final[str]
POSTGRES_DISTRIBUTION: Final[str]
DOCUMENTATION: Final[str]
