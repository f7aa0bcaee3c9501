"""References have one normal form: what is in it, what is not, and what is told to write instead."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter, ValidationError

from reconciler.model.secrets.references import Secret, SecretGlob, SecretPath, is_key_of
from reconciler.model.secrets.spelling import is_normal_key, normal_key, normal_reference, spelling_problem

NORMAL = (
    "secrets/sales", "sales", "/run/secrets/sales", "secrets/..data", "secrets/a..b", ".hidden", "secrets/.x", "a b/c",
    "secrets/{name}", "...", "a/.../b", "a:./b", "/x", "żółw/a", "~/x", "a\\b",
)  # fmt: skip
"""Paths that have no other spelling."""
OTHERWISE = {
    "secrets//sales": "secrets/sales",
    "secrets///a//b": "secrets/a/b",
    "./secrets/sales": "secrets/sales",
    "secrets/./sales": "secrets/sales",
    "secrets/sales/": "secrets/sales",
    "secrets/sales/.": "secrets/sales",
    "secrets/sales//": "secrets/sales",
    "secrets/../sales": "sales",
    "secrets/a/../../b": "b",
    "//run/secrets/sales": "/run/secrets/sales",
    "/run/./sales": "/run/sales",
    "/run/secrets/": "/run/secrets",
    "../outside": "../outside",
    "a/../../outside": "../outside",
    "/..": "/..",
    "..": "..",
    ".": "",
    "/": "/",
    "./": "",
}
"""Other spellings, and what they read without needless steps."""


@pytest.mark.parametrize("key", NORMAL)
def test_a_normal_key_stays_as_it_is(key: str) -> None:
    """It is in normal form, is its own normal form, and nothing is wrong with it."""
    assert (True, key) == (is_normal_key(key), normal_key(key))
    assert (None, f"file:{key}") == (spelling_problem(f"file:{key}"), normal_reference(f"file:{key}"))


@pytest.mark.parametrize(("key", "normal"), OTHERWISE.items())
def test_every_other_spelling_is_refused(key: str, normal: str) -> None:
    """It is not in normal form, and no key of a file nor of a source, whose normal form can be told."""
    assert (False, normal) == (is_normal_key(key), normal_key(key))
    assert (False, False) == (is_key_of("file", key), is_key_of("vault", key))
    assert f"file:{normal}" == normal_reference(f"file:{key}")


@pytest.mark.parametrize(("key", "normal"), OTHERWISE.items())
def test_the_normal_form_is_told(key: str, normal: str) -> None:
    """The message gives what to write; where nobody can tell, it says how files outside are named."""
    is_known = normal not in {"", "/"} and ".." not in normal
    told = f"Write {normal}" if is_known else "Name a file outside the project folder by its absolute path"
    with pytest.raises(ValidationError) as of_manifest:
        TypeAdapter(Secret).validate_python({"file": key})
    with pytest.raises(ValidationError) as of_project:
        TypeAdapter(SecretPath).validate_python(key)
    for refused in (of_manifest, of_project):
        assert refused.value.errors()[0]["msg"].endswith(told)


@pytest.mark.parametrize(
    ("reference", "code"),
    [
        ({"file": "secrets//x"}, "invalidValue"),
        ({"file": "secrets/../x"}, "secretNotAllowed"),
        ({"file": "../x"}, "secretNotAllowed"),
        ({"vault": "mail//x"}, "invalidValue"),
        ({"vault": "mail/../x"}, "invalidValue"),
        ({"vault": "mail/x/"}, "invalidValue"),
    ],
)
def test_a_refusal_has_the_code_of_its_kind(reference: dict[str, str], code: str) -> None:
    """What leads out of a folder is not allowed; what is only spelt otherwise is an invalid value."""
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(Secret).validate_python(reference)
    assert code == refused.value.errors()[0]["type"]


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("mail//x", "Write mail/x"),
        ("mail/./x", "Write mail/x"),
        ("-x//y", "takes a key of letters"),
        ("a/../b", "Write b"),
    ],
)
def test_a_key_of_a_source_is_told_in_normal_form(key: str, told: str) -> None:
    """The normal form is told where it would be a key; else what a key is."""
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(Secret).validate_python({"vault": key})
    assert told in refused.value.errors()[0]["msg"]


GLOBS = {
    "env:SMTP_*": None,
    "file:secrets/**": None,
    "file:/run/secrets/**": None,
    "**": None,
    "file:**/x": None,
    "vault:a:b": None,
    "vault:a:./b": None,
    "file:./secrets/**": "file:secrets/**",
    "file:secrets//**": "file:secrets/**",
    "file:secrets/**/": "file:secrets/**",
    "file:secrets/./*": "file:secrets/*",
    "file:secrets/../x*": "file:x*",
    "vault:mail//*": "vault:mail/*",
    "./x": "x",
}


@pytest.mark.parametrize(("glob", "normal"), GLOBS.items())
def test_globs_have_the_same_form(glob: str, normal: str | None) -> None:
    """A glob that is not in normal form would cover nothing, so it is refused, and the one that was meant is told."""
    problem = spelling_problem(glob)
    assert (normal is None) == (problem is None)
    assert (normal or glob) == normal_reference(glob)
    if problem is None:
        assert glob == TypeAdapter(SecretGlob).validate_python(glob)
        return
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(SecretGlob).validate_python(glob)
    assert refused.value.errors()[0]["msg"].endswith(f"Write {normal}")


@pytest.mark.parametrize("text", [*NORMAL, *OTHERWISE, *GLOBS, *(f"file:{key}" for key in (*NORMAL, *OTHERWISE))])
def test_the_schemas_say_the_same(text: str) -> None:
    """What a model refuses for its form, its schema refuses, and no more."""
    for form in (SecretGlob, SecretPath):
        adapter: TypeAdapter[str] = TypeAdapter(form)
        try:
            adapter.validate_python(text)
        except ValidationError:
            is_valid = False
        else:
            is_valid = True
        assert is_valid == Draft202012Validator(adapter.json_schema()).is_valid(text)
