"""Shared by all tests: where the real data is, and the option that rewrites golden files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
DATA = Path(os.environ.get("CLEANSE_DATA", SHARED / "data"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="Rewrite golden files; read the diff before you commit."
    )


# A landing must not hang on the luck of one draw: in CI the examples are the same every time, elsewhere they are new.
settings.register_profile("ci", derandomize=True, database=None)
if os.environ.get("CI"):
    settings.load_profile("ci")


@pytest.fixture(autouse=True)
def _no_progress(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Keep lines of progress out of stderr, which come when a slow machine takes long; tests of progress have them."""
    if "progress" not in request.path.name:
        monkeypatch.setattr("cleanse.progress.PAUSE", float("inf"))
