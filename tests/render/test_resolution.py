"""The line of JSON that is written field by field says what the schema's model says."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from reconciler.envelope import resolve_contact
from reconciler.model.mail.contacts import Contact
from reconciler.model.mail.resolution import Mailbox, Resolution
from reconciler.render.json.resolution import resolution_json
from reconciler.render.safe import safe_json
from tests.envelope.reading import identity

_MODEL = TypeAdapter(Resolution)
_IDENTITY = identity(
    {
        "replyTo": [{"email": "office@example.com", "displayName": "Office"}, {"email": "second@example.com"}],
        "overrideFrom": {"emailDetail": "keeper", "displayNameDetail": "keeper"},
        "overrideTo": {"emailDetail": "keeper", "onInvalid": "skip"},
    },
    kind="MarketingAccount",
)


def _said(resolution: Resolution) -> object:
    return json.loads(_MODEL.dump_json(resolution, by_alias=True))


@given(
    email=st.one_of(st.sampled_from(["anna@example.com", "żółw@example.com", ""]), st.text(max_size=8)),
    name=st.none() | st.text(max_size=8),
    keeper=st.none() | st.sampled_from(["ola@sub.example.com", "a@b.example"]) | st.text(max_size=8),
)
def test_a_line_says_what_the_model_says(email: str, name: str | None, keeper: str | None) -> None:
    """Whatever a card holds, and whether its contact is sent to or skipped, line and model hold the same document."""
    contact = Contact(email=email, name=name, details={"keeper": keeper}, line=2)
    resolution = resolve_contact(_IDENTITY, contact)
    assert _said(resolution) == json.loads(resolution_json(resolution))


@given(text=st.text(alphabet='#x[\u200d\u202e\x07"\\\n\u2028ż', max_size=8))
def test_a_line_is_safe_to_look_at(text: str) -> None:
    """It is put together of parts made safe one by one, which is the same as the line made safe."""
    contact = Contact(email=f"{text}anna@example.com{text}", name=text, details={"keeper": text}, line=2)
    for card in (contact, replace(contact, email="anna@example.com")):
        line = resolution_json(resolve_contact(_IDENTITY, card))
        assert line == safe_json(line)


def test_a_line_has_every_field() -> None:
    """A contact without a line, with a Sender and with further replies."""
    told = resolve_contact(_IDENTITY, Contact(email="anna@example.com", details={"keeper": "a@b.example"}))
    full = replace(told, further_replies=(Mailbox(email="x@example.com"),))
    assert full.sender is not None
    assert _said(full) == json.loads(resolution_json(full))
    assert list(_said(full)) == list(json.loads(resolution_json(full)))  # type: ignore[call-overload]
