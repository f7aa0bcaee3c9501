"""What settings of a mail account are called elsewhere, and the account that a set of them makes.

Variables of ``.env`` files and columns of tables use the same words; here they are the names of settings, and the rules
for several words that are about encryption at once.
"""

from __future__ import annotations

import re
import unicodedata
from email.utils import parseaddr
from typing import TYPE_CHECKING
from urllib.parse import unquote

from reconciler.adoption.source import pin_of, port_of, private_ca, secret_of
from reconciler.model.adoption.found import FoundAccount, FoundProxy, Security
from reconciler.rules.adoption import words
from reconciler.rules.adoption.ways import IMPLICIT_TLS_PORT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reconciler.model.servers.terms import Mechanism, ProxyType

_NAMES = {
    "host": "host hostname server servername server_name address addr smtp_host smtp_server smtp_addr smtphost relay "
    "serveur servidor serwer postausgangsserver relay_host relayhost smtp_relay server_host server_address outgoing_server mail_server smtpserver smarthost smart_host smtp_smarthost",
    "port": "port smtp_port server_port smtpport outgoing_port",
    "username": "benutzer benutzername utilisateur usuario uzytkownik utente user username user_name login user_login auth_user auth_username host_user userid user_id smtp_user "
    "smtp_username account smtp_login smtpuser smtp_auth_user login_name smtpusername",
    "password": "passwort kennwort mot_de_passe contrasena haslo pass password passwd pwd auth_password auth_pass host_password host_pass user_password smtp_password "
    "smtp_pass user_pwd app_password apppassword smtppass smtppassword user_pass auth_pwd login_password",
    "encryption": "encryption security tls_mode secure_type crypto smtp_encryption secure_mode encrypt tls_policy "
    "encryption_type encryption_method tls_type connection_security connectionsecurity smtp_security starttls_policy verschlusselung chiffrement "
    "cifrado szyfrowanie",
    "secure": "secure smtp_secure secure_enabled is_secure secure_connection",
    "scheme": "scheme protocol",
    "implicit": "ssl use_ssl enable_ssl ssl_enable ssl_enabled smtp_ssl require_ssl explicit_tls force_tls smtps "
    "implicit_tls use_implicit_tls smtp_use_ssl tls_wrapper is_tls_enabled",
    "tls": "tls use_tls enable_tls tls_enable tls_enabled smtp_tls smtp_use_tls",
    "starttls": "starttls use_starttls enable_starttls starttls_enable starttls_enabled start_tls enable_start_tls "
    "use_start_tls require_tls tls_required starttls_required smtp_starttls requiretls smtp_starttls_enable force_starttls",
    "starttls_auto": "enable_starttls_auto starttls_auto opportunistic_tls",
    "email": "from from_address from_email from_addr sender sender_email sender_address mail_from default_from "
    "default_from_email email mail email_address mail_address e_mail from_mail address_from envelope_from "
    "absender absenderadresse expediteur remitente nadawca mailadresse correo adresse_e_mail email_from sender_mail default_sender default_from_address from_addresses feedbackemail feedback_email",
    "display_name": "from_name sender_name fromname display_name displayname from_display_name real_name full_name "
    "fullname from_alias name_from sender_display_name feedbackname feedback_name",
    "reply_to": "reply_to replyto reply_to_address reply_to_email reply_address replyto_address replytoemail reply_email",
    "helo": "helo helo_domain ehlo ehlo_domain helo_name ehlo_name helo_host helo_hostname local_hostname local_domain "
    "client_hostname client_name hello_hostname hello helo_hostname",
    "auth": "auth authentication auth_method auth_type authtype auth_mode auth_mechanism auth_protocol smtp_auth "
    "login_method use_auth require_auth auth_enabled authenticate auth_required enablesmtpauth",
    "url": "url dsn uri connection_string connection_url smtp_url",
    "mailer": "mailer driver transport backend connection provider mail_driver send_method sendmethod",
    "verify": "openssl_verify_mode verify verify_cert ssl_verify tls_verify reject_unauthorized verify_peer "
    "tls_reject_unauthorized validate_certs",
    "skip_verify": "skip_verify accept_invalid_certs tls_insecure insecure_skip_verify allow_invalid_certs "
    "accept_invalid_hostnames insecure tls_skip_verify skip_tls_verify allow_self_signed skipservercertificateverification",
    "name": "name account_name internal_name title label",
    "ca_file": "ca_file cafile ca_cert ca_cert_file ca_certificate ca_bundle cacert ssl_ca tls_ca tls_ca_file ssl_ca_file "
    "tls_cacert ssl_cafile tls_cafile root_ca tls_trust_file openssl_ca_file smtp_ca_file ca_certificates",
    "certificate": "certificate fingerprint tls_fingerprint ssl_fingerprint certificate_fingerprint peer_fingerprint",
    "client_certificate": "client_certificate client_certificate_file client_cert client_cert_file tls_client_cert cert_file "
    "certfile tls_cert tls_cert_file ssl_cert ssl_certfile ssl_cert_file tls_certfile local_cert",
    "client_key": "client_key client_key_file tls_client_key key_file keyfile tls_key tls_key_file ssl_key ssl_keyfile "
    "ssl_key_file tls_keyfile local_pk",
    "proxy": "proxy proxy_url smtp_proxy socks_proxy proxy_uri",
    "proxy_host": "proxy_host proxy_server proxy_address proxy_hostname socks_host",
    "proxy_port": "proxy_port socks_port",
    "proxy_type": "proxy_type proxy_protocol proxy_scheme",
    "proxy_username": "proxy_username proxy_user proxy_login",
    "proxy_password": "proxy_password proxy_pass proxy_passwd",
    "domain": "domain",
    "active": "active enabled is_active is_enabled",
}  # fmt: skip
FIELDS = {word: name for name, listed in _NAMES.items() for word in listed.split()}
"""A word in lower case, its parts joined by underscores, to the setting that it names."""
_JOINED = {word.replace("_", ""): name for word, name in FIELDS.items()}
_APART = re.compile(r"[^a-z0-9]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_MECHANISMS: dict[str, Mechanism] = {
    "plain": "plain", "login": "login", "cram-md5": "cram-md5", "cram_md5": "cram-md5", "crammd5": "cram-md5",
    "scram-sha-256": "scram-sha-256", "xoauth2": "xoauth2", "oauth2": "xoauth2", "oauthbearer": "oauthbearer",
}  # fmt: skip
_CATCHERS = frozenset({"mailhog", "mailpit", "mailcatcher", "maildev", "smtp4dev", "greenmail", "fakesmtp", "papercut"})
_CATCHER_PORTS = frozenset({1025, 1080, 3025, 8025, 5025})
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0", "host.docker.internal"})  # noqa: S104 - a name to recognise
_MASKED = re.compile(r"[•*●]{3,}|<?(?:hidden|redacted|masked)>?", re.IGNORECASE)
"""What exports have in the place of a password."""
_IN_A_STORE = re.compile(
    r"(?:op|bws|gcp-?sm|awssm|aws-?ssm|keyvault|ref\+\w+)://\S+|(?:vault|ssm|secretref):\S*/\S+", re.IGNORECASE
)
"""What stands for a password that a runner of the program fills in, as 1Password, vals and others have it."""
_NOT_SMTP = frozenset(
    {"log", "array", "sendmail", "mail", "null", "file", "console", "dummy", "locmem", "phpmail", "none"}
)


def normal_word(word: str) -> str:
    """Return a word in lower case, its parts joined by underscores: ``displayName`` and ``Display Name`` alike."""
    parted = word.lower() if word.isupper() else _CAMEL.sub("_", word).lower()
    if not parted.isascii():
        parted = unicodedata.normalize("NFKD", parted.replace("ł", "l"))
        parted = "".join(letter for letter in parted if not unicodedata.combining(letter))
    return _APART.sub("_", parted).strip("_")


def field_of(word: str) -> str | None:
    """Return the setting that a word names, however it is put together; None for one that is not known.

    >>> field_of("SMTP Host"), field_of("smtpHost"), field_of("FROM_NAME"), field_of("colour")
    ('host', 'host', 'display_name', None)
    """
    normal = normal_word(word)
    bare = re.sub(r"^(?:x_)?(?:smtp|mailer|mail|email)_", "", normal)
    return FIELDS.get(normal) or _JOINED.get(normal.replace("_", "")) or FIELDS.get(bare)


def meaningful(text: str | None) -> str | None:
    """Return a value; None for an empty one and for the words that stand for none."""
    stripped = (text or "").strip()
    return None if stripped.lower() in {"", "null", "(null)", "nil", "undefined"} else stripped


def found_of(said: Mapping[str, str], *, label: str, line: int | None) -> FoundAccount:
    """Return the account that settings make, by their names in ``FIELDS``. Doubts about them stand among what is lost."""
    lost: list[str] = []
    transport = _TRANSPORT.match(said.get("host", ""))
    if transport is not None:
        said = {"scheme": transport[1], **said}
    host, port = _place(meaningful(said.get("host")), port_of(said.get("port")))
    email, display_name = _sender(said)
    auth = words.plain(said.get("auth", ""))
    username, password = meaningful(said.get("username")), said.get("password")
    has_password = bool(meaningful(password))
    if _IN_A_STORE.fullmatch((password or "").strip()):
        lost.append(
            "The password is a reference to a store of secrets, which is not asked; set the variable that the manifest names."
        )
        password = None
    if _MASKED.fullmatch(password or ""):
        lost.append("The password is masked in the source; set the variable that the manifest names.")
        password = None
    refuses_login = auth in {"none", "off", "false", "no", "0"} and not username
    is_unfilled = display_name is not None and re.search(r"\$\{\w|\$[A-Za-z_]|\{\{", display_name) is not None
    lost += _doubts(said, host, port, is_unfilled=is_unfilled)
    ca_file, certificate, key = (_file(name, said, lost) for name in ("ca_file", "client_certificate", "client_key"))
    pin = pin_of(said.get("certificate"))
    if meaningful(said.get("certificate")) and pin is None:
        lost.append("The fingerprint of the certificate is none of SHA-256, which alone is taken here.")
    return FoundAccount(
        label=label,
        line=line,
        host=host,
        port=port,
        security=security_of(said, port),
        username=username,
        password=secret_of(meaningful(password) and password),
        has_login=not refuses_login and (username is not None or has_password),
        email=email,
        display_name=None if is_unfilled else display_name,
        reply_to=meaningful(said.get("reply_to")),
        helo_name=_host_name(said.get("helo")),
        certificate=pin,
        proxy=proxy_of(said, lost),
        ca_file=private_ca(ca_file),
        client_certificate=certificate,
        client_key=key if certificate is not None else None,
        mechanism=_MECHANISMS.get(auth),
        lost=tuple(lost),
    )


def _doubts(said: Mapping[str, str], host: str | None, port: int | None, *, is_unfilled: bool) -> Iterator[str]:
    """Yield what speaks against taking the settings as they are, each in a sentence."""
    refuses = words.plain(said.get("verify", "yes")) in {"none", "false", "0", "no", "off", "skip"}
    if refuses or words.flag(said.get("skip_verify", "no")) is True:
        yield "The source did not verify certificates. Here they always are; for a CA of your own write caFile."
    if host is not None and (host.lower() in _CATCHERS or (host.lower() in _LOCAL and port in _CATCHER_PORTS)):
        yield f"{host}:{port or 25} looks like a mail catcher for development, which delivers nothing."
    if meaningful(said.get("port")) is not None and port is None:
        yield "What stands for the port is no number from 1 to 65535."
    if meaningful(said.get("email")) is not None and _sender(said)[0] is None:
        yield "What stands for the sender's address is none: write spec.email."
    if meaningful(said.get("helo")) is not None and _host_name(said.get("helo")) is None:
        yield "What stands for the name in EHLO is no host name: write smtp.heloName."
    if is_unfilled:
        yield "The name beside the address is made of a variable that the source does not have."
    mailer = words.plain(said.get("mailer", ""))
    if mailer in _NOT_SMTP or mailer.rpartition(".")[0].endswith(("console", "dummy", "locmem", "filebased")):
        yield "The source does not send by SMTP as it is set; the server's settings were taken all the same."
    if "active" in said and words.flag(said["active"]) is False:
        yield "The source has it switched off. It was taken over; remove the manifest, or suspend the account."


def _file(name: str, said: Mapping[str, str], lost: list[str]) -> str | None:
    """Return the file that a setting names; what stands in the source itself is told, and repeated nowhere."""
    written = meaningful(said.get(name))
    if written is not None and ("-----BEGIN" in written or "\n" in written):
        lost.append(
            f"{_TITLES[name]} stands in the source itself; put it into a file, and write that into the manifest."
        )
        return None
    return written


_TITLES = {"ca_file": "A private CA", "client_certificate": "A client certificate", "client_key": "A private key"}
_TRANSPORT = re.compile(r"\s*(smtps|ssl|tls)://", re.IGNORECASE)
"""What PHP and others have before a host for how it is reached."""
_PROXY_TYPES: dict[str, ProxyType] = {
    "socks": "socks5", "socks5": "socks5", "socks5h": "socks5", "socks4": "socks4", "socks4a": "socks4", "http": "http",
    "https": "http", "connect": "http",
}  # fmt: skip
_PROXY_PORTS: dict[ProxyType, int] = {"socks5": 1080, "socks4": 1080, "http": 3128}
_PROXY = re.compile(r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9]*)://)?(?:(?P<login>.*)@)?(?P<place>[^@/]+)/?\Z")


def proxy_of(said: Mapping[str, str], lost: list[str]) -> FoundProxy | None:
    """Return the proxy that settings name, as an address or in parts; one of a kind that is not known is lost."""
    address = meaningful(said.get("proxy")) or meaningful(said.get("proxy_host"))
    if address is None or words.flag(address) is False:
        return None
    matched = _PROXY.match(address)
    kind = meaningful(said.get("proxy_type")) or (matched and matched["scheme"]) or "socks5"
    type_ = _PROXY_TYPES.get(words.plain(kind))
    if matched is None or type_ is None:
        lost.append("The proxy is of a kind that is not known here; socks5, socks4 and http are. Write spec.proxy.")
        return None
    host, port = _place(matched["place"], port_of(said.get("proxy_port")))
    username, _, password = (matched["login"] or "").partition(":")
    return FoundProxy(
        type=type_,
        host=host or "",
        port=port or _PROXY_PORTS[type_],
        username=meaningful(said.get("proxy_username")) or unquote(username) or None,
        password=secret_of(meaningful(said.get("proxy_password")) or unquote(password)),
        resolves_remotely=words.plain(kind) != "socks4",
    )


def security_of(said: Mapping[str, str], port: int | None) -> Security:
    """Return how the connection is encrypted: by the most telling of the words that a source has for it."""
    given = {name: said[name] for name in said if name in _BY_NAME and said[name].strip() != ""}
    scheme = words.plain(given.get("scheme", ""))
    if scheme in {"smtps", "smtp+starttls", "ssl", "tls"}:
        return words.word("starttls" if "starttls" in scheme else scheme, port)
    if meaningful(given.get("encryption")) is not None or ("encryption" in given and len(given) == 1):
        return words.word(given["encryption"], port)
    if "secure" in given:
        required = words.flag(given.get("starttls", "")) is True
        found = words.secure(given["secure"], port)
        return words.STARTTLS if required and found == words.IF_OFFERED else found
    return _of_boxes(given, port)


_BY_NAME = frozenset({"encryption", "secure", "scheme", "implicit", "tls", "starttls", "starttls_auto"})


def _of_boxes(given: Mapping[str, str], port: int | None) -> Security:
    """Return what yes and no say, several at once: those for TLS from the first byte before the others."""
    told = {name: given[name] for name in ("implicit", "tls", "starttls", "starttls_auto") if name in given}
    if not told:
        return words.unsaid(port)
    for text in told.values():
        if words.flag(text) is None and words.plain(text) not in {"always", "auto", "never"}:
            return words.word(text, port)
    on = {name for name, text in told.items() if words.flag(text) is True or words.plain(text) == "always"}
    # A box for TLS of any kind beside the one for implicit TLS is no contradiction on the port for that.
    if "implicit" in on and on & {"tls", "starttls"}:
        return words.TLS if port == IMPLICIT_TLS_PORT and "starttls" not in on else _both(on, port)
    if "starttls_auto" not in on and words.plain(told.get("starttls", "")) == "auto":
        on.add("starttls_auto")
    meant = (("implicit", "ssl"), ("starttls", "starttls"), ("tls", "tls"), ("starttls_auto", "auto"))
    return words.word(next((word for name, word in meant if name in on), "none"), port)


def _both(on: set[str], port: int | None) -> Security:
    named = "STARTTLS" if "starttls" in on else "TLS"
    return words.contradiction(f"SSL and {named} are both on, and one connection has one of them", port)


def _place(host: str | None, port: int | None) -> tuple[str | None, int | None]:
    """Return host and port; a port may stand behind the host."""
    if host is None:
        return None, port
    bare = re.sub(r"^(?:smtps?|ssl|tls|https?)://", "", host, flags=re.IGNORECASE).rstrip("/")
    name, colon, number = bare.rpartition(":")
    if colon and (":" not in name or name.endswith("]")) and port_of(number) is not None:
        return name.strip("[]"), port or port_of(number)
    return bare.strip("[]"), port


def _sender(said: Mapping[str, str]) -> tuple[str | None, str | None]:
    """Return address and name of the sender: from ``Name <address>``, or the local part with a domain beside it."""
    written = meaningful(said.get("email"))
    named = meaningful(said.get("display_name"))
    if written is None:
        return None, named
    if "@" not in written and meaningful(said.get("domain")) and " " not in written:
        return f"{written}@{said['domain'].strip()}", named
    name, address = parseaddr(written)
    if "@" not in address:
        return (written if "@" in written else None), named
    return address, named or name or None


def _host_name(text: str | None) -> str | None:
    written = meaningful(text)
    return written if written and re.fullmatch(r"[A-Za-z0-9.-]{1,253}", written) else None
