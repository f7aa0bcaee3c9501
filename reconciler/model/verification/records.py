"""DNS records that are missing, as values: what to publish, where, and what stands there already."""

from __future__ import annotations

from reconciler.classes import FrozenByName


class MissingRecord(FrozenByName):
    """One TXT record to publish."""

    zone: str
    """The zone that it belongs into, without final dot."""
    name: str
    """Where it stands within the zone, such as ``_dmarc``; empty for the zone's own name."""
    text: str
    """What it says: printable ASCII."""
    replaces: bytes | None = None
    """The record in whose place it comes; None: it is added."""
    beside: tuple[bytes, ...] = ()
    """The other TXT records of the name, which stay; whoever writes a whole record set needs them."""
    reason: str
    """The code of the check that misses it."""

    @property
    def host(self) -> str:
        """The whole name, without final dot."""
        return f"{self.name}.{self.zone}" if self.name else self.zone


class MissingRecords(FrozenByName):
    """What some domains lack."""

    records: tuple[MissingRecord, ...]
    """Sorted by zone and name."""
    remarks: tuple[str, ...]
    """What has to be published and is not known here, such as a key, as sentences."""
    domains: tuple[str, ...]
    """All that were looked at, sorted."""
