r"""Time hostile inputs at one and at two megabytes: does a run stay linear?

    python benchmarks/worst_case.py [--only GLOB]... [--list] [--size MEGABYTES] [--runs N]

Each shape is written to a file and cleaned by `cleanse.run`, after two smaller sizes have warmed everything up; then `restore`
gives it back and `why` explains its first document. Seconds are CPU time of this process, the least of up to three runs. A
shape fails where twice the size takes more than 2.3 times as long, or where a megabyte takes more than a second beyond what an
empty run takes. Exits with 1 if any shape fails.
"""

from __future__ import annotations

import argparse
import contextlib
import fnmatch
import io
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

os.environ.setdefault("POLARS_MAX_THREADS", "1")

import orjson

import cleanse
from cleanse import load_rules
from cleanse.report import explain

MEGABYTE = 1_000_000
MOST_RATIO = 2.3
MOST_SECONDS = 1.0  # a megabyte
PER_DOCUMENT = (
    50e-6  # seconds a document on top of that: a row of three characters costs as much as one of three hundred
)
WARM = (0.005, 0.1)  # megabytes; a shape that is hopeless here is not tried at full size
HOPELESS = 10.0  # seconds a megabyte
RUNS = 3
FAR = 2.5  # what takes so many times as long as it may is not measured again
NOISE = 0.05  # seconds: differences below this say nothing

ENTITIES = (
    "&lt;",
    "&amp;",
    "&#65;",
    "&#x41;",
    "&nbsp;",
    "&eacute;",
    "&notit;",
    "&#0;",
    "&#x110000;",
    "&#150;",
    "&Amp;",
    "&",
)
BRACKETS = "([{<«‹“‘„「『【〔（［｛《〈⟨"
SCRIPTS = {
    "latin": "é", "greek": "α", "cyrillic": "ж", "armenian": "ա", "hebrew": "א", "arabic": "ب", "devanagari": "क", "bengali": "ক",
    "tamil": "க", "thai": "ก", "khmer": "ក", "georgian": "ა", "hangul": "가", "kana": "あ", "han": "中", "ethiopic": "አ",
}  # fmt: skip
PROSE = "The ferry to the island stopped on Monday because the wind had turned in the night. "

Document = str | list[str]
Shape = Callable[[int], Document]


def repeat(unit: str) -> Shape:
    """Give one line of a unit again and again."""

    def make(size: int) -> str:
        return unit * max(1, size // len(unit.encode()))

    return make


def lines(*units: str) -> Shape:
    """Give one document of lines that take turns."""
    return repeat("".join(f"{unit}\n" for unit in units))


def documents(*units: str) -> Shape:
    """Give many documents that take turns."""

    def make(size: int) -> list[str]:
        together = sum(len(unit.encode()) for unit in units)
        return list(units) * max(1, size // together)

    return make


def layers(head: str, layer: str, tail: str) -> Shape:
    """Give one entity behind as many layers of escaping as there is room for."""

    def make(size: int) -> str:
        return head + layer * (size // len(layer)) + tail

    return make


def nested(opening: str, closing: str) -> Shape:
    """Give brackets within brackets."""

    def make(size: int) -> str:
        depth = size // len((opening + closing).encode())
        return opening * depth + "x" + closing * depth

    return make


def numbered(pattern: str, *, apart: bool = False) -> Shape:
    """Give lines, or documents, that all differ by a number."""

    def make(size: int) -> Document:
        count = size // len(pattern.format(1_000_000).encode())
        own = [pattern.format(number) for number in range(count)]
        return own if apart else "\n".join(own)

    return make


def sliding(words: int) -> Shape:
    """Give documents of which each is the one before it without its first word and with a new last one."""

    def make(size: int) -> list[str]:
        all_words = [f"w{number}" for number in range(size // (words * 7) + words)]
        return [" ".join(all_words[first : first + words]) for first in range(len(all_words) - words)]

    return make


def literals(*, long: bool) -> Shape:
    """Give the literals of all rules: each as a line of its own that repeats it, or all of them in one line."""
    own = sorted({literal for rule in load_rules() for variant in rule.variants for literal in variant.literals})
    if long:
        return repeat(" ".join(own) + " ")

    def make(size: int) -> str:
        share = size // len(own)
        return "\n".join(literal * max(1, share // len(literal.encode())) for literal in own)

    return make


def turns(characters: str, each: int = 1) -> Shape:
    return repeat("".join(character * each for character in characters))


def base64(size: int) -> str:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    state, parts = 1, []
    for _ in range(size):
        state = (state * 1103515245 + 12345) % (1 << 31)
        parts.append(alphabet[state >> 25])
    return "".join(parts)


def de_bruijn(size: int) -> str:
    """Give a text in which hardly any word comes twice."""
    return " ".join(f"{number:x}" for number in range(size // 6))


SHAPES: dict[str, Shape] = {
    # Encoding.
    "entity layers &amp;amp;…lt;": layers("&", "amp;", "lt;"),
    "entity layers &#38;#38;…": layers("&", "#38;", "lt;"),
    "entity layers &ampamp…": layers("&", "amp", "lt;"),
    "one & and a name without end": layers("&", "a", ";"),
    "entities without end &#111…": layers("&#", "1", ";"),
    **{f"entity {entity}": repeat(entity) for entity in ENTITIES},
    "entities between words": repeat("fish &amp; chips &lt;b&gt; caf&eacute; "),
    "double escapes between words": repeat("fish &amp;amp; chips "),
    "mojibake Ã©": repeat("Ã©"),
    "mojibake in words": repeat("CafÃ© crÃ¨me â€œouiâ€\u009d "),
    "mojibake lines": lines("CafÃ© crÃ¨me trÃ¨s serrÃ©"),
    "mojibake lines without spaces": lines("Ã©a" * 300),
    "mojibake that differs a line": numbered("CafÃ© numÃ©ro {} Ã©tait fermÃ©"),
    "mojibake in three layers": repeat("Ã\u0083Â\u0083Ã\u0082Â© "),
    "legacy page ïðèâåò": repeat("Ïðèâåò, ìèð! Ýòî òåêñò. "),
    "legacy page lines ïðèâåò": lines("Ïðèâåò, ìèð! Ýòî òåêñò."),
    "legacy page GBK": repeat("ÖÐ¹úÈËÃñ¹²ºÍ¹ú"),
    "letters no page explains": repeat("ÿþýüûúùø¿¾½¼ "),
    "control characters": repeat("a\x01b\x85c\x7f"),
    "terminal escapes": repeat("\x1b[31mred\x1b[0m"),
    "terminal escapes without end": layers("\x1b[", "1;", "x"),
    "returns alone": repeat("word\r"),
    "Windows line ends": repeat("word\r\n"),
    "mixed line ends": repeat("word\r\nword\n"),
    "bidi controls": repeat("\u202a\u2067\u202e"),
    "bidi controls nested": nested("\u202b", "\u202c"),
    "zero width": repeat("\u200b"),
    "zero width in words": repeat("fer\u200bry "),
    "joiners": repeat("\u200d"),
    "tag characters": repeat("\U000e0041"),
    "private use": repeat("\ue000x"),
    "byte-order marks": repeat("\ufeff"),
    "soft hyphens": repeat("fer\u00adry "),
    "replacement characters": repeat("\ufffdx"),
    "variation selectors": repeat("\ufe0f"),
    "one heap of combining marks": layers("e", "\u0301", "x"),
    "combining marks on letters": repeat("e\u0301\u0302\u0303\u0323 "),
    "letters apart from their marks": repeat("Ve\u0302\u0323 ta\u0300u "),
    "Hangul apart": repeat("\u1112\u1161\u11ab"),
    # Places.
    **{f"only {unit}": repeat(unit) for unit in ("#", "{{", "|", "•", "»", ">", "/", "@", "-", "_", "*", "\\", "$", "http://", "www.")},
    "brackets that open, by turns": turns(BRACKETS),
    **{f"only {bracket}": repeat(bracket) for bracket in "([{<「【（《"},
    "nested ()": nested("(", ")"),
    "nested {{}}": nested("{{", "}}"),
    "nested 【】": nested("【", "】"),
    "nested <div>": nested("<div>", "</div>"),
    "pairs {{x}}": repeat("{{x}}"),
    "pairs 【x】": repeat("【x】"),
    "pairs <b>x</b>": repeat("<b>x</b>"),
    "all literals in one line": literals(long=True),
    "each literal in a line of its own": literals(long=False),
    "a literal behind decoration": repeat("· » # "),
    "labels in one line": repeat("Share | Print | "),
    "labels behind marks apart": repeat("e\u0301 share "),
    "labels behind entities": repeat("&amp; Share | "),
    "labels among mojibake": repeat("Ã© {{x}} # "),
    "zero width and brackets": repeat("\u200b{{x}}【y】"),
    # Lines and hits.
    "lines x": lines("x"),
    "empty lines": repeat("\n"),
    "lines of a space": lines(" "),
    "a line that is stripped": lines("/img/a-1.jpg"),
    "a label a line": lines("Share"),
    "labels and prose by turns": lines("Share", PROSE),
    "headings of blocks": lines("Related posts:", "A short title"),
    "one heading and links": layers("Related posts:\n", "- A short title\n", "x"),
    "a hit in each line, partly": lines("The ferry stopped. [edit] It came back."),
    "entity a line": lines("fish &amp; chips"),
    "entity and strip a line": lines("Share &amp; Print"),
    "flags a line": lines("{{ name }} said so"),
    "menu rows": lines("Home | About | Contact | Help"),
    "one 10 and 20 MB line": repeat(PROSE),
    "one line without spaces": base64,
    "digits": repeat("1234567890"),
    "dots": repeat("."),
    "addresses": repeat("https://example.org/a?b=c&d=e "),
    "mail addresses": repeat("a@example.org "),
    "emoji": repeat("😀👍🏽"),
    "emoji families": repeat("👨\u200d👩\u200d👧"),
    "spaces": repeat(" "),
    "wide spaces": repeat("\u3000"),
    "tabs": repeat("\t"),
    "words that never come twice": de_bruijn,
    "one word again and again": repeat("word "),
    "capitals": repeat("BUY NOW CHEAP ONLINE "),
    "spam words": repeat("cheap viagra online casino bonus "),
    "spam words a line": lines("Buy cheap viagra online at https://example.org/x now"),
    "disguised words": repeat("v.i.a.g.r.a c-a-s-i-n-o "),
    "spam in Chinese": repeat("加微信领取免费彩金，"),
    "spam in brackets": repeat("【博彩娱乐平台注册送彩金】 [online casino bonus slots] "),
    "CSV": lines('1,2,3,,,"a""b",x'),
    "code": lines("    if (x[i] == 0) { return foo(bar); }"),
    "comments in blocks": lines("/*", " * Copyright (c) 1998 The Harbour Office", " */"),
    "licences": lines("Copyright (c) 2004 The Office, all rights", "Permission is hereby granted"),
    "values of JSX": repeat("<p className={a}>{b.c}</p>"),
    "POD": layers("=head1 X\n", "C<", "x"),
    "data of Python": lines('    ("a", "b"),', "import os"),
    "pairs of YAML": lines("a long name: the value of the pair that stands on this line", "labels: |"),
    "sentences that are broken before a label": lines("The script skips the lines that are", "comments."),
    "addresses that are set in": lines("  see http://a.example/x", "  http://a.example/y"),
    "HZ lines": lines("~{6I4,TZPGFZ~}"),
    "HZ without end": repeat("~{!"),
    "ISO-2022-JP without text": repeat("\x1b$B"),
    "NULs by turns": repeat("a\0"),
    **{f"script {name}": repeat(letter) for name, letter in SCRIPTS.items()},
    "all scripts by turns": repeat(" ".join(SCRIPTS.values()) + " "),
    "a script a line": lines(*(letter * 30 for letter in SCRIPTS.values())),
    # Documents.
    "identical documents": documents(PROSE),
    "identical short documents": documents("x y"),
    "identical documents that are stripped": documents("Share\n" + PROSE),
    "documents that differ by a number": numbered(PROSE + "{}", apart=True),
    "documents that slide by a word": sliding(60),
    "documents of two texts by turns": documents(PROSE, PROSE.replace("ferry", "train")),
    "documents of one character": documents("x"),
    "empty documents": documents(" "),
}  # fmt: skip
# Shapes whose size is told by something else than megabytes: what they are multiplied by.
LARGER = {"one 10 and 20 MB line": 10.0, "identical documents": 8.4}


def write(folder: Path, document: Document) -> Path:
    """Write a text as a file of one document, or texts as rows; give the path."""
    if isinstance(document, str):
        place = folder / "shape.txt"
        place.write_bytes(document.encode())
    else:
        place = folder / "shape.jsonl"
        place.write_bytes(b"".join(orjson.dumps({"text": text}) + b"\n" for text in document))
    return place


Seconds = dict[str, float]


def measure(document: Document) -> Seconds:
    """Give the CPU seconds of a run, of its restoring and of the explanation of its first document."""
    folder = Path(tempfile.mkdtemp(prefix="worst-case-"))
    try:
        source = write(folder, document)
        out = folder / "out.parquet"
        spent: Seconds = {}
        with _clock(spent, "run"):
            cleanse.run([source], out)
        with _clock(spent, "restore"):
            from cleanse.passes import restore

            restore(out, folder / "back")
        with _clock(spent, "why"), contextlib.redirect_stdout(io.StringIO()):
            explain(out, source.name if isinstance(document, str) else f"{source.name}#0")
        return spent
    finally:
        shutil.rmtree(folder)


@contextlib.contextmanager
def _clock(spent: Seconds, name: str) -> Iterator[None]:
    begin = time.process_time()
    yield
    spent[name] = time.process_time() - begin


def faults(small: Seconds, large: Seconds, empty: Seconds, megabytes: float, rows: int) -> list[str]:
    """Say what is wrong with the two measurements of a shape, the larger of which has so many megabytes and rows."""
    found = []
    for name, seconds in large.items():
        beyond = [max(0.0, spent[name] - empty[name]) for spent in (small, large)]
        if seconds > MOST_RATIO * small[name] + NOISE and beyond[1] > MOST_RATIO * beyond[0] + NOISE:
            found.append(f"{name}: {seconds / small[name]:.1f} times as long")
        if beyond[1] > MOST_SECONDS * megabytes + PER_DOCUMENT * rows:
            found.append(f"{name}: {beyond[1] / megabytes:.1f} s/MB")
    return found


def least(one: Seconds, other: Seconds) -> Seconds:
    return {name: min(one[name], other[name]) for name in one}


def try_shape(shape: Shape, larger: float, empty: Seconds, runs: int) -> tuple[Seconds, Seconds, float, list[str]]:
    """Measure a shape at both sizes until it passes, so many times at the most."""
    for part in WARM:
        size = int(part * larger * MEGABYTE)
        spent = measure(shape(size))
        if sum(spent.values()) > sum(empty.values()) + 0.5 + HOPELESS * larger * part:
            worst = max(spent, key=lambda name: spent[name])
            return spent, spent, size / MEGABYTE, [f"{worst}: {spent[worst]:.1f} s at {size / 1000:.0f} KB, given up"]
    texts = [shape(int(part * larger * MEGABYTE)) for part in (1, 2)]
    megabytes = sum(len(text.encode()) for text in ([texts[1]] if isinstance(texts[1], str) else texts[1])) / MEGABYTE
    small = large = None
    wrong: list[str] = []
    for _ in range(runs):
        one, two = measure(texts[0]), measure(texts[1])
        small, large = least(one, small or one), least(two, large or two)
        wrong = faults(small, large, empty, megabytes, 0 if isinstance(texts[1], str) else len(texts[1]))
        if not wrong or sum(two.values()) > FAR * (sum(empty.values()) + MOST_SECONDS * megabytes):
            break
    assert small
    assert large
    return small, large, megabytes, wrong


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; give the exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", action="append", default=[], metavar="GLOB")
    parser.add_argument("--size", type=float, default=1.0, help="megabytes of the smaller of two inputs")
    parser.add_argument("--runs", type=int, default=RUNS, help="measure a shape that fails so often at the most")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args(arguments)
    chosen = [
        name for name in SHAPES if not options.only or any(fnmatch.fnmatchcase(name, own) for own in options.only)
    ]
    if options.list:
        print("\n".join(chosen))
        return 0
    for _ in range(2):
        empty = measure("x")
    print(f"an empty run takes {empty['run']:.2f} s, restore {empty['restore']:.2f} s, why {empty['why']:.2f} s")
    print("| shape | MB | run, half | run | times | s/MB | restore | why | |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|---|")
    failed = 0
    for name in chosen:
        small, large, megabytes, wrong = try_shape(
            SHAPES[name], LARGER.get(name, 1.0) * options.size, empty, options.runs
        )
        beyond = max(0.0, large["run"] - empty["run"])
        shown = name.replace("|", "\\|")
        print(
            f"| {shown} | {megabytes:.1f} | {small['run']:.2f} | {large['run']:.2f} | {large['run'] / small['run']:.2f} |"
            f" {beyond / megabytes:.2f} | {large['restore']:.2f} | {large['why']:.2f} | {'; '.join(wrong) or 'ok'} |",
            flush=True,
        )
        failed += bool(wrong)
    print(f"{len(chosen)} shapes, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
