"""Measure languages: each detector alone, a plain vote of the three, and ours, in one table.

    python benchmarks/language.py

Macro F1 on `language_sentences.jsonl` of the shared data: whole sentences, their first three words, whole sentences in capitals, and the mean
over close languages. The model in the project has seen these sentences; `benchmarks/fit_language.py` prints what it gets on halves that
were left out, and that is the figure to believe. Then texts a second, CPU ms per MB on `throughput_mixed.parquet`, and how often a score is right.
"""

from __future__ import annotations

import json
import os
import time
import tomllib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import polars as pl
from fit_language import fold, macro_f1, mean, shorten

from cleanse import lang
from cleanse.language.detectors import DETECTORS, NOTHING
from cleanse.language.loading import model_folder
from cleanse.language.model import clean_sample
from cleanse.rules import load_rules

DATA = Path(os.environ.get("CLEANSE_DATA", "../shared/data"))
Tell = Callable[[list[str]], list[str]]
BINS = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99)


def vote(texts: list[str]) -> list[str]:
    """Give what most detectors say; cld2 where all differ."""
    found = []
    for text in texts:
        said = [one[0] for one in (ask(clean_sample(text)) for ask in DETECTORS.values()) if one != NOTHING]
        most = max(Counter(said).values(), default=0)
        found.append(next((tag for tag in said if said.count(tag) == most), "und"))
    return found


def identify(texts: list[str]) -> pl.DataFrame:
    """Run the stage."""
    frame = pl.LazyFrame({"repaired": texts}, schema={"repaired": pl.String})
    return lang.identify_language(frame, load_rules()).collect()


def ours(texts: list[str]) -> list[str]:
    """Give the languages that the stage finds, as the data names them."""
    return [fold(tag) for tag in identify(texts)["language"]]


def main() -> None:
    """Print the tables."""
    rows = [json.loads(line) for line in (DATA / "language_sentences.jsonl").open(encoding="utf-8")]
    truth, texts = [row["language"] for row in rows], [row["text"] for row in rows]
    groups = tomllib.loads((model_folder() / "close.toml").read_text("utf-8"))["groups"]
    close = {language for group in groups[:5] for language in group}
    tellers: dict[str, Tell] = {
        name: lambda own, ask=ask: [ask(clean_sample(text))[0] for text in own]  # type: ignore[misc]
        for name, ask in DETECTORS.items()
    } | {"vote": vote, "ours": ours}
    print("who    sentences  three words  capitals  close  texts/s")
    for name, tell in tellers.items():
        tell(texts[:100])
        began = time.process_time()
        found = macro_f1(zip(truth, tell(texts), strict=True))
        speed = len(texts) / (time.process_time() - began)
        short, capitals = (
            mean(macro_f1(zip(truth, tell(own), strict=True)).values())
            for own in ([shorten(text) for text in texts], [text.upper() for text in texts])
        )
        near = mean(value for language, value in found.items() if language in close)
        print(
            f"{name:6} {mean(found.values()):9.3f}  {short:11.3f}  {capitals:8.3f}  {near:5.3f}  {speed:7.0f}",
            flush=True,
        )
    scored = identify([*texts, *map(shorten, texts)]).with_columns(truth=pl.Series([*truth, *truth]))
    right = pl.Series([fold(tag) for tag in scored["language"]]) == scored["truth"]
    print("\nscore from  texts  mean score  right")
    for low, high in zip(BINS, (*BINS[1:], 1.1), strict=True):
        inside = (scored["language_score"] >= low) & (scored["language_score"] < high)
        if inside.any():
            score = scored["language_score"].filter(inside).mean()
            print(f"{low:10.2f} {inside.sum():6}  {score:10.3f}  {right.filter(inside).mean():.3f}")
    pages = pl.read_parquet(DATA / "throughput_mixed.parquet")["text"].fill_null("")
    began = time.process_time()
    for start in range(0, len(pages), 4000):
        identify(pages.slice(start, 4000).to_list())
    print(
        f"\nms per MB of throughput_mixed.parquet: {1000e6 * (time.process_time() - began) / pages.str.len_bytes().sum():.1f}"
    )


if __name__ == "__main__":
    main()
