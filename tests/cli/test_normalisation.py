"""Manifests that a Mac saved: the same text in another normalisation form is no change, anywhere."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Literal

import pytest

from tests.cli.project import Project, marketing_account, own_account

if TYPE_CHECKING:
    from tests.support.mailserver import MailServer

Form = Literal["NFC", "NFD"]
_METADATA = 'title: Sprzedaż Łódź, owner: zoë@example.com, labels: {city: Łódź, team: 영업}, annotations: {note: "é"}'
_OVERRIDES = "  overrideFrom: {emailDetail: opiekun_é, displayNameDetail: 담당자}\n"


def _write(project: Project, server: MailServer, form: Form, *, title: str = "Sprzedaż Łódź") -> None:
    """Write the two accounts in one of the forms."""
    metadata = _METADATA.replace("Sprzedaż Łódź", title)
    news = (
        marketing_account("news", email="josé@example.com", metadata=metadata).replace("Example", "Łódź") + _OVERRIDES
    )
    sales = own_account("sales", server, metadata=metadata, display_name="Ünal 한국어").replace(
        "shared: true", "shared: false"
    )
    for name, text in (("news", news), ("sales", sales)):
        project.write_account(name, unicodedata.normalize(form, text))


@pytest.mark.parametrize(("was", "now"), [("NFD", "NFC"), ("NFC", "NFD")])
def test_another_form_is_no_change(project: Project, server: MailServer, was: Form, now: Form) -> None:
    """The plan is empty and nothing connects; a change beside it keeps approval, standing and a journal that holds."""
    _write(project, server, was)
    project.run_well("apply", "--auto-approve")
    project.run_well("approve", "news")
    project.forget_evidence()
    _write(project, server, now)
    plan = project.run_well("plan", "--detailed-exitcode", "--format", "json").document
    assert ("empty", []) == (plan["status"], plan["changes"])
    _write(project, server, now, title="Nowy")
    project.run_well("apply", "--auto-approve")
    assert {"news": "active", "sales": "active"} == project.statuses()
    project.run_well("journal", "check")
    _write(project, server, was, title="Nowy")
    assert "empty" == project.run_well("plan", "--detailed-exitcode", "--format", "json").document["status"]


@pytest.mark.parametrize(("was", "now"), [("NFD", "NFC"), ("NFC", "NFD")])
@pytest.mark.parametrize(
    "words", [("--search", "łódź"), ("--selector", "label:city=Łódź"), ("--as", "ZOË@example.com", "--kind", "own")]
)
def test_what_is_sought_is_found(
    project: Project, server: MailServer, was: Form, now: Form, words: tuple[str, ...]
) -> None:
    """Search, selectors and owners find what is recorded in the other form."""
    _write(project, server, was)
    project.run_well("apply", "--auto-approve")
    sought = [unicodedata.normalize(now, word) for word in words]
    listed = project.run_well("accounts", "list", *sought, "--format", "json").document["accounts"]
    assert "sales" in [each["name"] for each in listed]


def test_a_target_is_selected(project: Project, server: MailServer) -> None:
    """A label in the manifest's form or the other selects what a plan is limited to."""
    _write(project, server, "NFD")
    plan = project.run_well("plan", "--target", "label:city=Łódź", "--format", "json").document
    assert ["news", "sales"] == [each["name"] for each in plan["changes"]]
