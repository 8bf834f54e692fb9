"""Fit the scorecards of extracted texts to labelled lines, judge them on languages and genres left out, and write their points.

    python benchmarks/fit_extracted.py [../shared/data] [--write] [--cache FILE] [--further FILE#SET] [--extracted FILE]

An extracted text is what a tool took out of a page, with a few lines of its furniture. The set `web` has labelled ones, and so may a further
file (`--extracted`); others are made of labelled pages, with a few lines of furniture around the text (`scorecard_data.trim`). The points
are fitted like those of `fit_scorecard.py`.
Printed is what goes by these two scorecards and the rules on words, of documents in languages, sets and genres that were left out: those
that `boilerplate/page` takes for pages are among them, though a run leaves these to `boilerplate/furniture`.
"""

from __future__ import annotations

import argparse
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path

import fit_scorecard
import numpy as np
import scorecard_data
from fit_scorecard import Bench, Design
from scorecard_data import CONTENT, EXTRACTED, TRIMMED, Labelled

from cleanse.scorecards import LINE_COLUMNS, PAGE_COLUMNS

LINE_TABLES, PAGE_TABLES = 60, 18  # that are kept
PAGE_FIT, LINE_FIT = (2e-3, 200), (3e-3, 100)  # penalty, iterations
# Steps of measures that are 0 in most lines, so that no share of the lines tells where to cut.
STEPS = {
    "glued-words": (1, 2, 4, 8),
    "rule-words": (1, 2, 3, 5),
    "rule-words-percent": (3, 6, 10, 15, 25, 50),
    "separators": (1, 3, 6, 12),
    "separator-percent": (5, 15, 30, 60),
    "stops": (1, 2, 3, 5, 8),
    "commas": (1, 2, 4, 8),
    "units": (2, 3, 4, 6, 9, 14, 20, 30, 50),
}
FURNISHED = 0.02  # share of furniture from which a text counts as one with leftovers
MADE_WEIGHT = {"news": 1.0, "articles": 1.0, "zh": 0.7, "recipes": 0.7, "wrapped": 1.5, "inserted": 1.0, "broken": 1.0}
MADE_PAGES, MADE_LINES = 0.3, 0.5  # of all made texts together, where those of `web` weigh 1
FURTHER = 0.2  # of further extracted texts together
CONTENT_PAGES, CONTENT_LINES = 4.0, 1.0  # of all genres together
WEB_CONTENT = 1.5  # of the lines of content in extracted texts
NEAR = -20  # points of a document from which its lines are fitted to, if it is content
LEAST_CHARS = 20_000  # a genre of which few characters are near weighs by these
SCRIPT = "fit_extracted.py"
LANGUAGES = ("en", "de", "sv", "es")
SETS = ("newspaper4k", "readability_tests", "domdown_real", "recipes")  # each is left out together with a language


class Extracted(Bench):
    """Extracted texts, real and made, and documents of content."""

    def left_out(self) -> Iterator[tuple[str, np.ndarray]]:
        """Give names and documents of what is left out: languages, each with a further set and a fourth of the genres."""
        number = {genre: k for k, genre in enumerate(self.genres)}
        group = np.array([number[genre] // 2 % 4 if genre else -1 for genre in self.genre])
        for k, name in enumerate(LANGUAGES):
            own = np.where(self.kind == CONTENT, group == k, (self.language == name) | (group == k))
            yield name, np.where(self.further, False, own) | (self.set == SETS[k])
        others = ~np.isin(self.language, LANGUAGES) & ~np.isin(self.set, SETS) & (group < 0)
        yield "others", (self.kind != CONTENT) & (others | (self.further & ~np.isin(self.set, SETS)))

    @property
    def further(self) -> np.ndarray:
        """Say which documents are extracted texts of further files."""
        return (self.kind == EXTRACTED) & (self.set != "web")

    def weigh_extracted(self, weights: np.ndarray, rows: np.ndarray, further: np.ndarray) -> None:
        """Bring the weights of `rows` to a sum of 1 in `web`, and to FURTHER in further files."""
        for own, worth in ((rows & ~further, 1.0), (rows & further, FURTHER)):
            if own.any():
                weights[own] *= worth / weights[own].sum()

    def page_design(self) -> Design:
        """Label documents: texts with leftovers, and whole documents of content."""
        share = self.noise / np.maximum(1, self.noise + self.content)
        found = (self.kind == EXTRACTED) & (share >= FURNISHED)
        weights = np.zeros(len(share))
        weights[found] = np.sqrt(self.noise[found])
        self.weigh_extracted(weights, found, self.further)
        for name, worth in MADE_WEIGHT.items():
            own = (self.kind == TRIMMED) & (self.set == name)
            weights[own] = MADE_PAGES * worth / sum(MADE_WEIGHT.values()) / max(1, own.sum())
        for genre in self.genres:
            own = (self.kind == CONTENT) & (self.genre == genre)
            weights[own] = CONTENT_PAGES / len(self.genres) / max(1, own.sum())
        labels = (found | (self.kind == TRIMMED)).astype(float)
        sample = np.concatenate([np.flatnonzero(self.kind == EXTRACTED), np.flatnonzero(self.kind == CONTENT)[::3]])
        return fit_scorecard.design(self.pages, PAGE_COLUMNS, sample, labels, weights, signed=False)

    def line_design(self, page_points: np.ndarray) -> Design:
        """Label lines, with the points of their documents among the measures."""
        data, doc = self.data, self.data.doc
        weights = np.zeros(len(doc))
        line = np.where(data.label < 0, 0, np.clip(data.chars, fit_scorecard.SHORTEST, fit_scorecard.LONGEST)).astype(
            float
        )
        web = (self.kind == EXTRACTED)[doc]
        weights[web] = line[web]
        self.weigh_extracted(weights, web, self.further[doc])
        weights[web & (data.label == 1)] *= WEB_CONTENT
        for name, worth in MADE_WEIGHT.items():
            own = ((self.kind == TRIMMED) & (self.set == name))[doc]
            weights[own] = MADE_LINES * worth / sum(MADE_WEIGHT.values()) * line[own] / max(1, line[own].sum())
        for genre in self.genres:
            own = ((self.kind == CONTENT) & (self.genre == genre) & (page_points >= NEAR))[doc]
            weights[own] = line[own] / max(line[own].sum(), LEAST_CHARS) * CONTENT_LINES / len(self.genres)
        weights[self.doubtful()] = 0
        weights[((self.kind == EXTRACTED) & (page_points < NEAR))[doc]] *= 0.3
        labelled = np.flatnonzero((self.kind != CONTENT)[doc] & (data.label >= 0))
        mixed = np.concatenate([labelled, np.flatnonzero((self.kind == CONTENT)[doc] & (weights > 0))[::20]])
        values = self.measure(page_points)
        labels = (data.label == 0).astype(float)
        return fit_scorecard.design(values, LINE_COLUMNS, mixed, labels, weights, signed=True, steps=STEPS)

    def say(self, take: np.ndarray) -> str:
        """Say what goes and what is damaged: of the set web, of texts made of news and articles, and of the genres."""
        data, gone = self.data, take | self.data.struck
        parts = []
        for name, own in (
            ("web", self.set == "web"),
            *((name, (self.set == "web") & (self.language == name)) for name in LANGUAGES),
            *((f"{name} {how}", (self.set == name) & (self.tool == how)) for name, how in self.tools()),
            ("made", (self.kind == TRIMMED) & np.isin(self.set, ("news", "articles", "zh"))),
        ):
            rows = own[data.doc]
            noise, content = data.chars * (rows & (data.label == 0)), data.chars * (rows & (data.label == 1))
            lost = np.bincount(data.doc, weights=content * gone, minlength=len(own))
            many = ((lost > 0.1 * self.content) & own).sum() / own.sum()
            parts.append(
                f"{name} {noise[gone].sum() / max(1, noise.sum()):.3f} / {content[gone].sum() / max(1, content.sum()):.4f}, a tenth lost {many:.3f}"
            )
        worst = sorted(((self.damage(take, genre), genre) for genre in self.genres), reverse=True)[:3]
        return "\n    ".join([*parts, "worst genres " + ", ".join(f"{genre} {value:.5f}" for value, genre in worst)])

    @property
    def tool(self) -> np.ndarray:
        """Name the tool that each text was extracted by, where it is of a further file."""
        return np.where(self.further, self.wrapper, "")

    def tools(self) -> list[tuple[str, str]]:
        """List the further sets with the tools by which they were extracted."""
        return sorted(set(zip(self.set[self.further], self.wrapper[self.further], strict=True)))


def fit(bench: Extracted, *, write: bool) -> None:
    """Fit both scorecards, judge them on what is left out, and write them."""
    every = bench.page_design()
    rows = every.weights > 0
    table, _ = every.fit(rows, *PAGE_FIT)
    hand = fit_scorecard.read_hand("extracted")
    ranked = [k for k in every.rank(table) if every.names[k] not in {own["measure"] for own in hand}]
    page = every.choose(sorted(ranked[:PAGE_TABLES]))
    added = fit_scorecard.add_hand(bench.pages, hand, PAGE_COLUMNS)
    count = len(bench.set)
    left, random = np.zeros(count), np.zeros(count)
    for _, out in bench.left_out():
        points, base = page.fit(rows & ~out, *PAGE_FIT)
        left[out] = page.add_up(out, points, base)
    for fold in range(5):
        out = np.arange(count) % 5 == fold
        points, base = page.fit(rows & ~out, *PAGE_FIT)
        random[out] = page.add_up(out, points, base)
    left += added
    random += added
    print("pages:", " ".join(page.names), flush=True)
    every_line = bench.line_design(random)
    rows_line = every_line.weights > 0
    table, _ = every_line.fit(rows_line, LINE_FIT[0], 60)
    hand = fit_scorecard.read_hand("leftover")
    ranked = [k for k in every_line.rank(table) if every_line.names[k] not in {own["measure"] for own in hand}]
    line = every_line.choose(sorted(ranked[:LINE_TABLES]))
    print("measures:", " ".join(line.names), flush=True)
    if write:
        fit_scorecard.write_points("extracted", page, *page.fit(rows, *PAGE_FIT), bench.data.digest, SCRIPT)
        fit_scorecard.write_points("leftover", line, *line.fit(rows_line, *LINE_FIT), bench.data.digest, SCRIPT)
    doc = bench.data.doc
    sums = np.zeros(len(doc))
    for _, out in bench.left_out():
        points, base = line.fit(rows_line & ~out[doc], *LINE_FIT)
        sums[out[doc]] = line.add_up(out[doc], points, base)
    values = bench.measure(left)
    sums += fit_scorecard.add_hand(values, hand)
    print("rules on words:\n   ", bench.say(np.zeros(len(doc), dtype=bool)))
    for gate in (20, 30):
        for threshold in (2, 4, 6, 8):
            limits = {"page": gate, "threshold": threshold, "between": -12, "heading": 15, "brake": 14}
            print(f"document {gate}, line {threshold}:\n   ", bench.say(bench.decide(sums, left, limits)), flush=True)


def load(data: Path, cache: Path | None, further: list[str], extracted: Path | None) -> Labelled:
    """Read and measure the documents, or take them from a file that an earlier run left."""
    if cache and cache.exists():
        return pickle.loads(cache.read_bytes())
    found = scorecard_data.read_documents(data, further)
    labelled = scorecard_data.measure(
        [
            *(row for row in found if row["kind"] in (EXTRACTED, CONTENT)),
            *scorecard_data.trim(found),
            *(scorecard_data.read_extracted(extracted) if extracted else []),
        ]
    )
    if cache:
        cache.write_bytes(pickle.dumps(labelled))
    return labelled


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", type=Path, default=Path("../shared/data"))
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--further", nargs="*", default=[], help="more labelled pages: FILE#SET")
    parser.add_argument(
        "--extracted", type=Path, help="more labelled extracted texts: a file like boilerplate_pages.jsonl"
    )
    parser.add_argument("--cache", type=Path, help="where measured lines lie, or are put")
    arguments = parser.parse_args()
    labelled = load(arguments.data, arguments.cache, arguments.further, arguments.extracted)
    print(f"{len(labelled.documents)} documents, {len(labelled.doc)} lines, digest {labelled.digest}", flush=True)
    fit(Extracted(labelled), write=arguments.write)


if __name__ == "__main__":
    sys.exit(main())
