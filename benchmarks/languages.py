"""Measure what the rules reach and what they damage, language by language, on labelled real data outside the project.

    python benchmarks/languages.py [../shared/data] [--write]

Furniture and content are characters of labelled lines of pages, as a run without options treats them. Sentences are ordinary prose, some of
them with damaged characters: of one that is stripped a part is lost, of one that is repaired a character is another. `--write` puts the table into docs/languages.md.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

import polars as pl
from boilerplate import clean, read

from cleanse import load_rules
from cleanse.hits import explode_hits

PAGE = Path(__file__).resolve().parent.parent / "docs" / "languages.md"
BEGIN, END = "<!-- table: benchmarks/languages.py --write -->\n", "<!-- end of table -->\n"
PORTION = 200  # pages cleaned at a time
TAGS = {"Chinese": "zh", "no": "nb"}


def labelled(folder: Path) -> list[tuple[str, list[str], list[int]]]:
    """Read pages as (language, lines, labels): 1 content, 0 furniture, -1 unsure."""
    pages = [(row["lang"], row["lines"], row["labels"]) for row in read(folder / "boilerplate_pages.jsonl")]
    for row in read(folder / "boilerplate_lines_zh.jsonl"):
        lines = [line for line in row["lines"] if isinstance(line, dict)]
        pages.append((row["lang"], [line["text"] for line in lines], [line["label"] for line in lines]))
    return [
        (TAGS.get(language, language), [" ".join(line.split("\n")) for line in lines], labels)
        for language, lines, labels in pages
    ]


def stripped(frame: pl.DataFrame) -> dict[tuple[int, int], int]:
    """Count the characters under a strip, by document and line."""
    hits = explode_hits(frame.with_row_index("doc"), "boilerplate_hits", "spam_hits")
    hits = hits.filter((pl.col("action") == "strip") & pl.col("acts"))
    places: dict[tuple[int, int], set[int]] = defaultdict(set)
    for doc, line, start, end in hits.select("doc", "line", "start", "end").iter_rows():
        places[doc, line].update(range(start, end))
    return {place: len(characters) for place, characters in places.items()}


def measure_pages(folder: Path) -> dict[str, list[int]]:
    """Give for each language: pages, characters of furniture and of it gone, characters of content and of it gone."""
    figures: dict[str, list[int]] = defaultdict(lambda: [0] * 5)
    pages = labelled(folder)
    for first in range(0, len(pages), PORTION):
        portion = pages[first : first + PORTION]
        gone = stripped(clean(["\n".join(lines) for _, lines, _ in portion]))
        for doc, (language, lines, labels) in enumerate(portion):
            own = figures[language]
            own[0] += 1
            for number, (line, label) in enumerate(zip(lines, labels, strict=True)):
                if label in (0, 1):
                    own[1 + 2 * label] += len(line)
                    own[2 + 2 * label] += min(len(line), gone.get((doc, number), 0))
    return figures


def measure_sentences(folder: Path) -> dict[str, list[int]]:
    """Give for each language: sentences, and how many of them rules strip and repair."""
    rows = read(folder / "language_sentences.jsonl")
    frame = clean([row["text"] for row in rows])
    counts: dict[str, list[int]] = defaultdict(lambda: [0] * 3)
    for row, removed, changed in zip(rows, frame["removed"] > 0, frame["changed"] > 0, strict=True):
        own = counts[TAGS.get(row["language"], row["language"])]
        own[0] += 1
        own[1] += removed
        own[2] += changed
    return counts


def table(folder: Path) -> str:
    """Make the table, a row a language with words in the rules or with labelled pages."""
    pages, prose = measure_pages(folder), measure_sentences(folder)
    worded = [rule for rule in load_rules() if rule.languages]
    words = {
        language: sum(language in rule.languages for rule in worded) for rule in worded for language in rule.languages
    }
    lines = [
        f"| language | rules with words, of {len(worded)} | labelled pages | furniture that goes | content that is lost | sentences | stripped | repaired |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for language in sorted({*words, *pages}):
        count, furniture, gone, content, lost = pages.get(language, [0] * 5)
        shares = [f"{gone / furniture:.1%}" if furniture else "", f"{lost / content:.2%}" if content else ""]
        told = map(str, prose[language]) if language in prose else [""] * 3
        cells = [language, str(words.get(language, 0)), str(count or ""), *shares, *told]
        lines.append(f"| {' | '.join(cells)} |")
    others = {language: figures for language, figures in prose.items() if language not in {*words, *pages}}
    sums = [str(sum(figures[place] for figures in others.values())) for place in range(3)]
    lines.append(f"| {len(others)} others |  |  |  |  | {' | '.join(sums)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    folders = [name for name in sys.argv[1:] if not name.startswith("--")]
    made = table(Path(folders[0] if folders else "../shared/data"))
    print(made)
    if "--write" in sys.argv:
        before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
        PAGE.write_text(before + BEGIN + made + END + rest.partition(END)[2], "utf-8")
