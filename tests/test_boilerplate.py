"""What boilerplate rules hit, by scope: lines, spans and blocks; where a block stops; which language counts."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from cleanse import boilerplate, encoding
from cleanse.hits import explode_hits
from cleanse.line_rules import LineRules, tag_lines
from cleanse.matching import Lines, spans
from cleanse.rules import Body, Head, Rule, Rules, load_rules

RULES = load_rules()
HEAD = {
    "title": "Line of a test",
    "why": "It stands here so that a test has a rule to run.",
    "since": "0.1.0",
    "status": "stable",
    "scope": "line",
    "action": "strip",
    "severity": "low",
    "risk": "None at all outside of this test.",
    "max_chars": 100,
}


def rule(name: str = "test", languages: dict[str, dict[str, object]] | None = None, **head: object) -> Rule:
    """Make a rule out of what differs from HEAD."""
    bodies = {language: Body.model_validate(body) for language, body in (languages or {}).items()}
    return Rule(f"boilerplate/{name}", Head.model_validate({**HEAD, **head}), (f"boilerplate/{name}.toml",), bodies)


def tag(text: str, *rules: Rule, language: str = "und") -> list[tuple[int, int, int, str]]:
    """Give line, start, end and text of all that the rules hit in one document."""
    frame = pl.LazyFrame({"text": [text], "language": [language]})
    frame = encoding.repair_text(frame, encoding.Repairer(RULES.select()))
    tagged = tag_lines(frame, LineRules.of(Rules(rules))).collect()
    hits = explode_hits(tagged.with_row_index("doc"), boilerplate.COLUMN)
    assert all(
        text.split("\n")[line][start:end] == part
        for line, start, end, part in hits.select("line", "start", "end", "text").rows()
    )
    return hits.select("line", "start", "end", "text").rows()


def lines_hit(text: str, *rules: Rule, language: str = "und") -> list[int]:
    """Give the numbers of the lines that are hit whole."""
    lines = text.split("\n")
    return [
        line for line, start, end, _ in tag(text, *rules, language=language) if (start, end) == (0, len(lines[line]))
    ]


BLOCK = {
    "scope": "block",
    "literals": ["More stories", "और कहानियाँ", "更多文章"],
    "patterns": [r"^{literals}$"],
    "block": {
        "items": [r"^\s*[-*•]\s*\S"],
        "prose": [r"[.。।]\s*$"],
        "loose_chars": 40,
        "loose_run": 2,
        "max_lines": 5,
        "max_gap": 1,
    },
}


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("Prose.\nMore stories\n- one\n- two\nProse goes on.", [1, 2, 3]),
        ("और कहानियाँ\n- एक\n- दो\nनदी बढ़ी।", [0, 1, 2]),
        ("更多文章\n一条河的历史\n两座桥\n雨停了。", [0, 1, 2]),
        ("More stories\n- one\n\n- two\n\n\n- three", [0, 1, 3]),
        ("More stories\n\n- one\nProse.", [0, 2]),
        ("More stories\n\n\n- one", [0]),
        ("More stories\nProse at once.\n- one", [0]),
        ("More stories\nA lonely line\nProse.", [0]),
        ("More stories\nA lonely line at the end", [0, 1]),
        ("More stories\nTwo lines\nthat may be links\nProse.", [0, 1, 2]),
        ("More stories\n- one\nand its second line\n- two\nProse.", [0, 1]),
        ("More stories\n- one\nloose below it\nand another\nProse.", [0, 1, 2, 3]),
        ("More stories\n- one\n\nloose behind a gap\nand another\nProse.", [0, 1]),
        ("More stories\n- 1\n- 2\n- 3\n- 4\n- 5\n- 6", [0, 1, 2, 3, 4, 5]),
        ("More stories\n- one\nMore stories\n- two\nProse.", [0, 1, 2, 3]),
        ("More stories\n" + "a line that is longer than forty characters are\n" * 2 + "Prose.", [0]),
        ("He read more stories\n- one", []),
    ],
)
def test_where_a_block_stops(text, lines):
    """Before prose, behind too many blank lines, at the next heading, after max_lines, at the end of the document."""
    assert lines_hit(text, rule(**BLOCK)) == lines


def test_blank_lines_of_a_block_stay():
    """Blank lines between the items are not hit."""
    assert [line for line, *_ in tag("More stories\n\n- one\n\n- two", rule(**BLOCK))] == [0, 2, 4]


@pytest.mark.parametrize(
    ("position", "lines"),
    [
        ({"head": 2}, [0, 2]),
        ({"tail": 1}, [6]),
        ({"head": 1, "tail": 2}, [0, 5, 6]),
        ({}, [0, 2, 5, 6]),
        ({"head": 99}, [0, 2, 5, 6]),
    ],
)
def test_positions(position, lines):
    """`head` and `tail` count the lines that are not blank, from both ends of the document."""
    text = "Anzeige\n \nAnzeige\nText.\nMehr Text.\nAnzeige\nAnzeige\n\n"
    assert lines_hit(text, rule(literals=["Anzeige"], patterns=["^{literals}$"], **position)) == lines


def test_positions_are_those_of_each_document():
    """Documents of one frame have heads and tails of their own."""
    frame = pl.DataFrame({"doc": [0, 1], "repaired": ["Anzeige\nText", "Text\nAnzeige"], "language": ["de", "de"]})
    matcher = LineRules.of(Rules([rule(literals=["Anzeige"], patterns=["^{literals}$"], head=1)])).matcher
    found = matcher.match(frame.cast({"doc": pl.UInt32}), Lines(frame["repaired"])).places
    assert found.select("doc", "line").rows() == [(0, 0)]


@pytest.mark.parametrize(
    ("text", "pattern", "hits"),
    [
        ("a [x] b [yy] c", r"\[\w+\]", [(0, 2, 5, "[x]"), (0, 8, 12, "[yy]")]),
        ("[x][yy]", r"\[\w+\]", [(0, 0, 3, "[x]"), (0, 3, 7, "[yy]")]),
        ("雨[停]了\nनदी [बढ़ी] थी", r"\[[^\]]+\]", [(0, 1, 4, "[停]"), (1, 4, 10, "[बढ़ी]")]),
        ("😀[x]😀", r"\[\w+\]", [(0, 1, 4, "[x]")]),
        ("cost [x] here", r"(?P<before>cost )(?P<hit>\[x\])(?P<after> here)", [(0, 5, 8, "[x]")]),
        ("cost [x] there", r"(?P<before>cost )(?P<hit>\[x\])(?P<after> here)", []),
        ("[x] \ufdd0 [y] \ufdd1", r"\[\w\]", [(0, 0, 3, "[x]"), (0, 6, 9, "[y]")]),
    ],
)
def test_spans(text, pattern, hits):
    """Every match of a span rule is hit, in characters, in any script; with three groups only the middle one."""
    assert tag(text, rule(scope="span", literals=["["], patterns=[pattern])) == hits


def test_a_span_in_a_repaired_line_points_at_the_text_as_read():
    """The pattern sees the repaired line; the hit is told in characters as read, widened to the repairs it cuts."""
    text = "Salt &amp; pepper [x] fÃ¼r [Ã¼]"
    hits = tag(text, rule(scope="span", literals=["["], patterns=[r"\[\w+\]"]))
    assert [part for *_, part in hits] == ["[x]", "[Ã¼]"]


GERMAN = {"de": {"literals": ["Anzeige"]}}
SITE = {"en": {"literals": ["Advert"], "everywhere": True}, "de": {"literals": ["Anzeige"]}}


@pytest.mark.parametrize(
    ("language", "hit"), [("de", True), ("de-AT", True), ("und", True), ("pl", False), ("den", False), ("d", False)]
)
def test_the_words_of_a_language_count_in_its_documents(language, hit):
    """A hit of German words fires in German, in its regions and where the language is unknown, and nowhere else."""
    assert bool(lines_hit("Anzeige\nText", rule(languages=GERMAN, patterns=["^{literals}$"]), language=language)) == hit


def test_everywhere_is_everywhere():
    """Words marked `everywhere` count in documents of any language; their neighbours do not."""
    assert lines_hit("Advert\nAnzeige\nTekst", rule(languages=SITE, patterns=["^{literals}$"]), language="pl") == [0]


def test_hits_of_foreign_words_do_not_fire():
    """No hit of a shipped language file fires in a document of another language, unless the file says everywhere."""
    families = [
        r for r in RULES.family("boilerplate") if r.languages and not any(b.everywhere for b in r.languages.values())
    ]
    examples = [(r.id, hit.text) for r in families for body in r.languages.values() for hit in body.hit]
    frame = pl.LazyFrame({"text": [text for _, text in examples], "language": ["xx"] * len(examples)})
    frame = encoding.repair_text(frame, encoding.Repairer(Rules([])))
    tagged = tag_lines(frame, LineRules.of(Rules(families))).collect()
    assert len(examples) > 50
    assert explode_hits(tagged.with_row_index("doc"), boilerplate.COLUMN).is_empty()


@pytest.mark.parametrize(
    ("text", "hit"),
    [
        ("ANZEIGE", True),
        ("anzeige", True),
        ("Anzeige ", True),
        ("Anzeigen", False),
        ("x Anzeige", False),
        ("A" * 101, False),
    ],
)
def test_whole_lines(text, hit):
    """A line rule hits the whole line, whatever its case, and only where its pattern says."""
    assert bool(tag(text, rule(literals=["Anzeige"], patterns=["^{literals}$"]))) == hit


@pytest.mark.parametrize(
    "text",
    [
        "READ MORE",
        "Read\u00a0More",
        "rEAD mORE",
        "read  more",
        "read\tmore",
        "read\u3000more",
    ],
)
def test_spaces_and_case_of_words(text):
    """A space in a word stands for any white space, and case does not matter."""
    assert lines_hit(text, rule(literals=["Read more"], patterns=["^{literals}$"])) == [0]


@pytest.mark.parametrize("literals", [["More posts:", "More posts"], ["More posts", "More posts:"]])
def test_a_label_with_and_without_its_colon(literals):
    """Where both forms are words of a rule, the line without a colon is hit, whichever stands first."""
    assert lines_hit("More posts", rule(literals=literals, label=True, patterns=[])) == [0]


@pytest.mark.parametrize(
    ("word", "line"),
    [("İLGİLİ YAZILAR", "İLGİLİ YAZILAR"), ("ещё новости", "ЕЩЁ НОВОСТИ"), ("σχετικά", "ΣΧΕΤΙΚΆ"), ("más", "MÁS")],
)
def test_capitals_of_other_alphabets(word, line):
    """Capitals beyond ASCII are the same word."""
    assert lines_hit(line, rule(literals=[word], patterns=["^{literals}$"])) == [0]


def test_length_bounds():
    """`min_chars` and `max_chars` count characters, not bytes, and both ends belong to the range."""
    bounded = rule(patterns=[r"^\p{Han}+$"], min_chars=2, max_chars=3)
    assert lines_hit("一\n二二\n三三三\n四四四四", bounded) == [1, 2]


def test_drafts_are_noted_and_do_not_act():
    """The hit of a rule in draft is there, marked as one that does not act."""
    frame = pl.LazyFrame({"text": ["Anzeige"], "language": ["de"]})
    frame = encoding.repair_text(frame, encoding.Repairer(Rules([])))
    matcher = LineRules.of(Rules([rule(literals=["Anzeige"], patterns=["^{literals}$"], status="draft")]))
    (hit,) = tag_lines(frame, matcher).collect()[boilerplate.COLUMN].item().to_list()
    assert (hit["rule"], hit["acts"]) == ("boilerplate/test", False)


def test_two_rules_may_hit_one_line():
    """Hits of different rules overlap freely; each stands for itself."""
    first = rule("a", literals=["Anzeige"], patterns=["^{literals}$"])
    second = rule("b", scope="span", literals=["zeig"], patterns=["{literals}"])
    assert tag("Anzeige", first, second) == [(0, 0, 7, "Anzeige"), (0, 2, 6, "zeig")]


def as_family(family: str, *rules: Rule) -> Rules:
    """Give rules of a test as those of another family."""
    return Rules(replace(one, id=one.id.replace("boilerplate", family)) for one in rules)


def test_families_are_matched_together_and_told_apart():
    """One pass finds the words of all families; each has its own hits, also where they share a word and a line."""
    shared = rule(literals=["Anzeige"], patterns=["{literals}"])
    rules = Rules([shared, *as_family("spam", shared, rule("more", literals=["Casino"], patterns=["{literals}"]))])
    frame = pl.LazyFrame({"text": ["Anzeige\nText.\nCasino hier"], "language": ["de"]})
    frame = encoding.repair_text(frame, encoding.Repairer(Rules([])))
    tagged = tag_lines(frame, LineRules.of(rules)).collect()
    hits = {
        name: [(hit["rule"], hit["line"]) for hit in tagged[name].item()] for name in ("boilerplate_hits", "spam_hits")
    }
    assert hits == {"boilerplate_hits": [("boilerplate/test", 0)], "spam_hits": [("spam/test", 0), ("spam/more", 2)]}


def test_a_family_asks_only_its_own_rules_which_lines_they_take():
    """A label over a line that only a rule of spam takes is a heading all the same: without that family, nothing changes."""
    label = rule(literals=["Anzeige"], label=True, heading={"below": [r"\.$"], "min_chars": 4})
    taker = rule("taker", literals=["Casino"], patterns=["{literals}"])
    frame = pl.LazyFrame({"text": ["Anzeige\nCasino hier."], "language": ["de"]})
    frame = encoding.repair_text(frame, encoding.Repairer(Rules([])))
    others = [
        tag_lines(frame, LineRules.of(Rules([label, *own]))).collect()
        for own in ([], as_family("spam", taker), [taker])
    ]
    lines = [[hit["line"] for hit in one["boilerplate_hits"].item()] for one in others]
    assert lines == [[], [], [0, 1]]


def test_unused_characters():
    """The marks that find_spans puts in are in none of the texts."""
    assert spans.unused_characters(pl.Series(["a", "\ufdd0"])) == ("\ufdd1", "\ufdd2")
    assert spans.unused_characters(pl.Series([], dtype=pl.String)) == ("\ufdd0", "\ufdd1")


def test_nothing_in_nothing():
    """Blank documents have no hits, from any rule of ours."""
    texts = ["", "\n\n", " \t\n\u00a0", "\r\n"]
    frame = pl.LazyFrame({"text": texts, "language": ["und"] * len(texts)})
    frame = encoding.repair_text(frame, encoding.Repairer(RULES.select()))
    tagged = tag_lines(frame, LineRules.of(RULES)).collect()
    assert tagged[boilerplate.COLUMN].list.len().to_list() == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("literal", "apart"),
    [
        ("Đọc thêm", "Đo\u0323c thêm"),
        ("もっと見る", "もっと見る"),
        ("もっとどうぞ", "もっとと\u3099うそ\u3099"),
        ("더 보기", "\u1103\u1165 \u1107\u1169\u1100\u1175"),
        ("Weiterlesen für alle", "Weiterlesen fu\u0308r alle"),
        ("اقرأ أيضا", "اقرا\u0654 ا\u0654يضا"),
    ],
)
def test_letters_apart_from_their_marks(literal, apart):
    """Words meet a text whose letters are not composed with their marks; the hit is the line as it stands there."""
    labels = rule(languages={"vi": {"literals": [literal]}}, label=True)
    pattern = rule("other", languages={"vi": {"literals": [literal]}}, patterns=[r"^{literals}\s*:\s*\S"], trim=True)
    text = f"Cafe\u0301 {literal}.\n{apart}\n\n» {apart}: cafe\u0301 "
    assert tag(text, labels, pattern, language="vi") == [
        (1, 0, len(apart), apart),
        (3, 0, len(apart) + 10, f"» {apart}: cafe\u0301 "),
    ]


def test_space_at_the_end_of_a_line():
    """Patterns do not see the white space at the end of a line, of whatever kind; the hit covers it."""
    dated = rule(patterns=[r"^page \d+$"], literals=["page"])
    assert tag("page 7 \u00a0\u3000\t\npage 8 b \npage 9", dated) == [
        (0, 0, 10, "page 7 \u00a0\u3000\t"),
        (2, 0, 6, "page 9"),
    ]


def test_a_pattern_with_two_places_for_words():
    """Both places take any of the words, and what stands before, between and behind counts."""
    row = rule(
        languages={"en": {"literals": ["Home", "Help"]}}, patterns=[r"^(?:\S+ \| )?{literals}\s*\|\s*{literals}$"]
    )
    text = "Home | Help\nHome | News\nNews | Help | Home\nHelp, Home\nHome |\nHomes | Help"
    assert lines_hit(text, row, language="en") == [0, 2]


@pytest.mark.parametrize("text", ["Bildirimleri açın", "BİLDİRİMLERİ AÇIN", "BILDIRIMLERI AÇIN", "bildirimleri  açın"])
def test_turkish_capitals(text):
    """Words and patterns meet Turkish capitals, whether or not a site kept the dot of İ and lost that of I."""
    words = rule(languages={"tr": {"literals": ["bildirimleri açın"]}}, label=True)
    pattern = rule("other", patterns=[r"^bildirimleri\s+açın$"], trim=True)
    assert [line for line, *_ in tag(text, words, language="tr")] == [0]
    assert [line for line, *_ in tag(text, pattern)] == [0]


def test_a_span_in_letters_apart_from_their_marks():
    """The place of a span is that in the text as read, with the marks of its letters."""
    span = rule(scope="span", literals=["ảnh"], patterns=[r"\(ảnh: [^)]+\)"])
    text = "Ba\u0300 con ga\u0323\u0306t lu\u0301a (A\u0309nh: Lê Thi\u0323) ơ\u0309 đo\u0302\u0300ng"
    begin, end = text.index("("), text.index(")") + 1
    assert tag(text, span) == [(0, begin, end, text[begin:end])]
