"""Every command that is about accounts takes every selector, and tells one that selects nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.project import Project, marketing_account, own_account

if TYPE_CHECKING:
    from tests.support.mailserver import MailServer


@pytest.fixture
def two(project: Project, server: MailServer) -> Project:
    """Return a project with two recorded accounts, of which one was relabelled by itself."""
    project.write_account("sales", own_account("sales", server, metadata="labels: {team: sales}"))
    project.write_account("news", marketing_account("news"))
    project.run_well("apply", "--auto-approve")
    project.write_account("news", marketing_account("news", metadata="labels: {team: news}"))
    project.run_well("apply", "--auto-approve")
    project.run_well("suspend", "news", "--reason", "leak")
    return project


@pytest.mark.parametrize("selector", ["sales", "sa*", "label:team=sales", "kind:own", "host:localhost"])
def test_a_report_of_some_accounts_holds_nothing_of_the_others(two: Project, selector: str) -> None:
    """Their pages, and the revisions and events that touched them; what concerns others alone is nowhere in it."""
    two.run_well("report", selector, "--out", "some")
    pages = {path.relative_to(two.folder / "some").as_posix() for path in (two.folder / "some").rglob("*.html")}
    text = "".join(path.read_text(encoding="utf-8") for path in (two.folder / "some").rglob("*.html"))
    assert any("sales" in page for page in pages)
    assert not any("news" in page for page in pages)
    assert "leak" not in text
    assert "news@example.com" not in text


def test_a_report_of_nothing_is_an_error(two: Project) -> None:
    """A selector that means no account is told, and no folder is written."""
    refused = two.run("report", "label:team=none", "--out", "some")
    assert (1, False) == (refused.code, (two.folder / "some").exists())


def test_one_account_sends_by_what_it_has(two: Project, server: MailServer) -> None:
    """A selector that means one account stands for its name; one that means several is refused before anything is sent."""
    (two.folder / "team.csv").write_text("email\nanna@example.com\n", encoding="utf-8")
    words = ("--contacts", "team.csv", "--subject", "Hello", "--body", "Text", "--yes")
    before = len(server.messages)
    two.run_well("send", "label:team=sales", *words)
    assert before + 1 == len(server.messages)
    refused = two.run("send", "*", *words)
    assert (1, True) == (refused.code, "means news, sales" in " ".join(refused.err.split()))
    assert before + 1 == len(server.messages)


RIGHT = (
    "sales", "sal*", "label:team=sales", "host:LOCALHOST", "port:{port}", "username:sales@example.com", "server:office",
    "secret:env:SMTP_SALES_*", "status:active", "kind:own",
)  # fmt: skip
WRONG = {
    "slaes": "Did you mean sales?",
    "sale?-*": "No account's name matches",
    "label:team=none": "No account has the label",
    "label:team": "write label:KEY=VALUE",
    "host:mail.example.com": "There are: localhost.",
    "port:1": "There are: {port}.",
    "username:slaes@example.com": "Did you mean username:sales@example.com?",
    "server:ofice": "Did you mean server:office?",
    "secret:env:SMTP_OTHER": "There are: env:SMTP_SALES_PASSWORD.",
    "status:broken": "There are: suspended",
    "kind:others": "There are: marketing, own.",
    "hosts:localhost": "Did you mean host:?",
    "": "",
}
VERBS = {
    "list": "accounts list --format json --selector",
    "show": "accounts show --format json",
    "as it was": "accounts show --format json --revision 1",
    "delete": "accounts delete --format json",
    "suspend": "suspend --reason x --format json",
    "resume": "resume --format json",
    "verify": "verify --format json",
    "verify recorded": "verify --recorded --format json",
    "history": "history",
    "restore": "history restore 1 --to {out} --format json",
    "report": "report --out {out}",
    "export": "export --format json",
    "plan": "plan --format json --target",
    "plan without": "plan --format json --exclude",
    "apply": "apply --auto-approve --format json --target",
    "send": "send --contacts team.csv --subject Hello --body Text --yes --format json",
    "resolve": "resolve --contacts team.csv --format json",
    "approve": "approve --format json",
    "reject": "reject --reason x --format json",
}
_OF_MARKETING = {"approve", "reject"}


@pytest.fixture
def office(project: Project, server: MailServer) -> Project:
    """Return a project with one account through a MailServer, and a marketing account that is stopped."""
    manifests = project.folder / "accounts.d"
    (manifests / "office.yaml").write_text(
        "apiVersion: reconciler/v1\nkind: MailServer\nmetadata: {name: office}\n"
        f"spec: {{host: localhost, port: {server.port}, encryption: {server.encryption}}}\n",
        encoding="utf-8",
    )
    login = "authentication: {username: sales@example.com, password: {env: SMTP_SALES_PASSWORD}}"
    (manifests / "sales.yaml").write_text(
        "apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {name: sales, labels: {team: sales}}\n"
        f"spec: {{email: sales@example.com, displayName: S, shared: true, smtp: {{server: office, {login}}}}}\n",
        encoding="utf-8",
    )
    project.write_account("news", marketing_account("news"))
    project.run_well("apply", "--auto-approve")
    project.run_well("suspend", "news", "--reason", "leak")
    (project.folder / "team.csv").write_text("email\nanna@example.com\n", encoding="utf-8")
    return project


def _said(verb: str, selector: str, out: str) -> list[str]:
    return [*VERBS[verb].format(out=out).split(), selector]


@pytest.mark.parametrize("verb", sorted(VERBS.keys() - _OF_MARKETING))
def test_a_verb_takes_every_selector(office: Project, server: MailServer, verb: str) -> None:
    """Each selector of one account means this one for each verb, and the other account is not touched."""
    manifests = {path: path.read_text(encoding="utf-8") for path in (office.folder / "accounts.d").iterdir()}
    for number, selector in enumerate(RIGHT):
        for path, text in manifests.items():  # both accounts change, so that a plan of one is seen to leave the other
            path.write_text(text.replace("{name: sales", f"{{title: T{number}, name: sales"), encoding="utf-8")
        office.write_account("news", marketing_account("news", metadata=f"title: T{number}"))
        chosen = selector.format(port=server.port)
        if verb == "resume":
            office.run_well("suspend", "sales", "--reason", "x")
            chosen = "sales" if selector == "status:active" else chosen
        elif verb in {"verify", "delete"} and selector == "status:active":
            chosen = "sales"  # what manifests declare is verified, and has no status
        done = office.run(*_said(verb, chosen, f"out-{number}"))
        assert 0 == done.code, (chosen, done)
        told = "report" if verb == "report" else "".join(done.out.split("Next")[:1])
        if verb == "apply":
            assert 1 == done.document["summary"]["update"], chosen
        elif verb == "report":
            assert (office.folder / f"out-{number}").is_dir()
        else:
            assert ("sales" in told, "news" in told) == (verb != "plan without", verb == "plan without"), (chosen, told)
        if verb == "suspend":
            office.run_well("resume", "sales")
        assert {"sales": "active", "news": "suspended"} == office.statuses()


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_a_verb_tells_a_selector_of_nothing(office: Project, server: MailServer, verb: str) -> None:
    """The exit code is 1, the words tell what was probably meant or what there is, and nothing was done."""
    before = (office.statuses(), len(server.messages), sorted((office.folder / "accounts.d").iterdir()))
    entries = len(office.journal())
    for selector, words in WRONG.items():
        refused = office.run(*_said(verb, selector.format(port=server.port), "out"))
        told = " ".join((refused.out + refused.err).split()).replace('\\"', '"')
        assert 1 == refused.code, (selector, told)
        if not (verb == "delete" and selector == "slaes"):
            assert words.format(port=server.port) in told, (selector, told)
    assert before == (office.statuses(), len(server.messages), sorted((office.folder / "accounts.d").iterdir()))
    assert entries == len(office.journal())
    assert not (office.folder / "out").exists()


def test_both_decisions_take_every_selector(office: Project) -> None:
    """Approve and reject take what marketing accounts have."""
    office.run_well("resume", "news")
    for selector in ("news", "n*", "kind:marketing", "status:*"):
        office.run_well("approve", selector)
        office.run_well("reject", selector, "--reason", "x")
        assert {"sales": "active", "news": "rejected"} == office.statuses()


def test_several_accounts_are_deleted_or_none(office: Project) -> None:
    """Two documents of one file and one of another go at once; where one name is wrong, all stay."""
    manifests = office.folder / "accounts.d"
    several = "---\n".join(marketing_account(name, metadata="labels: {client: x}") for name in ("one", "two"))
    (manifests / "client.yaml").write_text(several + "---\n" + marketing_account("kept"), encoding="utf-8")
    (manifests / "more.yaml").write_text(marketing_account("three", metadata="labels: {client: x}"), encoding="utf-8")
    assert 1 == office.run("accounts", "delete", "label:client=x", "thre").code
    assert several + "---\n" + marketing_account("kept") == (manifests / "client.yaml").read_text(encoding="utf-8")
    done = office.run_well("accounts", "delete", "label:client=x", "--format", "json").document
    assert ["one", "three", "two"] == [each["name"] for each in done["edits"]]
    assert marketing_account("kept") == (manifests / "client.yaml").read_text(encoding="utf-8").removeprefix("---\n")
    assert not (manifests / "more.yaml").exists()
