"""Options in a file: `cleanse.toml`, or `[tool.cleanse]` in `pyproject.toml`, in this folder or above. The command line wins."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cleanse.errors import OptionError
from cleanse.options import Options, flag_of, listed

OWN, SHARED = "cleanse.toml", "pyproject.toml"


@dataclass(frozen=True)
class Settings:
    """What a file says: the file, and values by the names of the fields of `Options`. Without a file there are none."""

    path: Path | None = None
    values: dict[str, Any] = field(default_factory=dict)


def find_settings(folder: Path) -> Settings:
    """Read the settings of the nearest file, from `folder` upwards.

    In one folder `cleanse.toml` comes before `pyproject.toml`, which counts only if it has a table `[tool.cleanse]`. Names are those
    of the flags without the hyphens in front, such as `strip-spam`, or those of Python, such as `strip_spam`. Paths are relative to the
    file.

    Raises:
        OptionError: the file is not TOML, or what it says is no option or makes no sense.
    """
    for place in (folder.absolute(), *folder.absolute().parents):
        for path in (place / OWN, place / SHARED):
            if path.is_file() and (table := _read(path)) is not None:
                return Settings(path, _check(path, table))
    return Settings()


def _read(path: Path) -> dict[str, Any] | None:
    """Read the table of options in a file; None where there is none."""
    try:
        content = tomllib.loads(path.read_bytes().decode())
    except ValueError as error:
        if path.name == SHARED:
            return None  # its own tools will say so
        raise OptionError(f"not TOML: {error}", where=str(path), hint="mend the file, or move it away") from None
    if path.name == OWN:
        return content
    table = content.get("tool", {}).get("cleanse")
    return table if isinstance(table, dict) else None


def _check(path: Path, table: dict[str, Any]) -> dict[str, Any]:
    """Give the values of a table by the names of the fields."""
    options = {name: (shown, field) for name, field, shown in listed() if shown.command}
    names = {flag_of(name, shown).removeprefix("--"): name for name, (shown, _) in options.items()}
    values: dict[str, Any] = {}
    for key, value in table.items():
        name = names.get(key) or (key if key in options else None)
        if name is None:
            near = difflib.get_close_matches(key, names, n=2)
            hint = f"did you mean {' or '.join(near)}?" if near else "`cleanse run --help` lists the options"
            raise OptionError(f"`{key}` is no option", where=str(path), hint=hint)
        shown, _ = options[name]
        opposite = shown.flag is not None and key == shown.flag.removeprefix("--") and isinstance(value, bool)
        values[name] = not value if opposite else value
    try:
        checked = Options.of(values)
    except OptionError as error:
        raise OptionError(error.what, where=str(path), hint=error.hint) from None
    return {name: _place(getattr(checked, name), path.parent) for name in values}


def _place(value: Any, folder: Path) -> Any:
    """Make paths absolute: they are relative to the folder of the file."""
    if isinstance(value, tuple):
        return tuple(_place(one, folder) for one in value)
    return folder / value if isinstance(value, Path) else value


def describe_settings(settings: Settings, values: dict[str, Any], said: set[str]) -> str:
    """Say of each option what counts and where it comes from; `said` are those on the command line."""
    lines = [f"settings   {settings.path or f'no {OWN} and no [tool.cleanse] in {SHARED}, here or above'}"]
    width = max(len(flag_of(name, shown)) for name, _, shown in listed())
    for name, _, shown in listed():
        if shown.command:
            origin = "command line" if name in said else "file" if name in settings.values else "default"
            lines.append(f"{flag_of(name, shown):<{width}}  {origin:<12}  {_spell(values[name])}")
    return "\n".join(lines)


def _spell(value: Any) -> str:
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value)) or "-"
    return "-" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
