"""Make text of any size, the same each time: pages with furniture, damaged letters, spam, and copies of earlier pages.

    python benchmarks/generate.py OUT.jsonl --mb 1000 [--seed 1]

A page is 10 to 60 sentences of made-up words, so a file of any size costs a minute a gigabyte and no download. Nine of ten pages are new, one is
a copy of one of the last thousand, whole or but for a few words. One in five has a menu above and links below the text, one in fifty is
mojibake, one in a hundred holds a line of spam.
"""

from __future__ import annotations

import argparse
import random
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import orjson

SYLLABLES = [consonant + vowel for consonant in "bdfghklmnprstv" for vowel in "aeio"]
ACCENTS = ("é", "ö", "ñ", "ç", "š")
MENU = ("Home", "About us", "Contact", "Log in", "Search", "Sitemap")
LINKS = ("Share on Facebook", "Read more", "Subscribe to our newsletter", "Terms of use", "Privacy policy")
SPAM = "Best online casino bonus, bet now and win big jackpot, register for free spins"
KEPT = 1000


def make_words(chance: random.Random, count: int) -> list[str]:
    """Make up words of one to four syllables, some with an accent."""
    words = ["".join(chance.choices(SYLLABLES, k=chance.randint(1, 4))) for _ in range(count)]
    return [word + chance.choice(ACCENTS) if number % 17 == 0 else word for number, word in enumerate(words)]


def make_pages(megabytes: float, seed: int) -> Iterator[dict[str, str]]:
    """Give pages until their texts are so many megabytes of UTF-8."""
    chance = random.Random(seed)
    words = make_words(chance, 20_000)
    earlier: deque[list[str]] = deque(maxlen=KEPT)
    left = int(megabytes * 1e6)
    number = 0
    while left > 0:
        kind = chance.random()
        if earlier and kind < 0.1:
            lines = list(chance.choice(earlier))
            if kind < 0.07:
                lines[-1] = " ".join(chance.choices(words, k=6)).capitalize() + "."
        else:
            lines = make_lines(chance, words)
            earlier.append(lines)
        if chance.random() < 0.2:
            lines = [*chance.sample(MENU, 4), *lines, *chance.sample(LINKS, 3)]
        if chance.random() < 0.01:
            lines.insert(chance.randrange(len(lines)), SPAM)
        text = "\n".join(lines)
        if chance.random() < 0.02:
            text = text.encode().decode("cp1252", errors="replace")
        left -= len(text.encode())
        yield {"id": f"page-{seed}-{number:09}", "url": f"https://example.org/{number % 997}/{number}", "text": text}
        number += 1


def make_lines(chance: random.Random, words: list[str]) -> list[str]:
    """Make up paragraphs of a few sentences each."""
    lines = []
    for _ in range(chance.randint(3, 15)):
        own = chance.choices(words, k=chance.randint(20, 90))
        sentences = [" ".join(own[place : place + 12]).capitalize() + "." for place in range(0, len(own), 12)]
        lines.append(" ".join(sentences))
    return lines


def write_pages(place: Path, megabytes: float, seed: int = 1) -> None:
    """Write pages as JSONL."""
    with place.open("wb") as file:
        for page in make_pages(megabytes, seed):
            file.write(orjson.dumps(page) + b"\n")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--mb", type=float, required=True)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    write_pages(arguments.out, arguments.mb, arguments.seed)


if __name__ == "__main__":
    main()
