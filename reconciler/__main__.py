"""``python -m reconciler`` and the command ``reconciler``."""

from __future__ import annotations


def main() -> None:
    """Run the command line and end the process with its exit code."""
    from reconciler.cli.edge import run  # noqa: PLC0415 - so that importing this module costs nothing

    raise SystemExit(run())


if __name__ == "__main__":
    main()
