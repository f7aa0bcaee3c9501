"""What care of the state prints: copies, migrations, keys, routes, erasures; as documents and in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.model.plan import FORMAT_VERSION
from reconciler.render.json.documents import diagnostic_documents
from reconciler.render.text.parts.layout import finish, hang

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reconciler.diagnostics import Diagnostic
    from reconciler.model.secrets.routes import SecretRoute
    from reconciler.render.text.parts.style import Style

_MOST_ROUTES = 50


def care_document(facts: Mapping[str, Any], *, diagnostics: Iterable[Diagnostic] = ()) -> dict[str, Any]:
    """Return what a command of the state's care prints as JSON: its facts and what is to be told beside them."""
    return {"formatVersion": FORMAT_VERSION, **facts, "diagnostics": diagnostic_documents(diagnostics)}


def sentences_text(sentences: Iterable[str], *, style: Style) -> str:
    """Return sentences, a line each; one that begins with four spaces is a line to copy and stays whole."""
    lines: list[str] = []
    for sentence in sentences:
        shown = style.show(sentence)
        lines += [shown] if sentence.startswith("    ") else hang("", shown, width=style.width)
    return finish(lines)


def route_documents(routes: Iterable[SecretRoute]) -> list[dict[str, Any]]:
    """Return routes of secrets as documents, without fingerprints."""
    return [{"secret": each.secret, "route": each.route.model_dump(by_alias=True)} for each in routes]


def revoked_text(routes: Sequence[SecretRoute], *, style: Style) -> str:
    """Return which routes were forgotten, and what that means."""
    count = f"{len(routes)} route{'' if len(routes) == 1 else 's'}"
    lines = hang("", f"Forgot {count}. To travel there again, a secret needs a grant:", width=style.width)
    for each in routes[:_MOST_ROUTES]:
        lines += hang("  ", style.show(f"{each.secret} to {each.route}"), width=style.width, indent=4)
    more = len(routes) - _MOST_ROUTES
    return finish([*lines, f"  and {more} more"] if more > 0 else lines)
