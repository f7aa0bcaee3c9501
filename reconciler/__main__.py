"""``python -m reconciler`` and the command ``reconciler``."""

from __future__ import annotations

_OBJECTS_BETWEEN_LOOKS = 300_000
"""The values of a run live to its end: looking them over for rubbish is wasted until there are many."""


def main() -> None:
    """Run the command line and end the process with its exit code."""
    import gc
    import os

    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"  # else it reads what every package of the environment declares
    gc.set_threshold(_OBJECTS_BETWEEN_LOOKS, 50, 50)
    from reconciler.cli.edge import run

    try:
        raise SystemExit(run())
    finally:
        gc.freeze()  # else the end of Python looks through all that is about to go


if __name__ == "__main__":
    from mail_reconciler import main as main_of_whole_package

    main_of_whole_package()
