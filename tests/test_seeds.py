"""The seed documents: everything that the gold marks is gone or flagged, and everything else is still there."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import gold
import polars as pl
import pytest

import cleanse
from cleanse.files import report_folder

ROOT = Path(__file__).resolve().parent.parent
SEEDS = ROOT / "seeds"
SHARED = ROOT.parent / "shared"
GOLDEN = ROOT / "tests" / "golden" / "seeds.txt"


@cache
def cleaned(folder: Path) -> Path:
    """Run cleanse over a folder of seeds, once for all tests."""
    out = Path(mkdtemp(prefix="cleanse-seeds-")) / "out.parquet"
    cleanse.run(folder, out)
    return out


def records(path: Path, folder: Path) -> list:
    if not path.exists():
        return [pytest.param(None, None, marks=pytest.mark.skip(f"{path.name} is not on this machine"))]
    return [pytest.param(record, folder, id=record["file"]) for record in gold.read_gold(path)]


CASES = [
    *records(ROOT / "tests" / "seeds.gold.jsonl", SEEDS),
    *records(SHARED / "seeds.gold.jsonl", SHARED / "seeds"),
]


@pytest.mark.parametrize(("record", "folder"), CASES)
def test_gold(record: dict, folder: Path) -> None:
    """Strips are gone, flags are covered, no other character is missing, and no other line is called spam."""
    assert gold.problems(record, folder, cleaned(folder)) == []


@pytest.mark.parametrize(("record", "folder"), CASES)
def test_language(record: dict, folder: Path) -> None:
    """The language of each seed is the one that its gold names, which does not tell zh-Hans from zh-Hant."""
    measures = pl.read_parquet(report_folder(cleaned(folder)) / "measures.parquet")
    assert measures.filter(pl.col("id") == record["file"])["language"].item().split("-")[0] == record["language"]


def test_near_and_exact_duplicates_are_dropped() -> None:
    """Of the two bridges and of the two cats one each is kept, and the dropped one names it."""
    dropped = pl.read_parquet(report_folder(cleaned(SEEDS)) / "dropped.parquet")

    assert dropped.select("id", "reason", "kept_id").sort("id").rows() == [
        ("en/bridge.txt", "dedupe/near", "en/bridge-wire.txt"),
        ("tr/kedi.txt", "dedupe/exact", "tr/kedi-mobil.txt"),
    ]


def test_golden(request: pytest.FixtureRequest) -> None:
    """The clean text of every seed, and what each rule did to it, are as they were read and agreed on."""
    out = cleaned(SEEDS)
    documents = pl.concat(
        [
            pl.read_parquet(out, columns=["id", "text"]),
            pl.read_parquet(report_folder(out) / "dropped.parquet", columns=["id", "text"]),
        ]
    ).sort("id")
    hits = pl.read_parquet(report_folder(out) / "hits.parquet")
    parts = []
    for identity, text in documents.iter_rows():
        rows = hits.filter(pl.col("id") == identity).select("line", "action", "rule", "text", "replacement").rows()
        done = [f"  {line} {action} {rule} {text!r} {new!r}" for line, action, rule, text, new in rows]
        parts += [f"######## {identity}", *done, "----", text]
    found = "\n".join(parts) + "\n"
    if request.config.getoption("--update-golden"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(found, "utf-8", newline="")

    assert found == GOLDEN.read_bytes().decode("utf-8")
