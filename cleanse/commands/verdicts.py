"""`cleanse verdicts`: add, import and show what reviewers say, and write near misses from it."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cleanse.commands.here import HERE

if TYPE_CHECKING:
    import polars as pl

    from cleanse.verdicts import Verdict

Command = TypeVar("Command", bound=Callable[..., Any])
SHOWN_CHARS = 160  # characters shown of a text


def precision_options(command: Command) -> Command:
    """Add the options of `run` that read verdicts."""
    command = click.option(
        "--min-precision",
        type=float,
        metavar="SHARE",
        help="A rule whose precision lies below only flags, such as 0.95; needs --verdicts.",
    )(command)
    return click.option("--verdicts", metavar="FILE", help="What reviewers said: figures for the table of rules.")(
        command
    )


def guess_reviewer() -> str:
    """Give the name of who is logged in, as the name of the reviewer."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # nobody is
        return ""


@click.group(name="verdicts")
def verdict_commands() -> None:
    """Add, import or show verdicts on what rules did, or make near misses of wrong ones.

    FILE holds a verdict a line (JSON lines); `cleanse review` writes the same.
    """


@verdict_commands.command()
@click.argument("file", metavar="FILE")
@click.option("--rule", required=True, metavar="ID", help="The rule that is judged.")
@click.option(
    "--verdict", required=True, type=click.Choice(["right", "wrong", "unsure", "withdrawn"]), help="What you say."
)
@click.option(
    "--out", metavar="OUT", type=HERE, help="Take text, language and version from a hit in this OUT: with --id, --line."
)
@click.option("--id", "document", metavar="ID", help="The document in OUT.")
@click.option("--line", type=int, metavar="N", help="The line of the hit; without it the whole document.")
@click.option("--text", metavar="TEXT", help="Without OUT: what the rule hit.")
@click.option("--context", metavar="LINE", help="Without OUT: the line that the text stands in.")
@click.option("--language", metavar="TAG", help="Without OUT: the language of the document.")
@click.option("--source", metavar="FILE", help="Without OUT: the file it came from.")
@click.option("--rules", "folders", multiple=True, metavar="DIR", help="Add a folder of rules (repeatable).")
@click.option("--reviewer", metavar="NAME", help="Who says it.  [default: your login]")
@click.option("--remark", default="", metavar="TEXT", help="Why.")
def add(
    file: str, rule: str, verdict: str, out: str | None, document: str | None, line: int | None, text: str | None,
    context: str | None, language: str | None, source: str | None, folders: tuple[str, ...], reviewer: str | None, remark: str,
) -> None:  # fmt: skip
    """Add one verdict to FILE, on a hit in an OUT or on a text that you give."""
    from cleanse.errors import OptionError
    from cleanse.rules import load_rules
    from cleanse.verdicts import append_verdicts, make_verdict

    said = {"verdict": verdict, "reviewer": guess_reviewer() if reviewer is None else reviewer, "remark": remark}
    if out is not None:
        from cleanse.review import find_questions

        if document is None:
            raise OptionError("--out without --id", where=out, hint="name the document, and --line for a line of it")
        rows = [{**row, **said} for row in find_questions(out, rule, document, line)]
    elif text is None:
        raise OptionError("neither --out nor --text", hint="say where the hit is, or what was hit")
    else:
        known = load_rules(*folders)[rule]
        own = {"rule": rule, "version": known.version, "language": language, "source": source}
        rows = [{**own, "text": text, "context": None if context == text else context, **said}]
    append_verdicts(file, [make_verdict(row) for row in rows])
    click.echo(f"added {len(rows)} verdict{'s' * (len(rows) != 1)} to {file}")


@verdict_commands.command(name="import")
@click.argument("file", metavar="FILE")
@click.argument("others", metavar="OTHER...", nargs=-1, required=True)
def import_files(file: str, others: tuple[str, ...]) -> None:
    """Add the verdicts of OTHER... (.jsonl, .csv, .parquet) to FILE; those that are there already are left out."""
    from cleanse.verdicts import import_verdicts

    new, there = import_verdicts(file, others)
    click.echo(f"added {new} verdict{'s' * (new != 1)} to {file}; {there} were there already")


@verdict_commands.command()
@click.argument("file", metavar="FILE")
@click.option("--rule", metavar="ID", help="Only this rule.")
@click.option("--language", metavar="TAG", help="Only documents in this language.")
@click.option("--wrong", is_flag=True, help="List the hits that were found wrong, with remarks.")
@click.option("--rules", "folders", multiple=True, metavar="DIR", help="Add a folder of rules (repeatable).")
def show(file: str, rule: str | None, language: str | None, folders: tuple[str, ...], *, wrong: bool) -> None:
    """Show for each rule and language how many hits were judged, and its precision with a 95 % interval (Wilson)."""
    from cleanse.rules import load_rules
    from cleanse.verdicts import count_verdicts, keep_last, keep_valid, measure_agreement, read_verdicts

    last = keep_last(read_verdicts(file))
    valid = keep_valid(last, load_rules(*folders))
    chosen = [v for v in valid if rule in (None, v.rule) and language in (None, v.language)]
    if wrong:
        list_wrong(chosen)
        return
    print_precision(count_verdicts(chosen))
    click.echo(
        f"{len(chosen)} verdicts on hits that the rules make now; {len(last) - len(valid)} on others are left out"
    )
    agreement = measure_agreement(chosen)
    if agreement.same is not None:
        kappa = "" if agreement.kappa is None else f", kappa {agreement.kappa:.2f}"
        click.echo(f"{agreement.hits} hits judged by two or more: they agree on {agreement.same:.0%}{kappa}")


def list_wrong(verdicts: list[Verdict]) -> None:
    """Print the hits that a reviewer found wrong."""
    from cleanse.report import make_visible

    for verdict in verdicts:
        if verdict.verdict == "wrong":
            shown = make_visible(verdict.text[:SHOWN_CHARS]) + "…" * (len(verdict.text) > SHOWN_CHARS)
            by = f", {make_visible(verdict.reviewer)}" if verdict.reviewer else ""
            click.echo(f"{verdict.rule} ({verdict.language}{by}): {shown}")
            if verdict.context is not None:
                click.echo(f"  in: {make_visible(verdict.context[:SHOWN_CHARS])}")
            if verdict.remark:
                click.echo(f"  remark: {make_visible(verdict.remark)}")


def print_precision(table: pl.DataFrame) -> None:
    """Print a table of `rule, language, judged, precision, ...`, and `characters, harm` where they are."""
    names = ["rule", "language", "judged", "precision", "95 % interval"]
    more = [name for name in ("wrong", "unsure", "action", "characters", "harm") if name in table.columns]
    rows = [[*names, *more]]
    for row in table.iter_rows(named=True):
        judged = row["judged"]
        cells = [row["rule"], row["language"] or "", str(judged)]
        cells += [f"{row['precision']:.3f}" if judged else "", describe_interval(row)]
        rows.append(cells + ["" if row[name] is None else _cell(row[name]) for name in more])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    left = [name in ("rule", "language", "action") for name in rows[0]]
    for shown in rows:
        cells = [f"{cell:{'<' if own else '>'}{width}}" for cell, width, own in zip(shown, widths, left, strict=True)]
        click.echo("  ".join(cells).rstrip())


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:,.0f}".replace(",", " ")


def describe_interval(row: dict[str, Any]) -> str:
    """Give both ends of an interval, or nothing where nobody judged."""
    return f"{row['precision_low']:.3f} – {row['precision_high']:.3f}" if row["judged"] else ""


def measure_harm(folders: tuple[str, ...], file: str | None, out: str | None, language: str | None) -> pl.DataFrame:
    """Give for each rule and language what it took in OUT and how often it is right, the most harmful first."""
    import polars as pl

    from cleanse.report import read_rule_table
    from cleanse.rules import load_rules
    from cleanse.verdicts import add_precision, count_verdicts, keep_valid, read_verdicts, sort_by_harm

    rules = load_rules(*folders)
    table = None if out is None else read_rule_table(out).filter(pl.col("documents") > 0)
    versions = () if table is None else table.select("rule", "version").unique().rows()
    if file is not None:
        counted = count_verdicts(keep_valid(read_verdicts(file), rules, versions))
        table = counted if table is None else add_precision(table, counted)
    assert table is not None
    table = table if language is None else table.filter(pl.col("language") == language)
    return table.sort("precision", "rule", "language", nulls_last=True) if out is None else sort_by_harm(table)


def print_harm(folders: tuple[str, ...], file: str | None, out: str | None, language: str | None) -> None:
    """Print for each rule and language what it took in OUT and how often it is right, the most harmful first."""
    table = measure_harm(folders, file, out, language)
    print_precision(table)
    if out is not None:
        click.echo("harm: characters that it takes or changes, times the share of its verdicts that are wrong")
    click.echo("95 % interval of Wilson; judged counts hits, each text once, that are right or wrong")


@verdict_commands.command(name="to-rules")
@click.argument("file", metavar="FILE")
@click.option("--rules", "folder", required=True, metavar="DIR", help="The folder of the files of the rules.")
def to_rules(file: str, folder: str) -> None:
    """Write hits that were found wrong as near misses into the files of their rules, marked to be reworded.

    The texts are from pages: `cleanse check DIR` names each until you have said the same in words of your own.
    """
    from cleanse.catalogue import REWORD, find_faults
    from cleanse.errors import RuleError
    from cleanse.report import make_visible
    from cleanse.rules import load_rules, read_rules
    from cleanse.verdicts import read_verdicts, write_misses

    place = Path(folder)
    written = write_misses(read_verdicts(file), load_rules(place), place)
    for item in written:
        shown = make_visible(item.text[:SHOWN_CHARS])
        what = f"wrote to {item.path}" if item.path else f"not written, {item.reason}"
        click.echo(f"{item.rule}: {what}\n  {shown}")
    if not written:
        click.echo("no hit that the rules make now was found wrong")
        return
    rules, faults = read_rules(place)
    faults += find_faults(rules)
    others = [fault for fault in faults if fault.hint.find(f"`{REWORD}`") < 0]
    if others:
        raise RuleError(others)
    click.echo(f"checked: {len(faults)} to reword, no other fault; `cleanse check {folder}` names them")
