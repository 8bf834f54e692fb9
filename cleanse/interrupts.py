"""What the command does on Ctrl-C: one sentence and status 130, never a traceback."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any

INTERRUPTED = 130  # 128 and the number of the signal, as shells count
SENTENCE = "interrupted: give the same command again, and it goes on where it stopped"
PATIENCE = 1.0  # seconds in which a second Ctrl-C does not disturb how the first one is carried out


class Interrupted(BaseException):
    """Somebody pressed Ctrl-C. It is no Exception, so that nothing on its way takes it for an error that can be handled."""


@contextlib.contextmanager
def leave_on_interrupt(*, own_process: bool) -> Iterator[None]:
    """Let Ctrl-C end the block with SENTENCE and status INTERRUPTED.

    With `own_process` nothing comes behind the block, and a Ctrl-C behind it is ignored: there is nothing left to interrupt.

    Raises:
        SystemExit: with status INTERRUPTED, on Ctrl-C.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler, hook = signal.signal(signal.SIGINT, _Handler()), sys.unraisablehook
    sys.unraisablehook = _report_unraisable
    try:
        yield
    except (Interrupted, KeyboardInterrupt):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        sys.stderr.write(f"{SENTENCE}\n")
        sys.exit(INTERRUPTED)
    finally:
        if own_process:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        else:
            signal.signal(signal.SIGINT, handler)
            sys.unraisablehook = hook


class _Handler:
    """Raise Interrupted where the main thread is, but not twice while the first one is on its way."""

    def __init__(self) -> None:
        self._last = -PATIENCE

    def __call__(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        now = time.monotonic()
        if now - self._last >= PATIENCE:
            self._last = now
            raise Interrupted


def _report_unraisable(unraisable: Any) -> None:
    """Send an interrupt again that came where nothing can be raised, such as in the end of an object; report all else."""
    if issubclass(unraisable.exc_type, Interrupted | KeyboardInterrupt):
        again = threading.Timer(PATIENCE, os.kill, (os.getpid(), signal.SIGINT))
        again.daemon = True
        again.start()
    else:
        sys.__unraisablehook__(unraisable)
