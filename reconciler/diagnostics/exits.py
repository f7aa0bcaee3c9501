"""The exit codes of every command: what each means, what to do, and an example."""

from __future__ import annotations

from reconciler.classes import dataclass


@dataclass(frozen=True, slots=True)
class ExitCode:
    """One exit code: its number, a summary, what leads to it, what to do, and a command line that ends so."""

    number: int
    summary: str
    cause: str
    cure: str
    example: str


_TABLE = (
    ExitCode(0, "Done, or nothing to do", "The command did what it was asked for; warnings may have been told.", "Nothing to do.", "reconciler validate"),
    ExitCode(1, "Error", "Manifests, project file or arguments are wrong, a secret or the state cannot be used, a question was declined, or something could not be read or written. Nothing was applied unless a revision was reported.", "Mend what the message says, and run the command again.", "reconciler plan             # without a state: stateMissing"),
    ExitCode(2, "Changes are pending", "The plan is ready and not empty, or a consumer differs, and plan or publish --check was asked to say so by --detailed-exitcode. Nothing else ends with 2.", "Apply the plan, or publish.", "reconciler plan --detailed-exitcode"),
    ExitCode(3, "Verification failed", "A check of an account failed; of send: not every message was accepted. apply has applied nothing.", "Mend what the check says; its code is in brackets beside it.", "reconciler verify sales     # credentialsRejected"),
    ExitCode(4, "Refused", "A guard refused, or a credential was withheld: something would be deleted, sent or trusted that nobody has said is meant. Nothing was applied.", "Look whether it is meant; the message names the way to say so.", "reconciler plan             # credentialWithheld, tooManyDeletes"),
    ExitCode(5, "Stale", "The state is no longer what was planned from, reviewed or looked at.", "Plan again, and have it reviewed again.", "reconciler apply first.plan # planStale"),
    ExitCode(6, "Not published everywhere", "What was to be recorded is recorded, and a consumer was not brought to all that it is to have: it is down, a secret cannot be read here, or a grant is missing.", "Mend what the message says, then run reconciler publish.", "reconciler apply            # consumerNotPublished"),
    ExitCode(129, "Stopped by SIGHUP", "The terminal of the command was closed. Nothing is left half-written.", "Run it again; under nohup it goes on.", "reconciler plan             # and its terminal is closed"),
    ExitCode(130, "Stopped by Ctrl-C", "Somebody stopped the command. Nothing is left half-written.", "Run it again.", "reconciler plan             # and Ctrl-C"),
    ExitCode(143, "Stopped by SIGTERM", "A CI system that cancelled the job, a container or a service manager stopped the command. Nothing is left half-written.", "Run it again.", "reconciler plan             # and kill PID"),
)  # fmt: skip

EXIT_CODES: dict[int, ExitCode] = {code.number: code for code in _TABLE}
