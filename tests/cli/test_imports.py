"""A verb imports what it needs: what is slow to load and serves other verbs stays unloaded."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.project import environment, marketing_account

if TYPE_CHECKING:
    from tests.cli.project import Project

ELSEWHERE = {
    "rich",
    "jsonschema",
    "dns",
    "cryptography",
    "psycopg",
    "jinja2",
    "http",
    "xml",
    "smtplib",
    "email_validator",
}
"""Of the reading of manifests and state no part."""
UNNEEDED = {
    "email",
    "importlib.metadata",
    "concurrent",
    "logging",
    "html.entities",
    "tempfile",
    "csv",
    "zipfile",
    "subprocess",
    "shutil",
}
"""Of the standard library, what no check of manifests needs."""
NETWORK = {"asyncio", "ssl", "reconciler.smtp", "reconciler.verification", "reconciler.oauth2", "reconciler.sending"}
STATE = {"sqlite3", "reconciler.store.store", "reconciler.store.journal", "reconciler.model.journal.payloads"}
PLANS = {"reconciler.model.plan", "reconciler.planfile", "reconciler.rules.apply"}
SECRETS = {"reconciler.programs", "reconciler.secrets.ownkeys", "reconciler.model.text.legible"}
"""Nothing is run for secrets, and none compared."""
DECLARED = {
    "reconciler.model.granted",
    "reconciler.model.secrets.sources",
    "reconciler.model.consumers.settings",
    "reconciler.model.divisions",
    "reconciler.model.accounts.oauth2",
    "reconciler.model.accounts.passage",
}
"""What neither this project file nor its manifests name."""
UNUSED = {
    "reconciler.secrets.sources.declared",
    "reconciler.secrets.envfile",
    "reconciler.model.environments",
    "reconciler.render.json",
    "reconciler.model.journal.payloads",
}
"""Sources, files of variables, environments, forms for programs and the journal's payloads, where there is none of them."""
ASKED_FOR = {
    "reconciler.model.schema",
    "reconciler.model.text.addresses",
    "reconciler.rules.plan.shards",
    "reconciler.rules.accounts.platform",
    "reconciler.rules.accounts.wording",
    "reconciler.rules.secrets.causes",
    "reconciler.rules.secrets.grantblock",
    "reconciler.model.verification.briefly",
    "reconciler.model.verification.codes",
    "reconciler.model.verification.missing",
    "reconciler.model.journal.entries",
    "reconciler.operations.conversations.trust",
    "reconciler.store.jsonpieces",
    "reconciler.store.senders",
    "reconciler.store.sqlite.longtext",
    "reconciler.store.vouched",
    "reconciler.render.text.parts.grouping",
    "reconciler.render.text.parts.tables",
    "reconciler.render.text.plan.blocked",
    "reconciler.render.text.plan.full",
}
"""What a plan of new accounts that are all right does not ask: parts, grants, failures, long texts, views of the state."""
SEALED = {"reconciler.planfile", "reconciler.rules.apply"}
"""What a plan that is only looked at is not: saved, sealed and reviewed."""
SITE = {"reconciler.render.html", "reconciler.consumers", "reconciler.adoption"}

PARSER = {"yaml"}
"""What is plain is read without it."""

UNLOADED = {
    "--help": {"pydantic", *PARSER, *ELSEWHERE, *NETWORK, *STATE, *PLANS, *SITE},
    "validate": {
        *ELSEWHERE,
        *UNNEEDED,
        *SECRETS,
        *DECLARED,
        *UNUSED,
        *ASKED_FOR,
        *PARSER,
        *NETWORK,
        *STATE,
        *PLANS,
        *SITE,
        "reconciler.model.verification.evidence",
    },
    "plan --depth offline": {
        *ELSEWHERE,
        *SECRETS,
        *DECLARED,
        *UNUSED,
        *ASKED_FOR,
        *SEALED,
        *PARSER,
        *SITE,
        "reconciler.oauth2",
        "reconciler.sending",
        "reconciler.contacts",
    },
    "accounts list": {*ELSEWHERE, *SITE, "reconciler.oauth2", "reconciler.sending", "reconciler.planfile"},
    "history": {*ELSEWHERE, *SITE, "reconciler.oauth2", "reconciler.sending", "reconciler.planfile"},
}
LOADED = (
    "import sys\n"
    "from reconciler.__main__ import main\n"
    "try:\n"
    "    main()\n"
    "finally:\n"
    "    print(*sys.modules, sep='\\n', file=sys.stderr)\n"
)


@pytest.mark.parametrize("words", UNLOADED, ids=lambda words: words.split()[0])
def test_a_verb_imports_what_it_needs(project: Project, words: str) -> None:
    """Nothing is loaded of what is slow to load and the verb does not use."""
    project.write_project("verification: {domainChecks: off}\n")
    project.write_account("news", marketing_account("news"))
    assert set() == _loaded(project, words) & UNLOADED[words]


def test_a_plan_that_is_told_again_needs_no_model(project: Project) -> None:
    """Where nothing has changed and no secret is read, neither pydantic is imported, nor a database, nor any rule."""
    project.write_account("news", marketing_account("news"))
    project.run_well("apply", "--auto-approve", "--depth", "offline")
    project.run_well("plan", "--depth", "offline")
    loaded = _loaded(project, "plan --depth offline")
    assert set() == loaded & {"pydantic", "pydantic_core", "yaml", *ELSEWHERE, *NETWORK, *STATE, *PLANS, *SITE}
    assert [] == [each for each in loaded if each.startswith("reconciler.rules")]


_TEXTS = (
    "import sys\n"
    "from reconciler.__main__ import main\n"
    "try:\n"
    "    main()\n"
    "finally:\n"
    "    from pydantic import BaseModel\n"
    "    def below(model):\n"
    "        return {model}.union(*map(below, model.__subclasses__()))\n"
    "    for model in below(BaseModel):\n"
    "        kinds = vars(model).get('__annotations__', {})\n"
    "        texts = [name for name in model.model_fields if isinstance(kinds.get(name), str)]\n"
    "        if model.__module__.startswith('reconciler') and texts:\n"
    "            print('evaluated:', model.__name__, *texts, file=sys.stderr)\n"
)


@pytest.mark.parametrize("words", ["validate", "plan --depth offline"], ids=lambda words: words.split()[0])
def test_no_field_of_a_model_that_every_command_needs_is_declared_by_a_text(project: Project, words: str) -> None:
    """Pydantic would compile and evaluate it in each process anew."""
    project.write_account("news", marketing_account("news"))
    told = _told_by(_TEXTS, project, words)
    assert [] == [line for line in told if line.startswith("evaluated:")]


def _loaded(project: Project, words: str) -> set[str]:
    return set(_told_by(LOADED, project, words))


def _told_by(program: str, project: Project, words: str) -> list[str]:
    finished = subprocess.run(
        [sys.executable, "-c", program, *words.split()],
        cwd=project.folder,
        env=environment(),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert 0 == finished.returncode, finished.stderr
    return finished.stderr.splitlines()
