"""Reads the octets of one file into documents and problems, in bounded time and memory whatever the octets are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, sort_key
from reconciler.yamlsource.limits import MAX_FILE_OCTETS, too_large
from reconciler.yamlsource.plain import plain_documents
from reconciler.yamlsource.text import decode
from reconciler.yamlsource.values import YamlDocument, YamlFile

if TYPE_CHECKING:
    from collections.abc import Iterator


def read_documents(octets: bytes, *, file: str) -> YamlFile:
    r"""Return the documents of a YAML file and its problems; nothing is raised.

    ``file`` is the name of the file in places. Empty documents are left out, and so is every document with a
    problem; the documents after it are read all the same.

    >>> read = read_documents(b"kind: OwnAccount\nport: 587\n---\nkind: @b\n", file="a.yaml")
    >>> [document.value for document in read.documents]
    [{'kind': 'OwnAccount', 'port': 587}]
    >>> str(read.documents[0].value_at(["port"]))
    'a.yaml:2:7'
    >>> [(problem.code, str(problem.location)) for problem in read.problems]
    [('yamlSyntax', 'a.yaml:4:7')]
    """
    problems: list[Diagnostic] = []
    documents = tuple(each_document(octets, file=file, problems=problems))
    return YamlFile(documents, tuple(sorted(problems, key=sort_key)))


def each_document(octets: bytes, *, file: str, problems: list[Diagnostic]) -> Iterator[YamlDocument]:
    r"""Yield the documents of a YAML file as they are read, and add its problems to ``problems`` on the way.

    This is for callers that may stop early: the rest of the file is then not read.

    >>> problems = []
    >>> documents = each_document(b"a: 1\n---\nb: 2\n", file="a.yaml", problems=problems)
    >>> next(documents).value
    {'a': 1}
    """
    if len(octets) > MAX_FILE_OCTETS:
        problems.append(too_large(file))
        return
    text = decode(octets, file=file)
    if isinstance(text, Diagnostic):
        problems.append(text)
        return
    plain = plain_documents(octets, text, file=file)
    if plain is not None:
        yield from plain
        return
    # The parser is slow to import, and most projects have no file that needs it.
    from reconciler.yamlsource.parsing import parsed_documents

    yield from parsed_documents(octets, text, file=file, problems=problems)
