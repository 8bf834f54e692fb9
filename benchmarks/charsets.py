"""Judge how bytes become text: pages of many languages, each charset, each fault, with and without a declared charset.

    python benchmarks/charsets.py [--data ../shared/data | --sentences ../shared/data] [--verbose]

The pages stand in tests/charsets/pages.toml. A page is *right* where all but a few characters beside the fault came out, *flagged* where it
is right and marked as uncertain, *refused* where it goes to quarantine, and *wrong* where something else is kept. With `--data` the files of
`encodings/` get the same faults. With `--sentences` each sentence of `language_sentences.jsonl` is written in the charsets of its language.
"""

from __future__ import annotations

import argparse
import codecs
import collections
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

from cleanse import load_rules
from cleanse.encoding import charset
from cleanse.errors import InputError

PAGES = Path(__file__).resolve().parent.parent / "tests" / "charsets" / "pages.toml"
FEW = 4  # characters that one fault may cost
BAD = (0xFF, 0x80, 0x20)
RULES = load_rules()
# Charset -> the languages whose sentences are written in it.
WRITTEN_IN = {
    "cp1252": "af ca da de en es eu fi fr ga id is it nb nl nn pt sv", "cp1250": "bs cs hr hu pl sk sl", "iso8859-2": "cs hu pl sk sl",
    "cp1251": "be bg mk ru sr uk", "koi8-r": "ru", "cp1253": "el", "cp1254": "tr", "cp1255": "he", "cp1256": "ar fa ur", "cp1257": "et lt lv",
    "cp1258": "vi", "cp874": "th", "gb18030": "zh", "big5hkscs": "zh", "cp932": "ja", "euc_jp": "ja", "cp949": "ko",
}  # fmt: skip


def make_pages() -> Iterator[tuple[str, str, str, str]]:
    """Give (language, charset, size, text) of each page, bare and with the charset declared."""
    for language, page in tomllib.loads(PAGES.read_text("utf-8")).items():
        for name in page["charsets"]:
            yield language, name, "short", page["short"]
            yield language, name, "long", page["long"]
            head = f'<html><head><meta charset="{name}"></head><body>\n<p>'
            yield language, name, "short declared", f"{head}{page['short']}</p>\n</body>\n"
            yield language, name, "long declared", f"{head}{page['long']}</p>\n</body>\n"


def make_faults(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Give (name of the fault, bytes): whole; one byte replaced, or put in, or lost, at three places; the last one lost."""
    yield "whole", data
    letters = [place for place, byte in enumerate(data) if byte > 0x7F]
    if not letters:
        return
    for where, share in (("start", 0), ("middle", 0.5), ("end", 1)):
        place = letters[int(share * (len(letters) - 1))]
        for bad in BAD:
            yield f"byte {where}", data[:place] + bytes([bad]) + data[place + 1 :]
            yield f"more {where}", data[:place] + bytes([bad]) + data[place:]
        yield f"lost {where}", data[:place] + data[place + 1 :]
    yield "cut", data[: letters[-1]]


def judge(text: str, data: bytes, fault: str) -> str:
    """Say what became of a page."""
    try:
        decoded = charset.decode(data, RULES)
    except InputError:
        return "refused"
    if not is_like(decoded.text, text[: len(decoded.text)] if fault == "cut" else text):
        return "wrong"
    return "right" if decoded.certain else "flagged"


def is_like(got: str, text: str) -> bool:
    """Say whether two texts are the same but for a few characters in one place."""
    start = next((n for n, (a, b) in enumerate(zip(got, text, strict=False)) if a != b), min(len(got), len(text)))
    end = next(
        (n for n, (a, b) in enumerate(zip(got[::-1], text[::-1], strict=False)) if a != b), min(len(got), len(text))
    )
    return len(text) - start - end <= FEW and len(got) - start - end <= FEW


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--sentences", type=Path)
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    counts: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    if arguments.sentences:
        judge_sentences(arguments.sentences, counts, verbose=arguments.verbose)
    pages = make_pages() if arguments.data is None else make_files(arguments.data)
    for language, name, size, text in () if arguments.sentences else pages:
        for fault, data in make_faults(text.encode(name)):
            kind = judge(text, data, fault)
            for key in ("all", f"{language} {name}", f"size {size}", f"fault {fault}"):
                counts[key][kind] += 1
            if arguments.verbose and kind in ("wrong", "refused"):
                print(kind, language, name, size, fault, repr(read(data))[:150])
    for key, own in counts.items():
        print(f"{key:24} {100 * (own['right'] + own['flagged']) / own.total():5.1f} % {dict(own)}")


def judge_sentences(data: Path, counts: dict[str, collections.Counter[str]], *, verbose: bool) -> None:
    """Count, for each charset, how each single sentence of its languages is read; sentences in ASCII say nothing."""
    rows = [json.loads(line) for line in (data / "language_sentences.jsonl").read_text("utf-8").splitlines()]
    for name, languages in WRITTEN_IN.items():
        for row in rows:
            if row["language"] not in languages.split() or row["text"].isascii():
                continue
            try:
                written = row["text"].encode(name)
            except UnicodeError:
                continue
            try:
                decoded = charset.decode(written, RULES)
                kind = "wrong" if decoded.text != row["text"] else "right" if decoded.certain else "flagged"
            except InputError:
                kind = "refused"
            counts["all"][kind] += 1
            counts[name][kind] += 1
            if verbose and kind in ("wrong", "refused"):
                print(kind, row["language"], name, repr(read(written))[:150])


def read(data: bytes) -> object:
    """Give what bytes became, to be shown."""
    try:
        decoded = charset.decode(data, RULES)
    except InputError as error:
        return error.what
    return decoded.charset, decoded.text


def make_files(data: Path) -> Iterator[tuple[str, str, str, str]]:
    """Give the same of real files."""
    for path in sorted((data / "encodings").glob("*/*")):
        name = path.parent.name
        try:
            name = charset.SUPERSETS.get(codecs.lookup(name).name, name)
            text = path.read_bytes().decode(name)
            if text.encode(name) == path.read_bytes():
                yield "file", name, "real", text
        except (LookupError, UnicodeError):
            continue


if __name__ == "__main__":
    main()
