"""Gather whole documents in which every line is content, of many genres and scripts, from this machine and this folder.

    python benchmarks/genres.py [../shared/data]

Damage is measured on them: whatever a rule takes from one of them is a loss. Written ones lie in `genres/<genre>/`, and are the
same everywhere. The others are what the machine holds: descriptions of installed packages, sources, manuals, licences. They are
never committed, and differ between machines: `digest` names the set that a figure was measured on. The command prints the
documents and lines of each genre.
"""

from __future__ import annotations

import ast
import gettext
import gzip
import hashlib
import importlib.metadata
import json
import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path, PurePath
from typing import Any

import polars as pl

WRITTEN = Path(__file__).resolve().parent / "genres"
CAP = 120  # documents of a genre that come from files of the machine
HELP_CAP = 25  # pages of the help in each of its languages
NEWS_CAP = 120  # news in each of their languages
MESSAGE_CAP = 6  # catalogues of messages in each language
MAN_CAP = 4  # translated man pages in each language; English ones have CAP
MOST_LINES = 400  # a longer document ends there
LEAST_LINES = 5
LONGEST_LINE = 3_000  # characters; a file with a longer one is data, not text
MOST_BYTES = 400_000
GROUP = 25  # sentences in a list of sentences

# Genre of a file by its suffix; the first that holds.
SUFFIXES = {
    ".py": "code-python",
    ".md": "markdown",
    ".rst": "restructured-text",
    ".toml": "configuration",
    ".ini": "configuration",
    ".cfg": "configuration",
    ".conf": "configuration",
    ".yaml": "configuration",
    ".yml": "configuration",
    ".json": "code-json",
    ".c": "code-c",
    ".h": "code-c",
    ".cpp": "code-c",
    ".sh": "code-shell",
    ".html": "code-html",
    ".css": "code-css",
    ".js": "code-javascript",
    ".pl": "code-perl",
    ".pm": "code-perl",
    ".sql": "code-sql",
    ".pod": "manual-pod",
    ".info": "manual-info",
}
NAMES = [
    (re.compile(r"(?i)^(changelog|changes|news|history)\b"), "changelog"),
    (re.compile(r"(?i)^(licen[cs]e|copying|copyright|notice|artistic|a?l?gpl|mpl|gfdl|cc0|apache)\b"), "licence"),
    (re.compile(r"(?i)^(readme|faq|todo|authors|install|hacking|contributing|thanks)\b"), "notes"),
]
SKIPPED_FOLDERS = {"__pycache__", "locale-langpack", "python-debug", "zoneinfo", "icons", "fonts", "test_data"}
NAVIGATION = re.compile(r"^(File: .*Node: |\x1f|\* Menu:|Tag Table:|End Tag Table|Indirect:|Ref: |Node: )|\0")
HELP_HEAD = 4  # title of the help, "Module", "Contents", "Index": furniture of each page
HELP_END = "Help content debug info:"


def load_genres(data: Path) -> list[dict[str, Any]]:
    """Give the documents: id, genre, language (BCP 47, `und` where it is not told), lines.

    `data` is the folder of real data, which may be missing. What is not on the machine is skipped with one printed word.
    The order and the choice depend on nothing but the files.
    """
    found = [*_read_written()]
    for name, gather in (
        ("packages", _read_descriptions()),
        ("files", _read_files()),
        ("docstrings", _read_docstrings()),
        ("man", _read_man()),
        ("messages", _read_messages()),
        ("mixed", _read_mixed(data / "throughput_mixed.parquet")),
        ("sentences", _read_sentences(data / "language_sentences.jsonl")),
    ):
        some = [*gather]
        if not some:
            print(name, file=sys.stderr)
        found += some
    return _drop_twins(found)


def digest(documents: Iterable[dict[str, Any]]) -> str:
    """Name a set of documents: 12 digits that differ where an id, a genre, a language or a line does."""
    state = hashlib.sha256()
    for one in documents:
        state.update(json.dumps([one["id"], one["genre"], one["language"], one["lines"]]).encode())
    return state.hexdigest()[:12]


def _document(place: str, genre: str, language: str, text: str) -> dict[str, Any] | None:
    """Make a document of a text, or nothing where it is too short or holds data."""
    least = 2 if genre == "news-real" else LEAST_LINES
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n").strip("\n").split("\n")[:MOST_LINES]
    full = sum(1 for line in lines if line.strip())
    if full < least or (genre != "news-real" and max(map(len, lines)) > LONGEST_LINE) or "\0" in text:
        return None
    return {"id": f"{genre}/{place}", "genre": genre, "language": language, "lines": lines}


def _drop_twins(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Keep the first of those with the same words: licences lie in many places."""
    seen: set[bytes] = set()
    kept = []
    for one in documents:
        key = hashlib.sha256(" ".join(" ".join(one["lines"]).split()).encode("utf-8", "replace")).digest()
        if key not in seen:
            seen.add(key)
            kept.append(one)
    return kept


def _mix(places: Iterable[str]) -> list[str]:
    """Order places by a digest, so that the first of them are a fair choice on each machine."""
    return sorted(set(places), key=lambda place: (hashlib.sha256(place.encode("utf-8", "replace")).digest(), place))


def _read_written() -> Iterator[dict[str, Any]]:
    """Read the documents written for this project, whatever their length: each is whole."""
    for path in sorted(WRITTEN.glob("*/*.txt")):
        language = path.stem.rpartition("-")[0]
        lines = path.read_text("utf-8").removesuffix("\n").split("\n")
        genre = path.parent.name
        yield {"id": f"{genre}/{path.stem}", "genre": genre, "language": language, "lines": lines}


def _read_descriptions() -> Iterator[dict[str, Any]]:
    """Read the descriptions in the metadata of installed packages."""
    packages = {str(one.metadata["Name"]): one for one in importlib.metadata.distributions()}
    for name in _mix(packages):
        message = packages[name].metadata
        text = message.get("Description") or getattr(message, "get_payload", str)()
        found = _document(name, "readme", "en", str(text))
        if found:
            yield found


def _walk() -> Iterator[Path]:
    """Give the files under the packages of this Python, and under /usr."""
    roots = [sysconfig.get_paths()["purelib"], sysconfig.get_paths()["stdlib"], "/usr"]
    for root in roots:
        for folder, folders, names in os.walk(root):
            folders[:] = sorted(name for name in folders if name not in SKIPPED_FOLDERS)
            yield from (Path(folder, name) for name in sorted(names))


def _name_genre(path: PurePath) -> str | None:
    """Tell the genre of a file by its name, or nothing."""
    name = path.name.removesuffix(".gz")
    suffix = PurePath(name).suffix.lower()
    for pattern, genre in NAMES:
        if pattern.match(name) and suffix in {"", ".txt", ".md", ".rst", ".debian"}:
            return genre
    if suffix.startswith(".info"):
        return SUFFIXES[".info"]
    return SUFFIXES.get(suffix) if not path.name.endswith(".gz") else None


def _read_text(path: Path) -> str:
    """Read a file as UTF-8, unpacked; nothing where it is not, or is long."""
    try:
        if path.stat().st_size > MOST_BYTES:
            return ""
        raw = path.read_bytes()
        return (gzip.decompress(raw) if path.name.endswith(".gz") else raw).decode("utf-8")
    except (OSError, EOFError, UnicodeDecodeError):
        return ""


def _read_files() -> Iterator[dict[str, Any]]:
    """Read files by their names: at most CAP of a genre, chosen by a digest of their paths."""
    places: dict[str, list[str]] = {}
    for path in _walk():
        genre = _name_genre(path)
        if genre:
            places.setdefault(genre, []).append(str(path))
    for genre in sorted(places):
        some = (_document(place, genre, "en", _clear(Path(place), genre)) for place in _mix(places[genre]))
        yield from islice((one for one in some if one), CAP)


def _clear(path: Path, genre: str) -> str:
    """Read a file without the lines of an Info reader's own navigation."""
    text = _read_text(path)
    if genre != "manual-info":
        return text
    return "\n".join(line for line in text.split("\n") if not NAVIGATION.search(line))


def _read_docstrings() -> Iterator[dict[str, Any]]:
    """Read docstrings of the standard library as plain prose, a module a document."""
    root = Path(sysconfig.get_paths()["stdlib"])
    found = 0
    for place in _mix(str(path.relative_to(root)) for path in [*root.glob("*.py"), *root.glob("*/*.py")]):
        if found == CAP or place.startswith(("site-packages", "test", "idlelib")):
            continue
        try:
            tree = ast.parse(_read_text(root / place))
        except SyntaxError:
            continue
        kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        texts = [ast.get_docstring(node) for node in ast.walk(tree) if isinstance(node, kinds)]
        one = _document(place, "docstrings", "en", "\n\n".join(text for text in texts if text))
        if one:
            found += 1
            yield one


def _read_man() -> Iterator[dict[str, Any]]:
    """Render man pages as plain text of 80 columns: CAP English ones, MAN_CAP in each other language."""
    root = Path("/usr/share/man")
    places: dict[str, list[str]] = {}
    for path in sorted(root.glob("**/*.[1-8]*.gz")):
        first = path.relative_to(root).parts[0]
        places.setdefault("en" if first.startswith("man") else first.partition(".")[0], []).append(str(path))
    for language in sorted(places):
        some = (_render(place, language.replace("_", "-")) for place in _mix(places[language]))
        yield from islice((one for one in some if one), CAP if language == "en" else MAN_CAP)


def _render(place: str, language: str) -> dict[str, Any] | None:
    source = _read_text(Path(place))
    if not source or source.startswith(".so "):
        return None
    command = ["groff", "-K", "utf8", "-mandoc", "-T", "utf8", "-P-c", "-P-b", "-P-o", "-P-u"]
    try:
        done = subprocess.run(command, input=source.encode(), capture_output=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    text = re.sub("\x1b\\[[0-9;]*m|.\b", "", done.stdout.decode("utf-8", "replace"))
    return _document(place, "manual-man", language, text)


def _read_messages() -> Iterator[dict[str, Any]]:
    """Read translated messages of programs, one a line: MESSAGE_CAP catalogues in each language."""
    root = Path("/usr/share/locale")
    places: dict[str, list[str]] = {}
    for path in sorted(root.glob("*/LC_MESSAGES/*.mo")):
        places.setdefault(path.relative_to(root).parts[0], []).append(str(path))
    for folder in sorted(places):
        language = re.sub(r"[.@].*", "", folder).replace("_", "-")
        some = (_read_catalogue(place, language) for place in _mix(places[folder]))
        yield from islice((one for one in some if one), MESSAGE_CAP)


def _read_catalogue(place: str, language: str) -> dict[str, Any] | None:
    try:
        with Path(place).open("rb") as file:
            catalogue = gettext.GNUTranslations(file)
    except (OSError, ValueError, UnicodeError):
        return None
    pairs = sorted((str(key), value) for key, value in catalogue._catalog.items() if key)  # noqa: SLF001
    return _document(place, "messages", language, "\n".join(value.strip() for _, value in pairs if value.strip()))


def _read_mixed(path: Path) -> Iterator[dict[str, Any]]:
    """Read the help without its furniture, news in Hindi and Arabic, and the Declaration of Human Rights in all its languages."""
    if not path.exists():
        return
    frame = pl.read_parquet(path, columns=["id", "url", "lang", "text"])
    frame = frame.with_columns(site=pl.col("url").str.extract(r"^\w+://([^/]+)")).sort("id")
    texts = {one: (language, text) for one, language, text in frame.select("id", "lang", "text").iter_rows()}
    sites = frame.group_by("site", maintain_order=True).agg("id").sort("site")
    for site, ids in sites.iter_rows():
        kind = re.match(r"(lo)?help|hi-news|ar-news|udhr", site or "")
        if not kind:
            continue
        genre, cap = {
            "udhr": ("declaration", len(ids)),
            "hi-news": ("news-real", NEWS_CAP),
            "ar-news": ("news-real", NEWS_CAP),
        }.get(kind[0], ("help", HELP_CAP))
        cap_left = cap
        for one in _mix(ids):
            language, text = texts[one]
            if genre == "help":
                text = _cut_help(text)
            made = _document(one, genre, "und" if genre == "declaration" else language, text)
            if made and cap_left:
                cap_left -= 1
                yield made


def _cut_help(text: str) -> str:
    """Take the title bar, and the notes for translators at the end, off a page of the help."""
    lines = text.partition(HELP_END)[0].split("\n")
    full = [number for number, line in enumerate(lines) if line.strip()]
    return "\n".join(lines[full[HELP_HEAD - 1] + 1 :]) if len(full) >= HELP_HEAD else ""


def _read_sentences(path: Path) -> Iterator[dict[str, Any]]:
    """Read sentences as lists of lines, each list in one language."""
    if not path.exists():
        return
    found: dict[str, list[str]] = {}
    for line in path.read_text("utf-8").splitlines():
        row = json.loads(line)
        found.setdefault(row["language"], []).append(row["text"])
    for language, some in sorted(found.items()):
        for start in range(0, len(some) - GROUP + 1, GROUP):
            one = _document(
                f"{language}-{start // GROUP + 1}", "sentences", language, "\n".join(some[start : start + GROUP])
            )
            if one:
                yield one


def main() -> None:
    documents = load_genres(Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data"))
    table: dict[str, tuple[int, int, set[str]]] = {}
    for one in documents:
        count, lines, languages = table.get(one["genre"], (0, 0, set()))
        table[one["genre"]] = (count + 1, lines + len(one["lines"]), languages | {one["language"]})
    for genre, (count, lines, languages) in sorted(table.items()):
        print(f"{genre:20} {count:5} documents {lines:7} lines {len(languages):4} languages")
    print(f"{len(documents)} documents, digest {digest(documents)}")


if __name__ == "__main__":
    main()
