"""Judge the encoding stage: mojibake of many code pages, ftfy's cases, whole sentences, files in many charsets, speed.

    POLARS_MAX_THREADS=1 python benchmarks/encoding.py matrix
    POLARS_MAX_THREADS=1 python benchmarks/encoding.py ftfy|sentences|files|speed --data ../shared/data

`matrix` makes damage from tests/mojibake/lines.toml, and from held_out.toml, which was written later: each line in each of its code
pages, read by each reader. The other parts need the real data, which is not in this project.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import time
import tomllib
import unicodedata
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("POLARS_MAX_THREADS", "1")

import ftfy
import polars as pl

from cleanse import encoding, load_rules
from cleanse.encoding import charset
from cleanse.encoding.codepages import READERS
from cleanse.errors import InputError

MOJIBAKE = Path(__file__).resolve().parent.parent / "tests" / "mojibake"
CONSERVATIVE = ftfy.TextFixerConfig(
    uncurl_quotes=False,
    fix_character_width=False,
    fix_latin_ligatures=False,
    normalization=None,
    fix_line_breaks=False,
)
TURNS = 5
CALIBRATION = 700  # MB/s of to_lowercase on the machine that the budget of docs/design.md assumes
TONES = "\u0300\u0301\u0303\u0309\u0323"


def repair(texts: list[str], ids: list[str] | None = None) -> list[tuple[str, list[str]]]:
    """Repair texts, each as a document; give each with the rules that hit it."""
    rules = load_rules()
    repairer = encoding.Repairer(rules.select(ids or []))
    frame = encoding.repair_text(pl.LazyFrame({"text": texts}, schema={"text": pl.String}), repairer).collect()
    return [
        (text, [hit["rule"] for hit in hits]) for text, hits in frame.select("repaired", encoding.COLUMN).iter_rows()
    ]


def spell_vietnamese(line: str) -> str:
    """Write tone marks apart, as Windows-1258 has them."""
    parts = []
    for character in line:
        marks = unicodedata.normalize("NFD", character)
        tones = "".join(mark for mark in marks if mark in TONES)
        try:
            character.encode("cp1258")
            parts.append(character)
        except UnicodeError:
            parts.append(unicodedata.normalize("NFC", "".join(mark for mark in marks if mark not in TONES)) + tones)
    return "".join(parts)


def damage_lines(lines: Path) -> list[tuple[str, str, str, str, str]]:
    """Give (language, page, reader, line, what it became) of each line, page and reader that lose nothing."""
    cases = []
    for language, table in tomllib.loads(lines.read_text("utf-8")).items():
        for line in table["lines"] if "pages" in table else []:
            for page in table["pages"]:
                right = spell_vietnamese(line) if page == "cp1258" else line
                for reader in [table["reader"]] if "reader" in table else READERS:
                    try:
                        broken = right.encode(page).decode(reader)
                        exact = broken.encode(reader).decode(page) == right
                    except UnicodeError:
                        continue
                    if exact and broken != right and not any(mark in broken for mark in "\n\r"):
                        cases.append((language, page, reader, right, broken))
    return cases


def judge_matrix(lines: Path) -> None:
    print(f"== {lines.name}")
    cases = damage_lines(lines)
    found = repair([case[-1] for case in cases])
    counts: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for (language, page, reader, right, broken), (text, hits) in zip(cases, found, strict=True):
        flagged = "encoding/suspect" in hits
        kind = "right" if text == right else "flagged" if flagged else "missed" if text == broken else "wrong"
        counts["all"][kind] += 1
        counts[f"{language} {page}"][kind] += 1
        counts[f"reader {reader}"][kind] += 1
        if kind in ("wrong", "missed"):
            print(f"{kind}: {language} {page} read as {reader}: {right!r} is {broken!r}, becomes {text!r}")
    for name, own in counts.items():
        good = own["right"] + own["flagged"]
        print(f"{name:28} {dict(own)} {100 * good / own.total():.1f} %")
    whole = tomllib.loads(lines.read_text("utf-8"))["whole"]["lines"]
    touched = [(line, text, hits) for line, (text, hits) in zip(whole, repair(whole), strict=True) if hits]
    print(f"whole lines: {len(whole)}, touched: {touched}")


def judge_ftfy(data: Path) -> None:
    cases = [json.loads(line) for line in (data / "mojibake_ftfy.jsonl").read_text("utf-8").strip().split("\n")]
    found = repair([case["original"] for case in cases])
    right = 0
    for case, (text, hits) in zip(cases, found, strict=True):
        reference = "\n".join(ftfy.fix_text(line, CONSERVATIVE) for line in case["original"].split("\n"))
        folded = ftfy.fix_text(text) == ftfy.fix_text(case["fixed"])
        right += text == reference or folded
        if not (text == reference or folded):
            print(f"{case['original']!r}\n   ours {text!r}\n   ftfy {reference!r}\n   {hits}")
    print(f"{right} of {len(cases)} as ftfy, or as it should be")


def judge_sentences(data: Path) -> None:
    rows = [json.loads(line) for line in (data / "language_sentences.jsonl").read_text("utf-8").strip().split("\n")]
    key = next(name for name, value in rows[0].items() if name != "language" and isinstance(value, str))
    texts = [row[key] for row in rows]
    clean = Path(__file__).resolve().parent.parent / "tests" / "clean"
    texts += [path.read_text("utf-8") for path in sorted(clean.glob("*/*.txt"))]
    for text, (fixed, hits) in zip(texts, repair(texts), strict=True):
        if hits:
            print(f"{sorted(set(hits))}: {text[:120]!r} -> {fixed[:120]!r}")
    print(f"{len(texts)} texts")


def judge_files(data: Path) -> None:
    rules, right, count = load_rules(), 0, 0
    for path in sorted((data / "encodings").glob("*/*")):
        name, content = path.parent.name, path.read_bytes()
        try:
            decoded = charset.decode(content, rules)
            outcome = f"{decoded.charset}{'' if decoded.certain else ', uncertain'}"
        except InputError as error:
            decoded, outcome = None, f"quarantine: {error.what}"
        if name == "None":
            good = decoded is None
        else:
            superset = charset.SUPERSETS.get(name, charset.SUPERSETS.get(name.replace("_", "-"), name))
            texts = {content.decode(name, "replace").removeprefix("\ufeff"), content.decode(superset, "replace")}
            good = decoded is not None and decoded.text.removeprefix("\ufeff") in texts
        right += good
        count += 1
        if not good:
            print(f"{path.parent.name}/{path.name}: {outcome}")
    print(f"{right} of {count} files as by their folder's name or a superset, or refused where they are not text")


def judge_speed(data: Path, rows: int) -> None:
    """Time the stage and ftfy by turns, so that both meet the same moods of the machine."""
    texts = pl.read_parquet(data / "throughput_mixed.parquet", columns=["text"])
    sample = texts.sample(min(rows, texts.height), seed=1)["text"]
    repairer = encoding.Repairer(load_rules().select())
    encoding.repair_text(texts.head(2000).lazy(), repairer).collect()  # warms caches and compiles all kernels

    def fix_all(part: pl.Series) -> None:
        for text in part:
            ftfy.fix_text(text)

    def repair(part: pl.Series) -> None:
        encoding.repair_text(part.to_frame("text").lazy(), repairer).collect()

    jobs: dict[str, Callable[[pl.Series], object]] = {
        "cleanse": repair,
        "ftfy.fix_text": fix_all,
        "to_lowercase": lambda part: part.str.to_lowercase(),
    }
    costs: dict[str, list[float]] = {name: [] for name in jobs}
    for turn in range(TURNS):
        part = sample.gather_every(TURNS, turn)
        for name, job in jobs.items():
            own = part if name == "ftfy.fix_text" else sample
            clock = time.process_time()
            job(own)
            costs[name].append((time.process_time() - clock) * 1e9 / own.str.len_bytes().sum())
    mean = {name: sum(own) / TURNS for name, own in costs.items()}
    for name, own in costs.items():
        print(f"{name}: {mean[name]:.1f} ms/MB ({', '.join(f'{cost:.1f}' for cost in own)})")
    print(f"ftfy takes {mean['ftfy.fix_text'] / mean['cleanse']:.0f} times as long")
    slow = mean["to_lowercase"] * CALIBRATION / 1000
    print(f"on a machine on which to_lowercase runs at {CALIBRATION} MB/s: {mean['cleanse'] / slow:.1f} ms/MB")
    clock = time.process_time()
    repair(texts["text"])
    print(f"all rows: {(time.process_time() - clock) * 1e9 / texts['text'].str.len_bytes().sum():.1f} ms/MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=["matrix", "ftfy", "sentences", "files", "speed"])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--rows", type=int, default=4000)
    arguments = parser.parse_args()
    if arguments.part == "matrix":
        for lines in sorted(MOJIBAKE.glob("*.toml")):
            judge_matrix(lines)
    elif arguments.part == "speed":
        judge_speed(arguments.data, arguments.rows)
    else:
        {"ftfy": judge_ftfy, "sentences": judge_sentences, "files": judge_files}[arguments.part](arguments.data)


if __name__ == "__main__":
    main()
