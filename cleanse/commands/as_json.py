"""Output for programs: what a command shows, as JSON."""

from __future__ import annotations

from typing import Any

import click

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


def print_json(content: Any) -> None:
    """Print one JSON value."""
    import orjson

    click.echo(orjson.dumps(content, default=_spell, option=orjson.OPT_INDENT_2).decode())


def _spell(value: Any) -> Any:
    return sorted(value) if isinstance(value, set | frozenset) else str(value)
