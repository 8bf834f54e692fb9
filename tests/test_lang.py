"""Which languages a document is in: by script where that suffices, else by detectors and words; `und` where it cannot be told."""

from __future__ import annotations

import tomllib

import polars as pl
import pytest

import cleanse
from cleanse import lang
from cleanse.errors import OptionError
from cleanse.language import detectors, load_model, model_digest
from cleanse.options import Options
from cleanse.rules import builtin_folder, load_rules

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
    "uk": "Пором зупинився в понеділок, бо двигун нарешті зламався.",
    "ar": "توقفت العبارة يوم الاثنين لأن المحرك تعطل في النهاية.",
    "hi": "नाव सोमवार को रुक गई क्योंकि इंजन आखिर बंद हो गया।",
    "zh-Hans": "渡船星期一停了,因为发动机终于坏了。",
    "zh-Hant": "渡船星期一停了,因為發動機終於壞了。",
    "yue": "隻船星期一停咗,因為個摩打終於壞咗,佢哋唔知點算。",
    "ja": "月曜日に渡し船が止まった。エンジンがついに壊れたからだ。",
    "ko": "월요일에 나룻배가 멈췄다. 엔진이 마침내 고장 났기 때문이다.",
    "th": "เรือข้ามฟากหยุดในวันจันทร์เพราะเครื่องยนต์พังในที่สุด",
    "el": "Το πλοίο σταμάτησε τη Δευτέρα γιατί χάλασε η μηχανή.",
    "ka": "ბორანი ორშაბათს გაჩერდა, რადგან ძრავა გაფუჭდა.",
    "sw": "Kivuko kilisimama siku ya Jumatatu kwa sababu injini iliharibika mwishoni.",
    "so": "Doontii waxay istaagtay maalintii Isniinta sababtoo ah matoorka ayaa xumaaday.",
    "yo": "Ọkọ̀ ojú omi náà dúró ní ọjọ́ Ajé nítorí pé ẹ̀rọ rẹ̀ ti bàjẹ́ nígbẹ̀yìn.",
    "hr": "Trajekt je stao u ponedjeljak jer je motor tijekom vožnje zakazao, a nitko nije znao što učiniti.",
    "sr": "Трајект је стао у понедељак јер је мотор на крају отказао.",
    "nb": "Ferja stanset på mandag fordi motoren til slutt ikke ville mer, og ingen visste hva de skulle gjøre.",
    "nn": "Ferja stansa på måndag fordi motoren til slutt ikkje ville meir, og ingen visste kva dei skulle gjere.",
    "da": "Færgen standsede om mandagen, fordi motoren til sidst gav op, og ingen vidste, hvad de skulle gøre.",
}


def identify(*texts: str, keep: tuple[str, ...] = ()) -> list[tuple[str, float, list[str]]]:
    """Give language, score and rules that hit, a row a text."""
    rows = find(*texts, keep=keep).select("language", "language_score", lang.COLUMN).iter_rows()
    return [(tag, score, [hit["rule"] for hit in hits]) for tag, score, hits in rows]


def find(*texts: str, keep: tuple[str, ...] = ()) -> pl.DataFrame:
    """Run the stage over some texts."""
    frame = pl.LazyFrame({"repaired": texts}, schema={"repaired": pl.String})
    return lang.identify_language(frame, RULES, keep=keep).collect()


@pytest.mark.parametrize("language", SENTENCES)
def test_a_sentence(language):
    """One sentence suffices, and has no flag."""
    ((tag, score, rules),) = identify(SENTENCES[language])
    assert (tag, rules) == (language, [])
    assert 0.25 <= score <= 1


@pytest.mark.parametrize("language", SENTENCES)
def test_capitals(language):
    """A sentence in capitals is in the language of the sentence: 16 of 16 such were wrong."""
    assert identify(SENTENCES[language].upper())[0][0] == language


@pytest.mark.parametrize(
    "text",
    [
        "", "   \n\n", "2021-05-03 10:22", "★★★ — ✓", "abc", "12 x 34 y", "https://example.org/a-page/with-many-words-in-it",
        "const port = 8080;\nserver.listen(port, () => { console.log('up'); });",
    ],
)  # fmt: skip
def test_what_has_no_language(text):
    """Numbers, few letters, addresses and code are no basis: `und`, score 0, and the flag that says so."""
    assert identify(text) == [("und", 0.0, ["language/undetermined"])]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("ᐱᖃᑎᒌᖕᓂᖅ ᓄᓇᖃᖅᑎᖏᑦ ᐃᓕᖅᑯᓯᖅ", "iu"),
        ("ᒥᓯᐌ ᐃᓂᓂᐤ ᑎᐯᓂᒥᑎᓱᐎᓂᐠ ᐁᔑ ᓂᑕᐎᑭᐟ", "und-Cans"),
        ("ⵉⵎⴷⴰⵏⵏ ⴳⵔⵏ ⵢⴰⵏ ⵓⵣⵔⵉ", "zgh"),
        ("ꀋꂷꊨꏦꏃꐨꆀꐎꌿ", "ii"),
        ("ᏂᎦᏓ ᎠᏂᏴᏫ ᏂᎨᎫᏓᎸᎾ", "chr"),
        ("ߡߐ߱ ߓߍ߯ ߛߏߟߏ߲ߓߊߟߌ", "nqo"),
        ("ꕉꕜꕮ ꔔꘋ ꖸ ꔰ ꗋꘋ", "vai"),
        ("ᱡᱚᱛᱚ ᱦᱚᱲ ᱜᱮ", "sat"),
    ],
)
def test_scripts_that_no_detector_knows(text, language):
    """The script implies the language, or stands after `und`: Tifinagh was Russian, and Yi was Albanian."""
    assert identify(text)[0][0] == language


def test_a_banner_in_another_language_does_not_decide():
    """A German page with an English banner is German, however long the banner is."""
    banner = "WE USE COOKIES TO GIVE YOU THE BEST EXPERIENCE ON OUR WEBSITE ACCEPT ALL COOKIES OR MANAGE YOUR PREFERENCES HERE"
    page = f"{banner}\n{SENTENCES['de']}\nNiemand wusste, wann sie wieder fahren würde.\nDer Hafen war leer.\n"
    assert identify(page)[0][0] == "de"


def test_an_address_does_not_decide():
    """A French page with an address longer than its sentences is French."""
    address = (
        "https://example.org/the-best-places-to-visit-with-your-family-in-the-summer/" + "more-words-about-it-" * 8
    )
    assert identify(f"{address}\n{SENTENCES['fr']}\n")[0][0] == "fr"


def test_a_paragraph_may_name_an_address():
    """A paragraph with an address in it is running text: a page of such paragraphs was `und`."""
    paragraph = (
        "The ferry stopped on Monday because the engine gave up, as https://example.org/log says, and nobody knew more."
    )
    assert identify("\n".join([paragraph] * 3))[0][0] == "en"


def test_a_page_that_cannot_be_told():
    """A page of signs and scraps has no language; it was Kapampangan with a score of .36."""
    page = "Svx Dialog\nDim Stop\nMsg Sqr Sub\n"
    assert identify(page)[0][0] == "und"


def test_white_space_does_not_decide():
    """A long line of spaces is no text: a page of English was `und`."""
    assert identify(" " * 5000 + "\n" + SENTENCES["en"] + "\n" + "\t" * 900)[0][0] == "en"


def test_a_list_of_names_does_not_decide():
    """Names in capital letters do not vote where there is running text."""
    names = "Juan Pérez, María García, José Rodríguez, Ana López, Carlos Sánchez, Lucía Fernández, Miguel Torres\n" * 4
    assert identify(names + SENTENCES["pl"] + "\n")[0][0] == "pl"


def test_shares_of_a_mixed_document():
    """An English block under a Thai article shows in the shares, and its lines are English."""
    article = "\n".join([SENTENCES["th"]] * 6)
    block = f"{SENTENCES['en']}\nNobody on the pier knew when it would leave again, and we walked home."
    frame = find(f"{article}\n{block}")
    shares = {row["language"]: row["share"] for row in frame["languages"].item()}
    assert frame["language"].item() == "th"
    assert sorted(shares) == ["en", "th"]
    assert sum(shares.values()) == pytest.approx(1)
    assert [(row["line"], row["language"]) for row in frame["language_lines"].item()] == [(6, "en"), (7, "en")]


def test_two_languages_of_one_script():
    """German and English paragraphs in one document are told apart line by line."""
    german = (
        "Die Fähre blieb am Montag stehen, weil der Motor aufgab, und niemand am Ufer wusste, wann sie wieder fährt."
    )
    english = (
        "The ferry stopped on Monday because the engine gave up, and nobody on the pier knew when it would leave again."
    )
    frame = find("\n".join([german] * 5 + [english] * 3))
    assert frame["language"].item() == "de"
    assert [row["line"] for row in frame["language_lines"].item()] == [5, 6, 7]


def test_rules_run_in_the_language_of_the_line():
    """A rule in English acts on the English block under a Thai article, and not only in English documents."""
    block = (
        f"{SENTENCES['en']}\nRelated articles\nNobody on the pier knew when it would leave again, and we walked home."
    )
    text = "\n".join([SENTENCES["th"]] * 6) + "\n" + block
    own, alone = (
        pl.LazyFrame({"text": [one]}).pipe(cleanse.clean).collect()["flags"].to_list() for one in (text, block)
    )
    assert own == alone


def test_documents_do_not_touch_each_other():
    """All sentences in one frame get what each gets alone."""
    assert [tag for tag, *_ in identify(*SENTENCES.values())] == list(SENTENCES)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("東京の天気は晴れです", "ja"),
        ("駅前売店 営業時間変更 発売中", "ja"),
        ("他在店里看到の这个字,觉得很有意思,于是写了一篇文章来讲它的历史。", "zh-Hans"),
        ("𠀀𠀁𠀂𠀃𠀄𠀅", "zh"),
    ],
)
def test_who_writes_with_han(text, language):
    """Kana or new Japanese forms make Han Japanese; one kana in a Chinese sentence does not; rare Han counts as Han."""
    assert identify(text)[0][0] == language


def test_a_script_of_one_language_gives_its_share():
    """Where the script decides, the score is its share among the letters."""
    assert identify("ตลาดนัด ab")[0][:2] == ("th", pytest.approx(7 / 9))


def test_line_breaks_and_nul_do_not_break_the_detectors():
    """Control characters inside what is asked are no error."""
    assert lang.predict("Die Fähre blieb\nam Montag stehen")[0] == "de"
    assert identify("Die Fähre blieb am Montag stehen\x00, weil der Motor aufgab.")[0][0] == "de"


def test_a_long_line_is_sampled():
    """A very long line costs a sample, and its language is that of the sample."""
    assert identify(SENTENCES["fr"] * 2000)[0][0] == "fr"


@pytest.mark.parametrize("missing", list(detectors.DETECTORS))
def test_without_a_detector_the_others_decide(missing):
    """Each detector can be done without."""
    own = load_model()
    left = type(own)(**{name: getattr(own, name) for name in own.__dataclass_fields__ if name[0] != "_"})
    left.detectors = tuple(name for name in own.detectors if name != missing)
    assert [left.judge(SENTENCES[tag].lower()).language for tag in ("en", "de", "pl", "ru")] == ["en", "de", "pl", "ru"]


def test_languages_that_are_not_wanted():
    """What is in none of the languages to keep is dropped, by name; a tag keeps its varieties."""
    rules = [hits for *_, hits in identify(SENTENCES["hi"], SENTENCES["zh-Hant"], SENTENCES["de"], keep=("hi", "zh"))]
    assert rules == [[], [], ["language/not-wanted"]]


def test_dropped_with_its_text(tmp_path):
    """The option drops a document into dropped.parquet, with its text."""
    pl.DataFrame({"text": [SENTENCES["hi"], SENTENCES["de"]]}).write_ndjson(tmp_path / "in.jsonl")
    cleanse.run(tmp_path / "in.jsonl", tmp_path / "out.parquet", language="hi,en")
    dropped = pl.read_parquet(tmp_path / "out.report" / "dropped.parquet")
    assert dropped.select("reason", "text").rows() == [("language/not-wanted", SENTENCES["de"])]


def test_a_tag_that_is_none():
    """What is no tag of a language is an error that says so."""
    with pytest.raises(OptionError, match="not the tag of a language"):
        Options.of({"language": "hindi,en"})


def test_the_rule_names_the_model():
    """A changed model is a changed rule: the rule holds its digest."""
    rule = tomllib.loads((builtin_folder() / "language" / "undetermined.toml").read_text("utf-8"))
    assert rule["parameters"]["model"] == model_digest(), "run benchmarks/fit_language.py"
