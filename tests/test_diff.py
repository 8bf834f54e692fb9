"""What differs between two runs, or between a run and another tool's Parquet: by document, line, rule and language."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

import cleanse
from cleanse.cli import main
from cleanse.diff import compare_outs, describe_difference, write_page, write_tables
from cleanse.errors import InputError
from cleanse.passes.job import Result
from tests.runs import put, run

SHARE = "boilerplate/share"
PROSE = "The harbour office opens at nine, and the ferry leaves when the tide allows it.\n"
GERMAN = "Das Hafenamt öffnet um neun, und die Fähre legt ab, wenn die Flut es erlaubt.\n"
FILES = {
    "a.txt": f"{PROSE}Share on Facebook\n/img/harbour-1.jpg\n",
    "b.txt": f"{GERMAN}{GERMAN}Auf Facebook teilen\nAuf Facebook teilen\n",
    "c.txt": PROSE * 2,
    "d.txt": PROSE * 2,
    "e.txt": f"Read me\u200b now. {PROSE}",
}
ALL = {"select": [SHARE, "boilerplate/image-path", "dedupe", "encoding/zero-width-space"]}
SOME = {"select": ["boilerplate/image-path", "encoding/zero-width-space"]}


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Result]:
    """Give two runs over the same files: A has the rule on share buttons and looks for duplicates, B does neither."""
    folder = tmp_path_factory.mktemp("two")
    return run(folder / "a", FILES, **ALL), run(folder / "b", FILES, **SOME)


def test_documents_are_counted_by_their_fate(two: tuple[Result, Result]) -> None:
    """Two texts differ, one document is dropped by A only, two are the same."""
    found = compare_outs(two[0].out, two[1].out)
    assert found.counts == {"same": 2, "changed": 2, "only_a": 0, "only_b": 1, "neither": 0}
    assert found.reasons.rows() == [("dedupe/exact", "kept", "en", 1, len(PROSE) * 2)]
    assert found.changes.select("id", "reason_a", "reason_b", "text").rows() == [
        ("a.txt", "kept", "kept", "changed"),
        ("b.txt", "kept", "kept", "changed"),
        ("d.txt", "dedupe/exact", "kept", "only_b"),
    ]


def test_hits_are_counted_by_rule_and_language(two: tuple[Result, Result]) -> None:
    """The rule that one run lacks shows in each language, the other rules do not show at all."""
    found = compare_outs(two[0].out, two[1].out)
    shown = found.rules.select("rule", "language", "action", "documents", "hits_a", "hits_b", "characters_a")
    assert shown.rows() == [
        (SHARE, "de", "strip", 1, 2, 0, 38),
        (SHARE, "en", "strip", 1, 1, 0, 17),
        ("dedupe/exact", "en", "drop", 1, 1, 0, len(PROSE) * 2),
    ]
    back = compare_outs(two[1].out, two[0].out)
    assert back.rules.select("rule", "hits_a", "hits_b").rows()[0] == (SHARE, 0, 2)


def test_lines_that_one_side_has(two: tuple[Result, Result]) -> None:
    """A line that stands twice more counts twice, and the rule that took it is named; lines of both sides are not there."""
    found = compare_outs(two[0].out, two[1].out)
    assert found.lines.rows() == [
        ("a.txt", "en", "Share on Facebook", 0, 1, SHARE),
        ("b.txt", "de", "Auf Facebook teilen", 0, 2, SHARE),
    ]
    assert found.by_language.rows() == [("en", 1, 0, 1, 0, 1, 0, 17), ("de", 1, 0, 0, 0, 2, 0, 38)]


def test_a_run_does_not_differ_from_itself(two: tuple[Result, Result]) -> None:
    """Where nothing differs the text says so, and no table is shown."""
    found = compare_outs(two[0].out, two[0].out)
    assert (found.rules.height, found.changes.height, found.lines.height, found.versions.height) == (0, 0, 0, 0)
    assert describe_difference(found).endswith("nothing differs")


def test_a_changed_rule_shows_with_both_versions(tmp_path: Path) -> None:
    """A rule of the same id in a folder of yours replaces ours: the difference is that rule alone."""
    source = put(tmp_path / "in", FILES)
    mine = tmp_path / "rules" / "boilerplate" / "image-path.toml"
    mine.parent.mkdir(parents=True)
    ours = Path(cleanse.load_rules.__code__.co_filename).parents[2] / "rules/boilerplate/image-path.toml"
    mine.write_text(
        "replaces = true\n" + ours.read_text("utf-8").replace('action = "strip"', 'action = "flag"'), "utf-8"
    )
    a = cleanse.run(source, tmp_path / "a.parquet")
    b = cleanse.run(source, tmp_path / "b.parquet", rules=[tmp_path / "rules"])
    found = compare_outs(a.out, b.out)
    assert found.rules.select("rule", "action", "hits_a", "hits_b").rows() == [
        ("boilerplate/image-path", "flag", 0, 1),
        ("boilerplate/image-path", "strip", 1, 0),
    ]
    assert found.versions["rule"].to_list() == ["boilerplate/image-path"]
    assert found.versions["version_a"].item() != found.versions["version_b"].item()


def test_samples_stand_side_by_side(two: tuple[Result, Result]) -> None:
    """On a terminal each sample shows the line as both runs treat it."""
    text = describe_difference(compare_outs(two[0].out, two[1].out))
    assert (
        "  only in A: a.txt, line 1\n    A [-Share on Facebook-]   (boilerplate/share)\n    B Share on Facebook\n"
        in text
    )
    assert "    A (dropped by dedupe/exact; drop by dedupe/exact) The harbour" in text
    assert "    B (kept; not hit) The harbour" in text


def foreign(path: Path, texts: dict[str, str], **columns: str) -> Path:
    names = {"id": "id", "text": "text", **columns}
    pl.DataFrame({names["id"]: list(texts), names["text"]: list(texts.values())}).write_parquet(path)
    return path


def test_another_tools_parquet(two: tuple[Result, Result], tmp_path: Path) -> None:
    """Of another tool the texts are compared by id: what it keeps that a rule of ours takes, and what it takes."""
    theirs = {
        "a.txt": f"  {PROSE}\n\nShare on Facebook",
        "b.txt": f"{GERMAN}{GERMAN}",
        "c.txt": f"{PROSE}",
        "d.txt": PROSE * 2,
    }
    found = compare_outs(two[0].out, foreign(tmp_path / "t.parquet", theirs, id="doc", text="body"), id_column="doc", text_column="body")  # fmt: skip
    assert found.counts == {"same": 1, "changed": 2, "only_a": 1, "only_b": 1, "neither": 0}
    assert found.lines.rows() == [
        ("a.txt", "en", "Share on Facebook", 0, 1, SHARE),
        ("c.txt", "en", PROSE.strip(), 1, 0, None),
    ]
    assert found.reasons.select("reason_a", "reason_b", "documents").rows() == [
        ("dedupe/exact", "kept", 1),
        ("kept", "absent", 1),
    ]
    text = describe_difference(found)
    assert "only in B (en, taken by boilerplate/share): Share on Facebook" in text


@pytest.mark.parametrize(
    ("other", "options", "message"),
    [
        ({"x": "y"}, {}, "the two have no id in common"),
        ({"a.txt": "y"}, {"id_column": "doc"}, "no column doc: .*there are id, text"),
        (None, {}, "no such OUT"),
        (b"no", {}, "not Parquet"),
    ],
)
def test_what_cannot_be_compared(
    two: tuple[Result, Result], tmp_path: Path, other: object, options: dict[str, str], message: str
) -> None:
    """An error says which side is wrong, and how to name its columns."""
    path = tmp_path / "t.parquet"
    if isinstance(other, dict):
        foreign(path, other)
    elif isinstance(other, bytes):
        path.write_bytes(other)
    with pytest.raises(InputError, match=re.compile(message, re.DOTALL)):
        compare_outs(two[0].out, path, **options)


def test_ids_that_occur_twice_are_named(two: tuple[Result, Result], tmp_path: Path) -> None:
    """Rows of another tool that share an id cannot be paired."""
    pl.DataFrame({"id": ["a.txt", "a.txt"], "text": ["x", "y"]}).write_parquet(tmp_path / "t.parquet")
    with pytest.raises(InputError, match=r"2 rows share their id: .*a\.txt"):
        compare_outs(two[0].out, tmp_path / "t.parquet")


def test_a_folder_is_compared_as_a_file(two: tuple[Result, Result], tmp_path: Path) -> None:
    """An OUT in parts is the same as one file."""
    out = cleanse.run(put(tmp_path / "in", FILES), tmp_path / "folder", **ALL).out
    assert compare_outs(two[0].out, out).counts["same"] == 4


def test_the_command_writes_page_and_tables(two: tuple[Result, Result], tmp_path: Path) -> None:
    """`cleanse diff` prints, and writes a page and four tables; twice the same bytes."""
    arguments = [str(two[0].out), str(two[1].out), "--page", str(tmp_path / "d.html"), "--parquet", str(tmp_path / "t")]
    done = CliRunner().invoke(main, ["diff", *arguments])
    assert done.exit_code == 0
    assert f"wrote {tmp_path / 'd.html'}\n" in done.output
    paths = [tmp_path / "d.html", *sorted((tmp_path / "t").iterdir())]
    assert [path.name for path in paths] == [
        "d.html",
        "documents.parquet",
        "hits.parquet",
        "lines.parquet",
        "rules.parquet",
    ]
    before = [path.read_bytes() for path in paths]
    CliRunner().invoke(main, ["diff", *arguments])
    assert [path.read_bytes() for path in paths] == before
    assert pl.read_parquet(tmp_path / "t" / "hits.parquet").height == 4


def test_hostile_texts_stay_texts(tmp_path: Path) -> None:
    """Markup in a text or an id is shown, and neither the page nor the terminal obeys it."""
    bad = "<script>document.title='owned'</script>"
    files = {"rows.jsonl": f'{{"id": "<b>{bad}", "text": "{PROSE.strip()}\\nShare on Facebook {bad}\\u001b[2J"}}\n'}
    rules = tmp_path / "rules" / "boilerplate" / "all.toml"
    rules.parent.mkdir(parents=True)
    ours = Path(cleanse.load_rules.__code__.co_filename).parents[2] / "rules/boilerplate/image-path.toml"
    text = re.sub(r"(?s)\[\[(hit|miss)\]\].*", "", ours.read_text("utf-8"))
    rules.write_text(re.sub(r"(?s)patterns = \[.*?\n\]", "patterns = ['^Share']", text), "utf-8")
    a = cleanse.run(put(tmp_path / "in", files), tmp_path / "a.parquet", select=["boilerplate/image-path"])
    pl.DataFrame({"id": [f"<b>{bad}"], "text": [f"Share on {bad}\x1b[2J\nalso {bad}"]}).write_parquet(
        tmp_path / "t.parquet"
    )
    found = compare_outs(a.out, tmp_path / "t.parquet")
    source = write_page(found, tmp_path / "d.html").read_text("utf-8")
    assert "<script" not in source
    assert "&lt;script&gt;" in source
    assert "default-src 'none'" in source
    assert "\x1b" not in source + describe_difference(found)


def test_tables_of_a_foreign_side(two: tuple[Result, Result], tmp_path: Path) -> None:
    """Without a report on one side the tables of hits are there and empty."""
    found = compare_outs(two[0].out, foreign(tmp_path / "t.parquet", {"a.txt": "Other."}))
    paths = write_tables(found, tmp_path / "t")
    assert {path.stem: pl.read_parquet(path).height for path in paths}["hits"] == 0
