"""Client certificates from the manifest to the handshake: what a plan shows of them, what is recorded, what refuses."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.certified import CERTIFICATE, CLIENT, OTHER, RENEWED, Certified, account, certified, telling
from tests.cli.project import alter_plan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.project import Outcome, Project

_DECLARED = "spec.smtp.clientCertificate"


@pytest.fixture
def world(project: Project) -> Iterator[Certified]:
    """Run the servers beside a project whose account is written and not applied."""
    with certified(project) as made:
        yield made


def changes(outcome: Outcome) -> dict[str, tuple[Any, Any]]:
    """Return before and after of the fields that the one change of a plan is about."""
    (change,) = outcome.document["changes"]
    return {each["path"]: (each.get("before"), each.get("after")) for each in change["fields"]}


def fingerprint(pem: Any) -> str:
    """Return what a document has of a certificate."""
    return f"sha256:{pem.fingerprint}"


def test_it_is_planned_applied_and_verified(world: Certified) -> None:
    """A plan shows file, reference and fingerprint; the server is shown the certificate, and nobody the key."""
    planned = world.project.run_well("plan", "--format", "json")
    told = {path: after for path, (_, after) in changes(planned).items() if path.startswith(_DECLARED)}
    assert {
        f"{_DECLARED}.certFile": "certs/client.pem",
        f"{_DECLARED}.fingerprint": fingerprint(CLIENT),
        f"{_DECLARED}.key": "file:secrets/client.key",
    } == told
    world.project.run_well("apply", "--auto-approve")
    world.project.run_well("verify", "--recorded")
    assert {CLIENT.fingerprint} == set(world.shown.shown)
    assert [] == world.project.run_well("plan", "--format", "json").document["changes"]
    shown = world.project.run_well("accounts", "show", "sales")
    unwrapped = "".join(shown.out.split())
    assert [True, True] == [word in unwrapped for word in (fingerprint(CLIENT), "file:secrets/client.key")]
    world.project.run_well("report", "--out", "site")
    written = b"".join(path.read_bytes() for path in world.project.folder.rglob("*") if path.suffix in {".html", ".db"})
    assert [] == [line for line in telling(CLIENT.key_pem) if line.encode() in written]
    assert [[], []] == [world.leaks(planned), world.leaks(shown)]


def test_a_renewed_certificate_is_a_change(world: Certified) -> None:
    """The file's name stays, its fingerprint does not: that is planned, verified anew, and refused by what was planned."""
    world.project.run_well("apply", "--auto-approve")
    world.project.run_well("plan", "--out", "before.json", "--format", "json")
    world.write("certs/client.pem", RENEWED.pem)
    planned = world.project.run_well("plan", "--out", "plan.json", "--format", "json")
    assert {f"{_DECLARED}.fingerprint": (fingerprint(CLIENT), fingerprint(RENEWED))} == changes(planned)
    recorded = world.project.run("verify", "--recorded", "--format", "json")
    assert (1, ["certFileUnusable"]) == (recorded.code, recorded.codes)
    world.write("certs/client.pem", CLIENT.pem)
    stale = world.project.run("apply", "plan.json", "--format", "json")
    assert (5, ["planStale"]) == (stale.code, stale.codes)
    world.write("certs/client.pem", RENEWED.pem)
    world.project.run_well("apply", "plan.json")
    assert RENEWED.fingerprint == world.shown.shown[-1]


def test_a_rotated_key_is_a_rotation(world: Certified) -> None:
    """A key that changes with its certificate, and a value that changes alone, are told of the field."""
    world.project.run_well("apply", "--auto-approve")
    world.write("secrets/client.key", OTHER.key_pem)
    world.write("certs/client.pem", OTHER.pem)
    (change,) = world.project.run_well("plan", "--format", "json").document["changes"]
    rotated = [each["path"] for each in change["fields"] if each.get("rotated")]
    assert [f"{_DECLARED}.key"] == rotated


def test_an_unsealed_plan_may_be_applied_and_not_altered(world: Certified) -> None:
    """What it shows is a document that a manifest means; another fingerprint than the file's is stale."""
    world.project.run_well("plan", "--out", "plan.json")

    def alter(document: dict[str, Any], found: str) -> None:
        text = json.dumps(document).replace(fingerprint(CLIENT), found)
        document.clear()
        document.update(json.loads(text))
        document.pop("seal", None)

    alter_plan(world.project.folder / "plan.json", lambda plan: alter(plan, fingerprint(OTHER)), fits_digest=True)
    refused = world.project.run("apply", "plan.json", "--format", "json")
    assert 0 != refused.code
    assert {} == world.project.statuses()
    world.project.run_well("plan", "--out", "plan.json")
    alter_plan(world.project.folder / "plan.json", lambda plan: alter(plan, fingerprint(CLIENT)), fits_digest=True)
    world.project.run_well("apply", "plan.json")
    assert {"sales": "active"} == world.project.statuses()


def test_a_mail_server_gives_each_account_its_own(world: Certified) -> None:
    """Names are filled into the path and the reference; an account may have another one."""
    own = "clientCertificate: {certFile: 'certs/{name}.pem', key: {file: 'secrets/{name}.key'}}"
    server = (
        "apiVersion: reconciler/v1\nkind: MailServer\nmetadata: {name: shared}\n"
        f"spec: {{host: localhost, port: {world.right.port}, {own}}}\n---\n"
    )
    bare = "heloName: mail.example.com"
    texts = [account(each, 0, server="shared", smtp=bare) for each in ("client", "other")]
    texts.append(account("third", 0, server="shared", smtp=CERTIFICATE))
    world.project.remove_account("sales")
    world.write("accounts.d/all.yaml", server + "---\n".join(texts))
    world.project.run_well("apply", "--auto-approve")
    assert {CLIENT.fingerprint: 2, OTHER.fingerprint: 1} == Counter(world.shown.shown)


def test_send_shows_the_certificate(world: Certified) -> None:
    """Messages go over a session that was opened as the verification's was."""
    world.project.run_well("apply", "--auto-approve")
    before = len(world.shown.shown)
    world.write("contacts.csv", "email\ninfo@example.net\n")
    world.write("june.eml", "Subject: June\n\nHello.\n")
    words = ("--message", "june.eml", "--contacts", "contacts.csv")
    world.project.run_well("send", "sales", *words)
    assert [CLIENT.fingerprint] == world.shown.shown[before:]


def test_a_key_that_cannot_be_read_fails_where_it_is_needed(world: Certified) -> None:
    """The check of the encryption says what is missing, and the server is not contacted."""
    (world.project.folder / "secrets" / "client.key").unlink()
    failed = world.project.run("plan", "--format", "json")
    (change,) = failed.document["changes"]
    made = {each["check"]: each["code"] for each in change["verification"]["checks"]}
    assert 3 == failed.code
    assert "secretMissing" == made["tls"]
    assert "earlierFailure" == made["connect"]
    assert 0 == world.right.connections


REFUSED = {
    "no such file": ({"certs/client.pem": None}, CERTIFICATE, "certFileUnusable", "no such file"),
    "a key beside the certificate": (
        {"certs/client.pem": CLIENT.pem + CLIENT.key_pem}, CERTIFICATE, "certFileUnusable", "key: {file: secrets/client.key}",
    ),
    "no certificate": ({"certs/client.pem": "hello"}, CERTIFICATE, "certFileUnusable", "holds no certificate in PEM form"),
    "the key of fingerprints": (
        {}, CERTIFICATE.replace("certs/client.pem", ".reconciler/fingerprint.key"), "certFileUnusable", "holds no certificate",
    ),
    "a file outside": ({}, CERTIFICATE.replace("certs/", "../"), "certFileUnusable", "outside the project folder"),
    "as oauth2 has it": ({}, "clientCertificate: {file: secrets/client.pem}", "unknownField", "file belongs under spec.smtp.clientCertificate.key"),
    "without a key": ({}, "clientCertificate: {certFile: certs/client.pem}", "missingField", "key: {file: secrets/client.key}"),
    "a key as text": (
        {}, 'clientCertificate: {certFile: certs/client.pem, key: "MIIE-not-shown"}', "literalSecret", "key: {env: SMTP_SALES_KEY}",
    ),
    "an unknown word in braces": (
        {}, CERTIFICATE.replace("certs/client.pem", "'certs/{user}.pem'"), "unknownPlaceholder", "{user}",
    ),
    "without TLS": ({}, f"{CERTIFICATE}\n    encryption: none", "contradiction", "clientCertificate stands beside encryption: none"),
    "a CA without TLS": ({}, "caFile: certs/other-ca.pem\n    encryption: none", "contradiction", "caFile stands beside encryption: none"),
    "a pin without TLS": (
        {}, f"certificate: sha256:{'a' * 64}\n    encryption: none", "contradiction", "certificate stands beside encryption: none",
    ),
    "a secret that is not allowed": (
        {}, CERTIFICATE.replace("{file: secrets/client.key}", "{file: .ssh/id_rsa}"), "secretNotAllowed", ".ssh/id_rsa",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("files", "smtp", "code", "words"), REFUSED.values(), ids=REFUSED)
def test_what_validate_refuses(
    world: Certified, files: dict[str, str | None], smtp: str, code: str, words: str
) -> None:
    """With file and line, what is wrong and what to write; a key is shown to nobody."""
    for path, text in files.items():
        if text is None:
            (world.project.folder / path).unlink()
        else:
            world.write(path, text)
    text = account("sales", world.right.port, smtp=smtp)
    if "encryption: none" in smtp:
        text = text.replace("    encryption: starttls\n", "")
    world.write("accounts.d/sales.yaml", text)
    refused = world.project.run("validate", "--format", "json")
    (problem,) = [each for each in refused.document["diagnostics"] if each["code"] == code]
    assert (1, "accounts.d/sales.yaml") == (refused.code, problem["location"]["file"])
    assert words in problem["detail"]
    assert ("MIIE-not-shown" in refused.out, world.leaks(refused)) == (False, [])


@pytest.mark.parametrize("field", ["caFile: certs/other-ca.pem", f"certificate: sha256:{'a' * 64}", CERTIFICATE])
def test_what_a_mail_server_has_of_certificates_is_not_forgotten_by_an_account(world: Certified, field: str) -> None:
    """An account that turns encryption off is refused where it does so, with what it would make of no use."""
    server = (
        "apiVersion: reconciler/v1\nkind: MailServer\nmetadata: {name: shared}\n"
        f"spec: {{host: localhost, port: {world.right.port}, {field}}}\n---\n"
    )
    world.write("accounts.d/sales.yaml", server + account("sales", 0, server="shared", smtp="encryption: none"))
    refused = world.project.run("validate", "--format", "json")
    (problem,) = refused.document["diagnostics"]
    assert ("contradiction", 15) == (problem["code"], problem["location"]["line"])
    assert f"{field.partition(':')[0]} stands beside encryption: none" in problem["detail"]


@pytest.mark.parametrize("is_inherited", [False, True], ids=["its own", "its MailServer's"])
def test_a_key_that_may_not_be_named_is_told_whatever_else_is_wrong(world: Certified, *, is_inherited: bool) -> None:
    """An account that cannot be used names its key all the same."""
    key = CERTIFICATE.replace("{file: secrets/client.key}", "{file: .ssh/id_rsa}")
    server = (
        "apiVersion: reconciler/v1\nkind: MailServer\nmetadata: {name: shared}\n"
        f"spec: {{host: localhost, port: {world.right.port}, {key if is_inherited else 'heloName: a.example.com'}}}\n---\n"
    )
    own = "encryption: ssl" if is_inherited else f"encryption: ssl\n    {key}"
    world.write("accounts.d/sales.yaml", server + account("sales", 0, server="shared", smtp=own))
    refused = world.project.run("validate", "--format", "json")
    assert {"invalidValue", "secretNotAllowed"} == set(refused.codes)


def test_labels_are_no_secrets_whatever_they_are_called(world: Certified) -> None:
    """A field is a secret by its place: a label may be called key, and is shown and compared as it stands."""
    text = account("sales", world.right.port).replace(
        "{name: sales}", "{name: sales, labels: {key: blue, password: no}}"
    )
    world.write("accounts.d/sales.yaml", text.replace("password: no", 'password: "no"'))
    world.project.run_well("apply", "--auto-approve")
    world.write("accounts.d/sales.yaml", text.replace("password: no", 'password: "yes"'))
    changed = changes(world.project.run_well("plan", "--format", "json"))
    assert {"metadata.labels.password": ("no", "yes")} == changed
