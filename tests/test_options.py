"""What a user may choose is one model: the command, `run` and `clean` are made from it."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any, Self

import click
import polars as pl
import pytest
from pydantic import ValidationError, model_validator

import cleanse
from cleanse import cli
from cleanse.errors import OptionError
from cleanse.options import Options, flag_of, listed, on_command_line
from tests.runs import run, table

# Of each option a value that is not its default, as Python and as the command line say it.
VALUES: dict[str, tuple[Any, list[str]]] = {
    "select": (("encoding", "spam/*"), ["--select", "encoding", "--select", "spam/*"]),
    "ignore": (("dedupe",), ["--ignore", "dedupe"]),
    "rules": ((Path("mine"),), ["--rules", "mine"]),
    "profile": ("c4", ["--profile", "c4"]),
    "duplicates": (False, ["--no-dedupe"]),
    "against": (Path("old.parquet"), ["--against", "old.parquet"]),
    "pages": ("always", ["--pages", "always"]),
    "strip_spam": (True, ["--strip-spam"]),
    "drop_spam": (0.8, ["--drop-spam", "0.8"]),
    "language": (("en", "zh-Hant"), ["--language", "zh-hant,en"]),
    "min_precision": (0.9, ["--min-precision", "0.9"]),
    "verdicts": (Path("said.jsonl"), ["--verdicts", "said.jsonl"]),
    "include": (("*.txt",), ["--include", "*.txt"]),
    "exclude": (("draft*",), ["--exclude", "draft*"]),
    "text_column": ("body", ["--text-column", "body"]),
    "id_column": ("nr", ["--id-column", "nr"]),
    "url_column": ("address", ["--url-column", "address"]),
    "number_rows": (True, ["--number-rows"]),
    "limit": (7, ["--limit", "7"]),
    "sample": (5, ["--sample", "5"]),
    "seed": (2, ["--seed", "2"]),
    "workers": (3, ["--workers", "3"]),
    "engine": ("ray", ["--engine", "ray"]),
    "ray_address": ("10.0.0.1:6379", ["--ray-address", "10.0.0.1:6379"]),
    "strict": (True, ["--strict"]),
    "overwrite": (True, ["--overwrite"]),
    "report": (Path("clean.report"), ["--report", "clean.report"]),
    "restart": (True, ["--restart"]),
    "shard_mb": (8.0, ["--shard-mb", "8"]),
    "out_mb": (100.0, ["--out-mb", "100"]),
}


def parse(*arguments: str) -> dict[str, Any]:
    """Give what the command line makes of arguments."""

    @on_command_line
    @click.command()
    def command(**_: Any) -> None: ...

    return command.make_context("run", list(arguments)).params


def test_the_command_line_and_python_say_the_same() -> None:
    """Every option but those for Python only has a flag; both ways give the same options, and nothing said gives the defaults."""
    assert [name for name, _, shown in listed() if shown.command] == list(VALUES)
    assert Options.of(parse()) == Options()
    for left_out in ("id_column", "number_rows"):  # these two contradict each other
        values = {name: one for name, one in VALUES.items() if name != left_out}
        said = Options.of(parse(*[word for _, words in values.values() for word in words]))
        assert said == Options.of({name: value for name, (value, _) in values.items()})
        assert all(getattr(said, name) == value != getattr(Options(), name) for name, (value, _) in values.items())


def test_run_and_clean_show_their_options() -> None:
    """`help(cleanse.run)` names each option with its default, and `clean` those that concern one document."""
    shown = inspect.signature(cleanse.run).parameters
    assert [name for name in shown if name in Options.model_fields] == list(Options.model_fields)
    assert all(shown[name].default == field.default for name, field, _ in listed())
    names = ["select", "ignore", "rules", "profile", "pages", "strip_spam", "drop_spam", "language"]
    assert list(inspect.signature(cleanse.clean).parameters) == ["frame", "text", *names]
    assert {flag_of(name, one) for name, _, one in listed() if one.command} == {
        option
        for parameter in cli.main.commands["run"].params
        for option in parameter.opts
        if option not in ("inputs", "out", "--quiet", "--json-log", "--dry-run", "--show-settings")
    }


def test_one_name_is_a_list_of_one() -> None:
    """`select="encoding"` was read letter by letter."""
    one = Options.of({"select": "encoding", "ignore": "spam", "rules": "mine", "language": "hi, EN"})
    assert (one.select, one.ignore, one.rules, one.language) == (
        ("encoding",),
        ("spam",),
        (Path("mine"),),
        ("en", "hi"),
    )


@pytest.mark.parametrize(
    ("chosen", "function", "message"),
    [
        ({"workers": 0}, "run", "--workers must be 1 or more: 0"),
        ({"drop_spam": 0}, "run", "--drop-spam must be above 0: 0"),
        ({"drop_spam": 1.5}, "run", "--drop-spam must be at most 1: 1.5"),
        ({"workers": "many"}, "run", "--workers: input should be a valid integer, .*: 'many'"),
        ({"language": "hindi,en"}, "run", "--language: not the tag of a language, such as hi, pt or zh-Hant: hindi"),
        ({"text_column": "\ud800"}, "run", "--text-column: a column's name is not UTF-8"),
        ({"shard_bytes": 0}, "run", "shard_bytes must be 1 or more: 0"),
        ({"workers": 0, "drop_spam": 2}, "run", "--drop-spam must be at most 1: 2; --workers must be 1 or more: 0"),
        ({"ignored": ["spam"]}, "run", "`run` has no such option: ignored\n  hint: did you mean ignore"),
        ({"zeal": 1}, "clean", "`clean` has no such option: zeal\n  hint: there are drop_spam, ignore"),
        ({"workers": 2}, "clean", "`clean` has no such option: workers\n  hint: it is an option of `run`"),
    ],
)
def test_what_makes_no_sense_is_refused(chosen: dict[str, Any], function: str, message: str) -> None:
    """The message names the option as it is written, says what is wrong, and shows the value."""
    with pytest.raises(OptionError, match=message):
        Options.of(chosen, function=function)


def test_options_do_not_change() -> None:
    """A run cannot change what was chosen."""
    with pytest.raises(ValidationError):
        Options().workers = 2  # type: ignore[misc]


def test_what_can_change_the_result_is_told() -> None:
    """Defaults and what only concerns the way of working are left out, so that a new option changes no digest of old runs."""
    assert Options(workers=4, strict=True, overwrite=True, shard_bytes=9).result() == {}
    assert Options.of({"select": ["spam", "dedupe"], "drop_spam": 0.5, "duplicates": False}).result() == {
        "select": ["dedupe", "spam"],
        "duplicates": False,
        "drop_spam": 0.5,
    }


def test_clean_and_run_mean_the_same(tmp_path: Path) -> None:
    """The same options give the same text, language, flags and reasons, row by row; also a folder of rules, and languages to keep."""
    rule = tmp_path / "rules" / "boilerplate" / "mill.toml"
    rule.parent.mkdir(parents=True)
    rule.write_text(RULE, "utf-8")
    texts = {
        "0.txt": "Miller's mark\nThe ferry stopped on Monday because its engine gave up.",
        "1.txt": "Die Fähre blieb am Montag stehen, weil der Motor aufgab.\nTeilen",
        "2.txt": "F\u00c3\u00bcr dich",
    }
    chosen: dict[str, Any] = {
        "rules": tmp_path / "rules",
        "select": ["boilerplate/mill", "language"],
        "ignore": "encoding",
        "language": "en",
    }
    result = run(tmp_path, texts, **chosen)
    frame = pl.LazyFrame({"text": list(texts.values())}).pipe(cleanse.clean, **chosen).collect()
    kept = pl.read_parquet(result.out)
    shown = ["text", "language", "language_score", "flags", "chars_in", "chars_out"]

    assert frame.filter(pl.col("dropped_by").is_null()).select(shown).rows() == kept.select(shown).rows()
    assert kept["text"].to_list() == ["The ferry stopped on Monday because its engine gave up."]
    assert frame["dropped_by"].drop_nulls().to_list() == table(result, "dropped")["reason"].to_list()


RULE = """\
title = "Mark of a miller"
why = "A mark that stands alone on a line says nothing."
since = "0.1.0"
status = "stable"
scope = "line"
action = "strip"
severity = "low"
risk = "A list of marks could lose one of them."
max_chars = 40
literals = ["miller's mark"]
patterns = ['^{literals}$']
"""


def test_the_package_shows_what_it_has() -> None:
    """`dir(cleanse)` hid `run` and `clean` until they were used."""
    assert set(cleanse.__all__) <= set(dir(cleanse))


def test_a_result_is_short(tmp_path: Path) -> None:
    """`Result` printed its whole summary."""
    result = run(tmp_path, {"a.txt": "The ferry stopped."}, select="dedupe")
    assert repr(result) == (
        f"Result(out='{tmp_path}/out.parquet', report='{tmp_path}/out.report', read=1, kept=1, dropped=0, quarantined=0)"
    )


def test_options_that_contradict_each_other_are_refused() -> None:
    """A check of several options together says its own sentence."""

    class Checked(Options):
        @model_validator(mode="after")
        def check(self) -> Self:
            if self.strict and self.overwrite:
                raise ValueError("--strict and --overwrite contradict each other")
            return self

    with pytest.raises(OptionError, match=r"^--strict and --overwrite contradict each other\n  hint: "):
        Checked.of({"strict": True, "overwrite": True})
