"""Every form reads back what it has written: the secret as it was, and the settings whatever the secret is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reconciler.consumers.folder import stamped, steps_between
from reconciler.consumers.form import Entry
from reconciler.consumers.forms import FILES
from reconciler.consumers.msmtp import Msmtp
from reconciler.consumers.postfix import Postfix
from reconciler.consumers.references import resolve
from reconciler.model.consumers.sender import ReplyAddress, Sender
from reconciler.model.consumers.settings import Consumer, SecretStore
from reconciler.model.secrets.sources import SecretSource
from reconciler.model.secrets.values import FingerprintKey, SecretValue
from tests.rules.consumers.test_limits import limits, sender

FORMS: dict[str, Any] = {**dict(FILES.items()), "postfix": Postfix(), "msmtp": Msmtp()}
KEY = FingerprintKey(b"k" * 32)
AWKWARD = ["pw-alpha 1", 'pw:beta#"2\\', "it's", "a\\\\b", '"quoted"', "{{ x }}", "żółw", "#x", "${HOME}"]


def consumer(form: str, **other: Any) -> Consumer:
    """Return a consumer of a form."""
    kind = {"type": form} if form in {"postfix", "msmtp"} else {"type": "files", "format": form}
    usual: dict[str, Any] = {**kind, "path": "/srv/box", "accounts": ("*",)}
    return Consumer(**{**usual, **other})


def written(form: str, password: str, **other: Any) -> dict[str, str]:
    """Return the texts of one account."""
    entry = Entry(sender=sender(**other), secret=SecretValue(password))
    return dict(FORMS[form].write([entry], consumer(form), "box"))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("password", AWKWARD)
def test_a_form_reads_back_what_it_wrote(form: str, password: str) -> None:
    """The secret is as it was, and the shape does not depend on it."""
    had = FORMS[form].read(written(form, password))["sales"]
    assert password == had.secret.reveal()
    plain = FORMS[form].read(written(form, "plain"))["sales"]
    assert plain.shape == had.shape
    assert password not in had.shape or password in plain.shape
    assert plain.shape != FORMS[form].read(written(form, "plain", host="other.example.com"))["sales"].shape


TEXTS = [name for name, each in Sender.model_fields.items() if each.annotation in (str, str | None)]
"""The fields of an account that hold a text."""


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("field", [*TEXTS, "reply_to.email", "reply_to.display_name"])
def test_whatever_text_a_form_writes_is_asked_for_the_signs_that_it_forbids(form: str, field: str) -> None:
    """In a reply-to address, too: 'x'`id`'@example.com' is one, and a shell that reads the file would run what is in it."""
    carries = FORMS[form].capabilities
    for sign in (*carries.forbidden, *carries.forbidden_endings):
        marked = f"Zq{sign}"
        name, _, half = field.partition(".")
        other: dict[str, Any] = {name: (ReplyAddress(**{half: marked}),) if half else marked}
        if marked not in "".join(written(form, "plain", **other).values()) or field in {"name", "ca"}:
            continue  # a form does not write all of them; names and PEM have no such sign
        assert {"value"} <= limits(form, sender(**other)), (field, sign)


@pytest.mark.parametrize("form", FORMS)
def test_what_is_not_of_the_form_is_a_value_error_or_nothing(form: str) -> None:
    """A file that somebody has spoilt never ends in a traceback."""
    for text in (
        "",
        "nothing",
        "{",
        "[]",
        '{"accounts": 1, "transports": [], "items": {}}',
        "# account: a\n# account: a\n",
    ):
        try:
            found = FORMS[form].read(dict.fromkeys(FORMS[form].layout.files, text))
        except ValueError:
            continue
        assert {} == dict(found) or set(found) <= {"a"}


@pytest.mark.parametrize("form", FORMS)
def test_a_stamp_is_the_first_line_and_leaves_the_form_readable(form: str) -> None:
    """JSON stays JSON, and what is read is what was written."""
    for text in written(form, "pw-alpha 1").values():
        whole = stamped(text, FORMS[form].layout, KEY, "box")
        assert "made by reconciler for the consumer box" in whole.split("\n", 1)[0]
        assert SecretValue(text).fingerprint(KEY) in whole
        if form in {"json", "nodemailer"}:
            assert json.loads(text) == {key: value for key, value in json.loads(whole).items() if key != "madeBy"}


def test_a_held_account_of_postfix_is_queued_and_has_no_password() -> None:
    """What it sends waits; its password is not there."""
    entry = Entry(sender=sender(held=True))
    texts = Postfix().write([entry], consumer("postfix"), "box")
    assert "sales@example.com held:" in texts["transport"]
    assert ("", "") == (texts["sasl_passwd"], texts["tls_policy"])


def test_passwords_go_before_routes_and_routes_before_passwords() -> None:
    """In an exchange of one account for another the new password comes first, and the old one goes last."""
    form = Postfix()
    old = form.write([Entry(sender=sender("old"), secret=SecretValue("o"))], consumer("postfix"), "box")
    new = form.write([Entry(sender=sender("new"), secret=SecretValue("n"))], consumer("postfix"), "box")
    from reconciler.consumers.folder import FileFound

    found = {name: FileFound(text=text, is_intact=True, whole=text) for name, text in old.items()}
    steps = steps_between(found, new, form.interim(old, new), form.layout)
    assert ["sasl_passwd", "transport", "sasl_passwd"] == [step.name for step in steps]
    assert steps[0].whole is not None
    assert "old@example.com" in steps[0].whole
    assert "new@example.com" in steps[0].whole


def test_references_are_written_in_the_words_of_each_form() -> None:
    """A command for msmtp, a path for dotenv, a variable for Django, an ExternalSecret for Kubernetes."""
    sources = {"vault": SecretSource(command=("vault", "get", "{key}"))}
    found = {
        secret: resolve(secret, root=Path("/srv/mail"), sources=sources)
        for secret in ("env:SMTP_A", "file:secrets/a b", "vault:mail/a")
    }
    assert ["printenv SMTP_A", "cat '/srv/mail/secrets/a b'", "vault get mail/a"] == [
        each.shell for each in found.values()
    ]

    def text(form: str, secret: str, **other: Any) -> str:
        entry = Entry(sender=sender(secret=secret), reference=found[secret])
        return str(FORMS[form].write([entry], consumer(form, secrets="reference", **other), "box")[""])

    assert "passwordeval printenv SMTP_A\n" in text("msmtp", "env:SMTP_A")
    assert "SMTP_PASSWORD_FILE='/srv/mail/secrets/a b'\n" in text("dotenv", "file:secrets/a b")
    assert "[\"password\"] = os.environ['SMTP_A']\n" in text("django", "env:SMTP_A")
    assert {"vault": "mail/a"} == json.loads(text("json", "vault:mail/a"))["accounts"]["sales"]["passwordFrom"]
    store = SecretStore(name="vault", kind="ClusterSecretStore")
    (item,) = json.loads(text("kubernetes", "vault:mail/a", secret_store=store))["items"]
    assert ("ExternalSecret", "mail/a") == (item["kind"], item["spec"]["data"][0]["remoteRef"]["key"])


def test_a_secret_of_kubernetes_has_the_shape_that_its_api_takes() -> None:
    """Names, types and string values as the schema of the API has them (v1 Secret, v1 List)."""
    document = json.loads(written("kubernetes", "pw-alpha 1")[""])
    assert ("v1", "List") == (document["apiVersion"], document["kind"])
    (item,) = document["items"]
    assert "v1" == item["apiVersion"]
    assert "Secret" == item["kind"]
    assert "Opaque" == item["type"]
    assert "box-sales" == item["metadata"]["name"]
    assert all(isinstance(value, str) for value in item["stringData"].values())
    assert "pw-alpha 1" == item["stringData"]["SMTP_PASSWORD"]
