"""The contract of stages, and `clean`: the same cleaning inside somebody else's pipeline."""

from __future__ import annotations

import functools

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import cleanse
from cleanse import decide, lang, pipeline, quality, spam
from cleanse.errors import InputError, OptionError
from cleanse.hits import HITS
from cleanse.matching import blocks
from cleanse.report import export_tables
from cleanse.report.why import explain
from cleanse.rules import load_rules
from cleanse.segments import SIGNALS
from tests.runs import put

# All families, and of the long one a few rules that the texts below need.
CHOSEN = ["encoding", "language", "spam", "quality", "boilerplate/also-read", "boilerplate/image-*"]
RULES = load_rules()
SOME = RULES.select([*CHOSEN, "dedupe"])
ADDS = {
    "code": {"code_lines": pl.List(pl.UInt32)},
    "encoding": {"repaired": pl.String(), "encoding_hits": HITS},
    "language": {
        "language": pl.String(),
        "language_score": pl.Float32(),
        "languages": lang.LANGUAGES,
        "language_lines": lang.LINES,
        "language_hits": HITS,
    },
    "lines": {
        "boilerplate_hits": HITS,
        "boilerplate_ends": blocks.ENDS,
        "boilerplate_points": SIGNALS,
        "page_points": pl.Int32(),
        "spam_hits": HITS,
        "spam_points": pl.List(spam.SIGNAL),
    },
    "score": {"signals": pl.List(spam.SIGNAL), "spam_score": pl.Float32()},
    "edit": decide.EDITS,
    "quality": quality.MEASURES,
    "decide": {"reason": pl.String(), "quality_hits": HITS},
}
MIXED = [
    "The ferry stopped on Monday.\nAlso Read: Ten bridges that survived the flood\nNobody was hurt.",
    "",
    "- free call log app free call log app\n【怎么查通讯录软件】怎么查通讯录软件怎么查",
    "FÃ¼r dich\r\n/img/a-1.jpg\r\nDer Frühling kam spät.\r\n",
    "/media/banners/x91.jpg)",
    "雨停了。\n\nนาวาหยุดกลางอ่าว",
    "नाव सोमवार को रुक गई।\nतوقفت العبارة صباح الاثنين.",
    "2021-05-03 10:22 / 17.50",
    "\ufeffПаром не пришёл.\n\n\n",
]
FRAMES = {
    "empty": [],
    "one": MIXED[:1],
    "blank": [""],
    "many": MIXED,
    "repeated": MIXED * 12,
}


@functools.cache
def prepared() -> pipeline.Prepared:
    """Make the rules ready once."""
    return pipeline.Prepared.of(SOME, RULES)


def before(stage: str, texts: list[str]) -> pl.DataFrame:
    """Give the frame that a stage sees, with a column of somebody else's."""
    frame = pl.DataFrame(
        {"id": [str(n) for n in range(len(texts))], "text": texts}, schema={"id": pl.String, "text": pl.String}
    )
    for name, function in pipeline.STAGES.items():
        if name == stage:
            return frame
        frame = function(frame.lazy(), prepared()).collect()
    raise AssertionError(stage)


@pytest.mark.parametrize("texts", FRAMES.values(), ids=FRAMES.keys())
@pytest.mark.parametrize("stage", pipeline.STAGES)
def test_a_stage_adds_what_it_declares_and_changes_nothing(stage, texts):
    """Rows, their order and earlier columns stay; exactly the declared columns come, lazily and in that type."""
    frame = before(stage, texts)
    result = pipeline.STAGES[stage](frame.lazy(), prepared())
    assert dict(result.collect_schema()) == {**frame.schema, **ADDS[stage]}
    collected = result.collect()
    assert dict(collected.schema) == {**frame.schema, **ADDS[stage]}
    assert_frame_equal(collected.select(frame.columns), frame)


@pytest.mark.parametrize("stage", pipeline.STAGES)
def test_a_stage_sees_each_document_by_itself(stage):
    """What a stage says of a document does not depend on the documents around it."""
    together = pipeline.STAGES[stage](before(stage, MIXED).lazy(), prepared()).collect()
    backwards = pipeline.STAGES[stage](before(stage, MIXED[::-1]).lazy(), prepared()).collect()
    columns = list(ADDS[stage])
    assert_frame_equal(together.select(columns), backwards.reverse().select(columns))


def test_every_stage_is_declared_here():
    """A new stage gets a line in ADDS."""
    assert list(ADDS) == list(pipeline.STAGES)


def test_no_stage_but_decide_removes_rows():
    """After all stages every document is still there; `reason` says who will go."""
    frame = pipeline.add_evidence(pl.LazyFrame({"text": MIXED}), prepared()).collect()
    assert frame["text"].to_list() == MIXED
    assert frame["reason"].to_list() == [None, "quality/empty", None, None, "quality/empty", None, None, None, None]


def test_clean_one_frame():
    """The whole answer for two documents: clean text, other columns as they were, our columns behind them."""
    frame = pl.LazyFrame({"body": [MIXED[0], None], "stars": [5, 3]})
    assert_frame_equal(
        frame.pipe(cleanse.clean, text="body", select=[*CHOSEN, "dedupe"]).drop("language_score").collect(),
        pl.DataFrame(
            {
                "body": ["The ferry stopped on Monday.\nNobody was hurt.", None],
                "stars": [5, 3],
                "language": ["en", "und"],
                "spam_score": pl.Series([0, 0], dtype=pl.Float32),
                "flags": [[], ["dedupe/too-short", "language/undetermined"]],
                "chars_in": pl.Series([92, 0], dtype=pl.UInt32),
                "chars_out": pl.Series([45, 0], dtype=pl.UInt32),
                "dropped_by": [None, "quality/empty"],
            }
        ),
    )


@pytest.mark.parametrize("strip_spam", [False, True])
def test_clean_is_run(tmp_path, strip_spam):
    """`clean` and `run` make the same text, language, scores and flags of each document, row by row."""
    pl.DataFrame({"id": [str(n) for n in range(len(MIXED))], "text": MIXED}).write_parquet(tmp_path / "in.parquet")
    cleanse.run(
        tmp_path / "in.parquet", tmp_path / "out.parquet", select=[*CHOSEN, "dedupe/too-short"], strip_spam=strip_spam
    )
    out = pl.read_parquet(tmp_path / "out.parquet")
    cleaned = (
        pl.LazyFrame({"text": MIXED}).pipe(cleanse.clean, select=[*CHOSEN, "dedupe"], strip_spam=strip_spam).collect()
    )
    kept = cleaned.filter(pl.col("dropped_by").is_null())
    columns = ["text", "language", "language_score", "spam_score", "flags", "chars_in", "chars_out"]
    assert_frame_equal(out.select(columns), kept.select(columns))
    dropped = pl.read_parquet(tmp_path / "out.report" / "dropped.parquet")
    gone = cleaned.filter(pl.col("dropped_by").is_not_null())
    assert dropped.select("reason", "text").rows() == gone.select("dropped_by", "text").rows()


def test_clean_keeps_rows_columns_and_order():
    """Nulls, nested columns and the number of rows are as they were."""
    frame = pl.DataFrame(
        {"n": range(20), "text": [None, *MIXED, *MIXED, None], "tags": [["a", None]] * 20, "d": [{"x": 1}] * 20}
    )
    cleaned = frame.lazy().pipe(cleanse.clean, select=[*CHOSEN, "dedupe"]).collect()
    assert_frame_equal(cleaned.select("n", "tags", "d"), frame.select("n", "tags", "d"))
    assert cleaned.columns[:4] == frame.columns
    assert cleaned["text"].is_null().to_list() == frame["text"].is_null().to_list()


def test_clean_looks_at_rows_in_any_portions():
    """Portions of three rows give what the whole frame gives, in the same order."""
    frame = pl.DataFrame({"n": range(27), "text": MIXED * 3})
    whole = frame.lazy().pipe(cleanse.clean, select=[*CHOSEN, "dedupe"]).collect()
    with pl.Config(streaming_chunk_size=3):
        portions = frame.lazy().pipe(cleanse.clean, select=[*CHOSEN, "dedupe"]).collect(engine="streaming")
    in_memory = frame.lazy().pipe(cleanse.clean, select=[*CHOSEN, "dedupe"]).collect(engine="in-memory")
    assert_frame_equal(portions, whole)
    assert_frame_equal(in_memory, whole)


def test_clean_does_only_what_is_asked_for(monkeypatch: pytest.MonkeyPatch):
    """Rows that nobody takes and texts that nobody reads are not looked at; what looks at them is a real stage that notes it."""
    looked = []
    stages = pipeline.add_evidence
    monkeypatch.setattr(
        pipeline, "add_evidence", lambda texts, ready: (looked.append(texts.collect().height), stages(texts, ready))[1]
    )
    cleaned = pl.LazyFrame({"n": range(27), "text": MIXED * 3}).pipe(cleanse.clean, select=[*CHOSEN, "dedupe"])
    assert cleaned.select("n").collect().height == 27
    assert looked == []
    assert cleaned.head(2).collect()["n"].to_list() == [0, 1]
    assert sum(looked) == 2


def test_clean_an_empty_frame():
    """No rows in, no rows out, and the schema that was promised."""
    lazy = pl.LazyFrame(schema={"text": pl.String, "n": pl.Int8}).pipe(cleanse.clean, select=[*CHOSEN, "dedupe"])
    assert lazy.collect().schema == lazy.collect_schema()


def test_clean_with_rules_of_your_own():
    """Only the rules that are selected act; one name is one name, not its letters."""
    frame = pl.LazyFrame({"text": [MIXED[3]]})
    for chosen in (
        {"select": ["language", "quality"]},
        {"select": "language"},
        {"ignore": ("encoding", "boilerplate")},
    ):
        assert frame.pipe(cleanse.clean, **chosen).collect()["text"].item() == MIXED[3]
    assert frame.pipe(cleanse.clean, select="boilerplate").collect()["text"].item() != MIXED[3]


@pytest.mark.parametrize(
    ("frame", "text", "message"),
    [
        ({"body": ["a"]}, "text", "no column `text`; there are body"),
        ({"text": [1]}, "text", "column `text` holds Int64, not String"),
        ({"text": ["a"], "flags": [1], "language": ["de"]}, "text", "our columns already: language, flags"),
        ({"language": ["a"]}, "language", "our columns already: language"),
    ],
)
def test_clean_refuses_at_once(frame, text, message):
    """A missing column, a wrong type or a name of ours is an error before anything runs."""
    with pytest.raises(InputError, match=message):
        pl.LazyFrame(frame).pipe(cleanse.clean, text=text)


def test_against_an_earlier_out(tmp_path):
    """What an earlier OUT has is dropped with its twin and the OUT named; the same id in both is no fault; the ledger balances."""
    text = (
        "The old ferry stopped in the middle of the bay on Monday morning because its engine gave up after forty years."
    )
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    (tmp_path / "one" / "a.txt").write_text(text, "utf-8")
    (tmp_path / "two" / "a.txt").write_text(f"{text} The crew waited.", "utf-8")
    (tmp_path / "two" / "b.txt").write_text(text.upper(), "utf-8")
    (tmp_path / "two" / "c.txt").write_text("渡船停了", "utf-8")
    old = cleanse.run(tmp_path / "one", tmp_path / "old.parquet")
    result = cleanse.run(tmp_path / "two", tmp_path / "new.parquet", against=old.out)
    dropped = pl.read_parquet(result.report / "dropped.parquet")
    assert dropped.select("id", "reason", "kept_id", "kept_in").rows() == [
        ("a.txt", "dedupe/near", "a.txt", "old.parquet"),
        ("b.txt", "dedupe/folded", "a.txt", "old.parquet"),
    ]
    assert pl.read_parquet(result.out).select("id", "flags", "cluster_size").rows() == [
        ("c.txt", ["dedupe/too-short"], 1)
    ]
    assert "its kept twin is a.txt of old.parquet" in explain(result.out, "a.txt")
    with pytest.raises(OptionError, match="no OUT of cleanse"):
        cleanse.run(tmp_path / "two", tmp_path / "third.parquet", against=tmp_path / "two")


def test_csv_names_the_earlier_out(tmp_path):
    """The table of duplicates for spreadsheets says in which OUT the kept twin is: a document looked like a duplicate of itself."""
    put(tmp_path / "in", {"a.txt": "The old ferry stopped in the middle of the bay."})
    old = cleanse.run(tmp_path / "in", tmp_path / "old.parquet")
    new = cleanse.run(tmp_path / "in", tmp_path / "new.parquet", against=old.out)
    export_tables(new.out, tmp_path / "csv")
    assert (tmp_path / "csv" / "duplicates.csv").read_text("utf-8") == (
        "id,source,reason,kept_id,similarity,kept_in\na.txt,a.txt,dedupe/exact,a.txt,1.0,old.parquet\n"
    )


def test_an_earlier_out_that_is_the_working_folder_has_a_name(tmp_path, monkeypatch):
    """`--against .` left `kept_in` empty, so `why` took the twin for a document of this OUT."""
    put(tmp_path / "in", {"a.txt": "The old ferry stopped in the middle of the bay."})
    old = cleanse.run(tmp_path / "in", tmp_path / "old")
    monkeypatch.chdir(old.out)
    new = cleanse.run(tmp_path / "in", tmp_path / "new.parquet", against=".")
    assert pl.read_parquet(new.report / "dropped.parquet")["kept_in"].to_list() == ["old"]


def test_against_without_a_search_is_refused(tmp_path):
    """`--no-dedupe --against OUT` dropped nothing and said nothing; so did `--select encoding --against OUT`."""
    put(tmp_path / "in", {"a.txt": "The old ferry stopped in the middle of the bay."})
    old = cleanse.run(tmp_path / "in", tmp_path / "old.parquet")
    for options in ({"duplicates": False}, {"select": ["encoding"]}):
        with pytest.raises(OptionError, match="--against, but no duplicates are looked for"):
            cleanse.run(tmp_path / "in", tmp_path / "new.parquet", against=old.out, **options)


def test_against_has_its_column_without_documents(tmp_path):
    """`dropped.parquet` has `kept_in` with every `--against`, also where nothing was read."""
    put(tmp_path / "in", {"a.txt": "The old ferry stopped in the middle of the bay."})
    put(tmp_path / "none", {"a.jsonl": ""})
    old = cleanse.run(tmp_path / "in", tmp_path / "old.parquet")
    new = cleanse.run(tmp_path / "none", tmp_path / "new.parquet", against=old.out)
    assert pl.read_parquet(new.report / "dropped.parquet").columns[-1] == "kept_in"


def test_the_page_counts_what_an_earlier_out_has(tmp_path):
    """Where all duplicates are those of an earlier OUT, the page said that none was found."""
    put(tmp_path / "in", {"a.txt": "The old ferry stopped in the middle of the bay."})
    old = cleanse.run(tmp_path / "in", tmp_path / "old.parquet")
    new = cleanse.run(tmp_path / "in", tmp_path / "new.parquet", against=old.out)
    page = (new.report / "index.html").read_text("utf-8")
    assert "Dropped for a document of the earlier OUT <bdi>old.parquet</bdi>: 1." in page
    assert "No duplicate was found." not in page
    assert "No duplicate was found." in (old.report / "index.html").read_text("utf-8")
