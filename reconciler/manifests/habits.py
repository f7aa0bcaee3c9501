"""What people write who come from other tools, and what it is called here: a table of fields, and the answers to them.

A row is an alias without its prefixes (``smtp``, ``mail``, ``email`` and the like), small letters and digits alone, and
the answer that it gets. Nothing of the value is in an answer but an address, a host or a port that was given in another
field's place; which lines fit may hang on the value.

Sources: the settings of nodemailer, Laravel, Symfony, Django, Flask-Mail, Rails, Spring, Jakarta Mail, PHPMailer, .NET,
Kubernetes, Docker, Ansible, msmtp, Postfix, Exim, Thunderbird, Alertmanager, Grafana, GitLab and Home Assistant, as their
documentation has them.
"""

from __future__ import annotations

from reconciler.classes import dataclass

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Target:
    """A field that there is: where it stands in the spec of an own account, and an example of its value."""

    path: Path
    example: str


@dataclass(frozen=True, slots=True)
class Said:
    """An answer for what has no field here: what to know, and lines to paste."""

    words: str
    lines: tuple[str, ...] = ()
    """Those that begin with ``smtp:`` stand where the kind has its server, all others as they are."""
    is_of_accounts: bool = True
    """Whether it is true of every account; else of those that name a server of their own."""
    is_of_servers: bool = False
    """Whether it goes for a server without an account too: a MailServer, and the platform's in the project file."""


_LOGIN = ("smtp", "authentication")
TARGETS = {
    "username": Target((*_LOGIN, "username"), '"{email}"'),
    "password": Target((*_LOGIN, "password"), "{env: SMTP_{name}_PASSWORD}"),
    "accessToken": Target((*_LOGIN, "accessToken"), "{env: SMTP_{name}_TOKEN}"),
    "mechanism": Target((*_LOGIN, "mechanism"), "auto"),
    "authentication": Target(_LOGIN, '{username: "{email}", password: {env: SMTP_{name}_PASSWORD}}'),
    "clientId": Target((*_LOGIN, "oauth2", "clientId"), "0a1b2c"),
    "clientSecret": Target((*_LOGIN, "oauth2", "clientSecret"), "{env: SMTP_{name}_SECRET}"),
    "refreshToken": Target((*_LOGIN, "oauth2", "refreshToken"), "{env: SMTP_{name}_REFRESH_TOKEN}"),
    "tokenUrl": Target((*_LOGIN, "oauth2", "tokenUrl"), "https://login.example.com/token"),
    "host": Target(("smtp", "host"), "smtp.example.com"),
    "port": Target(("smtp", "port"), "587"),
    "encryption": Target(("smtp", "encryption"), "starttls"),
    "heloName": Target(("smtp", "heloName"), "mail.example.com"),
    "caFile": Target(("smtp", "caFile"), "certs/ca.pem"),
    "email": Target(("email",), "sales@example.com"),
    "displayName": Target(("displayName",), "Example Sales"),
    "replyTo": Target(("replyTo",), "{email: help@example.com}"),
    "shared": Target(("shared",), "true"),
    "proxy": Target(("proxy",), "{type: socks5, host: proxy.example.com, port: 1080}"),
}
"""The fields that aliases stand for, by name."""

_ALIASES = {
    "username": "user login usr loginname userid uid authuser authusername authid hostuser hostusername account "
    "principal saslusername saslloginname smtpuser logonname",
    "password": "pass passwd pwd pw secret apppassword apppass apikey authpass authpassword hostpassword "
    "passwordfile passwordeval passwordcommand passwordref passwordsecret existingsecret secretname secretref "
    "secretkeyref valuefrom saslpassword saslpasswd smtppass credential passphrase",
    "accessToken": "token oauthtoken oauthbearer bearer bearertoken authtoken xoauth2token",
    "mechanism": "authtype authmethod authenticationmethod authmechanism authmechanisms saslmechanism method "
    "authenticationtype authprotocol",
    "authentication": "auth credentials authenticate requireauth authrequired needsauth authenabled useauth "
    "useauthentication sasl saslauthenable authon enableauth",
    "clientId": "oauthclientid",
    "clientSecret": "oauthclientsecret",
    "refreshToken": "oauthrefreshtoken",
    "tokenUrl": "accessurl tokenendpoint tokenuri oauthtokenurl",
    "host": "hostname server servername serverhost serveraddress smarthost relay relayhost relaydomain outgoing "
    "outgoingserver mailhost addr nexthop url uri dsn endpoint",
    "port": "serverport portnumber tcpport hostport",
    "encryption": "tlsmode sslmode encryptionmode tls starttls ssl secure usetls usessl usestarttls requiretls ignoretls opportunistictls "
    "enablessl enabletls enablestarttls enablestarttlsauto starttlsauto starttlsenable starttlsenabled starttlsrequired "
    "starttlspolicy tlsstarttls "
    "tlsenabled sslenable sslenabled implicittls security securitytype connectionsecurity connectiontype sockettype "
    "securesocketoptions protocol scheme transport mailer tryssl smtpsecure smtptls tlspolicy tlssecuritylevel "
    "encryptionmethod encryptiontype securitylevel requiressl forcetls disablessl disabletls nossl notls starttlsoff",
    "heloName": "helo ehlo helohost ehlohost ehlodomain helodomain heloidentity localname localhostname "
    "localdomain myhostname localhost clienthostname ehloname ehloidentity domain",
    "caFile": "ca cafile cacert cacertfile cabundle capath rootca rootcas tlstrustfile tlscafile sslca sslcafile "
    "trustfile certificateauthority truststore castore trustedca",
    "email": "from fromaddress fromemail mailfrom sender senderaddress senderemail envelopefrom returnpath address "
    "emailaddress mailaddress defaultfromemail defaultfrom defaultsender useremail fromaddr mail smtpfrom bounce "
    "bounceaddress envelopesender",
    "displayName": "fromname sendername realname fullname friendlyname name mailfromname displayas display label "
    "fromdisplayname sendertitle personal",
    "replyTo": "replytoaddress replyaddress replytoemail replyemail replies answerto replytos",
    "shared": "public private visibility visible isshared share",
    "proxy": "socksproxy httpproxy proxyurl socks socks5 proxyhost proxyserver httpsproxy allproxy",
}  # fmt: skip
ALIASES = {alias: name for name, aliases in _ALIASES.items() for alias in (name.lower(), *aliases.split())}
"""Alias, as ``normal`` gives it, to the name of the field that is meant."""

_WITHOUT_LOOKING = Said(
    "A certificate is always verified, and nothing turns that off. For a CA of your own write",
    ("smtp:", "  caFile: certs/ca.pem"),
    is_of_servers=True,
)
_TIME = Said(
    "How long an account's conversation may take is one setting of the project file, reconciler.yaml. There write",
    ("verification:", "  timeoutSeconds: 30"),
    is_of_servers=True,
)
_AT_ONCE = Said(
    "How many conversations with one server go on at once is a setting of the project file, reconciler.yaml. There write",
    ("verification:", "  perServer: 4"),
    is_of_servers=True,
)
_PRESET = Said(
    "Settings of well-known providers are filled in when an account is added:",
    ("reconciler accounts add own --preset gmail",),
    is_of_accounts=False,
)
_TO = Said(
    "To whom mail goes is told where it is sent; an account says from where. Remove the line; contacts go to",
    ("reconciler send NAME --message FILE.eml --contacts FILE",),
)
_STOP = Said(
    "An account is stopped by a command, and not by its manifest. Remove the line; to stop one, run",
    ("reconciler suspend NAME --reason TEXT",),
)
_NOTE = Said("Notes stand under metadata. Write", ("metadata:", "  annotations: {note: text}"))
_LABELS = Said("Labels to choose by stand under metadata. Write", ("metadata:", "  labels: {team: sales}"))
_NAMED = Said("What the document is known by stands under metadata. Write", ("metadata:", "  name: sales-pl"))
_TITLE = Said("A longer name stands under metadata. Write", ("metadata:", "  title: Sales in Poland"))
_OWNER = Said("Whose an account is stands under metadata. Write", ("metadata:", "  owner: anna@example.com"))
_ENVIRONMENT = Said(
    "Variables are set where the command runs, and a secret refers to one. Write",
    ("smtp:", "  authentication:", "    password: {env: SMTP_{name}_PASSWORD}"),
    is_of_servers=True,
)
_QUIET = Said(
    "What a verification shows is told by its command. Remove the line; everything is in",
    ("reconciler verify --format json",),
    is_of_servers=True,
)
_CLIENT_KEY = Said(
    "The client's own certificate lies inside the project folder, and its key where secrets are. Write",
    ("smtp:", "  clientCertificate:", "    certFile: certs/client.pem", "    key: {file: secrets/client.key}"),
    is_of_servers=True,
)
_PROTECT = Said("What may not be deleted says so under metadata. Write", ("metadata:", "  preventDelete: true"))
_RENAMED = Said(
    "What an account was called before stands under metadata. Write", ("metadata:", "  previousName: old-name")
)
_RECEIVING = Said("An account here sends and does not receive, so nothing of IMAP or POP3 is kept. Remove the line.")
_FURTHER = Said(
    "One account sends from one address. Remove the line; a further address is an account of its own:",
    ("reconciler accounts add {kind}",),
)
_PACE = Said(
    "How fast mail goes out is told where it is sent. Remove the line; write",
    ("reconciler send NAME --message FILE.eml --contacts FILE --rate 100/hour",),
)
_DKIM = Said(
    "The mail server signs; here only the selectors are named, in the project file, to look the keys up. There write",
    ("domains:", "  example.com: {dkimSelectors: [s1]}"),
    is_of_servers=True,
)

_SAID: dict[str, Said] = {
    "timeout connecttimeout connectiontimeout sockettimeout greetingtimeout readtimeout writetimeout smtptimeout "
    "timeoutms timeoutseconds opentimeout dnstimeout": _TIME,
    "rejectunauthorized verify verifycert verifycertificate verifyssl verifypeer sslverify tlsverify tlscertcheck "
    "opensslverifymode verifymode insecure insecureskipverify skipverify skiptlsverify skipcertverify validatecerts "
    "validatecertificate sslverifypeer allowselfsigned allowinvalidcertificates ssltrust sslcheckserveridentity "
    "tlsinsecureskipverify noverify ignorecertificate servercertificatevalidation checkcertificate": _WITHOUT_LOOKING,
    "pool maxconnections maxmessages ratelimit ratedelta connectionlimit concurrency throttle": _AT_ONCE,
    "service provider preset wellknown platform": _PRESET,
    "to recipient recipients cc bcc sendto subject body": _TO,
    "enabled disabled active enable disable isactive isdefault default status suspended suspend paused": _STOP,
    "protected protect preventdestroy lifecycle deletionprotection nodelete": _PROTECT,
    "renamedfrom movedfrom oldname formername previously formerly previous": _RENAMED,
    "imap pop3 pop imaphost pop3host incoming incomingserver imapserver": _RECEIVING,
    "alias aliases addresses otheraddresses": _FURTHER,
    "limit quota dailylimit hourlylimit perday perhour maxperhour maxperday rate": _PACE,
    "description comment comments note notes remark": _NOTE,
    "tags tag group team category labels": _LABELS,
    "id identifier slug key": _NAMED,
    "title": _TITLE,
    "owner ownedby maintainer contact": _OWNER,
    "env environment envfile envfrom variables vars": _ENVIRONMENT,
    "debug logger log verbose loglevel smtpdebug tracing logfile": _QUIET,
    "clientcert clientkey cert keyfile certfile sslcertfile sslkeyfile tlscertfile tlskeyfile certificate": _CLIENT_KEY,
    "dkim dkimselector dkimprivatekey dkimdomain": _DKIM,
}
SAID = {alias: said for aliases, said in _SAID.items() for alias in aliases.split()}
"""Alias to what is said of what has no field here."""

PREFIXES = ("spring", "smtpd", "smtp", "email", "mail", "msmtp", "outgoing", "actionmailer", "gf", "app", "default")
"""What tools write before their settings' names; of an alias that is known with its prefix the whole counts."""
MEANINGS = {
    "tls": {"true": "starttls", "false": "tls", "tls": "tls", "required": "starttls", "ssl": "tls"},
    "ssl": {"true": "tls", "false": "starttls"},
}
"""Which encryption is meant by the value of a tick box: one that is about STARTTLS, or about implicit TLS."""
IMPLICIT = frozenset(
    {
        "ssl",
        "secure",
        "usessl",
        "enablessl",
        "sslenable",
        "sslenabled",
        "implicittls",
        "tryssl",
        "requiressl",
        "smtpsecure",
    }
)
"""Aliases of encryption that speak of TLS from the first octet; the others speak of STARTTLS."""
WORDS_FOR_ENCRYPTION = {
    "ssl": "tls",
    "ssl/tls": "tls",
    "ssltls": "tls",
    "auto": "starttls",
    "automatic": "starttls",
    "preferred": "starttls",
    "required": "starttls",
    "smtps": "tls",
    "implicit": "tls",
    "wrapper": "tls",
    "sslonconnect": "tls",
    "starttls": "starttls",
    "explicit": "starttls",
    "opportunistic": "starttls",
    "none": "none",
    "plain": "none",
    "off": "none",
    "smtp": "starttls",
}
"""What the words of other tools for encryption are here."""
