"""What ``secrets.allow`` lets a manifest name, and what nothing does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from reconciler.model.environments import in_environment
from reconciler.rules.secrets.allow import ask_to_allow, is_allowed, is_allowed_somewhere, why_refused
from tests.rules.states import project

if TYPE_CHECKING:
    from reconciler.model.grants import Secrets

SCOPED = {"secret": "env:A_*", "manifests": "accounts.d/a/**"}
HERE, THERE = "accounts.d/a/x.yaml", "accounts.d/b/x.yaml"


def secrets(*allow: Any, **parts: Any) -> Secrets:
    """Return the project file's part on secrets, with sources of each form."""
    sources = {
        "vault": {"command": ["vault", "{key}"]},
        "bulk": {"env": "SMTP_BULK", "format": "json"},
        "dotenv": {"file": "secrets/all.env", "format": "dotenv"},
        "wide": {"command": ["wide", "{key}"], "environment": ["*"]},
        "store": {"command": ["store", "{key}"], "environment": ["STORE_TOKEN", "HOUSE_*"]},
    }
    written = {"allow": list(allow)} if allow else {}
    return project(secrets={"sources": sources, **written, **parts}).secrets


@pytest.mark.parametrize(
    ("secret", "allow", "expected"),
    [
        ("env:SMTP_A", ["env:SMTP_*"], True),
        ("env:OTHER", ["env:SMTP_*"], False),
        ("env:A:B", ["env:A:*"], True),
        ("file:secrets/a", ["file:secrets/**"], True),
        ("file:secrets/../a", ["file:**"], False),
        ("file:..", ["file:**"], False),
        ("file:secrets/..a", ["file:**"], True),
        ("file:.reconciler/fingerprint.key", ["file:**"], False),
        ("file:a/.reconciler/x", ["file:**"], False),
        ("file:secrets/a*", ["file:**"], False),
        ("file:secrets/a?", ["file:**"], False),
        ("vault:mail/a", ["env:SMTP_*"], True),
        ("vault:a/../b", ["env:SMTP_*"], False),
        ("vault:mail/a", ["env:SMTP_*", "vault:mail/*"], True),
        ("vault:other/a", ["env:SMTP_*", "vault:mail/*"], False),
        ("vault:a:b", ["vault:a:b"], True),
        ("vault:a:c", ["vault:a:b"], False),
        ("other:a", ["env:SMTP_*"], False),
        ("other:a", ["other:*"], True),
        ("env:RECONCILER_PLAN_KEY", ["env:*"], False),
        ("env:MY_KEY", ["env:*"], False),
        ("env:SMTP_BULK", ["env:*"], False),
        ("file:secrets/all.env", ["file:**"], False),
        ("env:A_X", [SCOPED], True),
        ("env:B_X", [SCOPED], False),
        ("vault:a", [SCOPED], True),
        ("file:secrets//a", ["file:**"], False),
        ("file:secrets/./a", ["file:**"], False),
        ("file:secrets/a/", ["file:**"], False),
        ("vault:mail//a", ["vault:**"], False),
        ("env:GITHUB_TOKEN", ["env:*"], False),
        ("env:github_token", ["env:*"], False),
        ("env:STORE_TOKEN", ["env:*"], False),
        ("env:HOUSE_X", ["env:*"], False),
        ("env:HOUSE", ["env:*"], True),
        ("env:SMTP_HOUSE_X", ["env:*"], True),
        ("store:STORE_TOKEN", ["env:*"], False),
        ("store:house_x", ["env:*"], False),
        ("store:MY_KEY", ["env:*"], False),
        ("store:SMTP_BULK", ["env:*"], False),
        ("store:secrets/all.env", ["env:*"], False),
        ("store:mail/circle", ["env:*"], True),
        ("bulk:GITHUB_TOKEN", ["env:*"], False),
        ("bulk:github_token", ["env:*"], False),
        ("bulk:circle", ["env:*"], False),
        ("bulk:SMTP_GITHUB_TOKEN", ["env:*"], True),
        ("file:STORE_TOKEN", ["file:**"], True),
        ("file:home/.ssh/id", ["file:**"], False),
        ("file:a:b/.reconciler/x", ["file:**"], False),
        ("file:secrets/a:b*", ["file:**"], False),
        ("vault:a/.reconciler/x", ["vault:**"], True),
        ("vault:a*", ["vault:**"], False),
        ("env:HOUSE_A:B", ["env:*"], False),
    ],
)
def test_what_a_manifest_may_name(secret: str, allow: list[Any], *, expected: bool) -> None:
    """Globs allow; paths that lead astray, our own keys, and what holds many secrets are never allowed."""
    rules = secrets(*allow, fingerprintKey={"env": "MY_KEY"})
    assert expected == is_allowed(secret, HERE, rules)


def test_a_scope_allows_its_own_manifests_only() -> None:
    """Another client's manifest may not name the secret; a recorded account, without a manifest, may have it."""
    rules = secrets(SCOPED)
    assert (True, False) == (is_allowed("env:A_X", HERE, rules), is_allowed("env:A_X", THERE, rules))
    assert is_allowed_somewhere("env:A_X", rules)
    assert not is_allowed_somewhere("env:B_X", rules)
    assert not is_allowed_somewhere("env:RECONCILER_PLAN_KEY", secrets("env:*"))


FILES = [
    "file:shared/**",
    {"secret": "file:a/**", "manifests": "accounts.d/a/**"},
    {"secret": "file:b/**", "manifests": "accounts.d/b/**"},
]


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("file:b/y", True),
        ("file:shared/y", True),
        ("file:a/y", False),
        ("file:none/y", False),
        ("file:/etc/passwd", False),
        ("file:b/.reconciler/x", False),
        ("file:b/.ssh/id", False),
        ("file:b/all*", False),
    ],
)
def test_a_link_is_named_where_its_file_may_be_named(place: str, *, expected: bool) -> None:
    """The same manifest must be one that may name the file that the link leads to."""
    places = {"file:b/x": place}
    assert expected == is_allowed("file:b/x", THERE, secrets(*FILES), places)
    assert is_allowed("file:b/x", THERE, secrets(*FILES))


def test_a_link_does_not_allow_what_its_own_name_does_not() -> None:
    """A manifest may name neither a link in another's folder to its own file, nor one that leads to itself."""
    rules = secrets(*FILES)
    assert not is_allowed("file:a/x", THERE, rules, {"file:a/x": "file:b/x"})
    assert is_allowed("file:b/x", THERE, rules, {"file:b/x": "file:b/x"})


def test_a_recorded_link_may_lead_where_somebody_may_name_a_file() -> None:
    """Without a manifest the place counts as for any of them."""
    rules = secrets(*FILES)
    assert is_allowed_somewhere("file:b/x", rules, {"file:b/x": "file:a/x"})
    assert not is_allowed_somewhere("file:b/x", rules, {"file:b/x": "file:c/x"})


DEFAULTS = '"env:SMTP_*", "file:secrets/**", '


def in_staging(own: dict[str, Any], **shared: Any) -> Secrets:
    """Return the rules of an environment with secrets of its own."""
    environments = {"staging": {"state": ".reconciler/staging.db", "secrets": own}}
    return in_environment(project(secrets=shared, environments=environments), "staging").secrets


@pytest.mark.parametrize(
    ("rules", "holder", "where", "before"),
    [
        (secrets(), "secrets", " under secrets", DEFAULTS),
        (secrets("env:OTHER_*"), "secrets", "", ""),
        (
            in_staging({"allow": ["env:STAGE_*"]}),
            "environments.staging.secrets",
            " under environments.staging.secrets",
            "",
        ),
        (in_staging({}, allow=["env:SHARED_*"]), "secrets", "", ""),
        (in_staging({}), "environments.staging.secrets", " under environments.staging.secrets", DEFAULTS),
    ],
)
def test_the_line_to_write_says_where_it_counts(rules: Secrets, holder: str, where: str, before: str) -> None:
    """Below the environment that has rules of its own; the defaults stand in the line where it takes their place."""
    line = f'have the owner of the project file add{where}\n    allow: [{before}"env:A", "env:B"]'
    assert line == ask_to_allow(["env:A", "env:B"], rules)
    why = why_refused("env:A", HERE, rules)
    assert why is not None
    assert f"{HERE} names env:A, but {holder}.allow in the project file covers env:" in why
    assert why.endswith(f'have the owner of the project file add{where}\n    allow: [{before}"env:A"]')


@pytest.mark.parametrize(
    ("manifests", "scope"),
    [
        (["accounts.d/eu/a.yaml"], '"accounts.d/eu/a.yaml"'),
        (["accounts.d/eu/a.yaml", "accounts.d/eu/a.yaml"], '"accounts.d/eu/a.yaml"'),
        (["accounts.d/eu/a.yaml", "accounts.d/eu/b.yaml"], '"accounts.d/eu/**"'),
        (["accounts.d/eu/pl/a.yaml", "accounts.d/eu/de/b.yaml"], '"accounts.d/eu/**"'),
        (["accounts.d/eu/a.yaml", "accounts.d/europe/b.yaml"], '"accounts.d/**"'),
    ],
)
def test_the_line_to_write_is_for_the_manifests_that_name_the_secret(manifests: list[str], scope: str) -> None:
    """Where other entries are for some manifests alone, one for all would let every other manifest name the secret."""
    rules = secrets({"secret": "env:SMTP_*", "manifests": "accounts.d/us/**"})
    line = ask_to_allow(["env:A"], rules, manifests)
    assert line.endswith(f'\n    allow: [{{secret: "env:A", manifests: {scope}}}]')
    written = yaml.safe_load(line.partition("allow: ")[2])
    widened = secrets(*(each.model_dump() for each in rules.allow if not isinstance(each, str)), *written)
    assert all(is_allowed("env:A", manifest, widened) for manifest in manifests)
    assert not is_allowed("env:A", "other/c.yaml", widened)


def test_a_refusal_asks_for_its_own_manifest_alone() -> None:
    """What stands in the message is the entry for the manifest that was refused."""
    why = why_refused("env:A", HERE, secrets({"secret": "env:SMTP_*", "manifests": "accounts.d/us/**"}))
    assert why is not None
    assert why.endswith(f'allow: [{{secret: "env:A", manifests: "{HERE}"}}]')
