"""Scorecards: measures of lines in their pages, sums of points, and which lines go."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import cleanse
from cleanse import boilerplate, pipeline
from cleanse.catalogue import describe_rule, find_faults
from cleanse.kernels import places
from cleanse.matching import Lines
from cleanse.rules import Points, Rules, Scorecard, load_rules
from cleanse.scorecards import (
    LINE_COLUMNS,
    LINE_MEASURES,
    PAGE_COLUMNS,
    PAGE_MEASURES,
    PLACED_MEASURES,
    Card,
    Surroundings,
    count_hits,
)

PROSE = "The ferry stays in port, since the ice in the sound is thicker than the hull allows, and nobody may cross it today."
FERRY = "Nobody on the islands minds the ferry much, for the ice carries people and sledges, and the hull needs paint anyway."
NONE = pl.DataFrame(
    {"doc": [], "line": [], "rule": []}, schema={"doc": pl.UInt32, "line": pl.UInt32, "rule": pl.String}
)


NAMES = sorted(PLACED_MEASURES)


def survey(text: str, hits: dict[int, str] | None = None) -> tuple[Surroundings, pl.DataFrame, pl.DataFrame]:
    """Measure one text of which other rules hit some lines: its lines, and the text itself."""
    lines = Lines(pl.Series([text]))
    found = [{"doc": 0, "line": line, "rule": rule} for line, rule in (hits or {}).items()]
    own = Surroundings.of(lines, *count_hits(pl.DataFrame(found, schema=NONE.schema), lines))
    pages = own.measure_pages()
    values = own.measure_lines(NAMES)
    line_table = pl.DataFrame({name: values[:, column] for column, name in enumerate(NAMES)})
    return own, line_table, pl.DataFrame({name: pages[:, column] for name, column in PAGE_COLUMNS.items()})


# A line alone, a measure, and what it must be.
ALONE = [
    ("The ferry stays in port", "units", 5),
    ("渡船今天不开", "units", 3),
    ("जहाज़ आज नहीं चलेगा", "units", 4),
    ("It stays.", "end-mark", 1),
    ("他们来了。", "end-mark", 1),
    ("“It stays.”", "end-mark", 1),
    ("It stays:", "end-mark", 2),
    ("It stays,", "end-mark", 3),
    ("It stays", "end-mark", 0),
    ("It stays. Why? 3.5 metres", "stops", 2),
    ("Bread, cheese; tea", "commas", 2),
    ("来自山谷，装箱", "commas", 1),
    ("12 ab", "digit-percent", 40),
    ("Old Mill at home", "capital-percent", 50),
    ("渡船今天", "capital-percent", -1),
    ("OLD MILL at home", "upper-percent", 50),
    ("we wait", "opening", 0),
    ("We wait", "opening", 1),
    ("我们", "opening", 2),
    ("3 boats", "opening", 3),
    ("* boats", "opening", 4),
    ("(boats)", "opening", 5),
    (", and boats", "opening", 6),
    (". Boats", "opening", 6),
    ("”.", "opening", 6),
    ("，船", "opening", 6),
    ("“Boats”", "opening", 5),
    (".profile", "opening", 5),
    ("… boats", "opening", 6),
    ("· boats", "opening", 4),
    ("Home > News / Sport", "separators", 2),
    ("Home | News", "separator-percent", 50),
    ("if (a) {b}", "code-percent", 100 / 3),
    ("“yes” and “no”", "quotes", 4),
    ("| Mon | Tue |", "table-cells", 3),
    ("Mon | Tue", "table-cells", 0),
    ("10 March\t45", "table-cells", 2),
    ("\t10 March", "table-cells", 0),
    ("see https://a.example or mail me@b.example", "addresses", 2),
    ("Colour: red. Size: 3:5 and", "labels", 2),
    ("颜色：红", "labels", 1),
    ("Colours:", "labels", 0),
    ("from 1987 to 2024, not 3024", "years", 2),
    ("at 17:04 and 9:30, not 3:5", "times", 2),
    ("3 boats, 12 sledges", "numbers", 2),
    ("   boats", "indent", 3),
    ("StartNewsSign inContact iPhone", "glued-words", 4),
    ("START NEWS, 3D", "glued-words", 0),
    ("StartNews SignIn to the quay", "glued-percent", 40),
    ("the iPhone on the quay", "glued-percent", 0),
    ("Start News Sign in", "bare-units", 4),
    ("Start, News Sign in", "bare-units", 0),
    ("We sign in.", "bare-units", 0),
    ("渡船今天", "bare-units", 0),
    ("It", "rule-words-percent", 0),
    ("We go to the boat", "little-percent", 60),
    ("渡船", "little-percent", -1),
    ("It stays.", "piece-units", 0),
    ("It stays.", "rule-words", 0),
    ("sum 9f2c41d07be8, ok", "longest-word", 13),
    ("渡船渡船渡船", "longest-word", 0),
    ("v1 and RT57", "mixed-percent", 200 / 3),
    ("第3章", "mixed-percent", 0),
    ("It", "heads-text", 0),
    ("It", "site-percent", -1),
    ("It", "site-row-percent", -1),
    ("Harbour", "lead-words", 0),
    ("Harbour", "topic-words", 0),
    ("Harbour", "title-words", 0),
    ("It", "lead-percent", -1),
    ("ab abcd", "word-length", 3.5),
    ("我们等船", "word-length", -1),
]


@pytest.mark.parametrize(("line", "measure", "expected"), ALONE)
def test_what_a_line_is_by_itself(line: str, measure: str, expected: float) -> None:
    """Each measure of a line alone is what its description says."""
    _, lines, _ = survey(line)
    assert lines[measure].item() == pytest.approx(expected)


def test_rows_of_a_table_stand_together() -> None:
    """A line has cells of a table where one beside it has cells too."""
    _, lines, _ = survey("| Mon | Tue |\n| Wed |\nWe wait.\nHome\tNews\tSport")
    assert lines["table-row"].to_list() == [2, 2, 0, 0]
    assert lines["table-cells"].to_list() == [3, 2, 0, 3]


PAGE = "\n".join(
    [
        "* Home", "* News 12", "* News 14", "", f"{PROSE} We wait.", "", f"{FERRY} It snows.", "Ferry and sledges", "Sport,", "Weather",
        "Jobs", "Contact",
    ]
)  # fmt: skip
STRUCK = {0: "boilerplate/a", 8: "boilerplate/a"}
# A line of PAGE (blank ones not counted), a measure, and what it must be.
PLACED = [
    (1, "repeats", 2),
    (5, "repeats", 1),
    (5, "shared-words", 2),
    (5, "shared-percent", 100),
    (5, "repeated-shared-words", 0),
    (6, "shared-percent", 0),
    (3, "blank-above", 1),
    (3, "blank-below", 1),
    (0, "hits", 1),
    (1, "hits", 0),
    (1, "units-above-1", 1),
    (1, "units-below-1", 2),
    (0, "units-above-1", -1),
    (2, "sentence-below-1", 1),
    (1, "hits-above-1", 1),
    (3, "opening-above-1", 4),
    (6, "capital-percent-above-1", 100 / 3),
    (0, "digit-percent-below-1", 100 * 2 / 9),
    (7, "units-above-4", 25),
    (5, "paragraph-above", 1),
    (9, "paragraph-above", 5),
    (0, "paragraph-above", 99),
    (0, "paragraph-below", 3),
    (1, "text-within-2", 28 / 3),
    (7, "text-within-5", 8),
    (5, "text-within-10", 57 / 9),
    (5, "text-within-20", 57 / 9),
    (0, "sentences-within-2", 0),
    (9, "sentences-within-5", 100 * 23 / 29),
    (9, "sentences-within-10", 100 * 48 / 59),
    (9, "sentences-within-20", 100 * 48 / 59),
    (1, "hits-within-5", 100 / 3),
    (5, "hits-within-10", 200 / 9),
    (5, "hits-within-20", 200 / 9),
    (0, "bullet-run", 3),
    (3, "bullet-run", 0),
    (0, "bullet-run-shared", 0),
    (3, "bullet-run-shared", -1),
    (9, "gap-in-article", 0),
    (9, "table-run", 0),
    (0, "run-lines", 3),
    (3, "run-lines", 0),
    (0, "run-hits", 100 / 3),
    (0, "run-repeats", 200 / 3),
    (0, "run-units", 5 / 3),
    (5, "run-marks", 20),
    (9, "unended-run", 3),
    (0, "core-below", 3),
    (9, "core-below", 0),
    (9, "core-above", 5),
    (4, "core-above", 0),
    (2, "from-start", 2),
    (2, "from-end", 7),
    (3, "text-before", 100 * 5 / 60),
    (9, "text-after", 0),
    (2, "hit-above", 2),
    (0, "hit-above", 99),
    (3, "hit-below", 3),
    (0, "table-row", 0),
    (0, "same-opening", 2),
    (9, "shared-within-5", 100 * 5 / 19),
    (9, "colon-above", 99),
    (9, "article-above", 100 * 3 / 13),
    (9, "article-below", -1),
    (5, "run-shared", 100 * 2 / 6),
    (3, "run-shared", -1),
    (9, "article-around", -1),
    (4, "article-around", -1),
    (9, "paragraph-gap", 99),
    (1, "mixed-within-5", 0),
    (4, "sentences-before", 100 * 25 / 48),
    (0, "sentences-before", 0),
    (0, "shared-before", -1),
    (9, "shared-after", 0),
    (5, "rule-words-within-5", 0),
    (9, "labels-within-5", 0),
    (1, "numbers-within-5", 100 * 2 / 7),
]


def test_where_a_line_stands() -> None:
    """Each measure of a line in its page is what its description says."""
    _, lines, _ = survey(PAGE, STRUCK)
    wrong = [
        (row, measure, lines[measure][row], expected)
        for row, measure, expected in PLACED
        if lines[measure][row] != pytest.approx(expected, rel=1e-4)
    ]
    assert wrong == []


PAGES = [
    ("lines", 10),
    ("units-a-line", 6),
    ("paragraph-percent", 20),
    ("paragraph-mass", 80),
    ("short-percent", 80),
    ("short-mass", 20),
    ("list-percent", 30),
    ("code-line-percent", 0),
    ("hit-percent", 20),
    ("hit-kinds", 1),
    ("ended-percent", 20),
    ("continued-percent", 0),
    ("indented-percent", 0),
    ("blank-percent", 20),
    ("repeated-percent", 20),
    ("core-mass", 80),
    ("outside-percent", 80),
    ("outside-hits", 25),
    ("short-runs", 1),
    ("address-percent", 0),
    ("head-short", 75),
    ("tail-short", 75),
    ("number-percent", 20),
    ("longest-short-run", 5),
    ("wrapped-percent", 0),
    ("rule-words-percent", 0),
    ("piece-percent", 0),
    ("tail-mass", 100 * 7 / 60),
]


def test_what_a_page_is() -> None:
    """Each measure of a document is what its description says."""
    _, _, page = survey(PAGE, STRUCK)
    wrong = [(name, page[name].item(), value) for name, value in PAGES if page[name].item() != pytest.approx(value)]
    assert wrong == []


# Texts whose lines are pieces of sentences (p), or are not (-).
BROKEN = [
    ("Menu\nThe \nTallow Mill\n is the press that we would buy again.\nOrrin", "-ppp-"),
    ("It is heavy, like the \nHobson\n, and the \nVidar Press\n. We sold both in the autumn.", "ppppp"),
    ("Details are in our \nTable of Presses\n and \nHow We Pressed\n sections of the page.", "ppppp"),
    ("Die \nSteinbach Alma\n mahlt am feinsten und wird dabei kaum warm.", "ppp"),
    ("La\nMorvan 90\nreste la plus stable, et nous avons pu la vider d'une main.", "ppp"),
    ("Лучше всего яблоки жмёт у нас\nТаллов\n, который стоит у нас в сарае уже третью осень.", "ppp"),
    ("这家书店在\n河岸日报\n，老板说窗户很大，读者可以坐在窗前看一整天的书。", "-pp"),
    ("Log in\nThe ferry between the islands stays in port for another week.", "--"),
    ("The press\n\nis one that we would buy again, and so would you all.", "--"),
    ("home\nnews\nsport\nweather\ncontact\nwe sell shoes of all kinds, and boots, and laces as well.", "-----p"),
    ("the boats\nand the sledges", "--"),
    ("Sign in\nSubscribe\nHome", "---"),
    ("It stays.\nthe end", "--"),
]


@pytest.mark.parametrize(("text", "expected"), BROKEN)
def test_pieces_of_a_broken_sentence_are_known(text: str, expected: str) -> None:
    """Where links broke a sentence over lines, each piece counts as a line of sentences; menus and headings are no pieces."""
    _, lines, page = survey(text)
    assert "".join("p" if units else "-" for units in lines["piece-units"]) == expected
    assert page["piece-percent"].item() == pytest.approx(100 * expected.count("p") / len(expected))


def test_a_list_between_paragraphs_of_one_article_is_known() -> None:
    """Lines between two paragraphs that share words with the others stand inside the article."""
    _, lines, _ = survey(f"{PROSE}\nWeight\n12 kg\n{FERRY}\nHome\nNews")
    assert lines["paragraph-gap"].to_list() == [99, 2, 2, 99, 99, 99]
    around = lines["article-around"].to_list()
    assert around[1] == around[2] == pytest.approx(min(100 * 4 / 9, 100 * 4 / 13), abs=20)
    assert around[4:] == [-1, -1]


def test_a_short_list_inside_an_article_is_known() -> None:
    """The lines between two paragraphs that share words with others are counted; at the edge of the article they are not."""
    article = "\n".join(
        [
            "The harbour office measures the thick winter ice of the northern sound every single morning before the ferry goes out."
        ]
        * 3
    )
    _, lines, _ = survey(f"Home\n{article}\nWeight\n12 kg\n{article}\nNews")
    assert lines["gap-in-article"].to_list() == [0, 0, 1, 3, 2, 2, 3, 1, 0, 0]


def test_a_title_is_about_what_the_first_paragraphs_are_about() -> None:
    """Long words of the first three paragraphs count in a title above; a word of three paragraphs is a topic; little words are neither."""
    article = "\n".join(
        f"The harbour office says in its {word} report that the ice in the sound is thicker than the hull of the ferry allows."
        for word in ("monthly", "weekly", "former", "quarterly")
    )
    _, lines, _ = survey(f"A harbour with a thicker hull\nMonthly quarterly bread\n{article}\nThe harbour office")
    assert lines["lead-words"][:2].to_list() == [2, 1]
    assert lines["topic-words"][:2].to_list() == [2, 0]
    assert lines["lead-percent"][0] == 50  # of `harbour with thicker hull`
    assert lines["title-words"].to_list() == [2, 1, 0, 0, 0, 0, 0]
    assert (lines["lead-words"][-1], lines["topic-words"][-1]) == (2, 2)


def test_two_syllables_of_hangul_are_a_word() -> None:
    """Korean words are short: those of two syllables are looked for in paragraphs, those of three tell what a text is about."""
    text = "얼음이 두꺼워서 항구 사무소는 다음 주까지 배가 다니지 않는다고 발표했다."
    article = " ".join([text] * 3)
    _, lines, _ = survey(f"항구 사무소 발표\n{article}\n{article} 끝.")
    assert lines["shared-words"][0] == 1
    assert lines["lead-words"][0] == 0
    _, lines, _ = survey(f"항구 사무소는 조용하다\n{article}\n{article} 끝.")
    assert lines["lead-words"][0] == 1


TABLE = ["Ilse Brandt", "12", "3.4%", "Mara Holm", "9", "2.1%", "Anton Vik", "4", "0.7%"]
# Lines, and how many of them are the cells of a table.
TABLES = [
    (TABLE, 9),
    (["Rye", "RT-57", "12", "Oats", "RT-58", "9", "Barley", "RT-59", "4"], 9),
    (TABLE[:6], 0),
    (["Home", "News", "Sport", "Weather", "Jobs", "Contact", "About", "Help", "Shop"], 0),
    (["1", "2", "3", "4", "5", "6", "7", "8", "9"], 0),
    (["Old lighthouse", "4 May 2024", "Bakery opens", "5 May 2024", "Three boats", "6 May 2024"], 0),
]


@pytest.mark.parametrize(("lines", "expected"), TABLES)
def test_a_table_with_its_cells_one_a_line_is_known(lines: list[str], expected: int) -> None:
    """Names, numbers and identifiers that come again in one order are cells; menus, pagers and dated headlines are not."""
    _, found, _ = survey("\n".join(["It stays in port.", *lines, "It snows."]))
    assert found["table-run"].to_list() == [0, *[expected] * len(lines), 0]


def test_a_title_that_stands_twice_is_told_from_a_menu() -> None:
    """Repeated lines whose words the paragraphs use are titles and headings; repeated lines of a menu are not."""
    _, lines, _ = survey(f"Ferry and hull\nHome\nFerry and hull\nHome\nFerry\n{PROSE}")
    assert lines["repeated-shared-words"].to_list() == [2, 0, 2, 0, 0, 0]


def test_a_heading_is_known_wherever_it_stands() -> None:
    """A line of a table of contents is the heading of a section farther down."""
    _, lines, _ = survey(f"Summary\nWhat we saw\nHome\nSummary\n{PROSE}\nWhat we saw\n{FERRY}\nJobs")
    assert lines["heads-text"].to_list() == [1, 1, 0, 1, 0, 1, 0, 0]


def test_a_broken_paragraph_is_one_for_its_neighbours() -> None:
    """A line beside the pieces of a long sentence stands beside a paragraph."""
    pieces = PROSE.replace(" ice ", "\nIce\n").replace(" hull ", "\nHull\n")
    _, lines, _ = survey(f"{pieces}\nSpecifications:\nWeight\n12 kg")
    assert lines["piece-units"][1] == 23
    assert lines["paragraph-above"].to_list()[-3:] == [1, 2, 3]
    assert lines["colon-above"].to_list()[-3:] == [99, 1, 2]


def test_words_of_other_rules_are_counted_in_each_line() -> None:
    """A line with many words of rules is more likely furniture, though no rule hits it whole."""
    text = "Home\nPlums\nNews"
    lines = Lines(pl.Series([text]))
    own = Surroundings.of(lines, *count_hits(NONE, lines), words=np.array([2, 0, 1]))
    values = own.measure_lines(["rule-words", "rule-words-within-5"])
    assert values.tolist() == [[2, 50], [0, 100], [1, 50]]
    assert own.measure_pages()[0, PAGE_COLUMNS["rule-words-percent"]] == pytest.approx(200 / 3)


def test_broken_lines_and_code_show() -> None:
    """A text broken at a fixed width goes on in small letters, and code has its signs."""
    _, _, page = survey(
        "The ferry stays in port, since the ice in the sound is much thicker\nthan the hull allows,\n  x = {a: [1]};"
    )
    assert page["continued-percent"].item() == pytest.approx(200 / 3)
    assert page["wrapped-percent"].item() == pytest.approx(100 / 3)
    assert page["indented-percent"].item() == pytest.approx(100 / 3)
    assert page["code-line-percent"].item() == pytest.approx(100 / 3)


def test_scripts_without_capitals_have_no_share_of_them() -> None:
    """A text in Chinese is not one without capitals, whatever names it has."""
    _, _, latin = survey("The Ferry stays in port")
    _, _, han = survey("渡船今天停在码头，因为海峡里的冰比船壳能受得住的还要厚。\nIlse")
    assert latin["capitals-percent"].item() == 40
    assert han["capitals-percent"].item() == -1


def test_words_of_short_lines_are_looked_for_in_paragraphs() -> None:
    """Of three long words in short lines the paragraphs have two."""
    _, _, page = survey(f"{PROSE}\nFerry, hull\nPlums")
    assert page["short-shared"].item() == pytest.approx(200 / 3)


def test_every_measure_is_tested() -> None:
    """No measure goes without a test; of those of the lines beside, one side stands for all."""
    named = {name for _, name, _ in (*ALONE, *PLACED)}
    families = {
        name.rsplit("-", 2)[0]
        if (name.rsplit("-", 2)[-1].isdigit() and "-above-" in name) or "-below-" in name
        else name
        for name in named
    }
    untested = [
        name
        for name in LINE_MEASURES
        if name not in named and name in PLACED_MEASURES and name.rsplit("-", 2)[0] not in families
    ]
    assert untested == []
    told = {name for name, _ in PAGES} | {"capitals-percent", "short-shared"}
    assert set(PAGE_MEASURES) == told


def test_measures_do_not_hang_on_the_other_documents() -> None:
    """A text measures the same alone and among others, whatever words they share."""
    texts = [PAGE, f"{FERRY}\nHome\n* News 12", PAGE.upper(), "", PROSE]
    lines = Lines(pl.Series(texts))
    together = Surroundings.of(lines, *count_hits(NONE, lines))
    pages = together.measure_pages()
    values = together.measure_lines(NAMES)
    for number, text in enumerate(texts):
        alone = Lines(pl.Series([text]))
        own = Surroundings.of(alone, *count_hits(NONE, alone))
        page = own.measure_pages()
        assert np.array_equal(page[0], pages[number])
        mine = own.measure_lines(NAMES)
        assert np.array_equal(mine, values[lines.doc == number])
    chosen, rows = together.choose(np.array([1, 4]))
    assert np.array_equal(chosen.measure_lines(NAMES), values[rows])
    assert chosen.texts.tolist() == [0] * 3 + [1]


def test_a_card_adds_up_rows_as_it_adds_up_one() -> None:
    """Many rows at once and one thing by its names get the same points."""
    tables = (
        Points(measure="units", bounds=[2, 5], points=[3, 0, -4]),
        Points(measure="stops", bounds=[1], points=[0, -2]),
    )
    card = Card("a/b", Scorecard(of="line", threshold=1, base=5), tables)
    values = np.zeros((4, places.PLACE_COLUMNS + places.DOCUMENT_COLUMNS + 1), dtype=np.float32)
    values[:, LINE_COLUMNS["units"]] = [1, 2, 4.9, 5]
    values[3, LINE_COLUMNS["stops"]] = 2
    assert card.add_rows(values, LINE_COLUMNS).tolist() == [8, 5, 5, -1]
    terms = [
        card.add_terms({"units": row[LINE_COLUMNS["units"]], "stops": row[LINE_COLUMNS["stops"]]}) for row in values
    ]
    assert [sum(one.values()) for one in terms] == [8, 5, 5, -1]
    assert terms[3] == {"base": 5, "units": -4, "stops": -2}


def decide(text: str, sums: list[int], struck: tuple[int, ...] = (), **limits: int) -> str:
    """Say what becomes of the lines of a text: a letter each."""
    own, _, _ = survey(text)
    gone = np.array([row in struck for row in range(len(sums))])
    numbers = {"threshold": 30, "between": 20, "heading": 50, "doubt": 15}
    numbers |= {"braked": 30, "brake_units": 0, "brake_percent": 100, **limits}
    fates = places.decide_lines(np.array(sums, dtype=np.int32), own.lines, own.bounds, gone, *numbers.values())
    return "".join("-GBd"[fate] for fate in fates)


def test_a_menu_goes_whole_and_a_paragraph_needs_points_of_its_own() -> None:
    """One unknown line does not save a menu; a paragraph between lines that go stays; what is near the threshold is noted."""
    menu = "Home\nNews\nPlums\nSport\nJobs"
    assert decide(menu, [40, 40, 21, 40, 40]) == "GGBGG"
    assert decide(menu, [40, 40, 19, 40, 40]) == "GGdGG"
    assert decide(menu, [40, 40, 10, 40, 40]) == "GG-GG"
    assert decide(menu, [0, 0, 25, 0, 0], struck=(1, 3)) == "--B--"
    assert decide(f"Home\nNews\n{PROSE}\nSport\nJobs", [40, 40, 25, 40, 40]) == "GGdGG"


def test_a_heading_stays_or_goes_with_what_stands_below_it() -> None:
    """A line right above one that surely stays needs more points; one above lines that go needs fewer."""
    assert decide(f"Home\nThe ferry\n{PROSE}", [40, 40, -30]) == "Gd-"
    assert decide(f"Home\nThe ferry\n{PROSE}", [40, 55, -30]) == "GG-"
    assert decide(f"{PROSE}\nMore from us\nA lamp\nA bakery", [-30, 25, 40, 40]) == "-BGG"
    assert decide(f"{PROSE}\nMore from us\nA lamp\n{PROSE}", [-30, 25, 55, -30]) == "-dG-"
    assert decide(f"{PROSE}\nMore from us\nA lamp\nA bakery\nA boat\nA hut", [-30, 40, 25, 25, 40, 40]) == "-GBBGG"


def test_a_text_is_not_left_without_its_sentences() -> None:
    """Where few units of sentences would stay, or a large part of them go, the lines of that text need more points."""
    page = f"{PROSE}\nThe lamp is new today.\nHome\nNews\nSport"
    sums = [-30, 35, 45, 35, 35]
    assert decide(page, sums) == "-GGGG"
    assert decide(page, sums, braked=40, brake_units=21) == "-GGGG"
    assert decide(page, sums, braked=40, brake_units=24) == "-dGdd"
    assert decide(page, sums, braked=40, brake_percent=20) == "-GGGG"
    assert decide(page, sums, braked=40, brake_percent=15) == "-dGdd"
    # What other rules take, and a page without any sentence, is no matter of the brake.
    assert decide(page, sums, struck=(1,), braked=40, brake_percent=15) == "-GGGG"
    assert decide("Home\nNews\nSport", [35, 35, 35], braked=40, brake_units=99) == "GGG"


EXAMPLES = load_rules()["boilerplate/furniture"].head
RAW = EXAMPLES.hit[0].text


def run(texts: list[str], rules: Rules | None = None) -> pl.DataFrame:
    """Run all stages."""
    every = load_rules()
    chosen = every.select() if rules is None else rules
    return pipeline.add_evidence(pl.LazyFrame({"text": texts}), pipeline.Prepared.of(chosen, every)).collect()


def test_a_page_keeps_its_article_and_loses_what_is_around() -> None:
    """Whole document in, whole text out; without the scorecards the headlines of other pages stay."""
    texts = pl.LazyFrame({"text": [RAW]})
    clean = texts.pipe(cleanse.clean, text="text").collect()["text"].item()
    assert clean.split("\n")[:3] == [
        "Sign in",
        "Ferry to stay in port until the ice has gone",
        "By Mara Lindqvist",
    ]
    assert "Swimmers ask for a warmer hut" not in clean
    assert "The office expects the first crossing" in clean
    before = texts.pipe(cleanse.clean, text="text", pages="never").collect()["text"].item()
    assert "Swimmers ask for a warmer hut" in before
    always = texts.pipe(cleanse.clean, text="text", pages="always").collect()["text"].item()
    assert len(always) < len(clean)


AMOUNTS = "2 tablespoons of tar\nFresh rope\nHemp Oil\n1 cup sea salt"


@pytest.mark.parametrize(
    ("amounts", "stays"), [(AMOUNTS, True), (AMOUNTS.replace("2 t", "T").replace("1 c", "C"), False)]
)
def test_amounts_of_a_recipe_stay_and_what_stands_between_them(amounts: str, *, stays: bool) -> None:
    """Below the text they look like a menu; what surrounds them goes."""
    text = f"{RAW}\nPrint this recipe\nIngredients\n{amounts}\nRate this recipe\nMenu"
    clean = pl.LazyFrame({"text": [text]}).pipe(cleanse.clean, text="text").collect()["text"].item()
    assert [line in clean for line in amounts.split("\n")] == [stays] * 4
    assert "Rate this recipe" not in clean


def test_both_scorecards_of_lines_spare_the_same() -> None:
    """What is an ingredient in a page is one in a text that was taken out of it."""
    cards = [load_rules()[f"boilerplate/{name}"].head.scorecard for name in ("furniture", "leftover")]
    assert cards[0] is not None
    assert cards[1] is not None
    assert (cards[0].spares, cards[0].spares_within) == (cards[1].spares, cards[1].spares_within)


def test_pages_must_be_one_of_three() -> None:
    """Another word is an error that names them."""
    with pytest.raises(cleanse.CleanseError, match=r"'auto', 'always' or 'never'"):
        cleanse.clean(pl.LazyFrame({"text": [RAW]}), pages="sometimes")


def test_without_the_scorecard_of_pages_every_document_is_one() -> None:
    """`--ignore boilerplate/page` opens the gate; `--ignore boilerplate/furniture` takes the rule away."""
    poem = EXAMPLES.miss[4].text
    every = load_rules()
    assert run([poem])["page_points"].item() < every["boilerplate/page"].head.scorecard.threshold
    opened = run([RAW, poem], every.select(ignore=["boilerplate/page"]))
    assert opened["page_points"].to_list() == [None, None]
    closed = run([RAW], every.select(ignore=["boilerplate/furniture"]))
    assert "boilerplate/furniture" not in str(closed["boilerplate_hits"].to_list())


EXTRACTED = load_rules()["boilerplate/leftover"].head


def struck(text: str, language: str, rules: Rules | None = None) -> dict[str, list[str]]:
    """Give the lines that each rule takes of a text."""
    frame = pl.DataFrame({"text": [text], "language": [language]})
    found = run_frame(frame, rules)
    lines = text.split("\n")
    hits = found.select(pl.col("boilerplate_hits").explode()).unnest("boilerplate_hits").filter("acts")
    taken: dict[str, list[str]] = {}
    for rule, line in hits.sort("line").select("rule", "line").iter_rows():
        taken.setdefault(rule, []).append(lines[line])
    return taken


def run_frame(frame: pl.DataFrame, rules: Rules | None = None) -> pl.DataFrame:
    """Tag the lines of a frame with known languages."""
    from cleanse import encoding, line_rules

    every = load_rules()
    prepared = pipeline.Prepared.of(every.select() if rules is None else rules, every)
    return line_rules.tag_lines(
        encoding.repair_text(frame.lazy(), encoding.Repairer(Rules([]))), prepared.lines
    ).collect()


def test_an_extracted_text_loses_what_is_left_of_its_page() -> None:
    """The tail below the last paragraph goes with the hits in it; title and paragraphs stay, and no other scorecard looks at them."""
    taken = struck(EXTRACTED.hit[0].text, "en")
    assert taken == {
        "boilerplate/share": ["Share this article"],
        "boilerplate/leftover": [
            "Old lighthouse gets a new lamp", "Bakery on the quay opens again", "Three boats sold at the spring auction",
            "Swimmers ask for a warmer hut", "Posted in Harbour, Weather",
        ],
        "boilerplate/copyright": ["Copyright © 2024 Harbour News"],
    }  # fmt: skip


def test_without_a_hit_a_text_is_no_extracted_one() -> None:
    """The same tail without one line that a rule knows stays: somebody may have written it."""
    text = EXTRACTED.hit[0].text.replace("Share this article\n", "").replace("\nCopyright © 2024 Harbour News", "")
    assert struck(text, "en") == {}


def test_the_first_question_that_a_document_passes_decides() -> None:
    """A page is left to the scorecard of pages; without that one, the next may look."""
    every = load_rules()
    assert "boilerplate/leftover" not in struck(RAW, "en")
    assert "boilerplate/leftover" in struck(
        RAW, "en", every.select(ignore=["boilerplate/furniture", "boilerplate/page"])
    )
    assert "boilerplate/leftover" not in struck(EXTRACTED.hit[0].text, "en", every.choose_pages("never"))
    assert "boilerplate/furniture" in struck(EXTRACTED.hit[0].text, "en", every.choose_pages("always"))


def test_why_shows_both_sums_of_a_leftover(tmp_path: Path) -> None:
    """`why` prints the points of the line and of the document, and restore gives the text back."""
    (tmp_path / "in").mkdir()
    text = tmp_path / "in" / "a.txt"
    text.write_text(EXTRACTED.hit[0].text, "utf-8")
    result = cleanse.run(tmp_path / "in", tmp_path / "out.parquet")
    from cleanse.report import explain

    told = explain(result.out, "a.txt")
    assert "^ boilerplate/extracted: " in told
    assert "^ boilerplate/leftover: " in told
    assert "[-Swimmers ask for a warmer hut-]" in told
    cleanse.restore(result.out, tmp_path / "back")
    assert (tmp_path / "back" / "a.txt").read_bytes() == text.read_bytes()


def test_signals_add_up_to_the_points_of_each_line() -> None:
    """The terms of a hit, those that are not written out together, are its sum: at least the threshold, and below it for drafts."""
    card = load_rules()["boilerplate/furniture"].head.scorecard
    found = run([RAW])
    hits = (
        found.select(pl.col("boilerplate_hits").explode())
        .unnest("boilerplate_hits")
        .filter(pl.col("rule") == "boilerplate/furniture")
    )
    sums = (
        found.select(pl.col("signals").explode()).unnest("signals").filter(pl.col("rule") == "boilerplate/furniture")
        .group_by("line").agg(pl.col("weight").sum())
    )  # fmt: skip
    both = hits.select("line", "acts").join(sums, on="line", how="full", coalesce=True)
    assert both["acts"].null_count() == both["weight"].null_count() == 0
    assert both.filter("acts")["weight"].min() >= card.threshold
    assert both.filter(~pl.col("acts"))["weight"].min() >= card.doubt


def test_a_run_shows_sums_and_keeps_what_is_doubtful_as_drafts(tmp_path: Path) -> None:
    """hits, drafts and signals hold what `why` prints, and restore gives the page back."""
    (tmp_path / "in").mkdir()
    page = tmp_path / "in" / "a.txt"
    page.write_text(RAW, "utf-8")
    result = cleanse.run(tmp_path / "in", tmp_path / "out.parquet")
    hits = pl.read_parquet(result.report / "hits.parquet")
    drafts = pl.read_parquet(result.report / "drafts.parquet").filter(pl.col("rule") == "boilerplate/furniture")
    assert "Swimmers ask for a warmer hut" in hits.filter(pl.col("rule") == "boilerplate/furniture")["text"].to_list()
    assert "Sign in" in drafts["text"].to_list()
    told = cleanse.why(result.out, "a.txt") if hasattr(cleanse, "why") else None
    from cleanse.report import explain

    told = told or explain(result.out, "a.txt")
    assert "^ boilerplate/furniture: " in told
    assert "other measures" in told
    page_of_report = (result.report / "index.html").read_text("utf-8")
    assert "points: stays" in page_of_report  # the other side of the threshold
    cleanse.restore(result.out, tmp_path / "back")
    assert (tmp_path / "back" / "a.txt").read_bytes() == page.read_bytes()


def faulty(**changes: object) -> list[str]:
    """Give the faults of the scorecard of lines with some changes to its head."""
    from dataclasses import replace

    rule = load_rules()["boilerplate/furniture"]
    rule = replace(rule, head=rule.head.model_copy(update={"hit": [], "miss": [], **changes}))
    return [f"{fault.field}: {fault.reason}" for fault in find_faults(Rules([rule]))]


def test_check_finds_the_faults_of_a_scorecard() -> None:
    """Unknown measures, bounds out of order, points that never matter, thresholds nobody or everybody reaches."""
    table = Points(measure="units", bounds=[2, 5], points=[30, 0, -4])
    card = Scorecard(of="line", threshold=20)
    cases = [
        ({"measure": "unit"}, "points: no such measure: unit"),
        ({"bounds": [5, 2]}, "points: units: bounds must rise, and there is one more of points"),
        ({"points": [30, 0]}, "points: units: bounds must rise, and there is one more of points"),
        ({"points": [30, 30, 30]}, "points: units: the points are all alike"),
    ]
    for changes, fault in cases:
        assert fault in faulty(scorecard=card, points=[table.model_copy(update=changes)])
    assert "points: units: two tables" in faulty(scorecard=card, points=[table, table])
    limits = [
        ({"threshold": 99}, "scorecard.threshold: nothing reaches 99: the most that can be had is 30"),
        ({"threshold": -4}, "scorecard.threshold: everything reaches -4: the least that can be had is -4"),
        ({"always": 25}, "scorecard.always: above the threshold"),
        ({"doubt": 25}, "scorecard.doubt: above the threshold"),
        ({"heading": 15}, "scorecard.heading: below the threshold, so that it never matters"),
        ({"braked": 15}, "scorecard.braked: below the threshold, so that it never matters"),
        ({"asks": "boilerplate/pag"}, "scorecard.asks: no such question: boilerplate/pag"),
        ({"spares": ["rope|"]}, "scorecard.spares: matches the empty string: rope|"),
        ({"of": "segment"}, "scorecard.of: no stage reads segments of boilerplate"),
        ({"of": "document"}, "scope: a scorecard of documents hits a document, not a line"),
    ]
    for changes, fault in limits:
        assert fault in faulty(scorecard=card.model_copy(update=changes), points=[table])


def test_a_scorecard_is_shown_as_a_table() -> None:
    """`cleanse rule` names limits, and each measure with its steps and what it is."""
    shown = describe_rule(load_rules()["boilerplate/furniture"])
    assert "A line is hit from " in shown
    assert "(--pages always)" in shown
    assert "Where fewer than 60 units of sentences would stay" in shown
    assert "Lines with a digit that match these stay, and those between two of them, at most 4 lines apart:" in shown
    assert "(units of the line)" in shown
    assert boilerplate.PAGE_POINTS == "page_points"
