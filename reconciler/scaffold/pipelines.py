"""The pipelines of a project, made from templates: whatever two of them could meet in carries the project's name.

A template's line that begins with marks is for pipelines of those kinds only; ``@NAME@`` stands for a value.
"""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING, Literal

from reconciler import DISTRIBUTION, POSTGRES_DISTRIBUTION, __version__
from reconciler.classes import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

CISystem = Literal["github", "gitlab", "none"]
StateKind = Literal["sqlite", "postgresql"]
Approval = Literal["environments", "comments"]
"""Who lets a job have secrets: the reviewers of GitHub's environments, or a comment of somebody who may write."""

_KINDS = "sqlite|postgresql|file|environments|comments|one|many|root|folder|quiet"
_ONLY_FOR = re.compile(rf"(?:@(?:{_KINDS})@)+")
"""The marks at the beginning of a template's line that is for some kinds of pipelines only."""
_ENVIRONMENT = "$RECONCILER_ENVIRONMENT"
FOLDER_CHARACTERS = re.compile(r"[A-Za-z0-9._/-]+")
"""What a folder's path below the root of the repository may have: both systems read it as a pattern, and as shell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """What a pipeline is written for."""

    ci: Literal["github", "gitlab"]
    project: str
    folder: str = "."
    """The project folder, relative to the root of the repository."""
    state: StateKind = "sqlite"
    """Where state is, of a project without environments."""
    environments: Mapping[str, StateKind]
    """Where the state of each environment is; empty for a project that has none."""
    approval: Approval = "environments"

    @property
    def path(self) -> str:
        """The path of its file, relative to the root of the repository."""
        if self.ci == "gitlab":
            return ".gitlab-ci.yml" if self.folder == "." else f"{self.folder}/.gitlab-ci.yml"
        return f".github/workflows/{self._base_name}"

    @property
    def _base_name(self) -> str:
        return "reconciler.yml" if self.folder == "." else f"reconciler-{self.project}.yml"

    @property
    def requirements(self) -> str:
        """The path of the list of packages with their hashes, relative to the root of the repository."""
        name = "reconciler" if self.folder == "." else f"reconciler-{self.project}"
        return f".{self.ci}/{name}-requirements.txt"

    def texts(self) -> dict[str, str]:
        """Return its files by their paths: the pipeline, and what is installed by it."""
        packages = files("reconciler.scaffold") / "requirements" / "run.txt"
        return {self.path: self.text(), self.requirements: packages.read_text(encoding="utf-8")}

    def text(self) -> str:
        """Return the pipeline."""
        values, kinds = self._values(), self._kinds()
        text = filled(f"{self.ci}.yml", values, kinds)
        if self.ci == "gitlab":
            for name in self.environments:
                text += filled("gitlab-environment.yml", {**values, "HERE": name}, kinds)
        return text

    def _kinds(self) -> set[str]:
        states = self._states()
        kinds: set[str] = {*states, self.approval}
        kinds.add("many" if self.environments else "one")
        kinds.add("root" if self.folder == "." else "folder")
        if "postgresql" not in states:
            kinds.add("file")
        if self.environments or self.folder != ".":
            kinds.add("quiet")  # a comment can be meant for somebody else
        return kinds

    def _states(self) -> set[StateKind]:
        return set(self.environments.values()) or {self.state}

    def _values(self) -> dict[str, str]:
        states = self._states()
        names = list(self.environments)
        by_command = "" if self.folder == "." else f" {self.project}"
        form = "" if self.folder == "." else f"&var%5BIN_PROJECT%5D={self.project}"
        values = {
            "VERSION": __version__,
            "PACKAGE": POSTGRES_DISTRIBUTION if "postgresql" in states else DISTRIBUTION,
            "PROJECT": self.project,
            "FOLDER": self.folder,
            "BASENAME": self._base_name,
            "FILE": f'"{self.path}" "{self.requirements}"',
            "REQUIREMENTS": self.requirements,
            "LASTING": ", but for a state that is a file" if "sqlite" in states else "",
            "WORKFLOW": "reconciler" if self.folder == "." else f"reconciler {self.project}",
            "ASK": by_command,
            "OURS": "" if self.folder == "." else f' && $IN_PROJECT == "{self.project}"',
            "EXPORT": self._export(),
        }
        if not names:
            return values | {
                "SHOWN": self.project, "PLACE": f"reconciler/{self.project}", "KEY": self.project, "AT": " ",
                "ENV": "", "ENV_HINT": "", "ENV_OF_EACH": "", "MATRIX": "", "MATRIX_PLACE": "", "HERE": "",
                "BRANCHES": f"reconciler/{self.project}", "BRANCHES_OF_EACH": f"reconciler/{self.project}",
                "MARK": self.project, "WORDS": "state", "OR_ONE": "", "FORM": form, "REPORT": f"{self.project}-verification.xml",
            }  # fmt: skip
        return values | {
            "SHOWN": f"{self.project}, ${{{{ matrix.environment }}}}",
            "PLACE": f"reconciler/{self.project}/ENVIRONMENT",
            "KEY": f"{self.project}@{_ENVIRONMENT}",
            "AT": "@",
            "ENV": f'--env "{_ENVIRONMENT}" ',
            "ENV_HINT": "--env ENVIRONMENT ",
            "ENV_OF_EACH": '--env "$each" ',
            "BRANCHES": f"reconciler/{self.project}/{_ENVIRONMENT}",
            "BRANCHES_OF_EACH": f"reconciler/{self.project}/$each",
            "MARK": f"{self.project}/{_ENVIRONMENT}",
            "MATRIX": "${{ matrix.environment }}-",
            "MATRIX_PLACE": "${{ matrix.environment }}/",
            "HERE": f" {_ENVIRONMENT}",
            "OR_ONE": f", or one environment beside it, such as \\`/apply{by_command} {names[0]}\\`",
            "ENVIRONMENTS": ", ".join(names),
            "WORDS": " ".join(names),
            "LISTED": " or ".join(names),
            "FORM": f"{form}&var%5BIN_ENVIRONMENT%5D={_ENVIRONMENT}",
            "REPORT": f"{self.project}-{_ENVIRONMENT}-verification.xml",
            "EACH": f"{{{','.join(names)}}}" if len(names) > 1 else names[0],
            "FIRST": names[0],
            "OTHERS": " | ".join(f'"/apply{by_command} {each}"' for each in names),
        }

    def _export(self) -> str:
        """Return the line of shell that names a state which is a file, where it is one."""
        if not self.environments:
            return 'export RECONCILER_STATE="sqlite:///$RECONCILER_HOME/state.db"'
        line = f'export RECONCILER_STATE="sqlite:///$RECONCILER_HOME/{_ENVIRONMENT}/state.db"'
        in_files = [name for name, state in self.environments.items() if state == "sqlite"]
        if len(in_files) == len(self.environments):
            return line
        return f'case "{_ENVIRONMENT}" in {" | ".join(in_files)}) {line} ;; esac'


def filled(template: str, values: Mapping[str, str], kinds: set[str]) -> str:
    """Return a template's lines that are for these kinds, with the values in their places."""
    source = (files("reconciler.scaffold") / "templates" / template).read_text(encoding="utf-8")
    wanted = [(_ONLY_FOR.match(line), line) for line in source.splitlines(keepends=True)]
    text = "".join(
        line[only.end() if only else 0 :]
        for only, line in wanted
        if only is None or kinds.issuperset(only[0].strip("@").split("@@"))
    )
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    return text
