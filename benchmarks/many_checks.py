"""Verify many accounts of one server and print, as JSON, how long it took and what it cost.

python -m benchmarks.many_checks --port PORT --ca PEM --accounts 1000 --at-once 32
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from reconciler.model.secrets.values import SecretValue
from reconciler.model.servers.server import Login, Server
from reconciler.model.verification.context import TestContext
from reconciler.operations.conversations.queue import Limits, converse
from reconciler.smtp.access import Access
from reconciler.verification import Sender, Target

_LIMIT_SECONDS = 600


def make_target(number: int, *, port: int, ca_pem: str) -> Target:
    """Return the conversation of one account: STARTTLS, login, sender, recipient."""
    name = f"account-{number:05}"
    return Target(
        access=Access(
            server=Server(
                host="localhost", port=port, encryption="starttls", login=Login(mechanism="plain", username=name)
            ),
            ca_pem=ca_pem,
            password=SecretValue("not a secret"),
        ),
        depth="envelope",
        operator="ops@example.com",
        senders=(Sender(name=name, kind="OwnAccount", email=f"{name}@example.com", display_name="Example"),),
        timeout_seconds=60,
        context=TestContext(project="benchmark"),
    )


def _forget(done: int, total: int, name: str) -> None:
    """Show nothing."""


def main() -> int:
    """Verify, print, and return whether all accounts passed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.many_checks")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--ca", type=Path, required=True)
    parser.add_argument("--accounts", type=int, required=True)
    parser.add_argument("--at-once", type=int, required=True)
    arguments = parser.parse_args()
    ca_pem = arguments.ca.read_text()
    targets = [make_target(number, port=arguments.port, ca_pem=ca_pem) for number in range(arguments.accounts)]
    limits = Limits(
        concurrency=arguments.at_once,
        per_server=arguments.at_once,
        stop_server_after=arguments.accounts,
        deadline_seconds=_LIMIT_SECONDS,
    )
    began, cpu_began = time.perf_counter(), time.process_time()
    findings = converse(targets, limits, now=lambda: datetime.now(UTC), progress=_forget)
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu_began
    passed = sum(finding.verification.status == "passed" for finding in findings.values())
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"passed": passed, "wallSeconds": wall, "cpuSeconds": cpu, "peakMebibytes": peak_mib}))
    return 0 if passed == arguments.accounts else 1


if __name__ == "__main__":
    sys.exit(main())
