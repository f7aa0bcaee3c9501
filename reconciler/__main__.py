"""``python -m reconciler`` and the command ``reconciler``."""

from __future__ import annotations


def main() -> None:
    """Run the command line and end the process with its exit code."""
    import gc
    import os

    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"  # else it reads what every package of the environment declares
    from reconciler.cli.edge import run

    gc.set_threshold(100_000, 50, 50)  # the values of a run live to its end: looking them over again is wasted
    raise SystemExit(run())


if __name__ == "__main__":
    from mail_reconciler import main as main_of_whole_package

    main_of_whole_package()
