"""Find planted segments: gates over all lines, then the sum of evidence of the segments of the lines that are left.

1. One kernel marks what may be disguised, a brand with digits, or a phrase said twice; another finds the terms of all languages.
2. Lines with enough of it are folded and cut into segments: the line, its sentences, its spans in brackets.
3. Each measure of a segment gives points by the table of the rule (`rules/spam/planted/rule.toml`); the sum decides.
"""

from __future__ import annotations

import bisect
import functools
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleanse import segments
from cleanse.matching import Lines, Occurrences
from cleanse.planted import marks as bits
from cleanse.planted import measures
from cleanse.planted.article import Article, Articles
from cleanse.planted.disguise import Folded, fold, fold_plain, lower_plainly
from cleanse.planted.lexicon import LEVELS, Lexicon, find_densest
from cleanse.planted.settings import Settings
from cleanse.rules import Rule
from cleanse.scorecards import Card

TOPIC, PITCH, SURE, WORDS = range(4)
ODD = bits.DISGUISES | bits.IS_DIGIT  # what may make another text of one of ASCII
SENTENCE = re.compile(r"(?<=[。！？!?;；\u0964])\s*|(?<=[.…])\s+|\s{3,}|\s*[|｜]\s*")
BRACKETS = re.compile(r"【([^【】]{4,80})】|\[([^\[\]]{12,80})\]")
LISTED = re.compile(r"^\s*(?:[\-*•·▪►»○●■◆>]|\d{1,2}[.)])\s*\S")
EVIDENCE_SCHEMA: dict[str, Any] = {
    **segments.FOUND_SCHEMA,
    "points": pl.List(pl.Struct({"measure": pl.String, "points": pl.Int32})),
}


@dataclass(frozen=True)
class Found:
    """A segment over the threshold: its place in the line (characters), the sum, and the points of each measure."""

    start: int
    end: int
    total: int
    points: dict[str, int]


class Term(NamedTuple):
    """A term in a folded line: `theme`, `level`, where it stands in the text as it is, and whether it is `dressed` up there."""

    name: str
    theme: str
    level: int
    start: int
    end: int
    dressed: bool = False


class Planted:
    """A scorecard of segments, made ready."""

    def __init__(self, rule: Rule) -> None:
        """Take threshold and points from the head of the rule, terms from its languages."""
        self.rule = rule
        self.card = Card.of(rule)
        self.threshold = self.card.limits.threshold
        self.settings = own = Settings.of(rule.id, rule.head.parameters)
        terms = {language: body.terms for language, body in rule.languages.items()}
        self.lexicon = Lexicon.of(terms, own.unmarked_chars)
        weights = np.array([own.topic_weight, own.pitch_weight, own.sure_weight, 0], dtype=np.int64)
        quiet = np.array([theme in measures.SIDE_THEMES for theme in self.lexicon.themes], dtype=np.bool_)
        self._theme = [self.lexicon.themes[number] for number in self.lexicon.theme]
        self._level = self.lexicon.level.tolist()
        self._weights = np.where(quiet[self.lexicon.theme], 0, weights[self.lexicon.level])
        self._sells = self._weights >= weights[PITCH]
        names = np.array(self.lexicon.themes)[self.lexicon.theme]
        self._weights[(names == measures.ADVERTS) & (self.lexicon.level == PITCH)] = (
            own.topic_weight
        )  # shops say it too
        self._weights[(names == measures.PROMISES) & (self.lexicon.level == PITCH)] = own.offer_weight

    def admit(
        self, lines: Lines, occurrences: Occurrences | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.uint16]]:
        """Give the rows that may hold something, and the marks of all rows.

        `occurrences` are the terms in the lines (`lexicon.written`), where somebody found them already.
        """
        marks = bits.mark_lines(
            lines.data,
            lines.starts,
            lines.ends,
            lines.chars,
            lines.ordinals,
            bits.class_table(),
            bits.byte_table(),
            self.settings.mark_endings(),
            self.settings.brand_chars,
        )
        if occurrences is None:
            rows, terms, begins, _ = self.lexicon.find(lines.data, lines.starts, lines.ends, folded=False)
        else:
            rows, terms, begins, _ = self.lexicon.choose(lines.data, lines.starts, lines.ends, occurrences)
        own = self.settings
        sums = find_densest(rows, begins, self._weights[terms], len(lines), own.window_bytes)
        heavy = np.bincount(rows, weights=self._sells[terms], minlength=len(lines))
        # The longer the line, the more must sell where most of it stands together.
        chars = lines.chars.astype(np.int64)
        enough = own.enough + (chars > own.short_chars) + (chars > 2 * own.short_chars) + (chars > own.whole_chars)
        hit = (sums >= enough) & (heavy >= 1)
        odd = (marks & (bits.DISGUISES | bits.IS_BRACKET)) > 0
        odd |= ((marks & (bits.IS_TWICE | bits.IS_DIGIT)) > 0) & (sums >= 1)
        named = (marks & (bits.IS_BRAND | bits.IS_CLOSED)) > 0
        return np.flatnonzero(hit | odd | named), marks

    def find(self, lines: Lines, occurrences: Occurrences | None = None) -> pl.DataFrame:
        """Give a row for each segment over the threshold: EVIDENCE_SCHEMA, places in the text that the lines show.

        Lines near those that are planted are judged twice: what stands there is evidence too.
        """
        rows, marks = self.admit(lines, occurrences)
        texts = lines.take(rows)["text"].to_list()
        folded, terms = self.read(texts, marks[rows])
        articles = Articles(lines)
        found: dict[int, list[Found]] = {}
        for number, row in enumerate(rows.tolist()):
            article = functools.partial(articles.of_row, row)
            first = lines.ordinals[row] == 0
            found[row] = self.judge(texts[number], folded[number], terms[number], int(marks[row]), article, title=first)
        planted = sorted(row for row, own in found.items() if own)
        articles = Articles(lines, frozenset(planted))
        for number, row in enumerate(rows.tolist() if planted else ()):
            near = self._count_near(lines, planted, row) if not found[row] else 0
            if near:
                article = functools.partial(articles.of_row, row)
                first = lines.ordinals[row] == 0
                found[row] = self.judge(
                    texts[number], folded[number], terms[number], int(marks[row]), article, title=first, near=near
                )
        found |= self._find_amid(lines, {row for row, own in found.items() if own})
        return self._list_found(lines, {row: own for row, own in sorted(found.items()) if own})

    def _count_near(self, lines: Lines, planted: list[int], row: int) -> int:
        """Count the planted lines of the document of `row` that are near it."""
        first, behind = lines.bounds[lines.doc[row]], lines.bounds[lines.doc[row] + 1]
        reach = self.settings.near_lines
        begin = bisect.bisect_left(planted, max(first, row - reach))
        return bisect.bisect_left(planted, min(behind, row + reach + 1)) - begin

    def _find_amid(self, lines: Lines, planted: set[int]) -> dict[int, list[Found]]:
        """Find lines between planted ones that say nothing which the rest of the document says, and are no sentence."""
        rows = sorted(
            row
            for row in {row + 1 for row in planted} & {row - 1 for row in planted} - planted
            if lines.chars[row] <= self.settings.amid_chars
            and lines.doc[row - 1] == lines.doc[row] == lines.doc[row + 1]
        )
        if not rows:
            return {}
        articles = Articles(lines, planted)
        texts = lines.take(np.array(rows, dtype=np.int64))["text"].to_list()
        found = {}
        for row, text, folded, terms in zip(rows, texts, *self.read(texts), strict=True):
            ends = measures.ENDS.search(text)
            amid = 0 if ends else articles.of_row(row).find_strange(text, self.settings.rest_units, 1)
            scored = self.score(text, 0, len(text), folded, terms, 0, near={"amid-planted": amid})
            if scored.total >= self.threshold:
                found[row] = [scored]
        return found

    def _list_found(self, lines: Lines, found: dict[int, list[Found]]) -> pl.DataFrame:
        """Give the rows of EVIDENCE_SCHEMA; a long line with many segments is not copied for each of them."""
        taken = lines.take(np.array(list(found), dtype=np.int64))
        out: list[tuple[object, ...]] = []
        for number, (doc, line, text, own) in enumerate(
            zip(taken["doc"], taken["line"], taken["text"], found.values(), strict=True)
        ):
            for one in own:
                whole = one.start == 0 and one.end == len(text)
                points = [{"measure": name, "points": value} for name, value in one.points.items()]
                out.append((doc, self.rule.id, line, one.start, one.end, whole, number, points))
        listed = pl.DataFrame(out, schema={**EVIDENCE_SCHEMA, "text": pl.UInt32}, orient="row")
        return listed.with_columns(taken["text"].gather(listed["text"]))

    def read(self, texts: list[str], marks: NDArray[np.uint16] | None = None) -> tuple[list[Folded], list[list[Term]]]:
        """Fold texts and find their terms; `marks` are theirs, where they were looked for."""
        odd = ((marks & ODD) > 0).tolist() if marks is not None else itertools.repeat(True)
        folded = [
            fold_plain(text) if not own and text.isascii() else fold(text)
            for text, own in zip(texts, odd, strict=False)
        ]
        encoded = [one.text.encode("utf-8", "surrogatepass") for one in folded]
        offsets = np.cumsum([0, *map(len, encoded)]).astype(np.int64)
        data = np.frombuffer(b"".join(encoded), dtype=np.uint8)
        rows, numbers, starts, ends = self.lexicon.find(data, offsets[:-1], offsets[1:], folded=True)
        found: list[list[Term]] = [[] for _ in texts]
        current, to_char = -1, None
        reach = 0
        for row, number, start, end in zip(
            rows.tolist(), numbers.tolist(), starts.tolist(), ends.tolist(), strict=True
        ):
            if row != current:
                current, reach = row, 0
                to_char = None if folded[row].text.isascii() else _char_places(encoded[row])
            begin, stop = start - int(offsets[row]), end - int(offsets[row])
            level = self._level[number]
            theme = self._theme[number]
            side = theme in measures.SIDE_THEMES
            if stop <= reach and not side:
                continue  # inside a longer term
            if not side:
                reach = max(reach, stop)
            first = begin if to_char is None else int(to_char[begin])
            last = stop - 1 if to_char is None else int(to_char[stop - 1])
            place, reached = folded[row].places[first], folded[row].places[last] + 1
            dressed = False
            if folded[row].counts and level in (PITCH, SURE):
                shown = lower_plainly(texts[row][place:reached])
                dressed = shown != folded[row].text[first : last + 1]
            found[row].append(Term(self.lexicon.names[number], theme, level, place, reached, dressed))
        return folded, found

    def judge(
        self, text: str, folded: Folded, terms: list[Term], mark: int, article: Callable[[], Article],
        *, title: bool, near: int = 0,
    ) -> list[Found]:  # fmt: skip
        """Give the segments of a line that reach the threshold; where the line itself does, only the line.

        `near` planted lines stand near it, and belong to no `article`.
        """
        around = {"planted-near": near} if near else {}
        length, own = len(text), self.settings
        heavy = sorted(term.start for term in terms if term.level in (PITCH, SURE))
        structure = bits.IS_BRAND | bits.IS_CLOSED | bits.IS_BRACKET
        if not heavy and not folded.counts and not mark & structure:
            return []  # nothing else can reach a threshold
        whole = None
        if length <= own.line_chars:
            whole = self.score(text, 0, length, folded, terms, mark, title=title, article=article, near=around)
            if whole.total >= self.threshold and not BRACKETS.search(text) and length < own.cut_chars:
                return [whole]
            if whole.total < self.threshold - own.far and length <= own.whole_chars and not mark & bits.IS_BRACKET:
                return []
        found = []
        odd = bool(mark & bits.DISGUISES)
        for start, end, bracket in cut_segments(text, own):
            at = bisect.bisect_left(heavy, start)
            if not (odd and not text[start:end].isascii()) and not bracket and (at == len(heavy) or heavy[at] >= end):
                continue
            scored = self.score(
                text, start, end, folded, terms, mark, bracket=bracket, part=True, article=article, near=around
            )
            if scored.total >= self.threshold:
                found.append(scored)
        found = list(_drop_nested(found))
        if whole is None or whole.total < self.threshold:
            return found
        # The line goes as a whole where other parts of it sell too.
        union = segments.merge_spans((one.start, one.end) for one in found)
        rest = [at for at in heavy if not segments.lies_in(at, at + 1, union)]
        return [whole] if rest or not found else found

    def score(
        self, text: str, start: int, end: int, folded: Folded, terms: list[Term], mark: int,
        *, title: bool = False, bracket: bool = False, part: bool = False,
        article: Callable[[], Article] | None = None, near: Mapping[str, float] = MappingProxyType({}),
    ) -> Found:  # fmt: skip
        """Add up the points of one segment; `near` are measures of what stands around it."""
        if part:
            first = bisect.bisect_left(terms, start, key=lambda term: term.start)
            own = []
            for number in range(first, len(terms)):
                term = terms[number]
                if term.start >= end:
                    break
                if term.end <= end:
                    own.append(term)
            same = not folded.counts and len(folded.text) == len(text)
            inner = Folded(folded.text[start:end], []) if same else fold(text[start:end])
        else:
            own, inner = terms, folded
        values = measures.measure(text[start:end], inner, own, mark, self.settings, title=title, bracket=bracket)
        values |= near
        points = self.card.add_terms(values)
        lacks = self.threshold - sum(points.values())
        sells = values["pitch-terms"] + values["sure-terms"] + values["promises"]
        named = bool(values["lucky-names"] and sells)
        if article and 0 < lacks <= self.settings.near * (1 + named):
            values |= self._compare(text[start:end], inner if named else None, lacks, article())
            points = self.card.add_terms(values)
        return Found(start, end, sum(points.values()), points)

    def _compare(self, segment: str, named: Folded | None, lacks: int, article: Article) -> dict[str, float]:
        """Measure a segment that lacks some points in its document; its words are counted only where that may suffice.

        The names in it are counted where it is given as `named`, folded.
        """
        own = self.settings
        foreign = article.is_foreign(segment, own.foreign_percent, own.rest_percent)
        found: dict[str, float] = {"foreign-script": foreign}
        if named:
            names = measures.choose_lucky((m.group() for m in measures.NAME.finditer(named.text)), own)
            found["name-repeats"] = max(map(article.count_name, names), default=0)
        terms = self.card.add_terms(found)
        if lacks - sum(terms.get(name, 0) for name in found) <= self.card.most("strange-percent"):
            found["strange-percent"] = article.find_strange(segment, own.rest_units, own.strange_units)
        return found


def cut_segments(text: str, settings: Settings) -> Iterator[tuple[int, int, bool]]:
    """Give the segments inside a line: spans in brackets, and the sentences of a long line, alone and two together."""
    for match in BRACKETS.finditer(text):
        yield match.start(), match.end(), True
    if len(text) < settings.cut_chars:
        return
    cuts = [0, *(match.end() for match in SENTENCE.finditer(text)), len(text)]
    spans = [span for a, b in itertools.pairwise(cuts) if b - a > 8 for span in _cut_window(text, a, b, settings)]
    for start, end in spans:
        yield start, start + len(text[start:end].rstrip()), False
    if len(text) > settings.whole_chars:
        for (start, _), (_, end) in itertools.pairwise(spans):
            if end - start <= settings.part_chars:
                yield start, start + len(text[start:end].rstrip()), False


def _cut_window(text: str, start: int, end: int, settings: Settings) -> Iterator[tuple[int, int]]:
    """Cut what is too long for a sentence into pieces, at spaces where there are some."""
    while end - start > settings.part_chars:
        cut = (
            text.rfind(" ", start + settings.whole_chars, start + settings.part_chars) + 1
            or start + settings.part_chars
        )
        yield start, cut
        start = cut
    yield start, end


def _drop_nested(found: Iterable[Found]) -> Iterator[Found]:
    """Leave out segments that a better or earlier one covers in part."""
    taken: list[Found] = []  # sorted by their places, for none touches another
    for one in sorted(found, key=lambda f: (f.end - f.start, f.start)):
        at = bisect.bisect_left(taken, one.end, key=lambda f: f.start)  # all before begin before its end
        if at == 0 or taken[at - 1].end <= one.start:
            taken.insert(at, one)
    yield from taken


def _char_places(encoded: bytes) -> NDArray[np.int64]:
    """Give for each byte the number of the character that it belongs to."""
    leads = (np.frombuffer(encoded, dtype=np.uint8) & 0xC0) != 0x80
    return np.cumsum(leads) - 1


__all__ = ["LEVELS", "Planted"]
