"""From what presets, providers and the DNS say to candidates: in their order, each once, and none without encryption."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.model.adoption.candidates import Candidate
from reconciler.model.servers.presets import PRESETS
from reconciler.model.servers.terms import DEFAULT_PORTS
from reconciler.model.text.globs import matches_any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.model.adoption.found import FoundAccount
    from reconciler.model.servers.presets import Preset


def of_preset(domain: str) -> list[Candidate]:
    """Return what is known of a domain whose mailboxes a well-known provider has itself.

    >>> [each.host for each in of_preset("gmail.com")]
    ['smtp.gmail.com']
    """
    return [_of(preset, f"the preset {preset.name}") for preset in PRESETS.values() if domain in preset.domains]


def of_exchange(domain: str, exchange: str) -> list[Candidate]:
    """Return what is known of the provider that receives a domain's mail.

    >>> [(each.host, each.encryption) for each in of_exchange("example.com", "aspmx.l.google.com")]
    [('smtp.gmail.com', 'tls')]
    """
    known = (preset for preset in PRESETS.values() if matches_any(preset.exchanges, exchange))
    return [
        _of(preset, f"the preset {preset.name}, since {exchange} receives the mail of {domain}") for preset in known
    ]


def _of(preset: Preset, source: str) -> Candidate:
    return Candidate(
        host=preset.host_in(None) or preset.host,
        port=preset.port or DEFAULT_PORTS[preset.encryption],
        encryption=preset.encryption,
        username=preset.username,
        mechanism=preset.mechanism,
        sources=(source,),
        note=preset.note,
        preset=preset.name,
    )


def of_found(found: FoundAccount, source: str) -> list[Candidate]:
    """Return what a provider's description says; nothing of a server without encryption, or with none that is said.

    >>> from reconciler.model.adoption.found import FoundAccount, Security
    >>> tls = Security(encryption="tls")
    >>> [each.place for each in of_found(FoundAccount(label="smtp", host="smtp.example.com", security=tls), "autoconfig")]
    ['smtp.example.com:465 (tls)']
    >>> of_found(FoundAccount(label="smtp", host="smtp.example.com", security=Security(encryption="none")), "autoconfig")
    []
    """
    encryption = found.security.encryption
    if found.host is None or encryption not in {"tls", "starttls"} or found.security.certainty != "certain":
        return []
    return [
        Candidate(
            host=found.host,
            port=found.port or DEFAULT_PORTS[encryption],
            encryption=encryption,
            username=found.username if found.has_login else None,
            mechanism=found.mechanism,
            sources=(source,),
        )
    ]


def joined(found: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """Return candidates in their order, those of one server, port and encryption as one with all who say so.

    >>> [told] = of_preset("gmail.com")
    >>> [(each.host, each.sources) for each in joined([told, replace(told, sources=("autoconfig",))])]
    [('smtp.gmail.com', ('the preset gmail', 'autoconfig'))]
    """
    by_place: dict[tuple[str, int, str], Candidate] = {}
    for each in found:
        key = (each.host.casefold(), each.port, each.encryption)
        known = by_place.get(key)
        if known is None:
            by_place[key] = each
            continue
        by_place[key] = replace(
            known,
            sources=(*known.sources, *each.sources),
            username=known.username or each.username,
            note=known.note or each.note,
        )
    return tuple(by_place.values())
