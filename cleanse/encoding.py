"""From bytes to text, and from broken text to whole text.

`decode` turns the bytes of a file into *text as read*. `repair` then looks for mojibake, entities, control and
invisible characters, line by line, behind gates that cost two milliseconds a megabyte. Which repairs are on, and
with which parameters, stands in `rules/encoding/`.
"""

from __future__ import annotations

import codecs
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import ftfy
import ftfy.fixes
import polars as pl
from ftfy.badness import BADNESS_RE
from ftfy.chardata import HTML_ENTITY_RE

from cleanse import segments
from cleanse.errors import InputError
from cleanse.matching import find_spans
from cleanse.rules import Rules
from cleanse.segments import Piece

FAMILY = "encoding"
COLUMN = "encoding_hits"
CHARSET = "encoding/charset"
LINE_ENDS = "encoding/line-ends"
UTF8 = "utf-8"
BYTE_ORDER_MARK = "\ufeff"
# UTF-32 first: its little-endian mark begins with that of UTF-16.
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# ftfy cuts lines that are longer than this (ftfy.TextFixerConfig.max_decode_length), and so do we.
LONGEST_SEGMENT = 1_000_000
LONGEST_DIFF = 2_000

# Exact preconditions of ftfy's fixers: when a line has none of them, ftfy leaves it as it is.
ENTITY = r"&#?[0-9A-Za-z]{1,24};"
C1 = "[\u0080-\u009f]"
ESCAPE = "\x1b\\["
CONTROL = "[\\x00-\\x08\\x0b\\x0e-\\x1f\\x7f\u206a-\u206f\ufeff\ufff9-\ufffc]"
# The fixers of ftfy that a repair method of a rule stands for.
FIXERS = {
    "entities": ("unescape_html",),
    "mojibake": (
        "fix_encoding",
        "restore_byte_a0",
        "replace_lossy_sequences",
        "decode_inconsistent_utf8",
        "fix_c1_controls",
    ),
    "terminal-escapes": ("remove_terminal_escapes",),
    "control-characters": ("remove_control_chars",),
}
METHOD_OF_FIXER = {fixer: method for method, fixers in FIXERS.items() for fixer in fixers}


@dataclass(frozen=True)
class Decoded:
    """A text, the charset it was in, and whether encoding it again gives the same bytes."""

    text: str
    charset: str
    exact: bool


def decode(data: bytes, rules: Rules) -> Decoded:
    """Turn bytes into text, strictly: byte-order mark, UTF-8, then the charset that chardet finds.

    Parameters of `encoding/charset`: `max_bad_share`, the share of bytes up to which a file that is UTF-8 but for
    them is read as UTF-8 with U+FFFD in their place. A byte-order mark stays in the text.

    Raises:
        InputError: the bytes are not text, or decode strictly in no charset.
    """
    marked = [charset for mark, charset in MARKS if data.startswith(mark)]
    if marked:
        return _strictly(data, marked)
    try:
        text = data.decode(UTF8)
    except UnicodeDecodeError:
        damaged = _mostly_utf8(data, rules)
        return damaged if damaged is not None else _strictly(data, _detect(data))
    if b"\x00" not in data and b"\x1b" not in data:
        return Decoded(text, UTF8, exact=True)
    # Charsets in seven bits, and UTF-16 of ASCII text, look like UTF-8: ask before believing it.
    charsets = _detect(data)
    for charset in charsets:
        name = codecs.lookup(charset).name
        if name.startswith(("utf-16", "utf-32", "iso2022", "hz")):
            try:
                return _strictly(data, [charset])
            except InputError:
                break
    if b"\x00" in data and not charsets:
        raise InputError("not text: NUL bytes between others, and no charset fits")
    return Decoded(text, UTF8, exact=True)


def _detect(data: bytes) -> list[str]:
    """Give the charsets that chardet thinks possible and Python can decode, best first; none for what is not text."""
    import chardet

    best = chardet.detect(data, prefer_superset=True)["encoding"]
    if best is None:
        return []
    names = [best, *(str(result["encoding"]) for result in chardet.detect_all(data) if result["encoding"])]
    known = []
    for name in dict.fromkeys(names):
        try:
            codecs.lookup(name)
        except LookupError:
            continue
        known.append(name.lower())
    return known


def _strictly(data: bytes, charsets: list[str]) -> Decoded:
    for charset in charsets:
        try:
            text = data.decode(charset)
            text.encode(UTF8)
        except (UnicodeError, ValueError):
            continue
        try:
            exact = text.encode(charset) == data
        except UnicodeError:
            exact = False
        return Decoded(text, charset, exact)
    if charsets:
        raise InputError(f"not text: does not decode as {' or as '.join(charsets[:3])}")
    raise InputError("not text: no charset fits")


def _mostly_utf8(data: bytes, rules: Rules) -> Decoded | None:
    limit = float(str(rules[CHARSET].head.parameters["max_bad_share"]))
    text = data.decode(UTF8, errors="replace")
    bad = text.count("\ufffd") - data.count("\ufffd".encode())
    good = sum(1 for character in text if character > "\x7f") - text.count("\ufffd")
    if good and bad <= limit * (good + bad):
        return Decoded(text, UTF8, exact=False)
    return None


def plain_pattern(verbose: str) -> str:
    r"""Rewrite a verbose Python pattern as Polars runs it: no layout, no comments, Python's wider `\w` and `\s`.

    >>> plain_pattern("[a b] \\w  # a comment\n | c")
    '[a b][\\w\\p{N}]|c'
    """
    parts: list[str] = []
    in_class = False
    index = 0
    while index < len(verbose):
        character = verbose[index]
        if character == "\\":
            pair = verbose[index : index + 2]
            parts.append({"\\w": r"[\w\p{N}]", "\\s": r"[\s\x1c-\x1f]"}.get(pair, pair) if not in_class else pair)
            index += 2
            continue
        if character == "[" and not in_class:
            in_class = True
        elif character == "]" and in_class:
            in_class = False
        elif character == "[" and in_class:
            character = "\\["
        elif not in_class and character == "#":
            index = verbose.index("\n", index) if "\n" in verbose[index:] else len(verbose)
            continue
        elif not in_class and character.isspace():
            character = ""
        parts.append(character)
        index += 1
    return "".join(parts)


def gate_pattern() -> str:
    """Give the pattern without whose match ftfy changes nothing."""
    badness = plain_pattern(BADNESS_RE.pattern)
    return f"(?m){ENTITY}|{badness}|{C1}|{ESCAPE}|{CONTROL}"


class Repairer:
    """The repairs that a set of rules asks for."""

    def __init__(self, rules: Rules) -> None:
        """Take the rules of the encoding family that are stable, or in draft (those are noted but never act)."""
        family = rules.family(FAMILY)
        self.acts = {rule.id: rule.head.status == "stable" for rule in family}
        self.methods = {rule.head.method: rule for rule in family if rule.head.method}
        self.patterned = [rule for rule in family if rule.variants[0].patterns]
        active = {fixer for method, fixers in FIXERS.items() if method in self.methods for fixer in fixers}
        everything = {fixer: fixer in active for fixer in METHOD_OF_FIXER}
        self.config = ftfy.TextFixerConfig(
            unescape_html="auto" if everything.pop("unescape_html") else False,
            **everything,
            fix_latin_ligatures=False,
            fix_character_width=False,
            uncurl_quotes=False,
            fix_line_breaks=False,
            fix_surrogates=False,
            normalization=None,
        )
        self.gate = gate_pattern() if active else None
        self.gate_but_entities = gate_pattern().replace(f"{ENTITY}|", "", 1)

    def repair(self, documents: pl.DataFrame) -> pl.DataFrame:
        """Add `repaired` str and `encoding_hits` list[HIT] to a frame with `doc`, `text` and perhaps `charset`."""
        text = pl.col("text")
        ends = pl.lit(value=False)
        if "line-ends" in self.methods:
            breaks = text.str.count_matches("\n", literal=True)
            ends = (breaks > 0) & (breaks == text.str.count_matches("\r\n", literal=True))
        documents = documents.with_columns(ends.fill_null(value=False).alias("crlf")).with_columns(
            pl.when("crlf").then(text.str.replace_all("\r\n", "\n", literal=True)).otherwise(text).alias("repaired")
        )
        suspects = documents.filter(self._suspicion())
        lines = segments.split_lines(suspects, "repaired")
        last = pl.col("line") == pl.col("line").max().over("doc")
        lines = lines.filter(self._suspicion("text", last))
        pieces = self._repair_lines(lines)
        hits = pl.concat([self._document_hits(documents), self._line_hits(lines, pieces)])
        repaired = self._rejoin(suspects, lines, pieces)
        documents = (
            documents.join(repaired, on="doc", how="left", maintain_order="left")
            .with_columns(pl.coalesce("rejoined", "repaired").alias("repaired"))
            .drop("rejoined", "crlf")
        )
        return segments.attach_hits(documents, hits, COLUMN)

    def _suspicion(self, column: str = "repaired", last: pl.Expr | None = None) -> pl.Expr:
        text = pl.col(column)
        suspicion = pl.lit(value=False)
        if self.gate:
            suspicion = suspicion | text.str.contains(self.gate)
        if "line-ends" in self.methods:
            suspicion = suspicion | (
                text.str.contains("\r\n", literal=True) if last is None else text.str.ends_with("\r") & ~last
            )
        literals = [literal for rule in self.patterned for literal in rule.variants[0].literals]
        if literals:
            suspicion = suspicion | text.str.contains_any(literals)
        if "byte-order-mark" in self.methods:
            suspicion = suspicion | text.str.starts_with(BYTE_ORDER_MARK)
        return suspicion.fill_null(value=False)

    def _repair_lines(self, lines: pl.DataFrame) -> list[list[Piece]]:
        """Repair the few lines that the gates let through, one by one."""
        plain = self._entities_only(lines)
        pieces = [
            self._repair_line(text, first=number == 0, returns=text.endswith("\r"), entities_only=entities_only)
            for text, number, entities_only in zip(lines["text"], lines["line"], plain, strict=True)
        ]
        for rule in self.patterned:
            current = pl.Series("text", map(segments.join_pieces, lines["text"], pieces), pl.String)
            frame = lines.with_columns(current).with_row_index("row")
            frame = frame.filter(pl.col("text").str.contains_any(list(rule.variants[0].literals)))
            spans = find_spans(frame, rule.variants[0].patterns)
            for (row,), group in spans.group_by("row", maintain_order=True):
                edits = [
                    Piece(start, end, rule.head.replacement or "", rule.id)
                    for start, end in segments.merge_spans(zip(group["start"], group["end"], strict=True))
                ]
                number = int(str(row))
                if self.acts[rule.id]:
                    pieces[number] = segments.rewrite(pieces[number], edits)
        return pieces

    def _entities_only(self, lines: pl.DataFrame) -> list[bool]:
        """Say of which lines entities are all that ftfy would change: no other gate is open, before or after."""
        rule = self.methods.get("entities")
        if rule is None or self.gate is None:
            return [False] * lines.height
        text = pl.col("text")
        tame = lines.select(
            (
                text.str.contains(ENTITY) & ~text.str.contains("[<\r]") & ~text.str.contains(self.gate_but_entities)
            ).alias("tame")
        )["tame"].to_list()
        after = [
            segments.join_pieces(line, segments.cut_line(len(line), unescape(line, rule.id))) if calm else "&amp;"
            for line, calm in zip(lines["text"], tame, strict=True)
        ]
        again = pl.Series(after, dtype=pl.String).str.contains(f"{self.gate}|[\r\n]")
        return [calm and not more for calm, more in zip(tame, again, strict=True)]

    def _repair_line(self, line: str, *, first: bool, returns: bool, entities_only: bool) -> list[Piece]:
        if entities_only:
            return segments.cut_line(len(line), unescape(line, self.methods["entities"].id))
        pieces = segments.cut_line(len(line), [])
        for method, applies, place in (
            ("line-ends", returns, (len(line) - 1, len(line))),
            ("byte-order-mark", first and line.startswith(BYTE_ORDER_MARK), (0, 1)),
        ):
            rule = self.methods.get(method)
            if applies and rule and self.acts[rule.id]:
                pieces = segments.rewrite(pieces, [Piece(*place, "", rule.id)])
        current = segments.join_pieces(line, pieces)
        for rule_id, after in self._steps(current):
            pieces = segments.rewrite(pieces, compare(current, after, rule_id))
            current = after
        return pieces

    def _steps(self, line: str) -> list[tuple[str, str]]:
        """Give what ftfy makes of a line, step by step: the rule that names the step, and the text after it."""
        if self.gate is None or not line:
            return []
        if len(line) > LONGEST_SEGMENT:
            fixed = "".join(
                self._fix(line[start : start + LONGEST_SEGMENT], self.config)[0]
                for start in range(0, len(line), LONGEST_SEGMENT)
            )
            return [(self._name_of_repair(), fixed)]
        fixed, plan = self._fix(line, self.config)
        if fixed == line or not plan:
            return []
        steps: list[tuple[str, str]] = []
        current: str | bytes = line
        for step in plan:
            current = ftfy.apply_plan(current, [step])  # type: ignore[arg-type]
            method = METHOD_OF_FIXER.get(step.parameter, "mojibake")
            if isinstance(current, str):
                steps.append((self.methods[method].id, current))
        return steps if steps and steps[-1][1] == fixed else [(self._name_of_repair(), fixed)]

    def _name_of_repair(self) -> str:
        """Give the rule to name where the steps of a repair are not known: the first of those that are on."""
        return next(self.methods[method].id for method in ("mojibake", *FIXERS) if method in self.methods)

    @staticmethod
    def _fix(line: str, config: ftfy.TextFixerConfig) -> tuple[str, list[ftfy.ExplanationStep] | None]:
        fixed, plan = ftfy.fix_and_explain(line, config)
        if any(character in fixed and character not in line for character in "\n\r"):
            # An entity may stand for a line break, and a fix never adds one.
            fixed, plan = ftfy.fix_and_explain(line, config._replace(unescape_html=False))
        return fixed, plan

    def _document_hits(self, documents: pl.DataFrame) -> pl.DataFrame:
        frames = [documents.head(0).select("doc", pl.lit("").alias("rule"), text=pl.lit(""), replacement=pl.lit(""))]
        if LINE_ENDS in self.acts:
            ends = {"rule": pl.lit(LINE_ENDS), "text": pl.lit("\r\n"), "replacement": pl.lit("\n")}
            frames.append(documents.filter("crlf").select("doc", **ends))
        if "charset" in documents.columns:
            foreign = documents.filter(pl.col("charset").is_not_null())
            names = {"rule": pl.lit(CHARSET), "text": pl.col("charset"), "replacement": pl.lit(UTF8)}
            frames.append(foreign.select("doc", **names))
        null = pl.lit(None, pl.UInt32)
        return (
            pl.concat(frames)
            .with_columns(action=pl.lit("fix"), acts=pl.lit(value=True), line=null, start=null, end=null)
            .select(pl.col(name).cast(dtype) for name, dtype in segments.HIT_SCHEMA.items())
        )

    def _line_hits(self, lines: pl.DataFrame, pieces: list[list[Piece]]) -> pl.DataFrame:
        rows = [
            (
                doc,
                piece.rule,
                "fix",
                True,
                line,
                piece.start,
                piece.end,
                text[piece.start : piece.end],
                piece.replacement,
            )
            for doc, line, text, line_pieces in zip(lines["doc"], lines["line"], lines["text"], pieces, strict=True)
            for piece in line_pieces
            if piece.replacement is not None and piece.replacement != text[piece.start : piece.end]
        ]
        return pl.DataFrame(rows, schema=segments.HIT_SCHEMA, orient="row")

    def _rejoin(self, suspects: pl.DataFrame, lines: pl.DataFrame, pieces: list[list[Piece]]) -> pl.DataFrame:
        changed = lines.with_columns(
            pl.Series("fixed", map(segments.join_pieces, lines["text"], pieces), pl.String)
        ).filter(pl.col("fixed") != pl.col("text"))
        affected = suspects.join(changed.select("doc").unique(), on="doc", how="semi", maintain_order="left")
        return (
            segments.split_lines(affected, "repaired")
            .join(changed.select("doc", "line", "fixed"), on=["doc", "line"], how="left", maintain_order="left")
            .group_by("doc", maintain_order=True)
            .agg(pl.coalesce("fixed", "text").str.join("\n").alias("rejoined"))
        )


def unescape(line: str, rule: str) -> list[Piece]:
    """Give the edits that put characters in the place of their HTML entities, as ftfy does.

    >>> [tuple(edit) for edit in unescape("salt &amp; pepper", "encoding/entities")]
    [(5, 10, '&', 'encoding/entities')]
    """
    edits = []
    for found in HTML_ENTITY_RE.finditer(line):
        character = ftfy.fixes.unescape_html(found.group())
        if character != found.group():
            edits.append(Piece(found.start(), found.end(), character, rule))
    return edits


def compare(before: str, after: str, rule: str) -> list[Piece]:
    """Give the edits that lead from one line to another, in small stretches, none of them empty.

    >>> [tuple(edit) for edit in compare("FÃ¼r dich", "Für dich", "encoding/mojibake")]
    [(1, 3, 'ü', 'encoding/mojibake')]
    """
    if before == after:
        return []
    start = next(
        (i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), min(len(before), len(after))
    )
    limit = min(len(before), len(after)) - start
    tail = next((i for i in range(limit) if before[-1 - i] != after[-1 - i]), limit)
    left, right = before[start : len(before) - tail], after[start : len(after) - tail]
    opcodes: Sequence[tuple[str, int, int, int, int]] = (
        _compare_words(left, right)
        if len(left) + len(right) > LONGEST_DIFF
        else SequenceMatcher(None, left, right, autojunk=False).get_opcodes()
    )
    edits = [Piece(start + i, start + j, right[k:m], rule) for tag, i, j, k, m in opcodes if tag != "equal"]
    edits = [_widen(edit, before) for edit in edits]
    if any(first.end > second.start for first, second in itertools.pairwise(edits)):
        edits = [_widen(Piece(start, start + len(left), right, rule), before)]
    return edits


def _compare_words(left: str, right: str) -> list[tuple[str, int, int, int, int]]:
    """Compare long lines word by word; where the number of words differs, the whole stretch is one edit."""
    first, second = re.split(r"(\s)", left), re.split(r"(\s)", right)
    if len(first) != len(second):
        return [("replace", 0, len(left), 0, len(right))]
    opcodes, i, k = [], 0, 0
    for a, b in zip(first, second, strict=True):
        opcodes.append(("equal" if a == b else "replace", i, i + len(a), k, k + len(b)))
        i, k = i + len(a), k + len(b)
    if any(start == end for tag, start, end, *_ in opcodes if tag != "equal"):
        return [("replace", 0, len(left), 0, len(right))]
    return opcodes


def _widen(edit: Piece, line: str) -> Piece:
    """Let an insertion take a neighbouring character along, so that every hit covers text that was read."""
    if edit.start < edit.end:
        return edit
    if edit.start > 0:
        return edit._replace(start=edit.start - 1, replacement=line[edit.start - 1] + (edit.replacement or ""))
    return edit._replace(end=edit.end + 1, replacement=(edit.replacement or "") + line[edit.end])


def repair_text(documents: pl.LazyFrame, repairer: Repairer) -> pl.LazyFrame:
    """Repair broken text.

    Reads: `text`, and `charset` where there is one. Adds: `repaired` str, the text after the fixes, with the same
    lines; `encoding_hits` list[HIT], one for each stretch that was changed.
    """
    return segments.as_stage(documents, repairer.repair, {"repaired": pl.String(), COLUMN: segments.HITS})
