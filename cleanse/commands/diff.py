"""`cleanse diff`: what changed between two runs."""

from __future__ import annotations

import click


@click.command(name="diff")
@click.argument("out_a", metavar="OUT_A")
@click.argument("out_b", metavar="OUT_B")
@click.option("--page", metavar="FILE", help="Write it as an HTML page too.")
@click.option("--parquet", "folder", metavar="DIR", help="Write its tables as Parquet too.")
@click.option(
    "--text-column", default="text", show_default=True, metavar="NAME", help="Column of another tool's texts."
)
@click.option("--id-column", default="id", show_default=True, metavar="NAME", help="Column of another tool's ids.")
def diff_command(
    out_a: str, out_b: str, page: str | None, folder: str | None, text_column: str, id_column: str
) -> None:
    """Show what differs between two OUTs over the same input: documents, lines, and hits by rule, with samples.

    One of them may be the Parquet of another tool, with the same ids: its texts are compared line by line.
    """
    from cleanse.diff import compare_outs, describe_difference, write_page, write_tables

    found = compare_outs(out_a, out_b, text_column=text_column, id_column=id_column)
    click.echo(describe_difference(found))
    if page is not None:
        click.echo(f"wrote {write_page(found, page)}")
    for path in write_tables(found, folder) if folder is not None else ():
        click.echo(f"wrote {path}")
