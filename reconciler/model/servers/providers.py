"""Known mail providers and the hosts over which their customers send."""

from __future__ import annotations

from reconciler.classes import Frozen
from reconciler.model.text.domains import NotADomain, host_to_ascii
from reconciler.model.text.globs import matches_any


class Provider(Frozen):
    """One provider; ``hosts`` are globs of host names in lower case."""

    name: str
    hosts: tuple[str, ...]

    def has(self, host: str) -> bool:
        """Tell whether a host is one of the provider's."""
        try:
            return matches_any(self.hosts, host_to_ascii(host))
        except NotADomain:
            return False


GMAIL = Provider("Gmail", ("smtp.gmail.com", "smtp.googlemail.com", "smtp-relay.gmail.com"))
MICROSOFT_365 = Provider("Microsoft 365", ("smtp.office365.com", "smtp-legacy.office365.com", "outlook.office365.com"))
OUTLOOK_COM = Provider("Outlook.com", ("smtp-mail.outlook.com", "smtp.live.com"))
YAHOO = Provider("Yahoo", ("smtp.mail.yahoo.com", "smtp.bizmail.yahoo.com"))
AOL = Provider("AOL", ("smtp.aol.com",))
ICLOUD = Provider("iCloud", ("smtp.mail.me.com",))
ZOHO = Provider("Zoho", ("smtp.zoho.*", "smtppro.zoho.*", "smtp.zohocloud.ca", "smtppro.zohocloud.ca"))
AMAZON_SES = Provider("Amazon SES", ("email-smtp.*.amazonaws.com", "email-smtp-fips.*.amazonaws.com"))
SENDGRID = Provider("SendGrid", ("smtp.sendgrid.net", "smtp.eu.sendgrid.net"))
MAILGUN = Provider("Mailgun", ("smtp.mailgun.org", "smtp.eu.mailgun.org"))
POSTMARK = Provider("Postmark", ("smtp.postmarkapp.com", "smtp-broadcasts.postmarkapp.com"))
QQ = Provider("QQ Mail", ("smtp.qq.com", "smtp.exmail.qq.com", "hwsmtp.exmail.qq.com"))
NETEASE = Provider("NetEase", ("smtp.163.com", "smtp.126.com", "smtp.yeah.net", "smtp.188.com", "*.qiye.163.com"))
WEB_DE = Provider("WEB.DE", ("smtp.web.de",))
GMX = Provider("GMX", ("mail.gmx.net", "mail.gmx.com", "smtp.gmx.net", "smtp.gmx.com"))
IONOS = Provider("IONOS", ("smtp.ionos.*", "smtp.1und1.de", "smtp.1and1.*"))
STRATO = Provider("Strato", ("smtp.strato.de", "smtp.strato.com"))
OVH = Provider("OVHcloud", ("ssl0.ovh.net", "ssl0.ovh.ca", "*.mail.ovh.net", "*.mail.ovh.ca"))
INFOMANIAK = Provider("Infomaniak", ("mail.infomaniak.com",))
FASTMAIL = Provider("Fastmail", ("smtp.fastmail.com", "smtps.fastmail.com"))
PROTON = Provider("Proton Mail", ("smtp.protonmail.ch",))
MAILJET = Provider("Mailjet", ("in-v3.mailjet.com", "in.mailjet.com"))
MAIL_RU = Provider("Mail.ru", ("smtp.mail.ru",))
YANDEX = Provider("Yandex", ("smtp.yandex.*",))
