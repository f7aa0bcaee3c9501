"""A server that repeats what it was sent, in whatever spelling, gets no credential into any message."""

from __future__ import annotations

import pytest

from reconciler.model.text.legible import Legible
from reconciler.smtp.masking import WITHHELD
from tests.support.scripted import ScriptedServer, polite
from tests.support.spellings import SPELLINGS
from tests.verification.cases import PLAIN
from tests.verification.targets import PASSWORD, check_settings


def _said(reply: str) -> str:
    """Return all that becomes of a login that a server refuses so."""
    with ScriptedServer(polite({"AUTH": reply})) as server:
        finding = check_settings(server, **PLAIN)
    return finding.verification.model_dump_json() + finding.observed.model_dump_json()


@pytest.mark.parametrize(
    "part", [PASSWORD, PASSWORD[:9], PASSWORD[5:15], PASSWORD[-10:]], ids=["whole", "begin", "middle", "end"]
)
@pytest.mark.parametrize(
    "spelling", [each for each in SPELLINGS if each not in {"on two lines", "quoted-printable, soft breaks"}]
)
def test_an_echo_in_any_spelling_is_not_shown(spelling: str, part: str) -> None:
    """The credential is masked where it stands, or the words are replaced whole; the enhanced code stays."""
    if part != PASSWORD and spelling == "base64, lower case":
        return  # of a part alone, case decides letters at both ends
    written = SPELLINGS[spelling](part)
    text = _said(f"535 5.7.8 no: {written} (anna)")
    assert f"535 5.7.8 {WITHHELD}" in text or "***" in text
    assert written not in text
    assert not Legible([PASSWORD]).in_text(text[text.index("535 5.7.8") :][:200])


@pytest.mark.parametrize("reply", [
    f"535-5.7.8 no {PASSWORD[:7]}\r\n535-5.7.8 {PASSWORD[7:14]}\r\n535 5.7.8 {PASSWORD[14:]}",
    f"535-{PASSWORD[:6]}\r\n535 {PASSWORD[6:]}",
    f"535-{PASSWORD.encode().hex()[:20]}\r\n535 {PASSWORD.encode().hex()[20:]}",
    "535-" + "\r\n535-".join(PASSWORD) + "\r\n535 .",
])  # fmt: skip
def test_an_echo_over_several_lines_is_not_shown(reply: str) -> None:
    """The lines of a reply are read together, since they are shown together."""
    text = _said(reply)
    assert WITHHELD in text or "***" in text
    assert "horse" not in text


def test_an_echo_over_two_replies_is_not_shown() -> None:
    """What one reply begins and the next goes on with is not shown with the second."""
    first, second = PASSWORD[:7], PASSWORD[7:14]
    with ScriptedServer(polite({"MAIL": f"250 2.1.0 {first}", "RCPT": f"550 {second}"})) as server:
        finding = check_settings(server, **PLAIN)
    assert f"550 {WITHHELD}" in finding.verification.model_dump_json()


@pytest.mark.parametrize("charset", ["latin-1", "koi8-r", "gbk", "iso2022_jp"])
@pytest.mark.parametrize("beside", ["", "Größe ", "неверный пароль ", "密码错误 "])
def test_an_echo_beside_words_in_another_charset_is_not_shown(charset: str, beside: str) -> None:
    """However the words around it are read, the credential is masked, or the words are replaced whole."""
    with ScriptedServer(polite({"AUTH": f"535 5.7.8 {beside}{PASSWORD}"}, charset=charset)) as server:
        finding = check_settings(server, **PLAIN)
    text = finding.verification.model_dump_json()
    assert WITHHELD in text or "***" in text
    assert "horse" not in text


def test_other_words_are_shown() -> None:
    """Words that hold nothing of the credential help, the user name among them."""
    assert "535 5.7.8 anna@example.com: wrong, see https://support.example.com/?p=BadCredentials" in _said(
        "535 5.7.8 anna@example.com: wrong, see https://support.example.com/?p=BadCredentials"
    )
