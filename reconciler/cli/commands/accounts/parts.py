"""From the options of ``accounts add`` to the parts of a manifest; what is not given is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.classes import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.model.canonical import JsonObject


@dataclass(kw_only=True)
class Given:
    """What the options say, each by its name; what is asked for on a terminal is filled in."""

    email: str | None = None
    display_name: str | None = None
    title: str | None = None
    owner: str | None = None
    reply_to: tuple[str, ...] = ()
    reply_to_name: str | None = None
    file: str | None = None
    labels: tuple[str, ...] = ()
    annotations: tuple[str, ...] = ()
    prevent_delete: bool = False
    shared: bool = False
    preset: str | None = None
    region: str | None = None
    server: str | None = None
    host: str | None = None
    port: int | None = None
    encryption: str | None = None
    helo_name: str | None = None
    ca_file: str | None = None
    certificate: str | None = None
    client_certificate_file: str | None = None
    client_key_env: str | None = None
    client_key_file: str | None = None
    client_key_from: str | None = None
    mechanism: str | None = None
    username: str | None = None
    password_env: str | None = None
    password_file: str | None = None
    password_from: str | None = None
    access_token_env: str | None = None
    oauth2_token_url: str | None = None
    oauth2_client_id: str | None = None
    oauth2_client_secret_env: str | None = None
    oauth2_client_certificate_file: str | None = None
    oauth2_service_account_file: str | None = None
    oauth2_refresh_token_env: str | None = None
    oauth2_scope: str | None = None
    no_login: bool = False
    proxy_type: str | None = None
    proxy_host: str | None = None
    proxy_port: int | None = None
    proxy_username: str | None = None
    proxy_password_env: str | None = None
    proxy_local_dns: bool = False
    override_from_email: str | None = None
    override_from_name: str | None = None
    override_to_email: str | None = None
    override_to_name: str | None = None
    on_missing: str | None = None
    on_invalid: str | None = None
    pairing: str | None = None


def spec_of(given: Given) -> JsonObject:
    """Return who sends, and where replies go."""
    spec = kept(given, email="email", displayName="display_name")
    addresses, name = given.reply_to, kept(given, displayName="reply_to_name")
    if len(addresses) > 1 and name:
        raise click.UsageError("--reply-to-name goes with one --reply-to; write several names into the manifest.")
    if len(addresses) > 1:
        return spec | {"replyTo": [{"email": each} for each in addresses]}
    reply_to = {**({"email": addresses[0]} if addresses else {}), **name}
    return spec | ({"replyTo": reply_to} if reply_to else {})


_OAUTH2_SECRETS = (
    ("clientSecret", "env", "oauth2_client_secret_env"),
    ("clientCertificate", "file", "oauth2_client_certificate_file"),
    ("serviceAccount", "file", "oauth2_service_account_file"),
    ("refreshToken", "env", "oauth2_refresh_token_env"),
)


def smtp_of(given: Given) -> JsonObject:
    """Return the server's settings as far as they are given, the login among them."""
    smtp = kept(given, server="server", host="host", port="port", encryption="encryption", heloName="helo_name")
    smtp |= kept(given, caFile="ca_file", certificate="certificate") | _client_certificate(given)
    login = _login(given)
    return smtp | ({"authentication": login} if login else {})


def _client_certificate(given: Given) -> JsonObject:
    path, key = given.client_certificate_file, _one_reference(given, "client_key")
    if (path is None) != (key is None):
        raise click.UsageError(
            "A client's certificate needs --client-certificate-file and one of --client-key-env, --client-key-file and "
            "--client-key-from."
        )
    return {"clientCertificate": {"certFile": path, "key": key}} if path is not None else {}


def _login(given: Given) -> JsonObject:
    login = kept(given, mechanism="mechanism", username="username")
    password = _one_reference(given, "password")
    login |= {"password": password} if password is not None else {}
    if given.access_token_env:
        login["accessToken"] = {"env": given.access_token_env}
    oauth2 = kept(given, tokenUrl="oauth2_token_url", clientId="oauth2_client_id")
    oauth2 |= {key: {source: secret} for key, source, flag in _OAUTH2_SECRETS if (secret := getattr(given, flag))}
    oauth2 |= kept(given, scope="oauth2_scope")
    if oauth2:
        login["oauth2"] = oauth2
    if login and given.no_login:
        raise click.UsageError("--no-login leaves no place for a user name, mechanism or credential; keep one of both.")
    return login


def _one_reference(given: Given, option: str) -> dict[str, str] | None:
    """Return the one reference that was given by ``--OPTION-env``, ``-file`` or ``-from``; None where none was."""
    flag = f"--{option.replace('_', '-')}"
    variable, path, key_of_source = (getattr(given, f"{option}_{form}") for form in ("env", "file", "from"))
    references = [{source: text} for source, text in (("env", variable), ("file", path)) if text]
    if key_of_source:
        source, separator, key = key_of_source.partition(":")
        if not separator or not key:
            raise click.UsageError(f"{flag}-from takes SOURCE:KEY, a source of the project file and a key there.")
        references.append({source: key})
    if len(references) > 1:
        raise click.UsageError(f"{flag}-env, {flag}-file and {flag}-from exclude each other; keep one.")
    return references[0] if references else None


def proxy_of(given: Given) -> JsonObject:
    """Return the proxy as a part of ``spec``; nothing where none is given."""
    proxy = kept(given, type="proxy_type", host="proxy_host", port="proxy_port", username="proxy_username")
    if given.proxy_password_env:
        proxy["password"] = {"env": given.proxy_password_env}
    if given.proxy_local_dns:
        proxy["remoteDns"] = False
    if proxy and not all((given.proxy_type, given.proxy_host, given.proxy_port)):
        raise click.UsageError("A proxy needs --proxy-type, --proxy-host and --proxy-port.")
    return {"proxy": proxy} if proxy else {}


def pairs_of(written: Sequence[str]) -> dict[str, str]:
    """Return labels or annotations, each written KEY=VALUE."""
    pairs: dict[str, str] = {}
    for each in written:
        key, separator, value = each.partition("=")
        if not separator:
            raise click.UsageError("Labels and annotations are written KEY=VALUE.")
        pairs[key] = value
    return pairs


def kept(given: Given, **fields: str) -> JsonObject:
    """Return the fields of a manifest whose options were given: ``fields`` has the option of each field."""
    return {key: value for key, option in fields.items() if (value := getattr(given, option)) is not None}
