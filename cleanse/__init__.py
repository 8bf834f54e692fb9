"""Scraped web text in, clean Parquet out, and a reason for every change.

Two ways in, from Python:

    cleanse.run("seeds/", "out.parquet")            the same job as `cleanse run`
    lf.pipe(cleanse.clean, text="text")             the same cleaning inside a pipeline of your own

`python -m cleanse` is the command.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["CleanseError", "Result", "Rules", "clean", "load_rules", "restore", "run"]

if TYPE_CHECKING:
    from cleanse.errors import CleanseError
    from cleanse.passes import Result, restore, run
    from cleanse.pipeline import clean
    from cleanse.rules import Rules, load_rules

_HOMES = {
    "CleanseError": "cleanse.errors",
    "Result": "cleanse.passes",
    "run": "cleanse.passes",
    "clean": "cleanse.pipeline",
    "restore": "cleanse.passes",
    "Rules": "cleanse.rules",
    "load_rules": "cleanse.rules",
}


def __dir__() -> list[str]:
    """List what there is, also what was not imported yet."""
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for: `import cleanse` must not wait for Polars."""
    if name not in _HOMES:
        raise AttributeError(f"module 'cleanse' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
