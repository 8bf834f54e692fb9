"""What a person or a program is told while a run goes on."""

from __future__ import annotations

import io
import json

from click.testing import CliRunner

from cleanse.cli import main
from cleanse.progress import Step, choose_reporter, report_lines


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def test_lines_come_at_most_so_often():
    """The first step is the beginning; a line comes only after the pause, with what is left."""
    times = iter([0.0, 1.0, 6.0, 7.0, 12.0])
    stream = io.StringIO()
    report = report_lines(stream, lambda: next(times))
    for step in (
        Step("clean", 0, 4),
        Step("clean", 1, 4, 600, 6.0),
        Step("clean", 2, 4, 1200, 12.0),
        Step("assemble", 0, 2),
        Step("assemble", 1, 2),
    ):
        report(step)
    assert stream.getvalue().splitlines() == [
        "clean: 2 of 4 parts, 1 200 documents, 200 documents/s, 2.0 MB/s, 6 s left",
        "assemble: 1 of 2 parts, 5 s left",
    ]


def test_a_terminal_gets_a_bar_that_goes_away():
    """The bar names the pass and its speed, and the last line is free again."""
    stream = Terminal()
    report = choose_reporter(stream)
    for done in range(3):
        report(Step("clean", done, 2, 10 * done, 1.0 * done))
    assert "clean" in stream.getvalue()
    assert stream.getvalue().rpartition("\n")[2].strip("\r").endswith(("\x1b[2K", "\x1b[2K\x1b[?25h"))


def test_the_command_tells_its_steps_as_json(tmp_path):
    """Each step is a line of JSON on stderr; the last one has all documents."""
    (tmp_path / "in.jsonl").write_text('{"text": "The ferry stopped on Monday."}\n' * 3)
    done = CliRunner().invoke(main, ["run", "--json-log", str(tmp_path / "in.jsonl"), str(tmp_path / "out.parquet")])
    steps = [json.loads(line) for line in done.stderr.splitlines()]
    clean = [step for step in steps if step["step"] == "clean"]
    assert [(step["done"], step["total"], step["documents"]) for step in clean] == [(0, 1, 0), (1, 1, 3)]
    assert [step["step"] for step in steps][-1] == "assemble"
    assert clean[-1]["megabytes"] > 0
