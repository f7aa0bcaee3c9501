"""`domains records`: what the sending domains lack, in the forms that people publish records by."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import dns.rdatatype
import dns.zone
import pytest
import yaml

from tests.cli.project import Project, marketing_account, own_account
from tests.support.nameserver import NameServer
from tests.verification.domains import zone

if TYPE_CHECKING:
    from collections.abc import Iterator

_ZONE = (
    "@ SOA ns.example.com. hostmaster.example.com. 1 3600 600 86400 60",
    "@ MX 10 mail.example.com.",
    "mail A 192.0.2.1",
    "smtp A 192.0.2.2",
)
_ACCOUNT = (
    "apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {{name: {name}}}\nspec:\n  email: {email}\n"
    "  displayName: A\n  shared: true\n  smtp: {{host: {host}}}\n"
)


@pytest.fixture
def names() -> Iterator[NameServer]:
    """Run a name server that knows example.com without SPF and DMARC."""
    with NameServer(zone(*_ZONE)) as server:
        yield server


def _project(
    project: Project, names: NameServer, *, host: str = "smtp.example.com", email: str = "a@example.com"
) -> None:
    project.write_project(f'verification: {{nameservers: ["{names.address}"]}}\n')
    project.write_account("a", _ACCOUNT.format(name="a", email=email, host=host))


def _texts(out: str) -> dict[str, str]:
    """Return what a zone file's TXT records say, by name, as another program reads the file."""
    head = "$ORIGIN example.com.\n@ 60 IN SOA ns hostmaster 1 1 1 1 1\n@ 60 IN NS ns\n"
    read = dns.zone.from_text(head + out, origin="example.com.", relativize=True)
    texts = {}
    for name, _, rdata in read.iterate_rdatas(dns.rdatatype.TXT):
        texts[name.to_text()] = b"".join(rdata.strings).decode()  # type: ignore[attr-defined] # of a TXT record
    return texts


def test_what_is_missing_as_a_zone_file(project: Project, names: NameServer) -> None:
    """The lines go into the zone's file as they are, and the server's own host is let to send."""
    _project(project, names)
    out = project.run_well("domains", "records").out
    assert {
        "@": "v=spf1 a:smtp.example.com -all",
        "_dmarc": "v=DMARC1; p=none; rua=mailto:dmarc@example.com",
    } == _texts(out)
    assert out.startswith("; 2 records to publish, of example.com.\n")


def test_what_is_published_is_not_missing_any_more(project: Project, names: NameServer) -> None:
    """Once the records stand there, the command says that nothing is missing, and the checks pass."""
    _project(project, names)
    for name, text in _texts(project.run_well("domains", "records").out).items():
        names.add_text("example.com" if name == "@" else f"{name}.example.com", text.encode())
    assert "; Nothing is missing, of example.com.\n" == project.run_well("domains", "records").out


def test_a_known_providers_include_is_proposed(project: Project, names: NameServer) -> None:
    """Over a provider's host its include is what has to stand there."""
    _project(project, names, host="smtp.gmail.com")
    assert "v=spf1 include:_spf.google.com -all" == _texts(project.run_well("domains", "records").out)["@"]


def test_a_record_that_lacks_the_provider_is_replaced(project: Project, names: NameServer) -> None:
    """The include goes into the record that is there, before its end; the old one stands in a comment."""
    _project(project, names, host="smtp.gmail.com")
    names.add_text("example.com", b"v=spf1 mx ~all")
    out = project.run_well("domains", "records").out
    assert "v=spf1 include:_spf.google.com mx ~all" == _texts(out)["@"]
    assert '; in place of: @ TXT "v=spf1 mx ~all"' in out


def test_a_strangers_server_is_not_guessed(project: Project, names: NameServer) -> None:
    """Of a host that somebody else runs nobody knows from where it sends: that is said, and nothing proposed."""
    _project(project, names, host="relay.example.net")
    names.add("relay.example.net.", "A", "192.0.2.77")
    out = project.run_well("domains", "records").out
    assert "; Mail of example.com is also sent over relay.example.net; add to its SPF record" in out
    assert ["_dmarc"] == list(_texts(out))


def test_keys_are_told_and_not_invented(project: Project, names: NameServer) -> None:
    """A key is the provider's to give: its absence stands in a comment."""
    project.write_project(
        f'verification: {{nameservers: ["{names.address}"]}}\ndomains: {{example.com: {{dkimSelectors: [s1]}}}}\n'
    )
    project.write_account("a", _ACCOUNT.format(name="a", email="a@example.com", host="smtp.example.com"))
    out = project.run_well("domains", "records").out
    assert "; There is no DKIM key at s1._domainkey.example.com." in out
    assert {"@", "_dmarc"} == set(_texts(out))


def test_a_domain_below_its_zone(project: Project, names: NameServer) -> None:
    """A record of a domain that has no zone of its own goes into the zone above."""
    names.add("news.example.com.", "MX", "10 mail.example.com.")
    names.add_text("_dmarc.example.com", b"v=DMARC1; p=reject")
    _project(project, names, email="a@news.example.com")
    document = project.run_well("domains", "records", "--format", "json").document
    assert [("example.com", "news", "spfMissing")] == [
        (each["zone"], each["name"], each["reason"]) for each in document["records"]
    ]


def test_octodns_has_whole_record_sets(project: Project, names: NameServer) -> None:
    """Other texts of the name stay; semicolons are escaped as octoDNS wants them; it is YAML."""
    names.add_text("example.com", b'some-site=1; "quoted"')
    _project(project, names)
    (document,) = yaml.safe_load_all(project.run_well("domains", "records", "--format", "octodns").out)
    assert {
        "": {"ttl": 3600, "type": "TXT", "values": ['some-site=1\\; "quoted"', "v=spf1 a:smtp.example.com -all"]},
        "_dmarc": {"ttl": 3600, "type": "TXT", "values": ["v=DMARC1\\; p=none\\; rua=mailto:dmarc@example.com"]},
    } == document


def test_terraform_has_whole_record_sets(project: Project, names: NameServer) -> None:
    """Each name is a resource of its own, and nothing in a text begins a template of HCL."""
    names.add_text("example.com", b"code=${file(1)} %{if} \xc5\xbc\n")
    _project(project, names)
    out = project.run_well("domains", "records", "--format", "terraform").out
    assert (
        'resource "dns_txt_record_set" "example_com_txt" {\n  zone = "example.com."\n  txt = [\n'
        '    "code=$${file(1)} %%{if} \\u017c\\n",\n    "v=spf1 a:smtp.example.com -all",\n  ]\n  ttl = 3600\n}\n'
    ) in out
    assert (
        'resource "dns_txt_record_set" "dmarc_example_com_txt" {\n  zone = "example.com."\n  name = "_dmarc"\n' in out
    )


def test_hostile_texts_stay_texts_in_a_zone_file(project: Project, names: NameServer) -> None:
    """What stands in a record that is replaced cannot end the comment or its line."""
    _project(project, names, host="smtp.gmail.com")
    names.add_text("example.com", b'v=spf1 x="\\";evil -all')
    out = project.run_well("domains", "records").out
    assert '; in place of: @ TXT "v=spf1 x=\\"\\\\\\";evil -all"\n' in out


def test_reports_are_proposed_where_there_is_a_policy(project: Project, names: NameServer) -> None:
    """With MTA-STS and without TLS-RPT nobody would tell of failures."""
    names.add_text("_mta-sts.example.com", b"v=STSv1; id=1")
    _project(project, names)
    out = project.run_well("domains", "records").out
    assert "v=TLSRPTv1; rua=mailto:tls@example.com" == _texts(out)["_smtp._tls"]


def test_a_wildcard_is_not_kept_beside(project: Project, names: NameServer) -> None:
    """What a wildcard answers at a name is no record of it, and is not written into its set."""
    names.add("*.example.com.", "TXT", '"any"')
    _project(project, names)
    document = project.run_well("domains", "records", "--format", "json").document
    assert {"dmarcMissing": []} == {e["reason"]: e["beside"] for e in document["records"] if e["name"] == "_dmarc"}


def test_one_domain_of_several(project: Project, names: NameServer) -> None:
    """The domains that are named are looked at, in whatever letters, and no others."""
    _project(project, names)
    project.write_account("b", _ACCOUNT.format(name="b", email="b@other.example", host="smtp.example.com"))
    document = project.run_well("domains", "records", "EXAMPLE.com.", "--format", "json").document
    assert (["example.com"], 2) == (document["domains"], len(document["records"]))
    assert [] == [name for name, _ in names.asked if name.endswith("other.example")]


@pytest.mark.parametrize(("name", "words"), [("exmple.com", "example.com"), ("no domain", "is not a domain")])
def test_a_domain_that_no_account_has(project: Project, names: NameServer, name: str, words: str) -> None:
    """A domain that is none of the manifests' is refused, with the one that is nearest."""
    _project(project, names)
    refused = project.run("domains", "records", name, "--format", "json")
    assert 1 == refused.code
    assert ["unknownDomain"] == refused.codes
    assert words in refused.out


def test_name_servers_that_do_not_answer(project: Project) -> None:
    """Nothing is proposed of a domain that could not be asked about: it may have everything."""
    with NameServer(zone(*_ZONE), misbehaviour={"example.com": "servfail"}) as names:
        _project(project, names)
        refused = project.run("domains", "records", "--format", "json")
    assert (1, {"domainUnasked"}) == (refused.code, set(refused.codes))


def test_manifests_that_are_not_valid(project: Project, names: NameServer) -> None:
    """Problems of the manifests are told instead, and nobody is asked."""
    _project(project, names)
    project.write_account("broken", "apiVersion: reconciler/v1\nkind: OwnAccount\n")
    assert 1 == project.run("domains", "records").code
    assert 0 == names.questions()


def test_neither_state_nor_secrets_are_read(project: Project, names: NameServer) -> None:
    """The command runs where there is no state, and makes none; a login's password is not asked for."""
    _project(project, names)
    project.write_account("b", own_account("b", 587))
    shutil.rmtree(project.folder / ".reconciler")
    project.run_well("domains", "records")
    assert not (project.folder / ".reconciler").exists()


def test_a_marketing_account_sends_over_the_platform(project: Project, names: NameServer) -> None:
    """Its domain has to name the platform's server."""
    project.write_project(
        f'verification: {{nameservers: ["{names.address}"]}}\nplatform: {{smtp: {{host: smtp.example.com}}}}\n'
    )
    project.write_account("news", marketing_account("news", email="news@example.com"))
    assert "v=spf1 a:smtp.example.com -all" == _texts(project.run_well("domains", "records").out)["@"]
