"""The blocks of docs/pre-step.md and docs/steps/ run as they stand, each where its library is installed."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

import cleanse

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGES = [DOCS / "pre-step.md", *sorted((DOCS / "steps").glob("*.md"))]
ALSO_NEEDED = {"ray": ["ray", "pandas"]}
SLOW = ("ray", "airflow", "prefect")
BLOCKS = [
    pytest.param(
        library,
        block,
        id=f"{page.stem}-{library}-{number}",
        marks=[pytest.mark.slow] if library in SLOW else [],
    )
    for page in PAGES
    for number, (library, block) in enumerate(
        re.findall(r"```python (\w+)\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    )
]


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clean one page in English."""
    folder = tmp_path_factory.mktemp("pre")
    (folder / "in").mkdir()
    (folder / "in" / "a.txt").write_text(
        "The old ferry stopped in the middle of the bay on Monday morning, and the crew waited for a tug.", "utf-8"
    )
    cleanse.run(folder / "in", folder / "out.parquet", select=["encoding"])
    return folder / "out.parquet"


def test_no_block_is_left_out() -> None:
    """Each block of Python names its library, so that it is a test."""
    assert [page.name for page in PAGES if re.search(r"```python\n", page.read_text("utf-8"))] == []


@pytest.mark.filterwarnings("ignore")  # other libraries warn about themselves
@pytest.mark.parametrize(("library", "block"), BLOCKS)
def test_block(library: str, block: str, out: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The block runs without an error, and what it asserts holds."""
    for name in {*ALSO_NEEDED.get(library, [library]), *re.findall(r"^(?:import|from) (\w+)", block, re.MULTILINE)} - {
        "cleanse"
    }:
        pytest.importorskip(name)
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    exec(compile(block, f"docs: {library}", "exec"), {"out": str(out), "__name__": "docs"})


def test_make(tmp_path: Path) -> None:
    """The rule of make is one: it names what it makes and how."""
    (rule,) = re.findall(r"```make\n(.*?)```", (DOCS / "steps" / "schedulers.md").read_text("utf-8"), re.DOTALL)
    (tmp_path / "Makefile").write_text(rule, "utf-8")
    done = subprocess.run(
        ["make", "-n", "--no-print-directory"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == "cleanse run pages/ clean.parquet --strict --overwrite --quiet\n"
