"""Which language a document is in: by script where that suffices, else by the model; `und` where it cannot be told."""

from __future__ import annotations

import polars as pl
import pytest

from cleanse import lang
from cleanse.rules.model import load_rules

RULES = load_rules()
SENTENCES = {
    "en": "The ferry stopped on Monday because the engine gave up at last.",
    "de": "Die Fähre blieb am Montag stehen, weil der Motor endlich aufgab.",
    "fr": "Le bac s'est arrêté lundi parce que le moteur a fini par lâcher.",
    "es": "El transbordador se detuvo el lunes porque el motor se rindió.",
    "pl": "Prom zatrzymał się w poniedziałek, bo silnik w końcu się poddał.",
    "tr": "Feribot pazartesi günü durdu, çünkü motor sonunda bozuldu.",
    "vi": "Chiếc phà dừng lại vào thứ Hai vì động cơ cuối cùng đã hỏng.",
    "ru": "Паром остановился в понедельник, потому что двигатель сломался.",
    "ar": "توقفت العبارة يوم الاثنين لأن المحرك تعطل في النهاية.",
    "hi": "नाव सोमवार को रुक गई क्योंकि इंजन आखिर बंद हो गया।",
    "zh": "渡船星期一停了,因为发动机终于坏了。",
    "ja": "月曜日に渡し船が止まった。エンジンがついに壊れたからだ。",
    "ko": "월요일에 나룻배가 멈췄다. 엔진이 마침내 고장 났기 때문이다.",
    "th": "เรือข้ามฟากหยุดในวันจันทร์เพราะเครื่องยนต์พังในที่สุด",
    "el": "Το πλοίο σταμάτησε τη Δευτέρα γιατί χάλασε η μηχανή.",
    "ka": "ბორანი ორშაბათს გაჩერდა, რადგან ძრავა გაფუჭდა.",
}


def identify(*texts: str) -> list[tuple[str, float, list[str]]]:
    """Give language, score and rules that hit, a row a text."""
    frame = lang.identify_language(pl.LazyFrame({"repaired": texts}, schema={"repaired": pl.String}), RULES).collect()
    rows = frame.select("language", "language_score", lang.COLUMN).iter_rows()
    return [(tag, score, [hit["rule"] for hit in hits]) for tag, score, hits in rows]


@pytest.mark.parametrize("language", SENTENCES)
def test_a_sentence(language):
    """One sentence suffices, with a score above the limit and no flag."""
    ((tag, score, rules),) = identify(SENTENCES[language])
    assert (tag, rules) == (language, [])
    assert 0.25 <= score <= 1


@pytest.mark.parametrize("text", ["", "   \n\n", "2021-05-03 10:22", "★★★ — ✓", "abc", "12 x 34 y"])
def test_what_has_no_language(text):
    """Fewer letters than the rule asks for are no basis: `und`, score 0, and the flag that says so."""
    assert identify(text) == [("und", 0.0, ["language/undetermined"])]


def test_the_longest_line_speaks_for_the_document():
    """Short labels in another language above and below do not matter."""
    assert identify(f"Read more\nShare\n{SENTENCES['pl']}\nHome\n")[0][0] == "pl"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("東京の天気は晴れです", "ja"),
        ("他在店里看到の这个字,觉得很有意思,于是写了一篇文章来讲它的历史。", "zh"),
        ("𠀀𠀁𠀂𠀃𠀄𠀅", "zh"),
    ],
)
def test_kana_decide_between_japanese_and_chinese(text, language):
    """A share of kana makes Han Japanese; one character in a Chinese sentence does not; rare Han counts as Han."""
    assert identify(text)[0][0] == language


def test_a_script_of_one_language_gives_its_share():
    """Where the script decides, the score is its share among the letters."""
    assert identify("ตลาดนัด ab")[0][:2] == ("th", pytest.approx(6 / 8))


def test_documents_do_not_touch_each_other():
    """All sentences in one frame get what each gets alone."""
    assert [tag for tag, *_ in identify(*SENTENCES.values())] == list(SENTENCES)


def test_line_breaks_and_nul_do_not_break_the_model():
    """A line break inside what is asked is no error."""
    assert lang.predict("Die Fähre blieb\nam Montag stehen")[0] == "de"
    assert identify("Die Fähre blieb am Montag stehen\x00, weil der Motor aufgab.")[0][0] == "de"


def test_a_long_line_is_sampled():
    """A very long line costs a sample, and its language is that of the sample."""
    assert identify(SENTENCES["fr"] * 2000)[0][0] == "fr"
    assert len(lang._sample(("wort " * 1000).encode(), 100)) <= 100
    assert lang._sample(("क" * 1000).encode(), 100) == "क" * 100
