"""Text in a legacy code page that was read as another is read again, and what is not sure is flagged."""

from __future__ import annotations

import tomllib
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleanse import encoding
from cleanse.encoding.codepages import READERS
from cleanse.encoding.readings import read_again
from cleanse.rules import load_rules

RULES = load_rules()
REPAIRER = encoding.Repairer(RULES.select())
LINES, HELD_OUT = (
    tomllib.loads((Path(__file__).parent / "mojibake" / name).read_text("utf-8"))
    for name in ("lines.toml", "held_out.toml")
)
# Text in 20 scripts, to be damaged.
SCRIPTS = (
    "Der Fluß über Köln", "Паром не пришёл", "Το καράβι φεύγει", "يفتح السوق", "החנות סגורה", "ร้านเปิดตอนเช้า",
    "今天下午开会", "颱風過後", "お知らせ一覧", "カタカナ", "시장 골목", "नमस्ते दुनिया", "বাংলা ভাষা", "தமிழ் மொழி", "తెలుగు",
    "ქართული ენა", "հայերեն լեզու", "አማርኛ", "ភាសាខ្មែរ", "ພາສາລາວ",
)  # fmt: skip
PAGES = ("utf-8", "gb18030", "big5", "cp932", "euc_kr", "cp1251", "koi8-r", "cp1253", "cp1256", "cp1255", "cp874")


def repair(*texts: str, gated: bool = True) -> list[tuple[str, list[tuple[str, int, int]]]]:
    """Repair texts; give each with its hits: rule, start and end."""
    frame = pl.DataFrame({"text": texts}, schema={"text": pl.String}).with_row_index("doc")
    done = REPAIRER.repair(frame, gated=gated).sort("doc")
    return [
        (text, [(hit["rule"].removeprefix("encoding/"), hit["start"], hit["end"]) for hit in hits])
        for text, hits in done.select("repaired", encoding.COLUMN).iter_rows()
    ]


@pytest.mark.parametrize(
    ("right", "page", "reader"),
    [
        ("今天下午三点开会，请带上报告。", "gb18030", "latin-1"),
        ("码头边的茶馆换了主人", "gb18030", "koi8-r"),
        ("這家麵店開了三十年，湯頭一直沒變。", "big5hkscs", "sloppy-windows-1252"),
        ("駅前の花屋は今日も六時に開いた。", "cp932", "mac-roman"),
        ("駅前の花屋は今日も六時に開いた。", "euc_jp", "latin-1"),
        ("시장 골목의 국수집은 점심마다 줄이 길다.", "cp949", "sloppy-windows-1251"),
        ("Сегодня библиотека закрыта.", "cp1251", "latin-1"),
        ("Сегодня библиотека закрыта.", "koi8-r", "mac-roman"),
        ("Дед чинил лодку всю весну.", "cp1251", "koi8-r"),
        ("Το καράβι φεύγει στις οκτώ το πρωί.", "cp1253", "iso-8859-15"),
        ("يفتح السوق أبوابه عند الفجر.", "cp1256", "sloppy-windows-1252"),
        ("החנות סגורה בימי שבת.", "cp1255", "latin-1"),
        ("คุณตาซ่อมเรือไม้ลำเก่าจนเสร็จก่อนฤดูฝน", "cp874", "latin-1"),
        ("Řeka se vylila z břehů, takže cesta k mlýnu zůstala zavřená.", "iso-8859-2", "latin-1"),
        ("这是好文", "utf-8", "gb18030"),
        ("Сегодня библиотека закрыта.", "utf-8", "koi8-r"),
    ],
)
def test_each_code_page_is_read_again(right, page, reader):
    """The line becomes what it was, by one rule, whatever page it was in and whatever it was read as."""
    ((text, hits),) = repair(right.encode(page).decode(reader))
    assert text == right
    assert {rule for rule, _, _ in hits} == {"code-page"}


def test_two_layers_of_different_kinds():
    """GB18030 read as Latin-1, saved as UTF-8 and read as Windows-1252 is undone in both layers."""
    right = "今天下午三点开会，请带上报告。"
    broken = right.encode("gb18030").decode("latin-1").encode().decode("sloppy-windows-1252")
    assert repair(broken)[0][0] == right


def test_one_damaged_line_of_a_good_document():
    """Only the damaged line changes, and its neighbours have no hits."""
    broken = "Сегодня библиотека закрыта.".encode("cp1251").decode("latin-1")
    frame = pl.LazyFrame({"text": [f"Été à la mer.\n{broken}\nСнег идёт."]})
    done = encoding.repair_text(frame, REPAIRER).collect()
    assert done["repaired"].item() == "Été à la mer.\nСегодня библиотека закрыта.\nСнег идёт."
    assert {hit["line"] for hit in done[encoding.COLUMN].item()} == {1}


def test_a_word_of_two_ideographs_follows_its_neighbours():
    """Alone such a word is flagged; beside lines that were read again it is read as they are."""
    word = "文章".encode("gb18030").decode("latin-1")
    assert repair(word) == [(word, [("suspect", 0, 4)])]
    others = "\n".join(line.encode("gb18030").decode("latin-1") for line in ("关注焦点新闻", "用户名和密码"))
    assert repair(f"{others}\n{word}")[0][0] == "关注焦点新闻\n用户名和密码\n文章"


def test_a_word_with_one_damaged_letter_follows_its_neighbours():
    """Two code pages may have the same letter: what counts is that the neighbours' page gives the same word."""
    lines = ("Łódź odpływa o świcie, więc przyjdź wcześniej.", "Książki i zdjęcia", "Więcej")
    broken = "\n".join(line.encode("iso-8859-2").decode("latin-1") for line in lines)
    assert repair(broken)[0][0] == "\n".join(lines)


@pytest.mark.parametrize(
    "broken",
    [
        "Bõvebben",
        "Elõzõ hónap",
        "Szõlõ és gyümölcs",
        "A révész õsszel is átvitte az erdõjárókat.",
        "Nagyapám kertjében kétszáz tõ szõlõ nõtt, de a bort mindig a szomszéd erõsebb pincéjében tartotta.",
        "Wy¶lij zapytanie",
        "Wyœlij zapytanie",
        "Zg³o¶ b³±d",
        "Czêsto zadawane pytania",
        "Trang chuÒ",
        "Liên hêò",
        "Pøihlášení",
        "Další èlánky",
        "Cãutare",
        "Љарта сайта",
        "„ед чинил лодку всю весну, но к первой рыбалке она опЯть протекла.",
    ],
)
def test_few_damaged_letters_are_flagged(broken):
    """A letter or two are too few to be changed, but other letters of the script make the line whole in one language."""
    assert repair(broken) == [(broken, [("suspect", 0, len(broken))])]


@pytest.mark.parametrize(
    "whole",
    [
        "Le note a piè di pagina stanno sotto il testo, e il piè di pagina di ogni foglio porta il numero.",
        "Biletat për këtë mbrëmje u dhanë falas.",
        "Hàm MINUTE",
        "* Homöophobie: Die Placebo-Debatte",
        "Kõrgõzstan",
        "1° lugar, 2ª porta: três pães",
    ],
)
def test_rare_pairs_of_whole_lines_are_no_damage(whole):
    """Pairs of letters that are rare in the language of a line do not count where the whole line speaks for it."""
    assert repair(whole) == [(whole, [])]


@pytest.mark.parametrize("letters", ["ЭЮЯ ЪЫЬ", "ЁЖ, ёж, ЪЫЬ", "ÅÄÖ åäö", "áéíóú ñ ü", "äöüß ÄÖÜ", "ÉÈÊË", "ÛÜÙ"])
def test_lists_of_letters_are_no_damage(letters):
    """Letters in order, letters that are the same but for their marks, and capitals beside small letters are lists."""
    assert repair(letters) == [(letters, [])]


def test_control_characters_are_mended_with_the_rest_of_the_line():
    """Where Windows-1252 has a letter for a control character and Windows-1250 makes the line whole, all of it is read as Windows-1250."""
    right = "Dnešní vlak má dvacet minut zpoždění."
    ((text, hits),) = repair(right.encode("cp1250").decode("latin-1"))
    assert text == right
    assert {rule for rule, _, _ in hits} == {"code-page"}


def test_a_soft_hyphen_that_was_a_letter_goes_with_the_rest_of_the_line():
    """No word begins with a soft hyphen: in DOS Cyrillic it is a letter, and it is read, or stays in a line that is flagged."""
    right = "О нас"
    assert repair(right.encode("cp866").decode("latin-1"))[0][0] == right
    broken = right.encode("cp866").decode("cp1252")
    assert repair(broken) == [(broken, [("suspect", 0, 5)])]


def test_no_capital_is_put_behind_a_small_letter():
    """A letter of Mac OS Roman is no capital of Windows-1252: the line stays and is flagged."""
    broken = "Ne on tehty kahdest\x8a hyv\x8ast\x8a syyst\x8a."
    assert repair(broken) == [(broken, [("suspect", 0, len(broken))])]


def test_lost_bytes_are_flagged_and_stay():
    """Where bytes are gone the text stays, and is marked."""
    text = "锟斤拷锟斤拷 2005"
    assert repair(text) == [(text, [("suspect", 0, 6)])]


def test_whole_lines_are_never_changed():
    """Accented Latin, Vietnamese, other scripts and lists of symbols stay, whatever they look like."""
    whole = LINES["whole"]["lines"] + HELD_OUT["whole"]["lines"]
    assert [text for text, _ in repair(*whole)] == whole


def test_whole_lines_are_not_flagged():
    """Of whole lines after which limits were chosen none is flagged; of others two, which are nothing but three letters."""
    whole = LINES["whole"]["lines"] + HELD_OUT["whole"]["lines"]
    flagged = [line for line, (_, hits) in zip(whole, repair(*whole), strict=True) if hits]
    assert flagged == ["åäö", "ÅÄÖ"]


@pytest.mark.parametrize("texts", [LINES, HELD_OUT], ids=["lines", "held-out"])
def test_no_repair_is_wrong(texts):
    """Each line in each of its pages, read by each reader, becomes what it was or stays; 97 in 100 become it or are flagged."""
    cases = [
        (line, line.encode(page).decode(reader))
        for table in texts.values()
        for line in table["lines"]
        for page in table.get("pages", ())
        for reader in ([table["reader"]] if "reader" in table else READERS)
        if _survives(line, page, reader)
    ]
    found = repair(*(broken for _, broken in cases))
    outcomes = [
        "right" if text == right else "wrong" if text != broken else "flagged" if hits else "missed"
        for (right, broken), (text, hits) in zip(cases, found, strict=True)
    ]
    assert "wrong" not in outcomes
    assert outcomes.count("missed") <= 0.03 * len(outcomes)


def _survives(line: str, page: str, reader: str) -> bool:
    """Say whether a line can be written in a page and read by a reader, is damaged by it, and loses nothing."""
    try:
        broken = line.encode(page).decode(reader)
        return broken != line and broken.encode(reader).decode(page) == line
    except UnicodeError:
        return False


def test_no_reading_is_inexact():
    """Every reading of a line leads back to it by the pages that it names."""
    limits = REPAIRER.limits
    assert limits is not None
    line = "今天下午三点开会".encode("gb18030").decode("latin-1")
    (readings,) = read_again([line], limits)
    assert len(readings) > 1
    for reading in readings:
        text = reading.text
        for reader, page in reversed(list(zip(reading.pages[::2], reading.pages[1::2], strict=True))):
            text = text.encode(page).decode(reader)
        assert text == line


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """Give a line of one of 20 scripts, whole or damaged once or twice."""
    text = draw(st.sampled_from(SCRIPTS))
    for _ in range(draw(st.integers(0, 2))):
        data = text.encode(draw(st.sampled_from(PAGES)), errors="ignore")
        text = data.decode(draw(st.sampled_from((*READERS, "gb18030"))), errors="replace")
    extra = draw(st.sampled_from(["", " &amp; x", "\x85", "\u200b", "\u202e", "\u00ad", " ok", "\ufeff", "\x1b[1m"]))
    return f"{text}{extra}".replace("\n", "").replace("\r", "")


@settings(deadline=None, max_examples=80)
@given(st.lists(damaged(), min_size=1, max_size=6))
def test_the_gate_is_exact(lines):
    """Line by line, repair behind the gate gives what repair of every line gives, on damage in 20 scripts."""
    text = "\n".join(lines)
    assert repair(text) == repair(text, gated=False)


ACCENTED = (
    "Für das Gebäude gibt es keine Schlüssel mehr.",
    "Die Fähre fährt früh über den Fluss und hält an der Mühle.",
    "La bibliothèque a rouvert après les vacances d'été.",
    "Le bac traverse très tôt, même à marée basse.",
    "El señor Núñez llegó mañana y tarde en avión.",
)


@pytest.mark.parametrize("line", ACCENTED)
@pytest.mark.parametrize("reader", ["gb18030", "cp1251"])
def test_utf8_of_latin_letters_read_as_another_script(line: str, reader: str) -> None:
    """Letters with accents that became ideographs or Cyrillic within words come back."""
    assert repair(line.encode().decode(reader))[0][0] == line


@pytest.mark.parametrize("line", ["OK么", "用Windows没A", "他说app每天都要更新", "Python猫", "T恤和A股"])
def test_ideographs_beside_latin_letters_stay(line: str) -> None:
    """Chinese text sets no space between its words and those in Latin letters."""
    assert repair(line)[0][0] == line


def test_gbk_of_common_ideographs_that_was_read_as_latin_9() -> None:
    """ISO-8859-15 has letters where Latin-1 has signs; the reading that GB 2312 holds is the better one."""
    for text in ("游轮搁浅", "渔船搁浅在沙滩上"):
        assert repair(text.encode("gb18030").decode("iso-8859-15"))[0][0] == text
