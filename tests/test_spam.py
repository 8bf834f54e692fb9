"""Spam: what counts as evidence, how it adds up, and what stays below the threshold."""

from __future__ import annotations

import math

import polars as pl
import pytest

from cleanse import decide, encoding, line_rules, pipeline, planted, spam
from cleanse.errors import OptionError, RuleError
from cleanse.hits import HITS
from cleanse.options import Options
from cleanse.rules import Rules, load_rules

RULES = load_rules()
PREPARED = pipeline.Prepared.of(RULES.select(["spam", "encoding", "boilerplate/related-posts"]), RULES)
PLANTED = planted.Planted(RULES["spam/planted"])
LINK = "- free call log app free call log app"
PROSE = "The harbour office opens on Monday, and the ferry goes twice a day."


def tagged(*texts: str) -> pl.LazyFrame:
    """Run the stages up to the lines over documents of unknown language."""
    frame = encoding.repair_text(pl.LazyFrame({"text": texts}), PREPARED.repairer)
    frame = frame.with_columns(language=pl.lit("und"), language_hits=pl.lit([], dtype=HITS))
    return line_rules.tag_lines(frame, PREPARED.lines)


def run(*texts: str) -> pl.DataFrame:
    """Run the stages up to the edit over documents of unknown language."""
    frame = spam.score_spam(tagged(*texts), PREPARED.rules, PREPARED.every)
    return decide.edit_text(frame).collect()


def flagged(text: str) -> list[str]:
    """Give what is flagged of a text."""
    hits = run(text)["spam_hits"].item().to_list()
    return [hit["text"] for hit in hits]


def test_the_score_is_covered_share_and_number():
    """One minus what is left of innocence: 1 - (1 - s) * 0.9 ** n, with s the share of the spam and n how often it stands there."""
    text = f"{PROSE}\n{LINK}\n{PROSE}"
    frame = run(text)
    points = sum(signal["weight"] for signal in frame["signals"].item().to_list())
    chance = 1 / (1 + 2 ** (-points / 10))
    expected = 1 - (1 - chance * len(LINK) / len(text)) * 0.9**chance
    assert frame["spam_score"].item() == pytest.approx(expected, abs=1e-6)


def test_scores_lie_between_nothing_and_one():
    """A page of nothing but spam is near one, no document has more, and a good one has nothing."""
    alone, many, prose, empty = run(LINK, "\n".join([LINK] * 40), PROSE, "")["spam_score"]
    assert 0.98 < min(alone, many) <= max(alone, many) <= 1
    assert (prose, empty) == (0, 0)


def test_every_measure_of_the_sum_is_a_signal():
    """The signals of a segment add up to the threshold at least, and each names its measure and the place of the hit."""
    signals = run(f"雨停了。\n{LINK}")["signals"].item().to_list()
    assert math.fsum(signal["weight"] for signal in signals) >= RULES["spam/planted"].head.scorecard.threshold
    assert {signal["evidence"] for signal in signals} >= {"sure-terms", "says-twice"}
    places = {(signal["rule"], signal["line"], signal["start"], signal["end"]) for signal in signals}
    assert places == {("spam/planted", 1, 0, len(LINK))}


def test_flags_only_what_is_still_in_the_text():
    """A spam line flags its document; one that was stripped as boilerplate counts in the score and not in the flags."""
    frame = run(f"{LINK}\nText.", f"Related Posts\n{LINK}\n{LINK}\n\n\nThe council met on Tuesday.")
    assert frame["flags"].to_list() == [["spam/planted"], []]
    assert frame["clean"].to_list()[1].strip() == "The council met on Tuesday."
    assert frame["spam_score"].to_list()[1] > 0.5


def test_boilerplate_and_spam_both_say_so():
    """A line that is both has a hit of each family."""
    frame = run(f"Related Posts\n{LINK}\n{LINK}\n\n\nThe council met on Tuesday.")
    both = [{hit["line"] for hit in frame[column].item().to_list()} for column in ("boilerplate_hits", "spam_hits")]
    assert both[0] & both[1] == {1, 2}


def test_flags_change_no_text():
    """Spam that is only flagged stays in the text."""
    assert run(f"{LINK}\nText.")["clean"].item() == f"{LINK}\nText."


def test_a_repaired_line_keeps_its_points():
    """A document with a fix stands behind the others in `locate`; its points stay its own."""
    frame = run("Caf&eacute;\n【call log app free call log app】 On Monday.", f"Text.\n{LINK}")
    lines = [{signal["line"] for signal in signals} for signals in frame["signals"].to_list()]
    places = [{(hit["start"], hit["end"]) for hit in hits} for hits in frame["spam_hits"].to_list()]
    assert lines == [{1}, {1}]
    assert [
        {(signal["start"], signal["end"]) for signal in signals} for signals in frame["signals"].to_list()
    ] == places


@pytest.mark.parametrize(
    ("disguised", "plain"),
    [
        ("𝗠𝗔𝗫𝟳𝟳 gacor", "max77 gacor"),
        ("Ⓜⓐⓧⓦⓘⓝ", "maxwin"),
        ("ᴀʟᴇxɪꜱ", "alexis"),
        ("ＭＡＸＷＩＮ 88", "maxwin 88"),
        ("M\u0336A\u0336X\u0336 slot", "max slot"),
        ("B E T 7 7 online", "bet77 online"),
        ("M⭐A⭐X⭐7⭐7", "max77"),
        ("sl0t g4c0r m4xw1n", "slot gacor maxwin"),
        ("R4J4T0T0 and M3R4K88", "rajatoto and merak88"),
        ("ѕlоt gасоr", "slot gacor"),
        ("s\u200bl\u200bo\u200bt", "slot"),
        ("Пpиглaшaю в кoмaндy", "приглашаю в команду"),
        ("β-carotene, 5 µm", "β-carotene, 5 µm"),
        ("TIARA4D", "tiara4d"),
        ("𝕄𝔼ℝ𝔸𝕂𝟠𝟠", "merak88"),
        ("🅼🅴🆁🅰🅺88", "merak88"),
        ("ᴹᴱᴿᴬᴷ⁸⁸", "merak88"),
        ("ꓟꓰꓣꓮꓗ88", "merak88"),
        ("ᎷᎬᎡᎪᏦ88", "merak88"),
        ("M\u3164E\u3164R\u3164A\u3164K", "merak"),
        ("CANLI BAHİS", "canli bahis"),
        ("ℝ and 10⁶", "r and 10⁶"),
    ],
)
def test_disguise_is_folded(disguised, plain):
    """What is dressed up reads as plain text; the places lead back to the text as it was."""
    folded = planted.fold(disguised)
    assert folded.text == plain
    assert len(folded.places) == len(plain)
    assert folded.places == sorted(folded.places)


@pytest.mark.parametrize(
    "text",
    [
        "modal receh di 𝗞𝗘𝗡𝗔𝗥𝗜𝟴𝟴 langsung pecah",
        "K E N A R I 8 8 selalu di hati",
        "main slоt gасоr di Ⓚⓔⓝⓐⓡⓘ sekarang",
        "s\u200bl\u200bo\u200bt g\u200ba\u200bc\u200bo\u200br hari ini",
        "Нyжны люди в кoмaндy, дoxoд от 500$, oбyчeниe бecплaтнo, пишитe в лc",
        "b-u-y v-i-a-g-r-a online without prescription, cheap",
        "𝕄𝔼ℝ𝔸𝕂𝟙𝟟",
        "🅼🅴🆁🅰🅺88 bikin tenang",
        "hidup tenang bersama 𝗠𝗲𝗿𝗮𝗸𝗧𝗼𝘁𝗼",
        "M/E/R/A/K/8/8 selalu di hati",
        "GUVENILIR BAHIS SITELERI VE CANLI CASINO",
        "M E L A T I 17 memang luar biasa",
        "hidup tenang bersama 𝗠𝗲𝗿𝗮𝗸𝗪𝗶𝗻",
        "Siapa yang udah coba 𝗠𝗘𝗥𝗔𝗞 𝟴𝟴?",
    ],
)
def test_disguised_spam_is_flagged(text):
    """Disguise does not hide the words of sellers, and is evidence itself."""
    assert flagged(text) == [text]


@pytest.mark.parametrize(
    "text",
    [
        "I N T R O D U C T I O N",
        "The MP3 player, the H2O pump and the B2B fair have nothing in common with C3PO.",
        "Đường phố Hà Nội mưa suốt đêm, chợ vẫn họp từ sáng sớm.",
        "𝑓(𝑥) = 𝑎𝑥² + 𝑏𝑥 + 𝑐 has two roots where 𝑏² > 4𝑎𝑐.",
        "/ˈkʌmpəni/ is how the word is spoken.",
        "ＮＨＫのニュースは七時に始まる。",
        "A ← B ← C and then D → E → F",
        "Valid characters are a–z, A–Z and 0–9.",
        "def sha256(data: bytes) -> str:",
        "#ferry #harbour #monday 🎉🎉🎉",
        "Part no. KX4471-B, torque 88 Nm",
        "Мы ждали поезд на станции, i всё было тихо.",
        "【北港银行】",
        "Files: crypto/aes188-decrypt.asm crypto/aes188-encrypt.asm",
        "Copyright 1999-2005 A. Person <person88@mail.example>",
        "The codecs iso2022_jp_2 and utf8 are in the list since 1999.",
        "𝗢𝘂𝗿 𝗵𝗮𝗿𝗯𝗼𝘂𝗿 𝗳𝗲𝘀𝘁𝗶𝘃𝗮𝗹 begins on Friday.",
        "For all x in ℝ, ℂ, ℚ, ℤ and ℕ the map is continuous.",
        "[tʰ], [kʰ] and [pʰ] are said with a breath, [sʲ] and [nʲ] with a raised tongue.",
        "ᎣᏏᏲ is how one says hello in Cherokee.",
        "Step ➊ open the lid, step ➋ pour, step ➌ close it.",
        "- Gift cards Gift cards",
        "- Contact us Contact us",
        "M T W T F S S 1 2 3 4 5",
        "0000040  L  I  S  B  O  A  377 377 377 377  \\0 003",
        "libpam-cracklib: PAM module to enable cracklib support",
        "𝗠𝗮𝗿𝗸𝘂𝘀 𝗪𝗶𝗻𝘁𝗲𝗿 opens the fair on Friday.",
        "The laptop of System76 and that of Tuxedo have nothing in common but the kernel.",
    ],
)
def test_honest_text_is_not(text):
    """Initials, formulas, phonetics, code, hashtags and doubled menu words are nobody's spam."""
    assert flagged(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "No experience needed, paid daily, limited places left, text Anna on Telegram",
        "Sin experiencia y desde tu celular, quedan pocos cupos, escríbeme por whatsapp",
        "Ohne Schufa und ohne Bürgen, in 24 Stunden auf dem Konto, schreiben Sie uns",
        "Sans justificatif, réponse en 24 heures, paiement après résultat, écrivez-moi en privé",
        "Опыт не нужен, выплаты каждый день, места ограничены, пишите в личку",
        "Kefilsiz, kara listede olsanız bile anında nakit, hemen arayın",
        "不看征信,当天下款,黑户也可以,需要的联系我",
        "審査なし、即日振込、無職でも大丈夫、LINE追加お願いします",
        "무직자도 당일 입금, 선착순 열 분, 카톡 주세요",
        "بدون كفيل وبدون ضمان وفي نفس اليوم، تواصل واتساب",
    ],
)
def test_what_sellers_of_any_trade_say(text):
    """Promises and a call to get in touch are enough, in any trade: none of these names what it sells."""
    assert flagged(text) == [text]


@pytest.mark.parametrize(
    "text",
    [
        "No experience is needed to join the choir; we meet on Tuesdays in the school.",
        "Nurse wanted, two years of experience, 2,900 a month, send your letter to the office.",
        "Buy two loaves and get the third free until Sunday, call us on 020 0000 0000.",
        "Die Bank gibt ohne Schufa kein Darlehen, sagte der Berater.",
        "Le médecin reçoit sans rendez-vous le jour même.",
        "Опыт не нужен, чтобы сажать картошку, сказала бабушка.",
        "银行说,不看征信的贷款多半是骗局,请报警。",
        "審査なしの融資には注意するよう警察が呼びかけた。",
    ],
)
def test_an_honest_offer_is_not(text):
    """One promise, or several in a report, are no offer of sellers."""
    assert flagged(text) == []


def test_a_weak_line_counts_more_beside_planted_ones():
    """A line that lacks a few points alone has them where planted lines stand near, and not where they stand far away."""
    weak, sure = (
        "What one should know about the casino and its live casino",
        "Best online casino bonus no deposit free spins real money",
    )
    article = [PROSE] * 12
    assert flagged("\n".join([*article, weak])) == []
    assert flagged("\n".join([*article, sure, weak, sure])) == [sure, weak, sure]
    assert flagged("\n".join([sure, sure, *article, weak])) == [sure, sure]
    evidence = run("\n".join([*article, sure, weak, sure]))["signals"].item().to_list()
    assert "planted-near" in {signal["evidence"] for signal in evidence}


def test_a_line_amid_planted_ones_needs_no_term():
    """A phrase between planted lines goes with them; a sentence does not, nor what the article says, nor the first line behind them."""
    article = [PROSE, "Boats are older than the pier, and three of them still carry sails on Sundays in summer."] * 4
    sure = "Best online casino bonus no deposit free spins real money"
    page = "\n".join(
        [*article, sure, "Kolibri Palace official", sure, "Harbour office", sure, "We thank you.", sure, "Kontakt"]
    )
    assert flagged(page) == [sure, "Kolibri Palace official", sure, sure, sure]


@pytest.mark.parametrize(
    "text", ["昨日MERAK88で20万出た、ボーナス", "garça777 bet login cadastro bônus", "สล็อตMERAK88 สมัครเลย"]
)
def test_names_with_digits_in_any_script(text):
    """The letters beside a name may be of a script without spaces, and those of the name may have marks."""
    evidence = {signal["evidence"] for signal in run(text)["signals"].item().to_list()}
    assert "lucky-names" in evidence


def test_what_a_planted_line_leaves_stands_in_the_rule():
    """`kept` of `spam/score` is what one planted segment leaves of a document; without the rule only the share counts."""
    text = f"{PROSE}\n{LINK}\n{PROSE}"
    rule = RULES["spam/score"]
    scores = []
    for kept in (0.9, 0.5):
        every = Rules([rule.change_head(parameters={"kept": kept}), *(own for own in RULES if own.id != rule.id)])
        frame = spam.score_spam(tagged(text), PREPARED.rules, every).collect()
        scores.append(frame["spam_score"].item())
    assert scores[0] < scores[1]


def test_each_limit_of_the_rule_is_named():
    """A limit that is missing or unknown is an error that names it, and not a silent default."""
    rule = RULES["spam/planted"]
    parameters = {**rule.head.parameters, "shoes": 3}
    del parameters["far"]
    with pytest.raises(RuleError, match="missing: far; unknown: shoes"):
        planted.Planted(rule.change_head(parameters=parameters))


def test_a_line_in_another_script_is_strange_in_its_article():
    """A phrase that is too weak for itself is flagged in an article that has no letter of its script, and not in one that has."""
    weak = "网上赌场欢迎各位朋友前来参观"
    latin = "\n".join([PROSE, "Boats are older than the pier, and three of them carry sails."] * 4)
    chinese = "港口的船只每天两次开往小岛，直到十月底为止。\n" * 8
    assert flagged(f"{latin}\n{weak}") == [weak]
    assert flagged(f"{chinese}{weak}") == []
    evidence = run(f"{latin}\n{weak}")["signals"].item().to_list()
    assert "foreign-script" in {signal["evidence"] for signal in evidence}


def test_a_line_of_keywords_says_so():
    """A line that begins with `tags:` and holds a term of sellers is flagged sooner; other tags are not."""
    line = "online casino, boats, weather, news"
    assert flagged(f"{PROSE}\nTags: {line}") == [f"Tags: {line}"]
    assert flagged(f"{PROSE}\n{line}") == []
    assert flagged(f"{PROSE}\nTags: harbour, boats, weather, news of the day, casino") == []


def test_a_bracket_in_a_paragraph_is_flagged_alone():
    """What was planted in the middle of a line is flagged, and the paragraph is not."""
    text = "【查通讯录软件 怎么查通讯录软件】周一,一位读者来信说,他的电话本不见了,里面有三百个号码,都是老同学的,他找了很久也没有找到。"
    assert flagged(text) == ["【查通讯录软件 怎么查通讯录软件】"]


def test_a_planted_sentence_is_flagged_alone():
    """A sentence of sellers at the end of a good paragraph is flagged, and the paragraph is not."""
    planted_part = "Buy viagra online without prescription, cheap cialis, canadian pharmacy."
    prose = " ".join([PROSE] * 6)
    assert flagged(f"{prose} {planted_part}") == [planted_part]


def test_a_title_that_says_itself_again():
    """A bracket at the end of the first line that repeats its words is a title made to rank; further down it is not."""
    title = "Best Harbour Ferry Time Table Planner Page (Ferry Time Table Planner)"
    assert flagged(f"{title}\n{PROSE}") == [title]
    assert flagged(f"{PROSE}\n{title}") == []


@pytest.mark.parametrize(("score", "reason"), [(None, "quality/empty"), (0.9, "spam/score")])
def test_drop_spam_goes_before_empty(score, reason):
    """A page that is nothing but spam is dropped as spam, not as what is left of it."""
    chosen = RULES.select().strip_spam().drop_spam(score, RULES)
    prepared = pipeline.Prepared.of(chosen, RULES)
    frame = pipeline.add_evidence(pl.LazyFrame({"text": [f"{LINK}\n{LINK}"]}), prepared).collect()
    assert frame["reason"].to_list() == [reason]


def test_a_hacked_page_loses_what_was_planted_and_nothing_else():
    """Lines between paragraphs, one behind the end in another language, and a sentence inside of a paragraph go; the article stays to the letter."""
    article = [
        PROSE,
        f"Boats are older than the pier. {PROSE}",
        "Three of them still carry sails on Sundays in summer.",
    ] * 3
    sure, other = "Best online casino bonus no deposit free spins real money", "スーパーコピー時計 N級品 激安 代引き"
    sentence = "Buy viagra online without prescription, cheap cialis, canadian pharmacy."
    page = [*article[:3], sure, *article[3:], other]
    page[1] = f"{article[1]} {sentence} {PROSE}"
    chosen = RULES.select(["spam", "encoding"]).strip_spam()
    found = pipeline.add_evidence(
        pl.LazyFrame({"text": ["\n".join(page)]}), pipeline.Prepared.of(chosen, RULES)
    ).collect()
    wanted = [*article]
    wanted[1] = f"{article[1]}  {PROSE}"
    assert found["clean"].item().splitlines() == wanted
    assert found["spam_score"].item() > 0.25


def test_a_page_of_spam_is_dropped_as_spam_where_boilerplate_takes_it_too():
    """Lines that boilerplate strips and spam flags count for `spam/score`, which goes before `quality/empty`."""
    chosen = RULES.select().drop_spam(0.8, RULES)
    text = f"Related Posts\n{LINK}\n{LINK}\n{LINK}"
    found = pipeline.add_evidence(pl.LazyFrame({"text": [text]}), pipeline.Prepared.of(chosen, RULES)).collect()
    taken = [{hit["line"] for hit in found[column].item().to_list()} for column in ("boilerplate_hits", "spam_hits")]
    assert {1, 2, 3} <= taken[0] & taken[1]
    assert found["reason"].to_list() == ["spam/score"]


@pytest.mark.parametrize("score", [0, 1.5, -1])
def test_drop_spam_takes_a_share(score):
    """A limit that nothing can pass, or everything does, is refused."""
    with pytest.raises(OptionError):
        Options.of({"drop_spam": score})


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("Free APP, free", ["free", "app", "free"]),
        ("通话记录", ["通话", "话记", "记录"]),
        ("字", ["字"]),
        ("call log 通话", ["call", "log", "通话"]),
        ("Straße STRASSE", ["strasse", "strasse"]),
        ("एक दो एक", ["एक", "दो", "एक"]),
        ("— ★ —", []),
        ("", []),
    ],
)
def test_units(text, units):
    """Words where words have spaces, pairs of characters where they have none."""
    assert spam.units(text) == units


@pytest.mark.parametrize(
    "text",
    [
        "您尾号1234的账户于5月3日收入人民币200.00元，余额3,180.55元。【中国银行】",
        "【招商银行】您的信用卡账单已出，本期应还1,204.30元，最后还款日为6月5日。",
        "【建设银行】验证码482913，五分钟内有效，请勿告诉他人。",
        "【星河銀行】您的帳單已可在網上查閱。",
        "United States (USD $) United States (USD $)",
        "Canada (CAD $) Canada (CAD $)",
        "United States (USD $)\nUnited States (USD $)\nUnited Kingdom (GBP £)\nDeutschland (EUR €)",
        "日本 (JPY ¥) 日本 (JPY ¥)",
        "English English",
        "Österreich (EUR €) Österreich (EUR €)",
    ],
)
def test_signatures_of_banks_and_doubled_menus_are_no_spam(text: str):
    """Retired rules took a signature in brackets for keywords, and a country said twice for a planted link."""
    assert flagged(text) == []
