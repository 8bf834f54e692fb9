"""The page for reviewers: what stands on it, that scraped text does no harm there, and that it is the same each time."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

import cleanse
from cleanse import report
from cleanse.cli import main
from cleanse.errors import InputError
from cleanse.passes import AsRead
from cleanse.passes.job import Result
from cleanse.report import narrowing, samples, sections
from cleanse.report.samples import Piece, ShownLine
from tests.runs import put, run, table

PROSE = "The harbour office opens at nine, and the ferry leaves when the tide allows it.\n"
RUSSIAN = "Паром отходит от причала в девять, если позволяет вода.\n"
SELECT = {"select": ["boilerplate/image-path", "spam/planted", "encoding/zero-width-space", "quality", "dedupe"]}
HOSTILE = {
    "script": "<script>document.title='owned'</script>",
    "attribute": "\"'><img src=x onerror=\"document.title='owned'\">",
    "scheme": "javascript:document.title='owned'",
    "template": "{{ 7 * 7 }}{% for x in y %}",
    "closing": "</span></li></ul></details></body></html>",
    "comment": "<!-- ]]> --><plaintext>",
}
ELEMENTS = {
    *("html", "head", "meta", "title", "style", "script", "body", "header", "main", "nav", "h1", "h2", "h3", "h4", "p", "code", "dl", "div", "dt"),
    *("dd", "table", "caption", "thead", "tbody", "tr", "th", "td", "a", "button", "details", "summary", "ul", "li", "span", "small", "del", "ins"),
    *("mark", "bdi", "label", "select", "option", "input", "output", "figure", "figcaption", "svg", "desc", "text", "rect"),
}  # fmt: skip
ATTRIBUTES = {
    *("lang", "charset", "name", "content", "http-equiv", "class", "id", "href", "scope", "colspan", "dir", "role", "tabindex", "title", "type"),
    *("aria-label", "aria-labelledby", "aria-live", "aria-pressed", "aria-sort", "data-rule", "data-language", "data-action", "data-id", "data-value", "hidden", "open"),
    *("value", "placeholder", "autocomplete", "viewbox", "x", "y", "width", "height", "rx", "text-anchor"),
}  # fmt: skip
PARTS = {"rules", "samples", "distributions", "duplicates", "documents", "quarantine", "silent"}
CONTROLS = {"filters", "language", "action", "words", "document", "unfold", "found", "rows", *(f"chart-{name}{part}" for name in ("languages", "spam") for part in ("", "-values"))}  # fmt: skip


class Page(HTMLParser):
    """What a browser would make of the page: elements, attributes and text."""

    def __init__(self, result: Result) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: dict[str, set[str]] = {}
        self.words: list[str] = []
        self.source = (result.report / "index.html").read_text("utf-8")
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, set()).add(value or "")

    def handle_data(self, data: str) -> None:
        if self.elements[-1:] not in (["style"], ["script"]):
            self.words.append(" ".join(data.split()))

    def text(self) -> str:
        return " ".join(filter(None, self.words))


@pytest.fixture(scope="module")
def ordinary(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """Give a run in which each action acts, and something is in quarantine."""
    files = {
        "a.txt": f"/img/harbour-1.jpg\nThe fer\u200bry\n{PROSE}",
        "b.txt": RUSSIAN * 3,
        "c.txt": RUSSIAN * 3,
        "d.txt": "12\n- map app map app map app\n",
        "e.jsonl": "{\n",
        "f.txt": "",
    }
    return run(tmp_path_factory.mktemp("ordinary"), files, **SELECT)


def test_the_ledger_stands_on_the_page(ordinary: Result) -> None:
    """The books come first: what was read, and what came of it."""
    text = Page(ordinary).text()
    assert "documents read 6 documents kept 3 documents dropped 2 documents quarantined 1 characters read 475" in text


def test_each_rule_that_hit_has_a_row_and_a_sample(ordinary: Result) -> None:
    """Every row of the table of rules leads to the samples of that rule; silent rules are named below it."""
    page = Page(ordinary)
    counted = table(ordinary, "rules")
    fired = set(counted.filter(counted["documents"] > 0)["rule"])
    keys = {sections.document_key(name) for name in ("a.txt", "b.txt", "c.txt", "d.txt", "f.txt")}
    documents = {f"document-{sections.document_key('a.txt')}"}
    targets = {target for target in page.attributes["href"] if not target.startswith("#?id=")}
    assert targets == {f"#{name}" for name in fired | PARTS | documents}
    assert page.attributes["data-id"] <= keys
    assert page.attributes["id"] == fired | PARTS | CONTROLS | documents
    assert f"{len(set(counted['rule']) - fired)} rules hit nothing" in page.text()


@pytest.mark.parametrize(
    "words",
    [
        "en · a.txt · line 0, 0–18 · rules/boilerplate/image-path.toml · hit 1 time /img/harbour-1.jpg The fer ⟨U+200B⟩ ry",
        "en · a.txt · line 1, 7–8 · rules/encoding/zero-width-space.toml · hit 1 time /img/harbour-1.jpg The fer ⟨U+200B⟩ ry The harbour",
        "ru · c.txt · the whole document · rules/dedupe/exact.toml · similarity 1.000 Паром",
        "similarity 1.000 · dedupe/exact · 1 dropped · kept b.txt dropped c.txt : the texts are the same Паром",
        "e.jsonl 0 not valid JSON",
        "boilerplate/image-path en strip 1 1 18 3.789 %",
    ],
)
def test_samples_say_where_and_what(ordinary: Result, words: str) -> None:
    """A sample names the language, document, place and rule file, and shows what was hit; the rest has tables."""
    assert words in Page(ordinary).text()


def test_hostile_texts_do_no_harm(tmp_path: Path) -> None:
    """Markup in texts, ids, names of files and errors is shown as it is, and makes no element and no attribute."""
    lines = [json.dumps({"id": bad, "text": f"/img/{bad}.jpg\n{bad}\n{PROSE}"}) for bad in HOSTILE.values()]
    names = {f"{bad.replace('/', '')}.txt": b"\xff\xfea" for bad in HOSTILE.values()}
    rows = "".join(f"{line}\n" for line in [*lines, HOSTILE["script"]])
    page = Page(run(tmp_path, {"rows <b>'\".jsonl": rows, **names}, **SELECT))
    assert set(page.elements) <= ELEMENTS
    assert set(page.attributes) <= ATTRIBUTES
    assert all(target.startswith("#") for target in page.attributes["href"])
    assert [bad for bad in HOSTILE.values() if " ".join(bad.split()) not in page.text()] == []
    assert page.elements.count("script") == page.elements.count("style") == 1
    assert not [text for text in page.attributes["content"] if "unsafe" in text]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\u202etxt.exe", "a⟨U+202E⟩txt.exe"),
        ("سلام\u061c!", "سلام⟨U+061C⟩!"),
        ("\x1b[31m\x9b31m", "⟨U+001B⟩[31m⟨U+009B⟩31m"),
        ("\U000e0041b", "⟨U+E0041⟩b"),
        ("天\u3164地\r\n", "天⟨U+3164⟩地␍␊"),
        ("नमस्ते 👋 é", "नमस्ते 👋 é"),
    ],
)
def test_what_cannot_be_seen_is_shown(text: str, shown: str) -> None:
    """Characters that hide, turn the line around or steer a terminal get a sign; ordinary text stays."""
    assert report.show_text(text) == shown


def test_long_texts_are_cut(tmp_path: Path) -> None:
    """A sample shows the beginning of a long hit, and so the page stays small."""
    page = Page(run(tmp_path, {"a.txt": f"![{'x' * 900}](a.jpg)\n{PROSE}"}, select=["boilerplate/image-markup"]))
    assert f"![{'x' * 298} …" in page.text()
    assert "x" * 299 not in page.source


def test_samples_are_bounded(tmp_path: Path) -> None:
    """Of many hits a few are shown for each rule and language of document."""
    files = {f"{n}.txt": f"/img/{n}.jpg\n{(PROSE, RUSSIAN)[n % 2]} {n}" for n in range(90)}
    page = Page(run(tmp_path, files, select=["boilerplate/image-path"]))
    shown = re.findall(r'<li data-language="(..)" data-id="[0-9a-f]{16}"><div', page.source)
    assert {language: shown.count(language) for language in ("en", "ru")} == dict.fromkeys(("en", "ru"), 8)


def test_of_very_many_hits_some_documents_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Samples are those of a share of the documents, chosen by their ids; the figures of the rules stay those of all."""
    files = {f"{n:02}.txt": f"{PROSE}Number {n}.\n/img/harbour-{n}.jpg\n" for n in range(40)}
    result = run(tmp_path, files, select=["boilerplate/image-path"])
    whole = Page(result)
    monkeypatch.setattr(narrowing, "MOST_ROWS", 10)
    report.rebuild_page(result.out)
    page = Page(result)
    told = re.search(r"are those of (\d+) of 40 documents", page.text())
    assert told
    assert 3 <= int(told[1]) <= 20
    assert "documents, chosen by a hash" not in whole.text()
    row = r'data-value="40">40</td>'
    assert (len(re.findall(row, page.source)), len(re.findall(row, whole.source))) == (3, 3)
    shown = [set(re.findall(r'<li data-language=".." data-id="(\w+)"', one.source)) for one in (page, whole)]
    assert 0 < len(shown[0]) <= int(told[1])
    assert sorted(path.name for path in result.report.iterdir() if path.name.startswith(".")) == []
    first = page.source
    report.rebuild_page(result.out)
    assert Page(result).source == first


def test_the_page_is_the_same_each_time(tmp_path: Path) -> None:
    """Two runs, cut and shared out otherwise, make the same page, byte for byte."""
    files = {f"{n}.txt": f"/img/{n}.jpg\n{(PROSE, RUSSIAN)[n % 2]} {n // 2}" for n in range(40)}
    first = Page(run(tmp_path / "one", files, **SELECT)).source
    assert Page(run(tmp_path / "two", files, shard_bytes=400, **SELECT)).source == first


def test_a_run_without_hits(tmp_path: Path) -> None:
    """Where nothing was hit the page says so, and has no empty tables."""
    page = Page(run(tmp_path, {"a.txt": PROSE}, **SELECT))
    assert "No rule hit anything." in page.text()
    assert page.elements.count("table") == 1
    assert page.attributes["id"] == PARTS | CONTROLS
    assert "No duplicate was found." in page.text()
    assert "Everything could be read." in page.text()


def test_rules_that_run_unasked_are_on_the_page(tmp_path: Path) -> None:
    """A charset is decoded in any case: its rule has a row and a sample though it was not selected."""
    text = f"{RUSSIAN}\n" * 6
    result = run(tmp_path, {"a.txt": text.encode("windows-1251")}, select=["boilerplate/image-path"])
    hits = table(result, "rules").select("rule", "language", "action", "documents").rows()
    assert ("encoding/charset", "ru", "fix", 1) in hits
    shown = "ru · a.txt · the whole document · rules/encoding/charset.toml · hit 1 time windows-1251 utf-8 паром"
    assert shown in Page(result).text().lower()


def test_an_unselected_rule_of_the_language_flags_nothing(tmp_path: Path) -> None:
    """The language is told in any case, and the flag for `und` is a rule like others."""
    result = run(tmp_path, {"a.txt": "12 / 34"}, select=["boilerplate/image-path"])
    assert table(result, "measures")["language"].to_list() == ["und"]
    assert table(result, "hits").height == 0


def test_the_page_needs_nothing_else(ordinary: Result) -> None:
    """There is no link outward and no file beside the page that it needs."""
    page = Page(ordinary)
    assert not set(page.elements) & {"link", "img", "iframe", "object", "form"}
    assert not set(page.attributes) & {"src", "srcset", "action"}
    assert "url(" not in page.source
    assert not [name for name in page.attributes if name.startswith("on")]


def test_an_overwritten_report_is_new(tmp_path: Path) -> None:
    """A second run leaves no page of the first."""
    run(tmp_path, {"a.txt": f"/img/1.jpg\n{PROSE}"}, **SELECT)
    second = cleanse.run(put(tmp_path / "in", {"a.txt": PROSE}), tmp_path / "out.parquet", overwrite=True, **SELECT)
    assert "image-path strip" not in Page(second).text()


def test_lines_beside_a_hit_and_other_hits_in_them() -> None:
    """A hit stands in its line between the nearest lines with text; what other rules took there is marked as theirs."""
    document = AsRead("first\n[ad] second\n\nkeep (gone) keep\nlast")
    hits = [
        {"rule": "x/ad", "action": "strip", "line": 1, "start": 0, "end": 4, "text": "[ad]", "replacement": ""},
        {"rule": "x/gone", "action": "strip", "line": 3, "start": 5, "end": 11, "text": "(gone)", "replacement": ""},
    ]
    windows = samples.choose_windows(hits[1], document)
    assert [window.line for window in windows] == [1, 3, 4]
    assert samples.show_hit(hits[1], document, windows, [hits[:1], hits[1:], []]) == (
        ShownLine(1, (Piece("[ad]", "strip", "x/ad"), Piece(" second"))),
        ShownLine(3, (Piece("keep "), Piece("(gone)", "strip", "x/gone", own=True), Piece(" keep"))),
        ShownLine(4, (Piece("last"),)),
    )


def test_overlapping_hits_in_a_line() -> None:
    """What lies under a strip is shown as stripped, and a fix shows what it put there once, at its end."""
    hits = [
        {"rule": "x/strip", "action": "strip", "start": 0, "end": 3},
        {"rule": "x/flag", "action": "flag", "start": 2, "end": 7},
        {"rule": "x/fix", "action": "fix", "start": 4, "end": 6, "replacement": "é"},
    ]
    assert samples.cut_line("abcdefgh", hits, 0, 7) == (
        Piece("ab", "strip", "x/strip"),
        Piece("c", "strip", "x/strip"),
        Piece("d", "flag", "x/flag"),
        Piece("ef", "fix", "x/fix", "é"),
        Piece("g", "flag", "x/flag"),
        Piece("…"),
    )


def test_a_line_is_shown_once(tmp_path: Path) -> None:
    """A line that went whole on many pages is one sample, and a line of a document that was hit twice is one too."""
    files = {f"{n}.txt": f"/img/harbour.jpg\n{PROSE} {n} fer\u200bry fer\u200bry\n" for n in range(9)}
    page = Page(run(tmp_path, files, select=["boilerplate/image-path", "encoding/zero-width-space"]))
    assert page.source.count("hit 9 times") == 1
    assert page.source.count("hit 18 times") == 8


def test_the_measured_value_stands_beside_the_limit(tmp_path: Path) -> None:
    """A document that a measure drops shows what was measured and what was asked, on the page and in `why`; the nearest to the limit is in doubt."""
    files = {f"{n}.txt": PROSE * n for n in (1, 2, 3)}
    result = run(tmp_path, files, profile="gopher", select=["quality/gopher-word-count"])
    text = Page(result).text()
    shown = re.findall(
        r"(\d+)\.txt · the whole document · \S+ · words (\d+), at least 50 asked .*? allowed( · least certain)?", text
    )
    assert sorted(shown) == [("1", "15", ""), ("2", "30", ""), ("3", "45", " · least certain")]
    why = report.explain(result.out, "2.txt").splitlines()
    assert why[1] == "dropped by quality/gopher-word-count: words 30, at least 50 asked and at most 100000 allowed"


def test_sums_of_points_are_drawn(tmp_path: Path) -> None:
    """A hit of a scorecard shows each term of its sum as a bar with a name, and all sums of the rule are a chart."""
    planted = cleanse.load_rules()["spam/planted"]
    text = next(example.text for kind, _, _, example in planted.examples() if kind == "hit")
    result = run(tmp_path, {"a.txt": f"{PROSE}{text}\n"}, select=[planted.id])
    page = Page(result)
    signals = table(result, "signals").drop_nulls("evidence")
    assert signals.height
    total = round(signals["weight"].sum())
    assert f"{total} points, from " in page.text()
    for name, weight in signals.select("evidence", "weight").iter_rows():
        assert f"{name} {round(weight):+d}" in page.text()
    threshold = planted.head.scorecard.threshold
    assert f"Hits of spam/planted by their points, from {threshold} on {total}: 1 hits." in page.text()


def test_pairs_show_their_difference(tmp_path: Path) -> None:
    """Of two near duplicates the page shows the lines in which they differ, and what is equal only beside them."""
    lines = [f"{PROSE.strip()} On day {n} it left at {n}.\n" for n in range(12)]
    other = "".join(lines).replace("On day 6 it left at 6.", "On day 6 nothing left.")
    result = run(tmp_path, {"a.txt": "".join(lines), "b.txt": other}, select=["dedupe"])
    source = Page(result).source.split('id="duplicates"')[1].split('id="documents"')[0]
    assert '<del title="">nothing left</del><ins title="">it left at 6</ins>' in source
    assert source.count('class="text') == 3


def test_documents_that_changed_most(ordinary: Result) -> None:
    """They are listed with what was read and written, the first ones whole, with all marks."""
    text = Page(ordinary).text()
    assert "a.txt en 110 90 20 a.txt · en · 20 of 110 characters gone /img/harbour-1.jpg The fer ⟨U+200B⟩ ry" in text


def places(rows: list[tuple[str, str, float | None, int, int]]) -> pl.DataFrame:
    """Give hits of one rule and language from id, source, similarity, copies and length."""
    return pl.DataFrame(
        rows, orient="row", schema={"id": pl.String, "source": pl.String, "similarity": pl.Float64, "copies": pl.UInt32, "chars": pl.UInt32},
    ).with_row_index("row").with_columns(
        rule=pl.lit("x/rule"), language=pl.lit("hi"), line=pl.lit(0, pl.UInt32), start=pl.lit(0, pl.UInt32), weight=pl.lit(None, pl.Float32), points=pl.lit(None, pl.Boolean), distance=pl.lit(None, pl.Float64), repeat=pl.lit(value=False)
    )  # fmt: skip


def test_half_of_the_samples_are_the_least_certain() -> None:
    """Rare texts come first, of these the longest; of duplicates the least similar."""
    rare = [
        ("a", "s", None, 9, 50),
        ("b", "s", None, 1, 5),
        ("c", "s", None, 1, 40),
        ("d", "s", None, 2, 90),
        ("e", "s", None, 9, 9),
    ]
    chosen = samples.choose_places(places(rare), samples=4)
    assert chosen.filter("doubtful")["row"].to_list() == [2, 1]
    assert chosen.height == 4
    twins = [("a", "s", 0.95, 1, 0), ("b", "s", 0.81, 1, 0), ("c", "s", 1.0, 1, 0), ("d", "s", 0.8, 1, 0)]
    assert samples.choose_places(places(twins), samples=2).filter("doubtful")["row"].to_list() == [3]


def test_samples_are_spread_over_the_sources() -> None:
    """A large file does not crowd out the small ones: each source gets its turn before one gets its second."""
    rows = [(f"big-{n}", "big", None, 9, 9) for n in range(200)] + [
        (f"{n}", f"small-{n}", None, 9, 9) for n in range(3)
    ]
    spread = samples.choose_places(places(rows), samples=8).filter(~pl.col("doubtful"))
    assert spread.join(places(rows), on="row")["source"].n_unique() == 4


def test_the_whole_page_is_bounded() -> None:
    """With many languages each gets fewer samples, and the page never has more than it should."""
    rows = pl.concat(
        [
            places([(f"{n}", "s", None, 1, 1) for n in range(9)]).with_columns(language=pl.lit(f"l{m}"))
            for m in range(50)
        ]
    )
    rows = rows.drop("row").with_row_index("row")
    assert (
        samples.choose_places(rows, samples=8, page_samples=100).group_by("language").len()["len"].to_list() == [2] * 50
    )
    assert samples.choose_places(rows, samples=8, page_samples=20).height == 20


def test_overlaps_name_the_other_rule(tmp_path: Path) -> None:
    """The table names the rules that hit the same lines, and how many."""
    text = f"{PROSE}<p>- harita indirme programı harita indirme programı</p>\n"
    result = run(tmp_path, {"a.txt": text * 2}, select=["boilerplate/markup-residue", "spam/planted"])
    pairs = sections.count_overlaps(result.report, table(result, "measures").select("id", "language"))
    lines = table(result, "hits").select("line", "rule").unique()
    both = lines.group_by("line").len().filter(pl.col("len") > 1).height
    assert sorted(pairs.select("rule", "other", "lines").rows()) == [
        (rule, other, both)
        for rule, other in (
            ("boilerplate/markup-residue", "spam/planted"),
            ("spam/planted", "boilerplate/markup-residue"),
        )
        if both
    ]


def test_the_page_can_be_made_anew(ordinary: Result) -> None:
    """`cleanse report OUT` gives the bytes that the run wrote, from OUT and the tables alone."""
    page = ordinary.report / "index.html"
    before = page.read_bytes()
    page.unlink()
    done = CliRunner().invoke(main, ["report", str(ordinary.out)])
    assert (done.exit_code, done.output) == (0, f"wrote {page}\n")
    assert page.read_bytes() == before


@pytest.mark.parametrize(
    ("missing", "message"), [("report", "a part of the report is missing"), ("out", "not an output of cleanse")]
)
def test_what_is_needed_to_make_the_page_anew(tmp_path: Path, missing: str, message: str) -> None:
    """Without OUT or a table there is a clear error, not a page that lacks a part."""
    result = run(tmp_path, {"a.txt": PROSE}, **SELECT)
    (result.out if missing == "out" else result.report / "hits.parquet").unlink()
    with pytest.raises(InputError, match=message):
        report.rebuild_page(result.out)


def test_tables_for_spreadsheets(tmp_path: Path) -> None:
    """No cell of a CSV file begins like a formula, whatever the ids and names of files are."""
    texts = {f"{start}cmd|' /C calc'!A0": PROSE for start in ("=", "+", "-", "@", "\t", "\r")}
    rows = "".join(f"{json.dumps({'id': name, 'text': text})}\n" for name, text in texts.items())
    result = run(tmp_path, {"=a.jsonl": f"{rows}{{\n"}, **SELECT)
    paths = report.export_tables(result.out, tmp_path / "csv")
    cells = [
        cell for path in paths for row in csv.reader(io.StringIO(path.read_text("utf-8"), newline="")) for cell in row
    ]
    assert [path.name for path in paths] == ["rules.csv", "hits.csv", "dropped.csv", "duplicates.csv", "quarantine.csv"]
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []
    assert sum(cell.startswith("'") for cell in cells) == 5 * (1 + 3 + 3) + 1


BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "chrome-headless-shell")


@pytest.fixture(scope="module")
def browse() -> Callable[[Path], str]:
    """Give a function that opens a page in headless Chromium and gives its DOM after its scripts ran."""
    browser = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip(f"no Chromium: install one of {', '.join(BROWSERS)}, or name one in CHROMIUM")

    def open_page(page: Path) -> str:
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=2000", "--dump-dom"]
        profile = f"--user-data-dir={page.parent / 'profile'}"
        done = subprocess.run([browser, *flags, profile, page.as_uri()], capture_output=True, check=True, timeout=120)
        return done.stdout.decode()

    return open_page


PAYLOADS = (
    "<script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    '"><svg onload="document.title=\'owned\'">',
    "'><body onload='document.title=`owned`'>",
    "</script><script>document.title='owned'</script>",
    "</style></title><script>document.title='owned'</script>",
    "<details open ontoggle=\"document.title='owned'\">",
    "<iframe srcdoc=\"<script>parent.document.title='owned'</script>\"></iframe>",
)


def test_no_script_of_a_text_runs_in_a_browser(tmp_path: Path, browse: Callable[[Path], str]) -> None:
    """In real Chromium our own script runs, and none that stands in a text, an id or the name of a file."""
    rows = [
        {"id": f"{n} {bad}", "text": f"/img/{bad}.jpg\n{bad}\nfer\u200bry {bad}\n{PROSE}"}
        for n, bad in enumerate(PAYLOADS)
    ]
    rows += [{"id": f"twin {row['id']}", "text": row["text"]} for row in rows]
    files = {
        "rows <img src=x onerror=document.title=1>.jsonl": "".join(f"{json.dumps(row)}\n" for row in rows)
        + "<script>{\n"
    }
    result = run(tmp_path, files, **SELECT)
    dom = browse(result.report / "index.html")
    assert "<title>cleanse: report</title>" in dom
    assert (
        re.search(r'<output id="found"[^>]*>\d+ rows</output>', dom)
        or "hidden" not in dom.split('id="filters"')[1].split(">")[0]
    )
    assert dom.count("<script") == 1
    assert not re.search(r"<(img|iframe|object)", dom)


def test_one_button_opens_all_samples(tmp_path: Path, ordinary: Result, browse: Callable[[Path], str]) -> None:
    """A press opens the samples of every rule, the next one closes them; a script of ours presses it, without the policy."""
    source = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", Page(ordinary).source)
    states = []
    for presses in (0, 1, 2):
        press = "byId('unfold').click();" * presses
        (tmp_path / "page.html").write_text(source.replace("</body>", f"<script>{press}</script></body>"), "utf-8")
        dom = browse(tmp_path / "page.html")
        states.append([" open" in tag for tag in re.findall(r'<details id="[^"]*/[^>]*>', dom)])
    assert [set(state) for state in states] == [{False}, {True}, {False}]


def test_filters_stand_in_the_address(tmp_path: Path, ordinary: Result, browse: Callable[[Path], str]) -> None:
    """An address with a filter shows what it says: a language, a part of a rule, a document by its digits or a part of its id."""
    source = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", Page(ordinary).source)
    key = sections.document_key("a.txt")
    shown = {}
    for number, address in enumerate(
        ("", "#?language=ru", "#?rule=ZERO", f"#?id={key}", "#?document=c.t", "#?action=drop")
    ):
        page = tmp_path / f"page-{number}.html"
        page.write_text(source.replace('"use strict";', f'"use strict"; location.hash = "{address}";', 1), "utf-8")
        dom = browse(page)
        samples_shown = re.findall(r'<li data-language="(\w+)" data-id="(\w+)">', dom)
        shown[address] = (re.search(r'<output id="found"[^>]*>([^<]*)</output>', dom).group(1), sorted(samples_shown))
    every = {key: [item for item in shown[""][1] if item[1] == key]}
    assert [item[0] for item in shown["#?language=ru"][1]] == ["ru"]
    assert shown["#?rule=ZERO"][0] == "1 rows"
    assert shown[f"#?id={key}"] == (f"{len(every[key])} samples", every[key])
    assert shown["#?document=c.t"] == ("1 samples", [("ru", sections.document_key("c.txt"))])
    assert shown["#?action=drop"][0] == "2 rows"


@pytest.mark.parametrize("payload", PAYLOADS)
def test_the_policy_holds_where_escaping_does_not(
    tmp_path: Path, ordinary: Result, payload: str, browse: Callable[[Path], str]
) -> None:
    """Put unescaped into the page a script still does not run; without the policy it does, so that the proof can fail."""
    source = (ordinary.report / "index.html").read_text("utf-8")
    guarded = source.replace("<main>", f"<main>{payload}", 1)
    policy = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
    titles = []
    for name, content in (("guarded", guarded), ("open", policy.sub("", guarded))):
        (tmp_path / f"{name}.html").write_text(content, "utf-8")
        titles.append(re.search("<title>(.*?)</title>", browse(tmp_path / f"{name}.html")).group(1))
    assert titles[0] == "cleanse: report"
    assert titles[1] == "owned"
