"""Verdicts: rows that can be merged, precision with its interval, rules held back, and near misses from wrong ones."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from cleanse import load_rules
from cleanse.catalogue import find_faults
from cleanse.cli import main
from cleanse.errors import InputError, OptionError
from cleanse.rules import builtin_folder, read_rules
from cleanse.verdicts import (
    append_verdicts,
    count_verdicts,
    import_verdicts,
    interval,
    keep_last,
    keep_valid,
    make_verdict,
    measure_agreement,
    read_verdicts,
    sort_by_harm,
)
from tests.runs import rows, run, table

RULES = load_rules()
BYLINE = "boilerplate/byline"
SHARE = "boilerplate/share"
PROSE = "The harbour office opens at nine, and the ferry leaves when the tide allows it.\n"
GERMAN = "Das Hafenamt öffnet um neun, und die Fähre legt ab, wenn die Flut es erlaubt.\n"


def say(verdict: str, text: str, rule: str = SHARE, language: str = "en", **more: str) -> object:
    own = {"rule": rule, "version": RULES[rule].version, "language": language, "text": text, "verdict": verdict}
    return make_verdict({**own, **more})


def command(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(main, [str(argument) for argument in arguments])
    return done.exit_code, done.output


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    """A file of verdicts gives back what was added, any letters, line breaks and quotes included."""
    said = [say("right", "Auf Facebook teilen"), say("wrong", '"شارك"\n\u202e\x1b', remark="naïve 😀")]
    append_verdicts(tmp_path / "deep" / "v.jsonl", said[:1])
    append_verdicts(tmp_path / "deep" / "v.jsonl", said[1:])
    assert read_verdicts(tmp_path / "deep" / "v.jsonl") == said
    assert (tmp_path / "deep" / "v.jsonl").read_bytes().count(b"\n") == 2


def test_several_writers_lose_nothing(tmp_path: Path) -> None:
    """Ten threads that append at the same time leave all their lines, each whole."""
    path = tmp_path / "v.jsonl"

    def write(writer: int) -> None:
        for number in range(20):
            append_verdicts(path, [say("right", f"text {number}" * 50, reviewer=str(writer))])

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(read_verdicts(path))) == 200


def test_a_line_that_was_cut_off_does_not_spoil_the_file(tmp_path: Path) -> None:
    """Whoever is killed while writing leaves half a line: it is not read, and the next verdict takes its place."""
    path = tmp_path / "v.jsonl"
    append_verdicts(path, [say("right", "one")])
    with path.open("ab") as file:
        file.write(b'{"rule": "boilerplate/sha')
    assert [verdict.text for verdict in read_verdicts(path)] == ["one"]
    append_verdicts(path, [say("right", "two")])
    assert [verdict.text for verdict in read_verdicts(path)] == ["one", "two"]


def test_a_last_line_without_a_break_stays(tmp_path: Path) -> None:
    """An editor may leave no line break at the end of a file; the next verdict goes on a line of its own."""
    path = tmp_path / "v.jsonl"
    path.write_text(json.dumps({"rule": SHARE, "text": "one", "verdict": "right"}), "utf-8")
    append_verdicts(path, [say("right", "two")])
    assert [verdict.text for verdict in read_verdicts(path)] == ["one", "two"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("<<<<<<< HEAD\n", "not valid JSON: {file}, line 2"),
        ("[]\n", "not a JSON object: {file}, line 2"),
        ('{"rule": "a/b", "text": "x"}\n', "not a verdict, missing: verdict: {file}, line 2"),
        ('{"rule": "a/b", "text": "x", "verdict": "good"}\n', "no such verdict: 'good': {file}, line 2"),
        ('{"rule": "a/b", "text": "x", "verdict": "right", "colour": 1}\n', "unknown: colour: {file}, line 2"),
        ('{"rule": "a/b", "text": "x", "verdict": "right", "remark": 1}\n', "not a text: remark: {file}, line 2"),
    ],
)
def test_what_is_no_verdict_is_named_with_its_line(tmp_path: Path, line: str, message: str) -> None:
    """A line that cannot be read is an error with its number, and says what a verdict is."""
    path = tmp_path / "v.jsonl"
    append_verdicts(path, [say("right", "one")])
    with path.open("a", encoding="utf-8") as file:
        file.write(line)
    with pytest.raises(InputError) as raised:
        read_verdicts(path)
    assert message.format(file=path) in str(raised.value)
    assert "hint" in str(raised.value)


def test_import_adds_what_is_new(tmp_path: Path) -> None:
    """Rows of JSON lines, CSV and Parquet are joined, each once; nothing is added when one is wrong."""
    said = [say("right", "one", reviewer="ada"), say("wrong", "two", reviewer="bo")]
    append_verdicts(tmp_path / "a.jsonl", said[:1])
    append_verdicts(tmp_path / "b.jsonl", said)
    pl.DataFrame({"rule": [SHARE], "text": ["three, and more"], "verdict": ["unsure"]}).write_csv(tmp_path / "c.csv")
    pl.DataFrame({"rule": [SHARE], "text": ["four"], "verdict": ["right"]}).write_parquet(tmp_path / "d.parquet")
    others = [tmp_path / name for name in ("b.jsonl", "c.csv", "d.parquet")]
    assert import_verdicts(tmp_path / "a.jsonl", others) == (3, 1)
    assert import_verdicts(tmp_path / "a.jsonl", others) == (0, 4)
    assert [v.text for v in read_verdicts(tmp_path / "a.jsonl")] == ["one", "two", "three, and more", "four"]
    (tmp_path / "bad.csv").write_text("rule,text\nx,y\n", "utf-8")
    with pytest.raises(InputError, match=r"missing: verdict: .*bad.csv, row 0"):
        import_verdicts(tmp_path / "a.jsonl", [tmp_path / "bad.csv"])


def test_the_last_word_of_a_reviewer_counts() -> None:
    """Who says wrong and then right has said right; who withdraws has said nothing; others are not touched."""
    said = [
        say("wrong", "one", reviewer="ada"),
        say("wrong", "one", reviewer="bo"),
        say("right", "one", reviewer="ada"),
        say("wrong", "two", reviewer="ada"),
        say("withdrawn", "two", reviewer="ada"),
    ]
    assert [(v.text, v.reviewer, v.verdict) for v in keep_last(said)] == [
        ("one", "bo", "wrong"),
        ("one", "ada", "right"),
    ]


@pytest.mark.parametrize(
    ("right", "judged", "low", "high"),
    [(0, 0, 0, 1), (0, 1, 0, 0.7935), (1, 1, 0.2065, 1), (81, 263, 0.2553, 0.3662), (95, 100, 0.8882, 0.9785)],
)
def test_interval_of_wilson(right: int, judged: int, low: float, high: float) -> None:
    """81 of 263 is the example of Newcombe (1998), method 3: 0.2553 to 0.3662; the others follow from the formula."""
    assert interval(right, judged) == pytest.approx((low, high), abs=5e-5)


def test_precision_by_rule_and_language() -> None:
    """Each hit counts once: most reviewers decide, a split hit and an unsure one count as unsure."""
    said = [
        *(say("right", f"text {number}", reviewer=name) for number in range(3) for name in ("ada", "bo")),
        say("wrong", "bad", reviewer="ada"),
        say("unsure", "bad", reviewer="bo"),
        say("right", "split", reviewer="ada"),
        say("wrong", "split", reviewer="bo"),
        say("wrong", "schlecht", language="de"),
        say("unsure", "Von Ida", BYLINE, "de"),
    ]
    counted = count_verdicts(said).select("rule", "language", "judged", "wrong", "unsure", "precision")
    assert counted.rows() == [(BYLINE, "de", 0, 0, 1, None), (SHARE, "de", 1, 1, 0, 0.0), (SHARE, "en", 4, 1, 1, 0.75)]
    assert count_verdicts([]).rows() == []


def test_agreement_of_reviewers() -> None:
    """Two who agree on three of four hits agree on 75 %; kappa takes off what chance would give."""
    words = [("right", "right"), ("right", "right"), ("wrong", "wrong"), ("right", "wrong")]
    said = [
        say(word, str(number), reviewer=name)
        for number, pair in enumerate(words)
        for name, word in zip(("ada", "bo"), pair, strict=True)
    ]
    found = measure_agreement([*said, say("right", "alone", reviewer="ada")])
    assert (found.hits, found.same, found.kappa) == (4, 0.75, pytest.approx(0.5))
    assert measure_agreement([say("right", "alone")]).same is None


def test_a_verdict_on_an_older_version_counts_where_the_rule_still_hits() -> None:
    """What the rule no longer takes says nothing about it; the same text in a sentence is judged by its line."""
    old = [
        say("right", "Share on Facebook", version="0123abcd"),
        say("wrong", "Some share a boat, some share a meal, and all share the view.", version="0123abcd"),
        say("wrong", "Not hit, but judged as it is now."),
        make_verdict({"rule": "gone/rule", "text": "x", "verdict": "wrong"}),
    ]
    assert [v.text for v in keep_valid(old, RULES)] == ["Share on Facebook", "Not hit, but judged as it is now."]


def test_the_most_harmful_rule_comes_first() -> None:
    """Few wrong characters of many may be worse than many of few; a flag takes nothing, and what nobody judged is behind."""
    found = pl.DataFrame(
        [
            ("a/good", "en", "strip", 1000, 0.99), ("b/bad", "en", "strip", 100, 0.5), ("c/flag", "en", "flag", 9000, 0.1),
            ("d/new", "en", "strip", 700, None), ("e/new", "en", "drop", 800, None),
        ],
        schema=["rule", "language", "action", "characters", "precision"], orient="row",
    )  # fmt: skip
    assert sort_by_harm(found)["rule"].to_list() == ["b/bad", "a/good", "e/new", "d/new", "c/flag"]


FILES = {"a.txt": f"{PROSE}Share on Facebook\n", "b.txt": f"{GERMAN}{GERMAN}Auf Facebook teilen\n"}


def verdict_file(folder: Path, *said: object) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "v.jsonl"
    path.unlink(missing_ok=True)
    append_verdicts(path, said)
    return path


def test_the_table_of_rules_has_the_precision(tmp_path: Path) -> None:
    """`run --verdicts` puts what was judged beside what was done, language by language; OUT stays the same."""
    bare = run(tmp_path, FILES, select=[SHARE])
    before = bare.out.read_bytes()
    path = verdict_file(tmp_path, say("right", "a"), say("right", "b"), say("wrong", "c"), say("unsure", "d"))
    found = table(run(tmp_path, FILES, select=[SHARE], verdicts=path), "rules")
    names = ["language", "judged", "precision", "precision_low", "precision_high"]
    assert found.filter(rule=SHARE).select(names).rows() == [
        ("de", 0, None, None, None),
        ("en", 3, pytest.approx(2 / 3), pytest.approx(0.2077, abs=1e-4), pytest.approx(0.9385, abs=1e-4)),
    ]
    assert bare.out.read_bytes() == before


def test_a_rule_whose_interval_lies_below_only_flags(tmp_path: Path) -> None:
    """Ten wrong of ten in German: there the rule flags, and in English it strips as before; the run says so."""
    said = [say("wrong", f"{number}", language="de") for number in range(10)]
    result = run(tmp_path, FILES, select=[SHARE], verdicts=verdict_file(tmp_path, *said), min_precision=0.95)
    hits = table(result, "hits").select("id", "action", "text", "replacement").rows()
    assert hits == [("a.txt", "strip", "Share on Facebook", None), ("b.txt", "flag", "Auf Facebook teilen", None)]
    assert rows(result)["text"].to_list() == [PROSE, FILES["b.txt"]]
    assert rows(result)["flags"].to_list() == [[], [SHARE]]
    held = {"rule": SHARE, "language": "de", "judged": 10, "precision_low": 0.0, "instead": "flag"}
    assert [{name: row[name] for name in held} for row in result.summary["restrained"]] == [held]


def test_a_rule_that_may_be_good_enough_acts(tmp_path: Path) -> None:
    """29 right and 1 wrong is 0.83 to 0.99: it may be 0.95, so nothing is held back."""
    said = [say("right", f"{number}") for number in range(29)]
    path = verdict_file(tmp_path, *said, say("wrong", "x"))
    result = run(tmp_path, FILES, select=[SHARE], verdicts=path, min_precision=0.95)
    assert result.summary["restrained"] == []
    assert rows(result)["text"][0] == PROSE


@pytest.mark.parametrize("rule", ["encoding/zero-width-space", "dedupe/exact"])
def test_what_cannot_flag_instead_goes_into_draft(tmp_path: Path, rule: str) -> None:
    """A repair and the search for duplicates stop acting, in all languages."""
    files = {"a.txt": f"The fer\u200bry.\n{PROSE}", "b.txt": f"The fer\u200bry.\n{PROSE}"}
    said = [say("wrong", f"{number}", rule) for number in range(10)]
    result = run(tmp_path, files, select=[rule], verdicts=verdict_file(tmp_path, *said), min_precision=0.9)
    assert rows(result)["text"].to_list() == list(files.values())
    assert [(row["rule"], row["language"], row["instead"]) for row in result.summary["restrained"]] == [
        (rule, "*", "draft")
    ]


def test_a_document_rule_that_is_held_back_flags(tmp_path: Path) -> None:
    """A rule that drops documents keeps them where it is held back, and its id stands in their flags."""
    rule = "quality/gopher-word-count"
    said = [say("wrong", f"{number}", rule) for number in range(10)]
    short = {"a.txt": PROSE}
    chosen = {"profile": "gopher", "select": [rule]}
    assert table(run(tmp_path / "plain", short, **chosen), "dropped")["reason"].to_list() == [rule]
    path = verdict_file(tmp_path, *said)
    held = run(tmp_path / "held", short, verdicts=path, min_precision=0.9, **chosen)
    assert rows(held).select("text", "flags").rows() == [(PROSE, [rule])]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_precision": 0.9}, "--min-precision without verdicts"),
        ({"min_precision": 1.5, "verdicts": True}, "must be at most 1"),
    ],
)
def test_bad_options(tmp_path: Path, options: dict[str, object], message: str) -> None:
    """A limit without verdicts, or one that is no share, is an error that says what to do."""
    if "verdicts" in options:
        options = {**options, "verdicts": verdict_file(tmp_path, say("right", "a"))}
    with pytest.raises(OptionError, match=message):
        run(tmp_path, FILES, **options)


@pytest.fixture(scope="module")
def few_rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with copies of two rules of ours."""
    folder = tmp_path_factory.mktemp("rules")
    for rule in (SHARE, BYLINE):
        shutil.copytree(builtin_folder() / rule, folder / rule)
    return folder


def test_a_wrong_verdict_becomes_a_near_miss(tmp_path: Path, few_rules: Path) -> None:
    """Its text is written to the file of its language once, marked; `check` names it until it is reworded."""
    folder = tmp_path / "rules"
    shutil.copytree(few_rules, folder)
    file = folder / SHARE / "de.toml"
    before = file.read_text("utf-8")
    text = "Auf Facebook teilen"
    path = verdict_file(tmp_path / "said", say("wrong", text, language="de"), say("right", "Share on Facebook"))
    code, output = command("verdicts", "to-rules", path, "--rules", folder)
    assert (code, output.splitlines()[-1]) == (
        0,
        f"checked: 1 to reword, no other fault; `cleanse check {folder}` names them",
    )
    added = file.read_text("utf-8").removeprefix(before.rstrip())
    assert added.strip().splitlines()[:3] == ["[[miss]]", f'text = "{text}"', 'expect = "fail"']
    rules, faults = read_rules(folder)
    found = [str(fault) for fault in faults + find_faults(rules)]
    assert len(found) == 1
    assert "the text of a page, from a verdict" in found[0]
    again = file.read_text("utf-8")
    assert "stands in boilerplate/share/de.toml already" in command("verdicts", "to-rules", path, "--rules", folder)[1]
    assert file.read_text("utf-8") == again


def test_a_miss_goes_where_its_words_are(tmp_path: Path, few_rules: Path) -> None:
    """English words on a page in a language that the rule does not know go into the English file, with the language of the page."""
    folder = tmp_path / "rules"
    shutil.copytree(few_rules, folder)
    path = verdict_file(tmp_path / "said", say("wrong", "Share on Facebook", language="is"))
    assert command("verdicts", "to-rules", path, "--rules", folder)[0] == 0
    added = (folder / SHARE / "en.toml").read_text("utf-8").splitlines()[-5:]
    assert added[:4] == ["[[miss]]", 'text = "Share on Facebook"', 'language = "is"', 'expect = "fail"']
    assert not (folder / SHARE / "is.toml").exists()


def test_verdicts_on_rules_of_ones_own(tmp_path: Path) -> None:
    """A rule from a folder of yours is judged like ours: its version in OUT is what counts."""
    own = tmp_path / "rules" / "boilerplate" / "harbour-image.toml"
    own.parent.mkdir(parents=True)
    own.write_text((builtin_folder() / "boilerplate/image-path.toml").read_text("utf-8"), "utf-8")
    files = {"a.txt": f"/img/a.jpg\n{PROSE}"}
    result = run(tmp_path, files, rules=[tmp_path / "rules"], select=["boilerplate/harbour-image"])
    version = table(result, "rules").filter(rule="boilerplate/harbour-image")["version"].item()
    said = make_verdict(
        {"rule": "boilerplate/harbour-image", "version": version, "language": "en", "text": "x", "verdict": "wrong"}
    )
    assert command("report", result.out, "--verdicts", verdict_file(tmp_path / "said", said))[0] == 0
    assert table(result, "rules").filter(rule="boilerplate/harbour-image")["judged"].to_list() == [1]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Share on Facebook " + "and so on " * 400, "no hit that the rules make now"),
        ("They share a boat.", "not hit without its neighbours"),
    ],
)
def test_what_cannot_be_a_near_miss_is_named(tmp_path: Path, few_rules: Path, text: str, reason: str) -> None:
    """A text that the rule does not hit alone is left to the author, with a reason."""
    folder = tmp_path / "rules"
    shutil.copytree(few_rules, folder)
    before = (folder / SHARE / "en.toml").read_text("utf-8")
    version = "00000000" if "now" in reason else load_rules(folder)[SHARE].version
    path = verdict_file(tmp_path / "said", say("wrong", text, version=version))
    assert reason in command("verdicts", "to-rules", path, "--rules", folder)[1]
    assert (folder / SHARE / "en.toml").read_text("utf-8") == before


def test_the_commands_show_what_was_found(tmp_path: Path) -> None:
    """Add, show and the table by harm, as a person would use them without a server; a terminal is not steered by a text."""
    path = tmp_path / "v.jsonl"
    result = run(tmp_path, FILES, select=[SHARE, "quality"])
    own = ["--rule", SHARE, "--language", "en", "--reviewer", "ada"]
    assert command("verdicts", "add", path, *own, "--text", "Share on Facebook", "--verdict", "right") == (
        0,
        f"added 1 verdict to {path}\n",
    )
    command("verdicts", "add", path, *own, "--text", "Share on \x1b[2J X", "--verdict", "wrong", "--remark", "a name")
    shown = command("verdicts", "show", path)[1]
    assert shown.splitlines()[1].split() == [SHARE, "en", "2", "0.500", "0.095", "–", "0.905", "1", "0"]
    assert command("verdicts", "show", path, "--wrong")[1].splitlines() == [
        f"{SHARE} (en, ada): Share on ⟨U+001B⟩[2J X",
        "  remark: a name",
    ]
    harm = command("rules", "--verdicts", path, "--out", result.out)[1].splitlines()
    assert harm[1].split() == [SHARE, "en", "2", "0.500", "0.095", "–", "0.905", "strip", "17", "8"]
    assert harm[2].split() == [SHARE, "de", "0", "strip", "19"]
    assert command("report", result.out, "--verdicts", path)[0] == 0
    assert table(result, "rules").filter(language="en")["judged"].to_list() == [2]


@pytest.mark.parametrize(
    ("options", "rule"),
    [({"profile": "gopher"}, "quality/gopher-word-count"), ({"strip_spam": True}, "spam/planted"), ({"drop_spam": 0.9}, "spam/score")],
)  # fmt: skip
def test_options_do_not_make_another_version(tmp_path: Path, options: dict[str, object], rule: str) -> None:
    """A run that lets a rule do more has the version of its files in the table, so verdicts on it hold in other runs."""
    found = table(run(tmp_path, {"a.txt": PROSE}, select=[rule], **options), "rules")
    assert found.filter(rule=rule)["version"].to_list() == [RULES[rule].version]
