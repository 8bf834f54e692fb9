"""The command line: each command with what it prints and its exit status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

import cleanse
from cleanse.cli import main
from cleanse.rules import builtin_folder
from tests.runs import put

PROSE = "The harbour office opens at nine, and the ferry leaves when the tide allows it.\n"
JAPANESE = "渡し船は潮の様子を見て、朝の九時に港を出る。\n"
SELECT = ("--select", "boilerplate/image-path", "--select", "quality", "--select", "dedupe")
EXAMPLES = {"hit": ["渡し船", "ferry"], "miss": [PROSE * 2, f"{PROSE} ferry"]}
COMMANDS = (
    "run",
    "restore",
    "explain",
    "completions",
    "verdicts",
    "diff",
    "review",
    "why",
    "report",
    "rules",
    "rule",
    "check",
    "new-rule",
)


def call(*arguments: object) -> Result:
    """Call the command in this process; an exception that is not ours would be raised here."""
    return CliRunner().invoke(main, [os.fspath(a) if isinstance(a, Path) else str(a) for a in arguments], catch_exceptions=False)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with a document of each fate but quarantine."""
    return put(
        tmp_path / "in",
        {"a.txt": f"/img/1.jpg\n{PROSE}", "b.md": JAPANESE, "c.md": JAPANESE, "d.txt": "", "notes.doc": "x"},
    )


def test_pages_says_which_documents_have_furniture(tmp_path: Path) -> None:
    """`--pages never` leaves the page to the rules on words; it is an option that changes the result, so OUT is refused without --overwrite."""
    page = cleanse.load_rules()["boilerplate/furniture"].head.hit[0].text
    (tmp_path / "page.txt").write_text(page, "utf-8")
    out = tmp_path / "out.parquet"
    assert call("run", tmp_path / "page.txt", out).exit_code == 0
    assert "Swimmers ask for a warmer hut" not in pl.read_parquet(out)["text"].item()
    assert call("run", tmp_path / "page.txt", out, "--pages", "never").exit_code == 2
    assert call("run", tmp_path / "page.txt", out, "--pages", "never", "--overwrite").exit_code == 0
    assert "Swimmers ask for a warmer hut" in pl.read_parquet(out)["text"].item()
    assert call("run", tmp_path / "page.txt", out, "--pages", "some").exit_code == 2


def test_run_says_what_it_did(tmp_path: Path, folder: Path) -> None:
    """The books, the place of the report, and status 0 where nothing was quarantined."""
    got = call("run", folder, tmp_path / "out.parquet", *SELECT)
    assert (got.exit_code, got.stderr) == (0, "")
    assert got.stdout == (
        "read         4 documents, 137 characters\n"
        f"kept         2 documents, 103 characters, in {tmp_path}/out.parquet\n"
        "dropped      2\n"
        "           1 dedupe/exact\n"
        "           1 quality/empty\n"
        "quarantined  0\n"
        "removed      34 characters, 23 of them with dropped documents\n"
        "changed      0 characters into 0\n"
        "stripped     1 line, whole or in part\n"
        "flagged      0 lines\n"
        "passed over  1 file of unknown kind\n"
        f"report       {tmp_path}/out.report/index.html\n"
    )


@pytest.mark.parametrize("quiet", [(), ("--quiet",)])
def test_quarantine_is_status_1(tmp_path: Path, quiet: tuple[str, ...]) -> None:
    """Something quarantined gives status 1 and all else; --quiet prints nothing."""
    put(tmp_path / "in", {"a.jsonl": '{"text": "x"}\n{\n'})
    got = call("run", tmp_path / "in", tmp_path / "out.parquet", *SELECT, *quiet)
    assert (got.exit_code, got.stderr, bool(got.stdout)) == (1, "", not quiet)
    assert pl.read_parquet(tmp_path / "out.parquet")["id"].to_list() == ["a.jsonl#0"]


def test_the_first_reasons_are_printed(tmp_path: Path) -> None:
    """Why something is in quarantine stood only in a Parquet table; what comes from a file cannot steer the terminal."""
    put(tmp_path / "in", {"a.jsonl": '{"text": "x"}\n' + "{\n" * 5, "\x1b[2J.parquet": "x"})
    got = call("run", tmp_path / "in", tmp_path / "out.parquet", *SELECT)
    lines = got.stdout.splitlines()
    at = lines.index(f"quarantined  6, see {tmp_path}/out.report/quarantine.parquet")
    assert lines[at + 4] == "             ... and 3 more"
    assert any(line.startswith("             a.jsonl row 1: not valid JSON") for line in lines[at + 1 : at + 4])
    assert "\x1b" not in got.stdout


def test_the_printed_figures_are_those_of_the_ledger(tmp_path: Path) -> None:
    """Read = kept + removed + changed by what is printed, where a fix puts in characters too; what was refused is where it says."""
    put(tmp_path / "in", {"a.jsonl": '{"text": "/img/1.jpg\\nfÃ¼r &amp; alle"}\n{\n'})
    got = call("run", tmp_path / "in", tmp_path / "out.parquet", "--select", "encoding", "--select", "boilerplate")
    assert got.stdout.splitlines()[:7] == [
        "read         2 documents, 26 characters",
        f"kept         1 document, 8 characters, in {tmp_path}/out.parquet",
        "dropped      0",
        f"quarantined  1, see {tmp_path}/out.report/quarantine.parquet",
        "             a.jsonl row 1: not valid JSON: unexpected end of data: line 1 column 2 (char 1)",
        "removed      11 characters, 0 of them with dropped documents",
        "changed      7 characters into 2",
    ]


def test_the_standard_input(tmp_path: Path) -> None:
    """`-` is JSONL from a pipe, among other INPUTs too; OUT is checked before it is read."""
    command = [
        sys.executable,
        "-m",
        "cleanse",
        "run",
        "--quiet",
        "--select",
        "encoding",
        "-",
        str(tmp_path / "out.parquet"),
    ]
    rows = b'{"text": "one"}\n{"text": "two"}\n'
    for _ in range(2):
        assert subprocess.run(command, input=rows, check=False).returncode == 0
    ids = pl.read_parquet(tmp_path / "out.parquet")["id"].to_list()
    assert ids == ["stdin.jsonl#0", "stdin.jsonl#1"]
    wrong = CliRunner().invoke(main, ["run", "-", str(tmp_path / "out.csv")], input=b"never read")
    assert (wrong.exit_code, wrong.stderr.splitlines()[0]) == (
        2,
        f"error: OUT cannot be of the kind .csv: {tmp_path}/out.csv",
    )


def test_quiet_still_prints_errors(tmp_path: Path) -> None:
    """An error is printed under --quiet too, to stderr, with status 2."""
    got = call("run", tmp_path / "nowhere", tmp_path / "out.parquet", "--quiet")
    assert (got.exit_code, got.stdout) == (2, "")
    assert got.stderr == f"error: no such file or folder: {tmp_path}/nowhere\n  hint: check the spelling\n"


ROWS = "".join(json.dumps({"body": text, "nr": f"n{n}", "text": "other", "url": "https://example.org/"}, ensure_ascii=False) + "\n" for n, text in enumerate([PROSE, PROSE, JAPANESE]))  # fmt: skip


def test_options_reach_the_run(tmp_path: Path) -> None:
    """Columns, rules and duplicates are as the options say; the input's other columns follow."""
    put(tmp_path / "in", {"a.jsonl": ROWS})
    options = ("--text-column", "body", "--id-column", "nr", "--no-dedupe", "--ignore", "boilerplate", "--workers", "2")
    got = call("run", tmp_path / "in" / "*.jsonl", tmp_path / "out", *options)
    assert (got.exit_code, got.stderr) == (0, "")
    out = pl.read_parquet(tmp_path / "out" / "part-00000.parquet")
    assert out.select("id", "text", "input_text", "url").rows() == [
        ("n0", PROSE, "other", "https://example.org/"),
        ("n1", PROSE, "other", "https://example.org/"),
        ("n2", JAPANESE, "other", "https://example.org/"),
    ]
    assert not set(pl.read_parquet(tmp_path / "out.report" / "rules.parquet")["rule"].str.split("/").list.first()) & {"boilerplate", "dedupe"}  # fmt: skip


def test_strip_spam(tmp_path: Path) -> None:
    """Under --strip-spam what would be flagged is taken out."""
    spam = "- phone tracker free spy app phone tracker free spy app\n"
    put(tmp_path / "in", {"a.txt": f"{PROSE}{spam}{PROSE}"})
    for options, text in (((), PROSE + spam + PROSE), (("--strip-spam",), PROSE + PROSE)):
        command = ("run", tmp_path / "in", tmp_path / "out.parquet", "--select", "spam/planted", "--overwrite")
        assert call(*command, *options).exit_code == 0
        assert pl.read_parquet(tmp_path / "out.parquet")["text"].to_list() == [text]


def test_the_same_command_again(tmp_path: Path, folder: Path) -> None:
    """The same command replaces its own OUT; one with other options needs --overwrite."""
    command = ("run", folder, tmp_path / "out.parquet", "--quiet", *SELECT)
    assert [call(*command).exit_code, call(*command).exit_code] == [0, 0]
    refused = call(*command, "--no-dedupe")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr.endswith("\n  hint: choose another OUT, or replace it with --overwrite\n")
    assert call(*command, "--no-dedupe", "--overwrite").exit_code == 0


def test_restore(tmp_path: Path, folder: Path) -> None:
    """It gives the files back, and says how many."""
    call("run", folder, tmp_path / "out.parquet", *SELECT)
    got = call("restore", tmp_path / "out.parquet", "--to", tmp_path / "back")
    assert (got.exit_code, got.output) == (0, f"restored 4 files and 0 rows in {tmp_path}/back\n")
    assert (tmp_path / "back" / "a.txt").read_bytes() == (folder / "a.txt").read_bytes()


def test_why(tmp_path: Path, folder: Path) -> None:
    """It prints one document with what was done to it; an unknown id is status 2."""
    call("run", folder, tmp_path / "out.parquet", *SELECT)
    got = call("why", tmp_path / "out.parquet", "c.md")
    dropped = "c.md   from c.md\ndropped by dedupe/exact\nits kept twin is b.md, similarity 1.000\n"
    assert (got.exit_code, got.output) == (
        0,
        f"{dropped}\nno rule touched a line of it\n\nits text is the same as that of its kept twin\n",
    )
    got = call("why", tmp_path / "out.parquet", "d.md")
    assert (got.exit_code, got.stdout, got.stderr.splitlines()[0]) == (
        2,
        "",
        "error: no such document in this OUT: d.md",
    )


@pytest.mark.parametrize("language", [None, "ja", "pl"])
def test_rules(monkeypatch: pytest.MonkeyPatch, language: str | None) -> None:
    """The catalogue has a row a rule, or one for each rule with words in a language."""
    monkeypatch.setenv("COLUMNS", "400")
    got = call("rules", *(["--language", language] if language else []))
    listed = {line.split()[0] for line in got.stdout.splitlines() if "/" in line}
    expected = {rule.id for rule in cleanse.load_rules() if language is None or language in rule.languages}
    assert (got.exit_code, got.stderr, listed) == (0, "", expected)


def test_rules_of_a_language_that_nobody_wrote() -> None:
    """A language without words is an error that names those with words."""
    got = call("rules", "--language", "xx")
    assert (got.exit_code, got.stdout) == (2, "")
    assert got.stderr.startswith("error: no rule has words in that language: xx\n  hint: there are ar bg bn ")


def test_a_pipe_gets_each_rule_on_one_line() -> None:
    """`cleanse rules | cat` broke titles and languages at the width of a terminal, inside words."""
    got = call("rules")
    rows = [line for line in got.stdout.splitlines() if "/" in line]
    shown = next(line for line in rows if line.split()[0] == "boilerplate/also-read")
    rule = cleanse.load_rules()["boilerplate/also-read"]
    assert [part.strip() for part in shown.split("  ") if part.strip()] == [
        rule.id, "strip", rule.head.title, " ".join(rule.languages),
    ]  # fmt: skip
    assert len(rows) == len(cleanse.load_rules())


def test_a_family_is_a_list_of_its_rules() -> None:
    """`cleanse rule quality` said that there is no such rule."""
    got = call("rule", "quality")
    listed = [line.split()[0] for line in got.stdout.splitlines() if "/" in line]
    assert (got.exit_code, listed) == (0, [rule.id for rule in cleanse.load_rules().family("quality")])


def test_rule(tmp_path: Path) -> None:
    """One rule is a page that begins with its id and title; an unknown id names the nearest ones."""
    title = cleanse.load_rules()["boilerplate/also-read"].head.title
    got = call("rule", "boilerplate/also-read")
    assert (got.exit_code, got.stdout.splitlines()[0]) == (0, f"boilerplate/also-read   {title}")
    got = call("rule", "boilerplate/also-raed")
    assert (got.exit_code, got.stdout) == (2, "")
    assert got.stderr.startswith("error: no such rule or family: boilerplate/also-raed\n  hint: did you mean boilerplate/also-read")  # fmt: skip


@pytest.mark.slow
def test_new_rule_check_and_run(tmp_path: Path, folder: Path) -> None:
    """A skeleton passes the check, runs in draft, and `rules` lists it."""
    mine = tmp_path / "mine"
    got = call("new-rule", "boilerplate/mine", "--rules", mine, "--language", "pl", "--language", "ja")
    names = ("rule.toml", "pl.toml", "ja.toml")
    assert (got.exit_code, got.output) == (0, "".join(f"wrote {mine}/boilerplate/mine/{name}\n" for name in names))
    got = call("check", mine)
    assert (got.exit_code, got.output.endswith(" examples, no fault\n")) == (0, True)
    assert call("rule", "boilerplate/mine", "--rules", mine).exit_code == 0
    assert call("run", folder, tmp_path / "out.parquet", "--rules", mine, *SELECT, "--quiet").exit_code == 0
    again = call("new-rule", "boilerplate/mine", "--rules", mine)
    assert (again.exit_code, again.stdout) == (2, "")


@pytest.mark.slow
def test_check_names_all_faults(tmp_path: Path) -> None:
    """Faults of several files come at once, with status 2: files that cannot be read hide nothing in those that can."""
    mine = tmp_path / "mine"
    words = 'literals = ["Soma pia"]\n[[hit]]\ntext = "Soma pia: barn"\n[[miss]]\ntext = "Soma pia."\n'
    put(
        mine,
        {
            "boilerplate/a.toml": "title = 3\n",
            "boilerplate/b.toml": "title = \n",
            "boilerplate/also-read/sw.toml": words,
        },
    )
    got = call("check", mine)
    assert (got.exit_code, got.stdout) == (2, "")
    told = (
        f"{mine}/boilerplate/a.toml: title: input should be a valid string",
        f"{mine}/boilerplate/b.toml: not valid TOML",
        f"{mine}/boilerplate/also-read/sw.toml: hit: 1 of 2 examples\n  hint: write more sentences",
        f"{mine}/boilerplate/also-read/sw.toml: miss: 1 of 2 examples",
    )
    assert [part for part in told if part not in got.stderr] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command(command: str) -> None:
    """Each command explains itself, with each of its options."""
    got = call(command, "--help")
    assert (got.exit_code, got.stderr) == (0, "")
    assert got.stdout.startswith(f"Usage: main {command} [OPTIONS]")
    options = [option for parameter in main.commands[command].params for option in parameter.opts if option[0] == "-"]
    assert [option for option in options if option not in got.stdout] == []
    assert call(command, "-h").stdout == got.stdout


def test_help_lists_the_commands() -> None:
    """The help of the whole names every command and the exit status; --version the version."""
    got = call("--help")
    assert (got.exit_code, [name for name in COMMANDS if f"\n  {name} " not in got.stdout]) == (0, [])
    assert "Exit status: 0 done, 1 done but something was quarantined, 2 bad usage" in " ".join(got.stdout.split())
    assert tuple(sorted(main.commands)) == tuple(sorted(COMMANDS))
    assert call("--version").output == f"cleanse, version {cleanse.__version__}\n"


@pytest.mark.parametrize("arguments", [["--version"], ["rule", "quality/empty"]])
def test_python_m_cleanse_is_the_command(arguments: list[str]) -> None:
    """`python -m cleanse` says the same as the command, with the same status."""
    done = subprocess.run([sys.executable, "-m", "cleanse", *arguments], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, call(*arguments).stdout, "")


def test_a_reader_that_leaves_early(tmp_path: Path) -> None:
    """A pipe that is closed before all is read is no error."""
    command = f"'{sys.executable}' -m cleanse rule boilerplate/share | head -1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)
    assert (done.stdout.count("\n"), done.stderr) == (1, "")


def test_rules_of_your_own(tmp_path: Path) -> None:
    """A rule on documents flags them in OUT, and a line that two rules strip is counted once."""
    builtin = builtin_folder()
    limit = (builtin / "quality" / "empty.toml").read_text("utf-8")
    limit = limit.replace('action = "drop"', 'action = "flag"').replace("min = 1 ", "min = 60 ").split("[[hit]]")[0]
    examples = "".join(
        f"[[{kind}]]\ntext = {json.dumps(text)}\n" for kind in ("hit", "miss") for text in EXAMPLES[kind]
    )
    twin = (builtin / "boilerplate" / "image-path.toml").read_text("utf-8")
    put(tmp_path / "mine", {"quality/short.toml": limit + examples, "boilerplate/again.toml": twin})
    put(tmp_path / "in", {"a.txt": f"/img/1.jpg\n{PROSE}", "b.txt": JAPANESE})
    chosen = [option for rule in ("quality/short", "boilerplate/again") for option in ("--select", rule)]
    got = call("run", tmp_path / "in", tmp_path / "out.parquet", "--rules", tmp_path / "mine", *SELECT, *chosen)
    assert (got.exit_code, got.stdout.splitlines()[6]) == (0, "stripped     1 line, whole or in part")
    flags = pl.read_parquet(tmp_path / "out.parquet").select("id", "flags").rows()
    assert flags == [("a.txt", []), ("b.txt", ["quality/short"])]


def test_a_rule_of_duplicates_in_draft_drops_nothing(tmp_path: Path) -> None:
    """A draft never acts, and that holds for duplicates too."""
    draft = (builtin_folder() / "dedupe" / "exact.toml").read_text("utf-8")
    draft = "replaces = true\n" + draft.replace('status = "stable"', 'status = "draft"')
    put(tmp_path / "mine", {"dedupe/exact.toml": draft})
    put(tmp_path / "in", {"a.txt": JAPANESE, "b.txt": JAPANESE})
    command = ("run", tmp_path / "in", tmp_path / "out.parquet", "--select", "dedupe/exact", "--overwrite")
    counts = []
    for options in ((), ("--rules", tmp_path / "mine")):
        assert call(*command, *options).exit_code == 0
        counts.append(pl.read_parquet(tmp_path / "out.parquet").height)
    assert counts == [1, 2]


def test_run_says_what_was_replaced(tmp_path: Path, folder: Path) -> None:
    """A rule of ours that gave way is named at the end of a run, and in `summary.json`."""
    text = (builtin_folder() / "quality" / "empty.toml").read_text("utf-8")
    put(tmp_path / "mine", {"quality/empty.toml": "replaces = true\n" + text})
    told = f"quality/empty, by {tmp_path}/mine/quality/empty.toml"
    got = call("run", folder, tmp_path / "out.parquet", *SELECT, "--rules", tmp_path / "mine")
    assert f"\nreplaced     {told}\n" in got.stdout
    assert json.loads((tmp_path / "out.report" / "summary.json").read_text("utf-8"))["replaced"] == [told]


@pytest.mark.slow
def test_check_says_what_was_replaced(tmp_path: Path) -> None:
    """`check` was silent about a rule of ours that gave way, and about files that nobody reads."""
    text = (builtin_folder() / "quality" / "empty.toml").read_text("utf-8")
    put(tmp_path / "mine", {"quality/empty.toml": "replaces = true\n" + text})
    got = call("check", tmp_path / "mine")
    assert got.exit_code == 0
    assert got.stdout.startswith(f"replaced  quality/empty, by {tmp_path}/mine/quality/empty.toml\n")
    put(tmp_path / "mine", {"quality/full.tml": text})
    got = call("check", tmp_path / "mine")
    assert (got.exit_code, f"{tmp_path}/mine/quality/full.tml: no rule file" in got.stderr) == (2, True)
