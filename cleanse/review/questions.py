"""Hits of a run as questions to a reviewer: what was hit, in which context, and how it was chosen."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from cleanse.errors import InputError
from cleanse.files import report_folder, store
from cleanse.passes import NO_EDITS, group_edits, undo
from cleanse.report import (
    Piece,
    add_up_signals,
    choose_places,
    compare_texts,
    cut_line,
    make_visible,
    name_evidence,
    read_described,
    read_rule_table,
    read_texts,
    read_values,
    weigh_hits,
)
from cleanse.verdicts import add_precision, count_verdicts, digest_hit

POOL = 60  # hits of a rule and language that are at hand to be asked about
AROUND = 12  # lines before and behind a hit that can be unfolded
LINE_CHARS = 2_000  # characters shown of a line on each side of a hit, and of a line beside it
BEGINNING = 12  # lines shown at first of a hit on a whole document
WHOLE_LINES = 200  # lines that can be unfolded of it
DOCUMENT_LINES = 5_000  # lines shown of a whole document
HitRow = dict[str, Any]


@dataclass(frozen=True)
class Question:
    """One hit to be judged.

    `text`, `context` and `replacement` are those of its verdict, uncut; `drawn` is `chance` or `doubt`.
    """

    rule: str
    version: str
    action: str
    language: str
    source: str | None
    id: str
    line: int | None
    start: int | None
    end: int | None
    text: str
    context: str | None
    replacement: str | None
    digest: str
    drawn: str | None = None
    evidence: str = ""

    def said(self) -> dict[str, Any]:
        """Give the columns of a verdict that the hit fills in."""
        names = ("rule", "version", "language", "source", "id", "text", "context", "replacement", "digest", "drawn")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class Record:
    """A document as read, line by line, with its hits.

    Those of drafts stand behind the others. `clean` is its clean text, `kept` that of its kept twin.
    """

    lines: list[str]
    hits: list[HitRow]
    clean: str
    fate: str
    kept: str | None = None


class Records:
    """Some documents of an OUT, read at once and put together when they are asked for."""

    def __init__(self, out: Path, identities: pl.Series, *, drafts: bool = False) -> None:
        """Read some documents of OUT with their hits, and with those of rules in draft."""
        report = report_folder(out)
        among = pl.col("id").is_in(identities.implode())
        dropped = pl.scan_parquet(report / "dropped.parquet", glob=False).filter(among).drop("text").collect()
        self._fates = {row["id"]: row for row in dropped.iter_rows(named=True)}
        twins = [
            row["kept_id"] for row in self._fates.values() if row["kept_id"] is not None and not row.get("kept_in")
        ]
        self._texts = read_texts(report, out, pl.concat([identities, pl.Series(twins, dtype=pl.String)]).unique())
        hits = pl.scan_parquet(report / "hits.parquet", glob=False).filter(among).collect()
        self._edits = group_edits(hits)
        self._hits = {name: rows for (name,), rows in hits.group_by("id", maintain_order=True)}
        self._drafts: dict[Any, pl.DataFrame] = {}
        if drafts:
            tried = pl.scan_parquet(report / "drafts.parquet", glob=False).filter(among).collect()
            self._drafts = {name: rows for (name,), rows in tried.group_by("id", maintain_order=True)}

    def get(self, identity: str) -> Record:
        """Put a document together.

        Raises:
            KeyError: it is not among those that were read.
        """
        return self._get(identity)

    @functools.lru_cache(maxsize=64)  # noqa: B019 - a desk has one, for as long as it lives
    def _get(self, identity: str) -> Record:
        own = self._hits[identity].to_dicts() if identity in self._hits else []
        fate = self._fates.get(identity)
        text = self._texts[identity]
        lines = undo(text, self._edits.get(identity, NO_EDITS)).split("\n")
        said = "kept" if fate is None else f"dropped by {fate['reason']}"
        kept = None if fate is None or fate["kept_id"] is None else self._texts.get(fate["kept_id"])
        tried = self._drafts[identity].to_dicts() if identity in self._drafts else []
        return Record(lines, [*own, *tried], text, said, kept)

    def ask(self, row: HitRow, version: str, drawn: str | None = None) -> Question:
        """Make a question of a row of hits with `language`, `source` and what was weighed."""
        record, line = self.get(row["id"]), row["line"]
        text, context, replacement = row["text"] or "", None, row["replacement"] if row["action"] == "fix" else None
        if line is not None:
            whole = record.lines[line]
            context = None if whole == text else whole
        else:
            text = "\n".join(record.lines) if row["rule"].startswith("encoding/") else record.clean
            context = record.kept if row["action"] == "drop" and row["rule"].startswith("dedupe/") else None
        return Question(
            row["rule"], version, row["action"], row["language"], row["source"], row["id"], line, row["start"], row["end"],
            text, context, replacement, digest_hit(text, context, replacement), drawn, row.get("evidence") or "",
        )  # fmt: skip


def find_questions(out: str | os.PathLike[str], rule: str, document: str, line: int | None) -> list[dict[str, Any]]:
    """Give the hits of a rule on a line of a document, as columns of verdicts.

    Without a `line`, those on the document as a whole.

    Raises:
        InputError: OUT is not ours, or the rule hit nothing there.
    """
    place = Path(out)
    versions = dict(read_rule_table(place).select("rule", "version").unique().iter_rows())
    report = report_folder(place)
    wanted = (pl.col("id") == document) & (pl.col("rule") == rule)
    hits = pl.scan_parquet(report / "hits.parquet", glob=False).filter(wanted).collect()
    here = hits.filter(pl.col("line").is_null() if line is None else pl.col("line") == line)
    if here.is_empty():
        where = f"{document}{'' if line is None else f', line {line}'}"
        lines = ", ".join(str(number) for number in hits["line"].unique().sort().to_list() if number is not None)
        hint = f"it hit lines {lines}: name one with --line" if lines else "`cleanse why OUT ID` shows what was hit"
        raise InputError(f"{rule} hit nothing there", where=where, hint=hint)
    languages, sources = read_origins(place)
    here = here.join(languages, on="id", how="left").join(sources, on="id", how="left")
    records = Records(place, pl.Series([document]))
    return [records.ask(row, versions[rule]).said() for row in here.to_dicts()]


def read_origins(out: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give `id, language` and `id, source` of all documents of an OUT."""
    report = report_folder(out)
    languages = pl.read_parquet(report / "measures.parquet", columns=["id", "language"], glob=False)
    languages = languages.with_columns(pl.col("language").fill_null("und"))
    paths = (*store.out_files(out), report / "dropped.parquet")
    sources = pl.concat(store.scan_rows(path).select("id", "source").collect() for path in paths)
    return languages, sources


@dataclass(frozen=True)
class Pool:
    """The questions at hand, by rule and language.

    Those drawn by `chance` and those in `doubt`, each in the order to ask.
    """

    out: Path
    table: pl.DataFrame
    questions: dict[tuple[str, str], dict[str, list[Question]]]
    records: Records

    def everything(self) -> Iterable[Question]:
        """Go through all questions."""
        for group in self.questions.values():
            for own in group.values():
                yield from own


def count_drafts(report: Path, table: pl.DataFrame, languages: pl.DataFrame) -> pl.DataFrame:
    """Give the table of rules for those in draft: what they would have hit, in the columns of `table`."""
    drafts = pl.read_parquet(report / "drafts.parquet", glob=False).join(languages, on="id", how="left")
    chars = (pl.col("end") - pl.col("start")).fill_null(0).sum().cast(pl.UInt64)
    counted = drafts.group_by("rule", "language", "action").agg(
        pl.col("id").n_unique().alias("documents"),
        pl.struct("id", "line").filter(pl.col("line").is_not_null()).n_unique().alias("lines"),
        chars.alias("characters"),
    )
    versions = table.select("rule", "version").unique("rule")
    counted = counted.join(versions, on="rule", how="inner").with_columns(pl.lit(0).alias("documents_alone"))
    counted = add_precision(counted, count_verdicts([]))
    return counted.select(pl.col(name).cast(dtype) for name, dtype in table.schema.items()).sort("rule", "language")


def read_pool(
    out: str | os.PathLike[str], rules: Iterable[str] = (), each: int = POOL, *, drafts: bool = False
) -> Pool:
    """Draw up to `each` hits of every rule and language of an OUT.

    Half of them from where the rule is least sure; `rules` names some rules only.

    With `drafts`, of the rules in draft, which did not act. No text of a rule comes twice. Raises:
        InputError: OUT is not ours, or a table of its report does not fit it.
    """
    place = Path(out)
    table = read_rule_table(place)
    languages, sources = read_origins(place)
    report = report_folder(place)
    table = count_drafts(report, table, languages) if drafts else table.filter(pl.col("documents") > 0)
    table = table.with_columns(pl.col("language").fill_null("und"))
    name = "drafts" if drafts else "hits"
    described = read_described(report)
    weighed = weigh_hits(report, languages, sources, add_up_signals(report), described, name)
    wanted = list(rules)
    if wanted:
        weighed = weighed.filter(pl.col("rule").is_in(wanted))
    places = choose_places(weighed, samples=each, page_samples=max(weighed.height, 1))
    rows = pl.scan_parquet(report / f"{name}.parquet", glob=False).with_row_index("row")
    found = rows.filter(pl.col("row").is_in(places["row"].implode())).collect()
    found = found.join(places, on="row", how="left").join(sources, on="id", how="left")
    versions = dict(table.select("rule", "version").unique().iter_rows())
    values = read_values(report, place, described, found.iter_rows(named=True))
    order = {row: number for number, row in enumerate(places["row"])}
    questions: dict[tuple[str, str], dict[str, list[Question]]] = {}
    seen: set[tuple[str, str]] = set()
    try:
        records = Records(place, found["id"].unique(), drafts=drafts)
        # Document by document, so that each is put together once; then in the order in which they are worth a look.
        rows_by_id = sorted(found.to_dicts(), key=lambda row: row["row"])
        asked = {}
        for row in rows_by_id:
            evidence = values.get((row["rule"], row["id"])) or name_evidence(row)
            drawn = "doubt" if row["doubtful"] else "chance"
            asked[row["row"]] = records.ask({**row, "evidence": evidence}, versions[row["rule"]], drawn)
        for row in sorted(rows_by_id, key=lambda row: order[row["row"]]):
            question = asked[row["row"]]
            if (question.rule, question.digest) in seen:
                continue
            seen.add((question.rule, question.digest))
            group = questions.setdefault((question.rule, question.language), {"chance": [], "doubt": []})
            group[question.drawn or "chance"].append(question)
    except (LookupError, RuntimeError, StopIteration, TypeError, ValueError) as error:
        hint = "one of them was changed, or comes from another run: run the same command again"
        raise InputError("OUT and its report do not fit together", where=str(place), hint=hint) from error
    return Pool(place, table, questions, records)


ShownPiece = dict[str, Any]


def show_pieces(pieces: Iterable[Piece]) -> list[ShownPiece]:
    """Give the pieces of a line as JSON, with signs for characters that cannot be seen."""
    return [
        {
            "text": make_visible(piece.text),
            **({"action": piece.action, "rule": piece.rule} if piece.action else {}),
            **({"put": make_visible(piece.replacement)} if piece.replacement else {}),
            **({"own": True} if piece.own else {}),
        }
        for piece in pieces
        if piece.text or piece.replacement
    ]


def show_question(question: Question, record: Record) -> list[dict[str, Any]]:
    """Give the lines of a question: its own, and up to AROUND on each side.

    Those that are `far` are folded at first.
    """
    if question.line is None:
        return _show_whole(question)
    by_line = _by_line(record.hits)
    first, last = max(0, question.line - AROUND), min(len(record.lines), question.line + AROUND + 1)
    near = _nearest(record.lines, question.line)
    shown = []
    for number in range(first, last):
        line, start, end = record.lines[number], 0, LINE_CHARS
        own = None
        if number == question.line:
            own = _row_of(question)
            start, end = max(0, own["start"] - LINE_CHARS), min(own["end"], own["start"] + LINE_CHARS) + LINE_CHARS
        pieces = show_pieces(cut_line(line, by_line.get(number, []), start, end, own))
        shown.append({"number": number, "pieces": pieces, "own": own is not None, "far": number not in near})
    return shown


def _show_whole(question: Question) -> list[dict[str, Any]]:
    """Show how a document begins; of a duplicate, how it differs from its kept twin."""
    if question.context is not None:
        return [
            {"number": None, "pieces": show_pieces(line.pieces), "own": not line.same, "far": line.far}
            for line in compare_texts(question.text, question.context)
        ]
    lines = question.text.split("\n")
    return [
        {"number": None, "pieces": show_pieces(cut_line(line, [], 0, LINE_CHARS)), "own": False, "far": at >= BEGINNING}
        for at, line in enumerate(lines[:WHOLE_LINES])
    ]


def _row_of(question: Question) -> HitRow:
    names = ("rule", "action", "line", "start", "end", "text", "replacement")
    return {name: getattr(question, name) for name in names}


def _by_line(hits: Iterable[HitRow]) -> dict[int, list[HitRow]]:
    found: dict[int, list[HitRow]] = {}
    for hit in hits:
        if hit["line"] is not None:
            found.setdefault(hit["line"], []).append(hit)
    return found


def _nearest(lines: list[str], number: int) -> set[int]:
    """Give the line itself and the nearest two lines with text on each side."""
    before = [at for at in range(number - 1, max(number - AROUND, 0) - 1, -1) if lines[at].strip()][:2]
    behind = [at for at in range(number + 1, min(number + AROUND + 1, len(lines))) if lines[at].strip()][:2]
    return {number, *before, *behind}


def show_document(record: Record) -> list[dict[str, Any]]:
    """Give all lines of a document with all its hits, DOCUMENT_LINES at most."""
    by_line = _by_line(record.hits)
    shown = [
        {"number": number, "pieces": show_pieces(cut_line(line, by_line.get(number, []), 0, LINE_CHARS))}
        for number, line in enumerate(record.lines[:DOCUMENT_LINES])
    ]
    rest = len(record.lines) - DOCUMENT_LINES
    return [*shown, *([{"number": None, "pieces": [{"text": f"… {rest} more lines"}]}] if rest > 0 else [])]
