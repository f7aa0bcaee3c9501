"""``reconciler state``: made here, brought up to date here; its other commands stand in modules beside this one."""

from __future__ import annotations

import sys
import uuid
from typing import TYPE_CHECKING

import click

from reconciler.cli.app import Group
from reconciler.cli.commands.state.backup import backup, restore
from reconciler.cli.commands.state.rekey import rekey, revoke
from reconciler.cli.commands.state.roles import roles
from reconciler.cli.options import actor_option, format_option, trust_option

if TYPE_CHECKING:
    from reconciler.cli.session import GlobalOptions


@click.group(cls=Group)
def state() -> None:
    """Make and look after the state.

    \b
    Examples:
        reconciler state init
        reconciler state backup /srv/backups/mail.db
    """


@state.command("init")
@trust_option
@format_option("text", "json")
@click.pass_obj
def init(options: GlobalOptions, *, trust_project: bool, format_: str) -> int:
    """Make the state of this project, and beside a SQLite file the key of fingerprints.

    A state that is there already is left as it is.

    \b
    Examples:
        reconciler state init
    """
    from reconciler.cli.output import hint, put, put_json
    from reconciler.cli.session import workspace
    from reconciler.operations.state.init import init_state
    from reconciler.render.safe import safe
    from reconciler.render.text.state import care_document

    made = init_state(workspace(options, trusts_project=trust_project), lineage=str(uuid.uuid4()))
    if format_ == "json":
        put_json(care_document({"stateMade": made.was_made, "lineage": made.lineage}))
    elif made.was_made and made.key_id is None:
        put(
            f"Made the state {made.lineage}, without a key of fingerprints: the project file names one, and is not trusted "
            "here. Plans that read no secret need none.\n"
        )
    elif made.was_made:
        put(f"Made the state {made.lineage}. Keep it and its fingerprint key out of git.\n")
        hint("To see what would be recorded in it:", "reconciler plan")
    else:
        put(f"The state {safe(made.lineage)} is there already; nothing was changed.\n")
    return 0


@click.command()
@actor_option("migrates")
@format_option("text", "json")
@click.pass_obj
def migrate(options: GlobalOptions, actor: str | None, format_: str) -> int:
    """Bring a state that an earlier version wrote to the format of this one, in one transaction.

    A copy of the state as it was is kept beside it first. Of a state that is up to date, what guards it is made anew
    where it was altered. Later, an earlier version of reconciler refuses the state.

    \b
    Examples:
        reconciler state migrate
    """
    from reconciler.cli.output import hint, put, put_json, tell
    from reconciler.cli.session import style_for, workspace
    from reconciler.operations.state.migrate import migrate as migrate_state
    from reconciler.operations.state.migrate import remarks_on
    from reconciler.provenance import find_actor
    from reconciler.render.text.state import care_document, sentences_text

    place = workspace(options)
    done = migrate_state(place, find_actor(actor, environ=place.environ))
    told = remarks_on(done, place)
    if format_ == "json":
        kept = str(done.kept) if done.kept is not None else None
        facts = {"before": done.before, "after": done.after, "kept": kept, "madeAnew": list(done.made_anew)}
        put_json(care_document(facts, diagnostics=told))
    elif done.kept is None:
        did = "what guards it was made anew. It had been altered:" if done.made_anew else "nothing was changed."
        said = f"The state has format {done.after}, which is that of this version; {did}"
        put(sentences_text([said, *done.made_anew], style=style_for(sys.stdout)))
        tell(told)
        hint("To see how everything stands:", "reconciler status")
    else:
        said = f"Brought the state from format {done.before} to format {done.after}. As it was, it is kept in"
        put(sentences_text([said, f"    {done.kept}"], style=style_for(sys.stdout)))
        tell(told)
        hint("To see that everything is there:", "reconciler status")
    return 1 if done.unguarded else 0


@click.command()
@click.argument("file", metavar="FILE")
@click.option(
    "--public", "is_public", is_flag=True, required=True, help="Leave out all that is known of secrets, and the past."
)
@actor_option("exports")
@format_option("text", "json")
@click.pass_obj
def export(options: GlobalOptions, /, file: str, *, is_public: bool, actor: str | None, format_: str) -> int:
    """Write what was applied to a new state that knows nothing of secrets: for the plan of an untrusted pull request.

    A plan against it at depth offline shows what would change, and not every account as new. It is no backup: there is
    no fingerprint, route, evidence or past in it, and nothing is to be applied to it.

    \b
    Examples:
        reconciler state export --public public.db
        reconciler --state sqlite:///public.db plan --depth offline
    """
    from reconciler.cli.output import put, put_json
    from reconciler.cli.session import style_for, workspace
    from reconciler.diagnostics import several
    from reconciler.operations.state.export import export_public
    from reconciler.provenance import find_actor
    from reconciler.render.text.state import care_document, sentences_text

    assert is_public  # noqa: S101 - the option is required, so that what is left out is said
    place = workspace(options)
    count = export_public(place, options.in_users_folder(file), find_actor(actor, environ=place.environ))
    if format_ == "json":
        put_json(care_document({"file": file, "accounts": count}))
    else:
        sentence = f"Wrote {several(count, 'account')} to {file}, without anything of their secrets."
        put(sentences_text([sentence], style=style_for(sys.stdout)))
    return 0


for _command in (backup, export, restore, migrate, rekey, revoke, roles):
    state.add_command(_command)
