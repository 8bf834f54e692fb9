"""Measure the boilerplate rules on labelled real data, which stays outside the project.

    python benchmarks/boilerplate.py [../shared/data] [--pages auto|always|never]

With `--pages never` the rules of words alone are measured, without the scorecards. Three figures: sentences of ordinary prose that a rule touches (each is listed); of the strings that must go from real
pages the share that went, and of those that must stay the share that stayed; the same for Chinese lines.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import polars as pl

from cleanse import load_rules, pipeline
from cleanse.hits import explode_hits

COLUMNS = pipeline.EVIDENCE


def clean(texts: list[str], languages: list[str] | None = None, pages: str = "auto") -> pl.DataFrame:
    """Run the stages; with `languages`, in place of those that are found."""
    rules = load_rules()
    prepared = pipeline.Prepared.of(rules.select().choose_pages(pages), rules)
    documents = pl.LazyFrame({"text": texts}, schema={"text": pl.String})
    for name, stage in pipeline.STAGES.items():
        documents = stage(documents, prepared)
        if name == "language" and languages is not None:
            documents = documents.with_columns(pl.Series("language", languages))
    return documents.collect()


def read(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def sentences(folder: Path, mode: str) -> None:
    rows = read(folder / "language_sentences.jsonl")
    frame = clean([row["text"] for row in rows], pages=mode)
    hits = explode_hits(frame.with_row_index("doc"), "boilerplate_hits", "spam_hits")
    strips = hits.filter((pl.col("action") == "strip") & pl.col("acts"))
    print(f"sentences: {strips['doc'].n_unique()} of {len(rows)} touched by a strip")
    for doc, rule, text in strips.select("doc", "rule", "text").iter_rows():
        print(f"  {rows[doc]['language']:4} {rule:30} {text!r}  of  {rows[doc]['text'][:120]!r}")


def pages(folder: Path, mode: str) -> None:
    rows = read(folder / "boilerplate_segments.jsonl")
    frame = clean([row["text"] for row in rows], pages=mode)
    went = left = stayed = lost = 0
    for row, text in zip(rows, frame["clean"], strict=True):
        before, after = squeeze(row["text"]), squeeze(text)
        for string in row["without"]:
            if squeeze(string) in before:
                went, left = (went + 1, left) if squeeze(string) not in after else (went, left + 1)
        for string in row["with"]:
            if squeeze(string) in before:
                if squeeze(string) in after:
                    stayed += 1
                else:
                    lost += 1
                    print(f"  lost: {string[:100]!r} in {row['url']}")
    print(f"pages: {went} of {went + left} strings that must go went ({went / (went + left):.1%})")
    print(f"pages: {lost} of {stayed + lost} strings that must stay were lost ({lost / (stayed + lost):.2%})")


def squeeze(text: str) -> str:
    return " ".join(text.replace("\u00ad", "").split())


def chinese(folder: Path, mode: str) -> None:
    rows = read(folder / "boilerplate_lines_zh.jsonl")
    went = left = stayed = lost = 0
    texts = ["\n".join(line["text"].replace("\n", " ") for line in row["lines"]) for row in rows]
    frame = clean(texts, pages=mode).with_row_index("doc")
    hits = explode_hits(frame, "boilerplate_hits").filter((pl.col("action") == "strip") & pl.col("acts"))
    gone = set(hits.filter(pl.col("start") == 0).select("doc", "line").iter_rows())
    for doc, row in enumerate(rows):
        for number, line in enumerate(row["lines"]):
            if not line["text"].strip():
                continue
            touched = (doc, number) in gone
            if line["label"] == 0:
                went, left = went + touched, left + (not touched)
            elif line["label"] == 1:
                stayed, lost = stayed + (not touched), lost + touched
                if touched:
                    print(f"  lost: {line['text'][:80]!r}")
    print(f"Chinese lines: {went} of {went + left} boilerplate lines went ({went / (went + left):.1%})")
    print(f"Chinese lines: {lost} of {stayed + lost} content lines were lost ({lost / (stayed + lost):.2%})")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data", nargs="?", type=Path, default=Path("../shared/data"))
    parser.add_argument("--pages", choices=["auto", "always", "never"], default="auto")
    asked = parser.parse_args()
    sentences(asked.data, asked.pages)
    pages(asked.data, asked.pages)
    chinese(asked.data, asked.pages)


if __name__ == "__main__":
    main()
