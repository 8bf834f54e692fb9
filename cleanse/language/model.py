"""What a text says about its language: detectors, words, letters, added up as points.

Points are tenths of a bit of log-odds. Each detector that was asked gives every candidate the points that it gave texts of known
language (`trust.toml`); words and parts of words that one language uses more than others give theirs (`words/`, `close/`).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cleanse.language.detectors import DETECTORS, NOTHING, Said, find_detectors
from cleanse.language.trust import Trust
from cleanse.language.words import Lexicon

WORDS = re.compile(r"[^\W\d_]+")
LATIN_LETTERS = re.compile("[a-z]")
CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufdd0-\ufdef\ufffe\uffff]")
AGREED = 99.0  # stands for the bits by which a verdict leads on which detectors agree
LONE = 20.0  # bits by which a candidate without a rival leads
MEMORY = 200_000  # combinations of what detectors say that are kept
Detector = Callable[[str], Said]


def list_features(text: str) -> list[str]:
    """Give the words of a text in lower case, and three letters from each end of the longer ones.

    >>> list_features("Der Motor")
    ['der', 'motor', 'mot-', '-tor']
    """
    features = []
    for word in WORDS.findall(text.lower()):
        features.append(word)
        if len(word) >= 5:
            features += (word[:3] + "-", "-" + word[-3:])
    return features


def list_marks(text: str, marks: Mapping[str, re.Pattern[str]]) -> set[str]:
    """Give the names of the patterns that a text shows, each behind `~`."""
    return {f"~{name}" for name, pattern in marks.items() if pattern.search(text)}


def is_latin(text: str) -> bool:
    """Say whether most letters of a cleaned text are Latin ones; letters with marks count against it."""
    return 2 * len(LATIN_LETTERS.findall(text)) > sum(map(str.isalpha, text))


def clean_sample(text: str) -> str:
    """Make a text fit for the detectors: one line, lower case, no control characters."""
    return CONTROLS.sub(" ", text).lower()


@dataclass(frozen=True)
class Judgement:
    """A verdict: language, the bits by which it leads, and the probability that it is right."""

    language: str
    lead: float
    score: float


@dataclass
class Model:
    """All that is known about languages, and the detectors that are asked.

    `partners` says which languages may hide behind what a detector says; `groups` are the close ones.
    """

    parameters: dict[str, float]
    trust: dict[tuple[str, str], Trust]
    partners: dict[str, frozenset[str]]
    groups: dict[str, tuple[str, ...]]
    plain: frozenset[str]
    letters: dict[str, str]
    letter_points: float
    words: dict[str, dict[str, int]]
    close: dict[str, dict[str, int]]
    steps: dict[str, list[tuple[float, float]]]
    scripts: dict[str, Any]
    han: dict[str, Any]
    lexicon: Lexicon
    marks: dict[str, re.Pattern[str]]
    detectors: tuple[str, ...] = field(default_factory=find_detectors)
    _memory: dict[tuple[Any, ...], dict[str, float]] = field(default_factory=dict)
    _settled: dict[tuple[Any, ...], Judgement | None] = field(default_factory=dict)
    _chosen: dict[tuple[str, ...], tuple[Detector | None, ...]] = field(default_factory=dict)

    def ask(self, text: str, names: tuple[str, ...]) -> tuple[Said | None, ...]:
        """Ask some detectors about a cleaned sample; None stands for those that are not asked or not there."""
        first, second, third = self._choose(names)
        return (first and first(text), second and second(text), third and third(text))

    def _choose(self, names: tuple[str, ...]) -> tuple[Detector | None, ...]:
        """Give of all detectors those that are asked, and None for the others."""
        chosen = self._chosen.get(names)
        if chosen is None:
            there = set(names) & set(self.detectors)
            chosen = tuple(ask if name in there else None for name, ask in DETECTORS.items())
            self._chosen[names] = chosen
        return chosen

    def judge(self, text: str, length: str | None = None, words: tuple[str, float] = ("", 0.0)) -> Judgement:
        """Say in which language a cleaned sample is written. `words` is the language that its words speak for, and by how many bits.

        A fast detector that says the same as the words suffices, or two that agree; beyond them lid.176 is asked, and all evidence
        decides.
        """
        regime = length or ("short" if len(text) < self.parameters["short_chars"] else "long")
        if regime == "long" and words[1] >= self.parameters["agree_bits"]:
            eld = self.ask(text, ("eld",))
            cld2 = self.ask(text, ("cld2",)) if not self.agrees(words, eld[1]) else (None, None, None)
            return self.conclude(text, (cld2[0], eld[1], None), regime, words)
        return self.conclude(text, self.ask(text, ("cld2", "eld")), regime, words)

    def conclude(
        self, text: str, fast: tuple[Said | None, ...], regime: str, words: tuple[str, float], lid: Said | None = None
    ) -> Judgement:
        """Give the verdict on a sample of which the fast detectors said `fast`; `lid` is what lid.176 says, if it was asked before."""
        enough = regime == "long" and words[1] >= self.parameters["agree_bits"]
        if enough and any(self.agrees(words, said) for said in fast):
            return Judgement(words[0], AGREED, self.score("joined", words[1]))
        settled = self.settle(fast, regime, len(text))
        if settled is not None:
            return settled
        if regime == "long":
            verdict = self.decide(text, (*fast[:2], None), regime)
            if verdict.lead >= self.parameters["enough_bits"]:
                return verdict
        return self.decide(text, (*fast[:2], lid or self.ask(text, ("lid",))[2]), regime)

    @staticmethod
    def agrees(words: tuple[str, float], said: Said | None) -> bool:
        """Say whether a detector says the same as the words."""
        return said is not None and said[0] == words[0]

    def settle(self, said: tuple[Said | None, ...], regime: str, chars: int = 0) -> Judgement | None:
        """Give the verdict of two detectors that say the same and are sure, unless it is one of a close group.

        Of a sample of many characters one of them need not be sure, and close languages that few texts are taken for are believed.
        """
        first, second = said[0], said[1]
        if regime == "short" or not first or not second or first[0] != second[0] or first == NOTHING:
            return None
        much = chars >= self.parameters["much_chars"]
        if first[0] in self.groups and not (much and first[0] in self.plain):
            return None
        sure = (first[1] == "sure") + (second[1] == "sure")
        if sure == 2:
            return Judgement(first[0], AGREED, self.score("agreed", AGREED))
        if much and sure == 1 and first[1] != "unsure-mixed":
            return Judgement(first[0], AGREED, self.score("agreed", 0.0))
        return None

    def certain(self, text: str, eld: Said) -> str | None:
        """Give the language that both fast detectors are sure a text is in; cld2 chooses within a close group."""
        if eld[1] != "sure":
            return None
        cld2 = self.ask(text, ("cld2",))[0]
        if cld2 is None or cld2[0] not in (eld[0], *self.groups.get(eld[0], ())) or not cld2[1].startswith("sure"):
            return None
        return cld2[0]

    def kind(self, language: str) -> str:
        """Give the first language of a close group for all of them, else the language itself."""
        return self.groups.get(language, (language,))[0]

    def decide(self, text: str, said: tuple[Said | None, ...], regime: str) -> Judgement:
        """Add up all evidence about a text."""
        bits = self.add_up(text, said, regime)
        if not bits:
            return Judgement("und", 0.0, 0.0)
        ranked = sorted(bits.items(), key=lambda pair: (-pair[1], pair[0]))
        lead = ranked[0][1] - ranked[1][1] if len(ranked) > 1 else LONE
        score = self.score(regime, lead)
        if not self._is_supported(ranked[0][0], text, said):
            score = min(score, self.parameters["unsupported_score"])
        return Judgement(ranked[0][0], lead, score)

    def _is_supported(self, language: str, text: str, said: tuple[Said | None, ...]) -> bool:
        """Say whether two detectors name a language, or a word of the text is one of its own: names of things have neither."""
        if sum(self.kind(one[0]) == self.kind(language) for one in said if one) > 1:
            return True
        words, close = self.words.get(language, {}), self.close.get(language, {})
        return any(word in words or word in close for word in WORDS.findall(text))

    def add_up(self, text: str, said: tuple[Said | None, ...], regime: str) -> dict[str, float]:
        """Give the bits of each candidate."""
        latin = is_latin(text)
        key = (regime, said, latin)
        known = self._memory.get(key)
        if known is None:
            if len(self._memory) > MEMORY:
                self._memory.clear()
            known = self._memory[key] = self._weigh(said, regime, latin=latin)
        bits = dict(known)
        marked = [language for language, own in self._marked(text).items() if own]
        if not bits and not marked:
            return {}
        for language in marked:
            bits.setdefault(language, min(bits.values(), default=0.0) - 3)
        if len(bits) > 1:
            features = set(list_features(text))
            if not self.marked.isdisjoint(bits):
                features |= list_marks(text, self.marks)
            self._add_words(bits, features, regime)
            for language in marked:
                bits[language] += self.letter_points
        return bits

    def score(self, regime: str, lead: float) -> float:
        """Give the probability that goes with a lead: a table of steps."""
        score = 0.0
        for least, probability in self.steps.get(regime, [(0.0, 0.5)]):
            if lead >= least:
                score = probability
        return score

    def _weigh(self, said: tuple[Said | None, ...], regime: str, *, latin: bool) -> dict[str, float]:
        candidates = {one[0] for one in said if one and one != NOTHING}
        for tag in sorted(candidates):
            candidates |= self.partners.get(tag, frozenset())
        for tag in sorted(candidates):
            candidates |= set(self.groups.get(tag, ()))
        bits = {}
        for language in sorted(candidates):
            total = 0.0
            for name, one in zip(DETECTORS, said, strict=True):
                if one is not None:
                    total += self.trust[regime, name].points(language, one, self.parameters["prior_texts"], latin=latin)
            if language not in self.words or self.trust[regime, "cld2"].texts(language) < self.parameters["few_texts"]:
                knowing = sum(language in self.trust[regime, name].known for name in DETECTORS)
                total -= self.parameters["rare_bits" if knowing > 1 else "lone_bits"]
            bits[language] = total
        # Words do not lift a candidate from far behind; those of a close group stay together.
        ranked = sorted(bits, key=lambda language: (-bits[language], language))[: int(self.parameters["candidates"])]
        least = bits[ranked[0]] - self.parameters["candidate_bits"] if ranked else 0.0
        ranked = [language for language in ranked if bits[language] >= least]
        kept = {member for language in ranked for member in (language, *self.groups.get(language, ()))}
        return {
            language: bits[language] for language in ranked[:1] + sorted(kept - set(ranked[:1])) if language in bits
        }

    def _add_words(self, bits: dict[str, float], features: set[str], regime: str) -> None:
        weight = self.parameters["long_words" if regime == "long" else "short_words"] / 10
        own = {
            language: weight * _sum_points(self.words[language], features)
            for language in bits
            if language in self.words
        }
        shared: dict[tuple[str, ...], float] = {}
        for language, points in own.items():
            if language in self.close:
                group = self.groups[language]
                shared[group] = max(shared.get(group, 0.0), points)
        close_weight = self.parameters["long_close" if regime == "long" else "short_close"] / 10
        for language, points in own.items():
            if language in self.close:
                bits[language] += shared[self.groups[language]]
                bits[language] += close_weight * _sum_points(self.close[language], features)
            else:
                bits[language] += points

    def _marked(self, text: str) -> dict[str, bool]:
        if text.isascii():
            return {}
        there = frozenset(text)
        return {language: not there.isdisjoint(own) for language, own in self._letter_sets.items()}

    @functools.cached_property
    def marked(self) -> frozenset[str]:
        """Give the languages that patterns tell apart."""
        return frozenset(
            language for language, own in self.close.items() if any(f"~{name}" in own for name in self.marks)
        )

    @functools.cached_property
    def _letter_sets(self) -> dict[str, frozenset[str]]:
        return {language: frozenset(own) for language, own in self.letters.items()}


def _sum_points(table: dict[str, int], features: set[str]) -> int:
    return sum([table[feature] for feature in table.keys() & features])
