"""A folder of programs that stand in for those of secret stores, with the same secrets behind all of them.

stores = Stores(folder, {"sales": "a password"})
...  # with stores.folder first on PATH, and what ``stores.logged_in(PROGRAM)`` returns in the environment
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from tests.support import storeprograms
from tests.support.storeprograms import PROGRAMS, TOKEN

if TYPE_CHECKING:
    from pathlib import Path


class Stores:
    """All the programs in one folder, with the same secrets behind them."""

    def __init__(self, folder: Path, passwords: dict[str, str]) -> None:
        """Write the programs; ``passwords`` are by the names of accounts."""
        self.folder = folder
        folder.mkdir()
        self.write(passwords)
        for name in PROGRAMS:
            program = folder / name
            program.write_text(
                f"#!{sys.executable} -IS\nimport runpy\n"
                f"runpy.run_path({storeprograms.__file__!r}, {{'PROGRAM': __file__}}, '__main__')\n",
                encoding="utf-8",
            )
            program.chmod(0o755)
        (folder / "google").mkdir()
        (folder / "google" / "logged-in").touch()
        (folder / "azure").mkdir()
        (folder / "azure" / "logged-in").touch()

    def write(self, passwords: dict[str, str]) -> None:
        """Change what all the stores hold."""
        (self.folder / "passwords.json").write_text(json.dumps(passwords), encoding="utf-8")

    def logged_in(self, program: str) -> dict[str, str]:
        """Return the variables by which somebody is logged in to a store."""
        return {
            "vault": {"VAULT_TOKEN": TOKEN},
            "op": {"OP_SERVICE_ACCOUNT_TOKEN": TOKEN},
            "sops": {"SOPS_AGE_KEY": TOKEN},
            "aws": {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": TOKEN, "AWS_REGION": "eu-central-1"},
            "gcloud": {"CLOUDSDK_CONFIG": str(self.folder / "google")},
            "az": {"AZURE_CONFIG_DIR": str(self.folder / "azure")},
            "bws": {"BWS_ACCESS_TOKEN": TOKEN},
            "bw": {"BW_SESSION": TOKEN},
        }[program]

    def encrypted(self) -> str:
        """Return what ``sops encrypt`` would write of the passwords, as far as the stand-in reads it."""
        passwords = json.loads((self.folder / "passwords.json").read_text(encoding="utf-8"))
        lines = [f"{name}: ENC[AES256_GCM,data:{value.encode().hex()},type:str]" for name, value in passwords.items()]
        return "\n".join([*lines, "sops:", "    version: 3.9.0", ""])
