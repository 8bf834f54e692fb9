"""Fit the two scorecards of boilerplate to labelled lines, judge them on sets and languages left out, and write their points.

    python benchmarks/fit_scorecard.py [../shared/data] [--write] [--folds set|language|held|none] [--cache FILE] [--further FILE#SET]

The points are those of a logistic regression on the steps of each measure: tenths of a bit of log-odds that a line is furniture, or that
a document is a page with furniture. Each set weighs alike, whole documents of content four times as much as one set; inside a set
a line weighs by its characters. Where a person expects it, points only rise or only fall (`SIGNS`). The tables that
say least are left out, and the others are fitted again. Printed: for thresholds, the share of the characters of furniture that go, and of
content that are damaged, of pages left out; with `--folds held` of the documents that are held back from all that is fitted, those of every set and genre by a digest of
their ids. `--write` puts base and points into the rules; limits and examples stay as they are.
"""

from __future__ import annotations

import argparse
import hashlib
import pickle
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scorecard_data
import scorecard_fit
from scorecard_data import CONTENT, EXTRACTED, RAW, WRAPPED, Labelled

from cleanse.kernels import places
from cleanse.scorecards import LINE_COLUMNS, PAGE_COLUMNS, PLACED_MEASURES

RULES = Path(__file__).resolve().parent.parent / "rules" / "boilerplate"
LINE_TABLES, PAGE_TABLES = 56, 18  # that are kept
ASKED = (
    "opening",
    "colon-above",
    "article-around",
    "repeated-shared-words",
)  # kept whatever they tell: they spare whole kinds of lines
STEPS = 7  # bounds of a measure at most
WEIGHTS = {
    "news": 1.0, "articles": 1.0, "web": 1.5, "zh": 0.7, "segments": 0.4, "wrapped": 1.5, "inserted": 1.0, "broken": 1.0,
    "recipes": 0.7, "domdown_real": 0.5, "readability_tests": 0.4, "newspaper4k": 0.4, "docs_sphinx": 0.1, "htmldate_struct": 0.2, "htmldate_jsonld": 0.05,
}  # of the sets; those of the second row are `--further`, and few pages each  # fmt: skip
FULL_SET = 60  # pages from which a set weighs as much as any other when pages are told from documents of content
MADE = ("wrapped", "inserted", "broken")  # sets of pages that were made of others
CONTENT_WEIGHT = 4.0  # of all genres together
SHORTEST, LONGEST = 8, 250  # characters by which a line weighs, at least and at most
FURNISHED, BARE = (
    0.1,
    0.02,
)  # shares of furniture from which an extracted text counts as a page, and up to which it does not
BRAKE, BRAKE_UNITS, BRAKE_PERCENT = 10, 60, 7  # as in the rule: `braked` above the threshold, and when
HELD_PERCENT = 15
GATE = 52  # points of a document from which its lines are judged here
MOST_DAMAGE = 0.005  # of the content of raw pages, where a threshold is chosen
THIN = 4  # of the lines of a long genre, one in so many is fitted to
SETS = tuple(name for name in WEIGHTS if name not in MADE)
LANGUAGES = ("en", "de", "sv", "es")  # left out one by one, and all others together
# Which way the points of a measure may go: furniture is short, unlike its paragraphs, far from them and beside other furniture.
SIGNS = (
    (r"units(-|$)|topic-|lead-|repeated-shared|piece-units|longest-word|mixed-|heads-text|stops|commas|quotes|shared|run-shared|article-|text-within|sentence|table-cells|hit-(above|below)", -1),
    (r"separators|addresses|repeats|hits|rule-words|glued-words|paragraph-(above|below)|run-(lines|hits|repeats)|unended-run|core-|page-points", 1),
)  # fmt: skip


@dataclass
class Design:
    """A table of steps for rows of labelled things: what `scorecard_fit.fit` asks for."""

    names: list[str]
    bounds: list[list[float]]
    bins: np.ndarray
    signs: list[int]
    free: list[bool]
    labels: np.ndarray
    weights: np.ndarray
    given: np.ndarray | None = None  # points that the rows have already, by tables that a person wrote

    @property
    def sizes(self) -> list[int]:
        """Count the steps of each measure."""
        return [len(bounds) + 1 for bounds in self.bounds]

    def choose(self, kept: list[int]) -> Design:
        """Keep some measures."""
        return Design(
            [self.names[k] for k in kept], [self.bounds[k] for k in kept], np.ascontiguousarray(self.bins[:, kept]),
            [self.signs[k] for k in kept], [self.free[k] for k in kept], self.labels, self.weights, self.given,
        )  # fmt: skip

    def fit(self, rows: np.ndarray, penalty: float, iterations: int) -> tuple[np.ndarray, float]:
        """Fit to some rows; give points and base, whole numbers."""
        given = None if self.given is None else self.given[rows] / scorecard_fit.BITS
        table, base = scorecard_fit.fit(
            self.bins[rows], self.sizes, self.signs, self.free, self.labels[rows], self.weights[rows], penalty, iterations, given
        )  # fmt: skip
        return np.round(table * scorecard_fit.BITS), round(base * scorecard_fit.BITS)

    def add_up(self, rows: np.ndarray, table: np.ndarray, base: float) -> np.ndarray:
        """Give the sums of some rows."""
        return scorecard_fit.add_up(self.bins[rows], self.sizes, table, base)

    def rank(self, table: np.ndarray) -> list[int]:
        """Order the measures by how much they tell lines apart: the spread of their points over the weighted rows."""
        firsts = np.cumsum([0, *self.sizes])
        weights = self.weights / self.weights.sum()
        spreads = []
        for k in range(len(self.names)):
            points = table[firsts[k] + self.bins[:, k]]
            mean = (points * weights).sum()
            spreads.append(((points - mean) ** 2 * weights).sum() ** 0.5)
        return list(np.argsort(spreads)[::-1])


def sign_of(name: str) -> int:
    """Say whether points may only rise (1) or fall (-1) with a measure, or both (0)."""
    if name.startswith("page-") and name != "page-points":
        return 0
    return next((sign for pattern, sign in SIGNS if re.match(pattern, name)), 0)


def design(
    values: np.ndarray,
    columns: dict[str, int],
    sample: np.ndarray,
    labels: np.ndarray,
    weights: np.ndarray,
    *,
    signed: bool,
    steps: Mapping[str, Sequence[float]] | None = None,
) -> Design:
    """Cut the measures into steps by the values of a sample; `steps` are those of some measures that a person chose."""
    names, bounds, free = [], [], []
    for name, column in columns.items():
        own = list((steps or {}).get(name, ())) or scorecard_fit.choose_bounds(values[sample, column], STEPS)
        if own:
            names.append(name)
            bounds.append(own)
            free.append(bool(values[sample, column].min() == -1))
    bins = scorecard_fit.put_in_bins(values, [columns[name] for name in names], bounds)
    signs = [sign_of(name) if signed else 0 for name in names]
    return Design(names, bounds, bins, signs, free, labels, weights)


class Bench:
    """The labelled documents, with what folds and figures need."""

    def __init__(self, labelled: Labelled) -> None:
        self.data = labelled
        frame = labelled.documents
        self.set, self.kind, self.genre, self.wrapper = (
            frame[name].to_numpy() for name in ("set", "kind", "genre", "from")
        )
        self.language = np.array([language.split("-")[0] for language in frame["language"]])
        self.genres = sorted(set(self.genre) - {""})
        count = len(frame)
        self.noise = np.bincount(labelled.doc, weights=labelled.chars * (labelled.label == 0), minlength=count)
        self.content = np.bincount(labelled.doc, weights=labelled.chars * (labelled.label == 1), minlength=count)
        self.pages = labelled.places.measure_pages()
        self.held = np.zeros(count, dtype=bool)  # documents that nothing is fitted to or chosen by
        self.judged = np.ones(count, dtype=bool)  # documents that figures are of

    def hold_back(self) -> None:
        """Hold back HELD_PERCENT of the documents, by a digest of their ids, and judge those alone.

        What was made of one of them is held back with it.
        """

        def is_held(name: str) -> bool:
            return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") % 100 < HELD_PERCENT

        # Of two documents that were put together each counts: no line of a page that is held back is fitted to.
        parts = [name.split(" in ") for name in self.data.documents["id"]]
        self.held = np.array([any(is_held(part.split(" ")[0]) for part in own) for own in parts])
        self.judged = self.held

    def folds(self, by: str) -> Iterator[tuple[str, np.ndarray]]:
        """Give names and documents of what is left out: a set or languages, and a fifth of the genres; or what is held back."""
        if by == "held":
            yield by, self.held
            return
        number = {genre: k for k, genre in enumerate(self.genres)}
        sets = [name for name in SETS if (self.set == name).any()]
        for k, name in enumerate(sets if by == "set" else (*LANGUAGES, "others")):
            if by == "set":
                pages = self.set == name
                left = np.array([number.get(genre, -1) % len(sets) == k for genre in self.genre])
            else:
                pages = ~np.isin(self.language, LANGUAGES) if name == "others" else self.language == name
                left = np.array([number.get(genre, -3) // 3 % 5 == k for genre in self.genre])
            wrapped = (self.kind == WRAPPED) & (left | (pages if by == "language" else self.wrapper == name))
            yield name, np.where(self.kind == CONTENT, left, pages & (self.kind != WRAPPED)) | wrapped

    def page_design(self) -> Design:
        """Label documents: pages as they were, whole documents of content, and extracted texts by their share of furniture."""
        share = self.noise / np.maximum(1, self.noise + self.content)
        furnished = np.where(share >= FURNISHED, 1, np.where(share <= BARE, 0, -1))
        labels = np.where(np.isin(self.kind, (RAW, WRAPPED)), 1, np.where(self.kind == CONTENT, 0, furnished))
        weights = np.zeros(len(labels))
        for name in (*SETS, *MADE):
            own = (self.set == name) & (labels >= 0)
            weights[own] = min(1.0, own.sum() / FULL_SET) / max(1, own.sum())
        for genre in self.genres:
            own = (self.genre == genre) & (self.kind == CONTENT)
            weights[own] = CONTENT_WEIGHT / len(self.genres) / own.sum()
        weights[self.held] = 0
        sample = np.concatenate([np.flatnonzero(self.kind != CONTENT), np.flatnonzero(self.kind == CONTENT)[::3]])
        sample = sample[~self.held[sample]]
        return design(self.pages, PAGE_COLUMNS, sample, labels.clip(0).astype(float), weights, signed=False)

    def measure(self, page_points: np.ndarray) -> np.ndarray:
        """Measure all lines: those of the line, of its page, and the points of that; columns as in LINE_COLUMNS."""
        own = self.data.places.measure_lines([name for name in LINE_COLUMNS if name in PLACED_MEASURES])
        pages = np.column_stack([self.pages, np.round(page_points)]).astype(np.float32)
        values = np.empty((len(own), max(LINE_COLUMNS.values()) + 1), dtype=np.float32)
        values[:, [LINE_COLUMNS[name] for name in LINE_COLUMNS if name in PLACED_MEASURES]] = own
        values[:, places.PLACE_COLUMNS :] = pages[self.data.doc]
        return values

    def line_design(self, page_points: np.ndarray) -> Design:
        """Label lines, with the points of their documents among the measures."""
        data = self.data
        values = self.measure(page_points)
        weights = np.zeros(len(data.doc))
        line = np.where(data.label < 0, 0, np.clip(data.chars, SHORTEST, LONGEST)).astype(float)
        for name, worth in WEIGHTS.items():
            own = self.set[data.doc] == name
            weights[own] = line[own] * worth / max(1, line[own].sum())
        for genre in self.genres:
            own = ((self.genre == genre) & (self.kind == CONTENT))[data.doc]
            weights[own] = line[own] / line[own].sum() * CONTENT_WEIGHT / len(self.genres)
        weights[self.doubtful() | self.held[data.doc]] = 0
        paged = np.flatnonzero((self.kind[data.doc] != CONTENT) & (data.label >= 0))
        paged = paged[~self.held[data.doc[paged]]]
        mixed = np.concatenate([paged, np.flatnonzero(self.kind[data.doc] == CONTENT)[::6]])
        sample = np.random.default_rng(0).choice(mixed, min(60_000, len(mixed)), replace=False)
        return design(values, LINE_COLUMNS, sample, (data.label == 0).astype(float), weights, signed=True)

    def doubtful(self) -> np.ndarray:
        """Find short lines labelled content by containment alone, with furniture all around: names and titles in lists of links."""
        data = self.data
        rows = np.arange(len(data.doc))
        halves = data.places.lines[:, places.HALVES]
        lone = np.isin(self.set[data.doc], ("news", "articles")) & (data.label == 1) & (halves < 32)
        for step in (-3, -2, -1, 1, 2, 3):
            other = np.clip(rows + step, 0, len(rows) - 1)
            lone &= ~((data.doc[other] == data.doc) & (data.label[other] == 1) & (halves[other] >= 16))
        return lone

    def fitted_rows(self) -> np.ndarray:
        """Choose the lines to fit to: all labelled ones of pages and short genres, one in THIN of the others."""
        data = self.data
        sizes = {genre: int((self.genre[data.doc] == genre).sum()) for genre in self.genres}
        small = np.isin(self.genre[data.doc], [genre for genre, size in sizes.items() if size < 2000])
        thin = np.arange(len(data.doc)) % THIN == 0
        return (data.label >= 0) & ((self.kind[data.doc] != CONTENT) | small | thin) & ~self.held[data.doc]

    def decide(self, points: np.ndarray, page: np.ndarray, limits: dict[str, int]) -> np.ndarray:
        """Say which lines go by the scorecards, as the stage does."""
        data = self.data
        fates = places.decide_lines(
            np.round(points).astype(np.int32), data.places.lines, data.places.bounds, data.struck, limits["threshold"],
            limits["threshold"] + limits["between"], limits["threshold"] + limits["heading"], limits["threshold"],
            limits["threshold"] + limits.get("brake", 0), BRAKE_UNITS, BRAKE_PERCENT,
        )  # fmt: skip
        pages = page[data.doc] >= limits["page"]
        return pages & np.isin(fates, (places.GOES, places.GOES_BETWEEN))

    def report(self, take: np.ndarray) -> str:
        """Say what goes and what is damaged: by the scorecards and the rules on words together, of each group of pages."""
        data = self.data
        gone = take | data.struck
        parts = []
        groups = {
            "raw": np.isin(self.set, ("news", "articles", "zh")),
            **{name: self.set == name for name in (*SETS, *MADE)},
        }
        for name, own in groups.items():
            if not (own & self.judged).any():
                continue
            rows = (own & self.judged)[data.doc]
            noise, content = data.chars * (rows & (data.label == 0)), data.chars * (rows & (data.label == 1))
            went, hurt = noise[gone].sum() / noise.sum(), content[gone].sum() / content.sum()
            kept = content.sum() * (1 - hurt)
            precision = kept / (kept + noise.sum() * (1 - went))
            score = 2 * precision * (1 - hurt) / (precision + 1 - hurt)
            parts.append(f"{name} {went:.3f} / {hurt:.4f} / F1 {score:.3f}")
        lost = np.bincount(data.doc, weights=data.chars * (gone & (data.label == 1)), minlength=len(self.set))
        share = lost / np.maximum(1, self.content)
        worst = sorted(((self.damage(take, genre), genre) for genre in self.genres), reverse=True)[:3]
        many = {
            kind: (share[(self.kind == kind) & self.judged] > 0.1).mean() for kind in (RAW, EXTRACTED, CONTENT, WRAPPED)
        }
        parts.append("worst genres " + ", ".join(f"{genre} {value:.5f}" for value, genre in worst))
        parts.append("over a tenth lost " + ", ".join(f"{kind} {value:.4f}" for kind, value in many.items()))
        return "\n    ".join(parts)

    def damage(self, take: np.ndarray, genre: str) -> float:
        """Give the share of the characters of a genre that go."""
        rows = ((self.genre == genre) & (self.kind == CONTENT) & self.judged)[self.data.doc]
        return float(self.data.chars[rows & take].sum() / max(1, self.data.chars[rows].sum()))


def fit_pages(bench: Bench, by: str) -> tuple[Design, np.ndarray, float, np.ndarray, np.ndarray]:
    """Fit the scorecard of documents; give its design, points and base, sums left out by `by`, and sums left out at random."""
    every = bench.page_design()
    rows = every.weights > 0
    table, _ = every.fit(rows, 2e-3, 200)
    kept = every.choose(sorted(every.rank(table)[:PAGE_TABLES]))
    table, base = kept.fit(rows, 2e-3, 200)
    count = len(bench.set)
    left, random = np.zeros(count), np.zeros(count)
    for _, out in bench.folds(by):
        points, start = kept.fit(rows & ~out, 2e-3, 200)
        left[out] = kept.add_up(out, points, start)
    for fold in range(5):
        out = np.arange(count) % 5 == fold
        points, start = kept.fit(rows & ~out, 2e-3, 200)
        random[out] = kept.add_up(out, points, start)
    return kept, table, base, left, random


STATE: dict[str, tuple[Design, np.ndarray]] = {}


def _fit_fold(job: tuple[str, np.ndarray]) -> tuple[str, np.ndarray, np.ndarray]:
    name, out = job
    own, rows = STATE["line"]
    table, base = own.fit(rows & ~out, *LINE_FIT)
    return name, out, own.add_up(out, table, base)


LINE_FIT = (3e-3, 120)  # penalty, iterations


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", type=Path, default=Path("../shared/data"))
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--folds", choices=("set", "language", "held", "none"), default="set")
    parser.add_argument(
        "--further",
        nargs="*",
        default=[],
        help="more labelled pages: FILE#SET, a set of a file like boilerplate_pages.jsonl",
    )
    parser.add_argument("--cache", type=Path, help="where measured lines lie, or are put")
    parser.add_argument("--save", type=Path, help="where the sums of lines left out are put")
    arguments = parser.parse_args()
    labelled = load(arguments.data, arguments.cache, arguments.further)
    print(f"{len(labelled.documents)} documents, {len(labelled.doc)} lines, digest {labelled.digest}", flush=True)
    bench = Bench(labelled)
    by = "set" if arguments.folds == "none" else arguments.folds
    if by == "held":
        bench.hold_back()
    page, page_points, page_base, left, random = fit_pages(bench, by)
    for limit in (0, 20, 40, 60):
        shares = {kind: (left[bench.kind == kind] >= limit).mean() for kind in (RAW, EXTRACTED, CONTENT)}
        print(f"pages at {limit}: " + ", ".join(f"{kind} {share:.3f}" for kind, share in shares.items()))
    every = bench.line_design(random)
    rows = bench.fitted_rows()
    table, _ = every.fit(rows, LINE_FIT[0], 80)
    hand = read_hand("furniture")
    ranked = [k for k in every.rank(table) if every.names[k] not in {own["measure"] for own in hand}]
    line = every.choose(sorted({*ranked[:LINE_TABLES], *(k for k in ranked if every.names[k] in ASKED)}))
    print("measures:", " ".join(line.names), flush=True)
    if arguments.write:
        points, base = line.fit(rows, *LINE_FIT)
        write_points("page", page, page_points, page_base, labelled.digest)
        write_points("furniture", line, points, base, labelled.digest)
    if arguments.folds == "none":
        return
    values = bench.measure(left)
    judge(bench, line, rows, by, left, add_hand(values, hand), arguments.save)


def judge(
    bench: Bench, line: Design, rows: np.ndarray, by: str, page: np.ndarray, added: np.ndarray, save: Path | None
) -> None:
    """Fit without each fold, add up the lines that were left out, and print what would go."""
    STATE["line"] = (line, rows)
    doc = bench.data.doc
    sums = np.zeros(len(doc))
    jobs = [(name, out[doc]) for name, out in bench.folds(by)]
    with ProcessPoolExecutor(2) as pool:
        for name, out, found in pool.map(_fit_fold, jobs):
            sums[out] = found + added[out]
            print(f"left out: {name}", flush=True)
    if save:
        np.savez(save, sums=sums, page=page)
    print("without scorecards:\n    " + bench.report(np.zeros(len(doc), dtype=bool)))
    for gate in (GATE,):
        for threshold in (20, 22, 24, 26, 30):
            limits = {"page": gate, "threshold": threshold, "between": -5, "heading": 15, "brake": BRAKE}
            print(f"page {gate}, line {threshold}:\n    {bench.report(bench.decide(sums, page, limits))}")
    if by != "held":
        print(
            f"threshold chosen without what it is judged on:\n    {bench.report(choose_nested(bench, by, sums, page))}"
        )
    for threshold in (-12, -9, -6, -3, 0):
        limits = {"page": -(10**6), "threshold": threshold, "between": -5, "heading": 15}
        print(f"every page, line {threshold}:\n    {bench.report(bench.decide(sums, page, limits))}", flush=True)


def choose_nested(bench: Bench, by: str, sums: np.ndarray, page: np.ndarray) -> np.ndarray:
    """Say which lines go where each fold has the threshold that keeps the damage of all other raw pages below MOST_DAMAGE."""
    data = bench.data
    raw = np.isin(bench.set, ("news", "articles", "zh"))
    taken = {}
    for threshold in range(16, 61, 2):
        limits = {"page": GATE, "threshold": threshold, "between": -5, "heading": 15, "brake": BRAKE}
        taken[threshold] = bench.decide(sums, page, limits)
    out = np.zeros(len(sums), dtype=bool)
    for name, fold in bench.folds(by):
        rows = (raw & ~fold)[data.doc] & (data.label == 1)
        all_content = data.chars[rows].sum()
        fit = [
            threshold
            for threshold, take in taken.items()
            if data.chars[rows & (take | data.struck)].sum() <= MOST_DAMAGE * all_content
        ]
        chosen = min(fit, default=max(taken))
        print(f"threshold for {name}: {chosen}")
        out[fold[data.doc]] = taken[chosen][fold[data.doc]]
    return out


def read_hand(name: str) -> list[dict]:
    """Give the tables that a person wrote into a rule, behind the mark; they are not fitted."""
    text = (RULES / f"{name}.toml").read_text("utf-8")
    return tomllib.loads(text[text.index(END) :]).get("points", [])


def add_hand(values: np.ndarray, tables: list[dict], columns: dict[str, int] = LINE_COLUMNS) -> np.ndarray:
    """Give the points of lines, or of documents, by the tables that a person wrote."""
    sums = np.zeros(len(values))
    for own in tables:
        column = values[:, columns[own["measure"]]]
        sums += np.array(own["points"])[np.searchsorted(own["bounds"], column, side="right")]
    return sums


def load(data: Path, cache: Path | None, further: list[str]) -> Labelled:
    """Read and measure the documents, or take them from a file that an earlier run left."""
    if cache and cache.exists():
        return pickle.loads(cache.read_bytes())
    labelled = scorecard_data.load(data, further=further)
    if cache:
        cache.write_bytes(pickle.dumps(labelled))
    return labelled


BEGIN, END = "# Fitted by benchmarks/", "# End of what was fitted."


def write_points(
    name: str, own: Design, table: np.ndarray, base: float, digest: str, script: str = "fit_scorecard.py"
) -> None:
    """Put base and points into the file of a rule, between the two marks."""
    path = RULES / f"{name}.toml"
    text = path.read_text("utf-8")
    parts = [f"{BEGIN}{script} to the data with the digest {digest}; change what you know better, and say so here."]
    firsts = np.cumsum([0, *own.sizes])
    shift = 0
    for k, measure in enumerate(own.names):
        points = [int(value) for value in table[firsts[k] : firsts[k + 1]]]
        bounds, points = merge(own.bounds[k], points)
        if not bounds:
            shift += points[0]
            continue
        numbers = ", ".join(f"{bound:g}" for bound in bounds)
        parts.append(f'[[points]]\nmeasure = "{measure}"\nbounds = [{numbers}]\npoints = {points}')
    begin, end = text.index(BEGIN), text.index(END)
    text = text[:begin] + "\n\n".join(parts) + "\n\n" + text[end:]
    text = re.sub(r"(?m)^base = .*$", f"base = {round(base) + shift}", text, count=1)
    path.write_text(text, "utf-8")


def merge(bounds: list[float], points: list[int]) -> tuple[list[float], list[int]]:
    """Leave out bounds at which nothing changes."""
    kept = [(bound, points[k + 1]) for k, bound in enumerate(bounds) if points[k + 1] != points[k]]
    return [bound for bound, _ in kept], [points[0], *(worth for _, worth in kept)]


if __name__ == "__main__":
    sys.exit(main())
