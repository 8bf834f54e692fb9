"""`cleanse diff`: what changed between two runs."""

from __future__ import annotations

import click

from cleanse.commands.as_json import json_option, print_json
from cleanse.commands.here import HERE


@click.command(name="diff")
@click.argument("out_a", metavar="OUT_A", type=HERE)
@click.argument("out_b", metavar="OUT_B", type=HERE)
@click.option("--page", metavar="FILE", help="Write it as an HTML page too.")
@click.option("--parquet", "folder", metavar="DIR", help="Write its tables as Parquet too.")
@click.option(
    "--text-column", default="text", show_default=True, metavar="NAME", help="Column of another tool's texts."
)
@click.option("--id-column", default="id", show_default=True, metavar="NAME", help="Column of another tool's ids.")
@json_option
def diff_command(
    out_a: str, out_b: str, page: str | None, folder: str | None, text_column: str, id_column: str, *, as_json: bool
) -> None:
    """Show what differs between two OUTs over the same input: documents, lines, and hits by rule, with samples.

    One of them may be the Parquet of another tool, with the same ids: its texts are compared line by line.
    """
    from cleanse.diff import compare_outs, describe_difference, write_page, write_tables

    found = compare_outs(out_a, out_b, text_column=text_column, id_column=id_column)
    if as_json:
        tables = {name: getattr(found, name).to_dicts() for name in ("reasons", "changes", "lines", "rules")}
        print_json({"counts": found.counts, "languages_changed": found.languages_changed, **tables})
    else:
        click.echo(describe_difference(found))
    if page is not None:
        click.echo(f"wrote {write_page(found, page)}", err=as_json)
    for path in write_tables(found, folder) if folder is not None else ():
        click.echo(f"wrote {path}", err=as_json)
