"""The errors that users meet, as a tree.

    CleanseError          anything cleanse says on purpose
    ├── InputError        an input or a column is missing, unreadable as a whole or ambiguous
    ├── OutputError       OUT cannot be written, or is not ours to replace
    ├── OptionError       an option or a rule selection that makes no sense
    ├── RuleError         one or more rule files are wrong; carries every fault
    ├── StoreError        a store on another machine does not answer; the next run goes on where this one stopped
    ├── WorkerError       a worker process died; the next run goes on where it stopped
    └── LedgerError       a run whose books do not balance; always a bug in cleanse

Each message says what is wrong, where, and what to do next.
"""

from __future__ import annotations

from dataclasses import dataclass


class CleanseError(Exception):
    """Base of all errors that cleanse raises on purpose.

    >>> print(CleanseError("no such file", where="seeds/a.txt", hint="check the spelling"))
    no such file: seeds/a.txt
      hint: check the spelling
    """

    def __init__(self, what: str, *, where: str | None = None, hint: str | None = None) -> None:
        """Say `what` is wrong, `where`, and what to do next (`hint`)."""
        self.what = what
        self.where = where
        self.hint = hint
        message = what if where is None else f"{what}: {where}"
        super().__init__(message if hint is None else f"{message}\n  hint: {hint}")


class InputError(CleanseError):
    """An input or a column is missing, unreadable as a whole, or ambiguous."""


class OutputError(CleanseError):
    """OUT cannot be written, or is not ours to replace."""


class OptionError(CleanseError):
    """An option or a selection of rules that makes no sense."""


class StoreError(CleanseError):
    """A store on another machine does not answer; what was finished stays in the work folder, and the next run goes on there."""


class WorkerError(CleanseError):
    """A worker process died; what was finished stays in the work folder, and the next run goes on there."""


class LedgerError(CleanseError):
    """What was read does not equal what was kept, dropped and quarantined."""


@dataclass(frozen=True, order=True)
class Fault:
    """One thing that is wrong in one rule file."""

    file: str
    field: str
    reason: str
    hint: str = ""

    def __str__(self) -> str:
        """Print as `file: field: reason`, with the way out on a second line."""
        text = f"{self.file}: {self.field}: {self.reason}" if self.field else f"{self.file}: {self.reason}"
        return f"{text}\n  hint: {self.hint}" if self.hint else text


class RuleError(CleanseError):
    """One or more rule files are wrong; `faults` holds all of them."""

    def __init__(self, faults: list[Fault]) -> None:
        """Collect `faults`, sorted by file."""
        self.faults = sorted(faults)
        count = len(faults)
        super().__init__(
            f"{count} fault{'s' if count > 1 else ''} in the rule files\n"
            + "\n".join(str(fault) for fault in self.faults)
        )
