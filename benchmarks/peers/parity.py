"""Run one other tool on the texts of ../parity_texts.toml, in an environment of its own, and print its numbers as JSON.

    python benchmarks/peers/parity.py datatrove     pip install datatrove spacy nltk jieba pythainlp indic-nlp-library pyarabic tldextract python-crfsuite
    python benchmarks/peers/parity.py dolma         pip install dolma
    python benchmarks/peers/parity.py data-juicer   pip install py-data-juicer aiohttp
    python benchmarks/peers/parity.py nemo WHEEL    pip install loguru beautifulsoup4 pandas regex jieba

`benchmarks/parity.py --run` keeps what they print. datatrove tells only what a filter decides, so its number is the limit at which it
begins to let the text through. NeMo Curator asks for torch and ray; its filters do without, so they are loaded from its
unpacked wheel (the folder WHEEL) alone.
"""

import contextlib
import importlib
import json
import sys
import tempfile
import tomllib
import types
from importlib.metadata import version
from pathlib import Path

TEXTS = tomllib.loads((Path(__file__).resolve().parent.parent / "parity_texts.toml").read_text("utf-8"))


def find_limit(fires, low, high):
    """Give the limit at which a filter that fires below it stops to."""
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if fires(middle) else (low, middle)
    return high


def datatrove():
    from datatrove.data import Document
    from datatrove.pipeline.filters import C4QualityFilter, FineWebQualityFilter, GopherQualityFilter, GopherRepetitionFilter
    from datatrove.pipeline.stats import DocStats, LineStats, ParagraphStats, SentenceStats

    languages = {"en": "eng_Latn", "zh": "cmn_Hani", "th": "tha_Thai", "hi": "hin_Deva", "ar": "arb_Arab", "edges": "eng_Latn"}
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
        C4QualityFilter: {
            **dict.fromkeys(
                "remove_citations filter_no_terminal_punct filter_lorem_ipsum filter_javascript filter_curly_bracket filter_policy".split(),
                False,
            ),
            **dict.fromkeys(("min_num_sentences", "min_words_per_line", "max_word_length"), -1),
        },
    }
    quality, repetition, fineweb, c4 = off

    def rejects(kind, text, language, reason=None, **limits):
        filter_ = kind(**{**off[kind], **limits}, language=languages[language])
        found = filter_.filter(Document(text=text, id="x"))
        return found is not True and (reason is None or found[1] == reason)

    def loses(text, language, longest):
        document = Document(text=text, id="x")
        c4(**{**off[c4], "max_word_length": longest}, language=languages[language]).filter(document)
        return len(document.text.split("\n")) < len(text.split("\n"))

    def measure(text, language):
        def limit(kind, name, high=1.0, make=float, *, ends=False, text=text, reason=None):
            return find_limit(lambda t: rejects(kind, text, language, reason, **{name: make(t)}) != ends, 0, high)

        with tempfile.TemporaryDirectory() as folder:
            document = Document(text=text, id="x")
            told = DocStats(folder).extract_stats(document) | LineStats(folder).extract_stats(document)
            told |= ParagraphStats(folder).extract_stats(document)
            told |= SentenceStats(folder, language=languages[language]).extract_stats(document)
        return {
            "chars": told["length"],
            "lines": told["n_lines"],
            "paragraphs": told["n_paragraphs"],
            "sentences": told["n_sentences"],
            "words": next(n for n in range(1, 1000) if not rejects(quality, text, language, max_doc_words=n)),
            "mean_word_chars": limit(quality, "max_avg_word_length", 100),
            "longest_word_chars": next(n for n in range(1, 1000) if not loses(text, language, n)),
            "letter_word_share": limit(quality, "max_non_alpha_words_ratio", ends=True),
            "stop_words": next(n for n in range(1, 100) if rejects(quality, text, language, min_stop_words=n)) - 1,
            "filler_phrases": rejects(c4, text, language, filter_lorem_ipsum=True),
            "digit_share": told["digit_ratio"],
            "symbol_share": told["non_alpha_digit_ratio"],
            "hashes_per_word": limit(quality, "max_symbol_word_ratio", reason="gopher_too_many_hashes"),
            "ellipses_per_word": limit(
                quality, "max_symbol_word_ratio", text=text.replace("#", " "), reason="gopher_too_many_ellipsis"
            ),
            "line_breaks_per_word": limit(fineweb, "new_line_ratio", 9),
            "braces": rejects(c4, text, language, filter_curly_bracket=True),
            "mean_line_chars": told["avg_line_length"],
            "ended_line_share": limit(fineweb, "line_punct_thr", ends=True),
            "ellipsis_line_share": limit(quality, "max_ellipsis_lines_ratio"),
            "bullet_line_share": limit(quality, "max_bullet_lines_ratio"),
            "short_line_share": limit(fineweb, "short_line_thr"),
            "duplicate_line_share": limit(repetition, "dup_line_frac"),
            "duplicate_line_char_share": limit(repetition, "dup_line_char_frac"),
            "duplicate_paragraph_share": limit(repetition, "dup_para_frac"),
            "duplicate_paragraph_char_share": limit(repetition, "dup_para_char_frac"),
            **{
                f"top_{n}gram_share": limit(repetition, "top_n_grams", make=lambda t, n=n: ((n, t),)) for n in (2, 3, 4)
            },
            **{
                f"duplicate_{n}gram_share": limit(repetition, "dup_n_grams", make=lambda t, n=n: ((n, t),))
                for n in range(5, 11)
            },
        }

    return "datatrove", version("datatrove"), measure


def dolma():
    from dolma.core.utils import split_paragraphs
    from dolma.taggers import c4, gopher

    def measure(text, _):
        found, lines = gopher.get_attributes(text), c4.get_attributes(text)
        return {
            "chars": found.character_count,
            "lines": lines.line_count,
            "paragraphs": len(split_paragraphs(text)),
            "words": found.word_count,
            "mean_word_chars": found.median_word_length,
            "letter_word_share": found.fraction_of_words_with_alpha_character,
            "stop_words": found.required_word_count,
            "filler_phrases": lines.has_lorem_ipsum,
            "hashes_per_word": found.symbol_to_word_ratio,
            "braces": lines.has_curly_brace,
            "ended_line_share": 1 - len(lines.lines_with_no_ending_punctuation) / lines.line_count,
            "ellipsis_line_share": found.fraction_of_lines_ending_with_ellipsis,
            "bullet_line_share": found.fraction_of_lines_starting_with_bullet_point,
            "duplicate_line_share": found.fraction_of_duplicate_lines,
            "duplicate_line_char_share": found.fraction_of_characters_in_duplicate_lines,
            **{f"top_{n}gram_share": share for n, share in found.fraction_of_characters_in_most_common_ngram},
            **{f"duplicate_{n}gram_share": share for n, share in found.fraction_of_characters_in_duplicate_ngrams},
        }

    return "dolma", version("dolma"), measure


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
        filters = {
            "words": string.WordCountFilter(**segmenter),
            "mean_word_chars": string.MeanWordLengthFilter(**segmenter),
            "longest_word_chars": string.LongWordFilter(**segmenter),
            "letter_word_share": string.WordsWithoutAlphabetsFilter(**segmenter),
            "stop_words": string.CommonEnglishWordsFilter(stop_at_false=False),
            "digit_share": string.NumbersFilter(),
            "symbol_share": string.NonAlphaNumericFilter(),
            "hashes_per_word": string.SymbolsToWordsFilter(**segmenter),
            "ended_line_share": string.PunctuationFilter(),
            "ellipsis_line_share": string.EllipsisFilter(),
            "bullet_line_share": string.BulletsFilter(),
            "duplicate_line_share": repetition.RepeatedLinesFilter(),
            "duplicate_line_char_share": repetition.RepeatedLinesByCharFilter(),
            "duplicate_paragraph_share": repetition.RepeatedParagraphsFilter(),
            "duplicate_paragraph_char_share": repetition.RepeatedParagraphsByCharFilter(),
            **{f"top_{n}gram_share": repetition.RepeatingTopNGramsFilter(n=n, **segmenter) for n in (2, 3, 4)},
            **{f"duplicate_{n}gram_share": repetition.RepeatingDuplicateNGramsFilter(n=n, **segmenter) for n in range(5, 11)},
        }
        found = {}
        for name, filter_ in filters.items():
            # The filter of symbols divides by the length of a word, and its Chinese words can be line breaks, which it strips.
            with contextlib.suppress(ZeroDivisionError):
                found[name] = filter_.score_document(text)
        for name in found:  # of these it gives the share of the rest
            if name.startswith(("ended", "duplicate_line", "duplicate_paragraph")):
                found[name] = 1 - found[name]
        return found

    return "NeMo Curator", importlib.import_module("nemo_curator.package_info").__version__, measure


def data_juicer():
    from data_juicer.ops import filter as ops
    from data_juicer.utils.constant import Fields

    filters = {
        "chars": ops.TextLengthFilter(),
        "words": ops.WordsNumFilter(),
        "letter_share": ops.AlphanumericFilter(),
        "symbol_share": ops.SpecialCharactersFilter(),
        "mean_line_chars": ops.AverageLineLengthFilter(),
        **{f"duplicate_{n}gram_share": ops.WordRepetitionFilter(rep_len=n) for n in range(5, 11)},
    }

    def measure(text, _):
        found = {}
        for name, filter_ in filters.items():
            (stats,) = filter_.compute_stats_batched({"text": [text], Fields.stats: [{}]})[Fields.stats]
            (found[name],) = stats.values()
        return found

    return "data-juicer", version("py-data-juicer"), measure


if __name__ == "__main__":
    tools = {"datatrove": datatrove, "dolma": dolma, "nemo": nemo, "data-juicer": data_juicer}
    name, number, measure = tools[sys.argv[1]](*sys.argv[2:])
    found = {text: {k: round(float(v), 3) for k, v in measure(TEXTS[text], text).items()} for text in TEXTS}
    print(json.dumps({"name": name, "version": number, "texts": found}))
