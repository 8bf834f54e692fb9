"""What programs and shells ask for: JSON instead of pages, and completions."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

import cleanse
from cleanse.cli import main
from tests.runs import put

PAGE = "The kiln was lit before dawn.\nShare on Facebook\n"


def ask(*arguments: str, status: int = 0) -> Any:
    """Run a command with --json and read what it prints."""
    got = CliRunner().invoke(main, [*arguments, "--json"])
    assert got.exit_code == status, got.output
    return json.loads(got.stdout)


def test_rules_as_json() -> None:
    """`rules`, `rule` and `check` print what they show as one JSON value."""
    rules = ask("rules")
    assert {"id", "version", "title", "action", "languages"} <= rules[0].keys()
    polish = ask("rules", "--language", "pl")
    assert 0 < len(polish) < len(rules)
    assert all("pl" in rule["languages"] for rule in polish)
    share = ask("rule", "boilerplate/share")
    assert share["id"] == "boilerplate/share"
    assert {"hit", "miss"} == {example["kind"] for example in share["examples"]}
    assert [rule["id"] for rule in ask("rule", "dedupe")] == [
        rule["id"] for rule in rules if rule["id"].startswith("dedupe/")
    ]


def test_check_as_json(tmp_path: Path) -> None:
    """Faults are rows, and the status tells of them."""
    put(tmp_path, {"spam/mine.toml": "title = 'x'\nnonsense = 1\n"})
    found = ask("check", str(tmp_path), status=2)
    assert "nonsense" in {fault["field"] for fault in found["faults"]}
    assert {"file", "field", "reason", "hint"} == found["faults"][0].keys()


def test_outs_as_json(tmp_path: Path) -> None:
    """`why`, `diff` and `rules --out` print rows."""
    put(tmp_path, {"in/a.txt": PAGE, "in/b.txt": PAGE})
    out, other = str(tmp_path / "out.parquet"), str(tmp_path / "other.parquet")
    cleanse.run(tmp_path / "in", out)
    cleanse.run(tmp_path / "in", other, ignore="boilerplate")
    kept = ask("why", out, "a.txt")
    assert (kept["text"], kept["as_read"]) == ("The kiln was lit before dawn.\n", PAGE)
    assert [(hit["rule"], hit["line"]) for hit in kept["hits"]] == [("boilerplate/share", 1)]
    assert (ask("why", out, "b.txt")["reason"], ask("why", out, "b.txt")["kept_id"]) == ("dedupe/exact", "a.txt")
    found = ask("diff", out, other)
    assert [(row["rule"], row["hits_a"], row["hits_b"]) for row in found["rules"]] == [("boilerplate/share", 2, 0)]
    assert "boilerplate/share" in {row["rule"] for row in ask("rules", "--out", out)}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completions(shell: str) -> None:
    """The script of each shell is printed, whichever shells are here; a shell that is here can read it."""
    got = CliRunner().invoke(main, ["completions", shell])
    assert got.exit_code == 0
    assert "_CLEANSE_COMPLETE" in got.stdout
    if found := shutil.which(shell):
        subprocess.run([found, "-n"], input=got.stdout, text=True, check=True)


def complete(line: str, place: int) -> list[str]:
    """Ask for what completes the last word of a line, as the script of bash does."""
    asked = {**os.environ, "_CLEANSE_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(place)}
    code = "import sys; sys.argv[0] = 'cleanse'; from cleanse.cli import main; main(prog_name='cleanse')"
    got = subprocess.run([sys.executable, "-c", code], env=asked, capture_output=True, text=True, check=False)
    return got.stdout.split()


def test_words_that_are_completed() -> None:
    """Commands, options, rules, families and files."""
    assert "plain,restore" in complete("cleanse res", 1)
    assert "plain,boilerplate/share" in complete("cleanse rule boilerplate/sh", 2)
    assert "plain,dedupe" in complete("cleanse run --ignore ded", 3)
    assert complete("cleanse run see", 2) == ["file,see"]


@pytest.mark.parametrize(
    "content",
    [
        b'{"page": {"text": "a", "lang": "en"}, "pages": 1}\n',
        b"page,page.text,page.lang,pages\na,b,c,d\n",
        pl.DataFrame({"page": [{"text": "a", "lang": "en"}], "pages": [1]}),
    ],
    ids=["a.jsonl", "a.csv", "a.parquet"],
)
def test_columns_that_are_completed(
    tmp_path: Path, request: pytest.FixtureRequest, content: bytes | pl.DataFrame
) -> None:
    """The columns of INPUT are completed, and fields of structs by their path; without one nothing is."""
    path = tmp_path / request.node.callspec.id
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        content.write_parquet(path)
    found = complete(f"cleanse run {path} --text-column page", 4)
    assert found == ["plain,page", "plain,page.text", "plain,page.lang", "plain,pages"]
    assert complete("cleanse run nowhere.jsonl --text-column t", 4) == []
