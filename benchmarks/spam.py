"""How much spam is found, and what is called spam and is none.

    python benchmarks/spam.py [../shared/data] [--list] [--top 200] [--held-out spam_held_out] [--left-out] [--only]

Prints the recall of lines that were written before the terms were looked at (`--held-out`, a folder beside this file), a table of sets (precision, recall, F1 by segment), of disguises, of planted pages (by line), of clean lines (false alarms a
10,000 lines), and the time of the stage. A set without real data on this machine is left out. `--list` names each false alarm. `--without` leaves the terms of a language
or of a theme out, to see what the rest finds of it.
"""

from __future__ import annotations

import argparse
import itertools
import os
import time
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("POLARS_MAX_THREADS", "1")

import polars as pl
import spam_texts

from cleanse import load_rules, pipeline
from cleanse.matching import Lines, find_literals
from cleanse.planted import Planted
from cleanse.rules import Rule

NEAR = "near"


def without(rule: Rule, name: str) -> Rule:
    """Leave the terms of a language or of a theme out of a rule."""
    bodies = {}
    for language, body in rule.languages.items():
        terms = {} if language == name else {theme: own for theme, own in body.terms.items() if theme != name}
        bodies[language] = body.model_copy(update={"terms": terms})
    return replace(rule, languages=bodies)


def found_lines(card: Planted, texts: list[str]) -> pl.DataFrame:
    """Give what is flagged of some texts: `doc, line, text, points`."""
    return card.find(Lines(pl.Series(texts, dtype=pl.String)))


def score(hits: set[int], labels: list[bool]) -> str:
    """Give precision, recall and F1 as a row."""
    right = sum(label and number in hits for number, label in enumerate(labels))
    precision, recall = right / max(1, len(hits)), right / max(1, sum(labels))
    return f"{precision:.3f} {recall:.3f} {2 * right / max(1, len(hits) + sum(labels)):.3f}"


def show_sets(card: Planted, data: Path) -> None:
    """Print the labelled sets."""
    segments = spam_texts.labelled_segments(data)
    print(f"{'set':14} segments spam  precision recall F1")
    for (name,), part in segments.group_by("set", maintain_order=True):
        hits = set(found_lines(card, part["text"].to_list())["doc"])
        labels = part["label"].to_list()
        print(f"{name!s:14} {part.height:8} {sum(labels):4}  {score(hits, labels)}")


def show_made(card: Planted) -> None:
    """Print what is found of the texts that are made, and whether near misses are hit."""
    rows = list(spam_texts.disguised_lines())
    hits = set(found_lines(card, [line for _, line in rows])["doc"])
    count: defaultdict[str, list[bool]] = defaultdict(list)
    for number, (name, _) in enumerate(rows):
        count[name].append(number in hits)
    print("\ndisguise      lines recall")
    for name, found in count.items():
        print(f"{name:12} {len(found):6} {sum(found) / len(found):.3f}")
    print(f"{'all':12} {len(rows):6} {len(hits) / len(rows):.3f}")
    pages = list(spam_texts.planted_pages())
    flagged = defaultdict(set)
    for doc, line in found_lines(card, [page for page, _ in pages]).select("doc", "line").iter_rows():
        flagged[doc].add(line)
    right = sum(len(flagged[number] & lines) for number, (_, lines) in enumerate(pages))
    called, planted = sum(map(len, flagged.values())), sum(len(lines) for _, lines in pages)
    print(f"\nplanted pages: {planted} lines, precision {right / max(1, called):.3f}, recall {right / planted:.3f}")
    misses = list(spam_texts.near_misses())
    print(f"near misses: {found_lines(card, [line for _, line in misses])['doc'].n_unique()} of {len(misses)} flagged")


def show_hacked(data: Path, *, listed: bool) -> None:
    """Print how much of what is planted in real articles is found, what else is flagged there, and what stripping leaves.

    A planted line counts as found where half of its characters are flagged; what is flagged outside of them by more than a tenth of itself is a false
    alarm, unless the article had it before.
    """
    rules = load_rules()
    prepared = pipeline.Prepared.of(rules.select(["spam", "encoding"]).strip_spam(), rules)
    pages = list(spam_texts.hacked_pages(data))
    before = _flagged(pl.Series([article for _, article, *_ in pages]), prepared)[0]
    after, frame = _flagged(pl.Series([page for *_, page, _ in pages]), prepared)
    count: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for number, (how, _, page, planted) in enumerate(pages):
        rows = page.split("\n")
        spans = {(line, rows[line].index(text), rows[line].index(text) + len(text)) for line, text in planted}
        old = {rows for *_, rows in before[number]}
        own = count[how]
        for line, start, end in spans:
            covered = sum(max(0, min(end, b) - max(start, a)) for at, a, b, _ in after[number] if at == line)
            own["planted"] += 1
            own["found"] += 2 * covered >= end - start
            if listed and 2 * covered < end - start:
                print(f"    missed {how}: {rows[line][start:end][:110]}")
        for at, a, b, text in after[number]:
            inside = sum(max(0, min(end, b) - max(start, a)) for line, start, end in spans if line == at)
            if inside < 0.9 * (b - a) and text not in old:
                own["false"] += 1
                if listed:
                    print(f"    FALSE {how}: {text[:110]!r}")
        own["pages"] += 1
        own["scored"] += frame["spam_score"][number] > 0
        taken = len(page) - len(frame["clean"][number])
        own["taken"] += taken
        own["planted characters"] += sum(end - start for _, start, end in spans)
    print("\nhacked pages  pages scored planted precision recall")
    for how, own in count.items():
        precision = own["found"] / max(1, own["found"] + own["false"])
        recall = own["found"] / own["planted"]
        print(f"{how:13} {own['pages']:5} {own['scored']:6} {own['planted']:7} {precision:9.3f} {recall:.3f}")
    total = sum(count.values(), Counter[str]())
    print(
        f"all: precision {total['found'] / (total['found'] + total['false']):.3f}, recall {total['found'] / total['planted']:.3f};"
        f" stripping took {total['taken']} characters, planted were {total['planted characters']}"
    )


def _flagged(
    texts: pl.Series, prepared: pipeline.Prepared
) -> tuple[list[list[tuple[int, int, int, str]]], pl.DataFrame]:
    """Give what is flagged of each text (line, start, end, text), and the frame."""
    frame = pipeline.add_evidence(pl.LazyFrame({"text": texts}), prepared).collect()
    hits = [
        [(hit["line"], hit["start"], hit["end"], hit["text"]) for hit in own] for own in frame["spam_hits"].to_list()
    ]
    return hits, frame


def show_held_out(card: Planted, name: str, *, listed: bool) -> None:
    """Print what is found of lines that were written before the terms were looked at, by theme and language."""
    rows = list(spam_texts.held_out(name))
    hits = set(found_lines(card, [text for *_, text in rows])["doc"])
    for title, column in (("theme", 1), ("language", 0), ("kind", 2)):
        found: defaultdict[str, list[bool]] = defaultdict(list)
        for number, row in enumerate(rows):
            if row[2] != NEAR:
                found[row[column]].append(number in hits)
        print(f"\n{name}, recall by {title}: ", end="")
        print(", ".join(f"{key} {sum(own)}/{len(own)}" for key, own in found.items()))
    spam = sum(row[2] != NEAR for row in rows)
    right = sum(row[2] != NEAR for number, row in enumerate(rows) if number in hits)
    wrong = [row for number, row in enumerate(rows) if number in hits and row[2] == NEAR]
    print(f"{name}: recall {right / spam:.3f} of {spam}, {len(wrong)} of {len(rows) - spam} near misses flagged")
    if listed:
        for number, (language, theme, kind, text) in enumerate(rows):
            if (kind != NEAR) != (number in hits):
                print(f"    {'FALSE' if kind == NEAR else 'missed'} {language} {theme} {kind}: {text}")


def show_left_out(rule: Rule) -> None:
    """Print what is found of the held-out lines of each theme and language without the terms of it, and of disguises without any terms."""
    rows = [row for name in spam_texts.HELD_OUT for row in spam_texts.held_out(name) if row[2] != NEAR]
    for title, column in (("theme", 1), ("language", 0)):
        print(f"\nrecall without the terms of the {title}: ", end="")
        for name in sorted({row[column] for row in rows}):
            texts = [row[3] for row in rows if row[column] == name]
            found = found_lines(Planted(without(rule, name.split("-")[0])), texts)["doc"].n_unique()
            print(f"{name} {found}/{len(texts)}", end=", ", flush=True)
    bare = rule
    for theme in {theme for body in rule.languages.values() for theme in body.terms}:
        bare = without(bare, theme)
    card = Planted(bare)
    for title, texts in (
        ("held-out lines", [row[3] for row in rows]),
        ("disguises", [line for _, line in spam_texts.disguised_lines()]),
    ):
        print(f"\nrecall of {title} without any terms: {found_lines(card, texts)['doc'].n_unique() / len(texts):.3f}")


def show_clean(card: Planted, data: Path, *, listed: bool) -> None:
    """Print false alarms a 10,000 lines: sentences by language, whole documents by kind."""
    sentences = spam_texts.clean_sentences(data)
    found = found_lines(card, sentences["text"].to_list())
    alarms = Counter(sentences["language"].gather(found["doc"]).to_list())
    print(f"\nsentences: {found.height} of {sentences.height}, by language {dict(alarms)}")
    if listed:
        show_hits(found)
    documents = pl.read_parquet(data / "throughput_mixed.parquet")
    kinds = {
        f"web {name}": part["text"].to_list()
        for (name,), part in documents.filter(~pl.col("url").str.contains("//help-")).group_by(
            "lang", maintain_order=True
        )
    }
    kinds["manuals"] = documents.filter(pl.col("url").str.contains("//help-"))["text"].to_list()
    kinds |= spam_texts.files_of_this_machine()
    print("\nwhole documents  lines  flagged  in 10,000")
    for name, texts in kinds.items():
        lines = Lines(pl.Series(texts, dtype=pl.String))
        found = card.find(lines)
        print(f"{name:14} {len(lines):8} {found.height:6} {10_000 * found.height / max(1, len(lines)):8.2f}")
        if listed:
            show_hits(found)


def show_hits(found: pl.DataFrame) -> None:
    """Print what is flagged, with the biggest terms of each sum."""
    for text, start, end, points in found.select("text", "start", "end", "points").iter_rows():
        terms = sorted(points, key=lambda term: -term["points"])[:3]
        why = ", ".join(f"{term['points']:+d} {term['measure']}" for term in terms)
        print(f"    {' '.join(text[start:end].split())[:100]!r}  {why}")


def show_top(data: Path, number: int) -> None:
    """Print the documents with the highest spam score."""
    rules = load_rules()
    prepared = pipeline.Prepared.of(rules.select(["spam", "encoding"]), rules)
    frame = pl.read_parquet(data / "throughput_mixed.parquet", columns=["id", "text"])
    parts = [pipeline.add_evidence(part.lazy(), prepared).collect() for part in frame.iter_slices(2000)]
    scored = pl.concat(part.select("id", "language", "spam_score", "text") for part in parts)
    for identity, language, value, text in scored.top_k(number, by="spam_score").iter_rows():
        print(f"{value:.2f} {identity} {language} {len(text)} {' '.join(text.split())[:90]!r}")
    print(
        scored.select(
            pl.col("spam_score").gt(0).sum().alias("above 0"), pl.col("spam_score").gt(0.3).sum().alias("above 0.3")
        )
    )


def show_time(data: Path) -> None:
    """Print CPU milliseconds a MB of text: cutting into lines, finding terms (a run finds them together with the words of all rules), other gates, judging."""
    card = Planted(load_rules()["spam/planted"])
    texts = pl.read_parquet(data / "throughput_mixed.parquet", columns=["text"])["text"].sample(8000, seed=1)
    size = float(texts.str.len_bytes().sum()) / 1e6
    steps: list[list[float]] = [[], [], [], []]
    for _ in range(5):
        marks = [time.process_time()]
        lines = Lines(texts)
        marks.append(time.process_time())
        terms = find_literals(lines.data, lines.starts, lines.ends, card.lexicon.forms)
        marks.append(time.process_time())
        card.admit(lines, terms)
        marks.append(time.process_time())
        card.find(lines, terms)
        marks.append(time.process_time())
        cut, found, admitted, judged = (b - a for a, b in itertools.pairwise(marks))
        for step, seconds in zip(steps, (cut, found, admitted, judged - admitted), strict=True):
            step.append(1000 * seconds / size)
    values = (
        f"{name} {min(step):.1f}" for name, step in zip(("lines", "terms", "gates", "judging"), steps, strict=True)
    )
    print("CPU ms a MB:", ", ".join(values))


def main() -> None:
    """Read the arguments and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("data", nargs="?", default=os.environ.get("CLEANSE_DATA", "../shared/data"), type=Path)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--top", type=int, default=0)
    parser.add_argument("--without", nargs="*", default=[])
    parser.add_argument("--held-out", nargs="*", default=list(spam_texts.HELD_OUT), help="folders of held-out lines")
    parser.add_argument(
        "--left-out", action="store_true", help="what is found of a theme or language without its terms"
    )
    parser.add_argument("--only", action="store_true", help="only the held-out lines")
    arguments = parser.parse_args()
    rule = load_rules()["spam/planted"]
    for name in arguments.without:
        rule = without(rule, name)
    card = Planted(rule)
    for name in arguments.held_out:
        show_held_out(card, name, listed=arguments.list)
    if arguments.left_out:
        show_left_out(rule)
    if arguments.only:
        return
    show_made(card)
    if not arguments.data.is_dir():
        print(f"no data at {arguments.data}: only what is made was scored")
        return
    show_sets(card, arguments.data)
    show_hacked(arguments.data, listed=arguments.list)
    show_clean(card, arguments.data, listed=arguments.list)
    show_time(arguments.data)
    if arguments.top:
        show_top(arguments.data, arguments.top)


if __name__ == "__main__":
    main()
