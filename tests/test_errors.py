"""What a user meets when something is wrong: one message with what, where and what next, and nothing half-written."""

from __future__ import annotations

import gzip
import os
import pickle
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

import cleanse
from cleanse.cli import main
from cleanse.errors import Fault, InputError, RuleError
from tests.runs import put

TEXT = "The harbour office opens at nine, and the ferry leaves when the tide allows it.\n"
GOOD = '{"text": "The ferry leaves at nine."}\n'


def call(*arguments: object) -> Result:
    """Call the command in this process; an exception that is not ours would be raised here."""
    return CliRunner().invoke(
        main, [os.fspath(a) if isinstance(a, Path) else str(a) for a in arguments], catch_exceptions=False
    )


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != "in")


BROKEN = {
    "empty file": ({"a.jsonl": "", "b.jsonl": GOOD}, 0),
    "empty text": ({"a.txt": ""}, 0),
    "empty Parquet": ({"a.parquet": b"", "b.jsonl": GOOD}, 1),
    "bad line": ({"a.jsonl": GOOD + "{\n" + GOOD}, 1),
    "lone surrogate": ({"a.jsonl": '{"text": "\\ud800"}\n' + GOOD}, 0),
    "not UTF-8": ({"a.jsonl": GOOD.encode() + b'{"text": "\xff"}\n'}, 0),
    "NUL": ({"a.jsonl": GOOD + "\0\0\n"}, 1),
    "null text": ({"a.jsonl": GOOD + '{"text": null}\n'}, 1),
    "number as text": ({"a.jsonl": GOOD + '{"text": 1}\n'}, 1),
    "only bad lines": ({"a.jsonl": "{\n}\n"}, 1),
    "cut gzip": ({"a.jsonl.gz": gzip.compress(GOOD.encode() * 99, 0)[:-50]}, 1),
    "damaged zst": ({"a.txt.zst": b"\x28\xb5\x2f\xfd garbage", "b.txt": TEXT}, 1),
    "noise": ({"a.txt": b"\x00\xff\xfe\x81\x00\x9d\xff", "b.txt": TEXT}, 1),
    "odd UTF-16": ({"a.txt": b"\xff\xfea", "b.txt": TEXT}, 1),
    "uneven table": ({"a.csv": "text,x\nHello there,1\nHello\n"}, 1),
    "open quotation": ({"a.csv": 'text,x\nHello there,1\n"Hello,2\n'}, 1),
    "broken link": ({"b.txt": TEXT}, 1),
    "header only": ({"a.csv": "text\n"}, 0),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_read_is_put_aside(tmp_path: Path, name: str) -> None:
    """A broken part gives status 1, a row in quarantine with a reason, and the rest is cleaned."""
    files, status = BROKEN[name]
    put(tmp_path / "in", files)
    if name == "broken link":
        (tmp_path / "in" / "a.txt").symlink_to("nowhere")
    got = call("run", tmp_path / "in", tmp_path / "out.parquet")
    assert (got.exit_code, left(tmp_path)) == (status, ["out.parquet", "out.report"])
    refused = pl.read_parquet(tmp_path / "out.report" / "quarantine.parquet")
    assert (refused.height > 0, refused["error"].null_count()) == (status == 1, 0)
    kept, dropped = (
        pl.read_parquet(tmp_path / "out.parquet"),
        pl.read_parquet(tmp_path / "out.report" / "dropped.parquet"),
    )
    assert got.output.startswith(f"read         {kept.height + dropped.height + refused.height} document")


@pytest.mark.parametrize("name", [name for name in BROKEN if BROKEN[name][1] and name != "broken link"])
def test_strict_refuses_it(tmp_path: Path, name: str) -> None:
    """Under --strict the same inputs give status 2, the place and the reason, and no OUT."""
    put(tmp_path / "in", BROKEN[name][0])
    got = call("run", tmp_path / "in", tmp_path / "out.parquet", "--strict")
    assert (got.exit_code, left(tmp_path)) == (2, [])
    assert got.stderr.startswith("error: ")
    assert "quarantined under --strict: a." in got.stderr
    assert got.stderr.endswith("\n  hint: mend the input, or run without --strict\n")


ERRORS = {
    "empty folder": ({}, (), "nothing to read"),
    "nothing known": ({"a.doc": "x"}, (), "nothing to read"),
    "same ids": (
        {"a.jsonl": '{"id": "k", "text": "x"}\n{"id": "k", "text": "y"}\n'},
        (),
        "1 id occurs more than once: k",
    ),
    "ids over files": (
        {"a.jsonl": '{"id": "é", "text": "x"}', "b.csv": "id,text\né,y\n"},
        (),
        "1 id occurs more than once: é",
    ),
    "no text in JSONL": ({"a.jsonl": '{"body": "x"}'}, (), "no column `text`; there are body: a.jsonl"),
    "no text in CSV": ({"a.csv": "body\nx\n"}, (), "no column `text`; there are body: a.csv"),
    "other text column": ({"a.csv": "text\nx\n"}, ("--text-column", "body"), "no column `body`; there are text: a.csv"),
    "unknown rule": ({"a.txt": TEXT}, ("--select", "boilerplat"), "boilerplat"),
    "unknown folder of rules": ({"a.txt": TEXT}, ("--rules", "/nowhere"), "/nowhere"),
    "text as id": ({"a.txt": TEXT}, ("--id-column", "text"), "one column cannot be both text and id: text"),
    "numbers and ids": (
        {"a.txt": TEXT},
        ("--id-column", "nr", "--number-rows"),
        "contradict each other",
    ),
    "column in other bytes": ({"a.txt": TEXT}, ("--text-column", "\udcff"), "a column's name is not UTF-8"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_bad_input_is_one_message(tmp_path: Path, name: str) -> None:
    """What cannot be done is one message with what, where and what next, status 2, and nothing is left."""
    files, options, message = ERRORS[name]
    got = call("run", put(tmp_path / "in", files), tmp_path / "out.parquet", *options)
    assert (got.exit_code, got.stdout, left(tmp_path)) == (2, "", [])
    assert got.stderr.startswith("error: ")
    assert message in got.stderr
    assert got.stderr.count("\n  hint: ") == 1


@pytest.mark.parametrize(
    "out", ["in/a.txt/out.parquet", "/proc/out.parquet", "/proc/self/out", "x" * 252, "x" * 300, ".", ""]
)
def test_an_out_that_cannot_be_written(tmp_path: Path, out: str) -> None:
    """An OUT that cannot be written is one message, whoever runs it."""
    put(tmp_path / "in", {"a.txt": TEXT})
    got = call("run", tmp_path / "in", tmp_path / out if out else out)
    assert (got.exit_code, left(tmp_path)) == (2, [])
    assert got.stderr.startswith(
        ("error: cannot write: ", "error: OUT has no name of its own", "error: this input is OUT")
    )


@pytest.mark.parametrize(
    "arguments", [[], ["run"], ["run", "x"], ["run", "a", "b", "--workers", "0"], ["runs"], ["restore", "x"]]
)
def test_bad_usage(arguments: list[str]) -> None:
    """Bad usage has status 2 and says how to use it."""
    got = call(*arguments)
    assert got.exit_code == 2
    assert "Usage: " in got.output


@pytest.mark.parametrize("command", ["restore", "why"])
def test_commands_about_an_out_that_is_not_there(tmp_path: Path, command: str) -> None:
    """Asking about an OUT that is not there is one message."""
    arguments = ["--to", tmp_path / "back"] if command == "restore" else ["a.txt"]
    got = call(command, tmp_path / "out.parquet", *arguments)
    assert (got.exit_code, got.stderr.startswith("error: "), list(tmp_path.iterdir())) == (2, True, [])


def test_an_error_leaves_an_older_out(tmp_path: Path) -> None:
    """A run that fails leaves the OUT of the run before as it was."""
    folder = put(tmp_path / "in", {"a.jsonl": GOOD})
    cleanse.run(folder, tmp_path / "out.parquet")
    before = (tmp_path / "out.parquet").read_bytes()
    put(folder, {"a.jsonl": '{"body": "x"}'})
    assert call("run", folder, tmp_path / "out.parquet", "--overwrite").exit_code == 2
    assert (left(tmp_path), (tmp_path / "out.parquet").read_bytes()) == (["out.parquet", "out.report"], before)


def test_an_error_in_a_worker(tmp_path: Path) -> None:
    """With several processes an error looks the same, and nothing is left."""
    put(tmp_path / "in", {"a.csv": "body\nx\n", "b.jsonl": GOOD * 9})
    with pytest.raises(InputError) as caught:
        cleanse.run(tmp_path / "in", tmp_path / "out.parquet", workers=2, shard_bytes=10)
    assert str(caught.value).startswith("no column `text`; there are body: a.csv\n  hint: ")
    assert left(tmp_path) == []


def test_the_real_command(tmp_path: Path) -> None:
    """The installed command takes names in any bytes and script, and prints no traceback."""
    folder = put(tmp_path / "файлы и [1] 'x'", {"a b.txt": TEXT, "港.jsonl": GOOD + "{\n"})
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff.txt")).write_text(TEXT * 2)
    command = [sys.executable, "-m", "cleanse", "run", folder, tmp_path / "out [1].parquet", "--quiet"]
    done = subprocess.run(command, capture_output=True, check=False, env={**os.environ, "LC_ALL": "C"})
    assert (done.returncode, done.stderr) == (1, b"")
    ids = pl.read_parquet(tmp_path / "out [1].parquet", glob=False)["id"].to_list()
    assert ids == ["a b.txt", "港.jsonl#0", r"\xff.txt"]
    wrong = subprocess.run([*command[:4], b"\xff.txt", "x"], capture_output=True, check=False, cwd=tmp_path)
    assert (wrong.returncode, wrong.stderr.count(b"Traceback"), wrong.stderr[:33]) == (
        2,
        0,
        b"error: no such file or folder: \\u"[:33],
    )


@pytest.mark.parametrize("error", [InputError("what", where="here", hint="next"), InputError("what")])
def test_errors_survive_the_way_from_a_worker(error: InputError) -> None:
    """An error that crosses processes says the same."""
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.what, again.where, again.hint) == (str(error), error.what, error.where, error.hint)


def test_faults_of_rules_are_listed_by_file() -> None:
    """All faults of all files stand in one message, in the order of the files."""
    faults = [Fault("b.toml", "why", "is empty", "say why"), Fault("a.toml", "", "is not TOML")]
    expected = "2 faults in the rule files\na.toml: is not TOML\nb.toml: why: is empty\n  hint: say why"
    assert str(RuleError(faults)) == expected


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("patterns = ['(?=a)b']\nliterals = ['ab']", "does not compile"),
        ("method = 'nope'\nmax_chars = 9\npatterns = ['^a$']", "no such method: nope"),
        ("action = 'drop'\nliterals = ['ab']\npatterns = ['^ab$']", "only a document can be dropped"),
    ],
)
def test_a_rule_that_cannot_run_is_refused_before_the_run(tmp_path, text, fault):
    """`run --rules` names the file and the fault of a rule that no stage could run, and there is no OUT."""
    folder = tmp_path / "rules" / "boilerplate"
    folder.mkdir(parents=True)
    head = """
title = "Line of a mill"
why = "It stands here so that a test has a rule to break."
since = "0.1.0"
status = "stable"
scope = "line"
severity = "low"
risk = "A line of a story that names a mill."
"""
    action = "" if text.startswith("action") else "action = 'strip'\n"
    (folder / "mill.toml").write_text(head + action + text, "utf-8")
    with pytest.raises(cleanse.CleanseError, match=f"(?s)boilerplate/mill.toml.*{fault}"):
        cleanse.run(put(tmp_path / "in", {"a.txt": "ab"}), tmp_path / "out.parquet", rules=[tmp_path / "rules"])
    assert not (tmp_path / "out.parquet").exists()
