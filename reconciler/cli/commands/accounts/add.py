"""``reconciler accounts add own|marketing``: a new manifest from flags, or from questions on a terminal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from reconciler.cli.commands.accounts.edit import put_edited
from reconciler.cli.completion import preset_names, server_names
from reconciler.cli.options import format_option
from reconciler.model.servers.terms import ENCRYPTIONS, MECHANISMS, PROXY_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reconciler.cli.session import GlobalOptions
    from reconciler.model.accounts.kinds import Kind
    from reconciler.model.servers.presets import Preset
    from reconciler.operations.accounts.add import NewAccount

Command = TypeVar("Command", bound="Callable[..., Any]")
_Option = tuple[str, str, str]
"""A flag, its metavar and its help."""

_COMMON: tuple[_Option, ...] = (
    ("--email", "EMAIL", "The address that mail is sent from."),
    ("--display-name", "TEXT", "The name shown with the address."),
    ("--title", "TEXT", "What people call the account."),
    ("--owner", "WHO", "Who the account belongs to."),
    ("--reply-to", "EMAIL", "The address that replies go to; by default the sender's."),
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
    ("--oauth2-refresh-token-env", "VAR", "The variable that holds the refresh token."),
    ("--oauth2-scope", "TEXT", "The scope to ask for."),
)
_SERVER: tuple[_Option, ...] = (
    ("--region", "REGION", "The provider's region, where the preset has regions."),
    ("--host", "HOST", "The mail server's host name."),
    ("--helo-name", "HOST", "The name given in EHLO."),
    ("--ca-file", "PATH", "PEM file of a private CA inside the project folder."),
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


def _metadata_options(command: Command) -> Command:
    for option in (
        click.option("--prevent-delete", is_flag=True, help="Refuse to delete the account, in state too."),
        click.option("--annotation", "annotations", metavar="KEY=TEXT", multiple=True, help="A note. Repeatable."),
        click.option("--label", "labels", metavar="KEY=VALUE", multiple=True, help="To select by. Repeatable."),
    ):
        command = option(command)
    return command


@click.group()
def add() -> None:
    """Add an account to the manifests; the plan and apply do the rest.

    \b
    Examples:
        reconciler accounts add own
        reconciler accounts add marketing
    """


@add.command("own")
@click.argument("name", required=False)
@_text_options(_COMMON[:2])
@click.option("--preset", metavar="PROVIDER", shell_complete=preset_names, help="A well-known provider's settings.")
@click.option("--server", metavar="NAME", shell_complete=server_names, help="The MailServer whose settings are taken.")
@_text_options(_SERVER)
@click.option("--port", type=int, metavar="PORT", help="The TCP port; by default 587, 465 or 25 by encryption.")
@click.option("--encryption", type=click.Choice(ENCRYPTIONS), help="How to encrypt.")
@click.option("--mechanism", type=click.Choice(MECHANISMS), help="The SASL mechanism; by default the strongest.")
@_text_options(_LOGIN)
@click.option("--no-login", is_flag=True, help="The server wants no login.")
@_text_options(_COMMON[2:])
@click.option("--shared", is_flag=True, help="Show the account to other users.")
@_metadata_options
@click.option("--proxy-type", type=click.Choice(PROXY_TYPES), help="The kind of proxy on the way.")
@_text_options(_PROXY)
@click.option("--proxy-port", type=int, metavar="PORT", help="The proxy's TCP port.")
@click.option("--proxy-local-dns", is_flag=True, help="Resolve the mail host here, not at the proxy.")
@format_option("text", "json")
@click.pass_obj
def own(options: GlobalOptions, /, name: str | None, format_: str, **given: Any) -> int:
    """Add an account of the user's own mailbox, reached over SMTP.

    What is required and not given is asked for on a terminal. A password is never asked for: the manifest refers to
    it. PROVIDER is gmail, google-workspace, microsoft365, outlook, yahoo, icloud, zoho, amazon-ses, sendgrid,
    mailgun, postmark or fastmail.

    \b
    Examples:
        reconciler accounts add own sales --email sales@example.com \\
            --display-name "Example Sales" --preset gmail
        reconciler accounts add own --file accounts.d/sales.yaml
    """
    name = _complete(name, given, asks_for_server=True)
    preset = _preset(given)
    spec = _spec(given) | ({"shared": True} if given["shared"] else {}) | _proxy(given)
    smtp = _kept(given, host="host", port="port", encryption="encryption", heloName="helo_name", caFile="ca_file")
    smtp = _kept(given, server="server") | smtp
    login = _login(given)
    spec["smtp"] = smtp | ({"authentication": login} if login else {})
    if preset is not None and preset.username is None and not given["username"]:
        raise click.UsageError(f"{preset.title} gives each customer a user name. {preset.note} Add --username USER.")
    wanted = _account("OwnAccount", name, given, spec, preset)
    return _add(options, wanted, given["file"], format_)


@add.command("marketing")
@click.argument("name", required=False)
@_text_options(_COMMON)
@_metadata_options
@_text_options(_OVERRIDES)
@click.option("--on-missing", type=click.Choice(("fallback", "skip")), help="What a contact without the detail gets.")
@click.option("--on-invalid", type=click.Choice(("fallback", "skip")), help="What one with an unusable value gets.")
@click.option("--pairing", type=click.Choice(("perField", "together")), help="Whether both details go together.")
@format_option("text", "json")
@click.pass_obj
def marketing(options: GlobalOptions, /, name: str | None, format_: str, **given: Any) -> int:
    """Add an account on the platform's own server, which the platform must accept.

    What is required and not given is asked for on a terminal.

    \b
    Examples:
        reconciler accounts add marketing newsletter --email news@example.com \\
            --display-name "Example News"
    """
    name = _complete(name, given, asks_for_server=False)
    spec = _spec(given)
    for side, key in (("from", "overrideFrom"), ("to", "overrideTo")):
        details = _kept(given, emailDetail=f"override_{side}_email", displayNameDetail=f"override_{side}_name")
        if details:
            spec[key] = details | _kept(given, onMissing="on_missing", onInvalid="on_invalid", pairing="pairing")
    if not spec.keys() & {"overrideFrom", "overrideTo"} and _kept(given, a="on_missing", b="on_invalid", c="pairing"):
        raise click.UsageError("--on-missing, --on-invalid and --pairing belong to an override; name a detail too.")
    return _add(options, _account("MarketingAccount", name, given, spec, None), given["file"], format_)


def _add(options: GlobalOptions, wanted: NewAccount, file: str | None, format_: str) -> int:
    from reconciler.cli.session import workspace
    from reconciler.operations.accounts.add import add_account

    edited = add_account(workspace(options, uses_state=False), wanted, file=Path(file) if file else None)
    return put_edited(edited, format_, preset=wanted.preset)


def _complete(name: str | None, given: dict[str, Any], *, asks_for_server: bool) -> str:
    """Ask for what is required and missing; where nobody can be asked, name the flags. Return the account's name."""
    from reconciler.cli.session import is_interactive

    needs_server = asks_for_server and not (given["server"] or given["host"] or given["preset"])
    missing = _missing(name, given, needs_server=needs_server)
    if missing and not is_interactive():
        raise click.UsageError(f"Without a terminal to ask on, these are needed: {', '.join(missing)}.")
    name = name or _ask("Name (a-z 0-9 . _ -)", _name)
    given["email"] = given["email"] or _ask("E-mail address", _address)
    given["display_name"] = given["display_name"] or _ask("Display name")
    if needs_server:
        _ask_for_server(given)
    if missing and asks_for_server and given["owner"] is None:
        given["owner"] = _ask_for_owner(is_shared=given["shared"])
    return name


def _missing(name: str | None, given: dict[str, Any], *, needs_server: bool) -> list[str]:
    """Return what is required and was not given, as it stands on the command line."""
    missing = ["NAME"] if not name else []
    missing += [flag for flag, key in (("--email", "email"), ("--display-name", "display_name")) if not given[key]]
    return [*missing, "one of --preset, --server and --host"] if needs_server else missing


def _ask(question: str, check: Callable[[str], str] = str.strip) -> str:
    """Ask until the answer passes the check, so that nobody answers the rest in vain."""
    answer: str = click.prompt(question, type=str, err=True, value_proc=check)
    return answer


def _name(answer: str) -> str:
    from reconciler.model.text.types import Name

    return _valid(answer, Name)


def _address(answer: str) -> str:
    from reconciler.model.text.types import Email

    return _valid(answer, Email)


def _provider_or_host(answer: str) -> str:
    from reconciler.diagnostics.phrasing import did_you_mean
    from reconciler.model.servers.presets import PRESETS
    from reconciler.model.text.types import Host

    given = answer.strip()
    if given in PRESETS:
        return given
    if "." not in given and (hint := did_you_mean(given, PRESETS)):
        raise click.UsageError(f"There is no provider of that name.{hint}")
    return _valid(given, Host)


def _valid(answer: str, form: Any) -> str:
    from pydantic import TypeAdapter, ValidationError

    from reconciler.render.safe import safe

    try:
        valid: str = TypeAdapter(form).validate_python(answer.strip())
    except ValidationError as refused:
        raise click.UsageError(f"This {safe(refused.errors()[0]['msg'])}.") from None
    return valid


def _ask_for_server(given: dict[str, Any]) -> None:
    from reconciler.cli.output import say
    from reconciler.cli.session import style_for
    from reconciler.model.servers.presets import PRESETS
    from reconciler.render.text.state import sentences_text

    say(sentences_text([f"Providers: {', '.join(PRESETS)}."], style=style_for(sys.stderr)).rstrip("\n"))
    answer = _ask("Provider, or the mail server's host name", _provider_or_host)
    given["preset" if answer in PRESETS else "host"] = answer
    if answer in PRESETS and PRESETS[answer].host_in(given["region"]) is None:
        given["region"] = _ask("Region")
    if answer in PRESETS and PRESETS[answer].username is None and not given["username"]:
        given["username"] = _ask("User name at the provider (not the password)")


def _ask_for_owner(*, is_shared: bool) -> str | None:
    """Return who the account belongs to; None for nobody. Of one that is not shared only the owner's view has it."""
    question = "Owner (Enter for none)" if is_shared else "Owner, whose view shows it (Enter for none)"
    answer: str = click.prompt(question, type=str, err=True, default="", show_default=False, value_proc=str.strip)
    return answer or None


def _preset(given: dict[str, Any]) -> Preset | None:
    from reconciler.diagnostics.phrasing import did_you_mean
    from reconciler.model.servers.presets import PRESETS

    if not given["preset"]:
        if given["region"]:
            raise click.UsageError("--region goes with --preset.")
        return None
    preset = PRESETS.get(given["preset"])
    if preset is None:
        hint = did_you_mean(given["preset"], PRESETS)
        raise click.UsageError(f"There is no preset of that name.{hint} There are: {', '.join(PRESETS)}.")
    for flag, key in (("--server", "server"), ("--host", "host")):
        if given[key]:
            raise click.UsageError(f"--preset and {flag} both say which server it is; keep one.")
    if given["region"] and not preset.has_regions:
        raise click.UsageError(f"{preset.title} has no regions; leave --region out.")
    if preset.host_in(given["region"]) is None:
        raise click.UsageError(f"{preset.title} has a host for each region; add --region, such as eu-west-1.")
    return preset


def _account(kind: Kind, name: str, given: dict[str, Any], spec: dict[str, Any], preset: Preset | None) -> NewAccount:
    from reconciler.operations.accounts.add import NewAccount

    metadata = _kept(given, title="title", owner="owner")
    for key in ("labels", "annotations"):
        pairs = _pairs(given[key])
        metadata |= {key: pairs} if pairs else {}
    if given["prevent_delete"]:
        metadata["preventDelete"] = True
    return NewAccount(
        kind=kind,
        name=name,
        metadata=metadata,
        spec=spec,
        preset=preset,
        region=given.get("region"),
        has_login=not given.get("no_login"),
    )


def _spec(given: dict[str, Any]) -> dict[str, Any]:
    spec = _kept(given, email="email", displayName="display_name")
    reply_to = _kept(given, email="reply_to", displayName="reply_to_name")
    return spec | ({"replyTo": reply_to} if reply_to else {})


def _login(given: dict[str, Any]) -> dict[str, Any]:
    login = _kept(given, mechanism="mechanism", username="username")
    login |= _one_password(given)
    if given["access_token_env"]:
        login["accessToken"] = {"env": given["access_token_env"]}
    oauth2 = _kept(given, tokenUrl="oauth2_token_url", clientId="oauth2_client_id")
    oauth2 |= {key: {"env": given[flag]} for key, flag in _OAUTH2_SECRETS if given[flag]}
    oauth2 |= _kept(given, scope="oauth2_scope")
    if oauth2:
        login["oauth2"] = oauth2
    if login and given["no_login"]:
        raise click.UsageError("--no-login leaves no place for a user name, mechanism or credential; keep one of both.")
    return login


_OAUTH2_SECRETS = (
    ("clientSecret", "oauth2_client_secret_env"),
    ("refreshToken", "oauth2_refresh_token_env"),
)


def _one_password(given: dict[str, Any]) -> dict[str, Any]:
    references = [{source: given[f"password_{source}"]} for source in ("env", "file") if given[f"password_{source}"]]
    if given["password_from"]:
        source, separator, key = given["password_from"].partition(":")
        if not separator or not key:
            raise click.UsageError("--password-from takes SOURCE:KEY, a source of the project file and a key there.")
        references.append({source: key})
    if len(references) > 1:
        raise click.UsageError("--password-env, --password-file and --password-from exclude each other; keep one.")
    return {"password": references[0]} if references else {}


def _proxy(given: dict[str, Any]) -> dict[str, Any]:
    proxy = _kept(given, type="proxy_type", host="proxy_host", port="proxy_port", username="proxy_username")
    if given["proxy_password_env"]:
        proxy["password"] = {"env": given["proxy_password_env"]}
    if given["proxy_local_dns"]:
        proxy["remoteDns"] = False
    if proxy and not all(given[key] for key in ("proxy_type", "proxy_host", "proxy_port")):
        raise click.UsageError("A proxy needs --proxy-type, --proxy-host and --proxy-port.")
    return {"proxy": proxy} if proxy else {}


def _pairs(written: Sequence[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for each in written:
        key, separator, value = each.partition("=")
        if not separator:
            raise click.UsageError("Labels and annotations are written KEY=VALUE.")
        pairs[key] = value
    return pairs


def _kept(given: dict[str, Any], **fields: str) -> dict[str, Any]:
    """Return the fields of a manifest that were given; each names its parameter."""
    return {key: given[parameter] for key, parameter in fields.items() if given[parameter] is not None}
