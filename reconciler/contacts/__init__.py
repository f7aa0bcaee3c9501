"""The adapter that reads contacts: CSV with a header, or JSON lines, streamed in bounded memory.

A line that cannot be read is a value, ``BrokenLine``, and does not stop the rest. What makes the whole file unusable
(no such file, no ``email`` column, another encoding) raises ``InvalidInput`` before the first contact is given.

Not allowed here: judging addresses and names (that is ``envelope``), and holding more than one record in memory.
"""

from reconciler.contacts.reading import open_contacts

__all__ = ["open_contacts"]
