"""Judges one script of one document at a time, where the words of its pieces do not settle its language.

The detectors see three of its pieces. Where the pieces are surely in different languages, lines are judged one by one.
"""

from __future__ import annotations

import functools
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleanse import kernels
from cleanse.kernels import U8, Bytes
from cleanse.language.detectors import ask_eld
from cleanse.language.loading import load_model
from cleanse.language.model import Judgement, Model, clean_sample
from cleanse.language.scripts import (
    DOC,
    DOC_OF,
    FIRST,
    HAN,
    KANA,
    LENGTH,
    LETTERS,
    LETTERS_OF,
    LINE,
    SCRIPT,
    SCRIPT_OF,
    SCRIPTS,
    VOTES,
    VOTES_OF,
    Scan,
    count_signs,
    east_asian,
)
from cleanse.language.words import APART, BEST, FEATURES, I32, LEAD, judge_pieces

SIGNS = ("simplified", "traditional", "japanese", "cantonese", "mandarin")
PROBES = 3  # pieces that the detectors see
LINES = {"doc": pl.Int64, "line": pl.UInt32, "language": pl.String}


@dataclass
class Verdict:
    """The languages of one script of a document: each with its share, the probability of the first (None: its script decides it), lines.

    `lines` gives the language of each line of the script, where there is more than one.
    """

    languages: list[tuple[str, float]]
    score: float | None = None
    lines: dict[int, str] = field(default_factory=dict)


class Judge:
    """Judges scripts of documents of one buffer by what `scan` found and what the words of its pieces say."""

    def __init__(self, model: Model, data: Bytes, scanned: Scan, said: I32) -> None:
        self.model, self.limits = model, model.parameters
        self.data, self.bytes = data, memoryview(data)  # type: ignore[arg-type]
        self.scan, self.said, self.settled = scanned, said, is_settled(said, self.limits)
        self.known: dict[tuple[str, tuple[str, float]], Judgement] = {}
        self.starts, self.ends, self.bounds = scanned.starts.tolist(), scanned.ends.tolist(), scanned.pieces.tolist()
        self.implies: dict[str, str] = model.scripts["implies"]

    def judge(self, unit: int, *, mixed: bool) -> Verdict:
        """Judge one unit of the scan; `mixed` says that its pieces are surely in different languages."""
        script = int(self.scan.units[unit, SCRIPT_OF])
        name = SCRIPTS[script - 1]
        if name in self.implies:
            return Verdict([(self._judge_letters(name, unit), 1.0)])
        return self._judge_words(unit, mixed=mixed)

    def _texts(self, unit: int, most: int) -> list[str]:
        """Give at most so many pieces of a unit, spread over it."""
        first, last = self.bounds[unit], self.bounds[unit + 1]
        count = last - first
        chosen = (
            range(first, last)
            if count <= most
            else [first + (2 * one + 1) * count // (2 * most) for one in range(most)]
        )
        return [str(self.bytes[self.starts[piece] : self.ends[piece]], "utf-8") for piece in chosen]

    def _judge_letters(self, name: str, unit: int) -> str:
        text = "".join(self._texts(unit, int(self.limits["pieces"])))
        for table in self.model.scripts["letters"]:
            if table["script"] == name and sum(map(text.count, table["letters"])) >= 2:
                return str(table["language"])
        return self.implies[name]

    def _judge_words(self, unit: int, *, mixed: bool) -> Verdict:
        """Show three pieces to the detectors; judge line by line where the pieces are surely in different languages."""
        best, lead = int(self.said[unit, BEST]), int(self.said[unit, LEAD])
        words = (self.model.lexicon.languages[best], lead / 10) if best >= 0 else ("", 0.0)
        if mixed and self.settled[unit]:
            return self._judge_lines(unit, Judgement(*words, self.model.score("words", words[1])))
        texts = list(dict.fromkeys(map(clean_sample, self._texts(unit, PROBES))))
        verdict = self._ask(self._join(texts), words)
        return self._judge_lines(unit, verdict) if mixed else Verdict([(verdict.language, 1.0)], verdict.score)

    def _ask(self, text: str, words: tuple[str, float]) -> Judgement:
        """Ask the model once about each text: pages of a site repeat themselves."""
        known = self.known.get((text, words))
        if known is None:
            known = self.known[text, words] = self.model.judge(text, None, words)
        return known

    def _join(self, texts: list[str]) -> str:
        """Put samples together, so much of each that all have their share."""
        most = int(self.limits["sample_chars"])
        return texts[0][:most] if len(texts) == 1 else " ".join(text[: most // len(texts)] for text in texts)

    def _judge_lines(self, unit: int, overall: Judgement) -> Verdict:
        model = self.model
        script, best = self.scan.units[unit, SCRIPT_OF], self.scan.units[unit, VOTES_OF]
        document = self.scan.units[unit, DOC_OF]
        rows = self.scan.rows[self.scan.bounds[document] : self.scan.bounds[document + 1]]
        own = rows[rows[:, SCRIPT] == script]
        asked = own[(own[:, VOTES] == best) & (own[:, LETTERS] >= self.limits["line_letters"])]
        asked = asked[:: max(1, -(-len(asked) // int(self.limits["max_lines"])))]
        said, present = self._read_lines(asked, overall.language)
        letters: Counter[str] = Counter()
        known: dict[int, str] = {}
        before = ""
        for row, guess in zip(asked.tolist(), said, strict=True):
            # A line that says little is in a language that other lines surely have, or in that of the line before.
            before = present.get(model.kind(guess)) or before or overall.language
            letters[before] += row[LETTERS]
            known[row[LINE]] = before
        total = sum(letters.values())
        if not total:
            return Verdict([(overall.language, 1.0)], overall.score)
        least = max(self.limits["min_share"] * total, self.limits["min_part_letters"])
        ranked = sorted(letters.items(), key=lambda pair: (-pair[1], pair[0]))
        kept = [ranked[0], *(pair for pair in ranked[1:] if pair[1] >= least)]
        first = kept[0][0]
        score = overall.score if first == overall.language else model.score("agreed", 0.0)
        if len(kept) == 1:
            return Verdict([(first, 1.0)], score)
        names = {tag for tag, _ in kept}
        numbers = own[:, LINE].tolist()
        lines = dict.fromkeys(numbers, first) | fill_lines(
            {line: tag if tag in names else first for line, tag in known.items()}, numbers
        )
        whole = sum(count for _, count in kept)
        return Verdict([(tag, count / whole) for tag, count in kept], score, lines)

    def _read_lines(self, rows: NDArray[np.int64], overall: str) -> tuple[list[str], dict[str, str]]:
        """Give for each of some lines what its words speak for, and the languages that are surely there, by the first of their group.

        Where the words of a line are not sure and speak for no such language, both fast detectors may be sure.
        """
        model, size = self.model, int(self.limits["line_bytes"])
        starts = np.ascontiguousarray(rows[:, FIRST])
        ends = starts + np.minimum(rows[:, LENGTH], size)
        for number in np.flatnonzero(rows[:, LENGTH] > size).tolist():
            while self.data[ends[number]] & 0xC0 == 0x80:  # not within a character
                ends[number] -= 1
        said, _ = judge_pieces(
            self.data, starts, ends, np.array([0, len(rows)]), model.lexicon, np.ones(1, dtype=np.bool_)
        )
        found = [model.lexicon.languages[best] if best >= 0 else "" for best in said[:, BEST].tolist()]
        sure = np.flatnonzero(is_sure(said, self.limits)).tolist()
        present = {model.kind(found[line]): found[line] for line in sure} | {model.kind(overall): overall}
        for line, guess in enumerate(found):
            if model.kind(guess) not in present and "eld" in model.detectors:
                text = clean_sample(str(self.bytes[int(starts[line]) : int(ends[line])], "utf-8"))
                certain = model.certain(text, ask_eld(text))
                if certain:
                    found[line] = certain
                    present.setdefault(model.kind(certain), certain)
        return found, present


def judge_scripts(model: Model, data: Bytes, scanned: Scan) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Judge all scripts of all documents: most of them at once, by script or words, the others one by one.

    Gives `doc`, `language`, `letters`, and `score` (NaN where the script decides) of each language in a script of a document, and `doc`, `line`
    and `language` of the lines of documents with more than one language.
    """
    units = scanned.units
    implied = _implied()
    names = implied[units[:, SCRIPT_OF]]
    worded = names == ""
    pieces, said = judge_pieces(data, scanned.starts, scanned.ends, scanned.pieces, model.lexicon, worded)
    kinds = np.append(model.lexicon.groups, -1)  # the last one for those of which no word is known
    of_unit = np.repeat(np.arange(len(units)), np.diff(scanned.pieces))
    odd = is_sure(pieces, model.parameters, "hint") & (kinds[pieces[:, BEST]] != kinds[said[of_unit, BEST]])
    mixed = np.bincount(of_unit[odd], minlength=len(units)) > 0
    settled = worded & ~mixed & is_settled(said, model.parameters)
    names[settled] = np.array(model.lexicon.languages, dtype=object)[said[settled, BEST]]
    scores = np.full(len(units), np.nan)
    steps = np.array(model.steps["words"])
    scores[settled] = steps[np.searchsorted(steps[:, 0], said[settled, LEAD] / 10, side="right") - 1, 1]
    judge = Judge(model, data, scanned, said)
    han = judge_han(model, data, scanned)
    names[han != ""] = han[han != ""]
    lettered = np.isin(units[:, SCRIPT_OF], _lettered())
    extras: list[tuple[int, str, float, float]] = []
    lines: list[tuple[int, int, str]] = []
    by_line = np.zeros(len(units), dtype=np.bool_)
    for unit in np.flatnonzero((worded & ~settled) | lettered).tolist():
        verdict = judge.judge(unit, mixed=bool(mixed[unit]))
        names[unit] = verdict.languages[0][0]
        scores[unit] = np.nan if verdict.score is None else verdict.score
        if len(verdict.languages) > 1:
            by_line[unit] = True
            doc, letters = int(units[unit, DOC_OF]), int(units[unit, LETTERS_OF])
            extras += [(doc, tag, letters * share, scores[unit]) for tag, share in verdict.languages]
            lines += [(doc, line, tag) for line, tag in verdict.lines.items()]
    # What little text in a second script says is not believed where its score is low: names and signs.
    first = np.append(True, units[1:, DOC_OF] != units[:-1, DOC_OF])[: len(units)]
    main = np.maximum.accumulate(np.where(first, np.arange(len(units)), 0))
    weak = ~first & (scores < model.parameters["min_part_score"])
    names[weak] = names[main[weak]]
    whole = ~by_line
    parts = pl.DataFrame({
        "doc": units[whole, DOC_OF], "language": pl.Series(names[whole].tolist(), dtype=pl.String),
        "letters": units[whole, LETTERS_OF].astype(np.float64), "score": scores[whole],
    })  # fmt: skip
    parts = pl.concat([parts, pl.DataFrame(extras, schema=parts.schema, orient="row")])
    return parts, pl.concat([_find_lines(scanned, names, whole), pl.DataFrame(lines, schema=LINES, orient="row")])


def _find_lines(scanned: Scan, names: NDArray[np.object_], whole: NDArray[np.bool_]) -> pl.DataFrame:
    """Give the language of each line by its script, in documents of more than one script."""
    units, rows = scanned.units, scanned.rows
    tags = sorted(set(names.tolist()))
    codes = np.array([tags.index(name) for name in names.tolist()], dtype=np.int16)
    several = np.bincount(units[:, DOC_OF], minlength=len(scanned.heads)) > 1
    table = np.full((len(scanned.heads), len(SCRIPTS) + 1), -1, dtype=np.int16)
    table[units[whole, DOC_OF], units[whole, SCRIPT_OF]] = codes[whole]
    table[:, east_asian()] = table[:, [HAN]]
    own = rows[several[rows[:, DOC]]]
    code = table[own[:, DOC], own[:, SCRIPT]]
    known = code >= 0
    language = pl.Series(tags, dtype=pl.String).gather(code[known].astype(np.uint32))
    return pl.DataFrame({"doc": own[known, DOC], "line": own[known, LINE], "language": language}, schema=LINES)


def is_settled(said: I32, limits: dict[str, float]) -> NDArray[np.bool_]:
    """Say of documents whether their words settle the language: no detector need be asked."""
    needed = np.maximum(10 * limits["settle_bits"], 10 * limits["settle_rate"] * said[:, FEATURES])
    settled: NDArray[np.bool_] = (said[:, BEST] >= 0) & (said[:, LEAD] >= needed)
    return settled


@functools.cache
def _implied() -> NDArray[np.object_]:
    """Give for each script number the language that it implies, or nothing."""
    implies = load_model().scripts["implies"]
    return np.array(["", *("zh" if name == "Han" else implies.get(name, "") for name in SCRIPTS)], dtype=object)


@functools.cache
def _lettered() -> NDArray[np.int64]:
    """Give the numbers of the scripts that have a table of letters, which have to be looked at."""
    named = {table["script"] for table in load_model().scripts["letters"]}
    return np.array([number for number, name in enumerate(SCRIPTS, 1) if name in named])


def is_sure(said: I32, limits: dict[str, float], what: str = "piece") -> NDArray[np.bool_]:
    """Say of pieces whether their words leave no doubt, at least about the group of close languages.

    `what` begins the names of the limits: a `hint` that a document has another language is less than a `piece` that is surely in it.
    """
    features = said[:, FEATURES]
    needed = np.maximum(10 * limits[f"{what}_bits"], 10 * limits[f"{what}_rate"] * features)
    sure: NDArray[np.bool_] = (features >= limits[f"{what}_features"]) & (said[:, APART] >= needed)
    return sure


def fill_lines(known: dict[int, str], lines: list[int]) -> dict[int, str]:
    """Give each line between two lines of one language that language, and the first and last lines that of the nearest known one."""
    numbers = sorted(known)
    tags = np.array([known[number] for number in numbers], dtype=object)
    own = np.array(lines)
    places = np.searchsorted(numbers, own)
    before, behind = tags[np.maximum(places, 1) - 1], tags[np.minimum(places, len(numbers) - 1)]
    same = before == behind
    return dict(zip(own[same].tolist(), before[same].tolist(), strict=True)) | known


def judge_han(model: Model, data: Bytes, scanned: Scan) -> NDArray[np.object_]:
    """Say of each unit that is written with Han in which language it is; nothing of the others."""
    units, limits = scanned.units, model.han["parameters"]
    wanted = units[:, SCRIPT_OF] == HAN
    names = np.full(len(units), "", dtype=object)
    if not wanted.any():
        return names
    marks = count_signs(data, scanned.starts, scanned.ends, scanned.pieces, wanted, sign_table(), len(SIGNS))
    simplified, traditional, japanese, cantonese, mandarin = marks.T
    kana = scanned.heads[units[:, DOC_OF], KANA]
    chinese = simplified + traditional
    share = limits["min_japanese_share"] * (japanese + chinese + mandarin)
    names[wanted] = "zh"
    names[wanted & (chinese > 0)] = "zh-Hant"
    names[wanted & (chinese > 0) & (simplified >= traditional)] = "zh-Hans"
    names[wanted & (cantonese >= np.maximum(2, limits["min_cantonese_share"] * (cantonese + mandarin)))] = "yue"
    names[wanted & (japanese >= np.maximum(1, share))] = "ja"
    names[wanted & (kana >= limits["min_kana_share"] * np.maximum(units[:, LETTERS_OF] - kana, 1))] = "ja"
    return names


@functools.cache
def sign_table() -> U8:
    """Give for each code point a bit for each way of writing Han that it speaks for."""
    table = np.zeros(kernels.PLANES, dtype=np.uint8)
    for bit, kind in enumerate(SIGNS):
        table[[ord(one) for one in load_model().han[kind] if not one.isspace()]] |= 1 << bit
    return table
