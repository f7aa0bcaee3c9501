"""The details of a plan in groups: what is the same for several accounts is told once, and each reason once.

First what fails, then deletions, renames, updates, creations, what is held, and last what was verified. Of deletions
only the names are told. New accounts stand together by server and shape: what all of them have is told once, and of a
large number the fields that each has for itself are named without their values. Defaults are not told.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING

from reconciler.diagnostics import several
from reconciler.render.text.parts.fields import field_labels, field_lines, field_value, labels_of
from reconciler.render.text.parts.layout import hang
from reconciler.render.text.parts.names import listed
from reconciler.render.text.plan.head import lifted_lines
from reconciler.render.text.verification import ending, for_all, verification_lines
from reconciler.rules.plan.alike import Shared, shared_changes
from reconciler.rules.plan.defaults import DEFAULTS, is_default

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from reconciler.model.plan import Action, Change, FieldChange, SavedPlan
    from reconciler.render.text.parts.style import Style

_MOST_NAMES = 40
"""The names, or ranges of names, that a group lists before it counts the rest; of deletions all are listed."""
_MOST_TOLD_EACH = 10
"""With more new accounts, or more accounts that change a field each to a value of its own, values are not told."""
_MOST_OUTCOMES = 8
_MOST_SHAPES = 8
"""With more shapes, new accounts of one server stand together whatever fields they have."""
_ENDPOINT = ("spec.smtp.host", "spec.smtp.port", "spec.smtp.encryption")
_CONTENT = ".sha256"


def details_lines(plan: SavedPlan, *, style: Style) -> list[str]:
    """Return the details, with an empty line between two groups."""
    applied = [change for change in plan.changes if not change.held]
    by_action: dict[Action, list[Change]] = defaultdict(list)
    for change in applied:
        by_action[change.action].append(change)
    blocks = [
        *_failing(applied, style),
        *_deleted(by_action["delete"], style),
        *([_renamed(each, style) for each in by_action["rename"]]),
        *_updated(by_action["update"], style),
        *_created(by_action["create"], style),
        *_failing([change for change in plan.changes if change.held], style),
        _verified(applied, style),
        lifted_lines(plan, style=style),
    ]
    lines = [line for block in blocks if block for line in (*block, "")][:-1]
    if plan.status != "blocked":
        return lines
    from reconciler.render.text.plan.blocked import blocked_lines

    return [*lines, *blocked_lines(plan, style=style)]


def _failing(changes: Iterable[Change], style: Style) -> list[list[str]]:
    """Return a block for each way in which verifications failed or credentials were withheld."""
    wrong = [change for change in changes if change.verification.status in {"failed", "withheld"}]
    return [_outcome(alike, style) for alike in _by_outcome(wrong)]


def _outcome(alike: Sequence[Change], style: Style) -> list[str]:
    first, *same = (change.verification for change in alike)
    held = "held, " if alike[0].held else ""
    names = f"{held}{_counted(alike)}{listed([change.name for change in alike], most=_MOST_NAMES)}"
    lines = [style.paint(line, "strong") for line in hang("  ", style.show(names), width=style.width, indent=4)]
    return [*lines, *verification_lines(for_all(first, same), style=style, indent=4, same=same)]


def _counted(alike: Sequence[Change]) -> str:
    return f"{several(len(alike), 'account')}: " if len(alike) > 1 else ""


def _by_outcome(changes: Iterable[Change]) -> list[list[Change]]:
    ordered = sorted(changes, key=lambda each: each.name)
    # One value may be that of thousands, so each is looked into once.
    endings = {
        id(found): ending(found) for found in {id(each.verification): each.verification for each in ordered}.values()
    }
    alike: dict[Hashable, list[Change]] = {}
    for change in ordered:
        alike.setdefault(endings[id(change.verification)], []).append(change)
    return sorted(alike.values(), key=lambda each: (-len(each), each[0].name))


def _deleted(changes: Sequence[Change], style: Style) -> list[list[str]]:
    if len(changes) == 1:
        return [_title("delete", f"delete {changes[0].kind} {changes[0].name}", style)]
    kinds = sorted({change.kind for change in changes})
    by_kind = [[change.name for change in changes if change.kind == kind] for kind in kinds]
    return [
        [*_title("delete", f"delete {several(len(names), kind)}", style), *_names(names, style, most=len(names))]
        for kind, names in zip(kinds, by_kind, strict=True)
    ]


def _renamed(change: Change, style: Style) -> list[str]:
    what = f"rename {change.kind} {change.previous_name} to {change.name}{_through(change.server)}"
    told = _title("rename", what, style)
    return [*told, *field_lines(change.fields, style=style, indent=6)]


def _updated(changes: Sequence[Change], style: Style) -> list[list[str]]:
    """Return a block for each update that accounts share, and one for each account with changes of its own."""
    blocks: list[list[str]] = []
    kinds = {change.name: change.kind for change in changes}
    own: list[Shared] = []
    for shared in shared_changes(changes):
        if len(shared.names) == 1:
            own.append(shared)
        else:
            rotated = " (secrets rotated)" if shared.is_rotation else ""
            told = f"update {_kinds([kinds[name] for name in shared.names])}{_through(shared.server)}{rotated}"
            blocks.append([*_title("update", told, style), *_names(shared.names, style), *_fields(shared, style)])
    many = _paths_of_many(own)
    for shared in own:
        kept = tuple(field for field in shared.fields if field.path not in many)
        if kept:
            what = f"update {kinds[shared.names[0]]} {shared.names[0]}{_through(shared.server)}"
            blocks.append([*_title("update", what, style), *field_lines(kept, style=style, indent=6)])
    blocks += [_each_its_own(path, own, style) for path in sorted(many)]
    return blocks


def _through(server: str | None) -> str:
    return f" through {server}" if server else ""


def _fields(shared: Shared, style: Style) -> list[str]:
    if not shared.is_rotation:
        return field_lines(shared.fields, style=style, indent=6)
    labels = ", ".join(field_labels(shared.fields))
    return hang(" " * 6, style.show(labels), width=style.width)


def _paths_of_many(own: Iterable[Shared]) -> frozenset[str]:
    """Return the fields that many accounts change, each to a value of its own."""
    counts: dict[str, int] = defaultdict(int)
    for shared in own:
        for field in shared.fields:
            counts[field.path] += 1
    return frozenset(path for path, count in counts.items() if count > _MOST_TOLD_EACH)


def _each_its_own(path: str, own: Iterable[Shared], style: Style) -> list[str]:
    concerned = [(each.names[0], field) for each in own for field in each.fields if field.path == path]
    label = field_labels([concerned[0][1]])[0]
    told = f"update {several(len(concerned), 'account')}: {label}, each to a value of its own"
    example = f"such as {field_value(concerned[0][1], style)}"
    return [
        *_title("update", told, style),
        *_names([name for name, _ in concerned], style),
        *hang(" " * 6, example, width=style.width),
    ]


def _created(changes: Sequence[Change], style: Style) -> list[list[str]]:
    """Return a block for each server and shape; the fields that all of a block have stand there once."""
    ordered = sorted(changes, key=lambda each: each.name)
    is_short = len(ordered) > _MOST_TOLD_EACH
    alike: dict[Hashable, list[Change]] = {}
    for change in ordered:
        alike.setdefault((_destination(change), tuple(field.path for field in change.fields)), []).append(change)
    if is_short and len(alike) > _MOST_SHAPES:
        alike = {}
        for change in ordered:
            alike.setdefault(_destination(change), []).append(change)
    return [_created_alike(each, style, is_short=is_short) for each in alike.values()]


def _destination(change: Change) -> Hashable:
    """Return what new accounts have alike that are told together, beside which fields they have: kind and server."""
    endpoint = tuple((field.path, field.after) for field in change.fields if field.path in _ENDPOINT)
    return change.kind, change.server, endpoint


def _created_alike(alike: Sequence[Change], style: Style, *, is_short: bool) -> list[str]:
    first = alike[0]
    endpoint = _endpoint(first.fields)
    what = f"{first.kind} {first.name}" if len(alike) == 1 else _kinds(change.kind for change in alike)
    lines = _title("create", f"create {what}{_through(first.server)}{f' ({endpoint})' if endpoint else ''}", style)
    told = [_worth_telling(change.fields) for change in alike]
    common = _common_paths(told)
    own = [[field for field in fields if field.path not in common] for fields in told]
    if len(alike) == 1 and not is_short:
        return [*lines, *field_lines(told[0], style=style, indent=6)]
    if is_short and len(alike) > 1:
        lines += _names([change.name for change in alike], style)
    lines += _in_line("", [field for field in told[0] if field.path in common], style)
    if is_short:
        return [*lines, *_labels_of_own(own, style)]
    for change, fields in zip(alike, own, strict=True):
        lines += hang(" " * 6, style.show(change.name), width=style.width)
        lines += field_lines(fields, style=style, indent=8)
    return lines


def _labels_of_own(own: Sequence[Sequence[FieldChange]], style: Style) -> list[str]:
    """Return the names of the fields that each account has for itself, and of those that only some have."""
    shapes: dict[tuple[str, ...], int] = Counter(tuple([field.path for field in fields]) for fields in own)
    counts: Counter[str] = Counter()
    for paths, count in shapes.items():
        counts.update(dict.fromkeys(labels_of(paths), count))
    told = {
        "each its own": [label for label, count in counts.items() if count == len(own)],
        "some of them": [label for label, count in counts.items() if count < len(own)],
    }
    lines = [f"{whose}: {', '.join(sorted(labels))}" for whose, labels in told.items() if labels]
    return [line for text in lines for line in hang(" " * 6, style.show(text), width=style.width)]


def _common_paths(told: Sequence[Sequence[FieldChange]]) -> frozenset[str]:
    """Return the fields that all of these accounts change alike."""
    common = list(told[0])
    for fields in told[1:]:
        # What thousands have alike is one value mostly, so whether it is there can be told without comparing.
        at_hand = set(map(id, fields))
        if not all(id(field) in at_hand for field in common):
            common = [field for field in common if field in fields]
    return frozenset(field.path for field in common)


def _worth_telling(fields: Iterable[FieldChange]) -> list[FieldChange]:
    """Return the fields of a new account without defaults, and without what is told otherwise: where it sends.

    What an overlay says is told with its place, whatever it is.
    """
    return [
        field
        for field in fields
        if field.origin is not None
        or not _may_go_unsaid(field.path)
        or not (field.path in _ENDPOINT or field.path.endswith(_CONTENT) or is_default(field))
    ]


@lru_cache(maxsize=1024)
def _may_go_unsaid(path: str) -> bool:
    return path in DEFAULTS or path in _ENDPOINT or path.endswith(_CONTENT)


def _endpoint(fields: Iterable[FieldChange]) -> str:
    """Return host, port and encryption of a new account; empty for one that sends through the platform."""
    values = {field.path: field.after for field in fields}
    host, port, encryption = (values.get(path) for path in _ENDPOINT)
    return f"{host}:{port}, {'not encrypted' if encryption == 'none' else encryption}" if host is not None else ""


def _in_line(heading: str, fields: Sequence[FieldChange], style: Style) -> list[str]:
    """Return fields and values one after the other, to save lines."""
    if not fields:
        return []
    labels = field_labels(fields)
    told = ", ".join(
        f"{style.show(label)} {field_value(field, style)}" for field, label in zip(fields, labels, strict=True)
    )
    return hang(" " * 6 + heading, told, width=style.width, indent=6)


def _verified(changes: Iterable[Change], style: Style) -> list[str]:
    """Return how the other verifications ended, once for all that ended alike."""
    others = [
        change
        for change in changes
        if change.action != "delete" and change.verification.status not in {"failed", "withheld", "unchanged"}
    ]
    outcomes = _by_outcome(others)
    lines: list[str] = []
    for alike in outcomes[:_MOST_OUTCOMES]:
        first, *same = (change.verification for change in alike)
        is_one = len(alike) == 1
        whose = f"{alike[0].name if is_one else several(len(alike), 'account')}: "
        lines += verification_lines(for_all(first, same), style=style, indent=2, same=same, whose=whose)
    rest = sum(map(len, outcomes[_MOST_OUTCOMES:]))
    more = f"{several(rest, 'more account')} verified, with other remarks"
    return [*lines, *(hang("    ", more, width=style.width) if rest else [])]


def _kinds(kinds: Iterable[str]) -> str:
    """Return how many accounts of a kind there are, from the kind of each: ``36 OwnAccounts``."""
    found = list(kinds)
    return several(len(found), found[0] if len(set(found)) == 1 else "account")


def _names(names: Sequence[str], style: Style, *, most: int = _MOST_NAMES) -> list[str]:
    return hang(" " * 6, style.show(listed(names, most=most)), width=style.width)


def _title(action: Action, told: str, style: Style) -> list[str]:
    mark = style.paint(style.symbol(action), action)
    first, *rest = hang("    ", style.show(told), width=style.width)
    return [f"  {mark} {style.paint(first[4:], 'strong')}", *(style.paint(line, "strong") for line in rest)]
