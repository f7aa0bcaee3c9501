"""The same accounts on the same servers, tried by swaks and by this program: the table, and the page made of it.

    python -m tests.system.swaks        # writes docs/swaks.md anew

A newcomer adds a case by adding a row. ``test_swaks`` proves that each row is what happens.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.system.accounts import check_account, secret_of, sender
from tests.system.support.processes import program
from tests.system.support.users import OPERATOR, SALES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reconciler.verification import Finding
    from tests.system.support.keys import Keys

PAGE = Path(__file__).parents[2] / "docs" / "swaks.md"
STAGES: Mapping[int, str | None] = {
    0: "",
    2: "connect",
    6: None,
    21: "greeting",
    22: "greeting",
    23: "sender",
    24: "recipient",
    25: "message",
    26: "message",
    28: "auth",
    29: "tls",
}
"""The check at which the conversation ended, by swaks' exit code; empty where nothing is wrong, None where
swaks does not tell."""
_TIMEOUT_SECONDS = 3
_PROCESS_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class Account:
    """What is tried; by default an account that is right in every part."""

    encryption: str = "starttls"
    mechanism: str | None = "auto"
    """None: nobody logs in."""
    has_right_password: bool = True
    sender: str = SALES.name
    recipient: str = OPERATOR


@dataclass(frozen=True, kw_only=True)
class Case:
    """One row: an account, a server, and what either program makes of it."""

    title: str
    server: str
    """A port of ``postfix.LISTENERS``, a server of ``test_swaks.SCRIPTED``, or ``nothing``."""
    account: Account = Account()
    swaks: int
    """The exit code of swaks."""
    check: str = ""
    """Our check that fails, or that warns; empty where everything passes."""
    code: str = "ok"
    we_know_more: str = ""
    words: tuple[str, ...] = ()
    """What our sentence must hold, so that ``we_know_more`` is no mere claim."""
    is_agreed: bool = True
    """Whether both programs come to the same verdict; where not, ``we_know_more`` says why."""


_WITH_TLS = Account(encryption="tls")
_ANONYMOUS = Account(mechanism=None, sender="nobody@example.com")
_CLEAR = Account(mechanism=None, encryption="none", sender="nobody@example.com")

CASES = (
    # Nothing wrong
    Case(title="STARTTLS, login, message", server="starttls", swaks=0),
    Case(title="Implicit TLS, login, message", server="tls", account=_WITH_TLS, swaks=0),
    Case(title="PLAIN demanded", server="starttls", account=Account(mechanism="plain"), swaks=0),
    Case(title="LOGIN demanded", server="starttls", account=Account(mechanism="login"), swaks=0),
    Case(title="CRAM-MD5 demanded", server="tls", account=Account(mechanism="cram-md5", encryption="tls"), swaks=0),
    Case(title="No login, no encryption", server="plain", account=_CLEAR, swaks=0),
    Case(
        title="Login without encryption, on this machine", server="plainWithLogin", account=Account(encryption="none"), swaks=0,
        we_know_more="Beyond this machine reconciler sends no password in clear text; swaks does.",
    ),
    Case(
        title="The server offers SCRAM-SHA-256 only", server="scramOnly", swaks=28, is_agreed=False,
        we_know_more="swaks knows no SCRAM and cannot log in; reconciler can.",
    ),
    Case(
        title="The certificate ends in a week", server="endsSoon", swaks=0, check="tls", code="certificateExpiresSoon", words=("ends on",),
        we_know_more="Warns 21 days ahead, with the date. swaks says nothing until the certificate has ended.",
    ),
    # Reaching the server
    Case(
        title="Nothing listens on the port", server="nothing", swaks=2, check="connect", code="connectionRefused", words=("587",),
        we_know_more="Names the usual port for the encryption that is declared.",
    ),
    Case(
        title="STARTTLS declared, the port expects TLS at once", server="tls", swaks=21, check="greeting",
        code="implicitTlsPort", words=("encryption: tls",),
        we_know_more="swaks waits until its time is up, as for a dead server. reconciler asks the port a second time, in TLS, and names the line to write.",
    ),
    Case(
        title="TLS declared, the port begins in clear text", server="starttls", account=_WITH_TLS, swaks=29,
        check="tls", code="plainPort", words=("encryption: starttls",),
        we_know_more='swaks passes on OpenSSL\'s "wrong version number". reconciler asks the port in clear text and names the line to write.',
    ),
    Case(title="The port is a web server's", server="web", swaks=21, check="greeting", code="notSmtp", words=("web server",), we_know_more="Says what kind of server answers."),
    Case(title="The server says nothing", server="silent", swaks=21, check="greeting", code="timedOut", we_know_more="Has made sure that the port does not expect TLS."),
    Case(title="The server closes at once", server="closing", swaks=6, check="greeting", code="connectionLost", we_know_more="Says at which step."),
    Case(title="Greeting 554", server="closed", swaks=21, check="greeting", code="serverRefused", we_know_more="Tells permanent from transient."),
    Case(title="Greeting 421", server="busy", swaks=21, check="greeting", code="serverBusy", words=("later",), we_know_more="Tells permanent from transient; a transient failure is tried again."),
    Case(title="EHLO and HELO refused", server="deafToHello", swaks=22, check="greeting", code="helloRefused", words=("smtp.heloName",), we_know_more="Names the field to write the name into."),
    # Encryption
    Case(title="STARTTLS not offered", server="plain", account=_ANONYMOUS, swaks=29, check="tls", code="starttlsNotOffered"),
    Case(title="STARTTLS refused, 454", server="tlsUnavailable", account=_ANONYMOUS, swaks=29, check="tls", code="starttlsRefused"),
    Case(
        title="Expired certificate, STARTTLS", server="expired", swaks=29, check="tls", code="certificateExpired", words=("has ended on", "localhost", "Example CA"),
        we_know_more="Says on which day the certificate ended, its names and its issuer.",
    ),
    Case(
        title="Expired certificate, implicit TLS", server="expiredTls", account=_WITH_TLS, swaks=29, check="tls", code="certificateExpired", words=("has ended on", "localhost", "Example CA"),
        we_know_more="The same.",
    ),
    Case(
        title="Certificate of an unknown issuer", server="strange", swaks=29, check="tls", code="certificateUnknownIssuer", words=("Strange CA", "caFile"),
        we_know_more="Names the issuer, and the field for a private CA.",
    ),
    Case(
        title="Certificate of an unknown issuer, implicit TLS", server="strangeTls", account=_WITH_TLS, swaks=29, check="tls",
        code="certificateUnknownIssuer", words=("Strange CA", "caFile"), we_know_more="The same.",
    ),
    Case(title="The server speaks TLS 1.1 at best", server="oldTls", swaks=29, check="tls", code="tlsTooOld", words=("1.2",), we_know_more="Says that the server is too old; swaks passes on OpenSSL's words."),
    Case(
        title="Certificate for another name", server="otherName", swaks=0, check="tls", code="certificateWrongName", words=("mail.example.com",), is_agreed=False,
        we_know_more="swaks --tls-verify checks the issuer and the dates, not the name: it logs in at a server that is not the one declared. reconciler refuses, and says which names the certificate has.",
    ),
    Case(title="Clear text declared, the server wants encryption", server="encryptionRequired", account=_CLEAR, swaks=23, check="sender", code="encryptionRequired", words=("encryption: starttls",)),
    # Login
    Case(
        title="Wrong password", server="starttls", account=Account(has_right_password=False), swaks=28, check="auth", code="credentialsRejected",
        we_know_more="swaks tries one mechanism after the other with the wrong password, which locks accounts out. reconciler tries once.",
    ),
    Case(
        title="Wrong password, PLAIN demanded", server="tls", account=Account(mechanism="plain", encryption="tls", has_right_password=False),
        swaks=28, check="auth", code="credentialsRejected",
    ),
    Case(
        title="The mechanism demanded is not offered", server="plainMechanismsOnly", account=Account(mechanism="cram-md5"), swaks=28,
        check="auth", code="mechanismNotOffered", words=("LOGIN PLAIN",), we_know_more="Lists what is offered.",
    ),
    Case(title="A login declared, none offered", server="plain", account=Account(encryption="none"), swaks=28, check="auth", code="authNotOffered", words=("587", "465"), we_know_more="Says that the port may be the wrong one, and which ones are usual."),
    # Envelope and message
    Case(
        title="The sender belongs to somebody else", server="starttls", account=Account(sender=OPERATOR), swaks=24, check="recipient",
        code="senderRefused", words=("spec.email",), we_know_more="Postfix refuses the sender when the recipient is named. reconciler reads that the sender is meant.",
    ),
    Case(
        title="No login declared, the sender belongs to a user", server="starttls", account=Account(mechanism=None), swaks=24, check="recipient",
        code="authenticationRequired", words=("smtp.authentication",), we_know_more="swaks shows the same words; reconciler says which field is missing.",
    ),
    Case(
        title="No login declared, relaying denied", server="starttls", account=Account(mechanism=None, sender="nobody@example.com", recipient="ops@example.net"),
        swaks=24, check="recipient", code="relayingDenied", words=("Nobody is logged in",), we_know_more="Says that nobody is logged in, which is nearly always why.",
    ),
    Case(title="Logged in, mail to elsewhere refused", server="starttls", account=Account(recipient="ops@example.net"), swaks=24, check="recipient", code="recipientRefused"),
    Case(title="The recipient does not exist", server="tls", account=Account(encryption="tls", recipient="nobody@example.com"), swaks=24, check="recipient", code="recipientRefused"),
    Case(title="Greylisting", server="greylisting", swaks=24, check="recipient", code="recipientDeferred", words=("minutes",), we_know_more="Transient: says to verify again in some minutes."),
    Case(title="DATA refused", server="noData", account=_CLEAR, swaks=25, check="message", code="commandRefused"),
    Case(title="The message is too large", server="small", swaks=26, check="message", code="messageTooLarge"),
    Case(title="The message is refused after the final dot", server="noMessage", account=_CLEAR, swaks=26, check="message", code="messageRefused"),
    Case(
        title="The connection ends after the final dot", server="lostAtTheDot", account=_CLEAR, swaks=6, check="message",
        code="unknownDelivery", words=("may have arrived",), we_know_more="Says at which step, that the message may have arrived, and does not send it again.",
    ),
)  # fmt: skip


def swaks_exit_code(account: Account, port: int, *, keys: Keys, home: Path) -> int:
    """Run swaks, certificates verified, and return its exit code; ``home`` is an empty folder."""
    words = [program("swaks"), "--server", "localhost", "--port", str(port), "--timeout", str(_TIMEOUT_SECONDS)]
    words += ["--from", account.sender, "--to", account.recipient, "--hide-all", *_login(account)]
    if account.encryption != "none":
        words += ["-tlsc" if account.encryption == "tls" else "-tls", "--tls-verify", "--tls-ca-path", str(keys.ca)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SWAKS_OPT")}
    finished = subprocess.run(
        words,
        env=kept | {"HOME": str(home)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_PROCESS_SECONDS,
        check=False,
    )
    return finished.returncode


def our_finding(account: Account, port: int, *, keys: Keys) -> Finding:
    """Return what this program finds about the same account."""
    login: dict[str, Any] = {
        "username": SALES.name if account.mechanism else None,
        "password": secret_of(SALES, "plain", is_right=account.has_right_password) if account.mechanism else None,
        "mechanism": account.mechanism,
    }
    return check_account(
        port,
        encryption=account.encryption,
        senders=(sender(account.sender),),
        operator=account.recipient,
        ca_pem=keys.ca_pem,
        timeout_seconds=_TIMEOUT_SECONDS,
        **login,
    )


def _login(account: Account) -> list[str]:
    if account.mechanism is None:
        return []
    password = secret_of(SALES, "plain", is_right=account.has_right_password).reveal()
    method = [] if account.mechanism == "auto" else [account.mechanism.upper()]
    return ["--auth", *method, "--auth-user", SALES.name, "--auth-password", password]


def page() -> str:
    """Return the page of the documentation that shows the table."""
    agreed = sum(case.is_agreed for case in CASES)
    return (
        "# Beside swaks\n\n"
        "<!-- Made by python -m tests.system.swaks from the table there; do not edit. -->\n\n"
        "[swaks](https://www.jetmore.org/john/code/swaks/) is the tool with which experts try an SMTP account. The\n"
        "system tests run it and `reconciler` on the same accounts and the same servers, and hold each row of this\n"
        "table to what happens. Most servers are ports of one real Postfix with Dovecot; swaks is Debian's, told to\n"
        "verify certificates (`--tls-verify`).\n\n"
        f"Of {len(CASES)} cases both come to the same verdict in {agreed}, and where swaks tells the stage, at "
        f"the same one; in the other {len(CASES) - agreed} the last column says why not.\n\n"
        "| Case | swaks | reconciler | What reconciler knows beyond that |\n"
        "|---|---|---|---|\n" + "".join(_rows())
    )


def _rows() -> Iterator[str]:
    for case in CASES:
        passed = "passed" if not case.check else f"`{case.check}`: `{case.code}`"
        ours = f"{passed}, a warning" if case.code == "certificateExpiresSoon" else passed
        theirs = (
            "passed (exit 0)" if case.swaks == 0 else f"{STAGES[case.swaks] or 'connection lost'} (exit {case.swaks})"
        )
        title = case.title if case.is_agreed else f"**{case.title}**"
        yield f"| {title} | {theirs} | {ours} | {case.we_know_more} |\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
