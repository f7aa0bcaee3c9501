"""What a refusal is about: the table ``refusals.csv``, and what holds of every reply.

A case is a row of the table: server, the command that was answered (``hello``: EHLO and HELO; ``message``: DATA or its
end), what the account declares, the check code, what it blames, and the reply, its lines parted by ``\\n``. The account
is sales@example.com, the recipient ops@example.net. Whoever meets a reply that is told wrongly adds a row; it needs no
Python. Replies are those that people have reported in public, with other names and addresses; rows of ``any server, in
LANGUAGE`` are the statements as people of that language make them, which some server somewhere does.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import get_args

import pytest

from reconciler.model.verification.codes import CHECK_CODES
from reconciler.rules.verification.languages import LANGUAGES, folded
from reconciler.rules.verification.logins import LOGIN_WORDINGS
from reconciler.rules.verification.refusals import BLAMES, Circumstances, Command, meaning_of, meaning_of_fault
from reconciler.rules.verification.wordings import WORDINGS
from reconciler.smtp.faults import SmtpFault
from reconciler.smtp.replies import Reply, clean
from reconciler.verification.sentences import template_of

_TABLE = Path(__file__).with_name("refusals.csv")
_LOGINS = Path(__file__).with_name("logins.csv")
_AFTER_THE_BANNER = ("hello", "sender", "recipient", "message")
_LEAST_ROWS = 150
_IN_ANOTHER_LANGUAGE = "any server, in "
_CHARSETS = {
    "German": "latin-1", "French": "latin-1", "Spanish": "latin-1", "Italian": "latin-1", "Portuguese": "latin-1",
    "Dutch": "latin-1", "Swedish": "latin-1", "Polish": "iso8859-2 cp1250", "Czech": "iso8859-2 cp1250",
    "Hungarian": "iso8859-2 cp1250", "Turkish": "cp1254", "Russian": "cp1251 koi8-r cp866 iso8859-5",
    "Chinese": "gbk gb18030", "Traditional Chinese": "big5", "Japanese": "shift_jis euc_jp iso2022_jp", "Korean": "euc_kr",
}  # fmt: skip
"""In which charsets servers speak a language that is not in UTF-8."""


def _rows(table: Path = _TABLE) -> list[dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="|", quoting=csv.QUOTE_NONE))


def _reply(text: str) -> Reply:
    lines = text.split("\\n")
    return Reply(int(lines[0][:3]), tuple(line[4:] for line in lines))


def _circumstances(step: str, *, is_logged_in: bool, recipient: str = "ops@example.net") -> Circumstances:
    return Circumstances(
        is_logged_in=is_logged_in,
        sender="sales@example.com" if step in {"sender", "recipient", "message"} else None,
        recipient=recipient if step in {"recipient", "message"} else None,
    )


@pytest.mark.parametrize("row", _rows(), ids=lambda row: f"{row['server']}: {row['reply'][:60]}")
def test_a_reply_is_about_what_the_table_says(row: dict[str, str]) -> None:
    """Code and blame of each row are found."""
    circumstances = _circumstances(row["step"], is_logged_in=row["declared"] == "login")
    meaning = meaning_of(row["step"], _reply(row["reply"]), circumstances)  # type: ignore[arg-type]
    assert (row["code"], row["blames"]) == (meaning.code, meaning.blames)


_FOREIGN = [
    row for table in (_TABLE, _LOGINS) for row in _rows(table) if row["server"].startswith(_IN_ANOTHER_LANGUAGE)
]


@pytest.mark.parametrize("row", _FOREIGN, ids=lambda row: f"{row['server']}: {row['reply'][:40]}")
def test_words_are_read_in_the_charsets_of_their_language(row: dict[str, str]) -> None:
    """Octets that are no UTF-8 are shown as the words that they are, so that they are about the same."""
    charsets = _CHARSETS[row["server"].removeprefix(_IN_ANOTHER_LANGUAGE)].split()
    assert dict.fromkeys(charsets, row["reply"]) == {
        charset: clean(row["reply"].encode(charset)) for charset in charsets
    }


def test_the_table_is_of_many_servers_and_commands() -> None:
    """There are enough rows, each of its own, with every command, and of every code that the words can lead to."""
    rows = _rows()
    assert len({(row["server"], row["step"], row["declared"], row["reply"]) for row in rows}) == len(rows)
    assert len(rows) >= _LEAST_ROWS
    assert {row["step"] for row in rows} == set(get_args(Command))
    assert {row["declared"] for row in rows} == {"login", "no login"}
    assert {wording.code for wording in (*WORDINGS, *LANGUAGES)} - {row["code"] for row in rows} == set()
    assert [row["reply"] for row in rows if not row["reply"].startswith(("4", "5"))] == []


def test_every_code_of_a_refusal_blames_something() -> None:
    """The codes of the wordings are check codes, and it is known of each what it blames."""
    assert {wording.code for wording in WORDINGS} - set(BLAMES) == set()
    assert set(BLAMES) - set(CHECK_CODES) == set()


@pytest.mark.parametrize("step", _AFTER_THE_BANNER)
@pytest.mark.parametrize("is_logged_in", [True, False])
@pytest.mark.parametrize(
    "words",
    [
        "4.3.2 shutting down",
        "4.7.0 Authentication required",
        "4.1.1 <ops@example.net>: Recipient address rejected: User unknown",
        "4.7.1 <sales@example.com>: Sender address rejected: Access denied",
        "4.7.1 <here>: Helo command rejected: Host not found",
        "4.7.1 Relay access denied",
        "",
    ],
)
def test_421_is_no_opinion(step: Command, words: str, *, is_logged_in: bool) -> None:
    """421 means that the server leaves, whatever command it answers and whatever it says besides."""
    meaning = meaning_of(step, Reply(421, (words,)), _circumstances(step, is_logged_in=is_logged_in))
    assert (meaning.code, meaning.blames) == ("serverLeaving", "server")


@pytest.mark.parametrize(
    ("words", "code", "is_said_of_this_machine"),
    [
        ("4.7.1 Client host [192.0.2.5] blocked using zen.spamhaus.org", "blockListed", True),
        ("4.7.1 cannot find your reverse hostname, [192.0.2.5]", "reverseDnsMissing", True),
        ("Greylisted, please come back", "greylisted", True),
        ("4.7.0 SPF check failed", "spfRefused", False),
        ("4.7.0 rejected by the DMARC policy of example.com", "domainAuthenticationFailed", False),
        ("4.7.0 Your account has been suspended", "accountSuspended", False),
        ("Domain example.com is not allowed to send", "senderNotVerified", False),
        ("4.7.0 this message wasn't sent over a TLS connection", "encryptionRequired", False),
    ],
)
def test_some_servers_give_their_reason_by_421(words: str, code: str, *, is_said_of_this_machine: bool) -> None:
    """Of what can mean one thing alone: of this machine at any command, of domain and account once they are named."""
    found = {
        step: meaning_of(step, Reply(421, (words,)), _circumstances(step, is_logged_in=True)).code
        for step in ("hello", "sender", "message")
    }
    assert found == {
        "hello": code if is_said_of_this_machine else "serverLeaving",
        "sender": code,
        "message": code,
    }


@pytest.mark.parametrize("code", [400, 421, 450, 451, 452, 454])
def test_a_4xx_to_ehlo_is_no_opinion_on_the_name(code: int) -> None:
    """A server that does not answer EHLO for now says nothing about the name, even where it names it."""
    reply = Reply(code, ("4.7.1 <here>: Helo command rejected: Host not found",))
    assert meaning_of("hello", reply, _circumstances("hello", is_logged_in=True)).blames == "server"


@pytest.mark.parametrize(
    "words",
    [
        "Invalid recipient",
        "I cannot deliver mail for <ops@example.net>",
        "5.7.1 <ops@example.net>: Recipient address rejected: Access denied",
        "5.7.1 no",
        "administrative prohibition",
        "nope",
        "",
    ],
)
def test_a_foreign_recipient_is_refused_for_want_of_a_login(words: str) -> None:
    """Where nobody is logged in, a foreign recipient is refused for that, in whatever words; one of the own domain is not."""
    reply = Reply(550, (words,))
    foreign = meaning_of("recipient", reply, _circumstances("recipient", is_logged_in=False))
    assert foreign.code == "relayingDenied"
    assert foreign.variant == "noLogin"
    assert foreign.blames == "login"
    own = _circumstances("recipient", is_logged_in=False, recipient="ops@example.com")
    assert meaning_of("recipient", reply, own).code in {"recipientRefused", "policyRefused", "relayingDenied"}
    assert meaning_of("recipient", reply, own) != foreign or "deliver" in words


@pytest.mark.parametrize("words", ["5.1.1 no such user", "No such user here", "5.1.10 null MX"])
def test_an_unknown_recipient_stays_one_and_the_missing_login_is_told(words: str) -> None:
    """A server that looked the recipient up and did not find it means the recipient; the sentence is another one."""
    reply = Reply(550, (words,))
    meaning = meaning_of("recipient", reply, _circumstances("recipient", is_logged_in=False))
    assert meaning.code == "recipientRefused"
    assert meaning.variant.startswith("noLogin")
    assert meaning_of("recipient", reply, _circumstances("recipient", is_logged_in=True)).variant == ""


_TRAPS = (
    ("recipient", 550, "5.1.1 <ops@example.net>: Recipient address rejected: User unknown in relay recipient table", "recipient"),
    ("recipient", 550, "relay.example.net says: user unknown", "recipient"),
    ("recipient", 550, "5.1.1 ops@relay-denied.example.net unknown", "recipient"),
    ("recipient", 452, "4.2.2 mailbox on spamhaus.example.net is over quota", "recipient"),
    ("message", 550, "5.7.1 rejected by the DMARC policy of example.com", "domain"),
    ("message", 550, "This mail does not have authentication information", "domain"),
    ("message", 550, "Unauthenticated email from example.com is not accepted", "domain"),
    ("recipient", 550, "mail.helo.example.net: user unknown", "recipient"),
    ("sender", 550, "see https://sender.example.net/authentication-required", "sender"),
)  # fmt: skip


@pytest.mark.parametrize(("step", "code", "words", "blames"), _TRAPS)
def test_a_word_in_another_place_does_not_mislead(step: Command, code: int, words: str, blames: str) -> None:
    """Names of tables, hosts and links hold words that mean something else there."""
    assert meaning_of(step, Reply(code, (words,)), _circumstances(step, is_logged_in=True)).blames == blames


_REGISTRY = (
    ("recipient", "1.1", "recipient"), ("recipient", "1.3", "recipient"), ("recipient", "1.10", "recipient"),
    ("recipient", "2.2", "recipient"), ("recipient", "3.1", "server"), ("recipient", "3.2", "server"),
    ("message", "2.3", "message"), ("message", "3.4", "message"), ("message", "6.0", "message"),
    ("recipient", "4.4", "server"), ("recipient", "7.8", "login"), ("recipient", "7.10", "encryption"),
    ("recipient", "7.11", "encryption"), ("message", "7.20", "domain"), ("message", "7.22", "domain"),
    ("message", "7.23", "domain"), ("recipient", "7.24", "domain"), ("recipient", "7.25", "machine"),
    ("message", "7.26", "domain"), ("recipient", "7.27", "sender"), ("message", "7.28", "pace"),
    ("message", "7.29", "domain"), ("sender", "1.8", "sender"), ("sender", "1.7", "sender"),
    ("recipient", "1.8", "sender"), ("recipient", "1.7", "sender"), ("message", "1.8", "sender"),
)  # fmt: skip


@pytest.mark.parametrize(("step", "status", "blames"), _REGISTRY)
@pytest.mark.parametrize("first", [4, 5])
@pytest.mark.parametrize("form", ["{} no", "no (#{})", "#{} no", "<ops@example.net> no ({})"])
def test_the_registry_of_status_codes_decides(step: Command, status: str, blames: str, first: int, form: str) -> None:
    """An enhanced status code of one meaning is enough, wherever a server writes it and whatever words it has."""
    reply = Reply(first * 100 + 50, (form.format(f"{first}.{status}"),))
    assert meaning_of(step, reply, _circumstances(step, is_logged_in=True)).blames == blames


def test_a_long_reply_is_read_in_no_time() -> None:
    """A hostile reply of the greatest size is cut before the patterns see it."""
    reply = Reply(550, tuple("relay not " * 400 for _ in range(128)))
    assert meaning_of("recipient", reply, _circumstances("recipient", is_logged_in=True)).code


def test_english_words_are_no_other_language() -> None:
    """A statement of another language is not found in what servers say in English alone, nor the other way round."""
    english = [
        row
        for row in _rows()
        if row["reply"].isascii() and not row["server"].startswith((_IN_ANOTHER_LANGUAGE, "Orange"))
    ]
    found = {
        (row["reply"], wording.code)
        for row in english
        for wording in LANGUAGES
        if wording.fits(row["step"], folded(row["reply"]))
    }
    assert {
        each for each in found if each[1] not in {row["code"] for row in english if row["reply"] == each[0]}
    } == set()


@pytest.mark.parametrize("row", _rows(_LOGINS), ids=lambda row: row["reply"][:60])
def test_a_refused_login_is_about_what_the_table_says(row: dict[str, str]) -> None:
    """535 is said of locked accounts, ended passwords and countries too; where the words tell nothing, its code stays."""
    reply = _reply(row["reply"])
    codes = {534: "strongerLoginRequired", 535: "credentialsRejected"}
    known = codes.get(reply.code, "authUnavailable" if reply.is_transient else "authRefused")
    meaning = meaning_of_fault(
        SmtpFault(known, step="auth", reply=reply), _circumstances("greeting", is_logged_in=True)
    )
    assert (row["code"], row["variant"]) == ((meaning.code, meaning.variant) if meaning else (known, ""))
    assert "auth" in CHECK_CODES[row["code"]].checks
    assert not row["variant"] or template_of(f"{row['code']}:{row['variant']}") is not None


@pytest.mark.parametrize(
    ("code", "reply", "expected"),
    [
        ("authRefused", "526 Authentication failure", "accessTokenRejected"),
        ("authRefused", "501 5.5.2 Cannot decode response", None),
        ("accessTokenRejected", "535 5.7.8 Authentication failed", None),
        ("accessTokenRejected", "535 5.7.8 Credential expired", None),
        ("accessTokenRejected", "535 5.7.9 Application-specific password required", None),
        ("accessTokenRejected", "535 5.7.8 Account is disabled", "accountSuspended"),
        ("accessTokenRejected", "535 5.7.8 Too many failed login attempts", "rateLimited"),
        ("accessTokenRejected", "535 5.7.8 SMTP is not enabled for this mailbox", "smtpAuthDisabled"),
        ("mechanismRefused", "504 5.7.4 Unrecognized authentication type", None),
        ("mechanismRefused", "502 5.7.0 Your SMTP account is not yet activated", "accountSuspended"),
    ],
)
def test_a_token_is_no_wrong_password(code: str, reply: str, expected: str | None) -> None:
    """Words that say that the login is wrong are about what was sent, and a mechanism may be refused for another reason."""
    fault = SmtpFault(code, step="auth", reply=_reply(reply))
    meaning = meaning_of_fault(fault, Circumstances(is_logged_in=True, has_token=True))
    assert (meaning.code if meaning else None) == expected


def test_every_statement_on_logins_has_a_row() -> None:
    """And each row is of its own."""
    rows = _rows(_LOGINS)
    assert {(each.code, each.variant) for each in LOGIN_WORDINGS} - {
        (row["code"], row["variant"]) for row in rows
    } == set()
    assert len({row["reply"] for row in rows}) == len(rows)


@pytest.mark.parametrize("step", ["sender", "message"])
@pytest.mark.parametrize(
    "words", ["Your mailbox is full, sending is not possible", "your account is over its storage quota"]
)
def test_the_senders_own_full_mailbox_is_not_the_recipients(step: Command, words: str) -> None:
    """What is said of *your* mailbox is about the account."""
    meaning = meaning_of(step, Reply(550, (words,)), _circumstances(step, is_logged_in=True))
    assert meaning.code == "accountSuspended"
    assert meaning.variant == "full"
    assert meaning.blames == "account"
    theirs = meaning_of(
        "recipient", Reply(552, ("The recipient's mailbox is full",)), _circumstances("recipient", is_logged_in=True)
    )
    assert (theirs.code, theirs.blames) == ("mailboxFull", "recipient")


@pytest.mark.parametrize("code", [421, 550, 554])
def test_a_lock_after_failed_logins_is_told_in_a_greeting_too(code: int) -> None:
    """Who is locked out does not wait for fewer connections, but for the end of the lock."""
    reply = Reply(code, ("Too many bad auth attempts from your IP, try in 60 minutes",))
    meaning = meaning_of("greeting", reply, _circumstances("greeting", is_logged_in=True))
    assert (meaning.code, meaning.variant) == ("rateLimited", "logins")
    other = meaning_of(
        "greeting", Reply(code, ("Too many connections",)), _circumstances("greeting", is_logged_in=True)
    )
    assert (other.code, other.variant) == ("rateLimited", "")


@pytest.mark.parametrize("reply", [530, 538])
def test_a_reply_code_of_the_login_says_more_than_a_vague_status(reply: int) -> None:
    """X.7.0 and X.7.1 mean nothing by themselves; 530 and 538 do. RFC 4954 section 6."""
    code = {530: "authenticationRequired", 538: "encryptionRequired"}[reply]
    for words in ("5.7.0 No", "5.7.1 No", "No"):
        meaning = meaning_of("sender", Reply(reply, (words,)), _circumstances("sender", is_logged_in=False))
        assert meaning.code == code


@pytest.mark.parametrize(
    ("words", "variant"),
    [
        ("Your account is not yet activated", "notActivated"),
        ("your account is pending approval", "notActivated"),
        ("Your account has been suspended", ""),
    ],
)
def test_an_account_that_never_sent_is_not_told_as_stopped(words: str, variant: str) -> None:
    """Whoever waits for its activation need not look for somebody who misused it."""
    meaning = meaning_of("message", Reply(550, (words,)), _circumstances("message", is_logged_in=True))
    assert (meaning.code, meaning.variant) == ("accountSuspended", variant)
    assert template_of(":".join(filter(None, (meaning.code, meaning.variant)))) is not None


def test_letters_with_a_stroke_are_read_as_plain_ones() -> None:
    """Neither has an accent that could be taken off; servers write them either way."""
    assert "l o ss ae oe d i" == folded("Ł Ø ß Æ Œ Đ \u0131")
