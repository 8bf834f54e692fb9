"""A label with text below it is a heading of a manual; among its like it is furniture."""

from __future__ import annotations

import polars as pl
import pytest

from cleanse.line_rules import LineRules
from cleanse.matching import Lines
from cleanse.rules import load_rules

# Two sentences of a manual for each language; Thai ends no sentence with a mark, so it is left out.
SENTENCES = {
    "ar": ("يعرض اللوح أخبار الأسبوع.", "المس الصورة مرتين ثم انتظر."),
    "de": ("Die Tafel zeigt die Woche.", "Tippen Sie zweimal auf das Bild."),
    "en": ("The board shows the week.", "Touch the picture twice and wait."),
    "es": ("El panel muestra la semana.", "Toque dos veces la imagen."),
    "fr": ("Le panneau montre la semaine.", "Touchez deux fois l'image."),
    "hi": ("पटल पर सप्ताह की सूचना दिखती है।", "चित्र को दो बार छुएँ।"),
    "id": ("Papan menampilkan pekan ini.", "Sentuh gambar dua kali."),
    "it": ("Il pannello mostra la settimana.", "Tocchi due volte l'immagine."),
    "ja": ("画面は一週間を見せます。", "絵に二度さわります。"),
    "ko": ("화면은 한 주를 보여 줍니다.", "그림을 두 번 누르세요."),
    "pl": ("Tablica pokazuje tydzień.", "Dotknij obrazka dwa razy."),
    "pt": ("O painel mostra a semana.", "Toque duas vezes na imagem."),
    "ru": ("Щит показывает неделю.", "Коснитесь рисунка дважды."),
    "tr": ("Pano haftayı gösterir.", "Resme iki kez dokunun."),
    "vi": ("Bảng tin hiện cả tuần.", "Chạm hai lần vào hình."),
    "zh": ("屏幕显示一周的通知。", "点两次图片。"),
}
RULES = load_rules()
NOTICES = {"boilerplate/cookie-consent", "boilerplate/copyright"}  # sentences, no labels
LINKS = {"boilerplate/read-more"}  # stands between excerpts, which are sentences; only in a manual it is a heading
HEADED = [rule for rule in RULES if rule.head.heading and rule.id not in NOTICES | LINKS]
# Where a literal is itself the line of a form or ends a sentence, it is no heading.
CASES = [
    (rule, language, body.literals[0])
    for rule in HEADED
    for language, body in rule.languages.items()
    if language in SENTENCES and body.literals
]


def strips(cases: list[tuple[str, str]]) -> list[set[tuple[str, int]]]:
    """Give for each (language, text) the rules and lines that are taken."""
    matcher = LineRules.of(RULES.family("boilerplate")).matcher
    documents = pl.DataFrame(
        {"repaired": [text for _, text in cases], "language": [language for language, _ in cases]}
    ).with_row_index("doc")
    found = matcher.match(documents, Lines(documents["repaired"])).places
    taken: list[set[tuple[str, int]]] = [set() for _ in cases]
    for doc, rule, line in found.select("doc", "rule", "line").iter_rows():
        if RULES[rule].action == "strip":
            taken[doc].add((rule, line))
    return taken


def test_a_label_over_its_explanation_is_a_heading():
    """In all languages of all rules that have headings: the first label of the rule, over a sentence and under one."""
    texts = [(language, f"{SENTENCES[language][0]}\n{label}\n{SENTENCES[language][1]}") for _, language, label in CASES]
    wrong = [
        (rule.id, language, label)
        for (rule, language, label), taken in zip(CASES, strips(texts), strict=True)
        if any(line == 1 for _, line in taken)
    ]
    assert wrong == []
    assert len(CASES) > 100


def test_a_label_among_its_like_is_furniture():
    """The same labels at the end of a text, and over titles without full stops, go."""
    chosen = [(rule, language, label) for rule, language, label in CASES if not rule.head.block]
    texts = [(language, "\n".join([*SENTENCES[language], label])) for _, language, label in chosen]
    left = [
        (rule.id, language, label)
        for (rule, language, label), taken in zip(chosen, strips(texts), strict=True)
        if (rule.id, 2) not in taken
    ]
    assert left == []


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        # Below the label stands a line that is furniture itself.
        (
            "The ferry came back.\nLeave a Reply\nYour email address will not be published. Required fields are marked *",
            {("boilerplate/comments", 1), ("boilerplate/comments", 2)},
        ),
        # Above it does.
        ("Share\nCopy link\nThe wheel turns it.", {("boilerplate/share", 0), ("boilerplate/print-email", 1)}),
        # Between the title and the article.
        ("Ferry comes back\nShare\nThe ferry came back on Monday.", {("boilerplate/share", 1)}),
        # The sentence stands too far below.
        ("It works.\nCopy link\n\n\n\nTurn the wheel to the left.", {("boilerplate/print-email", 1)}),
        # A licence names its owner over its text, in one line or in two; the foot of a page names its own.
        (
            "Copyright (c) 2014 Maud Perry.\nAll rights reserved.\n\nYou may copy this timetable and change it as long as you name the ferry.",
            set(),
        ),
        ("The ferry came back.\n© 2014 Maud Perry. All rights reserved.\nContact", {("boilerplate/copyright", 1)}),
        # A clause stands in its notice, a banner stands by itself.
        (
            "We keep the names of our passengers for one year.\nWe use cookies on our pier to remember you.\nWe never sell what we know about you.",
            set(),
        ),
        ("Ferry\nWe use cookies on our pier to remember you.\nAccept", {("boilerplate/cookie-consent", 1)}),
        # A number of comments is never a heading.
        ("It works.\n31 comments\nWith this ferry all is well.", {("boilerplate/comments", 1)}),
    ],
)
def test_what_makes_furniture_of_a_label(text: str, taken: set[tuple[str, int]]):
    """Its neighbours, its distance and a count in it."""
    found = strips([("en", text)])[0]
    named = {rule for rule, _ in taken} or {"boilerplate/copyright", "boilerplate/cookie-consent"}
    assert {place for place in found if place[0] in named} == taken


@pytest.mark.parametrize(
    ("language", "line", "taken"),
    [
        ("pl", "Zobacz także: Open, Seek.", False),
        ("vi", "Xem thêm: FindObject", False),
        ("id", "Lihat juga: Buka", False),
        ("en", "See also: Open.", False),
        ("pl", "Zobacz także: Kto zapłaci za most na Brynicy", True),
        ("vi", "Xem thêm: Giá ngô tăng trước vụ thu", True),
        ("id", "Lihat juga: Harga udang naik menjelang musim hujan", True),
        ("en", "Read also: Ten bridges that survived the flood", True),
        ("ja", "関連記事：古い渡し船が四十年ぶりに休む", True),
    ],
)
def test_a_cross_reference_of_a_manual_is_no_link(language: str, line: str, taken: bool):  # noqa: FBT001
    """One name, or names with a full stop, are pages of the manual; a title is an article."""
    assert bool(strips([(language, line)])[0]) is taken


# A sentence that a hard line break cuts before its last words, which are a label by themselves; and the rule of the label.
BROKEN = [
    ("en", "The script reads the table line by line and skips the ones that are\ncomments.", "comments"),
    ("en", "To learn how the table is built, turn to the chapter about it, which has\nmore details.", "read-more"),
    ("en", "This page is about the second edition of the handbook, which was printed on\nJune 20, 2016.", "date-line"),
    ("fr", "Le programme saute les lignes qui commencent par un dièse, donc les\ncommentaires.", "comments"),
    ("es", "El programa pasa por alto las líneas con almohadilla, es decir, los\ncomentarios.", "comments"),
    ("ru", "Программа пропускает строки, которые начинаются с решётки, то есть\nкомментарии.", "comments"),
]


@pytest.mark.parametrize(("language", "text", "rule"), BROKEN)
def test_the_end_of_a_broken_sentence_is_no_label(language: str, text: str, rule: str):
    """Alone, or under a line that ends its sentence, the same words are a label."""
    above, label = text.split("\n")
    rule = f"boilerplate/{rule}"
    broken, ended = strips([(language, text), (language, f"{above} so.\n{label}")])
    assert rule not in {name for name, _ in broken}
    assert (rule, 1) in ended


def test_a_label_over_a_broken_line_is_a_heading():
    """The text below a heading may be broken before its first full stop."""
    text = "The file has one setting a line.\n\nComments\n\nA line is read as a comment when it begins with a\nhash. All else is a setting."
    assert strips([("en", text)]) == [set()]
