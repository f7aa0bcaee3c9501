"""Environments: the project as it stands in one of them, and what the project file may not say of them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from reconciler.model.environments import in_environment
from reconciler.model.project import Project
from reconciler.model.text.projectkeys import split_key

STAGING = {"state": "sqlite:///staging.db"}
PRODUCTION = {"state": "sqlite:///production.db"}


def project(environments: dict[str, Any], **more: Any) -> Project:
    """Return a project with environments."""
    head = {"apiVersion": "reconciler/v1", "kind": "Project", "metadata": {"name": "mail"}}
    return Project.model_validate({**head, "environments": environments, **more}, by_name=False)


def test_what_an_environment_has_takes_the_place_of_the_projects() -> None:
    """State, operator, platform and consumers as a whole, of secrets each field; all else stays the project's."""
    own = {
        **STAGING,
        "operator": {"email": "staging@example.com"},
        "platform": {"approval": "automatic"},
        "secrets": {"allow": ["env:STAGING_*"]},
        "consumers": {"web": {"type": "files", "path": "/srv/web", "format": "json", "accounts": ["*"]}},
    }
    declared = project(
        {"staging": own, "production": PRODUCTION},
        operator={"email": "ops@example.com"},
        secrets={"allow": ["env:SMTP_*"], "firstUse": "grant"},
        guards={"maxDeletes": {"count": 1}},
    )
    staging, production = (in_environment(declared, name) for name in ("staging", "production"))
    assert ("mail@staging", "mail@production") == (staging.metadata.name, production.metadata.name)
    assert ("sqlite:///staging.db", "sqlite:///production.db") == (staging.state, production.state)
    assert ("staging@example.com", "ops@example.com") == tuple(
        each.operator.email for each in (staging, production) if each.operator
    )
    assert ("automatic", "manual") == (staging.platform.approval, production.platform.approval)
    assert (("env:STAGING_*",), ("env:SMTP_*",)) == (staging.secrets.allow, production.secrets.allow)
    assert ("grant", "grant") == (staging.secrets.first_use, production.secrets.first_use)
    assert (["web"], []) == (list(staging.consumers), list(production.consumers))
    assert declared.guards == staging.guards
    assert declared.guards == production.guards
    assert {} == staging.environments


@pytest.mark.parametrize(
    ("shared", "own", "field", "holder"),
    [
        ({"allow": ["env:*"]}, None, "allow", "secrets"),
        ({"allow": ["env:*"]}, {"firstUse": "grant"}, "allow", "secrets"),
        ({"allow": ["env:*"]}, {"allow": ["env:*"]}, "allow", "environments.staging.secrets"),
        ({}, {"fingerprintKey": {"env": "KEY"}}, "fingerprintKey", "environments.staging.secrets"),
        ({"allow": ["env:*"]}, None, "grants", "environments.staging.secrets"),
        ({"grants": []}, None, "grants", "secrets"),
        ({"grants": []}, {"grants": []}, "grants", "environments.staging.secrets"),
    ],
)
def test_rules_know_where_they_are_written(
    shared: dict[str, Any], own: dict[str, Any] | None, field: str, holder: str
) -> None:
    """What is to be written goes where it counts in this environment, and into the project's only where that is written."""
    staging = {**STAGING, **({"secrets": own} if own is not None else {})}
    declared = project({"staging": staging, "production": PRODUCTION}, secrets=shared)
    assert holder == in_environment(declared, "staging").secrets.holder_of(field)
    assert "secrets" == declared.secrets.holder_of(field)


@pytest.mark.parametrize(
    ("own", "others", "is_barred"),
    [
        ({"allow": ["env:*"]}, {"allow": ["env:*"]}, True),
        ({"allow": ["env:STAGING_*"]}, {"allow": ["env:PROD_*"]}, False),
        ({"allow": ["env:STAGING_*"]}, {"allow": ["env:*"]}, True),
        ({"allow": ["env:STAGING_*"]}, {"allow": [{"secret": "env:ST*", "manifests": "x/**"}]}, True),
        ({"allow": ["env:*"], "firstUse": "allow"}, {"allow": ["env:*"]}, False),
        ({"allow": ["env:STAGING_*"], "firstUse": "grant"}, {"allow": ["env:PROD_*"]}, True),
    ],
)
def test_a_secret_that_another_environment_may_name_needs_a_grant(
    own: dict[str, Any], others: dict[str, Any], *, is_barred: bool
) -> None:
    """State has not seen it, but the other's may have: unless each has its own, or the environment says otherwise."""
    declared = project({"staging": {**STAGING, "secrets": own}, "production": {**PRODUCTION, "secrets": others}})
    secrets = in_environment(declared, "staging").secrets
    assert is_barred == secrets.bars_first_use("env:STAGING_SALES")
    assert is_barred == secrets.model_copy().bars_first_use("env:STAGING_SALES")


def test_a_source_that_is_open_to_all_manifests_is_open_in_every_environment() -> None:
    """A source of secrets that no entry speaks of counts as one that the other may name."""
    declared = project(
        {"staging": STAGING, "production": PRODUCTION}, secrets={"sources": {"vault": {"command": ["v", "{key}"]}}}
    )
    assert in_environment(declared, "staging").secrets.bars_first_use("vault:mail/sales")


def test_a_state_from_before_goes_on_under_the_projects_own_name() -> None:
    """``adopted`` keeps the key of the state as it was; no other environment can have that one."""
    declared = project({"staging": STAGING, "production": {**PRODUCTION, "adopted": True}})
    assert "mail" == in_environment(declared, "production").metadata.name
    assert (("mail", None), ("mail", "staging")) == (split_key("mail"), split_key("mail@staging"))


@pytest.mark.parametrize(
    ("environments", "more"),
    [
        ({"staging": STAGING}, {"state": "sqlite:///x.db"}),
        ({"staging": STAGING}, {"consumers": {}}),
        ({"staging": STAGING, "production": STAGING}, {}),
        ({"staging": {**STAGING, "adopted": True}, "production": {**PRODUCTION, "adopted": True}}, {}),
        ({"staging": {**STAGING, "overlay": "accounts.d/staging"}}, {}),
        ({"staging": {**STAGING, "overlay": "./accounts.d/"}}, {}),
        ({"staging": {**STAGING, "overlay": "."}}, {}),
        ({"staging": {**STAGING, "overlay": "over"}, "production": {**PRODUCTION, "overlay": "over/production"}}, {}),
        ({"staging": {}}, {}),
        ({"Staging": STAGING}, {}),
        ({"a@b": STAGING}, {}),
    ],
)
def test_what_would_mix_environments_is_refused(environments: dict[str, Any], more: dict[str, Any]) -> None:
    """A state at the top, one state or adopted state for two, an overlay among manifests or another's, odd names."""
    with pytest.raises(ValidationError):
        project(environments, **more)


def test_environments_may_share_a_folder_of_overlays() -> None:
    """Two staging environments may have the same changes."""
    project({"a": {**STAGING, "overlay": "over"}, "b": {**PRODUCTION, "overlay": "over"}})
