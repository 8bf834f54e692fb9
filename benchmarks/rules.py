"""Time the rules on one core: CPU milliseconds per MB of text, gates included, and what four times the rules cost.

    python benchmarks/rules.py [../shared/data/throughput_mixed.parquet] [--rows 12000] [--runs 5]

Machines differ, and so do minutes on one machine. So each round times `str.to_lowercase` over the same text first, and each
figure is also given for a machine on which that runs at 700 MB/s. The sets of rules take turns, and the smallest of all rounds
counts. A quarter of the rules is taken in two ways: the words of 4 of 17 languages, and every fourth rule, beginning with the first,
the second, the third and the fourth, of which the mean is taken, so that each rule counts once. A run works in batches
of 64 MB or 20,000 documents; the patterns are compiled once a batch, so a small sample looks dearer than it is.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("POLARS_MAX_THREADS", "1")

import polars as pl

from cleanse import boilerplate, load_rules, pipeline
from cleanse.line_rules import LineRules, tag_lines
from cleanse.matching.matcher import Matcher
from cleanse.rules import Rules

STEADY = 700  # MB/s of `str.to_lowercase` on the machine that the budget is meant for
QUARTER = ("en", "hi", "ru", "zh")  # one of each: plain Latin, a script with marks, Cyrillic, no spaces


def read(path: str, rows: int) -> pl.DataFrame:
    """Read a sample of texts as the stages before the rules leave them."""
    documents = pl.read_parquet(path, columns=["id", "text"]).with_columns(source=pl.lit(""))
    documents = documents.sample(min(rows, documents.height), seed=1)
    rules = load_rules()
    prepared = pipeline.Prepared.of(rules.select(), rules)
    for name in ("encoding", "language"):
        documents = pipeline.STAGES[name](documents.lazy(), prepared).collect()
    return documents


def speak(rules: Rules, languages: tuple[str, ...]) -> Rules:
    """Give the rules with the words of a few languages; those without languages stay."""
    cut = [replace(rule, languages={k: v for k, v in rule.languages.items() if k in languages}) for rule in rules]
    return Rules(new for old, new in zip(rules, cut, strict=True) if new.languages or not old.languages)


def every_fourth(rules: Rules, first: int) -> Rules:
    """Give every fourth rule, in the order of their ids, from the `first` (0 to 3) on."""
    return Rules(rule for number, rule in enumerate(rules) if number % 4 == first)


def count(matcher: Matcher) -> str:
    words = sum(len(variant.literals) for _, variant in matcher.variants)
    return f"{len({rule.id for rule, _ in matcher.variants})} rules in {len(matcher.variants)} variants, {words} words"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("file", nargs="?", default="../shared/data/throughput_mixed.parquet")
    parser.add_argument("--rows", type=int, default=12_000)
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    if not Path(arguments.file).exists():
        raise SystemExit(f"there is no {arguments.file}")
    documents = read(arguments.file, arguments.rows)
    megabytes = documents["text"].str.len_bytes().sum() / 1e6
    rules = load_rules().select()
    own = Rules(rule for rule in rules if rule.family == boilerplate.FAMILY)
    clock = time.process_time()
    matchers = {
        "all line rules": LineRules.of(rules),
        "boilerplate": LineRules.of(own),
        "boilerplate, 4 of 17 languages": LineRules.of(speak(own, QUARTER)),
        **{f"boilerplate, a quarter ({first})": LineRules.of(every_fourth(own, first)) for first in range(4)},
    }
    made = time.process_time() - clock
    work: dict[str, Callable[[], object]] = {"to_lowercase": documents["text"].str.to_lowercase}
    for name, matcher in matchers.items():
        work[name] = lambda matcher=matcher: tag_lines(documents.lazy(), matcher).collect()
    best: dict[str, float] = {}
    for turn in range(arguments.runs + 1):  # the first warms caches and compiles kernels
        for name, run in work.items():
            clock = time.process_time()
            run()
            seconds = time.process_time() - clock
            if turn:
                best[name] = min(best.get(name, seconds), seconds)
    speed = megabytes / best["to_lowercase"]
    print(f"{documents.height} documents, {megabytes:.1f} MB; str.to_lowercase {speed:.0f} MB/s")
    print(f"preparing {len(matchers)} sets of rules took {made:.1f} s")
    print(f"{'':32}  ms/MB   at {STEADY} MB/s")
    for name, seconds in best.items():
        if name != "to_lowercase":
            cost = seconds * 1000 / megabytes
            about = count(matchers[name].matcher) if name in matchers else ""
            print(f"{name:32} {cost:6.2f}   {cost * speed / STEADY:6.2f}        {about}")
    quarters = [seconds for name, seconds in best.items() if "a quarter" in name]
    print(f"17 languages against 4: {best['boilerplate'] / best['boilerplate, 4 of 17 languages']:.2f} times the time")
    print(f"all rules against a quarter: {best['boilerplate'] * 4 / sum(quarters):.2f} times the time")


if __name__ == "__main__":
    main()
