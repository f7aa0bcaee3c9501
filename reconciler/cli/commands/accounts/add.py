"""``reconciler accounts add own|marketing``: a new manifest from flags, or from questions on a terminal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar

import click

from reconciler.cli.app import Group
from reconciler.cli.commands.accounts.asking import ask_for_platform, complete, share_without_owner
from reconciler.cli.commands.accounts.edit import put_edited
from reconciler.cli.commands.accounts.parts import Given, kept, pairs_of, proxy_of, smtp_of, spec_of
from reconciler.cli.completion import preset_names, server_names
from reconciler.cli.options import PORT, Encryption, format_option
from reconciler.model.servers.terms import ENCRYPTIONS, MECHANISMS, PROXY_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reconciler.cli.session import GlobalOptions
    from reconciler.model.accounts.kinds import Kind
    from reconciler.model.adoption.candidates import Candidate
    from reconciler.model.canonical import JsonObject
    from reconciler.model.servers.presets import Preset
    from reconciler.operations.accounts.add import NewAccount
    from reconciler.operations.workspace import Workspace

Command = TypeVar("Command", bound="Callable[..., Any]")
_Option = tuple[str, str, str]
"""A flag, its metavar and its help."""

_COMMON: tuple[_Option, ...] = (
    ("--email", "EMAIL", "The address that mail is sent from."),
    ("--display-name", "TEXT", "The name shown with the address."),
    ("--title", "TEXT", "What people call the account."),
    ("--owner", "WHO", "Who the account belongs to."),
    ("--reply-to-name", "TEXT", "The name shown with the reply-to address."),
    ("--file", "PATH", "The file to make or add to; by default NAME.yaml in the manifests folder."),
)
_LOGIN: tuple[_Option, ...] = (
    ("--username", "USER", 'The user name; by default the preset\'s, else "{email}".'),
    ("--password-env", "VAR", "The variable that holds the password; by default SMTP_NAME_PASSWORD."),
    ("--password-file", "PATH", "The file that holds the password, instead."),
    ("--password-from", "SOURCE:KEY", "A key of a source in the project file, instead."),
    ("--access-token-env", "VAR", "The variable that holds an OAuth2 access token, instead of a password."),
    ("--oauth2-token-url", "URL", "Where to get access tokens, instead of a password."),
    ("--oauth2-client-id", "ID", "The client's id there."),
    ("--oauth2-client-secret-env", "VAR", "The variable that holds the client's secret."),
    ("--oauth2-client-certificate-file", "PATH", "The file that holds the client's certificate and its key, PEM."),
    ("--oauth2-service-account-file", "PATH", "The JSON file of a Google service account's key."),
    ("--oauth2-refresh-token-env", "VAR", "The variable that holds the refresh token."),
    ("--oauth2-scope", "TEXT", "The scope to ask for."),
)
_SERVER: tuple[_Option, ...] = (
    ("--region", "REGION", "The provider's region, where the preset has regions."),
    ("--host", "HOST", "The mail server's host name."),
    ("--helo-name", "HOST", "The name given in EHLO."),
    ("--ca-file", "PATH", "PEM file of a private CA inside the project folder."),
    ("--certificate", "sha256:HEX", "The fingerprint of the only certificate that the server may have."),
    ("--client-certificate-file", "PATH", "PEM file of the client's own certificate inside the project folder."),
    ("--client-key-env", "VAR", "The variable that holds the key of that certificate."),
    ("--client-key-file", "PATH", "The file that holds the key, instead."),
    ("--client-key-from", "SOURCE:KEY", "A key of a source in the project file, instead."),
)
_PROXY: tuple[_Option, ...] = (
    ("--proxy-host", "HOST", "The proxy's host name."),
    ("--proxy-username", "USER", "The user name at the proxy."),
    ("--proxy-password-env", "VAR", "The variable that holds the password at the proxy."),
)
_OVERRIDES = tuple(
    (f"--override-{side}-{part}", "DETAIL", f"The detail of a contact's card that becomes the {what}.")
    for side, whose in (("from", "sender's"), ("to", "addressee's"))
    for part, what in (("email", f"{whose} address"), ("name", f"{whose} display name"))
)


def _text_options(options: Sequence[_Option]) -> Callable[[Command], Command]:
    def add(command: Command) -> Command:
        for flag, metavar, help_text in reversed(options):
            command = click.option(flag, metavar=metavar, help=help_text)(command)
        return command

    return add


def _reply_to_option(command: Command) -> Command:
    return click.option(
        "--reply-to", metavar="EMAIL", multiple=True, help="Where replies go; by default to the sender. Repeatable."
    )(command)


def _metadata_options(command: Command) -> Command:
    for option in (
        click.option("--prevent-delete", is_flag=True, help="Refuse to delete the account, in state too."),
        click.option("--annotation", "annotations", metavar="KEY=TEXT", multiple=True, help="A note. Repeatable."),
        click.option("--label", "labels", metavar="KEY=VALUE", multiple=True, help="To select by. Repeatable."),
    ):
        command = option(command)
    return command


@click.group(cls=Group)
def add() -> None:
    """Add an account to the manifests; the plan and apply do the rest.

    \b
    Examples:
        reconciler accounts add own
        reconciler accounts add marketing
    """


@add.command("own")
@click.argument("name", required=False)
@click.option(
    "--from-csv", "table", metavar="FILE", help="Add an account for each line of a table; - is standard input."
)
@_text_options(_COMMON[:2])
@click.option(
    "--discover/--no-discover",
    "discovers",
    default=None,
    help="Ask the address's domain for its server; by default on a terminal, where --email is given and no server.",
)
@click.option("--yes", "is_confirmed", is_flag=True, help="Take what --discover finds, where all agree.")
@click.option("--preset", metavar="PROVIDER", shell_complete=preset_names, help="A well-known provider's settings.")
@click.option("--server", metavar="NAME", shell_complete=server_names, help="The MailServer whose settings are taken.")
@_text_options(_SERVER)
@click.option("--port", type=PORT, metavar="PORT", help="The TCP port; by default 587, 465 or 25 by encryption.")
@click.option("--encryption", type=Encryption(ENCRYPTIONS), help="How to encrypt.")
@click.option("--mechanism", type=click.Choice(MECHANISMS), help="The SASL mechanism; by default the strongest.")
@_text_options(_LOGIN)
@click.option("--no-login", is_flag=True, help="The server wants no login.")
@_text_options(_COMMON[2:4])
@_reply_to_option
@_text_options(_COMMON[4:])
@click.option("--shared", is_flag=True, help="Show the account to other users.")
@_metadata_options
@click.option("--proxy-type", type=click.Choice(PROXY_TYPES), help="The kind of proxy on the way.")
@_text_options(_PROXY)
@click.option("--proxy-port", type=PORT, metavar="PORT", help="The proxy's TCP port.")
@click.option("--proxy-local-dns", is_flag=True, help="Resolve the mail host here, not at the proxy.")
@format_option("text", "json")
@click.pass_obj
def own(options: GlobalOptions, /, name: str | None, format_: str, table: str | None, **options_given: Any) -> int:
    """Add an account of the user's own mailbox, reached over SMTP.

    What is required and not given is asked for on a terminal. A password is never asked for: the manifest refers to
    it. PROVIDER is gmail, google-workspace, microsoft365, outlook, yahoo, icloud, zoho, amazon-ses, sendgrid,
    mailgun, postmark or fastmail.

    With --email and no server the address's domain is asked for it, on a terminal: what is found is shown, and taken once
    it is confirmed. Elsewhere nothing is asked without --discover.

    The first line of a table names its columns as the options are called: name, email, display_name, host and so on. What
    a line does not say the options say, for all of them.

    \b
    Examples:
        reconciler accounts add own sales --email sales@example.com \\
            --display-name "Example Sales" --preset gmail
        reconciler accounts add own --file accounts.d/sales.yaml
        reconciler accounts add own --from-csv team.csv --preset fastmail
        reconciler accounts add own help --email help@example.com
    """
    discovers, is_confirmed = options_given.pop("discovers"), options_given.pop("is_confirmed")
    given = Given(**options_given)
    if table is not None:
        from reconciler.cli.commands.accounts.bulk import add_table

        if name is not None:
            raise click.UsageError(
                "With --from-csv each line has a name of its own, or one made of its address; leave NAME out."
            )
        if discovers:
            raise click.UsageError("--discover asks about one address; with --from-csv name the server in the table.")
        return add_table(options, table, given, format_, make=_own_account)
    _discover(_require_project(options), given, wanted=discovers, is_confirmed=is_confirmed)
    name = complete(name, given, asks_for_server=True)
    share_without_owner(given)
    return _add(options, _own_account(name, given), given.file, format_)


def _discover(place: Workspace, given: Given, *, wanted: bool | None, is_confirmed: bool) -> None:
    """Fill in the server that the address's domain names, once somebody has confirmed it.

    Asked for with --discover; unasked on a terminal, where the address is given and no server.
    """
    from reconciler.cli.discovery import offered_candidate, taken_candidate
    from reconciler.cli.session import is_interactive

    names_server = bool(given.host or given.server or given.preset)
    if wanted and (names_server or not given.email):
        raise click.UsageError("--discover needs --email, and no server: leave --host, --server and --preset out.")
    if is_confirmed and not wanted:
        raise click.UsageError("--yes takes what --discover finds; add --discover.")
    if not given.email or names_server or wanted is False or not (wanted or is_interactive()):
        return
    policy = place.project.verification
    asked = (given.email, policy.nameservers, policy.servers)
    taken = taken_candidate(*asked, is_confirmed=is_confirmed) if wanted else offered_candidate(*asked)
    if taken is not None:
        _take(taken, given)


def _take(taken: Candidate, given: Given) -> None:
    """Fill in what was found, where no option says otherwise."""
    if taken.preset is not None:
        given.preset = taken.preset
        return
    given.host = taken.host
    given.port = given.port or taken.port
    given.encryption = given.encryption or taken.encryption
    given.username = given.username or taken.username
    given.mechanism = given.mechanism or taken.mechanism


def _own_account(name: str, given: Given) -> NewAccount:
    """Return the own account that options ask for."""
    preset = _preset(given)
    spec = spec_of(given) | ({"shared": True} if given.shared else {}) | proxy_of(given) | {"smtp": smtp_of(given)}
    if preset is not None and preset.username is None and not given.username:
        raise click.UsageError(f"{preset.title} gives each customer a user name. {preset.note} Add --username USER.")
    return _account("OwnAccount", name, given, spec, preset)


@add.command("marketing")
@click.argument("name", required=False)
@_text_options(_COMMON[:4])
@_reply_to_option
@_text_options(_COMMON[4:])
@_metadata_options
@_text_options(_OVERRIDES)
@click.option("--on-missing", type=click.Choice(("fallback", "skip")), help="What a contact without the detail gets.")
@click.option("--on-invalid", type=click.Choice(("fallback", "skip")), help="What one with an unusable value gets.")
@click.option("--pairing", type=click.Choice(("perField", "together")), help="Whether both details go together.")
@format_option("text", "json")
@click.pass_obj
def marketing(options: GlobalOptions, /, name: str | None, format_: str, **options_given: Any) -> int:
    """Add an account on the platform's own server, which the platform must accept.

    What is required and not given is asked for on a terminal.

    \b
    Examples:
        reconciler accounts add marketing newsletter --email news@example.com \\
            --display-name "Example News"
    """
    ask_for_platform(_require_project(options))
    given = Given(**options_given)
    name = complete(name, given, asks_for_server=False)
    spec = spec_of(given)
    for side, key in (("from", "overrideFrom"), ("to", "overrideTo")):
        details = kept(given, emailDetail=f"override_{side}_email", displayNameDetail=f"override_{side}_name")
        if details:
            spec[key] = details | kept(given, onMissing="on_missing", onInvalid="on_invalid", pairing="pairing")
    if not spec.keys() & {"overrideFrom", "overrideTo"} and kept(given, a="on_missing", b="on_invalid", c="pairing"):
        raise click.UsageError("--on-missing, --on-invalid and --pairing belong to an override; name a detail too.")
    return _add(options, _account("MarketingAccount", name, given, spec, None), given.file, format_)


def _add(options: GlobalOptions, wanted: NewAccount, file: str | None, format_: str) -> int:
    from reconciler.cli.session import workspace
    from reconciler.operations.accounts.add import add_account

    edited = add_account(
        workspace(options, uses_state=False), wanted, file=options.in_users_folder(file) if file else None
    )
    return put_edited(edited, format_=format_, preset=wanted.preset)


def _require_project(options: GlobalOptions) -> Workspace:
    """Open the project before anything is asked: nobody should answer all questions and then learn that there is none."""
    from reconciler.cli.session import workspace

    return workspace(options, uses_state=False, tells_place=False)


def _preset(given: Given) -> Preset | None:
    from reconciler.diagnostics.phrasing import did_you_mean
    from reconciler.model.servers.presets import PRESETS

    if not given.preset:
        if given.region:
            raise click.UsageError("--region goes with --preset.")
        return None
    preset = PRESETS.get(given.preset)
    if preset is None:
        hint = did_you_mean(given.preset, PRESETS)
        raise click.UsageError(f"There is no preset of that name.{hint} There are: {', '.join(PRESETS)}.")
    for flag, value in (("--server", given.server), ("--host", given.host)):
        if value:
            raise click.UsageError(f"--preset and {flag} both say which server it is; keep one.")
    if given.region and not preset.has_regions:
        raise click.UsageError(f"{preset.title} has no regions; leave --region out.")
    if given.region and not re.fullmatch(r"[A-Za-z0-9-]+", given.region):
        raise click.UsageError("--region is a part of the host's name: letters, digits and hyphens, such as eu-west-1.")
    if preset.host_in(given.region) is None:
        raise click.UsageError(f"{preset.title} has a host for each region; add --region, such as eu-west-1.")
    return preset


def _account(kind: Kind, name: str, given: Given, spec: JsonObject, preset: Preset | None) -> NewAccount:
    from reconciler.operations.accounts.add import NewAccount

    metadata = kept(given, title="title", owner="owner")
    for key, written in (("labels", given.labels), ("annotations", given.annotations)):
        metadata |= {key: pairs_of(written)} if written else {}
    if given.prevent_delete:
        metadata["preventDelete"] = True
    return NewAccount(
        kind=kind,
        name=name,
        metadata=metadata,
        spec=spec,
        preset=preset,
        region=given.region,
        has_login=not given.no_login,
    )
