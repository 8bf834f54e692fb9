"""Pages in twenty languages with what pages carry in other languages: banners, code, addresses, quotes, names in capitals."""

from __future__ import annotations

import polars as pl
import pytest

from cleanse import lang
from cleanse.rules import load_rules

RULES = load_rules()
PARAGRAPHS = {
    "bs": "Prošle sedmice općina je objavila da će se most popravljati do kraja februara. Stanovnici kažu da su hiljadu puta tražili šta se može"
    " uraditi, ali niko im nije odgovorio.\nHistorija ovog mosta duga je, a univerzitet u Tuzli već godinama istražuje kako je građen.",
    "hr": "Prošloga tjedna grad je objavio da će se most popravljati do kraja veljače. Stanovnici kažu da su tisuću puta pitali što se može"
    " učiniti, ali im nitko nije odgovorio.\nPovijest ovoga mosta je duga, a sveučilište u Splitu godinama istražuje tko ga je gradio i u kojim"
    " uvjetima.",
    "sr": "Prošle nedelje opština je objavila da će se most popravljati do kraja februara. Stanovnici kažu da su hiljadu puta tražili da se nešto"
    " promeni, ali im niko nije odgovorio.\nIstorija ovog mosta je duga, a univerzitet već celu deceniju ispituje gde su ljudi pre njega prelazili"
    " reku.",
    "id": "Pekan lalu pemerintah kota mengumumkan bahwa jembatan itu akan diperbaiki sampai akhir Februari. Warga mengatakan mereka sudah bertanya"
    " berkali-kali, tetapi tidak ada yang menjawab karena kantornya selalu tutup.\nMobil dan sepeda motor harus memutar lewat jalan lain, yaitu"
    " jalan yang sempit di belakang stasiun.",
    "ms": "Minggu lepas majlis bandar raya mengumumkan bahawa jambatan itu akan dibaiki sehingga hujung Februari. Penduduk berkata mereka sudah banyak"
    " kali bertanya, tetapi tiada siapa menjawab kerana pejabatnya sentiasa tutup.\nKereta dan motosikal perlu melalui jalan lain, iaitu lorong"
    " sempit di belakang stesen.",
    "gl": "A semana pasada o concello anunciou que a ponte se vai arranxar ata finais de febreiro. A xente do barrio di que xa preguntou moitas veces, pero"
    " ninguén lles respondeu.\nOs coches teñen que ir por outra rúa, unha moi estreita que hai detrás da estación.",
    "pt": "Na semana passada a câmara anunciou que a ponte vai ser arranjada até ao fim de fevereiro. Os moradores dizem que já perguntaram muitas vezes, mas"
    " ninguém lhes respondeu.\nOs carros têm de ir por outra rua, uma muito estreita que fica atrás da estação.",
    "ca": "La setmana passada l'ajuntament va anunciar que el pont s'arreglarà fins a finals de febrer. Els veïns diuen que ho han demanat moltes vegades,"
    " però que ningú no els ha contestat.\nEls cotxes han de passar per un altre carrer, un de molt estret que hi ha darrere l'estació.",
    "nn": "I førre veke sa kommunen at brua skal vere ferdig før slutten av februar. Dei som bur i grenda, seier at dei har spurt mange gonger, men ingen har"
    " svart dei.\nBilane må køyre ein annan veg, som er smal og ligg bak stasjonen, og det er ikkje alle som likar det.",
    "nb": "I forrige uke sa kommunen at broen skal være ferdig før slutten av februar. De som bor i bygda, sier at de har spurt mange ganger, men ingen har"
    " svart dem.\nBilene må kjøre en annen vei, som er smal og ligger bak stasjonen, og det er ikke alle som liker det.",
    "cs": "Minulý týden radnice oznámila, že se most bude opravovat do konce února. Obyvatelé říkají, že se ptali už mnohokrát, ale nikdo jim neodpověděl.\n"
    "Auta musí jezdit jinou ulicí, která je velmi úzká a vede za nádražím.",
    "sk": "Minulý týždeň radnica oznámila, že sa most bude opravovať do konca februára. Obyvatelia hovoria, že sa pýtali už mnohokrát, ale nikto im"
    " neodpovedal.\nAutá musia jazdiť inou ulicou, ktorá je veľmi úzka a vedie za stanicou.",
    "so": "Toddobaadkii hore degmadu waxay sheegtay in buundada la hagaajin doono ilaa dhammaadka bisha Febraayo. Dadka xaafadda waxay yiraahdeen marar badan ayay"
    " weydiiyeen, laakiin cidna uma jawaabin.\nGawaarida waa inay maraan waddo kale oo cidhiidhi ah oo ka dambaysa saldhigga.",
    "yo": "Ní ọ̀sẹ̀ tó kọjá, ìjọba ìbílẹ̀ kéde pé wọn yóò tún afárá náà ṣe títí di ìparí oṣù kejì. Àwọn ará àdúgbò sọ pé àwọn ti béèrè lọ́pọ̀ ìgbà, ṣùgbọ́n kò sí"
    " ẹni tó dá wọn lóhùn.\nÀwọn ọkọ̀ gbọ́dọ̀ gba ọ̀nà mìíràn tó wà lẹ́yìn ibùdókọ̀.",
    "zu": "Ngeviki eledlule umasipala wamemezela ukuthi ibhuloho lizolungiswa kuze kube sekupheleni kukaFebhuwari. Abantu bendawo bathi sebebuze kaningi, kodwa akekho"
    " obaphendulile.\nIzimoto kufanele zihambe ngomunye umgwaqo omncane ongemuva kwesiteshi.",
    "sw": "Wiki iliyopita manispaa ilitangaza kwamba daraja litatengenezwa hadi mwisho wa Februari. Wakazi wanasema wameuliza mara nyingi, lakini hakuna mtu"
    " aliyewajibu.\nMagari yanapaswa kupita barabara nyingine nyembamba iliyo nyuma ya kituo.",
    "hu": "Múlt héten az önkormányzat bejelentette, hogy a hidat február végéig javítani fogják. A lakók azt mondják, hogy sokszor kérdezték már, de senki sem válaszolt"
    " nekik.\nAz autóknak egy másik úton kell menniük, amely nagyon keskeny, és az állomás mögött van.",
    "fi": "Viime viikolla kunta ilmoitti, että siltaa korjataan helmikuun loppuun asti. Asukkaat sanovat kysyneensä monta kertaa, mutta kukaan ei ole vastannut heille.\n"
    "Autojen on ajettava toista tietä, joka on hyvin kapea ja kulkee aseman takana.",
    "fa": "هفتهٔ گذشته شهرداری اعلام کرد که پل تا پایان بهمن تعمیر می‌شود. ساکنان می‌گویند که بارها پرسیده‌اند، اما هیچ‌کس به آن‌ها پاسخ نداده است.\n"
    "ماشین‌ها باید از خیابان دیگری بروند که خیلی باریک است و پشت ایستگاه قرار دارد.",
    "ur": "پچھلے ہفتے بلدیہ نے اعلان کیا کہ پل کی مرمت فروری کے آخر تک ہوتی رہے گی۔ رہنے والے کہتے ہیں کہ انہوں نے کئی بار پوچھا ہے، لیکن کسی نے جواب نہیں دیا۔\n"
    "گاڑیوں کو دوسری سڑک سے جانا پڑتا ہے جو بہت تنگ ہے اور اسٹیشن کے پیچھے ہے۔",
}  # fmt: skip
BANNER = "WE USE COOKIES TO GIVE YOU THE BEST EXPERIENCE. BY CLICKING ACCEPT YOU AGREE TO THE USE OF ALL COOKIES ON THIS WEBSITE."
CODE = "for (let i = 0; i < rows.length; i++) { total += rows[i].price * 1.19; }\nreturn { total: total, rows: rows };"
ADDRESSES = "https://example.org/how-to-repair-a-bridge-in-the-middle-of-winter\nhttps://example.org/another-page-about-old-bridges?page=2"
NAMES = "PETER WALKER, MARY JOHNSON, JACK MILLER, SUSAN TAYLOR, GEORGE COOPER, LUCY BENNETT"
QUOTE = "Whoever builds a bridge should walk across it first."


def identify(*texts: str) -> pl.DataFrame:
    """Run the stage over some texts."""
    frame = pl.LazyFrame({"repaired": texts}, schema={"repaired": pl.String})
    return lang.identify_language(frame, RULES).collect()


@pytest.mark.parametrize("language", PARAGRAPHS)
def test_a_page(language):
    """A page is in the language of its paragraphs: alone, in capitals, and whatever stands around them."""
    text = PARAGRAPHS[language]
    pages = (
        text,
        text.upper(),
        f"{BANNER}\n{text}",
        f"{text}\n{CODE}\n{ADDRESSES}",
        f"{NAMES}\n{text}\n{QUOTE}",
        " ".join([text.replace("\n", " ")] * 300),
    )
    assert identify(*pages)["language"].to_list() == [language] * len(pages)


def test_all_pages_at_once():
    """Documents do not touch each other, however they are put together."""
    together = identify(*PARAGRAPHS.values(), *reversed(PARAGRAPHS.values()))["language"].to_list()
    assert together == [*PARAGRAPHS, *reversed(PARAGRAPHS)]


def test_a_long_line_in_two_languages_takes_the_larger():
    """One line of 40 KB, one tenth of it English, is in the language of the nine tenths, with English or without among its languages."""
    text = PARAGRAPHS["hu"].replace("\n", " ") * 90 + (QUOTE + " ") * 80
    assert identify(text)["language"].item() == "hu"


def test_paragraphs_of_two_close_languages_are_one():
    """Lines of close languages are not parted: their words do not tell single lines apart surely enough."""
    found = identify(PARAGRAPHS["nb"] + "\n" + PARAGRAPHS["nn"])
    assert found["languages"].list.len().item() == 1


def test_lines_of_one_word():
    """A menu of single words has a language where the words show one, and single words that are in no lexicon have none."""
    found = identify("Startseite\nKontakt\nImpressum\nÜber uns\nÖffnungszeiten", "Xerpol\nQuandrit\nBelvox")
    assert found["language"].to_list() == ["de", "und"]


def test_an_english_part_in_each_language():
    """Paragraphs in English below a page show in its shares, by line."""
    english = (
        "Last week the town said that the bridge would be repaired, and people who live there asked when it would be open again.\n"
        "Nobody gave them an answer, so they drive along a narrow street behind the station and wait for the spring."
    )
    found = identify(*(f"{text}\n{text}\n{english}" for text in PARAGRAPHS.values()))
    for language, row in zip(PARAGRAPHS, found.iter_rows(named=True), strict=True):
        assert [one["language"] for one in row["languages"]] == [language, "en"]
        assert {(one["line"], one["language"]) for one in row["language_lines"]} == {(4, "en"), (5, "en")}
