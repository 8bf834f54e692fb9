"""Names of files as the system and people give them: what can be stored, what can be printed, and what is an address."""

from __future__ import annotations

import os
import re

ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def is_utf8(name: str) -> bool:
    """Say whether a name from the system can be stored: Python carries other bytes as lone surrogates."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def printable(name: str) -> str:
    r"""Give a name that can be stored: bytes that are not UTF-8 are written as \\xNN."""
    return os.fsencode(name).decode("utf-8", errors="backslashreplace")


def is_address(name: str) -> bool:
    """Say whether a name is an address such as `s3://bucket/key`, which is not on this machine."""
    return ADDRESS.match(name) is not None
