"""Documents that are content from end to end: how their files are written and named."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"
FILES = sorted(path.relative_to(BENCHMARKS / "genres").as_posix() for path in (BENCHMARKS / "genres").glob("*/*"))
# Subtags of the registry of BCP 47 that the committed documents use.
LANGUAGES = {
    "ar",
    "cs",
    "de",
    "el",
    "en",
    "es",
    "fr",
    "hi",
    "hu",
    "id",
    "it",
    "ja",
    "ko",
    "nl",
    "pl",
    "pt",
    "ro",
    "ru",
    "sv",
    "th",
    "tr",
    "uk",
    "vi",
    "zh",
}


@pytest.fixture(scope="module")
def genres():
    spec = importlib.util.spec_from_file_location("genres", BENCHMARKS / "genres.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", FILES)
def test_names_and_text(name):
    """Each file is named by its language and a number, is UTF-8, and says something in at least 15 lines."""
    match = re.fullmatch(r"[a-z-]+/([a-z]{2,3})-[1-9][0-9]*\.txt", name)
    assert match
    assert match[1] in LANGUAGES
    lines = (BENCHMARKS / "genres" / name).read_bytes().decode("utf-8").split("\n")
    assert sum(1 for line in lines if line.strip()) >= 15


def test_written_documents_are_loaded(genres):
    """Each committed file is one document, whose genre is its folder."""
    loaded = list(genres._read_written())
    assert [f"{one['genre']}/{one['id'].partition('/')[2]}.txt" for one in loaded] == FILES
    assert {one["language"] for one in loaded} <= LANGUAGES


def test_digest_tells_sets_apart(genres):
    """One changed line gives another digest, and the same documents the same one."""
    one = {"id": "a", "genre": "poems", "language": "en", "lines": ["The rope goes slack"]}
    other = {**one, "lines": ["The rope goes taut"]}
    assert genres.digest([one]) == genres.digest([dict(one)])
    assert genres.digest([one]) != genres.digest([other])


def test_help_loses_its_title_bar(genres):
    """A page of the help starts with its own title, and ends before the notes for translators."""
    page = "Help 1.0\n\n  Module\nContents\n  Index\n\n  Moving a frame\n\nDrag it.\n\nHelp content debug info:\nThis page is: x"
    assert genres._cut_help(page).split() == ["Moving", "a", "frame", "Drag", "it."]
