"""What is filled into user names, hosts and secret keys, from an account's own name and address, and what is refused."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.manifests.documents import read_document
from reconciler.model.text.placeholders import PLACEHOLDERS, TEMPLATE_PATTERN, filled, has_placeholder
from reconciler.yamlsource import read_documents
from tests.rules.states import desired_of, resolution_of

EMAIL = "Jan.Kowalski@żółw.pl"
DOMAIN = "xn--w-uga1v8h.pl"
HEAD = "apiVersion: reconciler/v1\n"


def own(smtp: str, *, email: str = EMAIL, proxy: str = "", name: str = "sales-pl") -> str:
    """Return an own account; smtp stands in line 6 and the proxy in line 7."""
    return (
        f"{HEAD}kind: OwnAccount\nmetadata: {{name: {name}}}\nspec:\n  email: {email!r}\n  smtp: {{{smtp}}}\n"
        f"  proxy: {{type: http, host: p.example, port: 1{proxy}}}\n  displayName: A\n  shared: true\n"
    )


def refused(text: str) -> list[str]:
    """Return code and place of everything that keeps a text of manifests from being accounts, with the words."""
    problems = [
        problem for each in read_documents(text.encode(), file="a.yaml").documents for problem in read_document(each)[1]
    ]
    problems = problems or [*resolution_of(text).problems]
    return [f"{each.code} {each.location}: {each.detail}" for each in problems]


def spec(text: str) -> Any:
    """Return what the only account of a text resolves to."""
    (account,) = desired_of(text)
    return account.spec


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("{name}", "sales-pl"),
        ("{email}", f"Jan.Kowalski@{DOMAIN}"),
        ("{localpart}", "Jan.Kowalski"),
        ("{domain}", DOMAIN),
        ("{domain}\\\\{localpart}", f"{DOMAIN}\\Jan.Kowalski"),
        ("x{name}{name}", "xsales-plsales-pl"),
        ("{{mail}}", "{mail}"),
        ("{{name}}-{name}", "{name}-sales-pl"),
        ("a{b", "a{b"),
        ("a}b{", "a}b{"),
    ],
)
def test_user_names_are_filled_in(written: str, meant: str) -> None:
    """At the mail server and at the proxy; doubled braces stand for single ones."""
    login = f'host: h.example, authentication: {{username: "{written}", password: {{env: SMTP_A}}}}'
    found = spec(own(login, proxy=f', username: "{written}", password: {{env: SMTP_P}}'))
    assert (meant, meant) == (found["smtp"]["authentication"]["username"], found["proxy"]["username"])


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("{domain}", DOMAIN),
        ("smtp.{domain}", f"smtp.{DOMAIN}"),
        ("{name}.relay.example", "sales-pl.relay.example"),
        ("{localpart}.relay.example", "jan.kowalski.relay.example"),
    ],
)
def test_hosts_are_filled_in(written: str, meant: str) -> None:
    """Hosts are compared once they are filled in: in lower case, as A-labels."""
    text = own(f'host: "{written}"').replace("host: p.example", f'host: "{written}"')
    assert (meant, meant) == (spec(text)["smtp"]["host"], spec(text)["proxy"]["host"])


@pytest.mark.parametrize(
    ("reference", "meant"),
    [
        ('{vault: "mail/{localpart}"}', "vault:mail/jan"),
        ('{vault: "{domain}/{name}"}', "vault:example.com/sales"),
        ('{file: "secrets/{domain}/{localpart}"}', "file:secrets/example.com/jan"),
        ('{file: "secrets/{{x}}"}', "file:secrets/{x}"),
        ('{env: "SMTP_{localpart}"}', "env:SMTP_jan"),
    ],
)
def test_secret_keys_are_filled_in(reference: str, meant: str) -> None:
    """Those of the login, of OAuth2 and of the proxy."""
    found = spec(
        own(
            f"host: h.example, authentication: {{username: u, password: {reference}}}",
            email="jan@example.com",
            name="sales",
            proxy=f", username: m, password: {reference}",
        )
    )
    assert (meant, meant) == (found["smtp"]["authentication"]["password"], found["proxy"]["password"])
    oauth2 = f"oauth2: {{tokenUrl: 'https://l.example/t', clientId: c, clientSecret: {reference}, refreshToken: {reference}}}"
    token = spec(
        own(f"host: h.example, authentication: {{username: u, {oauth2}}}", email="jan@example.com", name="sales")
    )
    exchanged = token["smtp"]["authentication"]["oauth2"]
    assert (meant, meant) == (exchanged["clientSecret"], exchanged["refreshToken"])


def test_a_mail_server_says_it_once_for_all() -> None:
    """What a MailServer writes is filled in for each account that names it."""
    server = (
        f'{HEAD}kind: MailServer\nmetadata: {{name: relay}}\nspec:\n  host: "mx.{{domain}}"\n'
        '  authentication: {username: "{localpart}", password: {vault: "{domain}/{localpart}"}}\n'
    )
    text = (
        own("server: relay", email="jan@example.com", name="a")
        + "---\n"
        + own("server: relay", email="ewa@example.net", name="b")
        + "---\n"
        + server
    )
    found = [each.spec["smtp"] for each in desired_of(text)]
    assert ["mx.example.com", "mx.example.net"] == [each["host"] for each in found]
    assert [("jan", "vault:example.com/jan"), ("ewa", "vault:example.net/ewa")] == [
        (each["authentication"]["username"], each["authentication"]["password"]) for each in found
    ]


UNKNOWN = ["mail", "Email", "EMAIL", "user", "local_part", "host", "key", "0", "", " name ", "name!r", "e-mail"]


@pytest.mark.parametrize("word", UNKNOWN)
@pytest.mark.parametrize(
    ("field", "place"),
    [
        ('authentication: {{username: "{{{word}}}", password: {{env: SMTP_A}}}}', "a.yaml:6:"),
        ('authentication: {{username: "x{{{word}}}y{{name}}", password: {{env: SMTP_A}}}}', "a.yaml:6:"),
        ('authentication: {{username: u, password: {{vault: "a/{{{word}}}"}}}}', "a.yaml:6:"),
        ('authentication: {{username: u, password: {{env: "A_{{{word}}}"}}}}', "a.yaml:6:"),
        ('authentication: {{username: u, password: {{file: "a/{{{word}}}"}}}}', "a.yaml:6:"),
        ('authentication: {{username: u, accessToken: {{file: "a/{{{word}}}"}}}}', "a.yaml:6:"),
    ],
)
def test_unknown_words_are_errors(word: str, field: str, place: str) -> None:
    """Wherever something is filled in; with the place, and all that there are."""
    (problem,) = refused(own(f"host: h.example, {field.format(word=word)}"))
    assert problem.startswith(f"unknownPlaceholder {place}")
    assert "{name}, {email}, {localpart} and {domain}" in problem


@pytest.mark.parametrize("word", UNKNOWN)
def test_unknown_words_are_errors_everywhere_else(word: str) -> None:
    """In hosts, at the proxy, and in a MailServer, named or not."""
    braces = f'"{{{word}}}.example"'
    for text in (
        own(f"host: {braces}"),
        own("host: h.example").replace("host: p.example", f"host: {braces}"),
        own("host: h.example", proxy=f", username: {braces}, password: {{env: SMTP_P}}"),
        own("host: h.example", proxy=f', username: u, password: {{file: "{{{word}}}"}}'),
        f"{HEAD}kind: MailServer\nmetadata: {{name: relay}}\nspec: {{host: {braces}}}\n",
        f"{HEAD}kind: MailServer\nmetadata: {{name: relay}}\nspec: {{authentication: {{username: {braces}}}}}\n",
    ):
        (problem,) = refused(text)
        assert problem.startswith("unknownPlaceholder a.yaml:")


@pytest.mark.parametrize(
    "word", ["mail", "email", "name", "Domain", "local_part", " name ", "user", "tenant", "name!r"]
)
@pytest.mark.parametrize("field", ["clientId", "scope", "tokenUrl"])
def test_words_are_errors_where_nothing_is_filled_in(word: str, field: str) -> None:
    """What goes to an identity provider is sent as it is written: a placeholder would be sent, too."""
    parts = {"tokenUrl": "https://l.example/t", "clientId": "c", "scope": "mail"}
    parts[field] = f"{parts[field]}/{{{word}}}"
    oauth2 = ", ".join(f'{key}: "{text}"' for key, text in parts.items())
    login = f"authentication: {{username: u, oauth2: {{{oauth2}, clientSecret: {{env: SMTP_A}}}}}}"
    (problem,) = refused(own(f"host: h.example, {login}"))
    assert problem.startswith("invalidValue" if field == "tokenUrl" else "unknownPlaceholder")
    assert "braces" in problem if field == "tokenUrl" else f"{{{word}}}" in problem


@pytest.mark.parametrize("text", ["{8d2f417c-a11b-4c3d}", "a{}b", "{", "a}b{c", "{1}"])
def test_other_braces_are_sent_as_they_stand(text: str) -> None:
    """A client's id may be written in braces."""
    oauth2 = f'tokenUrl: "https://l.example/t", clientId: "{text}", clientSecret: {{env: SMTP_A}}'
    found = spec(own(f"host: h.example, authentication: {{username: u, oauth2: {{{oauth2}}}}}"))
    assert text == found["smtp"]["authentication"]["oauth2"]["clientId"]


@pytest.mark.parametrize(
    ("word", "meant"),
    [("mail", "email"), ("Email", "email"), ("local_part", "localpart"), ("domian", "domain"), ("nmae", "name")],
)
def test_the_nearest_word_is_suggested(word: str, meant: str) -> None:
    """For a misspelt one; of a secret's key nothing is repeated."""
    (problem,) = refused(own(f'host: h.example, authentication: {{username: "{{{word}}}", password: {{env: A}}}}'))
    assert f"holds {{{word}}}" in problem
    assert problem.endswith(f"Did you mean {{{meant}}}?")
    (secret,) = refused(own(f'host: h.example, authentication: {{username: u, password: {{env: "{{{word}}}"}}}}'))
    assert f"Did you mean {{{meant}}}?" in secret
    assert f"{{{word}}}" not in secret


def test_an_address_of_tokens_has_no_words_in_braces() -> None:
    """What a provider's documentation writes as ``{tenant}`` is to be written out: nothing is filled in there."""
    oauth2 = "oauth2: {tokenUrl: 'https://login.example.com/{tenant}/token', clientId: c, clientSecret: {env: A}}"
    (problem,) = refused(own(f"host: h.example, authentication: {{username: u, {oauth2}}}"))
    assert problem.startswith("invalidValue a.yaml:6:")
    assert problem.endswith("without user name, spaces or braces.")


def test_how_braces_are_written_is_told_where_no_word_is_near() -> None:
    """Somebody may mean them."""
    (problem,) = refused(own('host: h.example, authentication: {username: "{zzz}", password: {env: A}}'))
    assert problem.endswith("braces that are meant are doubled: {{zzz}}.")


@pytest.mark.parametrize(
    ("email", "reference"),
    [
        ("a/b@example.com", '{file: "secrets/{localpart}"}'),
        ("/etc@example.com", '{file: "secrets/{email}"}'),
        ("a/b@example.com", '{vault: "mail/{localpart}"}'),
        ("o'neil@example.com", '{vault: "mail/{localpart}"}'),
        ("jan.kowalski@example.com", '{env: "SMTP_{localpart}"}'),
        ("a*@example.com", '{vault: "{localpart}"}'),
        ("+a@example.com", '{vault: "{localpart}"}'),
        ("{name}@example.com", '{vault: "{localpart}"}'),
        ("{name}@example.com", '{env: "{localpart}"}'),
        ("jan@example.com", '{env: "{domain}"}'),
    ],
)
def test_an_address_that_a_key_does_not_take(email: str, reference: str) -> None:
    """An address may hold what a key may not, and what leads elsewhere: an error at the reference."""
    text = own(f"host: h.example, authentication: {{username: u, password: {reference}}}", email=email)
    (problem,) = refused(text)
    assert problem.startswith("invalidValue accounts.d/accounts.yaml:6:")
    assert "With name and e-mail filled in, the reference reads " in problem


@pytest.mark.parametrize(
    ("email", "host"),
    [
        ("o'neil@example.com", "{localpart}.example"),
        ("a+b@example.com", "{localpart}.example"),
        ("ż@example.com", "{localpart}_.example"),
    ],
)
def test_an_address_that_is_no_part_of_a_host(email: str, host: str) -> None:
    """Told with the host that it would be, at its place."""
    problems = refused(own(f'host: "{host}"', email=email))
    assert ["invalidHost"] == [each.partition(" ")[0] for each in problems]
    assert ":6:" in problems[0]


def test_an_address_is_no_host() -> None:
    """{email} holds an @, so it stands in no host."""
    (problem,) = refused(own('host: "{email}"'))
    assert problem.startswith("invalidHost a.yaml:6:")


def test_what_was_filled_in_is_not_filled_in_again() -> None:
    """An address may look like a placeholder."""
    login = 'host: h.example, authentication: {username: "{email}", password: {env: SMTP_A}}'
    assert "{name}@example.com" == spec(own(login, email="{name}@example.com"))["smtp"]["authentication"]["username"]


@given(text=st.text(alphabet="{}anme\\", max_size=14))
@settings(max_examples=400, deadline=None)
def test_the_schema_and_the_models_agree(text: str) -> None:
    """The published pattern takes what the models take."""
    is_taken = all(
        found[1] is not None or found[2] in PLACEHOLDERS
        for found in re.finditer(r"\{(\{[^{}]*\})\}|\{([^{}]*)\}", text)
    )
    assert (is_taken and text != "") == bool(re.search(TEMPLATE_PATTERN, text))


@given(text=st.text(alphabet="abc }", max_size=14))
@settings(max_examples=50, deadline=None)
def test_text_without_words_in_braces_is_itself(text: str) -> None:
    """Nothing is filled into it."""
    assert (text, False) == (filled(text, {}), has_placeholder(text))
