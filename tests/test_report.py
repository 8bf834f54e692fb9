"""The page for reviewers: what stands on it, that scraped text does no harm there, and that it is the same each time."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

import cleanse
from cleanse import report
from cleanse.passes import Result
from tests.runs import put, run, table

PROSE = "The harbour office opens at nine, and the ferry leaves when the tide allows it.\n"
RUSSIAN = "Паром отходит от причала в девять, если позволяет вода.\n"
SELECT = {"select": ["boilerplate/image-path", "spam/seo-link", "encoding/zero-width-space", "quality", "dedupe"]}
HOSTILE = {
    "script": "<script>document.title='owned'</script>",
    "attribute": "\"'><img src=x onerror=\"document.title='owned'\">",
    "scheme": "javascript:document.title='owned'",
    "template": "{{ 7 * 7 }}{% for x in y %}",
    "closing": "</span></li></ul></details></body></html>",
    "comment": "<!-- ]]> --><plaintext>",
}
ELEMENTS = {
    *("html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "p", "code", "dl", "div", "dt", "dd", "table", "thead"),
    *("tbody", "tr", "th", "td", "a", "details", "summary", "ul", "li", "span", "del", "ins", "mark", "em", "bdi"),
}  # fmt: skip
ATTRIBUTES = {
    *("lang", "charset", "name", "content", "http-equiv", "class", "id", "href", "scope", "colspan", "style", "dir", "role"),
    *("aria-label", "tabindex"),
}  # fmt: skip


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
    assert page.attributes["href"] == {f"#{rule}" for rule in fired}
    assert page.attributes["id"] - {"rules", "samples", "duplicates", "quarantine"} == fired
    assert f"{len(set(counted['rule']) - fired)} rules hit nothing" in page.text()


@pytest.mark.parametrize(
    "words",
    [
        "en · a.txt · line 0, 0–18 · rules/boilerplate/image-path.toml /img/harbour-1.jpg",
        "en · a.txt · line 1, 7–8 · rules/encoding/zero-width-space.toml ⟨U+200B⟩",
        "ru · c.txt · rules/dedupe/exact.toml the whole document",
        "c.txt b.txt 1.000 dedupe/exact",
        "e.jsonl 0 not valid JSON",
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
    assert "default-src 'none'; style-src 'unsafe-inline'" in page.attributes["content"]


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
    assert f"![{'x' * 298}…" in page.text()
    assert "x" * 299 not in page.source


def test_samples_are_bounded(tmp_path: Path) -> None:
    """Of many hits a few are shown for each rule and language of document."""
    files = {f"{n}.txt": f"/img/{n}.jpg\n{(PROSE, RUSSIAN)[n % 2]} {n}" for n in range(90)}
    page = Page(run(tmp_path, files, select=["boilerplate/image-path"]))
    starts = [word for word in page.words if word.endswith("·")]
    assert {language: starts.count(f"{language} ·") for language in ("en", "ru")} == dict.fromkeys(("en", "ru"), 8)


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
    assert page.attributes["id"] == {"rules", "samples"}


def test_rules_that_run_unasked_are_on_the_page(tmp_path: Path) -> None:
    """A charset is decoded in any case: its rule has a row and a sample though it was not selected."""
    text = f"{RUSSIAN}\n" * 6
    result = run(tmp_path, {"a.txt": text.encode("windows-1251")}, select=["boilerplate/image-path"])
    hits = table(result, "rules").select("rule", "language", "action", "documents").rows()
    assert ("encoding/charset", "ru", "fix", 1) in hits
    assert "ru · a.txt · rules/encoding/charset.toml windows-1251 utf-8" in Page(result).text().lower()


def test_an_unselected_rule_of_the_language_flags_nothing(tmp_path: Path) -> None:
    """The language is told in any case, and the flag for `und` is a rule like others."""
    result = run(tmp_path, {"a.txt": "12 / 34"}, select=["boilerplate/image-path"])
    assert table(result, "measures")["language"].to_list() == ["und"]
    assert table(result, "hits").height == 0


def test_the_page_needs_nothing_else(ordinary: Result) -> None:
    """There is no script, no link outward and no file beside the page that it needs."""
    page = Page(ordinary)
    assert not set(page.elements) & {"script", "link", "img", "iframe", "object", "form"}
    assert not set(page.attributes) & {"src", "srcset", "action"}
    assert "url(" not in page.source
    assert not [name for name in page.attributes if name.startswith("on")]


def test_an_overwritten_report_is_new(tmp_path: Path) -> None:
    """A second run leaves no page of the first."""
    run(tmp_path, {"a.txt": f"/img/1.jpg\n{PROSE}"}, **SELECT)
    second = cleanse.run(put(tmp_path / "in", {"a.txt": PROSE}), tmp_path / "out.parquet", overwrite=True, **SELECT)
    assert "image-path strip" not in Page(second).text()
