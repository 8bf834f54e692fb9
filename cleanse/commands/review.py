"""`cleanse review`: judge hits of a run in the browser."""

from __future__ import annotations

import click

from cleanse.commands.here import HERE
from cleanse.commands.verdicts import guess_reviewer


@click.command(name="review")
@click.argument("out", metavar="OUT", type=HERE)
@click.option(
    "--verdicts",
    "file",
    default="verdicts.jsonl",
    show_default=True,
    metavar="FILE",
    help="Where verdicts are written.",
)
@click.option("--rule", "rules", multiple=True, metavar="ID", help="Ask about this rule only (repeatable).")
@click.option("--reviewer", metavar="NAME", help="Who judges.  [default: your login]")
@click.option("--again", is_flag=True, help="Ask what others have judged too, to see how far you agree.")
@click.option("--drafts", is_flag=True, help="Ask about rules in draft, which did not act, before you let them.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, metavar="N", help="Port.  [default: any that is free]"
)
@click.option("--open", "browser", is_flag=True, help="Open the page in your browser.")
def review_command(
    out: str,
    file: str,
    rules: tuple[str, ...],
    reviewer: str | None,
    port: int,
    *,
    again: bool,
    drafts: bool,
    browser: bool,
) -> None:
    """Walk through hits of OUT in the browser: right, wrong or unsure, by keyboard.

    A small server answers on this machine only, at an address that is printed. Control-C ends it; every verdict is in FILE by then.
    """
    from cleanse.review import serve

    def announce(address: str) -> None:
        click.echo(f"review at {address}\nverdicts go to {file}; Control-C ends")
        if browser:
            click.launch(address)

    serve(
        out,
        file,
        guess_reviewer() if reviewer is None else reviewer,
        rules=rules,
        again=again,
        drafts=drafts,
        port=port,
        announce=announce,
    )
