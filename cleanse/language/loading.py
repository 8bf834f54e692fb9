"""Reads the model of languages from `rules/language/model/`."""

from __future__ import annotations

import functools
import re
import tomllib
from pathlib import Path
from typing import Any

import xxhash

from cleanse import cache
from cleanse.language.detectors import find_detectors
from cleanse.language.model import Model
from cleanse.language.trust import LATIN, read_trust
from cleanse.language.words import make_lexicon
from cleanse.rules import builtin_folder

FOLDER = "language/model"


def model_folder() -> Path:
    """Give the folder of the model."""
    return builtin_folder() / FOLDER


@functools.cache
def model_digest() -> int:
    """Give a number that changes when a file of the model changes."""
    folder = model_folder()
    digest = xxhash.xxh3_64()
    for path in sorted(folder.rglob("*.toml"), key=lambda path: path.relative_to(folder).as_posix()):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.intdigest() >> 32 or 1


def _read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text("utf-8"))


def read_words(path: Path) -> dict[str, int]:
    """Read a file of words: each key is a number of points, each value the words that give them."""
    return {word: int(points) for points, words in _read(path).items() for word in words.split()}


def add_words(fitted: dict[str, dict[str, int]], close: dict[str, Any]) -> dict[str, dict[str, int]]:
    """Add the words that people named to those that were fitted."""
    points = int(close["word_points"])
    for language, words in close["words"].items():
        fitted.setdefault(language, {}).update(dict.fromkeys(words.split(), points))
    return fitted


@functools.cache
def load_model() -> Model:
    """Load the model that comes with cleanse."""
    return cache.fetch("language.model", f"{model_digest()} {find_detectors()}", _load_model)


def _load_model() -> Model:
    folder = model_folder()
    close = _read(folder / "close.toml")
    trust = _read(folder / "trust.toml")
    letters = dict(close["letters"])
    points = letters.pop("points")
    return make_model(
        trust,
        close["groups"],
        close["plain"],
        close["common"],
        letters,
        points / 10,
        {path.stem: read_words(path) for path in sorted((folder / "words").glob("*.toml"))},
        add_words({path.stem: read_words(path) for path in sorted((folder / "close").glob("*.toml"))}, close),
        _read(folder / "reliability.toml")["steps"],
        _read(folder / "scripts.toml"),
        _read(folder / "han.toml"),
        _read(folder / "parameters.toml"),
        close["marks"],
    )


def compile_marks(marks: dict[str, str]) -> dict[str, re.Pattern[str]]:
    """Compile the patterns that tell close languages apart."""
    return {name: re.compile(pattern) for name, pattern in marks.items()}


def make_model(
    trust: dict[str, Any],
    groups: list[list[str]],
    plain: list[str],
    common: list[str],
    letters: dict[str, str],
    letter_points: float,
    words: dict[str, dict[str, int]],
    close: dict[str, dict[str, int]],
    steps: dict[str, Any],
    scripts: dict[str, Any],
    han: dict[str, Any],
    parameters: dict[str, float],
    marks: dict[str, str],
) -> Model:
    """Make a model of its tables."""
    tables = read_trust(trust)
    partners: dict[str, set[str]] = {}
    for one in tables.values():
        for language, counts in one.of.items():
            total = sum(counts.values())
            by_tag: dict[str, float] = {}
            for (tag, _), count in counts.items():
                by_tag[tag] = by_tag.get(tag, 0.0) + count
            plain_name = language.removesuffix(LATIN)
            for tag, count in by_tag.items():
                if tag not in ("un", plain_name) and total >= 60 and count > parameters["partner_share"] * total:
                    partners.setdefault(tag, set()).add(plain_name)
    return Model(
        parameters,
        tables,
        {tag: frozenset(own) for tag, own in partners.items()},
        {language: tuple(group) for group in groups for language in group},
        frozenset(plain),
        letters,
        letter_points,
        words,
        close,
        {regime: [(float(least), float(score)) for least, score in pairs] for regime, pairs in steps.items()},
        scripts,
        han,
        make_lexicon(
            words,
            close,
            groups,
            (parameters["long_words"], parameters["long_close"]),
            common,
            10 * parameters["rare_word_bits"],
        ),
        compile_marks(marks),
    )
