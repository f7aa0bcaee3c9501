"""``reconciler init``: begins a project."""

from __future__ import annotations

import os
import sys
import uuid
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.options import format_option

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.cli.session import GlobalOptions
    from reconciler.operations.state.init import InitialState
    from reconciler.scaffold import Approval, CISystem, Scaffolded, StateKind

_NEXT = (
    "Next, add an account, look at what would happen, and let it happen:",
    "    reconciler accounts add own",
    "    reconciler plan",
    "    reconciler apply",
)
_DATABASE = (
    "The state is not made yet. Write into reconciler.yaml where the database is. Make a key of fingerprints, keep it:",
    "    openssl rand -hex 32",
    "With the key in the variable RECONCILER_FINGERPRINT_KEY make the state:",
    "    reconciler state init",
)
_DISK = (
    "The state is a file, so its jobs need one machine whose disk outlasts them. For machines that are thrown away after "
    "each job keep it in a database: --state postgresql."
)
_OPERATOR = (
    "Apply sends a test message through each own account. Write into reconciler.yaml who receives it:",
    "    operator: {email: you@example.com}",
)


@click.command()
@click.argument("folder", metavar="[DIR]", required=False)
@click.option("--name", metavar="NAME", help="The project's name; by default that of the folder, made valid.")
@click.option("--operator", metavar="EMAIL", help="Who receives test messages.")
@click.option(
    "--ci",
    type=click.Choice(("github", "gitlab", "none")),
    help="For which system to write a pipeline; by default the one that the repository's remote or .github names. Where "
    "there is a project already, it alone is written: for the environments that the project has.",
)
@click.option(
    "--state",
    "state_kind",
    type=click.Choice(("sqlite", "postgresql")),
    help="Where state will be, by default sqlite: in a file, made now; or in a database, whose address is to be written into the project file.",
)
@click.option(
    "--approval",
    type=click.Choice(("environments", "comments")),
    default="environments",
    show_default=True,
    help="GitHub: what lets a pull request be planned and applied with secrets. The required reviewers of environments, "
    "or the comments /plan and /apply of somebody who may write to the repository.",
)
@format_option("text", "json")
@click.pass_obj
def init(
    options: GlobalOptions,
    folder: str | None,
    *,
    name: str | None,
    operator: str | None,
    ci: CISystem | None,
    state_kind: StateKind | None,
    approval: Approval,
    format_: str,
) -> int:
    """Begin a project in DIR, by default here: its files, its state, and a pipeline for CI; or add a pipeline to one.

    What is there already is left as it is.

    \b
    Examples:
        reconciler init
        reconciler init mail --operator you@example.com --ci github
        reconciler init --ci gitlab --state postgresql
        reconciler init --ci github --approval comments
    """
    from reconciler.cli.session import workspace
    from reconciler.operations.state.init import init_state
    from reconciler.operations.whereabouts import PROJECT_FILE
    from reconciler.scaffold import add_pipeline, ci_system_of, project_name, write_project

    if options.project_file is not None:
        raise click.UsageError("init writes reconciler.yaml into DIR; leave --project-file out.")
    named = folder or options.given_dir or "."
    place = Path(named)
    if ci in {"github", "gitlab"} and os.path.lexists(place / PROJECT_FILE):
        if any(each is not None for each in (name, operator, state_kind)):
            raise click.UsageError("The project has a name, an operator and a state already: leave these options out.")
        _refuse_comments(ci, approval)
        added = add_pipeline(place, ci=ci, approval=approval)
        _put({"made": list(added.made), "kept": list(added.kept)}, _added(added, named), format_)
        return 0
    chosen_name = name or project_name(place.resolve().name)
    _check(chosen_name, operator)
    if operator is None and format_ == "text":
        operator = _ask_for_operator(place)
    system = ci or ci_system_of(place)
    _refuse_comments(system, approval)
    state = state_kind or "sqlite"
    written = write_project(place, name=chosen_name, operator=operator, ci=system, state=state, approval=approval)
    made: InitialState | None = None
    if state == "sqlite":  # where the database is has yet to be written into the project file
        opened = workspace(replace(options, given_dir=str(place)))
        made = init_state(opened, lineage=str(uuid.uuid4()))
    was_made, lineage = (made.was_made, made.lineage) if made is not None else (False, None)
    facts = {"name": chosen_name, "made": list(written.made), "kept": list(written.kept)}
    lines = [*_told(written, chosen_name), *_state_lines(made)]
    lines += _next_steps(written, named, has_operator=operator is not None)
    _put({**facts, "stateMade": was_made, "lineage": lineage}, lines, format_)
    return 0


def _put(facts: Mapping[str, object], lines: Sequence[str], format_: str) -> None:
    from reconciler.cli.output import put, put_json
    from reconciler.cli.session import style_for
    from reconciler.render.text.state import care_document, sentences_text

    if format_ == "json":
        put_json(care_document(facts))
    else:
        put(sentences_text(lines, style=style_for(sys.stdout)))


def _refuse_comments(ci: CISystem, approval: Approval) -> None:
    if approval == "comments" and ci != "github":
        raise click.UsageError("--approval comments is for GitHub. Add --ci github, or leave it out.")


def _check(name: str, operator: str | None) -> None:
    from pydantic import TypeAdapter, ValidationError

    from reconciler.diagnostics import error
    from reconciler.errors import InvalidInput
    from reconciler.model.text.types import Name, check_email

    try:
        TypeAdapter(Name).validate_python(name)
    except ValidationError as refused:
        raise InvalidInput(error("invalidName", f"--name {refused.errors()[0]['msg']}.")) from None
    if operator is not None and (problem := check_email(operator)) is not None:
        raise InvalidInput(problem)


def _ask_for_operator(place: Path) -> str | None:
    """Return who receives test messages, asked for on a terminal where a project is to be made; None for nobody yet."""
    from reconciler.cli.session import is_interactive
    from reconciler.operations.whereabouts import PROJECT_FILE

    if not is_interactive() or os.path.lexists(place / PROJECT_FILE):
        return None
    answer: str = click.prompt(
        "Your e-mail address, to which apply sends a test message through each account (Enter for none yet)",
        type=str, err=True, default="", show_default=False, value_proc=_address_or_nothing,
    )  # fmt: skip
    return answer or None


def _address_or_nothing(answer: str) -> str:
    from reconciler.model.text.types import check_email
    from reconciler.render.safe import safe

    given = answer.strip()
    if given and (problem := check_email(given)) is not None:
        raise click.UsageError(safe(problem.detail))
    return given


def _told(written: Scaffolded, name: str) -> list[str]:
    lines = [
        (
            f"Made the project {name}: a folder with a project file, reconciler.yaml, and manifests, the files below "
            "accounts.d that describe accounts."
        ),
        *(f"    {each}" for each in written.made),
    ]
    if written.kept:
        lines += ["These were there already and were left as they are:", *(f"    {each}" for each in written.kept)]
    if ".gitignore" in written.kept:
        lines += ["See to it that .gitignore has these lines:", "    .reconciler/", "    secrets/"]
    return lines


def _state_lines(made: InitialState | None) -> list[str]:
    if made is None:
        return [*_DATABASE]
    if made.was_made:
        return [
            (
                "Made the state, which remembers what was applied, in .reconciler. Keep that folder out of git, as .gitignore "
                "does: it holds a key as well."
            )
        ]
    return [f"The state {made.lineage} is there already and was left as it is."]


def _next_steps(written: Scaffolded, folder: str, *, has_operator: bool) -> list[str]:
    import shlex

    first, *commands = _NEXT
    lines = [] if has_operator else [*_OPERATOR]
    lines.append(first)
    if Path(folder).resolve() != Path.cwd().resolve():
        lines.append(f"    cd {shlex.quote(folder)}")
    lines += commands
    return lines + _pipeline_lines(written, folder)


def _added(added: Scaffolded, folder: str) -> list[str]:
    lines = ["Added to the project:", *(f"    {each}" for each in added.made)] if added.made else []
    if added.kept:
        lines += ["These were there already and were left as they are:", *(f"    {each}" for each in added.kept)]
    return lines + _pipeline_lines(added, folder)


def _pipeline_lines(written: Scaffolded, folder: str) -> list[str]:
    """Return what is left to do for a pipeline that was written; GitLab reads it at the root of the repository only."""
    pipelines = [each for each in written.made if each.endswith(".yml")]
    lines = [f"What the pipeline needs before it runs stands at the head of {each}." for each in pipelines[:1]]
    lines += [_DISK] if pipelines and written.needs_disk else []
    roots = [each for each in written.kept if each.endswith("../.gitlab-ci.yml")]
    if pipelines and roots:
        place = Path(folder).resolve()
        root = (place / roots[0]).resolve().parent
        lines += [
            f"GitLab reads it once {roots[0]} names it:",
            f"    include: [{{local: {(place.relative_to(root) / pipelines[0]).as_posix()}}}]",
        ]
    return lines
