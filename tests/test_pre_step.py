"""The blocks of docs/pre-step.md run as they stand, each where its library is installed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import cleanse

PAGE = Path(__file__).resolve().parent.parent / "docs" / "pre-step.md"
BLOCKS = dict(re.findall(r"```python (\w+)\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL))
LIBRARIES = ("polars", "pyarrow", "pandas", "duckdb", "datasets", "datatrove")


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


def test_every_block_has_a_library() -> None:
    """No block of the page is left out."""
    assert tuple(BLOCKS) == LIBRARIES


@pytest.mark.parametrize("library", LIBRARIES)
def test_block(library: str, out: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The block runs without an error, and what it asserts holds."""
    pytest.importorskip(library)
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    exec(compile(BLOCKS[library], f"docs/pre-step.md: {library}", "exec"), {"out": str(out)})
