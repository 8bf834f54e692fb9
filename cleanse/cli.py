"""The command line: parse, call, print. Polars and the rest are imported inside the commands, so that help is quick."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NoReturn

import click

from cleanse import __version__
from cleanse.options import on_command_line

if TYPE_CHECKING:
    from cleanse.passes import Progress, Result

DONE, QUARANTINED, FAILED = 0, 1, 2


class Commands(click.Group):
    """A group that prints our errors as one message, and bad usage with status 2."""

    def invoke(self, context: click.Context) -> Any:
        """Run a command; an error of ours becomes its message and status 2, never a traceback."""
        from cleanse.errors import CleanseError

        try:
            return super().invoke(context)
        except CleanseError as error:
            fail(f"error: {error}")
        except BrokenPipeError:
            sys.stderr.close()
            context.exit(DONE)
        except OSError as error:
            fail(f"error: {error.strerror or error}: {error.filename}\n  hint: check the place and its permissions")
        except MemoryError:
            fail("error: out of memory\n  hint: give the input in several files, or use fewer --workers")


def fail(message: str) -> NoReturn:
    """Print a message to stderr and leave with status 2."""
    click.echo(message, err=True)
    raise click.exceptions.Exit(FAILED)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="cleanse")
def main() -> None:
    """Scraped web text in, clean Parquet out, and a reason for every change.

    Exit status: 0 done, 1 done but something was quarantined, 2 bad usage, rules or input, and no OUT.
    """


@main.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@click.argument("out", metavar="OUT")
@on_command_line
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
def run(inputs: tuple[str, ...], out: str, *, quiet: bool, **options: Any) -> None:
    """Clean INPUT... into OUT and write a report beside it.

    INPUT is files, folders (recursive) or globs of .txt .md .jsonl .ndjson .csv .tsv (also .gz .zst) and .parquet. OUT is a
    .parquet file, or a folder of them. The report of out.parquet is out.report/index.html.
    """
    from cleanse.passes import run as run_passes

    progress = None if quiet or not sys.stderr.isatty() else show_progress()
    result = run_passes(list(inputs), out, progress=progress, **options)
    if not quiet:
        click.echo(describe(result))
    raise click.exceptions.Exit(QUARANTINED if result.quarantined else DONE)


def show_progress() -> Progress:
    """Make a function that shows progress on a terminal."""

    def show(step: str, done: int, total: int) -> None:
        click.echo(f"\r{step} {done}/{total}\x1b[K", nl=False, err=True)
        if done == total:
            click.echo("\r\x1b[K", nl=False, err=True)

    return show


def count(number: int, noun: str) -> str:
    """Give a number with its noun.

    >>> count(1, "document"), count(12345, "line"), count(0, "file")
    ('1 document', '12 345 lines', '0 files')
    """
    return f"{group(number)} {noun}{'' if number == 1 else 's'}"


def group(number: int) -> str:
    """Give a number with its digits in groups of three."""
    return f"{number:,}".replace(",", " ")


def describe(result: Result) -> str:
    """Say in a few lines what a run did."""
    from cleanse.report import make_visible

    summary, ledger = result.summary, result.summary["ledger"]
    documents, characters = ledger["documents"], ledger["characters"]
    refused = f", see {result.report / 'quarantine.parquet'}" if result.quarantined else ""
    passed_over = len(summary["inputs"]["passed_over"])
    lines = [
        f"read         {count(documents['read'], 'document')}, {count(characters['read'], 'character')}",
        f"kept         {count(documents['kept'], 'document')}, {count(characters['kept'], 'character')}, in {result.out}",
        f"dropped      {group(documents['dropped'])}",
        *(f"  {group(number):>10} {rule}" for rule, number in ledger["dropped_by"].items()),
        f"quarantined  {group(documents['quarantined'])}{refused}",
        *(f"             {make_visible(reason)}" for reason in result.quarantine_reasons()),
        (
            f"removed      {count(characters['removed'], 'character')}, "
            f"{group(characters['removed_with_documents'])} of them with dropped documents"
        ),
        f"changed      {count(characters['changed'], 'character')} into {group(characters['replaced'])}",
        f"stripped     {count(summary['touched_lines']['strip'], 'line')}, whole or in part",
        f"flagged      {count(summary['touched_lines']['flag'], 'line')}",
        *(f"replaced     {one}" for one in summary["replaced"]),
        *([f"passed over  {count(passed_over, 'file')} of unknown kind"] if passed_over else []),
        f"report       {result.report / 'index.html'}",
    ]
    return "\n".join(lines)


@main.command()
@click.argument("out", metavar="OUT")
@click.option("--to", required=True, metavar="DIR", help="Folder to write to.")
def restore(out: str, to: str) -> None:
    """Give the input of OUT back, byte for byte.

    Writes DIR/<id> for one-document files, and DIR/<source>.parquet with id and text for rows.
    """
    from cleanse.passes import restore as restore_input

    counts = restore_input(out, to)
    click.echo(f"restored {count(counts['files'], 'file')} and {count(counts['rows'], 'row')} in {to}")


@main.command()
@click.argument("out", metavar="OUT")
@click.argument("document", metavar="ID")
def why(out: str, document: str) -> None:
    """Show what each rule did to one document of OUT."""
    from cleanse.report import explain

    click.echo(explain(out, document))


@main.command()
@click.argument("out", metavar="OUT")
@click.option("--csv", "folder", metavar="DIR", help="Write its tables for spreadsheets too, as CSV.")
def report(out: str, folder: str | None) -> None:
    """Make the page of the report anew from OUT and the tables of its report."""
    from cleanse.report import export_tables, rebuild_page

    click.echo(f"wrote {rebuild_page(out)}")
    for path in export_tables(out, folder) if folder else ():
        click.echo(f"wrote {path}")


@main.command(name="rules")
@click.option("--language", metavar="TAG", help="Only rules with words in this language.")
@click.option("--rules", "folders", multiple=True, metavar="DIR", help="Add a folder of rules (repeatable).")
def list_rules(language: str | None, folders: tuple[str, ...]) -> None:
    """List all rules with their languages."""
    from cleanse.catalogue import print_catalogue
    from cleanse.rules import load_rules

    print_catalogue(load_rules(*folders), language)


@main.command(name="rule")
@click.argument("rule_id", metavar="ID")
@click.option("--rules", "folders", multiple=True, metavar="DIR", help="Add a folder of rules (repeatable).")
def show_rule(rule_id: str, folders: tuple[str, ...]) -> None:
    """Show one rule as a page: what, why, words, examples. The name of a family, such as quality, lists its rules."""
    from cleanse.catalogue import describe_rule, print_catalogue
    from cleanse.rules import load_rules

    rules = load_rules(*folders)
    family = rules.family(rule_id.rstrip("/"))
    if len(family):
        print_catalogue(family)
    else:
        click.echo(describe_rule(rules[rule_id]))


@main.command()
@click.argument("folder", metavar="[DIR]", required=False)
def check(folder: str | None) -> None:
    """Check the rules of cleanse, or of a folder of yours with them: all faults of all files at once."""
    from pathlib import Path

    from cleanse.catalogue import cases, find_faults, find_strays
    from cleanse.errors import RuleError
    from cleanse.rules import read_rules

    rules, faults = read_rules(*([folder] if folder else []))
    faults += [*find_faults(rules), *(find_strays(Path(folder)) if folder else [])]
    for one in rules.replaced():
        click.echo(f"replaced  {one}")
    if faults:
        raise RuleError(sorted(faults))
    click.echo(f"{count(len(rules), 'rule')} and {count(len(cases(rules)), 'example')}, no fault")


@main.command(name="new-rule")
@click.argument("rule_id", metavar="ID")
@click.option("--rules", "folder", required=True, metavar="DIR", help="Your folder of rules.")
@click.option("--language", multiple=True, metavar="TAG", help="Make a folder with a file a language (repeatable).")
def new_rule(rule_id: str, folder: str, language: tuple[str, ...]) -> None:
    """Write the skeleton of a rule, in draft, into your folder of rules."""
    from cleanse.catalogue import write_skeleton

    for path in write_skeleton(rule_id, folder, language):
        click.echo(f"wrote {path}")


if __name__ == "__main__":
    main()
