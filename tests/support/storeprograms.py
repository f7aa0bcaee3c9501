"""Stand-ins for the programs of secret stores: their arguments, answers, exit codes and refusals, as documented.

Each takes the command lines that it knows and refuses every other, so that a flag that the real program does not have is
found. What a program writes to standard error holds ``LEAK``, which nobody may show. ``stores`` writes a script for each,
which runs this file; the passwords, by name, lie beside the scripts.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

LEAK = "canary-Stderr-71c2"
TOKEN = "token-of-the-log-in"
JOB_TOKEN = "token-of-the-job"
PROJECT_ID = "5c0b1e5e-9f0c-4d59-a5a4-b2f300c1d2e3"
PROGRAMS = ("vault", "op", "sops", "aws", "gcloud", "az", "bws", "bw", "jq")


def dotenv(passwords: dict[str, str]) -> str:
    """Return passwords as lines, by names in capitals."""
    return "".join(f"{name.upper()}_PASSWORD='{value}'\n" for name, value in passwords.items())


def _end(code: int, said: str) -> None:
    sys.stderr.write(f"{said} {LEAK}\n")
    sys.exit(code)


def _vault(words: list[str], passwords: dict[str, str], environ: dict[str, str]) -> str:
    if words[:2] == ["write", "-field=token"]:
        if words[2:] != ["auth/jwt/login", "role=reconciler", "jwt=-"]:
            _end(1, f"Failed to parse K=V data: {words}")
        if sys.stdin.read() != f"{JOB_TOKEN} for https://vault.example.com":
            _end(2, "Error writing data to auth/jwt/login: Code: 400. Errors: * error validating token")
        return TOKEN
    if words[:3] != ["kv", "get", "-mount=secret"] or len(words) != 5:
        _end(1, f"flag provided but not defined, or not enough arguments: {words}")
    if environ.get("VAULT_TOKEN") != TOKEN:
        _end(2, "Error making API request. Code: 403. Errors: * permission denied")
    flag, path = words[3:]
    if flag == "-format=json" and path == "mail":
        answer = {"request_id": "1", "lease_id": "", "lease_duration": 0, "renewable": False}
        return json.dumps({**answer, "data": {"data": passwords, "metadata": {"version": 4}}, "warnings": None}) + "\n"
    name = path.removeprefix("mail/")
    if name not in passwords:
        _end(2, f"No value found at secret/data/{path}")
    if flag != "-field=password":
        _end(1, f'Field "{flag}" not present in secret')
    return passwords[name]


def _op(words: list[str], passwords: dict[str, str], environ: dict[str, str]) -> str:
    if words[:2] != ["read", "--no-newline"] or len(words) != 3:
        _end(1, f"[ERROR] unknown flag or command: {words}")
    if environ.get("OP_SERVICE_ACCOUNT_TOKEN") != TOKEN:
        _end(1, "[ERROR] No accounts configured for use with 1Password CLI.")
    if words[2] == "op://mail/accounts/notesPlain":
        return dotenv(passwords)
    vault, item, field = words[2].removeprefix("op://").split("/")
    if (vault, field) != ("mail", "password") or item not in passwords:
        _end(1, f'[ERROR] could not read secret \'{words[2]}\': "{item}" isn\'t an item in the "{vault}" vault.')
    return passwords[item]


def _sops(words: list[str], _passwords: dict[str, str], environ: dict[str, str]) -> str:
    *flags, path = words
    if flags not in (
        ["decrypt", "--output-type", "json"],
        ["decrypt", "--input-type", "yaml", "--output-type", "json"],
    ):
        _end(1, f"flag provided but not defined: {words}")
    if not Path(path).exists():
        _end(100, "Error: cannot operate on non-existent file")
    text = Path(path).read_text(encoding="utf-8")
    if "\nsops:\n" not in text:
        _end(1, "sops metadata not found")
    if environ.get("SOPS_AGE_KEY") != TOKEN:
        _end(128, "Failed to get the data key required to decrypt the SOPS file.")
    values = {}
    for line in text.partition("\nsops:")[0].splitlines():
        name, _, value = line.partition(": ")
        values[name] = bytes.fromhex(value.partition("data:")[2].partition(",")[0]).decode()
    return json.dumps(values, indent="\t") + "\n"


def _aws(words: list[str], passwords: dict[str, str], environ: dict[str, str]) -> str:
    if words[:3] != ["secretsmanager", "get-secret-value", "--secret-id"] or words[4:] != [
        "--query",
        "SecretString",
        "--output",
        "text",
    ]:
        _end(252, f"aws: error: the following arguments are required, or unknown options: {words}")
    token_file = environ.get("AWS_WEB_IDENTITY_TOKEN_FILE")
    by_token = (
        token_file is not None
        and environ.get("AWS_ROLE_ARN") == "arn:aws:iam::123456789012:role/reconciler"
        and Path(token_file).read_text(encoding="utf-8") == f"{JOB_TOKEN} for sts.amazonaws.com"
    )
    if not by_token and environ.get("AWS_SECRET_ACCESS_KEY") != TOKEN:
        _end(253, "Unable to locate credentials. You can configure credentials by running 'aws configure'.")
    if "AWS_REGION" not in environ:
        _end(253, "You must specify a region. You can also configure your region by running 'aws configure'.")
    if words[3] == "mail":
        return json.dumps(passwords) + "\n"
    name = words[3].removeprefix("mail/")
    if name not in passwords:
        _end(254, "An error occurred (ResourceNotFoundException) when calling the GetSecretValue operation")
    return passwords[name] + "\n"


_PROVIDER = "projects/123456789012/locations/global/workloadIdentityPools/ci/providers/github"


def _gcloud(words: list[str], passwords: dict[str, str], environ: dict[str, str]) -> str:
    options = dict(word.removeprefix("--").split("=", 1) for word in words if word.startswith("--") and "=" in word)
    plain = [word for word in words if "=" not in word]
    config = Path(environ.get("CLOUDSDK_CONFIG", "/nowhere"))
    if plain == ["iam", "workload-identity-pools", "create-cred-config", _PROVIDER]:
        if set(options) != {"service-account", "credential-source-file", "output-file"}:
            _end(2, f"ERROR: unrecognized arguments: {words}")
        source = {"file": options["credential-source-file"]}
        document = {"type": "external_account", "credential_source": source}
        Path(options["output-file"]).write_text(json.dumps(document), encoding="utf-8")
        return ""
    if plain == ["auth", "login", "--quiet"]:
        document = json.loads(Path(options["cred-file"]).read_text(encoding="utf-8"))
        token = Path(document["credential_source"]["file"]).read_text(encoding="utf-8")
        if token != f"{JOB_TOKEN} for https://iam.googleapis.com/{_PROVIDER}":
            _end(1, "ERROR: (gcloud.auth.login) There was a problem refreshing your current auth tokens")
        config.mkdir()
        (config / "logged-in").touch()
        return ""
    if plain != ["secrets", "versions", "access", "latest"] or set(options) != {"secret", "project"}:
        _end(2, f"ERROR: unrecognized arguments: {words}")
    if not (config / "logged-in").exists():
        _end(1, "ERROR: (gcloud.secrets.versions.access) You do not currently have an active account selected.")
    if options["secret"] == "mail":
        return dotenv(passwords)
    name = options["secret"].removeprefix("mail-")
    if name not in passwords:
        _end(1, "ERROR: (gcloud.secrets.versions.access) NOT_FOUND: Secret not found or has no versions.")
    return passwords[name]


def _az(words: list[str], passwords: dict[str, str], environ: dict[str, str]) -> str:
    config = Path(environ.get("AZURE_CONFIG_DIR", "/nowhere"))
    if words[:2] == ["login", "--service-principal"]:
        expected = ["--username", "client", "--tenant", "tenant", "--allow-no-subscriptions", "--federated-token"]
        if words[2:8] != expected or words[9:] != ["--output", "none"]:
            _end(2, f"unrecognized arguments: {words}")
        if words[8] != f"{JOB_TOKEN} for api://AzureADTokenExchange":
            _end(1, "AADSTS700213: No matching federated identity record found")
        config.mkdir()
        (config / "logged-in").touch()
        return ""
    if [*words[:5], *words[6:]] != [
        *("keyvault", "secret", "show", "--vault-name", "example-mail", "--query", "value", "--output", "tsv")
    ] and [*words[:6], *words[7:]] != [
        *("keyvault", "secret", "show", "--vault-name", "example-mail", "--name", "--query", "value", "--output", "tsv")
    ]:
        _end(2, f"unrecognized arguments: {words}")
    if not (config / "logged-in").exists():
        _end(1, "Please run 'az login' to setup account.")
    if words[6] == "mail":
        return json.dumps(passwords) + "\n"
    name = words[6].removeprefix("mail-")
    if name not in passwords:
        _end(3, f"(SecretNotFound) A secret with (name/id) {words[6]} was not found in this key vault.")
    return passwords[name] + "\n"


def _bws(words: list[str], passwords: dict[str, str], environ: dict[str, str]) -> str:
    if words[:5] != ["run", "--no-inherit-env", "--project-id", PROJECT_ID, "--"]:
        _end(2, f"error: unexpected argument found: {words}")
    if environ.get("BWS_ACCESS_TOKEN") != TOKEN:
        _end(1, "Error: Missing access token")
    given = {f"{name.upper()}_PASSWORD": value for name, value in passwords.items()}
    os.execve("/bin/sh", ["sh", "-c", " ".join(words[5:])], {"PATH": environ["PATH"], **given})  # noqa: S606
    raise AssertionError


def _bw(words: list[str], passwords: dict[str, str], environ: dict[str, str]) -> str:
    place = environ.get("BITWARDENCLI_APPDATA_DIR")
    if words == ["login", "--apikey", "--quiet"]:
        if (environ.get("BW_CLIENTID"), environ.get("BW_CLIENTSECRET")) != ("user.1", TOKEN) or place is None:
            _end(1, "client_id or client_secret is incorrect. Try again.")
        Path(place or "").mkdir()
        return ""
    if words == ["unlock", "--passwordenv", "BW_PASSWORD", "--raw"]:
        if place is None or not Path(place).is_dir():
            _end(1, "You are not logged in.")
        return TOKEN if environ.get("BW_PASSWORD") == TOKEN else ""
    if words[:2] != ["get", "password"] or words[3:] != ["--nointeraction"]:
        _end(1, f"error: unknown option: {words}")
    if environ.get("BW_SESSION") != TOKEN:
        _end(1, "Vault is locked.")
    name = words[2].removeprefix("mail-")
    if name not in passwords:
        _end(1, "Not found.")
    return passwords[name]


def _jq(words: list[str], _passwords: dict[str, str], environ: dict[str, str]) -> str:
    if words != ["-n", "env"]:
        _end(2, f"jq: error: {words}")
    return json.dumps(environ, indent=2) + "\n"


def _main() -> None:
    program = Path(globals()["PROGRAM"])
    passwords = json.loads((program.parent / "passwords.json").read_text(encoding="utf-8"))
    answer = globals()[f"_{program.name}"](sys.argv[1:], passwords, dict(os.environ))
    sys.stdout.write(answer)


if __name__ == "__main__":
    _main()
