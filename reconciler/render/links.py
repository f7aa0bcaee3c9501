"""Addresses at the code host that a plan's comment leads to: the run, the page, and files at their lines.

They are made of what a CI system says of itself, and only addresses that are nothing else are taken: a bracket or a
space would end a link of Markdown.
"""

from __future__ import annotations

import re
from dataclasses import field
from typing import TYPE_CHECKING
from urllib.parse import quote

from reconciler.classes import FrozenByName

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.diagnostics import Location

PAGE_VARIABLE = "RECONCILER_PLAN_PAGE"
"""Where a job says that it puts the plan's page."""
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]+)?(?:/[A-Za-z0-9._~:/?#@!$&*+,;=%-]*)?")


class Links(FrozenByName):
    """What is known of the run; None where the CI system does not tell it."""

    run: str | None = None
    page: str | None = None
    files: str | None = None
    """The address of the project folder's files at the commit that was planned, with a slash at its end."""
    places: Mapping[str, Location] = field(default_factory=dict)
    """Where each account is declared."""

    def to(self, place: Location) -> str | None:
        """Return the address of a place in a file, at its line."""
        if self.files is None:
            return None
        line = f"#L{place.line}" if place.line is not None else ""
        return f"{self.files}{quote(place.file)}{line}"


NO_LINKS = Links()


def links_of(environ: Mapping[str, str], *, folder: str, places: Mapping[str, Location]) -> Links:
    """Return what GitHub Actions, Gitea, Forgejo or GitLab CI tell a job; ``folder`` is the project's in the repository."""
    repository = _address(f"{environ.get('GITHUB_SERVER_URL', '')}/{environ.get('GITHUB_REPOSITORY', '')}")
    run = environ.get("GITHUB_RUN_ID", "")
    commit = environ.get("GITHUB_SHA", "")
    run_address = f"{repository}/actions/runs/{run}" if repository and run.isalnum() else None
    blob = "blob"
    if environ.get("GITLAB_CI"):
        repository, commit = _address(environ.get("CI_PROJECT_URL", "")), environ.get("CI_COMMIT_SHA", "")
        run_address, blob = _address(environ.get("CI_JOB_URL", "")), "-/blob"
    inside = f"{quote(folder)}/" if folder not in {"", "."} else ""
    return Links(
        run=run_address,
        page=_address(environ.get(PAGE_VARIABLE, "")),
        files=f"{repository}/{blob}/{commit}/{inside}" if repository and commit.isalnum() else None,
        places=places,
    )


def _address(text: str) -> str | None:
    """Return text that is an address and nothing else."""
    return text if _ADDRESS.fullmatch(text) else None
