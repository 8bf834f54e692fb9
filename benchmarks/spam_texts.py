"""Texts that `spam.py` and `fit_spam.py` make: disguises, planted pages, clean lines of this machine. All sentences are our own."""

from __future__ import annotations

import json
import random
import sysconfig
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl

from cleanse.rules import load_rules

HELD_OUT = ("spam_held_out", "spam_held_out_2", "spam_held_out_3")  # folders of lines by language and theme
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _shift(upper: int, lower: int, digit: int | None) -> Callable[[str], str]:
    """Give a function that writes Latin letters in another alphabet of Unicode."""

    def write(text: str) -> str:
        out = []
        for c in text:
            if "A" <= c <= "Z":
                out.append(chr(upper + ord(c) - 65))
            elif "a" <= c <= "z":
                out.append(chr(lower + ord(c) - 97))
            elif c.isdigit() and c.isascii() and digit is not None:
                out.append(chr(digit + int(c)))
            else:
                out.append(c)
        return "".join(out)

    return write


def _each_word(text: str, change: Callable[[str], str], seed: int) -> str:
    """Change the words of a text that have letters of ASCII, at least one."""
    words = text.split(" ")
    able = [n for n, word in enumerate(words) if word.isascii() and sum(c.isalpha() for c in word) > 2]
    chosen = set(random.Random(seed).sample(able, max(1, len(able) // 2))) if able else set()
    return " ".join(change(word) if n in chosen else word for n, word in enumerate(words))


LOOKALIKE = str.maketrans("AaCcEeOoPpXxyB", "АаСсЕеОоРрХхуВ")
LEET = str.maketrans("aeiost", "431057")
DISGUISES: dict[str, Callable[[str], str]] = {
    "bold": _shift(0x1D400, 0x1D41A, 0x1D7CE),
    "sans": _shift(0x1D5D4, 0x1D5EE, 0x1D7EC),
    "script": _shift(0x1D4D0, 0x1D4EA, None),
    "mono": _shift(0x1D670, 0x1D68A, 0x1D7F6),
    "circled": _shift(0x24B6, 0x24D0, None),
    "squared": lambda text: _shift(0x1F130, 0x1F130, None)(text.upper()),
    "full-width": _shift(0xFF21, 0xFF41, 0xFF10),
    "struck": lambda text: "".join(c + "\u0336" if c.isalnum() else c for c in text),
    "heaped": lambda text: "".join(c + "\u0315\u031a\u0357" if c.isalpha() else c for c in text),
    "zero-width": "\u200b".join,
    "look-alikes": lambda text: text.translate(LOOKALIKE),
    "digits": lambda text: text[:1] + text[1:-1].translate(LEET) + text[-1:],
    "spaced": " ".join,
    "dotted": ".".join,
    "starred": "⭐".join,
}
PROSE = (
    "The harbour office opens on Monday, and the ferry to the island goes twice a day until the end of October.",
    "The boats are older than the pier. They were built for the salt trade, and three of them still carry sails.",
    "In winter the crew paints the hulls, mends the nets and tells the children about the storm of the year before.",
    "A carpenter from the next village makes the oars; he takes ash for the blades and oak for the handles.",
    "Nobody knows who wrote the song about the lighthouse, but everybody in the town can sing the second verse.",
)


def spam_lines() -> Iterator[tuple[str, str]]:
    """Give (language, line) for each hit of `spam/planted`: what a reviewer of the language wrote as spam."""
    for language, body in load_rules()["spam/planted"].languages.items():
        for example in body.hit:
            yield language, example.text


def near_misses() -> Iterator[tuple[str, str]]:
    """Give the same for the near misses."""
    for language, body in load_rules()["spam/planted"].languages.items():
        for example in body.miss:
            yield language, example.text


def held_out(name: str) -> Iterator[tuple[str, str, str, str]]:
    """Give (language, theme, kind, line) of a folder beside this file; the kind is `near` for what is no spam."""
    for path in sorted((Path(__file__).parent / name).glob("*.toml")):
        for theme, lists in tomllib.loads(path.read_text("utf-8")).items():
            for kind, lines in lists.items():
                yield from ((path.stem, theme, kind, line) for line in lines)


def disguised_lines() -> Iterator[tuple[str, str]]:
    """Give (disguise, line): the spam lines with Latin letters, half of their words in each disguise."""
    for number, (_, line) in enumerate(spam_lines()):
        if sum(c.isascii() and c.isalpha() for c in line) < len(line) / 2:
            continue
        for name, change in DISGUISES.items():
            yield name, _each_word(line, change, number)


def planted_pages() -> Iterator[tuple[str, set[int]]]:
    """Give (page, numbers of the planted lines): prose with one to three spam lines in it, of any language."""
    lines = [line for _, line in spam_lines()]
    chance = random.Random(7)
    for _ in range(300):
        page = [chance.choice(PROSE) for _ in range(chance.randint(4, 9))]
        planted = sorted(chance.sample(range(len(page)), chance.randint(1, 3)))
        for place in planted:
            page[place] = chance.choice(lines)
        yield "\n".join(page), set(planted)


def hacked_pages(data: Path, number: int = 60) -> Iterator[tuple[str, str, str, list[tuple[int, str]]]]:
    """Give (how it was planted, article, page, planted as (line, text)): real articles with held-out lines of spam planted in them.

    The lines of a page are of one language and trade, as a hacker plants them: between paragraphs, behind the end, or inside a paragraph.
    """
    frame = pl.read_parquet(data / "throughput_mixed.parquet", columns=["url", "lang", "text"])
    long = frame.filter(~pl.col("url").str.contains("//help-"), pl.col("text").str.len_chars().is_between(1500, 9000))
    articles = [
        text for part in long.partition_by("lang") for text in part["text"].sample(min(12, part.height), seed=3)
    ]
    groups: dict[tuple[str, str], list[str]] = {}
    for language, theme, kind, line in (row for name in HELD_OUT for row in held_out(name)):
        if kind in ("spam", "injected"):
            groups.setdefault((language, theme), []).append(line)
    pools = [lines for lines in groups.values() if len(lines) >= 3]
    chance = random.Random(11)
    for turn in range(number * 3):
        article, lines = chance.choice(articles), chance.choice(pools)
        rows = article.split("\n")
        chosen = chance.sample(lines, min(len(lines), chance.randint(1, 4)))
        how = ("between", "behind", "inside")[turn % 3]
        planted: list[tuple[int, str]] = []
        if how == "behind":
            planted = [(len(rows) + k, line) for k, line in enumerate(chosen)]
            rows += chosen
        elif how == "between":
            for line in chosen:
                rows.insert(chance.randint(1, len(rows)), f"\0{line}")
            planted = [(k, row[1:]) for k, row in enumerate(rows) if row.startswith("\0")]
            rows = [row.removeprefix("\0") for row in rows]
        else:
            places = [k for k, row in enumerate(rows) if len(row) > 120 and ". " in row[40:-40]]
            for place, line in zip(chance.sample(places, min(len(places), len(chosen))), chosen, strict=False):
                cut = rows[place].index(". ", 40) + 2
                rows[place] = f"{rows[place][:cut]}{line}. {rows[place][cut:]}"
                planted.append((place, line))
        yield how, article, "\n".join(rows), planted


def labelled_segments(data: Path) -> pl.DataFrame:
    """Read `spam_segments.jsonl`: `set, language, text, label`."""
    rows = [json.loads(line) for line in (data / "spam_segments.jsonl").read_text("utf-8").splitlines()]
    return pl.DataFrame(
        {
            "set": [row["set"].replace("_gambling", "").replace("_news", "") for row in rows],
            "language": [row["lang"] for row in rows],
            "text": [row["text"].replace("\n", " ") for row in rows],
            "label": [bool(int(row["label"])) for row in rows],
        }
    )


def clean_sentences(data: Path) -> pl.DataFrame:
    """Read `language_sentences.jsonl`: `language, text`."""
    rows = [json.loads(line) for line in (data / "language_sentences.jsonl").read_text("utf-8").splitlines()]
    return pl.DataFrame({"language": [row["language"] for row in rows], "text": [row["text"] for row in rows]})


def files_of_this_machine(limit: int = 1500) -> dict[str, list[str]]:
    """Give texts of Python files, Markdown and licences that every machine has, by kind."""
    site = Path(sysconfig.get_paths()["purelib"])
    kinds = {
        "code": (site, "*.py"),
        "markdown": (site, "*.md"),
        "licences": (Path("/usr/share"), "*copyright*"),
        "readme": (site, "METADATA"),
    }
    found = {}
    for kind, (folder, pattern) in kinds.items():
        paths = sorted(path for path in folder.rglob(pattern) if path.is_file())[:limit]
        found[kind] = [path.read_text("utf-8", errors="replace") for path in paths]
    return found
