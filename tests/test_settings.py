"""Options in a file: found upwards, checked, shown, recorded, and overruled by the command line."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from cleanse.cli import main
from cleanse.errors import OptionError
from cleanse.settings import find_settings
from tests.runs import put

PAGE = "The kiln was lit before dawn.\nShare on Facebook\n"


def invoke(*arguments: str) -> Result:
    """Run a command."""
    return CliRunner().invoke(main, list(arguments))


def test_names_of_settings(tmp_path: Path) -> None:
    """Names are those of the flags or of Python, a flag that says no turns its option off, and paths are relative to the file."""
    text = 'no-dedupe = true\nstrip_spam = true\nlanguage = "hi,en"\nrules = ["mine"]\ndrop-spam = 0.5\n'
    put(tmp_path, {"cleanse.toml": text})
    found = find_settings(tmp_path)
    assert found.path == tmp_path / "cleanse.toml"
    assert found.values == {
        "duplicates": False,
        "strip_spam": True,
        "language": ("en", "hi"),
        "rules": (tmp_path / "mine",),
        "drop_spam": 0.5,
    }


def test_the_nearest_file_counts(tmp_path: Path) -> None:
    """The search goes upwards; a pyproject without our table is passed over, and cleanse.toml comes first in its folder."""
    put(tmp_path, {
        "cleanse.toml": "limit = 1\n",
        "a/pyproject.toml": "[tool.other]\nx = 1\n",
        "a/b/pyproject.toml": "[tool.cleanse]\nlimit = 2\n",
        "a/b/c/cleanse.toml": "limit = 3\n",
        "a/b/c/pyproject.toml": "[tool.cleanse]\nlimit = 4\n",
        "a/b/c/d/broken/pyproject.toml": "no toml",
    })  # fmt: skip
    for folder, limit in ((".", 1), ("a", 1), ("a/b", 2), ("a/b/c", 3), ("a/b/c/d/broken", 3)):
        assert find_settings(tmp_path / folder).values == {"limit": limit}


@pytest.mark.parametrize(
    ("text", "message"),
    {
        "strip-span = true": "`strip-span` is no option.*\n.*did you mean strip-spam",
        "workers = 0": "--workers must be 1 or more: 0",
        "drop-spam = 'much'": "--drop-spam: ",
        "shard_bytes = 5": "`shard_bytes` is no option",
        "seed = 1": "--seed without --sample",
        "workers": "not TOML: ",
    }.items(),
)
def test_settings_that_are_wrong(tmp_path: Path, text: str, message: str) -> None:
    """What is wrong is said with the file."""
    put(tmp_path, {"cleanse.toml": text})
    with pytest.raises(OptionError, match=message) as caught:
        find_settings(tmp_path)
    assert str(tmp_path / "cleanse.toml") in str(caught.value)


def test_a_run_takes_its_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run obeys the file, the command line wins, and OUT records what counted."""
    put(
        tmp_path,
        {"cleanse.toml": 'ignore = ["boilerplate"]\nno-dedupe = true\nlimit = 2\n', "in/a.txt": PAGE, "in/b.txt": PAGE},
    )
    (tmp_path / "deep").mkdir()
    monkeypatch.chdir(tmp_path / "deep")
    assert invoke("run", "../in", "out.parquet", "--quiet").exit_code == 0
    assert pl.read_parquet("out.parquet")["text"].to_list() == [PAGE, PAGE]
    recorded = json.loads(pl.read_parquet_metadata("out.parquet")["cleanse.settings"])
    assert recorded == {"ignore": ["boilerplate"], "duplicates": False, "limit": 2}
    assert invoke("run", "../in", "one.parquet", "--quiet", "--limit", "1", "--ignore", "quality").exit_code == 0
    assert pl.read_parquet("one.parquet")["text"].to_list() == [PAGE.removesuffix("Share on Facebook\n")]
    assert "[-Share" not in invoke("explain", PAGE).stdout


def test_settings_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--show-settings` needs no INPUT, and says of each option where it comes from."""
    put(tmp_path, {"cleanse.toml": "strip-spam = true\nlanguage = ['hi', 'en']\n"})
    monkeypatch.chdir(tmp_path)
    lines = invoke("run", "--show-settings", "--limit", "5").stdout.splitlines()
    assert lines[0] == f"settings   {tmp_path / 'cleanse.toml'}"
    shown = {line.split()[0]: line.split(maxsplit=1)[1] for line in lines[1:]}
    assert shown["--strip-spam"] == "file          true"
    assert shown["--language"] == "file          en, hi"
    assert shown["--limit"] == "command line  5"
    assert shown["--pages"] == "default       auto"
    assert invoke("run", "--strict").exit_code == 2  # an argument that is missing is an error as before
