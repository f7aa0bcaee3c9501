"""Several reply-to addresses, from the manifest to the headers: RFC 5322 section 3.6.2 allows a list of them."""

from __future__ import annotations

import email
import email.policy
import json
from typing import TYPE_CHECKING

import pytest

from reconciler.envelope import identity_of, make_headers, resolve_contact
from reconciler.envelope.readback import UnfaithfulHeader, read_mailboxes, require_faithful
from reconciler.model.accounts.settings import Settings
from reconciler.model.canonical import canonical_json
from reconciler.model.mail.contacts import Contact
from reconciler.model.mail.resolution import Mailbox
from tests.cli.project import marketing_account

if TYPE_CHECKING:
    from tests.cli.project import Project

ONE = "  replyTo: {email: office@example.com, displayName: Example Office}\n"
SEVERAL = (
    "  replyTo:\n    - {email: office@example.com, displayName: 'Office, Berlin'}\n    - {email: help@ŻÓŁW.example}\n"
)
TWO = [{"email": "office@example.com", "displayName": "Office, Berlin"}, {"email": "help@xn--w-uga1v8h.example"}]


def news(reply_to: str) -> str:
    """Return a marketing account with these lines as its reply-to."""
    text = marketing_account("news")
    assert ONE in text
    return text.replace(ONE, reply_to)


@pytest.fixture
def recorded(project: Project) -> Project:
    """Return a project with an approved account whose replies go to two addresses."""
    project.write_account("news", news(SEVERAL))
    project.run_well("apply", "--auto-approve")
    project.run_well("approve", "news")
    return project


def test_several_are_planned_recorded_and_shown(recorded: Project) -> None:
    """State has the list, nothing is left to do after the apply, and one more address is one more line of the plan."""
    shown = recorded.run_well("accounts", "show", "news", "--format", "json").document["accounts"][0]
    assert [TWO[0], {"email": "help@ŻÓŁW.example"}] == shown["spec"]["replyTo"]
    assert [] == recorded.run_well("plan", "--format", "json").document["changes"]
    recorded.write_account("news", news(SEVERAL + "    - {email: third@example.com}\n"))
    (change,) = recorded.run_well("plan", "--format", "json").document["changes"]
    assert [("spec.replyTo.2.email", None, "third@example.com")] == [
        (each["path"], each["before"], each["after"]) for each in change["fields"]
    ]
    assert "replyTo.2.email" in recorded.run_well("plan").out


def test_several_stand_on_the_page(recorded: Project) -> None:
    """The report shows every address."""
    recorded.run_well("report", "--out", "site")
    pages = "".join(path.read_text(encoding="utf-8") for path in (recorded.folder / "site").rglob("*.html"))
    assert "office@example.com" in pages
    assert "help@ŻÓŁW.example" in pages


def test_several_are_resolved(recorded: Project) -> None:
    """Each contact's resolution has the first as before, and the others beside it; text and CSV show all."""
    (recorded.folder / "contacts.csv").write_text("email\nanna@example.org\n", encoding="utf-8")
    document = recorded.run_well("resolve", "news", "--contacts", "contacts.csv", "--format", "json").document
    (contact,) = document["contacts"]
    assert {"email": "office@example.com", "displayName": "Office, Berlin"} == contact["replyTo"]
    assert ["help@xn--w-uga1v8h.example"] == [each["email"] for each in contact["furtherReplies"]]
    for form in ("text", "csv"):
        out = recorded.run_well("resolve", "news", "--contacts", "contacts.csv", "--format", form).out
        assert "office@example.com" in out, form
        assert "help@xn--w-uga1v8h.example" in out, form


def test_a_list_of_one_is_one(project: Project) -> None:
    """A mapping, and a list with one address, mean the same and are recorded the same."""
    project.write_account("news", news(ONE))
    project.run_well("apply", "--auto-approve")
    project.write_account("news", news("  replyTo: [{email: office@example.com, displayName: Example Office}]\n"))
    assert [] == project.run_well("plan", "--format", "json").document["changes"]


def test_the_text_of_one_is_as_it_was() -> None:
    """A single reply-to keeps its canonical text octet by octet, and so old states and plans stay as they are."""
    text = '{"displayName":"N","email":"n@example.com","replyTo":{"displayName":"O","email":"o@example.com"}}'
    assert text == canonical_json(Settings.model_validate(json.loads(text)).to_document())


def test_the_text_of_several_stays() -> None:
    """The same of a list."""
    text = canonical_json({"displayName": "N", "email": "n@example.com", "replyTo": TWO})
    assert text == canonical_json(Settings.model_validate(json.loads(text)).to_document())


def _headers(*replies: dict[str, str]) -> dict[str, str]:
    settings = Settings.model_validate({"email": "n@example.com", "displayName": "News", "replyTo": list(replies)})
    contact = Contact(email="anna@example.org", name=None, details={})
    return dict(make_headers(resolve_contact(identity_of("MarketingAccount", settings), contact)))


@pytest.mark.parametrize(
    "name", [None, "Office, Berlin", "a@b.example, c@d.example", "Żółw, <x@y.example>", '",', "x" * 60, "ż" * 90]
)
def test_the_header_holds_all_and_nothing_else(name: str | None) -> None:
    """Reply-To names each address in its order, whatever their names are made to look like."""
    replies = [{"email": f"{letter}@example.com", **({"displayName": name} if name else {})} for letter in "abc"]
    value = _headers(*replies)["Reply-To"]
    expected = tuple((name, each["email"]) for each in replies)
    assert expected == read_mailboxes("Reply-To", value)
    read = email.message_from_string(f"Reply-To: {value}\r\n\r\n", policy=email.policy.SMTP)
    assert ["a@example.com", "b@example.com", "c@example.com"] == [
        each.addr_spec for each in read["Reply-To"].addresses
    ]
    assert [] == [line for line in f"Reply-To: {value}".split("\r\n") if len(line) > 78]


@pytest.mark.parametrize(
    "value",
    ["<a@example.com>", "<b@example.com>,\r\n <a@example.com>", "<a@example.com>,\r\n <b@example.com>,\r\n <c@example.com>",
     "<a@example.com>,\r\n ", "<a@example.com>,,\r\n <b@example.com>", "<a@example.com>\r\n <b@example.com>"],
)  # fmt: skip
def test_another_list_is_refused(value: str) -> None:
    """A header that lacks an address, has one more, or another order is not faithful."""
    meant = {"Reply-To": (Mailbox(email="a@example.com"), Mailbox(email="b@example.com"))}
    with pytest.raises(UnfaithfulHeader):
        require_faithful([("Reply-To", value)], meant)


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ("  replyTo: []\n", "invalidValue"),
        ("  replyTo: [{displayName: Office}]\n", "missingField"),
        ("  replyTo: [{email: a@example.com}, {email: nobody}]\n", "invalidEmail"),
        ("  replyTo: [{email: a@example.com, phone: 1}]\n", "unknownField"),
    ],
)
def test_a_list_that_is_none_is_refused(project: Project, lines: str, code: str) -> None:
    """An empty list says nothing, and each entry needs an address of its own."""
    project.write_account("news", news(lines))
    assert [code] == project.run("validate", "--format", "json").codes


def test_several_are_added_by_flags(project: Project) -> None:
    """--reply-to may stand several times; a name belongs to one address."""
    words = ("accounts", "add", "marketing", "news", "--email", "n@example.com", "--display-name", "News")
    replies = ("--reply-to", "a@example.com", "--reply-to", "b@example.com")
    refused = project.run(*words, *replies, "--reply-to-name", "Office")
    assert 1 == refused.code
    assert "--reply-to-name goes with one" in refused.err
    project.run_well(*words, *replies)
    text = (project.folder / "accounts.d" / "news.yaml").read_text(encoding="utf-8")
    assert "  replyTo:\n" in text
    assert "email: a@example.com" in text
    assert "email: b@example.com" in text
    assert project.run_well("validate", "--format", "json").document["valid"]
