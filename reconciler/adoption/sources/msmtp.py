"""msmtp: ``~/.msmtprc`` and ``/etc/msmtprc``.

``defaults`` hold for the accounts below them; ``account b : a`` takes over what ``a`` has; ``tls`` means STARTTLS unless
``tls_starttls`` is off. ``passwordeval`` and ``eval`` are commands: neither run nor repeated.
"""

from __future__ import annotations

import re
from dataclasses import field, replace
from typing import TYPE_CHECKING

from reconciler.adoption.source import ReadsAlone, passed_over, pin_of, port_of, private_ca, secret_of, unreadable
from reconciler.classes import dataclass
from reconciler.model.adoption.found import FoundAccount, FoundProxy, Security, SourceReading
from reconciler.rules.adoption import words

if TYPE_CHECKING:
    from reconciler.adoption.source import Source
    from reconciler.diagnostics import Diagnostic
    from reconciler.model.servers.terms import Mechanism

_LINE = re.compile(r"(?P<word>[A-Za-z_]+)(?:[ \t]+(?P<argument>.*))?\Z", re.DOTALL)
_ACCOUNT = re.compile(r"(?P<name>[^:\s]+)\s*(?::\s*(?P<parents>.*))?\Z")
_SHAPE = re.compile(r"^\s*(?:account\s+\S|defaults\s*$|tls_starttls\s|passwordeval\s)", re.MULTILINE)
_MECHANISMS: dict[str, Mechanism] = {
    "plain": "plain", "login": "login", "cram-md5": "cram-md5", "scram-sha-256": "scram-sha-256",
    "xoauth2": "xoauth2", "oauthbearer": "oauthbearer",
}  # fmt: skip
_SWITCHES = frozenset({"auth", "tls", "tls_starttls", "tls_certcheck"})
_WITHOUT_EFFECT = frozenset(
    [
        "logfile",
        "syslog",
        "timeout",
        "aliases",
        "auto_from",
        "maildomain",
        "add_missing_from_header",
        "add_missing_date_header",
        "remove_bcc_headers",
        "undisclosed_recipients",
        "dsn_notify",
        "dsn_return",
        "keepbcc",
        "set_from_header",
        "set_date_header",
        "set_msgid_header",
        "logfile_time_format",
        "tls_min_dh_prime_bits",
        "allow_from_override",
        "protocol",
    ]
)
"""How msmtp runs, or what it does to messages: no setting of an account."""
_NOT_TAKEN = {
    "tls_certcheck": "Certificates are always verified here; for a CA of your own write caFile.",
    "tls_crl_file": "Lists of revoked certificates are not used here.",
    "tls_priorities": "Which ciphers are accepted is set here, for all servers.",
    "tls_host_override": "The certificate is held to the name in smtp.host; for another write certificate.",
    "socket": "A socket in place of host and port is not known here.",
    "source_ip": "From which of this machine's addresses it connects is not set here.",
    "ntlmdomain": "NTLM is not a mechanism that is known here.",
}


@dataclass
class _Block:
    """One account as far as it is read."""

    name: str
    line: int
    settings: dict[str, str] = field(default_factory=dict)
    own: set[str] = field(default_factory=set)
    """The words of its own block, not those that it takes over."""
    is_taken_over: bool = False
    """Another account takes it over."""

    @property
    def is_pattern(self) -> bool:
        """Whether it is there for others to take over: it says neither who sends nor who logs in."""
        return self.is_taken_over and not self.settings.keys() & {"from", "user"}


class Msmtp(ReadsAlone):
    """Reads msmtp's configuration."""

    name = "msmtp"

    def recognises(self, source: Source) -> bool:
        """Tell it by blocks of accounts, or by words that msmtp alone has."""
        return _SHAPE.search(source.text) is not None

    def read(self, source: Source) -> SourceReading:
        """Return the accounts in their order; an account without a host of its own or taken over is none."""
        blocks, problems = _blocks(source)
        accounts = []
        for block in blocks:
            if block.settings.get("protocol", "smtp").lower() == "lmtp":
                problems.append(
                    passed_over(source, block.line, f"Account {block.name} delivers by LMTP, and sends nothing.")
                )
            elif "host" in block.settings and block.own and not block.is_pattern:
                accounts.append(_account(block))
            elif "host" not in block.settings:
                why = " A line comes of a command (eval), which was not run." if "eval" in block.settings else ""
                problems.append(passed_over(source, block.line, f"Account {block.name} has no host.{why}"))
        return SourceReading(accounts=tuple(accounts), problems=tuple(problems))


def _blocks(source: Source) -> tuple[list[_Block], list[Diagnostic]]:
    problems: list[Diagnostic] = []
    defaults: dict[str, str] = {}
    blocks: dict[str, _Block] = {}
    settings, own = defaults, set[str]()
    for number, line in enumerate(source.text.split("\n"), start=1):
        written = line.strip()
        if not written or written.startswith("#"):
            continue
        matched = _LINE.match(written)
        if matched is None:
            problems.append(unreadable(source, number, "The line is not a word with its argument, as msmtp has it."))
            continue
        text = (matched["argument"] or "").strip()
        is_quoted = len(text) > 1 and text[0] == text[-1] == '"'
        word, argument = matched["word"].lower(), (text[1:-1] if is_quoted else text)
        if word in _SWITCHES and not text:
            argument = "on"  # what msmtp takes such a word alone for
        if word == "defaults":
            defaults = {}
            settings, own = defaults, set()
        elif word == "account":
            block = _new_block(argument, number, defaults, blocks, source, problems)
            settings, own = block.settings, block.own
        else:
            settings[word] = argument
            own.add(word)
            # A password of the block stands in place of a command taken over, and the other way round.
            rival = {"password": "passwordeval", "passwordeval": "password"}.get(word)
            if rival is not None:
                settings.pop(rival, None)
    return list(blocks.values()), problems


def _new_block(
    argument: str,
    number: int,
    defaults: dict[str, str],
    blocks: dict[str, _Block],
    source: Source,
    problems: list[Diagnostic],
) -> _Block:
    matched = _ACCOUNT.match(argument)
    if matched is None:
        problems.append(unreadable(source, number, "An account has a name, and after a colon those it takes over."))
        return _Block("", number)
    block = _Block(matched["name"], number, settings=dict(defaults))
    for parent in re.split(r"[,\s]+", (matched["parents"] or "").strip()):
        if parent and parent not in blocks:
            problems.append(unreadable(source, number, "The account takes over one that no line before it declares."))
        elif parent:
            block.settings.update(blocks[parent].settings)
            blocks[parent].is_taken_over = True
    if block.name in blocks:
        problems.append(passed_over(source, number, f"Account {block.name} is declared twice; the later one counts."))
    blocks[block.name] = block
    return block


def _account(block: _Block) -> FoundAccount:
    said = block.settings
    auth = said.get("auth", "off").lower()
    has_login = auth not in words.FALSE and auth not in {"", "external"}
    found = FoundAccount(
        label=block.name,
        line=block.line,
        host=said["host"],
        port=_port(said),
        security=_security(said),
        username=said.get("user") if has_login else None,
        password=secret_of(said.get("password")) if has_login else None,
        has_login=has_login,
        email=_address(said.get("from")),
        display_name=said.get("from_full_name") or None,
        helo_name=said.get("domain") if "%" not in said.get("domain", "") else None,
        proxy=_proxy(said),
        mechanism=_MECHANISMS.get(auth),
        lost=tuple(_lost(said, auth, has_login=has_login)),
    )
    return _with_files(found, said)


def _lost(said: dict[str, str], auth: str, *, has_login: bool) -> list[str]:
    """Return what of an account's lines is not taken, or is left to whoever reads the manifest."""
    lost = [*dict.fromkeys(reason for word, reason in _NOT_TAKEN.items() if word in said and _is_set(word, said[word]))]
    lost += [
        f"The word {word} is not known."
        for word in sorted(said)
        if word not in _TAKEN and word not in _WITHOUT_EFFECT and word not in _NOT_TAKEN
    ]
    logs_nobody_in = auth != "external" and not has_login and bool(_LOGIN & said.keys())
    is_unknown_method = has_login and auth not in _MECHANISMS and words.flag(auth) is not True
    rows = (
        (auth == "external", _EXTERNAL),
        (logs_nobody_in, _NOBODY),
        (has_login and "passwordeval" in said, _OF_A_COMMAND.format("The password", "passwordeval")),
        ("eval" in said, _OF_A_COMMAND.format("A line", "eval")),
        (
            is_unknown_method,
            "The method of auth is none that is known here; the strongest that the server offers is used.",
        ),
        (bool(said.get("from")) and _address(said["from"]) is None, _NO_ADDRESS),
        ("port" in said and port_of(said["port"]) is None, _NO_PORT),
        (has_login and "%" in said.get("user", ""), "The user name holds %, which is taken as it stands."),
    )
    return lost + [reason for is_so, reason in rows if is_so]


_NOBODY = "It names a user or a password, and auth is not on, so msmtp logs nobody in: write auth on to take them."
_OF_A_COMMAND = "{} comes of a command ({}), which was neither run nor repeated."
_NO_ADDRESS = "What stands under from is a pattern, or no address: write spec.email."
_NO_PORT = "What stands under port is no number from 1 to 65535: write smtp.port."
_PROXY_PORT = 1080
_EXTERNAL = (
    "auth external logs in by the certificate that is shown in the handshake; here that certificate alone is shown, and no "
    "AUTH EXTERNAL is said. A server that wants it refuses the first sender."
)
_LOGIN = frozenset({"user", "password", "passwordeval"})
_TAKEN = frozenset(
    [
        "host",
        "port",
        "from",
        "user",
        "password",
        "passwordeval",
        "auth",
        "tls",
        "tls_starttls",
        "tls_trust_file",
        "tls_cert_file",
        "tls_key_file",
        "tls_fingerprint",
        "proxy_host",
        "proxy_port",
        "domain",
        "from_full_name",
        "eval",
    ]
)


def _is_set(word: str, value: str) -> bool:
    return words.flag(value) is False if word == "tls_certcheck" else bool(value)


def _with_files(found: FoundAccount, said: dict[str, str]) -> FoundAccount:
    """Return the account with the certificates that are looked at and shown, where it speaks TLS at all."""
    if found.security.encryption == "none":
        return found
    lost = []
    pin = pin_of(said.get("tls_fingerprint"))
    if said.get("tls_fingerprint") and pin is None:
        lost.append(
            "tls_fingerprint is none of SHA-256, which alone is taken here; write certificate: sha256:… as\n"
            f"    reconciler ca fetch {found.host}:{found.port} --out certs/server.pem\nshows it."
        )
    certificate, key = said.get("tls_cert_file") or None, said.get("tls_key_file") or None
    if certificate is None and key is not None:
        lost.append("tls_key_file has no tls_cert_file beside it, so msmtp shows no certificate.")
        key = None
    return replace(
        found,
        ca_file=private_ca(said.get("tls_trust_file")),
        certificate=pin,
        client_certificate=certificate,
        client_key=key,
        lost=(*found.lost, *lost),
    )


def _proxy(said: dict[str, str]) -> FoundProxy | None:
    """Return the proxy; msmtp knows SOCKS5 alone, without a login, and has it look names up."""
    host = said.get("proxy_host", "").strip()
    return FoundProxy(type="socks5", host=host, port=port_of(said.get("proxy_port")) or _PROXY_PORT) if host else None


def _address(written: str | None) -> str | None:
    return written if written and "@" in written and "*" not in written and "%" not in written else None


def _port(said: dict[str, str]) -> int | None:
    written = port_of(said.get("port"))
    if written is not None or "port" in said:
        return written
    is_implicit = words.flag(said.get("tls", "off")) and words.flag(said.get("tls_starttls", "on")) is False
    return 465 if is_implicit else 25


def _security(said: dict[str, str]) -> Security:
    if not words.flag(said.get("tls", "off")):
        return words.NONE
    if words.flag(said.get("tls_starttls", "on")) is False:
        return words.TLS
    if port_of(said.get("port")) == 465:  # noqa: PLR2004 - the port of TLS from the first byte
        return words.word("starttls", 465)
    return words.STARTTLS


READER = Msmtp()
