"""`python -m cleanse` is `cleanse`. It listens for Ctrl-C before it imports anything that takes time."""

import atexit
import os
import sys

from cleanse.interrupts import leave_on_interrupt


def start() -> None:
    """Run the command line in a process of its own, and end the process."""
    try:
        with leave_on_interrupt(own_process=True):
            from cleanse.cli import main

            main()
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            _leave(end.code or 0)
        raise


def _leave(status: int) -> None:
    """End the process without taking all objects apart, which takes .15 s; come back where what was printed cannot be written."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        return
    atexit._run_exitfuncs()  # noqa: SLF001 - such as those that take temporary files away
    os._exit(status)


if __name__ == "__main__":
    start()
