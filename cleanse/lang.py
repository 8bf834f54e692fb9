"""Say in which languages a document is written.

The script decides where it can (Korean, Thai, Greek ...). Elsewhere a few lines of running text, spread over the document, are
shown to detectors (`language/`): two fast ones, and lid.176 and words where these are not sure. Where the lines differ, all
lines are judged, and the document has more than one language.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleanse import kernels, segments
from cleanse.hits import HIT_SCHEMA, HITS, attach_hits, make_hits
from cleanse.language import (
    AGREED,
    FIRST,
    HAN,
    LENGTH,
    LETTERS,
    LINE,
    MOST_PROBES,
    SCRIPT,
    SCRIPTS,
    VOTES,
    Model,
    ask_eld,
    clean_sample,
    load_model,
    scan,
)
from cleanse.rules import Rules

RULE = "language/undetermined"
NOT_WANTED = "language/not-wanted"
COLUMN = "language_hits"
UNKNOWN = "und"
LANGUAGES = pl.List(pl.Struct({"language": pl.String(), "share": pl.Float32()}))
LINES = pl.List(pl.Struct({"line": pl.UInt32(), "language": pl.String()}))
BYTES = 4  # of a character at most
Probe = tuple[int, int]  # first byte and length of a line


@dataclass
class Found:
    """What is known of one document: its languages with their shares, and the lines that are not in the first of them."""

    language: str = UNKNOWN
    score: float = 0.0
    shares: list[tuple[str, float]] = field(default_factory=list)
    lines: list[tuple[int, str]] = field(default_factory=list)


def predict(sample: str) -> tuple[str, float]:
    """Give language tag and probability of one text.

    >>> predict("Die Fähre blieb am Montag stehen, weil der Motor aufgab.")[0]
    'de'
    """
    found = _identify(pl.Series([sample]))[0]
    return found.language, found.score


def identify_language(documents: pl.LazyFrame, rules: Rules, *, keep: Collection[str] = ()) -> pl.LazyFrame:
    """Identify the languages of each document.

    Reads: `repaired`. Adds: `language` str (BCP 47, `und` where unknown); `language_score` f32, the probability that it is right,
    or the share of the deciding script among the letters; `languages` list[struct], the share of each language in the letters,
    the largest first; `language_lines` list[struct], lines in another language than the document; `language_hits` list[HIT],
    one for each document in `und`, and one for each in a language that is not in `keep`, where that is not empty; both only where
    their rule is among `rules`.
    Numbers stand in `rules/language/model/`.
    """
    adds = {
        "language": pl.String(), "language_score": pl.Float32(), "languages": LANGUAGES, "language_lines": LINES,
        COLUMN: HITS,
    }  # fmt: skip

    def identify(frame: pl.DataFrame) -> pl.DataFrame:
        found = _identify(frame["repaired"].fill_null(""))
        tagged = frame.with_columns(
            pl.Series("language", [one.language for one in found], pl.String),
            pl.Series("language_score", [one.score for one in found], pl.Float32),
            _as_lists("languages", [one.shares for one in found], {"language": pl.String(), "share": pl.Float32()}),
            _as_lists("language_lines", [one.lines for one in found], {"line": pl.UInt32(), "language": pl.String()}),
        )
        unwanted = [name for name in sorted({one.language for one in found}) if not is_wanted(name, keep)]
        hit = {
            RULE: pl.col("language").str.starts_with(UNKNOWN),
            NOT_WANTED: pl.col("language").is_in(unwanted),
        }
        places = [
            tagged.filter(condition).select("doc", rule=pl.lit(rule))
            for rule, condition in hit.items()
            if rule in rules
        ]
        hits = [make_hits(own, rules) for own in places]
        return attach_hits(tagged, pl.concat([pl.DataFrame(schema=HIT_SCHEMA), *hits]), COLUMN)

    return segments.as_stage(documents, identify, adds)


def _as_lists(name: str, values: list[list[tuple[Any, ...]]], fields: dict[str, pl.DataType]) -> pl.Series:
    """Make a column of lists of structs, by way of one flat frame."""
    flat = pl.DataFrame([one for own in values for one in own], schema=fields, orient="row").to_struct(name)
    counts = pl.Series([len(own) for own in values], dtype=pl.Int64)
    numbers = pl.int_range(len(values), eager=True).to_frame("doc")
    grouped = (
        pl.DataFrame({"doc": numbers["doc"].repeat_by(counts).explode(empty_as_null=False), name: flat})
        .group_by("doc", maintain_order=True)
        .agg(name)
    )
    joined = numbers.join(grouped, on="doc", how="left", maintain_order="left")[name]
    return joined.fill_null(pl.Series([[]], dtype=pl.List(pl.Struct(fields))).first())


def is_wanted(language: str, keep: Collection[str]) -> bool:
    """Say whether a language is one of those to keep; `zh` keeps zh-Hant and yue too, and an empty list keeps all.

    >>> is_wanted("zh-Hant", ["hi", "zh"]), is_wanted("en", ["hi"]), is_wanted("en", [])
    (True, False, True)
    """
    return not keep or any(speaks(own, language) for own in keep)


def speaks(own: str, language: str) -> bool:
    """Say whether words of the language `own` belong to texts in `language`: the same, a variety of it, or Cantonese for zh."""
    return language == own or language.startswith(f"{own}-") or own in _members().get(language, ())


def rule_language(own: str | None, language: str) -> bool:
    """Say whether a rule in the language `own` (None: in all) looks at texts in `language`; at `und` all rules do."""
    return own is None or language == UNKNOWN or language.startswith(f"{UNKNOWN}-") or speaks(own, language)


@functools.cache
def _members() -> dict[str, tuple[str, ...]]:
    return {language: tuple(own) for language, own in load_model().scripts["members"].items()}


def _identify(texts: pl.Series) -> list[Found]:
    """Identify all texts: one pass of a kernel over the bytes, then Python for each document on a few of its lines."""
    data, offsets = kernels.buffers(texts)
    judge = _Judge(load_model(), data, *scan(data, offsets, _weights()))
    return [judge.identify(doc) for doc in range(len(texts))]


class _Judge:
    """Judges documents of one buffer, one at a time, by what `scan` found."""

    def __init__(
        self,
        model: Model,
        data: kernels.Bytes,
        rows: NDArray[np.int64],
        counts: NDArray[np.int64],
        bounds: NDArray[np.int64],
        heads: NDArray[np.int64],
        probes: NDArray[np.int64],
    ) -> None:
        self.model, self.limits = model, model.parameters
        self.data = data.tobytes()
        self.rows, self.counts, self.bounds = rows, counts, bounds.tolist()
        self.heads = heads.tolist()
        chosen = rows[probes.ravel()] if len(rows) else np.zeros((0, 2), dtype=np.int64)
        self.starts, self.lengths = chosen[:, FIRST].tolist(), chosen[:, LENGTH].tolist()
        self.implies: dict[str, str] = model.scripts["implies"]

    def identify(self, doc: int) -> Found:
        """Judge one document by its lines and the letters of each script in those that vote."""
        limits = self.limits
        main, own, total, probed, running, voteless = self.heads[doc]
        if total < limits["min_letters"] or not probed:
            return Found()
        first, last = self.bounds[doc], self.bounds[doc + 1]
        if voteless and running < limits["min_text_letters"] and 2 * voteless > self.rows[first:last, LETTERS].sum():
            return Found()  # code, addresses and the like
        at = slice(MOST_PROBES * doc, MOST_PROBES * (doc + 1))
        probes = list(dict.fromkeys(zip(self.starts[at], self.lengths[at], strict=True)))
        found = [(main, *self._judge_script(main, doc, probes, own), own)]
        least = max(limits["min_part_letters"], limits["min_share"] * total)
        if total - own < least or last - first == 1:
            language, score = found[0][1][0][0], found[0][2]
            score = own / total if score is None else score
            if len(found[0][1]) == 1:
                known = score >= limits["min_score" if last - first == 1 else "min_page_score"]
                return Found(language if known else UNKNOWN, score, [(language if known else UNKNOWN, 1.0)])
        rows = self.rows[first:last]
        for script, letters in sorted(self._join_scripts(doc).items(), key=lambda pair: (-pair[1], pair[0])):
            lines = rows[_lines_of(rows, script)] if script != main and letters >= least else rows[:0]
            if len(lines):
                found.append((script, *self._judge_script(script, doc, self._choose(lines), letters), letters))
        return self._finish(found, rows, total)

    def _join_scripts(self, doc: int) -> dict[int, int]:
        """Give the letters by script, kana counted as Han, since Japanese mixes them."""
        parts: Counter[int] = Counter()
        for number in np.flatnonzero(self.counts[doc]).tolist():
            parts[HAN if number in _EAST else number] += int(self.counts[doc, number])
        return dict(parts)

    def _judge_script(
        self, script: int, doc: int, probes: list[Probe], letters: int
    ) -> tuple[list[tuple[str, float]], float | None, dict[int, str]]:
        """Give languages with their shares, the probability of the first (None: its script decides), and language by line."""
        name = SCRIPTS[script - 1]
        if script == HAN:
            kana = letters - int(self.counts[doc, HAN])
            return [(self._judge_han(probes, kana, letters - kana), 1.0)], None, {}
        if name in self.implies:
            return [(self._judge_letters(name, probes), 1.0)], None, {}
        return self._judge_words(doc, script, probes)

    def _judge_han(self, probes: list[Probe], kana: int, han: int) -> str:
        limits = self.model.han["parameters"]
        if kana >= limits["min_kana_share"] * max(han, 1):
            return "ja"
        signs = _signs()
        marks = Counter([kind for one in self._sample(probes) if one in signs for kind in signs[one]])
        chinese = marks["simplified"] + marks["traditional"]
        if marks["japanese"] >= max(
            1, limits["min_japanese_share"] * (marks["japanese"] + chinese + marks["mandarin"])
        ):
            return "ja"
        if marks["cantonese"] >= max(2, limits["min_cantonese_share"] * (marks["cantonese"] + marks["mandarin"])):
            return "yue"
        if not chinese:
            return "zh"
        return "zh-Hans" if marks["simplified"] >= marks["traditional"] else "zh-Hant"

    def _judge_letters(self, name: str, probes: list[Probe]) -> str:
        for table in self.model.scripts["letters"]:
            if table["script"] == name and sum(map(self._sample(probes).count, table["letters"])) >= 2:
                return str(table["language"])
        return self.implies[name]

    def _judge_words(
        self, doc: int, script: int, probes: list[Probe]
    ) -> tuple[list[tuple[str, float]], float | None, dict[int, str]]:
        """Show a few lines to the detectors; judge line by line where two of them are surely in different languages."""
        size, model = int(self.limits["probe_chars"]), self.model
        texts = list(dict.fromkeys([clean_sample(self._cut(row, size)) for row in probes]))
        if len(texts) > 1 and "eld" in model.detectors:
            said = [ask_eld(text) for text in texts]
            sure = {tag for tag, how in said if how == "sure"}
            if len(texts) == MOST_PROBES and len(set(said)) == 1 and said[0][0] in model.alone and said[0][1] == "sure":
                return [(said[0][0], 1.0)], model.score("agreed", AGREED), {}
            if len(sure) == 1 and len({tag for tag, _ in said}) == 1:
                verdict = model.settle((model.ask(texts[-1], ("cld2",))[0], said[0], None), "long", len(texts[-1]))
                if verdict:
                    return [(verdict.language, 1.0)], verdict.score, {}
            elif len({model.kind(tag) for tag in sure}) > 1:
                certain = {model.certain(text, one) for text, one in zip(texts, said, strict=True)}
                if len({model.kind(tag) for tag in certain if tag}) > 1:
                    return self._judge_lines(doc, script, texts)
        verdict = model.judge(self._join(texts))
        return [(verdict.language, 1.0)], verdict.score, {}

    def _join(self, texts: list[str]) -> str:
        """Put samples together, so much of each that all have their share."""
        most = int(self.limits["sample_chars"])
        return texts[0][:most] if len(texts) == 1 else " ".join(text[: most // len(texts)] for text in texts)

    def _judge_lines(
        self, doc: int, script: int, texts: list[str]
    ) -> tuple[list[tuple[str, float]], float | None, dict[int, str]]:
        model, size = self.model, int(self.limits["probe_chars"])
        overall = model.judge(self._join(texts))
        lines = self.rows[self.bounds[doc] : self.bounds[doc + 1]]
        voting = lines[
            (lines[:, SCRIPT] == script) & (lines[:, LETTERS] >= self.limits["line_letters"]) & (lines[:, VOTES] > 0)
        ]
        best = int(voting[:, VOTES].max()) if len(voting) else 0
        asked = voting[voting[:, VOTES] == best]
        step = max(1, -(-len(asked) // int(self.limits["max_lines"])))
        letters: Counter[str] = Counter()
        by_line: dict[int, str] = {}
        for row in asked[::step].tolist():
            text = clean_sample(self._cut((row[FIRST], row[LENGTH]), size))
            tag = model.certain(text, ask_eld(text)) or overall.language
            if model.kind(tag) == model.kind(overall.language):
                tag = overall.language
            letters[tag] += row[LETTERS]
            by_line[row[LINE]] = tag
        total = sum(letters.values())
        if not total:
            return [(overall.language, 1.0)], overall.score, {}
        least = max(self.limits["min_share"] * total, self.limits["min_part_letters"])
        ranked = sorted(letters.items(), key=lambda pair: (-pair[1], pair[0]))
        kept = [ranked[0], *(pair for pair in ranked[1:] if pair[1] >= least)]
        names = {tag for tag, _ in kept}
        whole_letters = sum(own for _, own in kept)
        first = kept[0][0]
        score = overall.score if first == overall.language else model.score("agreed", 0.0)
        by_line = {line: tag if tag in names else first for line, tag in by_line.items()}
        return [(tag, own / whole_letters) for tag, own in kept], score, by_line if len(kept) > 1 else {}

    def _finish(
        self,
        found: list[tuple[int, list[tuple[str, float]], float | None, dict[int, str], int]],
        rows: NDArray[np.int64],
        total: int,
    ) -> Found:
        """Put the scripts of a document together."""
        shares: Counter[str] = Counter()
        scores: dict[str, float] = {}
        by_line: dict[int, str] = {}
        largest = max(found, key=lambda one: one[1][0][1] * one[4])[1][0][0]
        for script, languages, score, known, letters in found:
            for tag, share in languages:
                shares[tag] += share * letters  # type: ignore[assignment]
                scores.setdefault(tag, letters / total if score is None else score)
            if languages[0][0] != largest or known:
                lines = rows[_lines_of(rows, script), LINE].tolist()
                by_line |= dict.fromkeys(lines, languages[0][0]) | _fill(known, lines)
        ranked = sorted(shares.items(), key=lambda pair: (-pair[1], pair[0]))
        language, score = ranked[0][0], scores[ranked[0][0]]
        if score < self.limits["min_score" if len(rows) == 1 else "min_page_score"]:
            return Found(UNKNOWN, score, [(UNKNOWN, 1.0)])
        whole = sum(shares.values())
        if language != largest:
            rest = set(rows[:, LINE].tolist()) - by_line.keys()
            by_line |= dict.fromkeys(sorted(rest), largest)
        others = sorted((line, tag) for line, tag in by_line.items() if tag != language)
        return Found(language, score, [(tag, own / whole) for tag, own in ranked], others)

    def _choose(self, lines: NDArray[np.int64]) -> list[Probe]:
        """Choose one line: of those with the most votes the one with the most letters."""
        best = lines[np.argmax(lines[:, VOTES] * 2**40 + lines[:, LETTERS])]
        return [(int(best[FIRST]), int(best[LENGTH]))]

    def _cut(self, row: Probe, chars: int) -> str:
        """Cut at most so many characters out of a line, from the middle of its first part, from a word on."""
        start, length = row[0], row[1]
        text = self.data[start : start + min(length, 4 * BYTES * chars)].decode("utf-8", errors="ignore")
        if len(text) <= chars:
            return text
        begin = max(0, (len(text) - chars) // 2)
        space = text.find(" ", begin, begin + chars // 4)
        begin = space + 1 if space >= 0 else begin
        return text[begin : begin + chars]

    def _sample(self, probes: list[Probe]) -> str:
        """Put the probes together."""
        texts = dict.fromkeys(self._cut(row, int(self.limits["probe_chars"])) for row in probes)
        return " ".join(texts)


_EAST = (HAN, SCRIPTS.index("Hiragana") + 1, SCRIPTS.index("Katakana") + 1)


def _lines_of(rows: NDArray[np.int64], script: int) -> NDArray[np.bool_]:
    """Say of each line whether it is written in a script."""
    if script == HAN:
        return np.isin(rows[:, SCRIPT], _EAST)
    own: NDArray[np.bool_] = rows[:, SCRIPT] == script
    return own


def _fill(known: dict[int, str], lines: list[int]) -> dict[int, str]:
    """Give each line between two lines of one language that language."""
    if not known:
        return {}
    numbers = sorted(known)
    filled = dict(known)
    at = 0
    for line in lines:
        while at < len(numbers) and numbers[at] < line:
            at += 1
        before = known[numbers[at - 1]] if at else None
        behind = known[numbers[at]] if at < len(numbers) else None
        if line not in known and (before or behind) and (before is None or behind is None or before == behind):
            filled[line] = before or behind or UNKNOWN
    return filled


@functools.cache
def _weights() -> NDArray[np.int64]:
    """Give for how many letters a letter of each script counts."""
    own = load_model().scripts["weights"]
    return np.array([1, *(own.get(name, 1) for name in SCRIPTS)], dtype=np.int64)


@functools.cache
def _signs() -> dict[str, tuple[str, ...]]:
    """Give for each character that tells ways of writing Han apart what it speaks for."""
    han = load_model().han
    signs: dict[str, tuple[str, ...]] = {}
    for kind in ("simplified", "traditional", "japanese", "cantonese", "mandarin"):
        for one in han[kind]:
            signs[one] = (*signs.get(one, ()), kind)
    return signs


def line_languages(documents: pl.DataFrame) -> pl.DataFrame:
    """Give `doc`, `line` and `language` of the lines that are not in the language of their document.

    Reads: `doc`, and `language_lines` where there is one.
    """
    if "language_lines" not in documents.columns:
        return pl.DataFrame(schema={"doc": pl.UInt32, "line": pl.UInt32, "language": pl.String})
    some = documents.filter(pl.col("language_lines").list.len() > 0).select("doc", "language_lines")
    return some.explode("language_lines").unnest("language_lines")
