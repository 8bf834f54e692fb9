"""Set our measures beside the numbers of other tools, on the same texts; print the table of docs/parity.md.

    python benchmarks/parity.py

The other tools ran in environments of their own (`peers/parity.py` says how); `parity.json` holds what they gave, by version.
"""

from __future__ import annotations

from pathlib import Path

import orjson
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
MEASURES = (
    "words",
    "mean_word_chars",
    "symbol_share",
    "mean_line_chars",
    "ended_line_share",
    "ellipsis_line_share",
    "bullet_line_share",
    "short_line_share",
    "duplicate_line_share",
    "duplicate_line_char_share",
    "top_2gram_share",
    "duplicate_5gram_share",
)


def make_table() -> str:
    """Give the table, a row a measure and text; a dash where a tool has no such measure."""
    tools = orjson.loads((Path(__file__).parent / "parity.json").read_bytes())
    frame = pl.LazyFrame({"clean": list(TEXTS.values()), "language": list(TEXTS)})
    ours = quality.measure_documents(frame, quality.Parameters.of(load_rules())).collect()
    heads = [f"{name} {tool['version']}" for name, tool in tools.items()]
    rows = [f"| measure | text | ours | {' | '.join(heads)} |", "|---|---|" + "--:|" * (len(tools) + 1)]
    for name in MEASURES:
        for place, language in enumerate(TEXTS):
            theirs = [tool["texts"][language].get(name) for tool in tools.values()]
            cells = ["–" if value is None else f"{value:.3f}" for value in (ours[name][place], *theirs)]
            rows.append(f"| `{name}` | {language} | {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    print(make_table(), end="")
