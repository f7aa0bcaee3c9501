"""What care of the state prints: copies, migrations, keys, routes and erasures, as documents and in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.diagnostics import several
from reconciler.model.formats import FORMAT_VERSION
from reconciler.render.json.documents import diagnostic_documents
from reconciler.render.text.parts.layout import finish, hang

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.diagnostics import Diagnostic
    from reconciler.model.canonical import JsonObject, JsonView
    from reconciler.model.roles import Role
    from reconciler.model.secrets.routes import SecretRoute
    from reconciler.render.text.parts.style import Style

_MOST_ROUTES = 50


def care_document(facts: JsonView, *, diagnostics: Iterable[Diagnostic] = ()) -> JsonObject:
    """Return what a command of the state's care prints as JSON: its facts, and its problems."""
    return {"formatVersion": FORMAT_VERSION, **facts, "diagnostics": diagnostic_documents(diagnostics)}


def sentences_text(sentences: Iterable[str], *, style: Style) -> str:
    """Return sentences, a line each; one that begins with four spaces is a line to copy and is not wrapped."""
    lines: list[str] = []
    for sentence in sentences:
        shown = style.show(sentence)
        lines += [shown] if sentence.startswith("    ") else hang("", shown, width=style.width)
    return finish(lines)


def roles_text(roles: Iterable[Role], *, style: Style) -> str:
    """Return what each role is for, and below it its grants."""
    lines: list[str] = []
    for role in roles:
        lines += hang("", style.show(f"{role.name}: {role.does}"), width=style.width)
        for grant in role.grants:
            lines += hang("  ", style.show(f"GRANT {grant}"), width=style.width, indent=6)
    return finish(lines)


def route_documents(routes: Iterable[SecretRoute]) -> list[JsonObject]:
    """Return routes of secrets as documents, without fingerprints."""
    return [{"secret": each.secret, "route": each.route.model_dump(by_alias=True)} for each in routes]


def revoked_text(routes: Sequence[SecretRoute], *, style: Style) -> str:
    """Return the routes that were forgotten, and what follows from that."""
    lines = hang(
        "", f"Forgot {several(len(routes), 'route')}. To travel there again, a secret needs a grant:", width=style.width
    )
    for each in routes[:_MOST_ROUTES]:
        lines += hang("  ", style.show(f"{each.secret} to {each.route}"), width=style.width, indent=4)
    more = len(routes) - _MOST_ROUTES
    return finish([*lines, f"  and {more} more"] if more > 0 else lines)
