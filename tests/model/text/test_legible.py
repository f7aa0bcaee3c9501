"""A secret is recognised in every spelling, whole or in part, and other words are left alone."""

from __future__ import annotations

import gc
import html
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.text import legible, octets, runs
from reconciler.model.text.legible import RUN, Legible
from reconciler.model.text.octets import texts_of, told_by
from reconciler.model.text.runs import Runs, has_run, has_run_anew, runs_of
from tests.support.spellings import SPELLINGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

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


_OCTETS = (
    st.binary(max_size=20)
    | st.text(max_size=8).map(lambda text: text.encode("utf-16-le"))
    | st.text(st.sampled_from("aZ0x%&\xdf\xbc\ufdfa"), max_size=8).flatmap(
        lambda text: st.sampled_from(
            [text.encode("utf-8"), text.encode("latin-1", "replace"), text.encode("utf-16-be")]
        )
    )
)


def _told_plainly(pieces: Sequence[bytes], *, shortest: int = 1) -> Iterator[str]:
    """Yield all that octets say, however few they are."""
    del shortest
    tellings = (" ".join(octets._TELLING.findall(text)) for text in texts_of(b"\n".join(pieces)))  # noqa: SLF001 - what counts as telling
    return (telling for telling in tellings if telling)


@given(_OCTETS, st.integers(1, 12))
def test_octets_too_few_to_tell_anything_say_nothing(told: bytes, shortest: int) -> None:
    """What is left out of few octets has no four characters in a row that tell anything, or holds no secret and no escape."""

    def holding(tellings: Iterable[str]) -> list[str]:
        return [each for each in tellings if legible._may_hold(each, legible._key_made(each), shortest)]  # noqa: SLF001

    assert holding(_told_plainly([told])) == holding(told_by([told], shortest=shortest))
    assert list(_told_plainly([told])) == list(told_by([told]))


_NAMES = st.text(st.sampled_from("0123456789ABCDEFabcdefghsx%=&+\\.- \xdf\xbc"), max_size=24)


@given(_NAMES, _NAMES, _LETTERS, st.sampled_from(sorted(SPELLINGS)), st.integers(4, 12))
def test_a_short_name_is_read_as_it_is_without_any_shortcut(
    before: str, after: str, secret: str, spelling: str, shortest: int
) -> None:
    """A name by itself, and with a secret or a part of one in any spelling: what is not decoded would have told nothing."""
    read = legible._all_readings.__wrapped__  # noqa: SLF001 - what is compared
    parts = [SPELLINGS[spelling](each) for each in (secret[:4], secret[:shortest], secret)]
    names = [before, *(f"{before[:3]}{part}{after[:3]}" for part in parts), *(part[:10] for part in parts)]
    found = [read(name, shortest) for name in names]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(legible, "_has_hex_alone", lambda _text, _shortest: False)
        patch.setattr(legible, "told_by", _told_plainly)
        assert [read(name, shortest) for name in names] == found


_FOREIGN = st.text(max_size=40) | st.text(
    st.sampled_from("aZ09 &#;x%=+\\\\u{}\ud800\udc80\udcff\ufdfa\xe9\n")
    | st.characters(codec=None, exclude_categories=())
)


@given(_FOREIGN)
def test_what_holds_no_escape_is_the_same_however_its_escapes_are_resolved(text: str) -> None:
    """So it is decoded once, or not at all; any text is decoded into what each way of resolving its escapes gives."""
    unescaped = legible._SOFT_BREAK.sub("", html.unescape(text))  # noqa: SLF001 - what is compared
    both = {legible._without_escapes(unescaped, is_utf8=is_utf8) for is_utf8 in (True, False)}  # noqa: SLF001
    if legible._MARK.search(text):  # noqa: SLF001
        assert both <= set(legible._decodings(text, 1))  # noqa: SLF001


@given(_FOREIGN)
def test_escaped_octets_are_written_as_they_are(text: str) -> None:
    """Letter by letter or all at once: octets from 128 on become themselves, and other halves of letters stay."""
    expected = b"".join(
        bytes([ord(each) - 0xDC00]) if "\udc80" <= each <= "\udcff" else each.encode("utf-8", "surrogatepass")
        for each in text
    )
    assert expected == legible._octets_of(text)  # noqa: SLF001


@given(
    st.text(st.sampled_from("0123456789abcdef .,x%") | st.characters(codec="utf-8"), max_size=24), st.integers(1, 12)
)
def test_what_is_too_short_is_decoded_into_nothing(text: str, shortest: int) -> None:
    """No number of digits is found in so few characters, and fewer octets of base64 than a secret has."""
    if len(text) < legible._FEWEST_DIGITS:  # noqa: SLF001 - the limits that are held to the patterns
        assert legible._HEX_RUN.search(text) is None  # noqa: SLF001
    if len(text) < legible._FEWEST_OF_NUMBERS:  # noqa: SLF001
        assert legible._NUMBERS.search(text) is legible._JOINED.search(text) is None  # noqa: SLF001
    if len(text) * 6 // 8 < shortest:
        for letters in ("".join(text.split()), legible._WORDLESS.sub("", text)):  # noqa: SLF001
            runs = legible._BASE64_RUN.findall(letters.replace("-", "+").replace("_", "/"))  # noqa: SLF001
            assert not runs or sum(len(run) * 6 // 8 for run in runs) < shortest


@given(st.text(max_size=12))
def test_nothing_is_spelled_without_something_between(text: str) -> None:
    """Of letters and digits alone there are no pieces."""
    assert not text.isalnum() or legible._SPELLED.search(text) is None  # noqa: SLF001


@given(
    st.sampled_from([5, 6, 7, 8, 10]), st.text("abc", min_size=10, max_size=16), st.text("abc", max_size=300), st.data()
)
def test_a_text_is_looked_through_once_for_the_same_runs(
    length: int, secret: str, text: str, data: st.DataObject
) -> None:
    """Pieces at a distance find whatever all runs of a text find, wherever in it a run stands."""
    known = Runs({length: set(runs_of(secret, length))})
    at, start = data.draw(st.integers(0, len(text))), data.draw(st.integers(0, len(secret) - length))
    written = text[:at] + secret[start : start + length] + text[at:]
    for each in (text, written, "-" * 70 + written, written + "-" * 70):
        assert has_run(each, known) == has_run_anew(each, known)


@pytest.mark.parametrize("secret", _SECRETS)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_name_that_will_not_come_again_is_read_as_any_text(secret: str, spelling: str) -> None:
    """What tells of texts that come again and of those that do not is the same."""
    for text in (f"17{SPELLINGS[spelling](secret)}-{'4a1b2c3d4e5sm' * 6}.12", "4a1b2c3d4e5sm12345678f8f" * 4):
        sought = Legible([secret])
        assert sought.in_text(text) == (sought.is_written_in(text) or sought.is_read_in(text))


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

    def counted(reading: str, known: Runs) -> bool:
        looked_at.append(len(reading))
        return has_run(reading, known)

    monkeypatch.setattr(legible, "has_run", counted)
    assert Legible(["canary-Sales-51c2e8"]).in_text(text) in {True, False}
    assert sum(looked_at) <= 3 * (legible.MAX_CHARACTERS + len(text))


@pytest.mark.parametrize("secret", ["Zażółć+gęślą/7&xQ", "żółw77", "canary-Sales-51c2e8"])
def test_no_secret_outlives_whoever_looks_for_it(secret: str) -> None:
    """What is kept for texts that come again holds texts alone: neither a secret, nor its key."""
    caches = [each for place in (legible, runs) for each in vars(place).values() if hasattr(each, "cache_info")]
    for cache in caches:
        cache.cache_clear()  # of texts that other tests asked about, some of which are secrets
    assert not Legible([secret]).in_text("535 5.7.8 zły użytkownik albo hasło, spróbuj ponownie później")
    kept = {text for cache in caches for held in gc.get_referents(cache) if isinstance(held, dict) for text in held}
    assert kept
    assert kept.isdisjoint({secret, secret.lower(), secret.casefold()})
