"""Habits from other tools: what people write there gets an answer in our words, with lines to paste.

A row: where it comes from, what is written in the place of a field, and the lines that the answer must hold. A newcomer
adds a row without writing a test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.manifests.habits import ALIASES, SAID, TARGETS
from tests.manifests.reading import read_text

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.diagnostics import Diagnostic

HEAD = "apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {name: sales}\n"
SPEC = "spec:\n  email: sales@example.com\n  displayName: Example Sales\n"
SMTP = "  smtp:\n    host: smtp.example.com\n"
LOGIN = '    authentication:\n      username: "{email}"\n'
AUTHENTICATION = 'authentication: {username: "{email}", password: {env: SMTP_SALES_PASSWORD}}'
PASSWORD = "password: {env: SMTP_SALES_PASSWORD}"


def in_spec(lines: str) -> str:
    """Return a manifest with lines among the fields of spec."""
    return HEAD + SPEC + "".join(f"  {line}\n" for line in lines.splitlines()) + SMTP


def in_smtp(lines: str) -> str:
    """Return a manifest with lines among the fields of smtp."""
    return HEAD + SPEC + SMTP + "".join(f"    {line}\n" for line in lines.splitlines())


def in_login(lines: str) -> str:
    """Return a manifest with lines among the fields of the login."""
    return HEAD + SPEC + SMTP + LOGIN + "".join(f"      {line}\n" for line in lines.splitlines())


def with_host(value: str) -> str:
    """Return a manifest with this as the host."""
    return HEAD + SPEC + f"  smtp:\n    host: {value}\n"


def with_email(value: str) -> str:
    """Return a manifest with this as the address."""
    return HEAD + f"spec:\n  email: {value}\n  displayName: Example Sales\n" + SMTP


def with_name(value: str) -> str:
    """Return a manifest with this as the name."""
    return HEAD.replace("name: sales", f"name: {value}") + SPEC + SMTP


HABITS: dict[str, tuple[str, tuple[str, ...]]] = {
    # Addresses
    "a name before the address": (with_email("Example Sales <sales@example.com>"), ("email: sales@example.com", "displayName: Example Sales")),
    "a quoted name before the address": (with_email("'\"Sales, Team\" <sales@example.com>'"), ("email: sales@example.com",)),
    "angle brackets": (with_email("<sales@example.com>"), ("email: sales@example.com",)),
    "a mailto link": (with_email("mailto:sales@example.com"), ("email: sales@example.com",)),
    "a mailto link with a subject": (with_email("mailto:sales@example.com?subject=x"), ("email: sales@example.com",)),
    "a space behind the address": (with_email("'sales@example.com '"), ("email: sales@example.com",)),
    "a dot behind the address": (with_email("sales@example.com."), ("email: sales@example.com",)),
    "a semicolon behind the address": (with_email("sales@example.com;"), ("email: sales@example.com",)),
    "a variable of a shell as the address": (with_email("${MAIL_FROM_ADDRESS}"), ()),
    "a template of Ansible as the address": (with_email("'{{ mail_from }}'"), ()),
    # Reply-to
    "reply-to as text": (in_spec("replyTo: help@example.com"), ("replyTo: {email: help@example.com}",)),
    "reply-to with a name": (in_spec("replyTo: Example Help <help@example.com>"), ("replyTo: {email: help@example.com, displayName: Example Help}",)),
    "two reply-to addresses as text": (in_spec("replyTo: a@example.com, b@example.com"), ("replyTo:", "  - {email: a@example.com}", "  - {email: b@example.com}")),
    "two reply-to addresses in one email": (in_spec("replyTo: {email: 'a@example.com; b@example.com'}"), ("replyTo:", "  - {email: a@example.com}", "  - {email: b@example.com}")),
    "a list of reply-to texts": (in_spec("replyTo: [a@example.com]"), ("  - {email: a@example.com}",)),
    "reply_to": (in_spec("reply_to_address: help@example.com"), ("replyTo: {email: help@example.com}",)),
    # Hosts
    "an address of smtps": (with_host("smtps://smtp.example.com:465"), ("host: smtp.example.com", "port: 465", "encryption: tls")),
    "an address of smtp": (with_host("smtp://smtp.example.com:587"), ("host: smtp.example.com", "port: 587", "encryption: starttls")),
    "an address with a login": (with_host("smtps://anna:hunter2@smtp.example.com"), ("host: smtp.example.com", "encryption: tls")),
    "a DSN of Symfony": (with_host("smtp://anna:hunter2@smtp.example.com:587?verify_peer=0"), ("host: smtp.example.com", "port: 587")),
    "a web address": (with_host("https://smtp.example.com/"), ("host: smtp.example.com",)),
    "a host with its port": (with_host("smtp.example.com:465"), ("host: smtp.example.com", "port: 465", "encryption: tls")),
    "a host in the form of Exim": (with_host("'ssl://smtp.example.com'"), ("host: smtp.example.com", "encryption: tls")),
    "a dot behind the host": (with_host("smtp.example.com."), ("host: smtp.example.com",)),
    "a space behind the host": (with_host("'smtp.example.com '"), ("host: smtp.example.com",)),
    "brackets of Postfix": (with_host("'[smtp.example.com]:587'"), ("host: smtp.example.com", "port: 587")),
    "brackets around IPv6": (with_host("'[2001:db8::1]:587'"), ("host: '2001:db8::1'", "port: 587")),
    "a variable as the host": (with_host("${SMTP_HOST}"), ()),
    "a server as one text": (HEAD + SPEC + "  smtp: smtps://smtp.example.com:465\n", ("smtp:", "  host: smtp.example.com", "  port: 465", "  encryption: tls")),
    "a port with its protocol": (in_smtp("port: 587/tcp"), ("port: 587",)),
    "a mapped port of Docker": (in_smtp("port: '587:587'"), ("port: 587",)),
    "the name of a port": (in_smtp("port: submission"), ("port: 587",)),
    # Names
    "capitals in a name": (with_name("SalesDE"), ("name: salesde",)),
    "umlauts in a name": (with_name("Verkauf-Süd"), ("name: verkauf-sued",)),
    "Polish letters in a name": (with_name("Sprzedaż Łódź"), ("name: sprzedaz-lodz",)),
    "an address as a name": (with_name("sales@example.com"), ("name: sales-example.com",)),
    "a slash in a name": (with_name("team/sales"), ("name: team-sales",)),
    "a long name": (with_name("x" * 80), (f"name: {'x' * 63}",)),
    # Secrets
    "a variable of a shell": (in_login("password: ${SMTP_PASS}"), ("password: {env: SMTP_PASS}",)),
    "a secret of a pipeline": (in_login("password: ${{ secrets.SMTP_PASS }}"), ("password: {env: SMTP_PASS}",)),
    "a default of docker-compose": (in_login("password: ${SMTP_PASS:-hunter2}"), ("password: {env: SMTP_PASS}",)),
    "a variable without braces": (in_login("password: $SMTP_PASS"), (PASSWORD,)),
    "secretKeyRef": (in_login("password: {secretKeyRef: {name: smtp, key: hunter2}}"), (PASSWORD,)),
    "valueFrom": (in_login("password: {valueFrom: {secretKeyRef: {name: smtp, key: hunter2}}}"), (PASSWORD,)),
    "valueFrom beside the field": (in_login("valueFrom: {secretKeyRef: {name: smtp, key: hunter2}}"), (PASSWORD,)),
    "existingSecret of a chart": (in_login("existingSecret: smtp-hunter2"), (PASSWORD,)),
    "a secret's name and key": (in_login("password: {name: smtp, key: hunter2}"), (PASSWORD,)),
    "a tag of Home Assistant": (in_login("password: !secret smtp_hunter2"), (PASSWORD,)),
    "a tag of Ansible": (in_login("password: !vault hunter2"), (PASSWORD,)),
    "passwordeval of msmtp": (in_login("passwordeval: pass show hunter2"), (PASSWORD,)),
    # nodemailer
    "nodemailer secure": (in_smtp("secure: true"), ("encryption: tls",)),
    "nodemailer secure: false": (in_smtp("secure: false"), ("encryption: starttls",)),
    "nodemailer requireTLS": (in_smtp("requireTLS: true"), ("encryption: starttls",)),
    "nodemailer ignoreTLS": (in_smtp("ignoreTLS: false"), ("encryption: starttls",)),
    "nodemailer auth": (in_smtp("auth: {user: anna, pass: hunter2}"), (AUTHENTICATION.replace('"{email}"', "anna"),)),
    "nodemailer user": (in_login("user: anna"), ("username: anna",)),
    "nodemailer pass": (in_login("pass: hunter2"), (PASSWORD,)),
    "nodemailer connectionTimeout": (in_smtp("connectionTimeout: 5000"), ("verification:", "  timeoutSeconds: 30")),
    "nodemailer tls.rejectUnauthorized": (in_smtp("rejectUnauthorized: false"), ("    caFile: certs/ca.pem",)),
    "nodemailer service": (in_smtp("service: gmail"), ("reconciler accounts add own --preset gmail",)),
    "nodemailer name": (in_smtp("name: mail.example.com"), ("heloName: mail.example.com",)),
    "nodemailer pool": (in_smtp("maxConnections: 5"), ("  perServer: 4",)),
    "nodemailer from": (in_spec("from: Example <sales@example.com>"), ("email: sales@example.com", "displayName: Example")),
    # Laravel and Symfony
    "Laravel MAIL_HOST": (in_spec("MAIL_HOST: smtp.example.com"), ("spec:", "  smtp:", "    host: smtp.example.com")),
    "Laravel MAIL_USERNAME": (in_spec("MAIL_USERNAME: anna"), ("    authentication:", "      username: anna")),
    "Laravel MAIL_PASSWORD": (in_spec("MAIL_PASSWORD: hunter2"), (f"      {PASSWORD}",)),
    "Laravel MAIL_ENCRYPTION": (in_spec("MAIL_ENCRYPTION: tls"), ("    encryption: starttls",)),
    "Laravel MAIL_ENCRYPTION: ssl": (in_spec("MAIL_ENCRYPTION: ssl"), ("    encryption: tls",)),
    "Laravel MAIL_SCHEME": (in_spec("MAIL_SCHEME: smtps"), ("    encryption: tls",)),
    "Laravel MAIL_FROM_ADDRESS": (in_spec("MAIL_FROM_ADDRESS: sales@example.com"), ("email: sales@example.com",)),
    "Laravel MAIL_FROM_NAME": (in_spec("MAIL_FROM_NAME: Example"), ("displayName: Example",)),
    "Symfony verify_peer": (in_smtp("verify_peer: 0"), ("    caFile: certs/ca.pem",)),
    # Django and Flask
    "Django EMAIL_HOST": (in_spec("EMAIL_HOST: smtp.example.com"), ("    host: smtp.example.com",)),
    "Django EMAIL_HOST_USER": (in_spec("EMAIL_HOST_USER: anna"), ("      username: anna",)),
    "Django EMAIL_HOST_PASSWORD": (in_spec("EMAIL_HOST_PASSWORD: hunter2"), (f"      {PASSWORD}",)),
    "Django EMAIL_USE_TLS": (in_spec("EMAIL_USE_TLS: true"), ("    encryption: starttls",)),
    "Django EMAIL_USE_SSL": (in_spec("EMAIL_USE_SSL: true"), ("    encryption: tls",)),
    "Django EMAIL_TIMEOUT": (in_spec("EMAIL_TIMEOUT: 10"), ("  timeoutSeconds: 30",)),
    "Django DEFAULT_FROM_EMAIL": (in_spec("DEFAULT_FROM_EMAIL: sales@example.com"), ("email: sales@example.com",)),
    "Flask MAIL_SERVER": (in_spec("MAIL_SERVER: smtp.example.com"), ("    host: smtp.example.com",)),
    # Rails
    "Rails address": (in_smtp("address: smtp.example.com"), ("host: smtp.example.com",)),
    "Rails user_name": (in_smtp("user_name: anna"), ("      username: anna",)),
    "Rails enable_starttls_auto": (in_smtp("enable_starttls_auto: true"), ("encryption: starttls",)),
    "Rails openssl_verify_mode": (in_smtp("openssl_verify_mode: none"), ("    caFile: certs/ca.pem",)),
    "Rails domain": (in_smtp("domain: example.com"), ("heloName: example.com",)),
    "Rails open_timeout": (in_smtp("open_timeout: 5"), ("  timeoutSeconds: 30",)),
    # Spring and Jakarta Mail
    "Spring spring.mail.host": (in_spec("spring.mail.host: smtp.example.com"), ("    host: smtp.example.com",)),
    "Jakarta starttls.enable": (in_smtp("mail.smtp.starttls.enable: true"), ("encryption: starttls",)),
    "Jakarta ssl.enable": (in_smtp("mail.smtp.ssl.enable: true"), ("encryption: tls",)),
    "Jakarta ssl.trust": (in_smtp("mail.smtp.ssl.trust: '*'"), ("    caFile: certs/ca.pem",)),
    "Jakarta auth": (in_smtp("mail.smtp.auth: true"), (AUTHENTICATION,)),
    # Kubernetes, Docker, Ansible
    "environment of a container": (in_smtp("environment: [A=b]"), (f"      {PASSWORD}",)),
    "envFrom": (in_spec("envFrom: [{secretRef: {name: smtp}}]"), (f"      {PASSWORD}",)),
    "env_file": (in_spec("env_file: .env"), (f"      {PASSWORD}",)),
    "Ansible secure: starttls": (in_smtp("secure: starttls"), ("encryption: starttls",)),
    "Ansible ehlohost": (in_smtp("ehlohost: mail.example.com"), ("heloName: mail.example.com",)),
    # msmtp, Thunderbird, Home Assistant, Alertmanager
    "msmtp tls": (in_smtp("tls: on"), ("encryption: starttls",)),
    "msmtp tls_starttls: off": (in_smtp("tls_starttls: off"), ("encryption: tls",)),
    "msmtp tls_certcheck": (in_smtp("tls_certcheck: off"), ("    caFile: certs/ca.pem",)),
    "msmtp tls_trust_file": (in_smtp("tls_trust_file: /etc/ssl/ca.pem"), ("caFile: certs/ca.pem",)),
    "Thunderbird socketType": (in_smtp("socketType: SSL"), ("encryption: tls",)),
    "Thunderbird socketType: STARTTLS": (in_smtp("socketType: STARTTLS"), ("encryption: starttls",)),
    "Thunderbird hostname": (in_smtp("hostname: smtp.example.com"), ("host: smtp.example.com",)),
    "Home Assistant sender": (in_spec("sender: sales@example.com"), ("email: sales@example.com",)),
    "Home Assistant sender_name": (in_spec("sender_name: Example"), ("displayName: Example",)),
    "Home Assistant recipient": (in_spec("recipient: x@example.com"), ("reconciler send NAME --message FILE.eml --contacts FILE",)),
    "Home Assistant timeout": (in_spec("timeout: 15"), ("  timeoutSeconds: 30",)),
    "Alertmanager smarthost": (in_spec("smtp_smarthost: smtp.example.com:587"), ("    host: smtp.example.com", "    port: 587")),
    "Alertmanager auth_password_file": (in_login("password_file: /run/hunter2"), (PASSWORD,)),
    # Encryption by other words
    "encryption: ssl": (in_smtp("encryption: ssl"), ("encryption: tls",)),
    "encryption: SSL/TLS": (in_smtp("encryption: SSL/TLS"), ("encryption: tls",)),
    "encryption: STARTTLS": (in_smtp("encryption: STARTTLS"), ("encryption: starttls",)),
    "ssl: true": (in_smtp("ssl: true"), ("encryption: tls",)),
    "tls: true": (in_smtp("tls: true"), ("encryption: starttls",)),
    # The rest
    "a proxy as an address": (in_spec("proxy: socks5h://anna:hunter2@proxy.example.com:1080"), ("proxy: {type: socks5, host: proxy.example.com, port: 1080}",)),
    "http_proxy": (in_spec("http_proxy: http://proxy.example.com:3128"), ("proxy: {type: http, host: proxy.example.com, port: 3128}",)),
    "enabled": (in_spec("enabled: false"), ("reconciler suspend NAME --reason TEXT",)),
    "description": (in_spec("description: x"), ("  annotations: {note: text}",)),
    "tags": (in_spec("tags: [a]"), ("  labels: {team: sales}",)),
    "debug": (in_smtp("debug: true"), ("reconciler verify --format json",)),
    "dkim": (in_spec("dkim: {selector: s1}"), ("  example.com: {dkimSelectors: [s1]}",)),
    # The value as it was written
    "a user name that is the address": (in_spec("user: sales@example.com"), ('      username: "{email}"',)),
    "a user name with a placeholder": (in_smtp("login: '{name}'"), ('      username: "{name}"',)),
    "a user name of a domain": (in_smtp("user: EXAMPLE\\anna"), ('      username: "EXAMPLE\\\\anna"',)),
    "a user name that is a number": (in_smtp("user: 12345"), ('      username: "12345"',)),
    "a user name of a shell": (in_smtp("user: ${SMTP_USER}"), ('      username: "{email}"',)),
    "a port as text, elsewhere": (in_spec("port: '587'"), ("    port: 587",)),
    "a port by name, elsewhere": (in_spec("smtp_port: smtps"), ("    port: 465", "    encryption: tls")),
    "visibility": (in_spec("public: true"), ("shared: true",)),
    "private": (in_spec("private: true"), ("shared: false",)),
    "a client's id": (in_login("clientId: 0a1b2c"), ("      oauth2:", '        clientId: "0a1b2c"')),
    # A field in other letters
    "Host": (in_smtp("Host: a.example.com"), ("host: a.example.com",)),
    "display_name": (in_spec("display_name: Anna"), ("displayName: Anna",)),
    "reply-to": (in_spec("reply-to: A <a@example.com>"), ("replyTo: {email: a@example.com, displayName: A}",)),
    "tls_mode": (in_smtp("tls_mode: SSL"), ("encryption: tls",)),
    "type of a login": (in_login("type: CRAM_MD5"), ("mechanism: cram-md5",)),
    "a login by OAuth2 of nodemailer": (in_smtp("auth: {type: OAuth2, user: a, clientId: x, clientSecret: hunter2}"), ("authentication:", "  mechanism: xoauth2", "    clientSecret: {env: SMTP_SALES_SECRET}")),
    # A host with more around it
    "a path": (with_host("smtp.example.com/path"), ("host: smtp.example.com",)),
    "a user before the host": (with_host("anna:hunter2@smtp.example.com"), ("host: smtp.example.com",)),
    "a port by name": (with_host("smtp.example.com:submission"), ("host: smtp.example.com", "port: 587", "encryption: starttls")),
    "typographic quotes around the host": (with_host("„smtp.example.com“"), ("host: smtp.example.com",)),
    "a list of one host": (with_host("[smtp.example.com]"), ("host: smtp.example.com",)),
    "braces without quotes": (with_host("{domain}"), ('host: "{domain}"',)),
    "encryption: auto": (in_smtp("encryption: auto"), ("encryption: starttls",)),
    "encryption: ssl_tls": (in_smtp("encryption: ssl_tls"), ("encryption: tls",)),
    "a list of one encryption": (in_smtp("encryption: [tls]"), ("encryption: tls",)),
    # What stands elsewhere, or nowhere
    "Terraform's prevent_destroy": (in_spec("lifecycle: {prevent_destroy: true}"), ("metadata:", "  preventDelete: true")),
    "renamedFrom": (in_spec("renamedFrom: old"), ("metadata:", "  previousName: old-name")),
    "a second address": (in_spec("aliases: [b@example.com]"), ("reconciler accounts add own",)),
    "a limit": (in_spec("dailyLimit: 100"), ("reconciler send NAME --message FILE.eml --contacts FILE --rate 100/hour",)),
    "status": (in_spec("status: active"), ("reconciler suspend NAME --reason TEXT",)),
    # Proxies
    "a proxy with its port alone": (in_spec("proxy: proxy.example.com:3128"), ("proxy: {type: http, host: proxy.example.com, port: 3128}",)),
    "an address as the proxy's host": (in_spec("proxy: {type: http, port: 1, host: 'socks5h://anna:hunter2@proxy.example.com:1080'}"), ("type: socks5", "host: proxy.example.com", "port: 1080")),
    "the address of a proxy": (in_spec("proxy: {type: http, port: 1, host: p.example.com, url: 'http://proxy.example.com:8080'}"), ("type: http", "host: proxy.example.com", "port: 8080")),
    "a password of a proxy": (in_spec("proxy: {type: socks5, host: p.example.com, port: 1080, username: u, pass: hunter2}"), ("password: {env: SMTP_SALES_PROXY_PASSWORD}",)),
    "a literal password of a proxy": (in_spec("proxy: {type: socks5, host: p.example.com, port: 1080, username: u, password: hunter2}"), ("password: {env: SMTP_SALES_PROXY_PASSWORD}",)),
    # A login as a word
    "authentication: true": (in_smtp("authentication: true"), (AUTHENTICATION,)),
    "authentication: on": (in_smtp("authentication: on"), (AUTHENTICATION,)),
    "authentication: plain": (in_smtp("authentication: plain"), (AUTHENTICATION.replace("{user", "{mechanism: plain, user"),)),
    "authentication: CRAM-MD5": (in_smtp("authentication: CRAM-MD5"), (AUTHENTICATION.replace("{user", "{mechanism: cram-md5, user"),)),
    "a symbol of Rails": (in_smtp("authentication: ':login'"), (AUTHENTICATION.replace("{user", "{mechanism: login, user"),)),
    "several mechanisms": (in_smtp("authentication: [plain, login]"), (AUTHENTICATION,)),
    "auth: plain": (in_smtp("auth: plain"), (AUTHENTICATION.replace("{user", "{mechanism: plain, user"),)),
    # Texts where other forms belong
    "a list of one address": (with_email("[a@example.com]"), ("email: a@example.com",)),
    "an address and a name in braces": (with_email("{address: a@example.com, name: 'Sales, Team'}"), ("email: a@example.com", 'displayName: "Sales, Team"')),
    "typographic quotes": (with_email("„sales@example.com“"), ("email: sales@example.com",)),
    "a wide @": (with_email("sales＠example.com"), ("email: sales@example.com",)),  # noqa: RUF001
    "an address for people": (with_email("sales (at) example (dot) com"), ("email: sales@example.com",)),
    "an address in words": (with_email("sales at example.com"), ("email: sales@example.com",)),
    "two @": (with_email("sales@@example.com"), ("email: sales@example.com",)),
    "a list of one user name": (in_smtp("authentication: {username: [anna], password: {env: SMTP_A}}"), ("username: anna",)),
    "a list of one port": (in_smtp("port: [587]"), ("port: 587",)),
    "a port as text": (in_smtp("port: '587'"), ("port: 587",)),
    "a port with its encryption": (in_smtp("port: 465 (SSL)"), ("port: 465", "encryption: tls")),
    "yes": (in_spec("shared: yes"), ("shared: true",)),
    "no": (in_spec("shared: 'no'"), ("shared: false",)),
    "smtp as a host": (HEAD + SPEC + "  smtp: smtp.example.com\n", ("smtp:", "  host: smtp.example.com")),
    "smtp as an address": (HEAD + SPEC + "  smtp: smtps://anna:hunter2@smtp.example.com:465\n", ("  host: smtp.example.com", "  port: 465", "  encryption: tls")),
    "smtp as a server's name": (HEAD + SPEC + "  smtp: office\n", ("smtp:", "  server: office")),
    "metadata as a name": (HEAD.replace("{name: sales}", "sales") + SPEC + SMTP, ("metadata:", "  name: sales")),
    # Secrets, spelt as references of other kinds
    "a reference as one text": (in_login("password: env:SMTP_PASS"), ("password: {env: SMTP_PASS}",)),
    "a reference of Java": (in_login("password: ENV['SMTP_PASS']"), ("password: {env: SMTP_PASS}",)),
    "a file as one text": (in_login("password: file:secrets/smtp"), ("password: {file: secrets/smtp}",)),
    "a sign before a variable": (in_login("password: {env: $SMTP_PASS}"), ("password: {env: SMTP_PASS}",)),
    "braces around a variable": (in_login("password: {env: '${SMTP_PASS}'}"), ("password: {env: SMTP_PASS}",)),
    "a source in capitals": (in_login("password: {ENV: SMTP_PASS}"), ("password: {env: SMTP_PASS}",)),
    "conflict markers": (HEAD + "<<<<<<< HEAD\n" + SPEC + "=======\nspec: {}\n>>>>>>> other\n", ("git diff --name-only --diff-filter=U",)),
}  # fmt: skip


_SAYS = {
    "authentication: none": (in_smtp("authentication: none"), "A server that wants no login has no authentication; remove the line."),
    "authentication: false": (in_smtp("authentication: false"), "A server that wants no login has no authentication; remove the line."),
    "auth: off": (in_smtp("auth: off"), "A server that wants no login has no authentication. Remove the line."),
    "proxy: none": (in_spec("proxy: none"), "Without a proxy nothing is written; remove the line."),
    "encryption: true": (in_smtp("encryption: true"), "Servers want starttls on port 587, and tls, from the first octet on, on port 465."),
    "an underscore in EHLO": (in_smtp("heloName: mail_server"), "use the full name that the DNS has for this machine."),
    "IMAP": (in_spec("imap: {host: imap.example.com}"), "An account here sends and does not receive"),
    "kind below spec": (in_spec("kind: OwnAccount"), "kind belongs at the top of the document."),
    "Kind": (HEAD.replace("kind:", "Kind:") + SPEC + SMTP, "Kind is written kind; it is one of"),
    "APIVersion": (HEAD.replace("apiVersion:", "APIVersion:") + SPEC + SMTP, "APIVersion is written apiVersion; this version reads"),
    "no reply-to in a list": (in_spec("replyTo: []"), "needs an entry; remove the line where there is none"),
    "a list of fields": (HEAD + SPEC + "  smtp: [{host: smtp.example.com}]\n", "Remove the hyphens before its fields."),
    "fields that are not indented": (HEAD + "spec:\n", "Its fields stand on the lines below it, indented further than spec itself."),
    "several addresses": (with_email("a@example.com, b@example.com"), "these look like several addresses, and one stands here"),
    "a space in an address": (with_email("sales@exa mple.com"), "there is a space in it"),
    "a character before the @": (with_email("sales(x)@example.com"), "before the @, ( cannot stand"),
    "a dot at the end": (with_email("sales.@example.com"), "before the @, no dot stands at the beginning or at the end"),
    "a sign in a domain": (with_email("sales@☃.example.com"), "after the @, ☃ (U+2603) cannot stand in a name"),
}  # fmt: skip
"""What is told where there is no line to write."""


def _problem(text: str, folder: Path) -> Diagnostic:
    """Return what is said of the mistake; a field that is missing beside it is another matter."""
    problems = [each for each in read_text(folder, text).problems if each.code != "missingField"]
    assert len(problems) == 1, problems
    return problems[0]


@pytest.mark.parametrize("name", HABITS)
def test_a_habit_gets_an_answer(name: str, tmp_path: Path) -> None:
    """The answer has the lines to write here, each on a line of its own, and repeats no secret."""
    text, lines = HABITS[name]
    detail = _problem(text, tmp_path).detail
    told = {line.removeprefix("    ") for line in detail.splitlines()[1:]}
    assert [line for line in lines if line not in told] == []
    assert lines or "Write" in detail
    assert "hunter2" not in detail


@pytest.mark.parametrize("name", _SAYS)
def test_a_habit_without_a_line_to_write_is_told(name: str, tmp_path: Path) -> None:
    """Where the person must decide, the sentence says what is wrong in our words."""
    text, says = _SAYS[name]
    assert says in _problem(text, tmp_path).detail


@pytest.mark.parametrize("name", [name for name in HABITS if "umlaut" not in name])
def test_an_answer_stands_alone(name: str, tmp_path: Path) -> None:
    """An answer is given once, and no library's sentence stands before it."""
    detail = _problem(HABITS[name][0], tmp_path).detail
    assert detail.count("Write\n") <= 1
    assert not any(word in detail for word in ("bracket at the start", "part after the @-sign", "Codepoint", "Input"))


def test_the_variable_follows_the_name_that_is_suggested(tmp_path: Path) -> None:
    """A name that is refused is no part of a variable's: the nearest name is, which is suggested beside it."""
    text = with_name("Vertrieb-Süd") + "    pass: hunter2\n    authentication: {username: u, password: hunter2}\n"
    details = [problem.detail for problem in read_text(tmp_path, text).problems]
    assert ["name: vertrieb-sued" in each for each in details] == [True, False, False]
    assert ["{env: SMTP_VERTRIEB_SUED_PASSWORD}" in each for each in details] == [False, True, True]


def test_lines_that_name_a_field_are_read(tmp_path: Path) -> None:
    """What an answer offers for a mistake is itself no mistake: each example is taken where it is said to belong."""
    for name, target in TARGETS.items():
        if target.path[0] == "replyTo" or "oauth2" in target.path:
            continue
        lines = [f"{'  ' * depth}{step}:" for depth, step in enumerate(("spec", *target.path[:-1]))]
        lines.append(f"{'  ' * len(lines)}{name}: {target.example.replace('{name}', 'SALES')}")
        folder = tmp_path / name
        folder.mkdir()
        problems = read_text(folder, HEAD + "\n".join(lines) + "\n").problems
        assert [each.detail for each in problems if each.code != "missingField"] == []


def test_every_alias_has_one_answer() -> None:
    """No alias has two, so that it does not hang on the order of the table which one is given."""
    assert set() == ALIASES.keys() & SAID.keys()
    assert set(ALIASES.values()) == TARGETS.keys()
