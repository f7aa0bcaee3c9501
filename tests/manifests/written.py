"""Manifest files as people write them, and as they should not: generated for the tests of edits."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

_NAMES = ("sales", "sales-pl", "news.eu", "a", "help_desk", "office-0")
_QUOTES = ("", "'", '"')
_COMMENTS = ("", "  # identity", " # żółw: {x}, 'y'")
_EXTRAS = (
    "owner: anna@example.com",
    "labels: {team: 'a, b'}   # {flow}",
    "annotations:\n{i}{i}note: |\n{i}{i}  --- not a document\n{i}{i}  # not a comment\n",
    "annotations: &notes\n{i}{i}a:   x\n{i}{i}b: >-\n{i}{i}  folded\n{i}{i}  text",
    'title: "two\n{i}  lines \\u017c"',
    "title: plain that\n{i}  goes on",
)
_SPECS = (
    "spec:\n{i}email:    sales@example.com\n{i}smtp: &smtp {{host: smtp.example.com,   port: 587}}\n{i}again: *smtp\n",
    "spec: {{email: 'a@example.com', displayName: \"x # y\"}} # c\n",
    "spec:\n{i}list:\n{i}- a\n{i}-   b: 1\n{i}    c: 2\n",
    "spec:\n{i}text: |+\n{i}  kept\n\n",
    "spec: [\n  a,\n  b\n  ]\n",
    "spec:\n",
)
_BETWEEN = ("", "\n", "# of the one above\n", "\n\n# note {n}\n\n", "\n# note {n}\n\n")


@dataclass(frozen=True)
class Written:
    """One file: its octets, and of each document the name and the octets of its body."""

    octets: bytes
    names: tuple[str, ...]
    bodies: tuple[bytes, ...]
    notes: tuple[bytes, ...]
    """Comments that belong to no document: a blank line stands above and below each."""


@st.composite
def _metadata(draw: st.DrawFn, name: str, indentation: str) -> str:
    quote = draw(st.sampled_from(_QUOTES))
    written = f"{quote}{name}{quote}"
    previous = draw(st.sampled_from(("", "", "before-it")))
    if draw(st.booleans()):
        pairs = [f"name: {written}"] + [f"previousName: {previous}"] * bool(previous) + ["title:   x"]
        inner = ", ".join(draw(st.permutations(pairs)))
        return f"metadata: {{ {inner} }}{draw(st.sampled_from(_COMMENTS))}\n"
    lines = [f"name:   {written}{draw(st.sampled_from(_COMMENTS))}"] + [f"previousName: {previous}"] * bool(previous)
    extra = draw(st.sampled_from(("", *_EXTRAS)))
    lines += [extra.replace("{i}", indentation)] * bool(extra)
    text = "".join(f"{indentation}{line}\n" for line in draw(st.permutations(lines)))
    return f"metadata:{draw(st.sampled_from(_COMMENTS))}\n{text}"


@st.composite
def _body(draw: st.DrawFn, name: str) -> str:
    indentation = " " * draw(st.integers(1, 5))
    head = draw(st.sampled_from(("", "# about it\n", "apiVersion:  reconciler/v1\n")))
    spec = draw(st.sampled_from(_SPECS)).replace("{i}", indentation).replace("{{", "{").replace("}}", "}")
    return f"kind: OwnAccount\n{head}{draw(_metadata(name, indentation))}{spec}"


@st.composite
def written_files(draw: st.DrawFn) -> Written:
    """Return files of one to four documents with comments, anchors, odd indentation, CRLF, with or without a last one."""
    names = tuple(draw(st.permutations(_NAMES))[: draw(st.integers(1, 4))])
    bodies = [draw(_body(name)) for name in names]
    newline = draw(st.sampled_from(("\n", "\r\n", "\n")))
    text = draw(
        st.sampled_from(("", "# of the file\n\n", "---\n", "# of the file\n---   # first\n", "%YAML 1.1\n---\n"))
    )
    notes = []
    for number, body in enumerate(bodies):
        between = draw(st.sampled_from(_BETWEEN)) if number + 1 < len(bodies) else ""
        parting = draw(st.sampled_from(("---\n", "--- # next\n", "...\n---\n"))) if number + 1 < len(bodies) else ""
        if "{n}" in between and not parting.startswith("..."):
            notes.append(f"# note {number}")
        text += body + between.replace("{n}", str(number)) + parting
    ends_in_text = bodies[-1].endswith("\n\n") or "|" in bodies[-1].rsplit("\n", 3)[-2]
    if draw(st.booleans()) and not ends_in_text:
        text = text.rstrip("\n")
    octets = text.replace("\n", newline).encode()
    mark = b"\xef\xbb\xbf" if draw(st.booleans()) else b""
    return Written(
        mark + octets,
        names,
        tuple(body.rstrip("\n").replace("\n", newline).encode() for body in bodies),
        tuple(note.encode() for note in notes),
    )
