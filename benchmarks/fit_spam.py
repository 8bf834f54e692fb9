"""Fit the points of `spam/planted` to labelled segments, and say what they would reach on sets that they were not fitted on.

    python benchmarks/fit_spam.py [../shared/data] [--write]

The data are `spam_segments.jsonl`, the hits, near misses and disguises of the rule, and lines of all languages that are no spam. A
step of points is the rise of log-odds from one bound to the next. The fit starts from the points that stand in the file and is held to them (RIDGE), since the
sets are few and real spam is of other kinds; measures that a person expects to rise or fall keep their direction. Each set is
then left out in turn. `--write` puts the fitted points into the file; without it, they are printed beside the others.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import os
import re
from pathlib import Path

os.environ.setdefault("POLARS_MAX_THREADS", "1")

import numpy as np
import polars as pl
import spam_texts
from numpy.typing import NDArray

from cleanse import load_rules
from cleanse.matching import Lines
from cleanse.planted import Planted, measures
from cleanse.rules import builtin_folder

RIDGE = 0.02  # weight of a squared step away from the points of the file, in bits
ROUNDS = 800
RATE = 0.5
FILE = builtin_folder() / "spam" / "planted" / "rule.toml"


def gather(data: Path) -> pl.DataFrame:
    """Give all segments: `set, text, label`."""
    frames = [spam_texts.labelled_segments(data).select("set", "text", "label")]
    for name, rows, label in (
        ("hits", spam_texts.spam_lines(), True),
        ("near misses", spam_texts.near_misses(), False),
        ("disguises", spam_texts.disguised_lines(), True),
    ):
        texts = [text for _, text in rows]
        frames.append(pl.DataFrame({"set": [name] * len(texts), "text": texts, "label": [label] * len(texts)}))
    clean = spam_texts.clean_sentences(data)
    frames.append(clean.select(pl.lit("sentences").alias("set"), "text", pl.lit(value=False).alias("label")))
    web = pl.read_parquet(data / "throughput_mixed.parquet", columns=["text"])["text"].sample(6000, seed=3)
    lines = Lines(web)
    rows, _ = Planted(load_rules()["spam/planted"]).admit(lines)
    taken = lines.take(rows)["text"].str.slice(0, 1500)
    frames.append(
        pl.DataFrame({"text": taken}).select(pl.lit("web").alias("set"), "text", pl.lit(value=False).alias("label"))
    )
    frame = pl.concat(frames).with_columns(pl.col("text").str.replace_all("\n", " "))
    return frame.filter(pl.col("text").str.contains(r"[^\s\x1c-\x1f]"))


def step(card: Planted, texts: list[str]) -> NDArray[np.float64]:
    """Give a row a text and a column a bound: 1 where the measure reaches it."""
    folded, terms = card.read(texts)
    marks = card.admit(Lines(pl.Series(texts, dtype=pl.String)))[1]
    columns = sum(len(bounds) for bounds in (table.bounds for table in card.card.tables))
    matrix = np.zeros((len(texts), columns))
    for row, text in enumerate(texts):
        values = measures.measure(
            text, folded[row], terms[row], int(marks[row]), card.settings, title=False, bracket=False
        )
        column = 0
        for table in card.card.tables:
            for bound in table.bounds:
                matrix[row, column] = values.get(table.measure, 0) >= bound
                column += 1
    return matrix


def fit(
    matrix: NDArray[np.float64], labels: NDArray[np.bool_], weights: NDArray[np.float64], start: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Descend the loss in bits, held to `start`; steps keep their direction. The first entry is the base."""
    steps = start.copy()
    for _ in range(ROUNDS):
        odds = steps[0] + matrix @ steps[1:]
        error = (1 / (1 + np.exp2(-np.clip(odds, -40, 40))) - labels) * weights
        gradient = np.concatenate([[error.sum()], error @ matrix]) + RIDGE * (steps - start)
        steps -= RATE * gradient
        steps[1:] = np.where(start[1:] >= 0, np.maximum(steps[1:], 0), np.minimum(steps[1:], 0))
    return steps


def weigh(sets: pl.Series, labels: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Let each set count the same, and spam as much as the rest."""
    keys = [f"{name}/{label}" for name, label in zip(sets, labels, strict=True)]
    names, places, counts = np.unique(keys, return_inverse=True, return_counts=True)
    weights = 1 / counts[places] / len(names)
    spam = weights[labels].sum()
    return np.where(labels, weights / spam, weights / (weights.sum() - spam)) / 2


def describe(steps: NDArray[np.float64], matrix: NDArray[np.float64], labels: NDArray[np.bool_], bits: float) -> str:
    """Give precision, recall and F1 at a threshold in bits."""
    hit = steps[0] + matrix @ steps[1:] >= bits
    right = (hit & labels).sum()
    return f"{right / max(1, hit.sum()):.3f} {right / max(1, labels.sum()):.3f} {2 * right / max(1, hit.sum() + labels.sum()):.3f}"


def main() -> None:
    """Fit, validate by leaving sets out, and print or write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("data", nargs="?", default=os.environ.get("CLEANSE_DATA", "../shared/data"), type=Path)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    card = Planted(load_rules()["spam/planted"])
    frame = gather(arguments.data)
    labels = frame["label"].to_numpy()
    matrix = step(card, frame["text"].to_list())
    lowest = card.card.limits.base + sum(
        table.points[0] for table in card.card.tables
    )  # what a segment has that reaches no bound
    rises = [b - a for table in card.card.tables for a, b in itertools.pairwise(table.points)]
    start = np.array([lowest, *rises]) / 10
    bits = card.threshold / 10
    print("left out        points of the file    fitted without it   (precision recall F1)")
    for name in ("zh_web", "en_sms", "en_comments", "ru_en_chat"):
        own = (frame["set"] == name).to_numpy()
        steps = fit(matrix[~own], labels[~own], weigh(frame["set"].filter(~own), labels[~own]), start)
        print(
            f"{name:15} {describe(start, matrix[own], labels[own], bits)}     {describe(steps, matrix[own], labels[own], bits)}"
        )
    steps = fit(matrix, labels, weigh(frame["set"], labels), start)
    for name in frame["set"].unique(maintain_order=True):
        own = (frame["set"] == name).to_numpy()
        alarms = [int((s[0] + matrix[own & ~labels] @ s[1:] >= bits).sum()) for s in (start, steps)]
        print(
            f"{name:15} not spam: {int((own & ~labels).sum())}, flagged {alarms[0]} by the file, {alarms[1]} fitted on all"
        )
    text, column = FILE.read_text("utf-8"), 1
    for name, bounds, points in ((table.measure, table.bounds, table.points) for table in card.card.tables):
        fitted = [points[0]]
        for _ in bounds:
            fitted.append(round(fitted[-1] + 10 * steps[column]))
            column += 1
        print(f"{name:18} {bounds} {points} -> {fitted}")
        text = re.sub(rf'(measure = "{name}"\nbounds = .*\npoints = ).*', rf"\g<1>{fitted}", text)
    if arguments.write:
        digest = hashlib.sha256((arguments.data / "spam_segments.jsonl").read_bytes()).hexdigest()[:16]
        FILE.write_text(
            re.sub(r"(?m)^# Points fitted.*\n", "", text).replace(
                "[scorecard]", f"# Points fitted by benchmarks/fit_spam.py on spam_segments {digest}.\n[scorecard]", 1
            ),
            "utf-8",
        )


if __name__ == "__main__":
    main()
