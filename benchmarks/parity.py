"""Set our measures beside the definitions of other tools, on the same texts; print the table of docs/parity.md.

    python benchmarks/parity.py

The other tools are not run: their definitions are written again here, from descriptions of their code. Where one needs a word
segmenter of its own, or is not known in enough detail, the table says so by a dash.
"""

from __future__ import annotations

import itertools
import statistics
from collections import Counter
from collections.abc import Callable

import polars as pl

from cleanse import load_rules, quality

TEXTS = {
    "en": (
        "The ferry leaves the old pier at seven.\nThe ferry leaves the old pier at seven.\n• Bring warm clothes\n"
        "* Bring bread\nThe captain said “we wait for nobody.”\nThen the fog came...\nTickets"
    ),
    "zh": "渡船七点离开旧码头。\n渡船七点离开旧码头。\n船长说：“我们不等任何人。”\n后来起雾了……\n• 带上暖和的衣服\n购票",
    "th": "เรือออกจากท่าเก่าตอนเจ็ดโมง\nเรือออกจากท่าเก่าตอนเจ็ดโมง\nกัปตันบอกว่าเราไม่รอใคร\n- เอาเสื้อกันหนาวมาด้วย\nซื้อตั๋ว",
    "hi": "नाव सात बजे पुराने घाट से चलती है।\nनाव सात बजे पुराने घाट से चलती है।\nकप्तान ने कहा, “हम किसी का इंतज़ार नहीं करते।”\n- गरम कपड़े लाइए\nटिकट",
}
TOOLS = ("datatrove", "dolma", "NeMo Curator", "data-juicer")
SEGMENTED = {"datatrove": ("zh", "th"), "NeMo Curator": ("zh",)}  # they ask a segmenter, which is not run here
# Of its 159 marks; the ellipsis and what closes a quotation are not among them.
ENDS = ".!?。！？।؟．｡"
Definition = Callable[[str], float]


def lines_of(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


def later(items: list[str]) -> list[str]:
    return [item for place, item in enumerate(items) if item in items[:place]]


def every(items: list[str]) -> list[str]:
    return [item for item in items if items.count(item) > 1]


def size(items: list[str]) -> int:
    return sum(map(len, items))


def share(test: Callable[[str], bool]) -> Definition:
    """Share of the lines that pass a test."""
    return lambda text: sum(map(test, lines_of(text))) / len(lines_of(text))


def top_2gram(text: str) -> float:
    words = text.split()
    gram, count = Counter(" ".join(pair) for pair in itertools.pairwise(words)).most_common(1)[0]
    return len(gram) * count / len(text) if count > 1 else 0


def duplicate_5gram(text: str) -> float:
    """Later copies; the words of one are passed over."""
    words, seen, chars, place = text.split(), set(), 0, 0
    while place <= len(words) - 5:
        gram = "".join(words[place : place + 5])
        chars += len(gram) if gram in seen else 0
        place += 5 if gram in seen else 1
        seen.add(gram)
    return chars / len(text)


def visible(text: str) -> int:
    return len("".join(text.split()))


# Measure -> tool -> its definition.
DEFINITIONS: dict[str, dict[str, Definition]] = {
    "words": {tool: lambda text: len(text.split()) for tool in TOOLS},
    "mean_word_chars": {
        "datatrove": lambda text: statistics.mean(map(len, text.split())),
        "dolma": lambda text: statistics.median(map(len, text.split())),
        "NeMo Curator": lambda text: statistics.mean(map(len, text.split())),
    },
    "symbol_share": {
        "NeMo Curator": lambda text: (
            sum(not (c.isascii() and c.isalnum()) and c not in "\n?!,." for c in text) / len(text)
        ),
        "data-juicer": lambda text: 1 - sum(map(str.isalnum, text)) / len(text),
    },
    "ended_line_share": {
        "datatrove": share(lambda line: line.endswith(tuple(ENDS))),
        "dolma": share(lambda line: line.endswith((".", "?", "!", '"'))),
    },
    "ellipsis_line_share": {
        "datatrove": share(lambda line: line.endswith(("…", "..."))),
        "dolma": share(lambda line: line.endswith("…")),
    },
    "bullet_line_share": {
        "datatrove": share(lambda line: line.startswith(("•", "-"))),
        "dolma": share(lambda line: line.startswith(("*", "-"))),
    },
    "short_line_share": {"datatrove": share(lambda line: len(line) <= 30)},
    "duplicate_line_share": {
        "datatrove": lambda text: len(later(lines_of(text))) / len(lines_of(text)),
        "dolma": lambda text: len(every(lines_of(text))) / len(lines_of(text)),
        "NeMo Curator": lambda text: 1 - len(set(lines_of(text))) / len(lines_of(text)),
    },
    "duplicate_line_char_share": {
        "datatrove": lambda text: size(later(lines_of(text))) / len(text),
        "dolma": lambda text: sum(map(visible, every(lines_of(text)))) / visible(text),
        "NeMo Curator": lambda text: 1 - size(sorted(set(lines_of(text)))) / size(lines_of(text)),
    },
    "top_2gram_share": {"datatrove": top_2gram},
    "duplicate_5gram_share": {"datatrove": duplicate_5gram},
}
BY_WORDS = {"words", "mean_word_chars", "top_2gram_share", "duplicate_5gram_share"}


def make_table() -> str:
    """Give the table, a row a measure and text."""
    frame = pl.LazyFrame({"clean": list(TEXTS.values()), "language": list(TEXTS)})
    ours = quality.measure_documents(frame, quality.Parameters.of(load_rules())).collect()
    rows = [f"| measure | text | ours | {' | '.join(TOOLS)} |", "|---|---|" + "--:|" * (len(TOOLS) + 1)]
    for name, definitions in DEFINITIONS.items():
        for place, (language, text) in enumerate(TEXTS.items()):
            cells = [f"{ours[name][place]:.3f}"]
            for tool in TOOLS:
                segmented = name in BY_WORDS and language in SEGMENTED.get(tool, ())
                found = None if segmented or tool not in definitions else definitions[tool](text)
                cells.append("–" if found is None else f"{found:.3f}")
            rows.append(f"| `{name}` | {language} | {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    print(make_table(), end="")
