"""Show one document as read, with what each rule did to it: `cleanse why OUT ID`."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from cleanse import segments
from cleanse.errors import InputError
from cleanse.files import report_folder, store
from cleanse.matching import STOPS
from cleanse.memory import uncollected
from cleanse.passes import NO_EDITS, group_edits, undo
from cleanse.report.evidence import read_described, read_values
from cleanse.report.visible import make_visible, show_text

CONTEXT = 1  # lines shown around a line with hits
STRETCH = 120  # characters shown at each end of a long stretch in a line with hits
NEAR = 3  # ids that are suggested
COMPARED = 20_000  # ids that are compared letter by letter with one that is not there
DIFFERENCES = 20  # differing lines shown of a document and its kept twin


def explain(out: str | os.PathLike[str], document: str) -> str:
    """Give a document of OUT as a page: what became of it, and each line that a rule touched with its neighbours.

    What was stripped stands in [- -], what was fixed in [- -]{+ +}, what was flagged in [? ?]; below a line stand the rules and
    signals that hit it. Of a dropped duplicate the page ends with how its clean text differs from that of its kept twin.

    Raises:
        InputError: OUT is not ours, or it has no such document; the nearest ids are in the hint.
    """
    place, report = _open(out)
    with uncollected():
        return _explain(place, report, document)


def explain_as_row(out: str | os.PathLike[str], document: str) -> dict[str, Any]:
    """Give a document of OUT as plain values: its row, its text as read, hits and signals.

    A dropped document has `reason`, the rule that dropped it.

    Raises:
        InputError: as `explain`.
    """
    place, report = _open(out)
    row = _find(place, report, document)
    touched = pl.scan_parquet(report / "hits.parquet", glob=False).filter(pl.col("id") == document).collect()
    as_read = _undo(row["text"], touched, document, place)
    signals = _rows(report / "signals.parquet", document)
    return {**row, "as_read": as_read, "hits": touched.to_dicts(), "signals": signals}


def _undo(text: str, touched: pl.DataFrame, document: str, place: Path) -> str:
    try:
        return undo(text, group_edits(touched).get(document, NO_EDITS))
    except (LookupError, RuntimeError, StopIteration, TypeError, ValueError) as error:
        hint = "one of them was changed, or comes from another run: run the same command again"
        raise InputError("OUT and its report do not fit together", where=str(place), hint=hint) from error


def _open(out: str | os.PathLike[str]) -> tuple[Path, Path]:
    place = Path(out)
    report = report_folder(place)
    if not place.exists() or store.read_metadata(place) is None or not (report / "hits.parquet").exists():
        raise InputError("not an output of cleanse with its report", where=str(place), hint="give the OUT of a run")
    return place, report


def _explain(place: Path, report: Path, document: str) -> str:
    row = _find(place, report, document)
    touched = pl.scan_parquet(report / "hits.parquet", glob=False).filter(pl.col("id") == document).collect()
    hits = touched.to_dicts()
    signals = _rows(report / "signals.parquet", document)
    text = _undo(row["text"], touched, document, place)
    blocks = {(block["line"], block["rule"]): block for block in _rows(report / "blocks.parquet", document)}
    twin = row.get("kept_id")
    difference = (
        []
        if twin is None or row.get("kept_in")
        else ["", *_compare(row["text"], _find(place, report, twin)["text"], twin)]
    )
    described = read_described(report)
    values = read_values(report, place, described, hits)
    return "\n".join([*_head(row, hits, signals, values), "", *_body(text, hits, signals, blocks), *difference])


def _rows(path: Path, document: str) -> list[dict[str, Any]]:
    return store.scan_rows(path).filter(pl.col("id") == document).collect().to_dicts()


def _find(out: Path, report: Path, document: str) -> dict[str, Any]:
    for path in store.out_files(out):
        rows = _rows(path, document)
        if rows:
            return rows[0]
    rows = _rows(report / "dropped.parquet", document)
    if rows:
        return rows[0]
    known = pl.read_parquet(report / "measures.parquet", columns=["id"], glob=False)["id"]
    quarantined = pl.read_parquet(report / "quarantine.parquet", columns=["source", "row", "error"], glob=False)
    for source, number, error in quarantined.iter_rows():
        if document == (source if number is None else f"{source}#{number}"):
            raise InputError("the document is in quarantine", where=document, hint=error)
    raise InputError("no such document in this OUT", where=document, hint=_suggest(out, report, document, known))


def _suggest(out: Path, report: Path, document: str, known: pl.Series) -> str:
    """Say which ids may be meant: those of the rows of a file, those that hold what was given, or those that look like it."""
    source, _, row = document.partition("#")
    files = [*store.out_files(out), report / "dropped.parquet"]
    own = pl.concat(store.scan_rows(path).filter(pl.col("source") == source).select("id") for path in files).collect()[
        "id"
    ]
    if len(own):
        ordered = known.filter(known.is_in(own.implode())).to_list()
        there = int(row) if row.isascii() and row.isdigit() and len(row) < 10 else 0
        first = max(0, min(there, len(ordered) - NEAR))
        near = ordered[first : first + NEAR]
        return (
            f"{source} has {'rows' if len(ordered) > 1 else 'a row'} with the id {' or '.join(map(make_visible, near))}"
        )
    holding = known.filter(known.str.contains(document, literal=True)).head(NEAR).to_list()
    near = holding or difflib.get_close_matches(document, known.head(COMPARED).to_list(), n=NEAR)
    return f"did you mean {', '.join(map(make_visible, near))}?" if near else "ids stand in the column id of OUT"


def _head(
    row: dict[str, Any],
    hits: list[dict[str, Any]],
    signals: list[dict[str, Any]],
    values: dict[tuple[str, str], str],
) -> list[str]:
    lines = [f"{make_visible(row['id'])}   from {make_visible(row['source'])}"]
    if "reason" in row:
        measured = values.get((row["reason"], row["id"]))
        lines.append(f"dropped by {row['reason']}{f': {measured}' if measured else ''}")
        if row["kept_id"] is not None:
            elsewhere = f" of {make_visible(row['kept_in'])}" if row.get("kept_in") else ""
            lines.append(
                f"its kept twin is {make_visible(row['kept_id'])}{elsewhere}, similarity {row['similarity']:.3f}"
            )
    else:
        lines.append(
            f"kept; language {row['language']} ({row['language_score']:.2f}), spam score {row['spam_score']:.2f}, "
            f"{row['chars_in']} characters read, {row['chars_out']} written, stands for {row['cluster_size']}"
        )
    for hit in hits:
        if hit["line"] is None and hit["action"] != "drop":
            change = f": {show_text(hit['text'])} -> {show_text(hit['replacement'])}" if hit["text"] else ""
            measured = values.get((hit["rule"], hit["id"]))
            lines.append(f"{hit['action']} by {hit['rule']}{f': {measured}' if measured else change}")
        elif hit["line"] is None and hit["rule"] != row.get("reason") and (hit["rule"], hit["id"]) in values:
            lines.append(f"would be dropped by {hit['rule']} too: {values[hit['rule'], hit['id']]}")
    return [*lines, *(line.strip() for line in _sum_signals([one for one in signals if one["line"] is None]))]


def _name_signal(signal: dict[str, Any]) -> str:
    if signal["evidence"] is not None:
        return f"{signal['weight']:+.0f} {signal['evidence']}"
    return f"signal {signal['rule']}, weight {signal['weight']:.2f}"


def _sum_signals(signals: list[dict[str, Any]]) -> list[str]:
    """Give the sums of scorecards, the biggest terms first, and then the other signals."""
    places: dict[tuple[str, int | None, int | None], list[dict[str, Any]]] = {}
    plain = []
    for signal in signals:
        if signal["evidence"] is None:
            place = "" if signal["start"] is None else f", characters {signal['start']} to {signal['end']}"
            plain.append(f"      ^ {_name_signal(signal)}{place}")
        else:
            places.setdefault((signal["rule"], signal["start"], signal["end"]), []).append(signal)
    sums = []
    for (rule, start, end), own in places.items():
        terms = sorted(own, key=lambda signal: (-abs(signal["weight"]), signal["evidence"]))
        total = sum(signal["weight"] for signal in own)
        place = "of the document" if start is None else f"characters {start} to {end}"
        sums.append(f"      ^ {rule}: {total:.0f} points, {place}")
        sums.append(f"        {', '.join(_name_signal(signal) for signal in terms)}")
    return [*sums, *plain]


def _body(
    text: str,
    hits: list[dict[str, Any]],
    signals: list[dict[str, Any]],
    blocks: dict[tuple[int, str], dict[str, Any]],
) -> list[str]:
    evidence = _group_by_line(signals)
    by_line = {**{number: [] for number in evidence}, **_group_by_line(hits)}
    if not by_line:
        return ["no rule touched a line of it"]
    lines = text.split("\n")
    result: list[str] = []
    previous = -1
    for number in _lines_around(sorted(by_line), len(lines)):
        if number > previous + 1:
            result.append("      ...")
        previous = number
        line, here = lines[number], by_line.get(number, [])
        result.append(f"{number:>5} {_mark(line, here) if here else show_text(line)}")
        for hit in here:
            result.append(f"      ^ {hit['action']} by {hit['rule']}")
            if block := blocks.get((number, hit["rule"])):
                result.append(f"        a block: lines {number} to {block['last']}, {STOPS[block['stop']]}")
        if number in evidence:
            result += _sum_signals(evidence[number])
    return [*result, "      ..."] if previous < len(lines) - 1 else result


def _lines_around(numbers: list[int], count: int) -> Iterator[int]:
    """Give these numbers of lines and those of the lines near them, in order; the document has `count` lines."""
    shown = 0
    for number in numbers:
        yield from range(max(shown, number - CONTEXT), min(number + CONTEXT + 1, count))
        shown = max(shown, number + CONTEXT + 1)


def _group_by_line(rows: list[dict[str, Any]]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        if row["line"] is not None:
            found.setdefault(row["line"], []).append(row)
    return found


def _mark(line: str, hits: list[dict[str, Any]]) -> str:
    """Put signs around what was hit; a strip hides what lies under it, and long stretches are cut in their middle."""
    if len(hits) == 1 and hits[0]["action"] == "strip" and hits[0]["start"] < hits[0]["end"]:
        start, end = hits[0]["start"], hits[0]["end"]
        return make_visible(f"{_shorten(line[:start])}[-{_shorten(line[start:end])}-]{_shorten(line[end:])}")
    strips = segments.merge_spans((hit["start"], hit["end"]) for hit in hits if hit["action"] == "strip")
    marks = [(start, end, "[-", "-]") for start, end in strips]
    for hit in hits:
        if hit["action"] in ("fix", "flag") and not segments.lies_in(hit["start"], hit["end"], strips):
            closing = f"-]{{+{hit['replacement']}+}}" if hit["action"] == "fix" else "?]"
            marks.append((hit["start"], hit["end"], "[-" if hit["action"] == "fix" else "[?", closing))
    signs: dict[int, list[str]] = {}
    for start, end, opening, closing in sorted(marks):
        signs.setdefault(start, []).append(opening)
        signs.setdefault(end, []).insert(0, closing)
    parts, cursor = [], 0
    for place in sorted(signs):
        parts += [_shorten(line[cursor:place]), *signs[place]]
        cursor = place
    return make_visible("".join([*parts, _shorten(line[cursor:])]))


def _shorten(text: str) -> str:
    return text if len(text) <= 2 * STRETCH else f"{text[:STRETCH]} … {text[-STRETCH:]}"


def _compare(dropped: str, kept: str, twin: str) -> list[str]:
    """Show how two clean texts differ, line by line: - stands only in the dropped document, + only in its kept twin."""
    if dropped == kept:
        return ["its text is the same as that of its kept twin"]
    ours, theirs = dropped.split("\n"), kept.split("\n")
    result = [f"difference from its kept twin {make_visible(twin)}: - only here, + only there"]
    differing: list[str] = []
    for kind, start, end, other_start, other_end in difflib.SequenceMatcher(None, ours, theirs).get_opcodes():
        if kind == "equal":
            continue
        mine, yours = ours[start:end], theirs[other_start:other_end]
        if len(mine) == len(yours):  # line beside line, cut down to where they part
            for left, right in zip(mine, yours, strict=True):
                differing += [f"    {sign} {line}" for sign, line in zip("-+", _part(left, right), strict=True)]
        else:
            differing += [f"    - {_shorten(make_visible(line))}" for line in mine]
            differing += [f"    + {_shorten(make_visible(line))}" for line in yours]
    more = len(differing) - DIFFERENCES
    return [*result, *differing[:DIFFERENCES], *([f"      ... and {more} more lines"] if more > 0 else [])]


def _part(left: str, right: str) -> tuple[str, str]:
    """Shorten two lines to where they differ, with as much of what they share as helps to find the place."""
    front = len(os.path.commonprefix([left, right]))  # noqa: RUF071 - characters are meant
    back = len(os.path.commonprefix([left[front:][::-1], right[front:][::-1]]))  # noqa: RUF071 - as above
    start = max(0, front - STRETCH // 2)
    shown = []
    for line in (left, right):
        end = min(len(line), len(line) - back + STRETCH // 2)
        cut = f"{'… ' if start else ''}{line[start:end]}{' …' if end < len(line) else ''}"
        shown.append(make_visible(_shorten(cut)))
    return shown[0], shown[1]
