"""Tell the story and end with exit code 1 if anything is not as it should be."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from demo.example import running_example
from demo.story import NotAsExpected, tell


def main() -> int:
    """Run the demo in a temporary folder; return the exit code."""
    with tempfile.TemporaryDirectory(prefix="reconciler-demo-") as scratch:
        folder = Path(scratch) / "project"
        with running_example(folder) as project:
            print("The example project, in a temporary copy, with a mail server on this machine.", flush=True)
            try:
                for text in tell(project):
                    print(text, end="", flush=True)
            except NotAsExpected as surprise:
                print(f"\nThe demo is not as it should be: {surprise}.", file=sys.stderr)
                return 1
    print("\nAll as it should be. Next: docs/guide.md, and `make playground` to try things out.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
