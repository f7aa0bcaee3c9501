"""Resolve a contacts file for an account with overrides, and print, as JSON, how long it took and what it held.

python -m benchmarks.many_contacts --contacts 20000
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

from reconciler.contacts import open_contacts
from reconciler.envelope import identity_of
from reconciler.model.accounts.settings import Settings
from reconciler.operations.send.resolve import Tally, resolutions_of
from reconciler.render.json.resolution import resolutions_lines

SETTINGS = {
    "email": "news@example.com",
    "displayName": "Example News",
    "replyTo": {"email": "office@example.com", "displayName": "Example Office"},
    "overrideFrom": {"emailDetail": "keeper_email", "displayNameDetail": "keeper_name"},
    "overrideTo": {"emailDetail": "billing_email", "onInvalid": "skip"},
}
"""Both overrides, as a mailing that uses them has."""


def write_contacts(path: Path, count: int) -> None:
    """Write a file of so many cards; every third lacks the keeper's name, every seventh has another address to bill."""
    with path.open("w", encoding="utf-8") as file:
        file.write("email,name,keeper_email,keeper_name,billing_email\n")
        for number in range(count):
            keeper = f"keeper-{number % 50}@example.com"
            name = "" if number % 3 == 0 else f"Keeper {number % 50}"
            billing = f"billing-{number}@example.net" if number % 7 == 0 else ""
            file.write(f"contact-{number}@example.net,Contact {number},{keeper},{name},{billing}\n")


def main() -> int:
    """Resolve and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.many_contacts")
    parser.add_argument("--contacts", type=int, required=True)
    arguments = parser.parse_args()
    settings = Settings.model_validate_json(json.dumps(SETTINGS))
    with tempfile.TemporaryDirectory(prefix="reconciler-bench-") as scratch:
        path = Path(scratch) / "contacts.csv"
        write_contacts(path, arguments.contacts)
        octets = 0
        began, cpu_began = time.perf_counter(), time.process_time()
        with open_contacts(str(path), stdin=sys.stdin.buffer) as cards:
            identity = identity_of("MarketingAccount", settings)
            for line in resolutions_lines(resolutions_of(identity, cards, tally=Tally(), file=str(path))):
                octets += len(line)
        wall, cpu = time.perf_counter() - began, time.process_time() - cpu_began
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"wallSeconds": wall, "cpuSeconds": cpu, "peakMebibytes": peak_mib, "octets": octets}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
