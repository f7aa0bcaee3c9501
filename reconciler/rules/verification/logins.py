r"""What a server says of a login that it refuses, beside whether the password is right. Pure.

Premise: 535 (RFC 4954 section 4) says that the credentials are invalid, and many servers say it of accounts that are
locked, of passwords that have ended, of mailboxes without SMTP, of countries. Whoever then looks for another password
looks in the wrong place, and with each attempt makes a lock longer. So the words are asked first, in the order of the
table. A statement is a noun with what is said of it, as in ``wordings``; cases are in
``tests/rules/verification/logins.csv``.
"""

from __future__ import annotations

import re

from reconciler.classes import dataclass
from reconciler.rules.verification.languages import folded

_ATTEMPTS = r"(?:auth\w*|log-?[io]ns?|password|credential|sign-?in|attempts?|tries)"


@dataclass(frozen=True, slots=True)
class LoginWording:
    """One statement on a login; ``code`` is one of the check codes, ``variant`` one of its sentences."""

    statement: re.Pattern[str]
    code: str
    variant: str


def _says(code: str, *statements: str, variant: str = "") -> LoginWording:
    return LoginWording(re.compile("|".join(statements), re.IGNORECASE), code, variant)


LOCKED_OUT = _says(
    "rateLimited",
    rf"too many (?:\w+ ){{0,3}}(?:fail\w*|bad|invalid|unsuccessful|wrong|incorrect) (?:\w+ ){{0,2}}{_ATTEMPTS}",
    rf"too many (?:\w+ ){{0,2}}{_ATTEMPTS} (?:fail\w*|attempts?|errors?)|too many (?:login|auth\w*|password) ",
    r"(?:account|user|mailbox|ip|address|host|login)\b.{0,40}\b(?:locked|blocked|banned|disabled|suspended) (?:out )?(?:for \d|temporarily|until|due to (?:too )?many)",
    r"account lock-?out|\btoo frequent(?:ly)? log|log(?:ged|ging)?[- ]?ins? (?:is |are )?too (?:often|frequent)",
    r"temporarily (?:locked|blocked|banned)|brute[- ]?force|(?:auth\w*|login) rate|fail2ban|logins? .{0,20}(?:rate|limit) exceeded",
    variant="logins",
)
"""After failed logins; said in a greeting, too."""
LOGIN_WORDINGS = (
    LOCKED_OUT,
    _says(
        "authUnavailable",
        r"^(?!.*(?:password|credentials?|account)\b.{0,20}\b(?:incorrect|wrong|invalid|abnormal)).*(?:system|server|service) (?:is )?(?:busy|overloaded|unavailable)",
        r"(?:temporary|temporarily|internal) (?:\w+ ){0,2}(?:error|failure|problem|unavailable)|connection lost to auth|no mechanism available",
        r"(?:unable to|cannot|can't|could not) authenticate (?:\w+ )?(?:at this time|now|temporarily|due to)",
    ),
    _says(
        "rateLimited",
        r"credits? (?:\w+ ){0,2}(?:exceeded|exhausted|used up)|(?:e-?mail|mail|sending) limit (?:is |was |has been )?reached",
        r"(?:monthly|daily|hourly|weekly) (?:\w+ ){0,2}(?:limit|quota)|(?:sending|message|mail) (?:limit|quota) (?:\w+ )?(?:exceed|reach)",
    ),
    _says(
        "encryptionRequired",
        r"only (?:tls|ssl|encrypted|secure) (?:connections?|sessions?)|(?:tls|ssl|encryption|encrypted connection|secure connection) (?:is )?required",
        r"must (?:use|issue|start) (?:a )?(?:starttls|tls|ssl)",
    ),
    _says(
        "credentialsRejected",
        r"credentials? (?:has |have |is |are )?expired|password (?:has |is |was )?(?:expired|ended|too old|outdated)|expired password|(?:must|need to|needs to|please|have to) (?:be )?(?:chang|reset|updat|renew)\w* (?:your |the )?(?:\w+ )?password",
        r"password (?:must|needs to|has to) be (?:changed|reset|updated)|password (?:change|reset) (?:is )?required",
        variant="expired",
    ),
    _says(
        "webLoginRequired",
        r"(?:log|sign) ?-?in (?:\w+ ){0,3}(?:web|browser|webmail)|\bweb ?browser|confirm (?:your |this )?(?:login|sign-?in)|verify (?:your|the) account (?:at|by|via)",
    ),
    _says(
        "appPasswordNeeded",
        r"(?:two|2)[- ]?(?:factor|step)|\b2fa\b|\bmfa\b|multi-?factor|second factor|another step|one[- ]time (?:password|code)|\botp\b",
        r"\b(?:smtp|api) key instead|instead of (?:your |the )?(?:\w+ )?password|app(?:lication)?[- ](?:specific[- ])?password|external (?:application|program|client) password|\b(?:secure )?mail key\b",
    ),
    _says(
        "smtpAuthDisabled",
        r"\bsmtp\b(?:[ /-]?(?:auth\w*|access|login|submission|service|relay))?\b.{0,40}(?:\bdisabled|(?:\bnot|n.t) (?:been )?(?:enabled|allowed|permitted|activated|available|included|open(?:ed)?)|\b(?:turned|switched) off|\bdeactivated)",
        r"(?:enable|activate|turn on|switch on|allow)\b.{0,30}\b(?:smtp|pop3?|imap)\b|(?:smtp|imap|pop3?) access (?:is )?(?:off|denied|disabled)",
        r"(?:paid|premium|business|higher) plan|(?:permission|allowed|permitted|authori[sz]ed|rights?) to (?:use|access|send (?:via|by|over|through)) (?:the )?smtp",
        r"less secure apps?|(?:external|third[- ]party) (?:programs?|clients?|app(?:lication)?s?)\b.{0,20}\b(?:not allowed|disabled|blocked|turned off|not enabled)",
        r"\b(?:user|account) has no permission\b",
        r"not (?:authori[sz]ed|allowed|permitted) to use (?:this|the|our) (?:smtp |mail )?(?:service|server)",
    ),
    _says(
        "accountSuspended",
        r"\b(?:account|user|mailbox|login|domain|customer)\b.{0,30}\b(?:suspended|disabled|deactivated|blocked|frozen|on hold|locked|closed|inactive|terminated|not active)",
        r"\b(?:suspended|disabled|deactivated|blocked|frozen|locked|inactive|terminated) (?:account|user|mailbox|domain)|unpaid|non-?payment|overdue",
        r"\b(?:trial|subscription|contract|account)\b.{0,20}\b(?:expired|ended)|account (?:is |has )?(?:unverified|not (?:been |yet )*(?:verified|activated|confirmed))",
        variant="login",
    ),
    _says(
        "serverRefused",
        r"\b(?:access|log-?ins?|connections?) from (?:outside|abroad|overseas)\b",
        r"\bunauthori[sz]ed (?:ip|host|network|location|country)\b",
        r"\bip (?:restriction|allow-?list|white-?list)|\bgeo-?(?:ip|block|location|restrict)|\b(?:this|your|from) (?:country|region|location)\b",
        r"\b(?:ip|ip address|address|network|host|location)\b.{0,40}\b(?:not (?:allowed|permitted|authori[sz]ed|whitelisted|in the)|blocked|denied|restricted|blacklisted|rejected)",
        r"(?:not (?:allowed|permitted)|denied|blocked|restricted|refused) (?:\w+ ){0,2}from (?:this|your) (?:ip|address|country|location|host|network)",
        variant="login",
    ),
)
"""In the order in which they are asked."""


_LATE = _says(
    "credentialsRejected",
    r"\bauth\w*(?: (?:data|credentials?))? (?:(?:was|were|is|are|has) )?(?:fail\w*|unsuccessful|invalid|incorrect|rejected|error)",
    r"(?:incorrect|invalid|bad|wrong|failed|incomplete) (?:user ?name|auth\w*|credentials?|password|log-?in)",
    r"(?:credentials?|password|log-?in)\b(?: \w+){0,3} (?:not accepted|invalid|incorrect|wrong|rejected|fail\w*|not correct)",
    variant="late",
)
"""Of a login that was taken, at a later command."""


LOGINS_IN_OTHER_LANGUAGES = tuple(
    LoginWording(re.compile(folded("|".join(statements))), code, variant)
    for code, variant, *statements in (
        (
            "rateLimited", "logins",
            r"zu viele (?:\w+ ){0,2}(?:(?:anmelde|login)-?versuche|anmeldungen|logins)|trop de (?:\w+ ){0,2}(?:tentatives|essais)|demasiados intentos|troppi tentativi|muitas tentativas",
            r"zbyt wiele (?:\w+ ){0,3}(?:prób|logowań)|слишком много (?:\w+ ){0,2}попыток|(?:登录|登入|认证|認證|尝试|嘗試)(?:次数|次數|失败次数)?(?:过多|過多|超限|太多)|ログイン試行.{0,6}多すぎ|(?:登录|登入|認證|认证)(?:过于|過於|太)(?:频繁|頻繁)",
        ),
        (
            "credentialsRejected", "expired",
            r"(?:passwort|kennwort) (?:\w+ )?(?:ist )?abgelaufen|mot de passe (?:\w+ )?expiré|contraseña (?:\w+ )?(?:caducada|expirado|expirada|vencida)|password (?:è )?scaduta|senha expirad",
            r"hasło (?:\w+ )?wygasło|(?:срок деиствия )?парол\w* .{0,12}ист[её]к|密[码碼](?:已)?(?:过期|過期)|パスワード.{0,8}(?:期限|有効)",
        ),
        (
            "smtpAuthDisabled", "",
            r"(?:未开启|未開啟|未启用|未啟用|没有开启).{0,4}(?:smtp|pop3|imap)|program\w+ pocztow\w+ .{0,20}(?:wyłączon|zablokowan)|(?:smtp|pop3|imap).{0,40}(?:deaktiviert|nicht (?:aktiviert|freigeschaltet|freigegeben|erlaubt)|désactivé|non activé|desactivado|no (?:está )?habilitado|disabilitato|non abilitato|desabilitado|wyłączon|nie jest włączon|отключен|не включен|未开启|未開啟|未启用|已关闭|無効)",
        ),
        (
            "appPasswordNeeded", "",
            r"授权码|授權碼|客户端专用密码|独立密码|app-?passwort|anwendungs(?:spezifisches)? ?passwort|mot de passe d.application|contraseña de aplicación|hasł\w+ (?:do )?aplikacji|парол\w+ (?:для )?(?:внешн\w+ )?приложени|アプリ.{0,6}パスワード",
        ),
        (
            "webLoginRequired", "",
            r"(?:im|über) (?:das |den |einen )?(?:webmail\w*|browser)\b.{0,30}\b(?:an|ein)\b|connecte[rz].{0,12}(?:webmail|navigateur)|(?:веб-?почт|веб-?интерфейс|браузер)\w*.{0,30}(?:подтверд|воид)|(?:网页|浏览器|網頁|瀏覽器).{0,6}(?:登录|登入)|ブラウザ.{0,8}ログイン",
        ),
        (
            "accountSuspended", "login",
            r"(?:konto|postfach|benutzer|account) .{0,30}(?:gesperrt|deaktiviert)|compte .{0,30}(?:suspendu|bloqué|désactivé)|cuenta .{0,30}(?:suspendida|bloqueada|desactivada)|account .{0,20}(?:sospeso|bloccato)|conta .{0,30}(?:suspensa|bloqueada|desativada)",
            r"kont\w+ .{0,30}(?:zablokowan|zawieszon)|(?:учётн\w+ запис\w+|аккаунт|ящик) .{0,30}(?:заблокирован|приостановлен|отключен)|(?:[帐账帳]号|[帐账帳]號|[帐账帳]户|用户)(?:已)?(?:被)?(?:锁定|鎖定|冻结|凍結|禁用|停用|封禁)|アカウント.{0,10}(?:停止|凍結|ロック|無効)",
        ),
    )
)  # fmt: skip
"""The same statements as people elsewhere have their servers make them, compared without accents."""


def said_of_login(words: str) -> LoginWording | None:
    """Return the statement that a server makes of a login beside the password; None where it makes none.

    >>> said_of_login("5.7.8 Too many failed login attempts").code, said_of_login("Ihr Konto ist gesperrt").code
    ('rateLimited', 'accountSuspended')
    >>> said_of_login("5.7.8 Authentication credentials invalid") is None
    True
    """
    plain = folded(words)
    spoken = ((LOGINS_IN_OTHER_LANGUAGES, plain), (LOGIN_WORDINGS, words))
    return next((each for table, text in spoken for each in table if each.statement.search(text)), None)


_WRONG = {
    "authRefused": _LATE.statement,
    "authUnavailable": re.compile(
        r"(?:incorrect|invalid|wrong|bad) (?:user ?name|password|credentials?)\b", re.IGNORECASE
    ),
}
"""By what the reply code stands for: a login is put off in words of failure, too, but of no password."""


def says_wrong(words: str, code: str) -> bool:
    """Tell whether a server says that user name or password are wrong, by a reply code that means something else.

    >>> says_wrong("5.7.0 Authentication failed", "authRefused"), says_wrong("Cannot decode response", "authRefused")
    (True, False)
    >>> says_wrong("Temporary authentication failure", "authUnavailable"), says_wrong("Invalid password", "authUnavailable")
    (False, True)
    """
    return code in _WRONG and bool(_WRONG[code].search(words))


def said_later(words: str) -> LoginWording | None:
    """Return the statement about the login that a server makes after it took the login; None where it makes none.

    >>> said_later("authentication failed").code, said_later("relaying denied")
    ('credentialsRejected', None)
    """
    return next((each for each in (LOCKED_OUT, _LATE) if each.statement.search(words)), None)
