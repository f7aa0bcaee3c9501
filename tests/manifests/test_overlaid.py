"""Overlays: merge patches as RFC 7386 has them, and where each part of what comes of it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.manifests import read_manifests, read_overlays, unknown_overlays
from reconciler.manifests.overlaid import merge

if TYPE_CHECKING:
    from pathlib import Path

RFC_7386: list[tuple[Any, Any, Any]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]
"""The examples of appendix A."""
BASE = """\
apiVersion: reconciler/v1
kind: OwnAccount
metadata: {name: sales, labels: {team: sales}}
spec:
  email: sales@example.com
  displayName: Sales
  smtp: {host: smtp.example.com, authentication: {username: a, password: {env: A}}}
"""
HEAD = "apiVersion: reconciler/v1\nkind: OwnAccount\n"


@pytest.mark.parametrize(("target", "patch", "result"), RFC_7386)
def test_a_patch_is_merged_as_the_standard_has_it(target: Any, patch: Any, result: Any) -> None:
    """Fields are merged, null takes one away, all else takes the place of what was there."""
    assert result == merge(target, patch)


_JSON = st.recursive(
    st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
)


@given(_JSON, _JSON)
def test_a_patch_applied_twice_is_applied_once(target: Any, patch: Any) -> None:
    """Merging is idempotent where nothing is null, and leaves its arguments alone."""
    once = merge(target, patch)
    assert once == merge(once, patch)


def overlaid(folder: Path, patch: str, base: str = BASE) -> tuple[Any, list[tuple[str, str]]]:
    """Return the manifest set of a base with a patch on it, and the problems as code and place."""
    (folder / "accounts.d").mkdir()
    (folder / "over").mkdir()
    (folder / "accounts.d" / "a.yaml").write_text(base, encoding="utf-8")
    (folder / "over" / "o.yaml").write_text(patch, encoding="utf-8")
    overlays, wrong = read_overlays(folder / "over", root=folder)
    found = read_manifests(folder / "accounts.d", root=folder, overlays=overlays)
    problems = (*wrong, *found.problems, *unknown_overlays(overlays))
    return found, [(each.code, str(each.location)) for each in problems]


PLACES = {
    ("spec", "smtp", "host"): "over/o.yaml:6:11",
    ("spec", "smtp", "port"): "accounts.d/a.yaml:7:9",
    ("spec", "email"): "accounts.d/a.yaml:5:10",
    ("metadata", "labels", "team"): "over/o.yaml:3:40",
    ("spec", "replyTo"): "over/o.yaml:7:12",
    ("spec", "replyTo", 0, "email"): "over/o.yaml:7:21",
    ("spec", "smtp"): "accounts.d/a.yaml:7:9",
    (): "accounts.d/a.yaml:1:1",
}


def test_each_part_is_found_where_it_was_written(tmp_path: Path) -> None:
    """A value of the overlay, one that it takes away, and what stands in a list of it have its place; others the manifest's."""
    found, problems = overlaid(
        tmp_path,
        f"{HEAD}metadata: {{name: sales, labels: {{team: null}}}}\nspec:\n  smtp:\n    host: mx.example.org\n"
        "  replyTo: [{email: help@example.com}]\n",
    )
    assert [] == problems
    located = found.manifests[0]
    assert PLACES == {path: str(located.locator.value_at(path)) for path in PLACES}
    assert ("mx.example.org", {}) == (located.manifest.spec.smtp.host, located.manifest.metadata.labels)
    assert {"accounts.d/a.yaml", "over/o.yaml"} == located.files


def test_what_a_manifest_may_have_and_has_not_is_taken_away_in_silence(tmp_path: Path) -> None:
    """One overlay may do for several manifests' habits: a field, a label, a source of a secret that is not there."""
    _, problems = overlaid(
        tmp_path,
        f"{HEAD}metadata: {{name: sales, labels: {{nobody: null}}}}\nspec:\n  proxy: null\n  replyTo: null\n"
        "  smtp: {caFile: null, authentication: {password: {vault: null}}}\n",
    )
    assert [] == problems


@pytest.mark.parametrize(
    ("patch", "problem"),
    [
        (f"{HEAD}metadata: {{name: sales}}\nspec:\n  smtp: {{hots: x}}\n", ("unknownField", "over/o.yaml:5:10")),
        (f"{HEAD}metadata: {{name: sales}}\nspec:\n  smtp: {{hots: null}}\n", ("unknownField", "over/o.yaml:5:10")),
        (f"{HEAD}metadata: {{name: sales}}\nporxy: null\n", ("unknownField", "over/o.yaml:4:1")),
        (f"{HEAD}metadata: {{name: sales}}\nspec: {{displayName: {{a: b}}}}\n", ("wrongType", "over/o.yaml:4:21")),
        (f"{HEAD}metadata: {{name: sales}}\nspec:\n  displayName: null\n", ("missingField", "over/o.yaml:5:3")),
        (f"{HEAD}metadata: {{name: sales}}\nspec: null\n", ("missingField", "over/o.yaml:4:1")),
        (f"{HEAD}metadata: {{name: sales}}\nspec:\n  smtp: null\n", ("missingField", "over/o.yaml:5:3")),
        ("apiVersion: reconciler/v1\nmetadata: {name: sales}\n", ("unknownKind", "over/o.yaml:1:1")),
        (
            f"{HEAD}metadata: {{name: sales}}\nspec: {{smtp: {{authentication: {{password: {{file: a}}}}}}}}\n",
            ("contradiction", "over/o.yaml:4:42"),
        ),
        (f"{HEAD}metadata: {{name: slaes}}\n", ("unknownOverlay", "over/o.yaml:1:1")),
        (f"{HEAD.replace('Own', 'Marketing')}metadata: {{name: sales}}\n", ("unknownOverlay", "over/o.yaml:1:1")),
        (f"{HEAD}spec: {{email: a@example.com}}\n", ("missingField", "over/o.yaml:1:1")),
        ("kind: OwnAccount\nmetadata: {name: sales}\n", ("unknownApiVersion", "over/o.yaml:1:1")),
        ("- sales\n", ("notAMapping", "over/o.yaml:1:1")),
        (f"{HEAD}metadata: {{name: sales}}\nspec: {{a: [}}\n", ("yamlSyntax", "over/o.yaml:4:12")),
        (
            f"{HEAD}metadata: {{name: sales}}\n---\n{HEAD}metadata: {{name: sales}}\n",
            ("duplicateName", "over/o.yaml:7:18"),
        ),
        (
            f"{HEAD}metadata: {{name: sales}}\nspec: {{smtp: {{authentication: {{password: hunter2}}}}}}\n",
            ("literalSecret", "over/o.yaml:4:42"),
        ),
    ],
)
def test_what_is_wrong_with_an_overlay_has_its_place(tmp_path: Path, patch: str, problem: tuple[str, str]) -> None:
    """Each mistake is told once, at the line of the overlay that makes it."""
    assert [problem] == overlaid(tmp_path, patch)[1]


@pytest.mark.parametrize(
    ("patch", "told"),
    [
        ("metadata: {name: sales}\nspec: {displayName: null}\n", "The overlay takes spec.displayName away"),
        (
            "metadata: {name: sales}\nspec: {smtp: {authentication: {password: {file: a}}}}\n",
            "Write\n    password: {env: null, SOURCE: KEY}",
        ),
        (
            "metadata: {name: old}\n",
            "The overlay is for the OwnAccount old, which is called sales now. Write\n    name: sales",
        ),
    ],
    ids=["what is needed", "a second source", "an earlier name"],
)
def test_an_overlay_that_does_not_fit_is_told_how_it_would(tmp_path: Path, patch: str, told: str) -> None:
    """The words are of the overlay, since the manifest is right without it."""
    base = BASE.replace("{name: sales,", "{name: sales, previousName: old,")
    (tmp_path / "accounts.d").mkdir()
    (tmp_path / "over").mkdir()
    (tmp_path / "accounts.d" / "a.yaml").write_text(base, encoding="utf-8")
    (tmp_path / "over" / "o.yaml").write_text(HEAD + patch, encoding="utf-8")
    overlays, _ = read_overlays(tmp_path / "over", root=tmp_path)
    found = read_manifests(tmp_path / "accounts.d", root=tmp_path, overlays=overlays)
    (problem,) = (*found.problems, *unknown_overlays(overlays))
    assert told in problem.detail


def test_a_manifest_may_be_whole_with_its_overlay_only(tmp_path: Path) -> None:
    """What each environment has for itself need not stand in the manifest at all."""
    _, problems = overlaid(
        tmp_path,
        f"{HEAD}metadata: {{name: sales}}\nspec: {{smtp: {{host: smtp.example.com}}}}\n",
        BASE.replace("host: smtp.example.com, ", ""),
    )
    assert [] == problems


def test_a_missing_folder_of_overlays_is_an_error(tmp_path: Path) -> None:
    """Without its overlays an environment would have another's values, so nothing is planned."""
    _, problems = read_overlays(tmp_path / "over", root=tmp_path)
    assert ["overlayMissing"] == [each.code for each in problems]
