"""A secret is recognised in every spelling, whole or in part, and other words are left alone."""

from __future__ import annotations

import gc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.text import legible
from reconciler.model.text.legible import RUN, Legible, texts_of
from tests.support.spellings import SPELLINGS

_SECRETS = ("canary-Sales-51c2e8", "Zażółć+gęślą/7&xQ", "p4ssw0rd", "ya29.A0ARrdaM-k9Vq7_GzYL2pt4vZxw~0123456789")
_LETTERS = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=8, max_size=24)


@pytest.mark.parametrize("secret", _SECRETS)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_secret_is_read_in_every_spelling(secret: str, spelling: str) -> None:
    """Whatever a person could read is recognised, between other words."""
    assert Legible([secret]).in_text(f"5.7.8 you said: {SPELLINGS[spelling](secret)}, anna@example.com")


@given(_LETTERS, st.sampled_from(sorted(SPELLINGS)), st.data())
def test_any_part_of_eight_characters_is_read(secret: str, spelling: str, data: st.DataObject) -> None:
    """Beginning, end or middle: eight characters in a row give a secret away, in every spelling, anywhere in a text."""
    start = data.draw(st.integers(0, len(secret) - RUN))
    length = data.draw(st.integers(RUN, len(secret) - start))
    before = data.draw(st.sampled_from(["", "no: ", "535 5.7.8 ", "(", "x"]))
    part = SPELLINGS[spelling](secret[start : start + length])
    if spelling == "base64, lower case":
        return  # of a part alone, case decides letters at both ends
    assert Legible([secret]).in_text(f"{before}{part} anna")


@given(st.binary(max_size=20) | st.text(max_size=8).map(lambda text: text.encode("utf-16-le")))
def test_octets_too_few_to_tell_anything_say_nothing(octets: bytes) -> None:
    """What is left out of octets because it would be short has no four characters in a row that tell anything."""
    left_out = [text for text in texts_of(octets) if text not in set(texts_of(octets, shortest=4))]
    assert [] == [text for text in left_out if legible._TELLING.search(text)]  # noqa: SLF001 - what counts as telling
    assert len(octets) >= 4 or not any(map(legible._TELLING.search, texts_of(octets)))  # noqa: SLF001


@pytest.mark.parametrize(
    "text",
    [
        "5.7.8 anna@example.com: battery low, correct it; see https://support.example.com/?p=BadCredentials a1",
        "5.7.8 Username and Password not accepted. https://support.google.com/mail/?p=BadCredentials 5b1f17b1804b1-45f",
        "5.7.139 Authentication unsuccessful, basic authentication is disabled. [AM0PR02CA0012.eurprd02.prod.outlook.com]",
        "AADSTS7000222: The provided client secret keys are expired.", "QW5uYUBleGFtcGxlLmNvbQ==", "x" * 300, "",
    ],
)  # fmt: skip
def test_other_words_are_left_alone(text: str) -> None:
    """Ordinary replies, and user names in base64, are shown."""
    assert not Legible(["correct horse battery", "hush/client+secret=8Q~zK", "canary-Sales-51c2e8"]).in_text(text)


@pytest.mark.parametrize(("secret", "text", "expected"), [
    ("abc", "61 62 63 YWJj", False), ("cat1", "cat1 &#99;&#97;&#116;&#49; x", True), ("mail", "the mail server liam", False),
    ("s3cr3t", "T3RC3S", True), ("s3cr3t", "s.3.c.r.3.t", True), ("s3cr3t", "7333637233 74", True),
])  # fmt: skip
def test_a_short_secret_is_looked_for_whole(secret: str, text: str, *, expected: bool) -> None:
    """Below eight characters a secret counts whole, below six in encodings alone, below four not at all."""
    assert expected == Legible([secret]).in_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "QUJD" * 5000,
        "%41" * 5000,
        "61" * 9000,
        "12 " * 9000,
        "=3D" * 5000,
        "\\u0041" * 3000,
        "&amp;" * 4000,
        "a." * 9000,
        "VVZGVlFWRkI=" * 2000,
    ],
)
def test_the_work_is_bounded(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long and however encoded a text is, a bounded number of characters is looked at; then it is not shown."""
    looked_at: list[int] = []
    has_run = legible._has_run  # noqa: SLF001 - what is counted

    def counted(reading: str, known: dict[int, set[str]]) -> bool:
        looked_at.append(len(reading))
        return has_run(reading, known)

    monkeypatch.setattr(legible, "_has_run", counted)
    assert Legible(["canary-Sales-51c2e8"]).in_text(text) in {True, False}
    assert sum(looked_at) <= 3 * (legible.MAX_CHARACTERS + len(text))


@pytest.mark.parametrize("secret", ["Zażółć+gęślą/7&xQ", "żółw77", "canary-Sales-51c2e8"])
def test_no_secret_outlives_whoever_looks_for_it(secret: str) -> None:
    """What is kept for texts that come again holds texts alone: neither a secret, nor its key."""
    assert not Legible([secret]).in_text("535 5.7.8 zły użytkownik albo hasło, spróbuj ponownie później")
    caches = [each for each in vars(legible).values() if hasattr(each, "cache_info")]
    kept = {text for cache in caches for held in gc.get_referents(cache) if isinstance(held, dict) for text in held}
    assert kept
    assert kept.isdisjoint({secret, secret.lower(), secret.casefold()})
