"""Foreign octets as text where nobody says in which charset they are.

Premise: a reply is UTF-8, or else a sentence or two in the charset of the server's country. UTF-8 proves itself; the
others do not: any octets are letters of any of them. So the octets are read in each, and the reading counts that has
the letters which people of one language write, in words of one case. That is a guess, good enough to be read and to be
compared with what servers say; nothing is decided by it that costs anything.
"""

from __future__ import annotations

import re
from functools import cached_property

from reconciler.classes import Frozen

UTF_8 = "utf-8"
_LAST = "latin-1"
"""Can read everything."""
_MOST_GUESSED = 2000
"""So many octets tell a language as well as all of them."""
_ESCAPED_JAPANESE = re.compile(rb"\x1b\$[@B]")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_WORD = re.compile(r"[^\W\d_]*[^\x00-\x7f\W\d_][^\W\d_]*")
_MOST, _COMMON, _RARE, _STRANGE, _TELLING = 1.0, 0.75, 0.4, -2.0, 0.5
"""What a letter is worth, and a word that only one language has."""
_LONG = 3
"""Words of so many letters have one of ASCII, in languages that are written with those."""
_LEAST = 0.0
"""A reading worth less than this is no better than Latin-1."""


class _Language(Frozen):
    """One language or a family of them, with the charsets in which its servers speak."""

    charsets: tuple[str, ...]
    most: str
    """The letters beyond ASCII that most words have, in small letters."""
    common: str = ""
    rare: str = ""
    """Further ones; punctuation as well."""
    words: str = "(?!)"
    """Parts of words that other languages of the same letters do not have, as a pattern."""
    is_latin: bool = False
    """Whether ASCII letters stand beside its own in one word."""
    ideographs: tuple[str, int, int] | None = None
    """A charset, and the first and last of the leading octets of the ideographs that it has for daily use."""

    @cached_property
    def worths(self) -> dict[str, float]:
        """What each letter is worth."""
        found = dict.fromkeys(self.rare, _RARE)
        if self.ideographs is not None:
            charset, first, last = self.ideographs
            pairs = b"".join(bytes((lead, trail)) for lead in range(first, last + 1) for trail in _TRAILS[charset])
            found |= dict.fromkeys(pairs.decode(charset, "ignore"), _RARE)
        for letters, worth in ((self.common, _COMMON), (self.most, _MOST)):
            found |= dict.fromkeys(letters + letters.upper(), worth)
        return found

    @cached_property
    def tells(self) -> re.Pattern[str]:
        """The words."""
        return re.compile(self.words, re.IGNORECASE)


_TRAILS = {"gb2312": range(0xA1, 0xFF), "big5": (*range(0x40, 0x7F), *range(0xA1, 0xFF)), "euc_jp": range(0xA1, 0xFF), "euc_kr": range(0xA1, 0xFF)}  # fmt: skip
_HAN = (
    "的邮件人收发不存在地址用户名密码认证失败拒绝连接服务器请登录错误系统已满无效被限制超过次数频率垃圾账帐号域身份验需要未通先"
    "大小过太内容可疑黑单中您是有此该这没查找到信箱空间足量容封禁止转暂时重试稍后送受与匹配一致或由于原因好主机命令繁忙锁定解析"
    "為來無戶帳號認證錯誤拒絕連線伺服器請滿無效使者稱電子郵寄址發過時間垃圾查轉遞授權權限並"
)
_HAN_MARKS = "、。，．：；？！（）《》“”‘’—…「」"
_KANA = "".join(map(chr, (*range(0x3041, 0x3097), *range(0x30A1, 0x30FD))))
_CYRILLIC = "клмдпуяыьгзбчйхжюшцщэфъё"
_LANGUAGES = (
    _Language(
        ("cp1252",), "äöüßéèàçêñóíáúãõå", "âôøæîûï", "ëùìòœÿ¿¡«»°§“”„’–—…€ªº©®™·•", is_latin=True,
    ),
    _Language(
        ("cp1250", "iso8859-2"), "ąćęłńóśźż", "áéíýčďěňřšťůúžőűöüä", "ľĺŕôđăâîșşţß„”“’–€", is_latin=True,
        words=r"dostęp|\bnie\b|\bjest\b|się\b|wiadomo|skrzynk|użytk|odmow|\bbłąd|\bkont[oa]\b"
        r"|pří|\bje\b|přís|schránk|uživat|ověř|chyba|odepř|adresát"
        r"|később|postafiók|felhaszn|címzett|hiteles|\bnem\b|szüksé|\bszerver",
    ),
    _Language(("cp1251", "koi8-r", "cp866", "iso8859-5"), "оеаинтсрв", _CYRILLIC, "іїєґ№«»–"),
    _Language(("koi8-u",), "оеаинтсрві", _CYRILLIC + "їєґ"),
    _Language(("cp1253", "iso8859-7"), "αεηικλμνοπρστυως", "βγδζθξφχψάέήίόύώ", "«»"),
    _Language(
        ("cp1254",), "ğışöüç", "İâî", is_latin=True,
        words=r"kullan|posta kutusu|sunucu|hata\b|geçersiz|değil|için\b|gönder|alıcı|kimlik|doğrula|gerekli|bağlant|işlem",
    ),
    _Language(("cp1255",), "אבדהוילמנרשת", "גזחטכסעפצקםןךףץ"),
    _Language(("cp1256",), "ابتدرسعلمنهوي", "ثجحخذزشصضطظغفقكةىأإآؤئء", "؟،"),
    _Language(
        ("cp874",), "านรอกเงมยลวดทสตหผู่้ีัิ", "ะปบคแจพชขใไโธถซณญฐศษภฟฉฎฏฑฒฆฌฝฮฤ๊๋์็ึืุำๆฯ",
    ),
    _Language(("gb18030",), _HAN, rare=_HAN_MARKS, ideographs=("gb2312", 0xB0, 0xD7)),
    _Language(("big5",), _HAN, rare=_HAN_MARKS, ideographs=("big5", 0xA4, 0xC6)),
    _Language(
        ("cp932", "euc_jp"), _KANA, "送信受者先宛認証必要存在拒否接続失敗容量制限超過利用使名", _HAN_MARKS,
        ideographs=("euc_jp", 0xB0, 0xCF),
    ),
    _Language(
        ("euc_kr",), "이다는가을를에의하지수신자사용메일주소인증필요서버없습니거부연결실패", ideographs=("euc_kr", 0xB0, 0xC8)
    ),
)  # fmt: skip


def charset_of(octets: bytes) -> str:
    """Return in which charset octets make the most likely text, as Python calls it.

    A few octets that are no UTF-8 in what is UTF-8 otherwise, such as a letter that was cut, do not change that.

    >>> charset_of("Użytkownik nie istnieje".encode()), charset_of("Błąd: brak skrzynki".encode("iso8859-2"))
    ('utf-8', 'iso8859-2')
    """
    if _ESCAPED_JAPANESE.search(octets):
        return "iso2022_jp"
    if octets.isascii():
        return UTF_8
    text = octets.decode(UTF_8, "replace")
    broken = text.count("\N{REPLACEMENT CHARACTER}")
    if broken * 2 <= len(_BEYOND_ASCII.findall(text)) - broken:
        return UTF_8
    sample = octets[:_MOST_GUESSED]
    worth, best = max(
        ((_worth(sample, charset, language), charset) for language in _LANGUAGES for charset in language.charsets),
        key=lambda each: each[0],
    )
    return best if worth > _LEAST else _LAST


def text_of(octets: bytes, charset: str) -> str:
    """Return what octets say in a charset; what it has no letter for in Latin-1's way, never by a question mark."""
    try:
        return octets.decode(charset)
    except UnicodeDecodeError:
        if charset == UTF_8:
            return octets.decode(UTF_8, "replace")
        return octets.decode(charset, "ignore") or octets.decode(_LAST)


def _worth(octets: bytes, charset: str, language: _Language) -> float:
    """Return how much octets look like a language's text in a charset: 1 for the letters that most words have."""
    try:
        text = octets.decode(charset)
    except UnicodeDecodeError as failure:
        if failure.end < len(octets):
            return _STRANGE
        text = octets[: failure.start].decode(charset)  # the last letter was cut
    letters = _BEYOND_ASCII.findall(text)
    if not letters:
        return _STRANGE
    worth = sum(language.worths.get(letter, _STRANGE) for letter in letters)
    worth += sum(_STRANGE for word in _WORD.findall(text) if _is_no_word(word, is_latin=language.is_latin))
    return worth / len(letters) + (_TELLING if language.tells.search(text) else 0)


def _is_no_word(word: str, *, is_latin: bool) -> bool:
    """Tell whether small and capital letters, or two scripts, are mixed as nobody writes them."""
    if word.lower() == word.upper():
        return False
    has_ascii = re.search(r"[A-Za-z]", word) is not None
    is_mixed = not (word.islower() or word.isupper() or word[1:].islower())
    return is_mixed or (len(word) >= _LONG and not has_ascii if is_latin else has_ascii)
