"""The site: whole, well-formed, in two languages, and made of nobody's words but ours outside its text."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reconciler.render.html as render_html
from reconciler.model.accounts.recorded import RecordedVerification
from reconciler.model.journal.events import EventAccount, JournalEvent
from reconciler.render.html.site import INDEX, site_files
from reconciler.render.html.site.paths import account_path
from reconciler.render.html.site.templates import POLICY
from reconciler.render.html.site.words import CATALOGS, number_text, plural_form, text
from reconciler.render.safe import UNSAFE
from reconciler.rules.journal.erasure import ERASED
from tests.render import values
from tests.render.hostile import MARKUP
from tests.render.reports import hostile_report, report, revision
from tests.render.test_hostile import ATTACK
from tests.render.test_html import Page, luminance

if TYPE_CHECKING:
    from reconciler.model.journal.report import Report
    from reconciler.render.html.site import Language

LANGUAGES: tuple[Language, ...] = ("en", "pl", "auto")
_PLACES = re.compile(r"\{([a-z]+)\}")
_USED = re.compile(r"""(?:word|say|said|of|label|text)[(\[]\s*"([^"]+)"(?!\s*~)|"([^"]+)"\s*\|\s*(?:word|say|of)\b""")
_BEGUN = re.compile(r"""(?:(?:word|say|said|of|label)[(\[]|\{\{ \()\s*"([^"]+\.)"\s*~""")


def files_of(made: Report, language: Language = "auto") -> dict[str, str]:
    """Return the files of a site by path; none stands there twice."""
    listed = list(site_files(made, language=language))
    assert len(listed) == len({each.path for each in listed}) == len({each.ground for each in listed})
    return {each.path: each.make() for each in listed}


def pages_of(made: Report, language: Language = "en") -> dict[str, Page]:
    """Return the pages of a site as a browser reads them."""
    return {path: Page(text) for path, text in files_of(made, language).items() if path.endswith(".html")}


def links_of(page: Page) -> list[str]:
    """Return every address that a page leads to or loads."""
    return [
        address
        for _, attributes in page.elements
        for name in ("href", "src")
        if (address := attributes.get(name)) is not None
    ]


def words_of(page: Page) -> str:
    """Return the text of a page, data apart."""
    return " ".join(" ".join(data for around, data in page.texts if around not in {"script", "style"}).split())


def test_a_revision_beside_a_date_is_written_small() -> None:
    """In the middle of a line the word takes no capital, in either language."""
    words: dict[Language, str] = {"en": "revision", "pl": "rewizja"}
    for language, word in words.items():
        said = words_of(pages_of(report(), language)["accounts/sales-pl.html"])
        assert f", {word} " in said
        assert f", {word.capitalize()} " not in said


def test_the_site_has_a_page_for_everything() -> None:
    """A list, a page of all rows, the history, and a page for each account and each revision."""
    assert {
        INDEX, "all.html", "history.html", "revisions/1.html", "revisions/2.html", "accounts/sales-pl.html",
        "accounts/newsletter.html", "accounts/contest.html", "compare.html",
        "assets/site.css", "assets/site.js", "assets/compare.js", "assets/list.js", "assets/words.js",
    } == set(files_of(report()))  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_same_report_gives_the_same_site(language: Language) -> None:
    """Nothing depends on when or where it is written."""
    assert files_of(report(), language) == files_of(report(), language)


@pytest.mark.parametrize("made", [report(), report([], revisions=(), journal=()), hostile_report(ATTACK)])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_link_leads_to_a_place_in_the_site(made: Report, language: Language) -> None:
    """Pages, anchors and assets are there, named relative to the page; only pull requests lie outside."""
    pages, files = pages_of(made, language), files_of(made, language)
    for path, page in pages.items():
        for address in links_of(page):
            if address.startswith("https://"):
                assert "https://git.example.com/mail/pull/7" == address
                continue
            target, _, anchor = address.partition("#")
            assert not target.startswith("/")
            place = normpath(join(dirname(path), target)) if target else path
            assert place in files, (path, address)
            if anchor and "=" not in anchor:  # else it is what the list shows, or what is compared
                identities = {attributes.get("id") for _, attributes in pages[place].elements}
                assert anchor in identities, (path, address)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_can_be_followed_without_looking(language: Language) -> None:
    """Language, landmarks, headings in order, names for tables and sections, no identity twice, labels for fields."""
    for path, page in pages_of(report(), language).items():
        tags = [tag for tag, _ in page.elements]
        assert {"lang": "pl" if language == "pl" else "en"} == page.elements[0][1]
        assert [1] * 5 == [tags.count(tag) for tag in ("title", "h1", "main", "header", "footer")], path
        identities = [attributes["id"] or "" for _, attributes in page.elements if "id" in attributes]
        assert sorted(set(identities)) == sorted(identities), path
        levels = [int(tag[1]) for tag in tags if re.fullmatch("h[1-6]", tag)]
        assert [] == [after for before, after in pairwise(levels) if after > before + 1], path
        assert tags.count("table") == tags.count("caption")
        named = [attributes.get("aria-labelledby") for tag, attributes in page.elements if tag == "section"]
        assert [] == [name for name in named if name not in identities]
        navigations = [attributes.get("aria-label") for tag, attributes in page.elements if tag == "nav"]
        assert sorted(set(navigations), key=str) == sorted(navigations, key=str)
        labelled = {attributes["for"] for tag, attributes in page.elements if tag == "label"}
        fields = {attributes["id"] for tag, attributes in page.elements if tag in {"select", "input"}}
        assert labelled == fields


def test_every_page_may_only_load_the_sites_own_files() -> None:
    """The policy stands before anything that loads; no script, style or handler stands in a page."""
    for page in pages_of(report(), "auto").values():
        (policy,) = [attributes["content"] for _, attributes in page.elements if "http-equiv" in attributes]
        assert POLICY == policy
        tags = [(tag, attributes) for tag, attributes in page.elements if tag in {"script", "style", "link", "meta"}]
        assert "http-equiv" in tags[1][1]
        inline = [attributes for tag, attributes in tags if tag == "script" and "src" not in attributes]
        assert [] == [attributes for attributes in inline if attributes.get("type") != "application/json"]
        assert "style" not in {tag for tag, _ in tags}
        names = {name for _, attributes in page.elements for name in attributes}
        assert [] == [name for name in names if name.startswith("on") or name == "style"]
    assets = "".join(text for path, text in files_of(report()).items() if path.startswith("assets/"))
    for word in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "eval(",
        "fetch(",
        "http:",
        "https:",
        "url(",
        "@import",
    ):
        assert word not in assets


@pytest.mark.parametrize(
    "text", [*MARKUP, ATTACK, "</script><script>alert(1)</script>", "<!--<script>", "../../x", "a\u2028b"]
)
def test_foreign_text_stays_text(text: str) -> None:
    """Whatever state holds, pages have the elements and attributes of ours alone, and nothing hidden."""
    harmless = {path: shape_of(page) for path, page in pages_of(hostile_report("plain"), "auto").items()}
    for path, content in files_of(hostile_report(text)).items():
        assert [] == UNSAFE.findall(content.replace("\n", "")), path
        if not path.endswith(".html"):
            continue
        page = Page(content)
        assert [] == page.comments
        assert shape_of(page) <= set().union(*harmless.values())
        outside = [address for address in links_of(page) if re.match(r"[a-z]+:|//", address)]
        assert [] == [address for address in outside if not address.startswith("https://")]


def shape_of(page: Page) -> set[tuple[str, frozenset[str]]]:
    """Return the elements of a page with the names of their attributes; those that a text may bring are left out."""
    optional = {"lang", "data-v"}
    return {(tag, frozenset(attributes) - optional) for tag, attributes in page.elements}


@settings(max_examples=15, deadline=None)
@given(st.text(st.characters(codec=None), min_size=1, max_size=40))
def test_no_text_whatever_breaks_a_page(text: str) -> None:
    """For any text, lone surrogates included, the pages are well-formed, can be encoded, and hold no control."""
    for path, content in files_of(hostile_report(text)).items():
        assert content.encode()
        assert [] == UNSAFE.findall(content.replace("\n", ""))
        if path.endswith(".html"):
            assert "h1" in {tag for tag, _ in Page(content).elements}


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a/b", "..", "a..b", "A", "", "a\x00", "ż", "a" * 64, "-a", "con/../x"]
)
def test_no_name_leads_out_of_the_site(name: str) -> None:
    """A name that no manifest may give is known by its digest, which no name that may be given can be."""
    assert re.fullmatch("accounts/[0-9a-f]{64}\\.html", account_path(name))
    assert "accounts/sales-pl.v2.html" == account_path("sales-pl.v2")
    assert f"accounts/{'a' * 63}.html" == account_path("a" * 63)


def test_the_list_has_all_accounts_as_data_and_the_first_as_rows() -> None:
    """The script gets every row; the page shows the first hundred without it, and the plain page all of them."""
    accounts = [values.recorded(f"desk-{number:03}", verification=values.PASSED) for number in range(250)]
    pages = pages_of(report(accounts, revisions=(), journal=()))
    found = data_of(pages[INDEX])
    assert [account.name for account in accounts] == [row["name"] for row in found]
    assert [f"accounts/{account.name}.html" for account in accounts] == [row["path"] for row in found]
    assert 100 == len([row for row in pages[INDEX].elements if row[0] == "tr"]) - 1
    assert 250 == len([row for row in pages["all.html"].elements if row[0] == "tr"]) - 1
    assert "250 accounts" in words_of(pages[INDEX])


def data_of(page: Page) -> list[dict[str, Any]]:
    """Return the rows that the page hands to its script."""
    found = json.loads("".join(page.text_of("script")))
    return [dict(zip(found["columns"], row, strict=True)) for row in found["rows"]]


def test_a_row_tells_what_the_list_is_searched_and_filtered_by() -> None:
    """Title, owner, labels and both forms of the address; the reason by key where it follows from the status."""
    rows = {row["name"]: row for row in data_of(pages_of(report())[INDEX])}
    sales = rows["sales-pl"]
    assert ("sales@bücher.example", "sales@xn--bcher-kva.example") == (sales["email"], sales["address"])
    assert "anna@example.com" == sales["owner"]
    assert ["team=sales"] == sales["labels"]
    assert "Sprzedaż Polska" == sales["title"]
    assert ("own", "active", "", "") == tuple(sales[each] for each in ("kind", "status", "reason", "reason_key"))
    assert ("2026-09-01", "2026-09-01 12:00") == (sales["created"], sales["verified"])
    assert ("pending", "reason.pending", "") == tuple(
        rows["newsletter"][each] for each in ("status", "reason_key", "verified")
    )
    assert values.REJECTED.status_reason == rows["contest"]["reason"]


def test_a_row_tells_when_it_last_passed_and_the_attempt_that_failed() -> None:
    """The column is the time of the last success, and the last attempt stands beside it where that failed."""
    later = values.NOON + timedelta(days=3)
    failing = RecordedVerification(
        outcome="failed", checked_at=later, depth="auth", reason="The login failed.", passed_at=values.NOON
    )
    never = RecordedVerification(outcome="failed", checked_at=later, depth="auth", reason="The login failed.")
    made = [
        replace(values.ACTIVE, name=name, verification=found, evidence=None)
        for name, found in (("once", failing), ("never", never))
    ]
    page = pages_of(report([values.ACTIVE, *made]))[INDEX]
    rows = {row["name"]: (row["verified"], row["failed"]) for row in data_of(page)}
    assert ("2026-09-01 12:00", "2026-09-04 12:00") == rows["once"]
    assert ("", "2026-09-04 12:00") == rows["never"]
    assert ("2026-09-01 12:00", "") == rows["sales-pl"]
    assert 2 == page.text_of("time").count("2026-09-04 12:00")


def test_a_reason_of_ours_is_marked_as_english() -> None:
    """What verification wrote is read out in its language; what a person wrote may be in any."""
    wrong = RecordedVerification(outcome="failed", checked_at=values.NOON, depth="auth", reason="The login failed.")
    overridden = RecordedVerification(outcome="overridden", reason="Dostawca nie działa.")
    accounts = [
        values.recorded("a", verification=wrong),
        values.recorded("b", verification=overridden),
        values.recorded("c"),
    ]
    pages = pages_of(report(accounts, revisions=(), journal=()), "pl")
    assert ["en"] == languages_of(pages["accounts/a.html"], "The login failed.")
    assert [None] == languages_of(pages["accounts/b.html"], "Dostawca nie działa.")
    assert "nigdy nie zostało zweryfikowane" in words_of(pages["accounts/c.html"])
    assert [True, False, False] == [row["is_reason_ours"] for row in data_of(pages[INDEX])]


def languages_of(page: Page, words: str) -> list[str | None]:
    """Return the languages, as marked on the element around them, that a text of the standing is in."""
    at = next(number for number, (_, data) in enumerate(page.texts) if data == words)
    around = page.texts[at][0]
    return [attributes.get("lang") for tag, attributes in page.elements if tag == around and "lang" in attributes][
        :1
    ] or [None]


def test_an_account_tells_its_settings_and_no_secret() -> None:
    """Secrets stand as references, with where they travel; fingerprints do not stand there at all."""
    account = values.recorded(
        spec=values.ACTIVE.spec, fingerprints={"env:SMTP_SALES": "f" * 64}, fingerprint_key_id="k" * 16
    )
    files = files_of(report([account]))
    told = words_of(Page(files["accounts/sales-pl.html"]))
    assert "smtp.authentication.password env:SMTP_SALES" in told
    assert "env:SMTP_SALES → goes to sales at smtp.xn--bcher-kva.example:587, starttls" in told
    assert [] == [path for path, content in files.items() if "f" * 64 in content or "k" * 16 in content]


def test_an_account_tells_its_evidence_in_words() -> None:
    """Each check has its outcome as a word, its code and what was found."""
    account = values.recorded(
        evidence=values.ACTIVE.evidence.model_copy(update={"verification": values.failed()})
        if values.ACTIVE.evidence
        else None
    )
    told = words_of(pages_of(report([account]))["accounts/sales-pl.html"])
    assert (
        "auth failed (permanent) The server refused the login: 535 5.7.8 Bad credentials. badCredentials 0.10" in told
    )
    assert "sender not made auth failed. earlierFailure" in told
    assert "dns passed dns is as it should be. 0.05" in told


def test_an_account_tells_how_it_is_deleted() -> None:
    """The commands, the file, and the lines that the document is found by; nothing on the page does it."""
    account = values.recorded(manifest="accounts.d/sales/pl.yaml", metadata={"preventDelete": True})
    page = pages_of(report([account]))["accounts/sales-pl.html"]
    told = words_of(page)
    for line in (
        "reconciler accounts delete sales-pl",
        "git commit --message 'Delete sales-pl' -- accounts.d/sales/pl.yaml",
        "reconciler plan --target sales-pl",
        "accounts.d/sales/pl.yaml",
    ):
        assert line in told
    assert "kind: OwnAccount metadata: name: sales-pl" in told
    assert "preventDelete: false first" in told
    assert [] == [tag for tag, _ in page.elements if tag in {"form", "button"}]
    unknown = words_of(pages_of(report())["accounts/sales-pl.html"])
    assert "Which file the account was recorded from is not known." in unknown


def test_a_name_is_quoted_for_the_shell() -> None:
    """A command to copy does what it says, whatever the name."""
    page = pages_of(report([values.recorded("a; rm -rf $HOME")]))
    told = [words_of(each) for path, each in page.items() if path.startswith("accounts/")]
    assert "reconciler accounts delete 'a; rm -rf $HOME'" in told[0]


def test_the_history_of_an_account_follows_its_names() -> None:
    """Revisions and events stand newest first; a revision has the account's changes, with a link to their place."""
    page = pages_of(report())["accounts/sales-pl.html"]
    told = words_of(page)
    history = told[told.index("History Revision 2") : told.index("Delete Nothing here")]
    assert ["Revision 2", "Sent", "Suspended", "Revision 1"] == re.findall(
        "Revision [12]|Sent|Suspended(?= 2026)", history
    )
    assert "smtp.port 587 465" in history
    assert "env:SMTP_SALES (rotated)" in history
    assert "active → becomes suspended" in history
    assert "Verification of sales-pl was overridden: provider is down" in history
    assert "tooManyDeletes" not in history
    assert "../revisions/2.html#change-2" in links_of(page)


def test_a_revision_tells_who_when_whence_and_what() -> None:
    """Facts, ways round, and a diff for each account with links to those that are still recorded."""
    page = pages_of(report())["revisions/2.html"]
    told = words_of(page)
    for part in (
        "When 2026-09-01 14:00", "Who anna@example.com (as CI said)", "Commit 0123456789abcdef",
        "1 created, 1 updated, 1 renamed, 1 deleted, 40 unchanged", "Guard tooManyDeletes was lifted by --allow-deletes 12",
        "The approval of newsletter ended", "4 changes", "created newsletter", "deleted old-shop",
        "renamed support → becomes support-eu", "smtp.encryption starttls tls", "title Sales absent",
    ):  # fmt: skip
        assert part in told, part
    links = links_of(page)
    assert "../accounts/sales-pl.html" in links
    assert "../accounts/old-shop.html" not in links
    (outside,) = [
        attributes for tag, attributes in page.elements if (attributes.get("href") or "").startswith("https:")
    ]
    assert {"noopener", "noreferrer", "external"} == set((outside["rel"] or "").split())


@pytest.mark.parametrize(
    "reference",
    ["javascript:alert(1)", "http://example.com/x", "https://user@example.com", "https://", "https://a b", "//x", "https:\\\\x",
     "https://example.com\\@evil.invalid", "https://exa\u202emple.com", " https://example.com"],
)  # fmt: skip
def test_only_a_plain_https_address_is_a_link(reference: str) -> None:
    """Another reference is shown as text."""
    page = pages_of(report(revisions=(revision(1, reference=reference),)))["revisions/1.html"]
    assert [] == [address for address in links_of(page) if not re.fullmatch(r"(?:\.\./|#)[\w./#&=-]*", address)]


def test_a_large_revision_is_spread_over_pages() -> None:
    """Two hundred changes a page, and an account's timeline leads to the page that has its change."""
    changes = tuple(
        {"action": "create", "kind": "OwnAccount", "name": f"desk-{at:03}", "fields": []} for at in range(450)
    )
    made = report([values.recorded("desk-399")], revisions=(revision(1).model_copy(update={"changes": changes}),))
    pages = pages_of(made)
    assert [200, 200, 50] == [
        [tag for tag, _ in pages[path].elements].count("article")
        for path in ("revisions/1.html", "revisions/1-2.html", "revisions/1-3.html")
    ]
    assert "../revisions/1-2.html#change-400" in links_of(pages["accounts/desk-399.html"])


def test_a_long_history_is_spread_over_pages() -> None:
    """Two hundred entries a page; verifications that changed nothing are left out."""
    named = (EventAccount(name="a", before="active", after="suspended"),)
    journal = [
        JournalEvent(sequence=number, at=values.NOON, event="suspend" if number % 2 else "verify", accounts=named if number % 2 else ())
        for number in range(1, 802)
    ]  # fmt: skip
    pages = pages_of(report(revisions=(), journal=journal))
    assert [200, 200, 1] == [
        len([tag for tag, _ in pages[path].elements if tag == "h3"])
        for path in ("history.html", "history-2.html", "history-3.html")
    ]


def test_an_event_with_many_accounts_tells_the_first_and_how_many_more() -> None:
    """The history stays readable after all accounts were stopped at once."""
    named = tuple(EventAccount(name=f"desk-{at}", before="active", after="suspended") for at in range(60))
    journal = [JournalEvent(sequence=1, at=values.NOON, event="suspend", accounts=named)]
    assert "and 10 more accounts" in words_of(pages_of(report(revisions=(), journal=journal))["history.html"])


def test_what_was_erased_is_told_as_such() -> None:
    """Nobody takes the mark of an erasure for a value."""
    field = {"path": "spec.email", "before": None, "after": ERASED}
    change = {"action": "create", "kind": "OwnAccount", "name": "gone", "fields": [field]}
    made = report(revisions=(revision(1).model_copy(update={"changes": (change,)}),))
    assert "Personal data was erased here later" in words_of(pages_of(made)["revisions/1.html"])
    assert "Personal data was erased here later" not in words_of(pages_of(report())["revisions/1.html"])


def test_the_catalogs_have_the_same_keys_and_places() -> None:
    """Each text has a translation with the same places to fill, and every plural form that its language has."""
    english, polish = CATALOGS["en"], CATALOGS["pl"]
    assert list(english) == list(polish)
    for key in english:
        forms = [entry if isinstance(entry, dict) else {"other": entry} for entry in (english[key], polish[key])]
        assert isinstance(english[key], str) == isinstance(polish[key], str) or key.startswith("count.")
        assert all({"one", "other"} <= set(form) for form in forms[:1] if len(form) > 1), key
        assert all({"one", "few", "many", "other"} == set(form) for form in forms[1:] if len(form) > 1), key
        assert 1 == len({frozenset(_PLACES.findall(words)) for form in forms for words in form.values()}), key
        assert all(words.strip() == words and words for form in forms for words in form.values()), key


def test_the_pages_use_every_text_and_no_other() -> None:
    """A key that a template or script names is in the catalog, and the catalog has nothing that is never said."""
    folder = Path(render_html.__file__).parent
    sources = [*folder.glob("templates/site/*"), *folder.glob("site/*.py")]
    catalogs = {"english.py", "polish.py"}
    source = "".join(path.read_text(encoding="utf-8") for path in sources if path.name not in catalogs)
    assert set() == {key for found in _USED.findall(source) for key in found if key} - set(CATALOGS["en"])
    begun = (
        *_BEGUN.findall(source),
        "title.",
        "fact.",
        "event.",
        "action.",
        "status.",
        "kind.",
        "column.",
        "theme.",
        "check.",
        "class.",
    )
    never = [key for key in CATALOGS["en"] if f'"{key}"' not in source and not key.startswith(begun)]
    assert [] == never


def test_no_template_holds_bare_text() -> None:
    """Every word of a page comes from the catalog or from state."""
    english = pages_of(report(), "en")
    polish = pages_of(report(), "pl")
    foreign = {"English", "Polski"}
    for path, page in english.items():
        assert [tag for tag, _ in page.elements] == [tag for tag, _ in polish[path].elements]
    assert foreign.isdisjoint(words_of(english[INDEX]).split())
    auto = pages_of(report(), "auto")
    assert words_of(english["accounts/sales-pl.html"]) == words_of(auto["accounts/sales-pl.html"]).replace(
        "Language English Polski ", ""
    )


@pytest.mark.parametrize(("language", "expected"), [("en", ["en"]), ("pl", ["pl"]), ("auto", ["en", "pl"])])
def test_a_site_carries_the_languages_that_it_can_be_read_in(language: Language, expected: list[str]) -> None:
    """With a language chosen there is no switch and no other catalog; otherwise every word can be exchanged."""
    files = files_of(report(), language)
    script = files["assets/words.js"].removeprefix('"use strict";\nconst WORDS = ').removesuffix(";\n")
    assert expected == list(json.loads(script))
    assert ("data-t=" in files[INDEX]) == ('id="language"' in files[INDEX])
    assert ("data-t=" in files[INDEX]) == (language == "auto")


@pytest.mark.parametrize(
    ("number", "expected"),
    [(0, "0 kont"), (1, "1 konto"), (2, "2 konta"), (4, "4 konta"), (5, "5 kont"), (11, "11 kont"), (12, "12 kont"),
     (14, "14 kont"), (21, "21 kont"), (22, "22 konta"), (25, "25 kont"), (112, "112 kont"), (122, "122 konta"),
     (1001, "1001 kont"), (10_003, "10\u00a0003 konta")],
)  # fmt: skip
def test_polish_counts_as_polish_does(number: int, expected: str) -> None:
    """Polish says 1 konto, 2 konta, 5 kont, and so on by the rules of the language."""
    assert expected == text("pl", "count.all", {"n": number})


def test_english_counts_as_english_does() -> None:
    """English says 1 account and 2 accounts, and sets thousands apart."""
    counted = [text("en", "count.all", {"n": number}) for number in (0, 1, 2, 10_000)]
    assert ["0 accounts", "1 account", "2 accounts", "10,000 accounts"] == counted
    assert ["other", "one", "other"] == [plural_form("en", number) for number in (0, 1, 21)]
    assert "9999" == number_text("pl", 9999)


def test_every_colour_of_text_can_be_read_in_both_schemes() -> None:
    """Contrast of 4.5 or more to every ground that the colour stands on (WCAG 2.2, AA)."""
    style = files_of(report())["assets/site.css"]
    pairs = dict(re.findall(r"--([a-z-]+): light-dark\((#[0-9a-f]{6}, #[0-9a-f]{6})\)", style))
    for scheme in (0, 1):
        colours = {name: pair.split(", ")[scheme] for name, pair in pairs.items()}
        for ink in ("ink", "faint", "bad", "good", "warn", "note"):
            for ground in ("paper", "panel", *([f"{ink}-panel"] if f"{ink}-panel" in colours else [])):
                light, dark = sorted((luminance(colours[ink]), luminance(colours[ground])), reverse=True)
                assert (light + 0.05) / (dark + 0.05) >= 4.5, (ink, ground, scheme)
