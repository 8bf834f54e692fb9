"""What the documents say is so: commands, options, columns, output and links. `--update-golden` rewrites the README's blocks."""

from __future__ import annotations

import doctest
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import orjson
import polars as pl
import pytest

from cleanse import documents, load_rules, pipeline, rules
from cleanse.catalogue import check as catalogue
from cleanse.catalogue import pages
from cleanse.cli import main

ROOT = Path(__file__).resolve().parent.parent
DOCS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "rules/README.md")]
DOCS += sorted((ROOT / "docs").rglob("*.md"))
SENTENCE = (
    "**A stage is a function from a LazyFrame to a LazyFrame that adds columns or hits; "
    "only `decide` changes text and removes rows.**"
)
WORDS = """document, line, segment, span, stage, rule, hit, signal, action, measure, shard, shingle, signature, band, bucket,
candidate pair, verified pair, cluster, keeper, quarantine, ledger"""
TABLES = {
    "OUT": documents.OUT,
    "hits.parquet": documents.HITS,
    "drafts.parquet": documents.HITS,
    "signals.parquet": documents.SIGNALS,
    "blocks.parquet": documents.BLOCKS,
    "measures.parquet": documents.MEASURES,
    "rules.parquet": documents.RULES,
    "dropped.parquet": documents.DROPPED,
    "quarantine.parquet": documents.QUARANTINE,
    "originals.parquet": documents.ORIGINALS,
}
TYPES = {
    pl.String: "str",
    pl.Float32: "f32",
    pl.Float64: "f64",
    pl.UInt32: "u32",
    pl.UInt64: "u64",
    pl.Binary: "binary",
}
PAGE = "en/lentil-soup.md"


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def blocks(text: str, language: str) -> list[str]:
    """Give the fenced blocks of a language, without their fences."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def section(text: str, title: str) -> str:
    """Give what stands under a heading, up to the next heading."""
    return re.split(r"^#+ ", text.split(f"# {title}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def first_cells(text: str) -> list[str]:
    """Give the first cells of the rows of tables that are names in code."""
    return re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)


def slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def compare(block: str, name: str, found: str, request: pytest.FixtureRequest) -> None:
    """Compare a block of a page with what was found; with --update-golden, write that into the page."""
    if request.config.getoption("--update-golden"):
        path = ROOT / name
        path.write_text(path.read_text("utf-8").replace(block, found), "utf-8")
    else:
        assert block == found


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Run the first command of the README beside a copy of `seeds/`; give the folder and what it printed."""
    folder = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "seeds", folder / "seeds")
    command, *_ = blocks(read("README.md"), "console")[0].splitlines()
    arguments = shlex.split(command.removeprefix("$ cleanse "))
    done = subprocess.run(
        [sys.executable, "-m", "cleanse", *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return folder, f"{command}\n{done.stdout}"


def show_page(folder: Path) -> str:
    """Show one page of the samples, line by line: kept, stripped, mended, flagged; with rule ids."""
    hits = pl.read_parquet(folder / "out.report/hits.parquet").filter(pl.col("id") == PAGE)
    shown, untouched = [], 0
    for number, line in enumerate((folder / "seeds" / PAGE).read_text("utf-8").split("\n")):
        here = hits.filter(pl.col("line") == number)
        names = ", ".join(sorted(set(here["rule"])))
        mark = {"strip": "-", "fix": "!", "flag": "?"}[here["action"].first()] if here.height else " "
        text = line if len(line) <= 52 else f"{line[:51]}…"
        untouched = 0 if here.height else untouched + bool(line.strip())
        if here.height or (line.strip() and untouched == 1):
            shown.append(f"{mark} {text:<54}{names}".rstrip())
        elif line.strip() and untouched == 2:
            shown.append("  …")
    return "\n".join(shown) + "\n"


def test_first_block_of_readme(ran: tuple[Path, str], request: pytest.FixtureRequest) -> None:
    """The first block of the README runs as it stands and prints what stands there."""
    block = blocks(read("README.md"), "console")[0]

    compare(block, "README.md", ran[1], request)


def test_page_in_readme(ran: tuple[Path, str], request: pytest.FixtureRequest) -> None:
    """The page that the README shows before and after was changed like this, by these rules."""
    block = blocks(read("README.md"), "diff")[0]

    compare(block, "README.md", show_page(ran[0]), request)


def test_python_in_readme(ran: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The Python sessions of the README run one behind the other and give what stands there."""
    monkeypatch.chdir(ran[0])
    session = "\n".join(blocks(read("README.md"), "python"))
    test = doctest.DocTestParser().get_doctest(session, {}, "README.md", "README.md", 0)
    failures: list[str] = []

    doctest.DocTestRunner(verbose=False).run(test, out=failures.append)

    assert len(test.examples) > 5
    assert failures == []


def test_summary_keys(ran: tuple[Path, str]) -> None:
    """Each key of summary.json is explained, and no other, in its order."""
    summary = orjson.loads((ran[0] / "out.report/summary.json").read_bytes())

    assert sorted(first_cells(section(read("docs/report.md"), "summary.json"))) == sorted(summary)


def test_files_of_the_report(ran: tuple[Path, str]) -> None:
    """A run writes the files that the page on the report explains, and no others."""
    headings = re.findall(r"^### (\S+)$", read("docs/report.md"), re.MULTILINE)

    assert {*headings, "index.html"} == {path.name for path in (ran[0] / "out.report").iterdir()}


@pytest.mark.parametrize("table", TABLES)
def test_columns(table: str) -> None:
    """Each column of a table is explained with its type, in its order, and no other."""
    rows = re.findall(r"^\| `(\w+)` \| (\S+) \|", section(read("docs/report.md"), table), re.MULTILINE)
    lists = {"languages": "list[struct]"}
    types = {name: TYPES.get(type(dtype), lists.get(name, "list[str]")) for name, dtype in TABLES[table].items()}

    assert rows == list(types.items())


@pytest.mark.parametrize("command", main.commands)
def test_command(command: str) -> None:
    """Each command, its arguments and its options stand in the README."""
    readme = read("README.md")
    parameters = main.commands[command].params
    options = [name for option in parameters if isinstance(option, click.Option) for name in option.opts]
    arguments = [
        part.make_metavar(click.Context(main, **main.context_settings))
        for part in parameters
        if isinstance(part, click.Argument)
    ]

    assert f"`cleanse {' '.join([command, *arguments])}" in readme
    assert [name for name in options if not re.search(rf"`[^`]*{name}\b", readme)] == []


def test_options_of_run() -> None:
    """The table of options lists those of `run`, each once, in the order of the help."""
    named = re.findall(r"^\| `(--[a-z-]+)", read("README.md"), re.MULTILINE)

    assert named == [part.opts[0] for part in main.commands["run"].params if isinstance(part, click.Option)]


def test_stages() -> None:
    """The design lists the stages in the order in which they run."""
    assert first_cells(section(read("docs/design.md"), "The stages")) == list(pipeline.STAGES)


@pytest.mark.parametrize("page", ["README.md", "docs/design.md", "cleanse/pipeline.py"])
def test_sentence(page: str) -> None:
    """The sentence that explains the design is the same in each place."""
    assert SENTENCE in " ".join(read(page).split())


def test_glossary() -> None:
    """The glossary is in order, has no word twice, and has the words of the design."""
    words = re.findall(r"^\| ([\w ]+) \|", read("docs/glossary.md"), re.MULTILINE)[1:]

    assert words == sorted(set(words))
    assert {" ".join(word.split()) for word in WORDS.split(",")} <= set(words)


def test_catalogue() -> None:
    """`rules/README.md` is what `make rules-readme` writes."""
    assert read("rules/README.md") == pages.readme_text(load_rules()), "stale: run `make rules-readme`"


def test_writing_rules_examples() -> None:
    """The rule that the guide shows is valid, its examples hold, and so are the tables it shows by the way."""
    tables = (tomllib.loads(text) for text in blocks(read("docs/writing-rules.md"), "toml"))
    head, card, terms, block, measure, body = tables
    rules.Head.model_validate({**head, **card, **terms, **block, **measure})
    languages = {"en": rules.Body.model_validate(body)}

    rule = rules.Rule("boilerplate/guide", rules.Head.model_validate(head), ("en.toml",), languages)

    assert [problem for _, problem in catalogue.run_examples(rules.Rules([rule]))] == [None] * 3


def test_keys_of_rules() -> None:
    """Each key that a rule file may have stands in the guide."""
    models = (rules.Head, rules.Example, rules.Block, rules.Measure)
    guide = read("docs/writing-rules.md")
    keys = {key for model in models for key in model.model_fields}

    assert sorted(key for key in keys if not re.search(rf"(?<![\w-]){key}(?![\w-])", guide)) == []


def test_targets() -> None:
    """Each `make` target that a page names is one."""
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))
    named = {name for page in DOCS for name in re.findall(r"`make ([a-z-]+)`", page.read_text("utf-8"))}

    assert named - targets == set()


@pytest.mark.parametrize("page", DOCS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links(page: Path) -> None:
    """Each link to a file or a heading leads there."""
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)):
        path, _, anchor = target.partition("#")
        place = page if not path else page.parent / path
        if not target.startswith("https://"):
            headings = re.findall(r"^#+ (.+)$", place.read_text("utf-8"), re.MULTILINE) if anchor else []
            if not place.exists() or (anchor and anchor not in map(slug, headings)):
                broken.append(target)

    assert broken == []
