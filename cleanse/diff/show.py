"""A difference as text for a terminal, as a page, and as Parquet."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from cleanse.diff.compare import Difference
from cleanse.diff.samples import HitSample, sample_documents, sample_hits, sample_lines
from cleanse.diff.sides import Side
from cleanse.errors import OutputError
from cleanse.report import Piece, make_environment, make_visible, show_text, write_page_file

ROWS = 20  # rows of a table on a terminal
SAMPLES = 2  # of a rule, language and side on a terminal
PAGE_ROWS = 400
PAGE_SAMPLES = 6
MARKS = {"strip": ("[-", "-]"), "fix": ("[-", "-]"), "flag": ("[?", "?]")}
FATES = {
    "same": "kept by both, same text",
    "changed": "kept by both, other text",
    "only_a": "kept by A only",
    "only_b": "kept by B only",
    "neither": "kept by neither",
}


def describe_difference(found: Difference) -> str:
    """Give a difference as a few screens of text: documents, rules, lines, and samples with both sides."""
    lines = [_name_side("A", found.a), _name_side("B", found.b), ""]
    lines += _table([[FATES[name], _count(count)] for name, count in found.counts.items()])
    if found.languages_changed:
        subject = "document has" if found.languages_changed == 1 else "documents have"
        lines.append(f"{_count(found.languages_changed)} {subject} another language")
    lines += _section("versions of rules that differ", ["rule", "A", "B"], found.versions)
    lines += _section(
        "fate of documents that differs", ["A", "B", "language", "documents", "characters"], found.reasons
    )
    lines += _section("hits that one side makes and the other does not, by rule", _heads(found.rules), found.rules)
    lines += _section("texts that both keep, by language", _heads(found.by_language), found.by_language)
    if not (found.a.ours and found.b.ours):
        lines += _section("lines of these, by the rule of cleanse that takes them", None, lines_by_rule(found))
    lines += _list_samples(found)
    if found.changes.is_empty() and found.hits.is_empty():
        lines += ["", "nothing differs"]
    return "\n".join(lines)


def lines_by_rule(found: Difference) -> pl.DataFrame:
    """Count the lines that one side lacks, by the rule of ours that took them.

    `(no rule)` stands where none did.
    """
    return (
        found.lines.group_by("rule", "language")
        .agg(
            pl.col("id").n_unique().alias("documents"),
            pl.col("lines_a").sum().alias("lines_only_a"),
            pl.col("lines_b").sum().alias("lines_only_b"),
        )
        .with_columns(pl.col("rule").fill_null("(no rule)"))
        .sort("documents", "rule", "language", descending=[True, False, False])
    )


def _name_side(letter: str, side: Side) -> str:
    what = f"cleanse {side.summary['version']}, rules {side.summary['rules'][:8]}" if side.ours else "another tool"
    return f"{letter}  {make_visible(str(side.place))}  ({what})"


def _count(number: int) -> str:
    return f"{number:,}".replace(",", " ")


def _heads(table: pl.DataFrame) -> list[str]:
    """Name the columns of a table for people: `hits_a` is "hits A"."""
    words = [name.replace("_", " ") for name in table.columns]
    return [f"{name[:-1]}{name[-1].upper()}" if name[-2:] in (" a", " b") else name for name in words]


def _table(rows: Sequence[Sequence[Any]]) -> list[str]:
    cells = [
        [value if isinstance(value, str) else "" if value is None else _count(value) for value in row] for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    numbers = [not isinstance(value, str) for value in rows[-1]]
    return [
        "  ".join(f"{cell:{'>' if right else '<'}{width}}" for cell, width, right in zip(row, widths, numbers, strict=True)).rstrip()
        for row in cells
    ]  # fmt: skip


def _section(title: str, heads: list[str] | None, table: pl.DataFrame) -> list[str]:
    if table.is_empty():
        return []
    rows: list[Sequence[Any]] = [heads or _heads(table), *table.head(ROWS).rows()]
    more = [f"... and {_count(table.height - ROWS)} more"] if table.height > ROWS else []
    return ["", title, *_table(rows), *more]


def _list_samples(found: Difference) -> list[str]:
    lines: list[str] = []
    groups = found.rules.select("rule", "language").unique(maintain_order=True).head(ROWS).rows()
    samples = sample_hits(found, SAMPLES) if groups else {}
    for rule, language in groups:
        lines += ["", f"{rule} ({language or 'und'})"]
        for sample in samples.get((rule, language or "und"), []):
            line = "" if sample.line is None else f", line {sample.line}"
            lines.append(f"  only in {sample.side.upper()}: {make_visible(sample.id)}{line}")
            lines += [f"    A {_write(sample.a)}", f"    B {_write(sample.b)}"]
    if not (found.a.ours and found.b.ours):
        for row in sample_lines(found, 1)[:ROWS]:
            by = f", taken by {row['rule']}" if row["rule"] else ""
            lines.append(f"  only in {row['side'].upper()} ({row['language']}{by}): {show_text(row['text'])}")
    return lines


def _write(pieces: Sequence[Piece]) -> str:
    """Write a line with signs around what was hit, as `why` does, and behind it the rules that hit it."""
    parts = []
    for piece in pieces:
        opening, closing = MARKS.get(piece.action, ("", ""))
        put = f"{{+{piece.replacement}+}}" if piece.replacement else ""
        parts.append(f"{opening}{piece.text}{closing}{put}")
    rules = sorted({piece.rule for piece in pieces if piece.rule})
    return make_visible("".join(parts)) + (f"   ({', '.join(rules)})" if rules else "")


def write_tables(found: Difference, folder: str | os.PathLike[str]) -> list[Path]:
    """Write the tables of a difference into a folder; gives their paths.

    They are `rules.parquet`, `documents.parquet`, `lines.parquet` and `hits.parquet`.

    Raises:
        OutputError: the folder cannot be written.
    """
    place = Path(folder)
    order = ["rule", "id", "line", "start", "end", "side"]
    tables = {
        "rules": found.rules,
        "documents": found.changes,
        "lines": found.lines,
        "hits": found.hits.sort(order, nulls_last=True, maintain_order=True),
    }
    try:
        place.mkdir(parents=True, exist_ok=True)
        for name, table in tables.items():
            temporary = place / f"{name}.parquet.tmp"
            table.write_parquet(temporary, compression="zstd")
            temporary.replace(place / f"{name}.parquet")
    except OSError as error:
        raise OutputError(f"cannot write: {error.strerror}", where=str(place), hint="choose another folder") from error
    return [place / f"{name}.parquet" for name in tables]


def write_page(found: Difference, path: str | os.PathLike[str]) -> Path:
    """Write a difference as one HTML page, without anything from the network; gives its path.

    Raises:
        OutputError: the page cannot be written.
    """
    samples: dict[tuple[str, str], list[HitSample]] = sample_hits(found, PAGE_SAMPLES) if found.rules.height else {}
    groups = found.rules.select("rule", "language").unique(maintain_order=True).head(PAGE_ROWS).rows()
    foreign = not (found.a.ours and found.b.ours)
    environment, shared = make_environment("cleanse.diff")
    page = environment.get_template("diff.html").render(
        **shared,
        a=found.a,
        b=found.b,
        described=[_name_side("A", found.a), _name_side("B", found.b)],
        fates=[(FATES[name], count) for name, count in found.counts.items()],
        languages_changed=found.languages_changed,
        tables=[
            ("versions", "Versions of rules that differ", ["rule", "A", "B"], found.versions.rows()),
            ("fates", "Fate of documents that differs", ["A", "B", "language", "documents", "characters"], found.reasons.head(PAGE_ROWS).rows()),
            ("hits", "Hits that one side makes and the other does not", _heads(found.rules), found.rules.head(PAGE_ROWS).rows()),
            ("texts", "Texts that both keep, by language", _heads(found.by_language), found.by_language.rows()),
            *([("lines", "Lines of these, by the rule of cleanse that takes them", _heads(lines_by_rule(found)), lines_by_rule(found).head(PAGE_ROWS).rows())] if foreign else []),
        ],
        groups=[(rule, language or "und", samples.get((rule, language or "und"), [])) for rule, language in groups],
        lines=sample_lines(found, PAGE_SAMPLES)[:PAGE_ROWS],
        documents=sample_documents(found, PAGE_SAMPLES)[:PAGE_ROWS],
        changed=found.lines.height,
    )  # fmt: skip
    return write_page_file(Path(path), page)
