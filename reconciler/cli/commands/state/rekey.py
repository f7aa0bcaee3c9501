"""``reconciler state rekey`` and ``revoke``: what state knows of secrets."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.options import accept_option, actor_option, format_option, trust_option

if TYPE_CHECKING:
    from reconciler.cli.session import GlobalOptions
    from reconciler.operations.state.rekey import Rekeyed


@click.command()
@click.option(
    "--new-key",
    metavar="SOURCE:KEY",
    help="Where the next key is read, if the project file names the present one; a key file is made anew.",
)
@click.option(
    "--old-key-file",
    metavar="FILE",
    help="The key file that the fingerprints are of; the project file names the key that follows it.",
)
@click.option(
    "--accept-rotated", is_flag=True, help="Take values that are not those verified last, or cannot be compared."
)
@trust_option
@accept_option
@actor_option("changes the key")
@format_option("text", "json")
@click.pass_obj
def rekey(
    options: GlobalOptions,
    /,
    new_key: str | None,
    *,
    old_key_file: str | None,
    accept_rotated: bool,
    trust_project: bool,
    accepted: dict[str, str],
    actor: str | None,
    format_: str,
) -> int:
    """Give the fingerprints of secrets another key: read every secret, and record its fingerprint anew.

    A secret that cannot be read here is kept without a fingerprint, and told. A value that is not the one verified
    last is refused, because another key would hide the rotation. Plans and evidence made before count no longer.

    \b
    Examples:
        reconciler state rekey
        reconciler state rekey --new-key env:NEW_FINGERPRINT_KEY
        reconciler state rekey --old-key-file .reconciler/fingerprint.key
    """
    from reconciler.cli.output import hint, put, put_json, tell
    from reconciler.cli.session import style_for, workspace
    from reconciler.operations.state.rekey import RekeyOrder
    from reconciler.operations.state.rekey import rekey as change_key
    from reconciler.provenance import find_actor
    from reconciler.render.text.state import care_document, sentences_text

    place = workspace(options, trusts_project=trust_project)
    order = RekeyOrder(
        actor=find_actor(actor, environ=place.environ),
        new_key=new_key,
        old_key_file=Path(old_key_file) if old_key_file is not None else None,
        accepts_rotated=accept_rotated,
        trusts_project=trust_project,
        accepted=accepted,
    )
    done = change_key(place, order)
    if format_ == "json":
        facts = {
            "before": done.before,
            "after": done.after,
            "accounts": done.accounts,
            "unread": list(done.unread),
            "accepted": list(done.accepted),
        }
        put_json(care_document(facts, diagnostics=done.diagnostics))
    else:
        put(sentences_text(_sentences(done, new_key), style=style_for(sys.stdout)))
        tell(done.diagnostics)
        hint("To see that the new key is found, and nothing differs:", "reconciler plan")
    return 0


def _sentences(done: Rekeyed, new_key: str | None) -> list[str]:
    from reconciler.diagnostics import several

    count = several(done.accounts, "account")
    said = [f"The key of fingerprints is {done.after} now; {count} got new fingerprints."]
    said += [f"Accepted as it is: {', '.join(done.accepted)}."] if done.accepted else []
    if new_key is not None:
        said.append(f"Now put the value of {new_key} where secrets.fingerprintKey in the project file points.")
    return said


@click.command()
@click.argument("secret", metavar="SECRET_GLOB")
@click.option("--route", metavar="HOST:PORT", help="Only this server; for OAuth2 the token URL. By default all.")
@click.option("--reason", metavar="TEXT", help="Why; kept in the journal.")
@accept_option
@actor_option("revokes")
@format_option("text", "json")
@click.pass_obj
def revoke(
    options: GlobalOptions,
    /,
    secret: str,
    *,
    route: str | None,
    reason: str | None,
    accepted: dict[str, str],
    actor: str | None,
    format_: str,
) -> int:
    """Forget where a secret may travel, so that it needs a grant again; also under its other references.

    The secret stays known: no new route is free. Accounts that use it are left as they are, and are withheld when they
    are verified or send. A grant in the project file still allows what it says.

    \b
    Examples:
        reconciler state revoke env:SMTP_SALES_PASSWORD --reason "No longer ours."
        reconciler state revoke "env:SMTP_*" --route smtp.old.example:587
    """
    from reconciler.cli.output import put, put_json
    from reconciler.cli.session import style_for, workspace
    from reconciler.operations.state.revoke import RevokeOrder
    from reconciler.operations.state.revoke import revoke as forget_routes
    from reconciler.provenance import find_actor
    from reconciler.render.text.state import care_document, revoked_text, route_documents

    place = workspace(options)
    who = find_actor(actor, environ=place.environ)
    order = RevokeOrder(secret=secret, server=route, actor=who, reason=reason, accepted=accepted)
    forgotten = forget_routes(place, order)
    if format_ == "json":
        put_json(care_document({"forgotten": route_documents(forgotten)}))
    else:
        put(revoked_text(forgotten, style=style_for(sys.stdout)))
    return 0
