"""Run one other tool on the texts of ../parity.py, in an environment of its own, and print its numbers as JSON.

    python benchmarks/peers/parity.py datatrove     pip install datatrove spacy nltk jieba pythainlp indic-nlp-library
    python benchmarks/peers/parity.py dolma         pip install dolma
    python benchmarks/peers/parity.py data-juicer   pip install py-data-juicer aiohttp
    python benchmarks/peers/parity.py nemo WHEEL    pip install loguru beautifulsoup4 pandas regex jieba

`benchmarks/parity.json` holds what they printed, with PYTHONHASHSEED=0. datatrove tells only what a filter decides, so its number is the limit at which it
begins to let the text through. NeMo Curator asks for torch and ray; its filters do without, so they are loaded from its
unpacked wheel (the folder WHEEL) alone.
"""

import ast
import importlib
import json
import sys
import types
from importlib.metadata import version
from pathlib import Path

SOURCE = (Path(__file__).resolve().parent.parent / "parity.py").read_text("utf-8")
(TEXTS,) = (
    ast.literal_eval(node.value)
    for node in ast.parse(SOURCE).body
    if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "TEXTS"
)


def find_limit(fires, low, high):
    """Give the limit at which a filter that fires below it stops to."""
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if fires(middle) else (low, middle)
    return high


def datatrove():
    from datatrove.data import Document
    from datatrove.pipeline.filters import FineWebQualityFilter, GopherQualityFilter, GopherRepetitionFilter

    languages = {"en": "eng_Latn", "zh": "cmn_Hani", "th": "tha_Thai", "hi": "hin_Deva"}
    off = {
        GopherQualityFilter: dict.fromkeys(
            "min_doc_words max_doc_words min_avg_word_length max_avg_word_length max_symbol_word_ratio max_bullet_lines_ratio "
            "max_ellipsis_lines_ratio max_non_alpha_words_ratio min_stop_words".split()
        ),
        GopherRepetitionFilter: {
            **dict.fromkeys(("dup_line_frac", "dup_para_frac", "dup_line_char_frac", "dup_para_char_frac")),
            "top_n_grams": (),
            "dup_n_grams": (),
        },
        FineWebQualityFilter: {"line_punct_thr": -1, "short_line_thr": 9, "char_duplicates_ratio": 9, "new_line_ratio": 9},
    }

    def rejects(kind, text, language, **limits):
        filter_ = kind(**{**off[kind], **limits}, language=languages[language])
        return filter_.filter(Document(text=text, id="x")) is not True

    def measure(text, language):
        def limit(kind, name, high=1.0, make=float, *, ends=False):
            return find_limit(lambda t: rejects(kind, text, language, **{name: make(t)}) != ends, 0, high)

        quality, repetition, fineweb = off
        words = next(n for n in range(1, 1000) if not rejects(quality, text, language, max_doc_words=n))
        return {
            "words": words,
            "mean_word_chars": limit(quality, "max_avg_word_length", 100),
            "ended_line_share": limit(fineweb, "line_punct_thr", ends=True),
            "ellipsis_line_share": limit(quality, "max_ellipsis_lines_ratio"),
            "bullet_line_share": limit(quality, "max_bullet_lines_ratio"),
            "short_line_share": limit(fineweb, "short_line_thr"),
            "duplicate_line_share": limit(repetition, "dup_line_frac"),
            "duplicate_line_char_share": limit(repetition, "dup_line_char_frac"),
            "top_2gram_share": limit(repetition, "top_n_grams", make=lambda t: ((2, t),)),
            "duplicate_5gram_share": limit(repetition, "dup_n_grams", make=lambda t: ((5, t),)),
        }

    return version("datatrove"), measure


def dolma():
    from dolma.taggers import c4, gopher

    def measure(text, _):
        found, lines = gopher.get_attributes(text), c4.get_attributes(text)
        return {
            "words": found.word_count,
            "mean_word_chars": found.median_word_length,
            "ended_line_share": 1 - len(lines.lines_with_no_ending_punctuation) / lines.line_count,
            "ellipsis_line_share": found.fraction_of_lines_ending_with_ellipsis,
            "bullet_line_share": found.fraction_of_lines_starting_with_bullet_point,
            "duplicate_line_share": found.fraction_of_duplicate_lines,
            "duplicate_line_char_share": found.fraction_of_characters_in_duplicate_lines,
            "top_2gram_share": dict(found.fraction_of_characters_in_most_common_ngram)[2],
            "duplicate_5gram_share": dict(found.fraction_of_characters_in_duplicate_ngrams)[5],
        }

    return version("dolma"), measure


def nemo(wheel):
    sys.path.insert(0, wheel)
    # The packages' own start pages import ray; empty ones with the same folder stand in for them.
    below = "nemo_curator nemo_curator.stages nemo_curator.stages.text nemo_curator.stages.text.filters nemo_curator.stages.text.filters.heuristic nemo_curator.stages.text.utils".split()
    for name in below:
        module = types.ModuleType(name)
        module.__path__ = [str(Path(wheel, *name.split(".")))]
        sys.modules[name] = module
    string = importlib.import_module("nemo_curator.stages.text.filters.heuristic.string")
    repetition = importlib.import_module("nemo_curator.stages.text.filters.heuristic.repetition")

    def measure(text, language):
        segmenter = {"lang": "zh" if language == "zh" else "en"}  # it knows English, Chinese and Japanese
        return {
            "words": string.WordCountFilter(**segmenter).score_document(text),
            "mean_word_chars": string.MeanWordLengthFilter(**segmenter).score_document(text),
            "symbol_share": string.NonAlphaNumericFilter().score_document(text),
            "ended_line_share": 1 - string.PunctuationFilter().score_document(text),
            "ellipsis_line_share": string.EllipsisFilter().score_document(text),
            "bullet_line_share": string.BulletsFilter().score_document(text),
            "duplicate_line_share": 1 - repetition.RepeatedLinesFilter().score_document(text),
            "duplicate_line_char_share": 1 - repetition.RepeatedLinesByCharFilter().score_document(text),
            "top_2gram_share": repetition.RepeatingTopNGramsFilter(n=2, **segmenter).score_document(text),
            "duplicate_5gram_share": repetition.RepeatingDuplicateNGramsFilter(n=5, **segmenter).score_document(text),
        }

    return importlib.import_module("nemo_curator.package_info").__version__, measure


def data_juicer():
    from data_juicer.ops.filter import AverageLineLengthFilter, SpecialCharactersFilter, WordRepetitionFilter, WordsNumFilter
    from data_juicer.utils.constant import Fields

    filters = {
        "words": WordsNumFilter(),
        "symbol_share": SpecialCharactersFilter(),
        "mean_line_chars": AverageLineLengthFilter(),
        "duplicate_5gram_share": WordRepetitionFilter(rep_len=5),
    }

    def measure(text, _):
        found = {}
        for name, filter_ in filters.items():
            (stats,) = filter_.compute_stats_batched({"text": [text], Fields.stats: [{}]})[Fields.stats]
            (found[name],) = stats.values()
        return found

    return version("py-data-juicer"), measure


if __name__ == "__main__":
    tools = {"datatrove": datatrove, "dolma": dolma, "nemo": nemo, "data-juicer": data_juicer}
    number, measure = tools[sys.argv[1]](*sys.argv[2:])
    found = {language: {k: round(float(v), 3) for k, v in measure(text, language).items()} for language, text in TEXTS.items()}
    print(json.dumps({"version": number, "texts": found}))
