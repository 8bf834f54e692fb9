"""How often a rule is right: verdicts counted by rule and language, with a 95 % interval.

The interval is that of **Wilson** (1927), the score interval. It holds what it promises also for few verdicts and for shares near 1,
which is where rules are, never leaves 0 to 1 and is never empty: 20 of 20 right means 0.84 to 1, not 1 to 1 as the textbook interval says.
Brown, Cai and DasGupta, "Interval estimation for a binomial proportion" (2001), advise it, or that of Jeffreys, for up to 40 cases; the two hardly
differ, and Wilson needs no beta function, so anybody can check it by hand.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from cleanse.rules import Rules
from cleanse.verdicts.rows import Verdict, keep_last

Z = 1.959963984540054  # 97.5 % of a normal distribution lie below it, so 95 % lie within
TABLE = {
    "rule": pl.String(),
    "language": pl.String(),
    "judged": pl.UInt32(),
    "wrong": pl.UInt32(),
    "unsure": pl.UInt32(),
    "precision": pl.Float64(),
    "precision_low": pl.Float64(),
    "precision_high": pl.Float64(),
}
PRECISION = {name: TABLE[name] for name in ("judged", "precision", "precision_low", "precision_high")}


def interval(right: int, judged: int) -> tuple[float, float]:
    """Give the 95 % interval of Wilson for `right` of `judged`.

    Where nothing was judged it is 0 to 1.

    >>> [round(bound, 4) for bound in interval(20, 20)], [round(bound, 4) for bound in interval(27, 30)]
    ([0.8389, 1.0], [0.7438, 0.9654])
    >>> interval(0, 0)
    (0.0, 1.0)
    """
    if judged == 0:
        return 0.0, 1.0
    share, square = right / judged, Z * Z
    middle = share + square / (2 * judged)
    half = Z * math.sqrt(share * (1 - share) / judged + square / (4 * judged * judged))
    low, high = (middle - half) / (1 + square / judged), (middle + half) / (1 + square / judged)
    return (0.0 if right == 0 else low), (1.0 if right == judged else high)


@dataclass(frozen=True)
class Settled:
    """What all reviewers together say about one hit.

    `verdict` is `right`, `wrong`, or `unsure` where none knows or they are split.
    """

    rule: str
    language: str
    digest: str
    verdict: str


def settle(verdicts: Iterable[Verdict]) -> list[Settled]:
    """Give one word for each hit: that of most reviewers; who is unsure does not count beside who is not."""
    votes: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in keep_last(verdicts):
        votes.setdefault((verdict.rule, verdict.digest), []).append(verdict)
    settled = []
    for (rule, digest), own in votes.items():
        counts = Counter(verdict.verdict for verdict in own)
        right, wrong = counts["right"], counts["wrong"]
        word = "unsure" if right == wrong else "right" if right > wrong else "wrong"
        settled.append(Settled(rule, own[0].language, digest, word))
    return settled


def count_verdicts(verdicts: Iterable[Verdict]) -> pl.DataFrame:
    """Count settled verdicts by rule and language.

    Gives a row each: `judged` (right or wrong), `wrong`, `unsure`, and the precision with its interval. `precision` is the share of right
    ones among `judged`, null where nothing is; `precision_low` and `precision_high` bound it.
    """
    counts: dict[tuple[str, str], Counter[str]] = {}
    for item in settle(verdicts):
        counts.setdefault((item.rule, item.language), Counter())[item.verdict] += 1
    rows = [(rule, language, *_figures(own)) for (rule, language), own in sorted(counts.items())]
    return pl.DataFrame(rows, schema=TABLE, orient="row")


def _figures(own: Mapping[str, int]) -> tuple[int, int, int, float | None, float | None, float | None]:
    judged = own["right"] + own["wrong"]
    low, high = interval(own["right"], judged)
    if not judged:
        return 0, 0, own["unsure"], None, None, None
    return judged, own["wrong"], own["unsure"], own["right"] / judged, low, high


def keep_valid(verdicts: Iterable[Verdict], rules: Rules, versions: Iterable[tuple[str, str]] = ()) -> list[Verdict]:
    """Leave out what was said about a hit that the rule, as it is now, no longer makes.

    A verdict on this version of its rule counts; one on another version counts where the rule still hits the text, which is tried on
    the text and its context alone. Verdicts on rules that are not there are left out. `versions` are pairs of rule and version that count as
    this version too: a run may have changed what rules do, not what they hit.
    """
    present = {*versions, *((rule.id, rule.version) for rule in rules)}
    last = [v for v in keep_last(verdicts) if v.rule in rules or (v.rule, v.version) in present]
    older = [v for v in last if (v.rule, v.version) not in present]
    tried = list({(v.rule, v.digest): v for v in older}.values())
    again: set[tuple[str, str]] = set()
    if tried:  # to make the rules ready for it takes time
        from cleanse.catalogue import find_hits

        texts = [(v.rule, v.language, v.text, v.context) for v in tried]
        again = {(v.rule, v.digest) for v, hit in zip(tried, find_hits(rules, texts), strict=True) if hit}
    return [v for v in last if (v.rule, v.version) in present or (v.rule, v.digest) in again]


def add_precision(table: pl.DataFrame, counted: pl.DataFrame) -> pl.DataFrame:
    """Add what was counted to a table with `rule` and `language`.

    Adds the columns of PRECISION; `judged` is 0 where nobody looked.
    """
    bare = table.drop([name for name in PRECISION if name in table.columns])
    joined = bare.join(
        counted.select("rule", "language", *PRECISION), on=["rule", "language"], how="left", maintain_order="left"
    )
    return joined.with_columns(pl.col("judged").fill_null(0).cast(pl.UInt32))


def sort_by_harm(table: pl.DataFrame) -> pl.DataFrame:
    """Sort the table of rules by harm, the wrong characters to expect.

    What nobody judged stands behind, by its characters. Adds `harm`: the characters that a rule takes or changes times the share of wrong
    verdicts; null where nothing is judged. A flag takes nothing, so it is 0 there.
    """
    taken = pl.when(pl.col("action") == "flag").then(0).otherwise("characters")
    harm = (taken * (1 - pl.col("precision"))).alias("harm")
    return table.with_columns(harm, taken.cast(pl.UInt64).alias("taken")).sort(
        pl.col("harm").fill_null(0), "taken", "characters", "rule", "language", "action",
        descending=[True, True, True, False, False, False], maintain_order=True,
    ).drop("taken")  # fmt: skip


@dataclass(frozen=True)
class Agreement:
    """How far reviewers agree on hits that two or more judged.

    `hits` counts these, `same` is the share of pairs of words that agree. `kappa` is Cohen's kappa over these pairs: agreement beyond what
    chance gives, null where chance explains all of it.
    """

    hits: int
    same: float | None
    kappa: float | None


def measure_agreement(verdicts: Iterable[Verdict]) -> Agreement:
    """Compare the reviewers who judged the same hits, pair by pair, in the order of their names."""
    by_hit: dict[tuple[str, str], dict[str, str]] = {}
    for verdict in keep_last(verdicts):
        by_hit.setdefault((verdict.rule, verdict.digest), {})[verdict.reviewer] = verdict.verdict
    pairs: list[tuple[str, str]] = []
    shared = 0
    for words in by_hit.values():
        names = sorted(words)
        shared += len(names) > 1
        pairs += [(words[one], words[two]) for at, one in enumerate(names) for two in names[at + 1 :]]
    if not pairs:
        return Agreement(0, None, None)
    same = sum(one == two for one, two in pairs) / len(pairs)
    first, second = Counter(one for one, _ in pairs), Counter(two for _, two in pairs)
    chance = sum(first[word] * second[word] for word in first) / len(pairs) ** 2
    return Agreement(shared, same, None if chance == 1 else (same - chance) / (1 - chance))
