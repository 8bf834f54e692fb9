"""Fit the language model in `rules/language/model/` on texts of known language.

    python benchmarks/fit_language.py [--extra LABELLED.jsonl] [--write]

Reads `language_sentences.jsonl` of the shared data, and files of rows `{"source", "language", "text"}`; the model in the project was fitted
with what `language_texts.py` writes. Fits on half of the sentences and all other sources, tells the macro F1 on the other half, and once more
with each source left out; `--write` fits on all and writes `trust.toml`, `words/`, `close/`, and `reliability.toml`, whose steps come from
the halves that were left out.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from cleanse import kernels
from cleanse.language import detectors, loading, model, trust, words
from cleanse.language.detectors import DETECTORS, Said
from cleanse.language.judge import is_settled

DATA = Path(os.environ.get("CLEANSE_DATA", "../shared/data"))
FOLDER = Path(__file__).parents[1] / "rules" / loading.FOLDER
TEXTS = 300  # texts of a language that count in full
WORDS, CLOSE = 600, 1200  # features of a language
LATIN = 0.2  # share of features in ASCII below which a language is not written in Latin letters
MOST = 80  # points of a feature at most
# Labels of sources that name no single language of ours, or in which a close language hides.
FOLD = {
    "no": "nb", "zh_Hans": "zh", "zh_Hant": "zh", "yue": "zh", "cmn": "zh", "lug": "lg", "arb": "ar", "pes": "fa", "zlm": "ms",
    "ekk": "et", "lvs": "lv", "kmr": "ku", "als": "sq", "tgl": "tl", "fil": "tl", "ydd": "yi", "swh": "sw", "khk": "mn",
    "plt": "mg", "uzn": "uz", "gug": "gn", "sr_Latn": "sr",
}  # fmt: skip
CLOSE_ONLY = {
    "mediawiki"
}  # sources from which only what tells close languages apart is learnt: their style is one for all languages
TURNED = "in Latin letters: "  # begins the source of texts that were turned from Cyrillic letters into Latin ones
CYRILLIC = str.maketrans({"љ": "lj", "њ": "nj", "џ": "dž"}) | str.maketrans(
    "абвгдђежзијклмнопрстћуфхцчш", "abvgdđežzijklmnoprstćufhcčš"
)
BOTH = {"sr"}  # languages written in two scripts, of which detectors say different things
FEW = 200  # texts of such a source that each language of a group must have
MIXED = {("sentences", "ms")} | {("eld", tag) for tag in ("ms", "no", "hr", "sr", "ku")} | {("udhr", "bs-Cyrl")}


@dataclass(frozen=True)
class Text:
    """A labelled text, with what the detectors say of it and of its first three words."""

    source: str
    language: str
    text: str
    short: str
    said: tuple[Said, ...]
    said_short: tuple[Said, ...]

    @property
    def latin(self) -> bool:
        """Say whether most of it is written in Latin letters."""
        return model.is_latin(self.text)

    def of(self, regime: str) -> tuple[str, tuple[Said, ...]]:
        """Give text and what was said of it, long or short."""
        return (self.text, self.said) if regime == "long" else (self.short, self.said_short)


def fold(tag: str) -> str:
    """Give the language that the model knows a label by."""
    base = tag.replace("_", "-").split("-")[0]
    return FOLD.get(tag, FOLD.get(base, base))


def shorten(text: str) -> str:
    """Give the first three words, or twelve characters of a text without spaces."""
    words = text.split()
    return " ".join(words[:3]) if len(words) > 3 else text[:12]


def read_texts(extra: Iterable[str]) -> Iterator[Text]:
    """Read all sources and ask the detectors."""
    rows = [
        {"source": "sentences", **json.loads(line)}
        for line in (DATA / "language_sentences.jsonl").read_text("utf-8").rstrip("\n").split("\n")
    ]
    for name in extra:
        rows += map(json.loads, Path(name).read_text("utf-8").rstrip("\n").split("\n"))
    for row in rows:
        text = model.clean_sample(row["text"])[:400]
        language, source = fold(row["language"]), row["source"]
        # Serbian in Cyrillic letters is Serbian for certain, and in Latin letters the same words.
        cyrillic = language == "sr" and not model.is_latin(text)
        if (source, row["language"]) in MIXED and not cyrillic:
            continue
        yield ask_about(source, language, text)
        if cyrillic:
            yield ask_about(TURNED + source, language, text.translate(CYRILLIC))


def ask_about(source: str, language: str, text: str) -> Text:
    """Ask the detectors about a text and its first three words."""
    short = shorten(text)
    return Text(
        source, language, text, short, *(tuple(ask(one) for ask in DETECTORS.values()) for one in (text, short))
    )


def fit_trust(texts: list[Text]) -> dict[str, Any]:
    """Count what each detector says of texts of each language."""
    number = Counter(text.language for text in texts)
    sayable = {
        name: {text.of(regime)[1][i][0] for text in texts for regime in trust.LENGTHS}
        for i, name in enumerate(DETECTORS)
    }
    tables: dict[str, Any] = {name: {} for name in DETECTORS}
    for i, name in enumerate(DETECTORS):
        for regime in trust.LENGTHS:
            of: dict[str, Counter[str]] = defaultdict(Counter)
            right, wrong, said = Counter[str](), Counter[str](), Counter[str]()
            for text in texts:
                tag, sure = text.of(regime)[1][i]
                weight = min(1.0, TEXTS / number[text.language])
                written = text.language + trust.LATIN * (text.language in BOTH and text.latin)
                of[written][f"{tag} {sure}".strip()] += weight
                if text.language in sayable[name] and tag == text.language:
                    right[sure] += weight
                else:
                    wrong[sure] += weight
                    said[tag] += weight
            tables[name][regime] = {
                "right": _tidy(right), "wrong": _tidy(wrong), "said": _tidy(said),
                "of": {language: _tidy(own) for language, own in sorted(of.items())},
            }  # fmt: skip
    return tables


def _tidy(counts: Counter[str]) -> dict[str, float]:
    return {key: round(count, 1) for key, count in sorted(counts.items()) if count >= 0.05}


def _features(
    texts: Iterable[Text], languages: set[str], marks: dict[str, re.Pattern[str]] | None = None
) -> tuple[dict[str, Counter[str]], Counter[str]]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    total = Counter[str]()
    for text in texts:
        if text.language in languages:
            own = set(model.list_features(text.text)) | model.list_marks(text.text, marks or {})
            counts[text.language].update(own)
            total[text.language] += len(own)
    return counts, total


def fit_words(texts: list[Text]) -> dict[str, dict[str, int]]:
    """Find for each language the words and parts of words that it uses more often than others."""
    counts, total = _features(texts, {text.language for text in texts})
    languages = sorted(language for language in counts if total[language] > 1500)
    usual = Counter[str]()
    for language in languages:
        for feature, count in counts[language].items():
            usual[feature] += count / total[language] / len(languages)
    found = {}
    for language in languages:
        bits = {}
        # English words in texts of another script say nothing about its language.
        latin = sum(count for feature, count in counts[language].items() if feature.isascii())
        foreign = latin < LATIN * total[language]
        for feature, count in counts[language].items():
            if count >= 2 and not (foreign and feature.isascii()):
                lead = math.log2((count - 0.5) / total[language] / usual[feature])
                if lead > 1:
                    bits[feature] = (lead, count * lead)
        best = sorted(bits.items(), key=lambda pair: (-pair[1][1], pair[0]))[:WORDS]
        found[language] = {feature: min(MOST, round(10 * lead)) for feature, (lead, _) in best}
    return found


def is_rare(texts: list[Text], group: list[str]) -> bool:
    """Say whether a language of a close group has few texts of a source that is for close languages only."""
    counts = Counter((text.source, text.language) for text in texts)
    return any(counts[source, language] < FEW for source in CLOSE_ONLY for language in group)


def fit_close(texts: list[Text], groups: list[list[str]], marks: dict[str, str]) -> dict[str, dict[str, int]]:
    """Find what tells the languages of each close group apart: points for and against, against the mean of the group."""
    found: dict[str, dict[str, int]] = {}
    for group in groups:
        latin = [text for text in texts if text.language in group and text.latin]
        if is_rare(texts, group):  # messages of one language beside prose of another would tell the genres apart
            latin = [text for text in latin if text.source not in CLOSE_ONLY]
        own_marks = loading.compile_marks(marks) if group == groups[0] else {}
        counts, total = _features(latin, set(group), own_marks)
        members = [language for language in group if total[language] > 500]
        if len(members) < 2:
            continue
        for language in members:
            bits = {}
            for feature in sorted(set().union(*(counts[member] for member in members))):
                if sum(counts[member][feature] for member in members) < 2:
                    continue
                mean = sum(counts[member][feature] / total[member] for member in members) / len(members)
                # Three more texts with the feature are taken as spread evenly over the group.
                own = (counts[language][feature] + 3) / (total[language] + 3 / mean)
                lead = math.log2(own / mean)
                if abs(lead) > 0.25:
                    bits[feature] = (lead, abs(lead) * mean)
            best = sorted(bits.items(), key=lambda pair: (-pair[1][1], pair[0]))[:CLOSE]
            found[language] = {f: max(-MOST, min(MOST, round(10 * lead))) for f, (lead, _) in best}
    return found


def fit(
    texts: list[Text], steps: dict[str, Any]
) -> tuple[model.Model, dict[str, Any], dict[str, dict[str, int]], dict[str, dict[str, int]]]:
    """Fit a model."""
    close = tomllib.loads((FOLDER / "close.toml").read_text("utf-8"))
    letters = dict(close["letters"])
    points = letters.pop("points")
    general = [text for text in texts if text.source not in CLOSE_ONLY]
    mixed = {language for _, language in MIXED}
    near_ones = {
        language for group in close["groups"] if mixed & set(group) and not is_rare(texts, group) for language in group
    }
    tables = fit_trust([text for text in texts if text.source not in CLOSE_ONLY or text.language in near_ones])
    # The words of a language in two scripts are those of the first; in the other script its group lends it words.
    terms = fit_words([text for text in general if not (text.language in BOTH and text.latin)])
    near = fit_close(texts, close["groups"], close["marks"])
    named = loading.add_words({language: dict(own) for language, own in near.items()}, close)
    han, scripts, numbers = (
        tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8")) for name in ("han", "scripts", "parameters")
    )
    made = loading.make_model(
        tables,
        close["groups"],
        close["plain"],
        close["common"],
        letters,
        points / 10,
        terms,
        named,
        steps,
        scripts,
        han,
        numbers,
        close["marks"],
    )
    return made, tables, terms, near


def judge(made: model.Model, texts: list[Text], regime: str) -> list[tuple[str, model.Judgement]]:
    """Judge as the stage does, with what the detectors said before; each verdict with the name of the steps that score it."""
    data, offsets = kernels.buffers(pl.Series([text.of(regime)[0] for text in texts], dtype=pl.String))
    _, said = words.judge_pieces(
        data, offsets[:-1], offsets[1:], np.arange(len(offsets)), made.lexicon, np.ones(len(texts), dtype=np.bool_)
    )
    found = []
    for text, row, settled in zip(texts, said.tolist(), is_settled(said, made.parameters).tolist(), strict=True):
        best = (made.lexicon.languages[row[words.BEST]], row[words.LEAD] / 10) if row[words.BEST] >= 0 else ("", 0.0)
        own, asked = text.of(regime)
        if settled:
            found.append(("words", model.Judgement(best[0], best[1], 0.0)))
            continue
        verdict = made.conclude(own, (*asked[:2], None), regime, best, asked[2])
        if verdict.lead != model.AGREED or regime == "short":
            found.append((regime, verdict))
        elif best[1] >= made.parameters["agree_bits"] and best[0] in (asked[0][0], asked[1][0]):
            found.append(("joined", model.Judgement(verdict.language, best[1], 0.0)))
        else:
            found.append(("agreed", verdict))
    return found


def macro_f1(pairs: Iterable[tuple[str, str]]) -> dict[str, float]:
    """Give the F1 of each true language."""
    right, missed, false = Counter[str](), Counter[str](), Counter[str]()
    for truth, found in pairs:
        if truth == found:
            right[truth] += 1
        else:
            missed[truth] += 1
            false[found] += 1
    return {
        one: 2 * right[one] / (2 * right[one] + missed[one] + false[one]) for one in sorted(set(right) | set(missed))
    }


def mean(values: Iterable[float]) -> float:
    """Give the mean."""
    own = list(values)
    return sum(own) / max(1, len(own))


def test(made: model.Model, texts: list[Text], name: str, groups: list[list[str]]) -> list[tuple[str, float, bool]]:
    """Print the macro F1, and give how far each verdict led and whether it was right."""
    leads = []
    for regime in trust.LENGTHS:
        verdicts = judge(made, texts, regime)
        found = macro_f1((text.language, verdict.language) for text, (_, verdict) in zip(texts, verdicts, strict=True))
        close = mean(found[one] for group in groups[:5] for one in group if one in found)
        worst = " ".join(f"{one} {value:.2f}" for one, value in sorted(found.items(), key=lambda pair: pair[1])[:12])
        print(
            f"{name:24} {regime:6} {len(found):3} languages  F1 {mean(found.values()):.4f}  close {close:.3f}  {worst}",
            flush=True,
        )
        leads += [
            (steps, verdict.lead, text.language == verdict.language)
            for text, (steps, verdict) in zip(texts, verdicts, strict=True)
        ]
    return leads


def fit_steps(leads: list[tuple[str, float, bool]]) -> dict[str, list[list[float]]]:
    """Fit the probability that a verdict is right to its lead: steps that never fall (pool adjacent violators)."""
    steps = {}
    for regime in ("words", "joined", "agreed", *trust.LENGTHS):
        own = sorted((lead, right) for kind, lead, right in leads if kind == regime)
        size = max(200, len(own) // 25)
        pools: list[list[float]] = []
        for at in range(0, len(own), size):
            part = own[at : at + size]
            if len(part) < size // 2 and pools:
                pools[-1][1] += sum(right for _, right in part)
                pools[-1][2] += len(part)
            else:
                pools.append([part[0][0], float(sum(right for _, right in part)), float(len(part))])
            while len(pools) > 1 and pools[-2][1] / pools[-2][2] >= pools[-1][1] / pools[-1][2]:
                _, rights, number = pools.pop()
                pools[-1][1] += rights
                pools[-1][2] += number
        if pools:
            pools[0][0] = 0.0
        steps[regime] = [[round(lead, 2), min(0.999, round(rights / number, 3))] for lead, rights, number in pools]
    return steps


def print_reliability(halves: list[list[tuple[str, float, bool]]]) -> None:
    """Print how often a score is right, where model and scores were fitted without the texts: the steps of each half score the other."""
    scored: list[tuple[float, bool]] = []
    for steps, leads in zip(map(fit_steps, halves), reversed(halves), strict=True):
        for kind, lead, right in leads:
            scored.append((max((score for least, score in steps[kind] if lead >= least), default=0.0), right))
    for low, high in itertools.pairwise((0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99, 1.01)):
        own = [(score, right) for score, right in scored if low <= score < high]
        if own:
            print(
                f"score from {low:.2f} {len(own):6} texts  mean {mean(a for a, _ in own):.3f}  right {mean(b for _, b in own):.3f}"
            )


def write_model(
    tables: dict[str, Any], terms: dict[str, dict[str, int]], close: dict[str, dict[str, int]], steps: dict[str, Any]
) -> None:
    """Write the fitted files."""
    head = "# Written by benchmarks/fit_language.py, which says how and from what.\n"
    lines = [
        head + "# What each detector says of texts of a language, long or short: how many of (at most) 300 texts.\n"
    ]
    for name, regimes in tables.items():
        for regime, table in regimes.items():
            for part in ("right", "wrong", "said"):
                lines.append(f"[{name}.{regime}.{part}]\n")
                lines += [f"{_key(key)} = {value}\n" for key, value in table[part].items()]
            lines.append(f"[{name}.{regime}.of]\n")
            for language, own in table["of"].items():
                inside = ", ".join(f"{_key(key)} = {value}" for key, value in own.items())
                lines.append(f"{_key(language)} = {{{inside}}}\n")
    (FOLDER / "trust.toml").write_text("".join(lines), "utf-8")
    for folder, found in (("words", terms), ("close", close)):
        for old in (FOLDER / folder).glob("*.toml"):
            old.unlink()
        (FOLDER / folder).mkdir(exist_ok=True)
        for language, own in found.items():
            by_points: dict[int, list[str]] = defaultdict(list)
            for feature, points in own.items():
                by_points[points].append(feature)
            rows = "".join(
                f'{points} = "{" ".join(sorted(by_points[points]))}"\n' for points in sorted(by_points, reverse=True)
            )
            (FOLDER / folder / f"{language}.toml").write_text(head + rows, "utf-8")
    rows = "".join(f"{regime} = {json.dumps(pairs)}\n" for regime, pairs in steps.items())
    note = "# From a lead of so many bits on, the verdict is right with this probability, on texts that were left out.\n[steps]\n"
    (FOLDER / "reliability.toml").write_text(head + note + rows, "utf-8")


def stamp_rule() -> None:
    """Write the digest of the model into the rule, so that a changed model is a changed rule."""
    rule = FOLDER.parent / "undetermined.toml"
    loading.model_digest.cache_clear()
    text = re.sub(r"(?m)^model = \d+", f"model = {loading.model_digest()}", rule.read_text("utf-8"))
    rule.write_text(text, "utf-8")


def _key(text: str) -> str:
    return json.dumps(text)


def main() -> None:
    """Fit, test on what is left out, and write where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--extra", action="append", default=[], help="more texts, as .jsonl")
    parser.add_argument("--write", action="store_true", help="write the model")
    options = parser.parse_args()
    if detectors.find_detectors() != tuple(DETECTORS):
        parser.error("all detectors are needed")
    groups = tomllib.loads((FOLDER / "close.toml").read_text("utf-8"))["groups"]
    texts = list(read_texts(options.extra))
    # A language that no detector ever names cannot be found, whatever its words are.
    general = [text for text in texts if text.source not in CLOSE_ONLY]
    named = {one[0] for text in general for one in text.said} & {text.language for text in general}
    texts = [text for text in texts if text.language in named]
    own = [text for text in texts if text.source == "sentences"]
    others = [text for text in texts if text.source.removeprefix(TURNED) != "sentences"]
    halves = []
    for half in (0, 1):
        made, *_ = fit([*own[half::2], *others], {})
        halves.append(test(made, own[1 - half :: 2], f"half {half + 1} of sentences", groups))
    print_reliability(halves)
    leads = halves[0] + halves[1]
    for source in sorted({text.source for text in texts}):
        out = [text for text in texts if text.source == source]
        rest = [text for text in texts if text.source.removeprefix(TURNED) != source]
        if rest and source not in CLOSE_ONLY and not source.startswith(TURNED):
            known = {text.language for text in rest}
            held = test(fit(rest, {})[0], [text for text in out if text.language in known], f"without {source}", groups)
            leads += held if source == "eld" else []
    steps = fit_steps(leads)
    print(json.dumps(steps))
    if options.write:
        _, tables, terms, close = fit(texts, steps)
        write_model(tables, terms, close, steps)
    stamp_rule()


if __name__ == "__main__":
    main()
