"""The command line: parse, call, print. Polars and the rest are imported inside the commands, so that help is quick."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NoReturn

import click

from cleanse import __version__

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
@click.option("--select", multiple=True, metavar="RULE", help="Run only these rules (id, family or glob; repeatable).")
@click.option("--ignore", multiple=True, metavar="RULE", help="Leave these rules out (id, family or glob; repeatable).")
@click.option("--rules", multiple=True, metavar="DIR", help="Add a folder of rules; same id replaces (repeatable).")
@click.option("--profile", metavar="NAME", help="Let the rules of gopher, c4, fineweb or refinedweb act.")
@click.option("--no-dedupe", is_flag=True, help="Do not look for duplicates.")
@click.option("--against", metavar="OUT_OLD", help="Drop what an earlier OUT already has, too.")
@click.option(
    "--pages",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="Which documents are pages with furniture around a text: those that look like it, all, or none.",
)
@click.option("--strip-spam", is_flag=True, help="Take spam segments out instead of flagging them.")
@click.option("--drop-spam", type=float, metavar="SCORE", help="Drop documents whose spam score is above SCORE.")
@click.option("--language", default="", metavar="TAGS", help="Keep these languages, such as hi,en; drop the rest.")
@click.option("--text-column", default="text", show_default=True, metavar="NAME", help="Column of rows with the text.")
@click.option("--id-column", metavar="NAME", help="Column of rows with the id.  [default: id, where there is one]")
@click.option("--url-column", metavar="NAME", help="Column of rows with the address.")
@click.option(
    "--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Processes that read and clean."
)
@click.option("--strict", is_flag=True, help="Anything quarantined is an error: status 2 and no OUT.")
@click.option("--overwrite", is_flag=True, help="Replace an OUT that is not ours, or of other input or options.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
def run(inputs: tuple[str, ...], out: str, *, no_dedupe: bool, quiet: bool, **options: Any) -> None:
    """Clean INPUT... into OUT and write a report beside it.

    INPUT is files, folders (recursive) or globs of .txt .md .jsonl .ndjson .csv .tsv (also .gz .zst) and .parquet. OUT is a
    .parquet file, or a folder of them. The report of out.parquet is out.report/index.html.
    """
    from cleanse.passes import run as run_passes

    progress = None if quiet or not sys.stderr.isatty() else show_progress()
    result = run_passes(list(inputs), out, duplicates=not no_dedupe, progress=progress, **options)
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


def describe(result: Result) -> str:
    """Say in a few lines what a run did."""
    summary, ledger = result.summary, result.summary["ledger"]
    documents, characters = ledger["documents"], ledger["characters"]

    def count(number: int) -> str:
        return f"{number:,}".replace(",", " ")

    refused = f", see {result.report / 'quarantine.parquet'}" if result.quarantined else ""
    lines = [
        f"read         {count(documents['read'])} documents, {count(characters['read'])} characters",
        f"kept         {count(documents['kept'])} documents, {count(characters['kept'])} characters, in {result.out}",
        f"dropped      {count(documents['dropped'])}"
        + "".join(f"\n  {count(number):>10} {rule}" for rule, number in ledger["dropped_by"].items()),
        f"quarantined  {count(documents['quarantined'])}{refused}",
        (
            f"removed      {count(characters['removed'])} characters, "
            f"{count(characters['removed_with_documents'])} of them with dropped documents"
        ),
        f"changed      {count(characters['changed'])} characters into {count(characters['replaced'])}",
        f"stripped     {count(summary['touched_lines']['strip'])} lines, whole or in part",
        f"flagged      {count(summary['touched_lines']['flag'])} lines",
    ]
    duplicates = summary["duplicates"]
    if duplicates["active"]:
        chance = duplicates["probability_of_candidate"]
        lines.append(
            f"duplicates   {duplicates['bands']} bands of {duplicates['rows']} rows for {duplicates['threshold']}; a pair is "
            f"compared with probability {', '.join(f'{chance[s]:.4g} at {s}' for s in chance)}"
        )
    if summary["inputs"]["passed_over"]:
        lines.append(f"passed over  {len(summary['inputs']['passed_over'])} files of unknown kind")
    return "\n".join([*lines, f"report       {result.report / 'index.html'}"])


@main.command()
@click.argument("out", metavar="OUT")
@click.option("--to", required=True, metavar="DIR", help="Folder to write to.")
def restore(out: str, to: str) -> None:
    """Give the input of OUT back, byte for byte.

    Writes DIR/<id> for one-document files, and DIR/<source>.parquet with id and text for rows.
    """
    from cleanse.passes import restore as restore_input

    counts = restore_input(out, to)
    click.echo(f"restored {counts['files']} files and {counts['rows']} rows in {to}")


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
    """Show one rule as a page: what, why, words, examples."""
    from cleanse.catalogue import describe_rule
    from cleanse.rules import load_rules

    click.echo(describe_rule(load_rules(*folders)[rule_id]))


@main.command()
@click.argument("folder", metavar="[DIR]", required=False)
def check(folder: str | None) -> None:
    """Check the rules of cleanse, or of a folder of yours with them: all faults of all files at once."""
    from cleanse.catalogue import cases, find_faults
    from cleanse.errors import RuleError
    from cleanse.rules import read_rules

    rules, faults = read_rules(*([folder] if folder else []))
    faults += find_faults(rules)
    if faults:
        raise RuleError(sorted(faults))
    click.echo(f"{len(rules)} rules and {len(cases(rules))} examples, no fault")


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
