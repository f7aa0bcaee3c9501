"""What may be told of a password that a server rejects: usual mistakes, and never the value."""

from __future__ import annotations

import pytest

from reconciler.model.secrets.values import SecretValue
from reconciler.rules.secrets.looks import remarks_on

_MISTAKES = (
    ('"correct-horse"', "quotation marks"),
    ("'correct-horse'", "quotation marks"),
    ("“correct-horse”", "quotation marks"),
    ('"correct-horse" ', "quotation marks"),
    ("correct-horse ", "at its end"),
    ("correct-horse\u00a0", "at its end"),
    (" correct-horse", "at its beginning"),
    ("żółw-horse", "UTF-8"),
    ("pässword", "UTF-8"),
    ("${SMTP_PASSWORD}", "placeholder"),
    ("pre${SMTP}", "placeholder"),
    ("{{ smtp_password }}", "placeholder"),
    ("SMTP_SALES_PASSWORD", "name of its own reference"),
    ("env:SMTP_SALES_PASSWORD", "name of its own reference"),
    ("$SMTP_SALES_PASSWORD", "name of its own reference"),
    ("anna", "same as the user name"),
    ("abc", "shorter than 4"),
    ("x", "shorter than 4"),
    ("abcd efgh ijkl mnop", "without the spaces"),
    ("ABCD efgh ijkl mnop", "without the spaces"),
    ("abcd\u00a0efgh\u00a0ijkl\u00a0mnop", "without the spaces"),
    ("correct\thorse", "a tab"),
    ("\ufeffcorrect-horse", "does not show"),
    ("correct\nhorse", "a line break"),
)


@pytest.mark.parametrize(("value", "words"), _MISTAKES)
def test_a_usual_mistake_is_told_without_the_value(value: str, words: str) -> None:
    """The remark says what is wrong, and holds nothing of the value."""
    remarks = remarks_on(SecretValue(value), username="anna", reference="env:SMTP_SALES_PASSWORD")
    assert [remark for remark in remarks if words in remark]
    parts = {part for part in value.strip("\"' “”").split() if len(part) > 3} - {"anna"}
    assert [part for part in parts if part in " ".join(remarks)] == []


@pytest.mark.parametrize(
    "value",
    [
        "correct-horse-battery",
        "correct horse battery",
        'half"quoted',
        "dollar$sign",
        "anna2",
        "abcdefghijklmnop",
        "abcd-efgh-ijkl-mnop",
        "1234 5678 9012 3456",
        "four",
        "{single}",
    ],
)
def test_of_other_passwords_nothing_is_told(value: str) -> None:
    """A password without a usual mistake leads to no word, whatever its length, letters and signs are."""
    assert remarks_on(SecretValue(value), username="anna", reference="file:secrets/sales") == ()


@pytest.mark.parametrize(
    ("reference", "value", "is_told"),
    [
        ("vault:team/mail/sales", "team/mail/sales", True),
        ("vault:team/mail/sales", "sales", True),
        ("vault:team/mail/sales", "vault:team/mail/sales", True),
        ("vault:team/mail/sales", "mail/sales", False),
        ("vault:team/mail/sales", "team", False),
        ("env:SMTP_SALES", "$SMTP_SALES", True),
        ("env:SMTP_SALES", "%SMTP_SALES%", True),
        ("env:SMTP_SALES", "%SMTP_SALES", False),
        ("vault:a:b", "a:b", True),
        ("vault:a:b", "b", False),
        ("vault:folder/", "    ", False),
        (None, "None", False),
        (None, "env:SMTP_SALES", False),
    ],
)
def test_the_name_of_its_own_reference(reference: str | None, value: str, *, is_told: bool) -> None:
    """The whole of it, its key, the last part of a path, or as shells write a variable; nothing else is its name."""
    remarks = remarks_on(SecretValue(value), username=None, reference=reference)
    assert is_told == ("it is the name of its own reference" in remarks)
