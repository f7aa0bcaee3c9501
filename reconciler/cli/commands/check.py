"""``reconciler check``: the verification of one set of settings, without a project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from reconciler.cli.log import log_options
from reconciler.cli.options import Encryption, format_option
from reconciler.model.servers.terms import ENCRYPTIONS, MECHANISMS
from reconciler.model.verification.depths import DEPTHS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.diagnostics import Diagnostic
    from reconciler.model.adoption.found import FoundAccount
    from reconciler.model.secrets.values import SecretValue
    from reconciler.model.servers.terms import Mechanism
    from reconciler.model.verification.depths import Depth
    from reconciler.operations.adoption.check import Checked

_STDIN = "-"
_MOST_OCTETS = 64 * 1024
_HIGHEST_PORT = 65535


@click.command()
@click.argument("where", metavar="[HOST|URL] [-]", nargs=-1)
@click.option("--from", "source", metavar="SOURCE", help="Take the settings from another program's: KIND:FILE#ACCOUNT.")
@click.option("--host", metavar="HOST", help="The mail server's host name.")
@click.option(
    "--port", type=click.IntRange(1, _HIGHEST_PORT), metavar="PORT", help="The TCP port; by default found out."
)
@click.option("--encryption", type=Encryption(ENCRYPTIONS), help="How to encrypt; by default found out, safest first.")
@click.option("--username", metavar="USER", help="The user name; without it, and without a password, no login is made.")
@click.option("--email", metavar="EMAIL", help="The address to send from; by default the user name, where that is one.")
@click.option("--display-name", metavar="TEXT", help="The name shown with the address, for the manifest.")
@click.option("--password-env", metavar="VAR", help="The variable that holds the password.")
@click.option("--password-file", metavar="PATH", help="The file that holds the password; - reads standard input.")
@click.option("--mechanism", type=click.Choice(MECHANISMS), help="The SASL mechanism; by default the strongest.")
@click.option("--helo-name", metavar="HOST", help="The name given in EHLO.")
@click.option("--ca-file", metavar="PATH", help="PEM file of a private CA, trusted beside the system's.")
@click.option("--name", metavar="NAME", help="What to call the account; by default made of the address.")
@click.option(
    "--depth",
    type=click.Choice(DEPTHS[1:]),
    default="envelope",
    show_default=True,
    help="How far to go; message sends a test message to --operator.",
)
@click.option("--operator", metavar="EMAIL", help="Who receives the test message.")
@click.option("--yes", "is_confirmed", is_flag=True, help="Take the server that is found for --email, where all agree.")
@click.option(
    "--no-domain-checks", is_flag=True, help="Do not look at SPF, DKIM, DMARC and MX of the address's domain."
)
@click.option("--nameserver", "nameservers", metavar="ADDRESS", multiple=True, help="Ask this name server. Repeatable.")
@click.option(
    "--as-manifest", is_flag=True, help="Print the manifest of these settings alone; the checks go to stderr."
)
@log_options
@format_option("text", "json")
def check(*, where: tuple[str, ...], format_: str, as_manifest: bool, **given: Any) -> int:
    """Check mail settings before they are saved anywhere: connect, log in, try the sender.

    No project, no state: nothing is written. Port and encryption that are not given are found out, the safest first, and
    without a login; the password is asked for on the terminal and travels once, never over an unencrypted connection.
    WHERE is a host, or an address such as smtps://USER@HOST:465; a - reads the password from standard input; --from takes
    the settings, password and all, from msmtp, Postfix, a .env file and others that import reads. With --email alone the
    domain is asked where its mail is sent through, and you confirm what it says.

    \b
    Examples:
        reconciler check --host smtp.example.com --username sales@example.com
        reconciler check smtps://sales%40example.com@smtp.example.com:465
        reconciler check smtp.example.com --username you@example.com --as-manifest
        reconciler check smtp.example.com --username you@example.com - < password
        reconciler check --from msmtp:~/.msmtprc#work
        reconciler check --email sales@example.com
    """
    remarks: list[Diagnostic] = []
    found = _found(where, given, remarks)
    checked = _checked(found, given, remarks, reads_stdin=_STDIN in where)
    _put(checked, format_, as_manifest=as_manifest)
    return _exit_code(checked)


def _found(where: Sequence[str], given: dict[str, Any], remarks: list[Diagnostic]) -> FoundAccount:
    """Return the settings that options and the argument say; an option wins over the address."""
    from dataclasses import replace

    from reconciler.model.adoption.found import Security

    found = _without_options(where, given, remarks)
    if given["host"]:
        found = _at(found, given["host"])
    said = {key: given[key] for key in ("port", "username", "email", "display_name", "helo_name") if given[key]}
    if given["encryption"]:
        said["security"] = Security(encryption=given["encryption"])
    if given["ca_file"]:
        said["ca_file"] = given["ca_file"]
    found = replace(found, **said, mechanism=cast("Mechanism | None", given["mechanism"]) or found.mechanism)
    if found.host is None and found.email is not None:
        found = _discovered(found, given)
    if found.host is None:
        raise click.UsageError(
            "Which server? Name its host, as in: reconciler check --host smtp.example.com --username USER"
        )
    if found.email is None and found.username is not None and _is_address(found.username):
        found = replace(found, email=found.username)
    return found


def _without_options(where: Sequence[str], given: dict[str, Any], remarks: list[Diagnostic]) -> FoundAccount:
    """Return the settings of the argument, or of another program."""
    from dataclasses import replace

    from reconciler.adoption.sources.url import looks_like_url, read_url
    from reconciler.diagnostics import warning
    from reconciler.model.adoption.found import FoundAccount, Security

    places = [each for each in where if each != _STDIN]
    if len(places) > 1:
        raise click.UsageError("One host or address is checked at a time. A password is never an argument; see --help.")
    if places and given["source"]:
        raise click.UsageError("--from and the argument both say which server it is; keep one.")
    if places and given["host"]:
        raise click.UsageError("--host and the argument both say which server it is; keep one.")
    found = FoundAccount(label="check", security=Security())
    if places and looks_like_url(places[0]):
        found = read_url(places[0])
        found = replace(found, security=_of_address(found.security), has_login=True)  # options may say whose
        if found.password is not None:
            detail = (
                "The password stands in the address, where every user of this machine can read it in the list of processes, "
                "and the shell keeps it in its history. It was used. Change it, and leave it out of the address: it is then "
                "asked for."
            )
            remarks.append(warning("passwordOnCommandLine", detail))
    elif given["source"]:
        found = _of_source(given["source"])
    elif places and "@" in places[0]:
        shown = places[0] if _is_address(places[0]) else "ADDRESS"
        raise click.UsageError(
            f"An address is no server. To have its server found, write --email {shown}; where you know it, write its host and "
            f"--username {shown}."
        )
    elif places:
        found = _at(found, places[0])
    return found


def _discovered(found: FoundAccount, given: dict[str, Any]) -> FoundAccount:
    """Return the settings with the server that was found for the address and confirmed."""
    from dataclasses import replace

    from reconciler.cli.discovery import taken_candidate
    from reconciler.model.adoption.found import Security

    email = found.email or ""
    servers = [_name_server(each) for each in given["nameservers"]]
    taken = taken_candidate(email, nameservers=servers, is_confirmed=given["is_confirmed"])
    return replace(
        found,
        host=taken.host,
        port=found.port or taken.port,
        security=found.security if found.security.encryption else Security(encryption=taken.encryption),
        username=found.username or taken.username or email,
        mechanism=found.mechanism or taken.mechanism,
    )


def _of_address(security: Any) -> Any:
    """Return what an address is sure of: with what it leaves to the server, the server is asked."""
    from reconciler.model.adoption.found import Security

    return security if security.certainty == "certain" else Security()


def _of_source(written: str) -> FoundAccount:
    """Return the one account that a source holds, or the one of many that is named."""
    from dataclasses import replace

    from reconciler.diagnostics import enumerated, error
    from reconciler.errors import InvalidInput
    from reconciler.operations.adoption.sources import asked_source, read_source

    taken, problems = read_source(asked_source(written))
    if not taken:
        raise InvalidInput(problems or [error("accountNotTaken", "The source holds no account that sends mail.")])
    if len(taken) > 1:
        labels = enumerated([each.found.label for each in taken])
        raise click.UsageError(f"The source holds several accounts. Name one behind a #, of {labels}.")
    return replace(taken[0].found, security=_of_address(taken[0].found.security))


def _at(found: FoundAccount, written: str) -> FoundAccount:
    """Return the settings with a server as people paste it: ``smtp.example.com:587``, ``smtps://smtp.example.com``."""
    from dataclasses import replace

    from reconciler.manifests.suggesting import endpoint_of
    from reconciler.model.adoption.found import Security

    place = endpoint_of(written)
    if place is None:
        return replace(found, host=written)
    is_sure = place.encryption == "tls"  # smtp:// says no more than that it is a mail server
    security = Security(encryption="tls") if is_sure else found.security
    return replace(found, host=place.host, port=place.port or found.port, security=security)


def _is_address(text: str) -> bool:
    from reconciler.model.text.types import check_email

    return check_email(text) is None


def _checked(found: FoundAccount, given: dict[str, Any], remarks: list[Diagnostic], *, reads_stdin: bool) -> Checked:
    import os

    from reconciler.cli.progress import shown_progress
    from reconciler.cli.session import utc_now
    from reconciler.model.secrets.values import SecretValue
    from reconciler.operations.adoption.check import SettingsToCheck, check_settings, workspace_of_nothing
    from reconciler.operations.adoption.sources import read_text
    from reconciler.rules.adoption.names import slug

    name = given["name"] or slug(found.email or found.username or found.host or "")
    password, reference = _password(found, given, name, reads_stdin=reads_stdin)
    folder, found = _within(found)
    key = found.client_key or found.client_certificate
    verification: dict[str, Any] = {"domainChecks": "off"} if given["no_domain_checks"] else {}
    if given["nameservers"]:
        verification["nameservers"] = [_name_server(each) for each in given["nameservers"]]
    place = workspace_of_nothing(
        folder,
        environ=os.environ,
        now=utc_now,
        operator=given["operator"] or os.environ.get("RECONCILER_OPERATOR"),
        verification=verification,
    )
    asked = SettingsToCheck(
        name=name,
        found=found,
        reference=reference,
        password=password,
        key=SecretValue(read_text(folder / key, key)) if key is not None else None,
        remarks=tuple(remarks),
    )
    with shown_progress() as progress:
        return check_settings(asked, place, depth=cast("Depth", given["depth"]), progress=progress)


def _within(found: FoundAccount) -> tuple[Path, FoundAccount]:
    """Return the folder that holds every file of the settings, and the settings with the files named from there."""
    import os
    from dataclasses import replace

    here = Path.cwd().resolve()
    files = {
        name: Path(written).expanduser().resolve()
        for name in ("ca_file", "client_certificate", "client_key")
        if (written := getattr(found, name)) is not None
    }
    if all(path.is_relative_to(here) for path in files.values()):
        return here, found
    folder = Path(os.path.commonpath(path.parent for path in files.values()))
    named: dict[str, Any] = {name: str(path.relative_to(folder)) for name, path in files.items()}
    return folder, replace(found, **named)


def _name_server(written: str) -> str:
    from reconciler.model.text.nameservers import split_name_server

    try:
        split_name_server(written)
    except ValueError:
        raise click.UsageError("--nameserver takes an address, as 192.0.2.53 or 192.0.2.53:5353.") from None
    return written


def _password(
    found: FoundAccount, given: dict[str, Any], name: str, *, reads_stdin: bool
) -> tuple[SecretValue | None, dict[str, str]]:
    """Return the password, read or asked for once, and where the manifest is to have it from."""
    from reconciler.rules.adoption.names import variable

    from_stdin = reads_stdin or given["password_file"] == _STDIN
    sources = [given["password_env"], None if given["password_file"] == _STDIN else given["password_file"], from_stdin]
    if sum(map(bool, sources)) > 1:
        raise click.UsageError("--password-env, --password-file and - exclude each other; keep one.")
    usual = {"env": variable(name)}
    if given["password_env"]:
        return _of_variable(given["password_env"]), {"env": given["password_env"]}
    if from_stdin:
        return _of_stdin(), usual
    if given["password_file"]:
        return _of_file(given["password_file"]), {"file": given["password_file"]}
    if found.password is not None or found.username is None:
        return found.password, usual
    return _asked_for(found.username), usual


def _of_variable(name: str) -> SecretValue:
    import os

    if name not in os.environ:
        raise _without(f"The variable {name} is not set, so there is no password. Set it, then run the command again.")
    return _value(os.environ[name], f"env:{name}")


def _of_file(path: str) -> SecretValue:
    from reconciler.files import read_regular_file, reason_of

    try:
        octets = read_regular_file(Path(path), _MOST_OCTETS)
    except OSError as failure:
        raise _without(f"{path} cannot be read: {reason_of(failure)}. Correct the path.") from None
    return _text_of(octets, path)


def _of_stdin() -> SecretValue:
    import sys

    if sys.stdin is None or sys.stdin.isatty():
        raise click.UsageError(
            "- reads the password from standard input, which is a terminal. Leave it out to be asked."
        )
    return _text_of(sys.stdin.buffer.read(_MOST_OCTETS + 1), "Standard input")


def _text_of(octets: bytes, what: str) -> SecretValue:
    if len(octets) > _MOST_OCTETS:
        raise _without(f"{what} is longer than 64 KiB, so it is no password.")
    try:
        return _value(octets.decode(), what)
    except UnicodeDecodeError:
        raise _without(f"{what} is not UTF-8 text, so it is no password.") from None


def _value(text: str, what: str) -> SecretValue:
    from reconciler.errors import SecretUnreadable
    from reconciler.secrets.values import Unreadable, secret_value

    try:
        return secret_value(text, what)
    except Unreadable as refused:
        raise SecretUnreadable(refused.problem) from None


def _without(detail: str) -> Exception:
    from reconciler.diagnostics import error
    from reconciler.errors import SecretUnreadable

    return SecretUnreadable(error("secretMissing", detail))


def _asked_for(username: str) -> SecretValue:
    from reconciler.cli.session import is_interactive
    from reconciler.render.safe import safe

    if not is_interactive():
        raise click.UsageError(
            "Without a terminal the password is not asked for. Add --password-env VAR, --password-file PATH, or - to read "
            "it from standard input."
        )
    typed = click.prompt(f"Password, or access token, of {safe(username)} (not shown)", hide_input=True, err=True)
    return _value(str(typed), "The password")


def _put(checked: Checked, format_: str, *, as_manifest: bool) -> None:
    import sys

    from reconciler.cli.output import hint, put, put_json, say, tell_beside_checks
    from reconciler.cli.session import style_for
    from reconciler.render.json.documents import verify_document
    from reconciler.render.text import verification_text

    outcome = checked.verified
    if as_manifest and not checked.is_declared:
        raise click.UsageError("A manifest needs the address that mail is sent from. Add --email ADDRESS.")
    if format_ == "json":
        document = verify_document(outcome.verifications, outcome.kinds, diagnostics=outcome.diagnostics)
        put_json(document | ({"manifest": checked.manifest} if as_manifest else {}))
        return
    if as_manifest:
        say(verification_text(outcome.verifications, outcome.kinds, style=style_for(sys.stderr)).rstrip("\n"))
        put(checked.manifest)
    else:
        put(verification_text(outcome.verifications, outcome.kinds, style=style_for(sys.stdout)))
    tell_beside_checks(outcome.diagnostics)
    if not as_manifest and _exit_code(checked) == 0 and checked.is_declared:
        hint("The manifest to write, with the same command and", "reconciler check … --as-manifest")


def _exit_code(checked: Checked) -> int:
    failed = any(found.status != "passed" for found in checked.verified.verifications.values())
    return 3 if failed else 0
