"""`cleanse explain`: what would happen to one text."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import click

from cleanse.commands.settings import SettingsCommand
from cleanse.options import clean_on_command_line


@click.command(name="explain", cls=SettingsCommand)
@click.argument("text", metavar="[TEXT]", required=False)
@clean_on_command_line
def explain_command(text: str | None, **options: Any) -> None:
    """Show what would happen to TEXT, or to what comes from the standard input, and why.

    The text is one document, in any charset. Nothing is kept, and no duplicates are looked for.
    """
    from cleanse.passes import run
    from cleanse.report import explain

    data = sys.stdin.buffer.read() if text is None or text == "-" else text.encode(errors="surrogateescape")
    with tempfile.TemporaryDirectory(prefix="cleanse-") as folder:
        (Path(folder) / "text.txt").write_bytes(data)
        result = run(Path(folder) / "text.txt", Path(folder) / "out.parquet", duplicates=False, **options)
        if result.quarantined:
            click.echo(f"it cannot be read: {result.quarantine_reasons()[0].partition(': ')[2]}")
            raise click.exceptions.Exit(1)
        click.echo(explain(result.out, "text.txt"))
