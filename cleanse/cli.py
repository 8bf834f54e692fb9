"""The command line: parse, call, print. Polars and the rest are imported inside the commands, so that help is quick."""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from cleanse import __version__
from cleanse.commands import (
    HERE,
    SettingsCommand,
    add_completions,
    completions_command,
    diff_command,
    explain_command,
    json_option,
    print_json,
    print_settings,
    review_command,
    show_settings_option,
    verdict_commands,
)
from cleanse.interrupts import Interrupted, leave_on_interrupt
from cleanse.memory import uncollected
from cleanse.options import Options, on_command_line
from cleanse.workers import begin_early, count_processors

if TYPE_CHECKING:
    from cleanse.passes import Preview, Result

DONE, QUARANTINED, FAILED = 0, 1, 2
PASSED_OVER = {
    "passed_over": ("file of unknown kind", "files of unknown kind"),
    "hidden": ("hidden folder", "hidden folders"),
    "outputs": ("output of cleanse", "outputs of cleanse"),
    "left_out": ("file by --include or --exclude", "files by --include or --exclude"),
    "links": ("link to what is read already", "links to what is read already"),
}


class Commands(click.Group):
    """A group that prints our errors as one message, bad usage with status 2, and an interrupt with status 130."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **options: Any) -> Any:
        """Run the command line; Ctrl-C ends it with one sentence."""
        with leave_on_interrupt(own_process=args is None):
            return super().main(args, *rest, **options)

    def invoke(self, context: click.Context) -> Any:
        """Run a command; an error of ours becomes its message and status 2, never a traceback."""
        from cleanse.errors import CleanseError

        try:
            return super().invoke(context)
        except KeyboardInterrupt as interrupt:  # before click makes "Aborted!" of it
            raise Interrupted from interrupt
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

    Exit status: 0 done, 1 done but something was quarantined, 2 bad usage, rules or input, and no OUT,
    130 interrupted.
    """


@main.command(cls=SettingsCommand)
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@click.argument("out", metavar="OUT")
@on_command_line
@click.option("--json-log", is_flag=True, help="Tell progress as lines of JSON on stderr.")
@show_settings_option
@click.option("--dry-run", is_flag=True, help="Say what would be read, and write nothing.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
def run(
    inputs: tuple[str, ...],
    out: str,
    *,
    quiet: bool,
    json_log: bool,
    dry_run: bool,
    show_settings: bool,
    **options: Any,
) -> None:
    """Clean INPUT... into OUT and write a report beside it.

    INPUT is files, folders (recursive) or globs of .txt .md .html .jsonl .ndjson .csv .tsv .warc .wet (also .gz .zst), .parquet
    and .arrow; - is JSONL from the standard input. OUT is a file .parquet or .jsonl (also .gz, .zst), a folder of .parquet, or - for JSONL on the
    standard output, with --report. Both may be addresses, such as s3://bucket/pages. Options may stand in cleanse.toml, or in [tool.cleanse] of pyproject.toml. The report of out.parquet is out.report/index.html.
    """
    if show_settings:
        print_settings(options)
        return
    if options["engine"] == "local":
        options["workers"] = options["workers"] or count_processors()
    with contextlib.ExitStack() as stack:
        if options["engine"] == "local" and not dry_run and options["limit"] is None:
            stack.enter_context(begin_early(inputs, options["workers"]))
        with uncollected():  # what is imported stays
            from cleanse.passes import preview
            from cleanse.passes import run as run_passes
            from cleanse.progress import choose_reporter

        progress = None if quiet else choose_reporter(sys.stderr, as_json=json_log)
        names = take_standard_input(list(inputs), out, stack, options)
        if dry_run:
            click.echo(describe_preview(preview(names, out, Options.of(options))))
            return
        result = run_passes(names, out, progress=progress, **options)
    if not quiet:
        click.echo(describe(result), err=out == "-")
    raise click.exceptions.Exit(QUARANTINED if result.quarantined else DONE)


def take_standard_input(names: list[str], out: str, stack: contextlib.ExitStack, options: dict[str, Any]) -> list[str]:
    """Put the file `stdin.jsonl` in the place of `-`: what is piped in is read twice, so it must be kept until the run is done."""
    if "-" not in names:
        return names
    from cleanse.files import check_place

    report = options["report"] and Path(options["report"])
    check_place(out, [name for name in names if name != "-"], overwrite=options["overwrite"], report=report)
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="cleanse-"))
    kept = Path(folder) / "stdin.jsonl"
    with kept.open("wb") as stream:
        shutil.copyfileobj(sys.stdin.buffer, stream)
    return [str(kept) if name == "-" else name for name in names]


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
    refused = f", see {result.report}/quarantine.parquet" if result.quarantined else ""
    tried = [f"{name} {number}" for name in ("limit", "sample") if (number := summary["options"].get(name))]
    lines = [
        *([f"tried out    with {' and '.join(tried)}: there may be more input"] if tried else []),
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
    ]
    lines += _name_passed_over(summary["inputs"])
    lines += [f"moved aside  {place}, which is not of cleanse" for place in result.moved]
    lines += [f"held back    {_name_restrained(row)}" for row in summary["restrained"]]
    return "\n".join([*lines, f"report       {result.report}/index.html"])


def _name_passed_over(inputs: dict[str, Any]) -> list[str]:
    """Count what was not read, by its reason."""
    passed = [
        f"{len(names)} {words[len(names) > 1]}" for field, words in PASSED_OVER.items() if (names := inputs[field])
    ]
    return [f"passed over  {', '.join(passed)}"] if passed else []


def describe_preview(found: Preview) -> str:
    """Say what a run would read and write."""
    from cleanse.report import make_visible

    inputs = found.inputs
    size = sum(file.size for file in inputs.files)
    lines = [
        f"would read   {count(len(inputs.files), 'file')}, {count(size, 'byte')}, in {count(found.shards, 'shard')}"
    ]
    for kind in found.kinds:
        lines.append(f"{kind.kind:<12} {count(kind.files, 'file')}, the first {make_visible(kind.source)}")
        lines.append(f"             ids {', '.join(map(make_visible, kind.ids)) or 'none'}")
        if kind.columns:
            lines.append(f"             other columns {', '.join(map(make_visible, kind.columns))}")
        lines += [f"             cannot be read: {make_visible(problem)}" for problem in kind.problems]
    lines += _name_passed_over({"passed_over": inputs.passed_over, **asdict(inputs.skipped)})
    return "\n".join([*lines, f"would write  {found.out} and {found.report}"])


def _name_restrained(row: dict[str, Any]) -> str:
    from cleanse.verdicts import Restrained

    return str(Restrained(**row))


@main.command()
@click.argument("out", metavar="OUT", type=HERE)
@click.option("--to", required=True, metavar="DIR", help="Folder to write to.")
def restore(out: str, to: str) -> None:
    """Give the input of OUT back, byte for byte.

    Writes DIR/<id> for one-document files, and DIR/<source>.parquet with id and text for rows. Quarantined rows stand behind
    the others, with their bytes.
    """
    from cleanse.passes import restore as restore_input

    counts = restore_input(out, to)
    quarantined = f", {counts['quarantined']} of them quarantined" if counts["quarantined"] else ""
    click.echo(f"restored {count(counts['files'], 'file')} and {count(counts['rows'], 'row')} in {to}{quarantined}")
    if counts["lost"]:
        click.echo(f"{counts['lost']} quarantined without a byte that could be read: they are only in the input")


@main.command()
@click.argument("out", metavar="OUT", type=HERE)
@click.argument("document", metavar="ID")
@json_option
def why(out: str, document: str, *, as_json: bool) -> None:
    """Show what each rule did to one document of OUT."""
    from cleanse.report import explain, explain_as_row

    if as_json:
        print_json(explain_as_row(out, document))
    else:
        click.echo(explain(out, document))


@main.command()
@click.argument("out", metavar="OUT", type=HERE)
@click.option("--csv", "folder", metavar="DIR", help="Write its tables for spreadsheets too, as CSV.")
@click.option("--verdicts", metavar="FILE", help="Put what reviewers said into the table of rules first.")
def report(out: str, folder: str | None, verdicts: str | None) -> None:
    """Make the page of the report anew from OUT and the tables of its report."""
    from cleanse.report import export_tables, rebuild_page, update_precision

    if verdicts is not None:
        click.echo(f"wrote {update_precision(out, verdicts)}")
    click.echo(f"wrote {rebuild_page(out)}")
    for path in export_tables(out, folder) if folder else ():
        click.echo(f"wrote {path}")


@main.command(name="rules")
@click.option("--language", metavar="TAG", help="Only rules with words in this language.")
@click.option("--rules", "folders", multiple=True, metavar="DIR", help="Add a folder of rules (repeatable).")
@click.option("--verdicts", metavar="FILE", help="Show how often each is right, by language of documents.")
@click.option("--out", metavar="OUT", type=HERE, help="Show what each took in this OUT too, the most harmful first.")
@json_option
def list_rules(
    language: str | None, folders: tuple[str, ...], verdicts: str | None, out: str | None, *, as_json: bool
) -> None:
    """List all rules with their languages, or what reviewers found about them."""
    if verdicts is not None or out is not None:
        from cleanse.commands import measure_harm, print_harm

        if as_json:
            print_json(measure_harm(folders, verdicts, out, language).to_dicts())
        else:
            print_harm(folders, verdicts, out, language)
        return
    from cleanse.catalogue import print_catalogue, rule_as_row
    from cleanse.rules import load_rules

    rules = load_rules(*folders)
    if as_json:
        print_json([rule_as_row(rule) for rule in rules if language is None or language in rule.languages])
    else:
        print_catalogue(rules, language)


@main.command(name="rule")
@click.argument("rule_id", metavar="ID")
@click.option("--rules", "folders", multiple=True, metavar="DIR", help="Add a folder of rules (repeatable).")
@json_option
def show_rule(rule_id: str, folders: tuple[str, ...], *, as_json: bool) -> None:
    """Show one rule as a page: what, why, words, examples. The name of a family, such as quality, lists its rules."""
    from cleanse.catalogue import describe_rule, print_catalogue, rule_as_row
    from cleanse.rules import load_rules

    rules = load_rules(*folders)
    family = rules.family(rule_id.rstrip("/"))
    if as_json:
        print_json([rule_as_row(rule) for rule in family] if len(family) else rule_as_row(rules[rule_id], whole=True))
    elif len(family):
        print_catalogue(family)
    else:
        click.echo(describe_rule(rules[rule_id]))


@main.command()
@click.argument("folder", metavar="[DIR]", required=False)
@json_option
def check(folder: str | None, *, as_json: bool) -> None:
    """Check the rules of cleanse, or of a folder of yours with them: all faults of all files at once."""
    from pathlib import Path

    from cleanse.catalogue import cases, find_faults, find_strays
    from cleanse.errors import RuleError
    from cleanse.rules import read_rules

    rules, faults = read_rules(*([folder] if folder else []))
    faults += [*find_faults(rules), *(find_strays(Path(folder)) if folder else [])]
    if as_json:
        examples = 0 if faults else len(cases(rules))
        print_json({"rules": len(rules), "examples": examples, "faults": [asdict(fault) for fault in sorted(faults)]})
        raise click.exceptions.Exit(FAILED if faults else DONE)
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


main.add_command(verdict_commands)
main.add_command(explain_command)
main.add_command(diff_command)
main.add_command(review_command)
main.add_command(completions_command)
add_completions(main)


if __name__ == "__main__":
    main()
