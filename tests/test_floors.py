"""Figures that may only rise: what `benchmarks/floors.py` accepts and refuses."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"
spec = importlib.util.spec_from_file_location("floors", BENCHMARKS / "floors.py")
assert spec is not None
assert spec.loader is not None
floors = importlib.util.module_from_spec(spec)
spec.loader.exec_module(floors)

FLOOR = {"pattern": r"^right: (\d+)", "value": 10, "better": "higher", "digest": "d"}


@pytest.mark.parametrize(
    ("printed", "digest", "update", "allow", "value", "well"),
    [
        ("right: 10", "d", False, False, 10, True),
        ("right: 9", "d", False, False, 10, False),
        ("right: 12", "d", True, False, 12, True),
        ("right: 9", "d", True, False, 10, False),
        ("right: 9", "d", True, True, 9, True),
        ("right: 10", "other", False, False, 10, False),
    ],
)
def test_a_floor_rises_and_falls_only_when_asked(
    printed: str, digest: str, *, update: bool, allow: bool, value: float, well: bool
) -> None:
    """A worse figure is refused, also under --update; only --allow-regression lowers a floor; changed data is told."""
    kept, _, good = floors.judge_floor(FLOOR, printed, digest, update=update, allow=allow)
    assert (kept["value"], good) == (value, well)


def test_a_figure_that_is_not_printed_is_an_error() -> None:
    """A pattern that finds nothing says so; it does not pass."""
    with pytest.raises(SystemExit, match="nothing printed matches"):
        floors.read_figure("left: 3", r"^right: (\d+)")


def test_each_floor_names_its_command_its_data_and_one_figure() -> None:
    """The file of floors is whole: scripts that exist, patterns with one group, digests of the data."""
    for name, floor in json.loads((BENCHMARKS / "floors.json").read_text("utf-8")).items():
        assert set(floor) == {"command", "pattern", "data", "digest", "value", "better"}, name
        assert (BENCHMARKS.parent / floor["command"][0]).exists(), name
        assert re.compile(floor["pattern"]).groups == 1, name
        assert re.fullmatch("[0-9a-f]{64}", floor["digest"]), name
        assert floor["better"] in ("higher", "lower"), name
