"""`cleanse why`: what became of one document, line by line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import cleanse
from cleanse.errors import InputError
from cleanse.passes.job import Result
from cleanse.report import why as explanation
from cleanse.report.why import explain
from tests.runs import put, run, table

PROSE = "The harbour office opens at nine, and the ferry leaves when the tide allows it."
BRIDGE = "Nobody on the town council could say who had paid for the second bridge over the canal."
TURKISH = "Vapur, deniz izin verdiğinde sabah dokuzda iskeleden ayrılır."
RULES = ["boilerplate/image-path", "boilerplate/related-posts", "boilerplate/markup-residue", "spam/planted", "encoding", "quality", "dedupe"]  # fmt: skip
FILES = {
    "a.txt": f"one\n{PROSE}\ntwo\n/img/harbour-1.jpg\nfür\nthree\nfour\n{PROSE}",
    "line.txt": f"{TURKISH}\n<p>Hafen fÃ¼r\u200b alle</p>",
    "spam.txt": f"{TURKISH}\n- telefon takip programı telefon dinleme programı\n{TURKISH}",
    "twin.txt": f"{TURKISH * 2}",
    "twin-too.txt": f"{TURKISH * 2}",
    "empty.txt": "/img/harbour-1.jpg",
    "windows.txt": ("Паром отходит от причала в девять.\r\n" * 4).encode("cp1251"),
    "rows.jsonl": json.dumps({"id": "x\x1b[31m\u202e", "text": PROSE[:40]}) + "\n{\n",
    "long.txt": f"{PROSE * 9}<br>{PROSE * 9}",
    "odd.txt": b"\xff\xfea",
    "block.txt": f"{BRIDGE}\nRelated posts\n- Ten bridges that held\n\n- How a lock works\n{BRIDGE}",
}


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """Give a run that has each kind of outcome."""
    return run(tmp_path_factory.mktemp("run [1]"), FILES, select=RULES)


def test_a_kept_document(result: Result) -> None:
    """Lines that a rule touched stand with a neighbour on each side; what lies between is left out."""
    assert explain(result.out, "a.txt").splitlines() == [
        "a.txt   from a.txt",
        "kept; language en (0.99), spam score 0.00, 201 characters read, 182 written, stands for 1",
        "",
        "      ...",
        "    2 two",
        "    3 [-/img/harbour-1.jpg-]",
        "      ^ strip by boilerplate/image-path",
        "    4 für",
        "      ...",
    ]


def test_fixes_and_strips_in_one_line(result: Result) -> None:
    """A line shows each edit in its place: strips in [- -], fixes in [- -]{+ +}."""
    assert explain(result.out, "line.txt").splitlines()[3:] == [
        f"    0 {TURKISH}",
        "    1 [-<p>-]Hafen f[-Ã¼-]{+ü+}r[-⟨U+200B⟩-]{++} alle[-</p>-]",
        "      ^ strip by boilerplate/markup-residue",
        "      ^ fix by encoding/mojibake",
        "      ^ fix by encoding/zero-width-space",
        "      ^ strip by boilerplate/markup-residue",
    ]


def test_a_block_says_how_far_it_reaches_and_why(result: Result) -> None:
    """Below the heading of a block stand its lines and what ended it, as in blocks.parquet."""
    assert explain(result.out, "block.txt").splitlines()[3:] == [
        f"    0 {BRIDGE}",
        "    1 [-Related posts-]",
        "      ^ strip by boilerplate/related-posts",
        "        a block: lines 1 to 4, up to a line of prose",
        "    2 [-- Ten bridges that held-]",
        "      ^ strip by boilerplate/related-posts",
        "    3 ",
        "    4 [-- How a lock works-]",
        "      ^ strip by boilerplate/related-posts",
        f"    5 {BRIDGE}",
    ]
    assert table(result, "blocks").rows() == [("block.txt", "boilerplate/related-posts", 1, 4, "prose")]


def test_flags_and_signals(result: Result) -> None:
    """Spam stands in [? ?], and below it the rule that flagged it and the sum of its evidence, the biggest terms first."""
    lines = explain(result.out, "spam.txt").splitlines()
    assert lines[3:6] == [
        f"    0 {TURKISH}",
        "    1 [?- telefon takip programı telefon dinleme programı?]",
        "      ^ flag by spam/planted",
    ]
    assert re.fullmatch(r"      \^ spam/planted: \d+ points, characters 0 to 49", lines[6])
    terms = re.findall(r"([+-]\d+) [a-z]", lines[7])
    assert [abs(int(term)) for term in terms] == sorted((abs(int(term)) for term in terms), reverse=True)
    assert lines[8] == f"    2 {TURKISH}"


@pytest.mark.parametrize(
    ("identity", "lines"),
    [
        ("twin.txt", ["twin.txt   from twin.txt", "dropped by dedupe/exact", "its kept twin is twin-too.txt, similarity 1.000"]),
        ("empty.txt", ["empty.txt   from empty.txt", "dropped by quality/empty: visible_chars 0, at least 1 asked", "flag by dedupe/too-short: words 0, at least 5 asked", "", "    0 [-/img/harbour-1.jpg-]"]),
        ("x\x1b[31m\u202e", ["x⟨U+001B⟩[31m⟨U+202E⟩   from rows.jsonl"]),
    ],
)  # fmt: skip
def test_dropped_and_hostile(result: Result, identity: str, lines: list[str]) -> None:
    """A dropped document says why and for whom; an id cannot steer the terminal."""
    assert explain(result.out, identity).splitlines()[: len(lines)] == lines


def test_changes_of_the_whole_document(result: Result) -> None:
    """Charset and line ends have no line: they stand in front."""
    head, *lines = explain(result.out, "windows.txt").split("\n\n")[0].splitlines()[1:]
    assert head.startswith("kept; language ")
    assert lines == ["fix by encoding/charset: windows-1251 -> utf-8", "fix by encoding/line-ends: ␍␊ -> ␊"]


def test_an_untouched_document(result: Result) -> None:
    """Where nothing was done, the page says so."""
    assert explain(result.out, "twin-too.txt").split("\n\n")[1] == "no rule touched a line of it"


def test_a_hit_far_into_a_long_line(result: Result) -> None:
    """Long stretches are cut in their middle, so that every hit is on the page."""
    line = explain(result.out, "long.txt").splitlines()[3]
    text = PROSE * 9
    assert line == f"    0 {text[:120]} … {text[-120:]}[-<br>-]{text[:120]} … {text[-120:]}"


@pytest.mark.parametrize(
    ("identity", "message"),
    [
        ("odd.txt", "the document is in quarantine: odd.txt\n  hint: "),
        ("rows.jsonl#1", "the document is in quarantine: rows.jsonl#1\n  hint: not valid JSON"),
        (
            "rows.jsonl",
            "no such document in this OUT: rows.jsonl\n  hint: rows.jsonl has a row with the id x⟨U+001B⟩",
        ),
        ("twin2.txt", "no such document in this OUT: twin2.txt\n  hint: did you mean twin.txt"),
        ("zzz", "no such document in this OUT: zzz\n  hint: ids stand in the column id of OUT"),
    ],
)
def test_ids_that_are_not_there(result: Result, identity: str, message: str) -> None:
    """An id in quarantine gives the reason, and one that nobody has gives the nearest ones."""
    with pytest.raises(InputError) as caught:
        explain(result.out, identity)
    assert str(caught.value).startswith(message)


def test_out_of_somebody_else(tmp_path: Path) -> None:
    """What is no output of ours, or was changed since, is an error."""
    result = run(tmp_path, {"a.txt": f"/img/1.jpg\n{PROSE}"}, select=["boilerplate/image-path"])
    hits = table(result, "hits")
    hits.with_columns(line=9).cast(hits.schema).write_parquet(result.report / "hits.parquet")
    with pytest.raises(InputError, match="OUT and its report do not fit together"):
        explain(result.out, "a.txt")
    (result.report / "hits.parquet").unlink()
    with pytest.raises(InputError, match="not an output of cleanse with its report"):
        explain(result.out, "a.txt")


def test_out_may_be_a_folder(tmp_path: Path) -> None:
    """A folder of Parquet files answers as one file does."""
    source = put(tmp_path / "in", {"a.txt": PROSE})
    cleanse.run(source, tmp_path / "out", select=["quality"])
    assert explain(tmp_path / "out", "a.txt").startswith("a.txt   from a.txt\nkept; language en (")


NEAR = [
    f"Line {n} of the minutes says who spoke about bridge {n * 7} and what was asked of the {n}th ward."
    for n in range(30)
]


def test_a_dropped_twin_shows_its_difference(tmp_path: Path) -> None:
    """Of a near duplicate the page ends with the lines in which it and its kept twin differ, cut to the place."""
    ours = [*NEAR[:4], f"{'x' * 90} The mayor left at nine {'y' * 90}", *NEAR[5:], "Only here."]
    theirs = [
        *NEAR[:4],
        f"{'x' * 90} The mayor left at ten {'y' * 90}",
        *NEAR[5:],
        "More\u202e at the end, so that this one is kept.",
        "And more.",
    ]
    files = {"ours.txt": "\n".join(ours), "theirs.txt": "\n".join(theirs)}
    result = run(tmp_path, files, select=["dedupe"])
    assert table(result, "dropped").select("id", "reason", "kept_id").rows() == [
        ("ours.txt", "dedupe/near", "theirs.txt")
    ]
    assert explain(result.out, "ours.txt").split("\n\n")[2].splitlines() == [
        "difference from its kept twin theirs.txt: - only here, + only there",
        f"    - … {'x' * 41} The mayor left at nine {'y' * 59} …",
        f"    + … {'x' * 41} The mayor left at ten {'y' * 59} …",
        "    - Only here.",
        "    + More⟨U+202E⟩ at the end, so that this one is kept.",
        "    + And more.",
    ]


def test_a_twin_with_the_same_text(result: Result) -> None:
    """Of an exact duplicate the page says that nothing differs."""
    assert explain(result.out, "twin.txt").splitlines()[-1] == "its text is the same as that of its kept twin"


def test_many_differences_are_cut() -> None:
    """A long list of differing lines ends with how many more there are."""
    lines = explanation._compare("\n".join(NEAR), "\n".join(line.upper() for line in NEAR), "twin")
    assert len(lines) == 22
    assert lines[-1] == "      ... and 40 more lines"
