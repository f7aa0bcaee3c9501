"""Words of servers in the charsets of their countries, read without being told which."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.text.charsets import charset_of, text_of

_SAID = {
    "latin-1": (
        "Empfänger unbekannt", "Postfach überfüllt", "Größe überschritten", "später", "Boîte aux lettres pleine",
        "Expéditeur non autorisé", "Délai dépassé", "Vous êtes bloqué", "Buzón no existe", "contraseña incorrecta",
        "Usuário não encontrado", "autenticação necessária", "La casella è piena", "Åtkomst nekad", "Ikke tillatt å sende",
        "mottagaren är okänd",
    ),
    "cp1252": ("Can\u2019t relay \u2013 sorry", "Mail \u201csales\u201d refused"),
    "iso8859-2": ("Nie ma takiego użytkownika", "Błędne hasło", "Odmowa dostępu", "Přístup odepřen", "Schránka je plná"),
    "cp1250": ("Przekroczono limit wiadomości", "Połączenie nie jest szyfrowane", "Příjemce nenalezen", "próbálja később"),
    "cp1251": ("Пользователь не найден", "ОШИБКА", "Доступ запрещён", "Потрібна автентифікація"),
    "koi8-r": ("Пользователь не найден", "ОШИБКА", "Слишком много соединений"),
    "koi8-u": ("Користувача не знайдено", "Поштова скринька переповнена"),
    "cp866": ("Почтовый ящик переполнен",),
    "iso8859-5": ("Требуется авторизация",),
    "cp1253": ("Ο χρήστης δεν υπάρχει",),
    "cp1254": ("Kullanıcı bulunamadı", "Geçersiz gönderici adresi"),
    "cp1255": ("המשתמש לא קיים",),
    "cp1256": ("المستخدم غير موجود",),
    "cp874": ("ไม่พบผู้ใช้", "การตรวจสอบสิทธิ์ล้มเหลว", "กล่องจดหมายเต็ม", "รหัสผ่านไม่ถูกต้อง", "การเชื่อมต่อถูกปฏิเสธ", "ปฏิเสธผู้รับ"),
    "gbk": ("用户名或密码错误", "连接被拒绝", "请先登录", "您的IP被列入黑名单", "域名未解析"),
    "big5": ("使用者不存在", "認證失敗"),
    "shift_jis": ("ユーザーが存在しません", "認証が必要です"),
    "euc_jp": ("宛先が見つかりません",),
    "iso2022_jp": ("接続数が多すぎます",),
    "euc_kr": ("사용자가 없습니다", "수신자를 찾을 수 없습니다"),
}  # fmt: skip


@pytest.mark.parametrize(("charset", "words"), [(charset, words) for charset, said in _SAID.items() for words in said])
def test_words_are_read_as_they_were_meant(charset: str, words: str) -> None:
    """A sentence in a charset of its language is that sentence, alone and behind an address in ASCII."""
    for text in (words, f"5.1.1 <ops@example.net>: {words} (mx1.example.net)"):
        octets = text.encode(charset)
        assert text_of(octets, charset_of(octets)) == text


@given(st.text())
def test_utf_8_is_utf_8(text: str) -> None:
    """What is UTF-8 is never taken for anything else, but for what begins an escape of Japanese."""
    octets = text.encode("utf-8", "ignore")
    assert charset_of(octets) == ("iso2022_jp" if "\x1b$B" in text or "\x1b$@" in text else "utf-8")


@pytest.mark.parametrize("cut", range(1, 4))
def test_a_letter_that_was_cut_does_not_change_the_charset(cut: int) -> None:
    """Servers cut their words at so many octets, in the middle of a letter."""
    for charset, words in (("utf-8", "Почтовый ящик переполнен 😀"), ("gbk", "用户名或密码错误")):
        octets = words.encode(charset)[:-cut]
        assert words.startswith(text_of(octets, charset_of(octets)).rstrip("\N{REPLACEMENT CHARACTER}"))


@given(st.binary(max_size=200))
def test_any_octets_are_some_text(octets: bytes) -> None:
    """Nothing raises, and what is none of the charsets is shown octet by octet."""
    assert isinstance(text_of(octets, charset_of(octets)), str)
