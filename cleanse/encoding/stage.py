"""From broken text to whole text: the stage `encoding`.

The gate finds the few lines that any repair may concern; only these meet Python. They go through the list of repairs (`repairs.py`), and
what was done to them becomes hits. Which repairs are on, and with which parameters, stands in `rules/encoding/`.
"""

from __future__ import annotations

import functools

import polars as pl

from cleanse import code, kernels, segments
from cleanse.encoding.changes import overwrite
from cleanse.encoding.charset import CHARSET
from cleanse.encoding.documents import find_in_documents
from cleanse.encoding.gate import CALM, EVERY, Gate
from cleanse.encoding.limits import Limits
from cleanse.encoding.lines import PLACES, CutLines, Edits, rejoin
from cleanse.encoding.repairs import choose_repairs, find_reasons
from cleanse.hits import HITS, acts, attach_hits, make_hits
from cleanse.memory import uncollected
from cleanse.rules import Rules

FAMILY = "encoding"
COLUMN = "encoding_hits"


class Repairer:
    """The repairs that a set of rules asks for."""

    def __init__(self, rules: Rules, every: Rules | None = None) -> None:
        """Take the rules; `every` also knows those that were not selected.

        Rules in draft are tried on a copy of the text, together with the others; of what comes out only their hits are noted.
        """
        selected = rules.family(FAMILY)
        # Bytes are decoded whether anybody selects the rule that says so or not.
        decoding = [rule for rule in every or () if rule.id == CHARSET]
        self.rules = Rules([*decoding, *selected])
        self.drafts = [rule.id for rule in self.rules if not acts(rule)]
        self.trial = Repairer(self.rules.as_stable()) if self.drafts else None
        active = [rule for rule in selected if acts(rule)]
        self.methods = {rule.head.method: rule for rule in active if rule.head.method}
        self.repairs = choose_repairs(active)
        self.wanted = find_reasons(self.repairs)
        self.acts_in_code = code.Recogniser.of(rules).acts

    @functools.cached_property
    def gate(self) -> Gate:
        """Make the gate; it takes a moment, and is not needed where nothing is repaired."""
        return Gate(self._characters, self.limits.suspicions if self.limits else CALM)

    @functools.cached_property
    def _characters(self) -> str:
        """Give the characters that the repairs look for."""
        return "".join(sorted(frozenset[str]().union(*(repair.characters(asked) for repair, asked in self.repairs))))

    def get_ready(self) -> Repairer:
        """Find out what takes long and hangs on the rules only, so that it is kept with the repairer."""
        _ = self._characters
        if self.trial is not None:
            self.trial.get_ready()
        return self

    @functools.cached_property
    def limits(self) -> Limits | None:
        """Give the limits of the rule on code pages, if it is on."""
        rule = self.methods.get("code-page")
        return Limits.of(rule.head.parameters) if rule else None

    def repair(self, documents: pl.DataFrame, *, gated: bool = True) -> pl.DataFrame:
        """Add `repaired` str and `encoding_hits` list[HIT].

        Reads: `doc`, and what `repair_text` reads. Without the gate every line is looked at, which is slow and gives the same.
        """
        # What is made for single lines is gone before the collector wakes, so that it finds nothing to look through.
        with uncollected():
            repaired, found = self.find_repairs(documents, gated=gated)
            if self.trial is not None:
                _, tried = self.trial.find_repairs(documents, gated=gated)
                drafted = pl.col("rule").is_in(self.drafts)
                found = pl.concat([found.filter(~drafted), tried.filter(drafted)])
        return attach_hits(documents.with_columns(repaired.alias("repaired")), make_hits(found, self.rules), COLUMN)

    def find_repairs(self, documents: pl.DataFrame, *, gated: bool) -> tuple[pl.Series, pl.DataFrame]:
        """Give the repaired texts, and what was found: PLACES, and `only_flags` bool."""
        data, offsets = kernels.buffers(documents["text"].fill_null(""))
        found, breaks = self.gate.find_lines(data, offsets, 0 if gated else EVERY)
        windows = (breaks[:, 0] > 0) & (breaks[:, 0] == breaks[:, 1]) & ("line-ends" in self.methods)
        found[:, 4] &= self.wanted | EVERY
        lines = CutLines(documents["doc"], data, found, windows)
        for repair, asked in self.repairs:
            lines.apply(repair.find_edits(lines, asked, self.gate), self.gate)
        changes = lines.list_changes()
        fixed = {row: lines.texts[row] for row in changes}
        spared = self._spare_code(documents, lines, changes, fixed)
        whole = find_in_documents(documents, pl.Series(windows), self.methods)
        acting = pl.concat([whole, lines.describe_changes(changes), lines.describe_flags()])
        return rejoin(documents["text"], data, offsets, lines, fixed, windows), pl.concat(
            [acting.with_columns(only_flags=pl.lit(value=False)), spared.with_columns(only_flags=pl.lit(value=True))]
        )

    def _spare_code(
        self, documents: pl.DataFrame, lines: CutLines, changes: Edits, fixed: dict[int, str]
    ) -> pl.DataFrame:
        """Take the repairs of lines of code away, and give them as places that are flagged.

        Reads `doc` and, where there is one, `code_lines`.
        """
        if code.COLUMN not in documents.columns or not changes:
            return pl.DataFrame(schema=PLACES)
        marked = documents.select("doc", code.COLUMN).filter(pl.col(code.COLUMN).list.len() > 0)
        places = set(marked.explode(code.COLUMN).iter_rows())
        spared: Edits = {}
        for row in [row for row in changes if (lines.docs[row], lines.numbers[row]) in places]:
            spared[row] = [edit for edit in changes[row] if edit.rule not in self.acts_in_code]
            changes[row] = [edit for edit in changes[row] if edit.rule in self.acts_in_code]
            fixed[row] = overwrite(lines.as_read[row], changes[row])
        return lines.describe_changes(spared)


def repair_text(documents: pl.LazyFrame, repairer: Repairer) -> pl.LazyFrame:
    """Repair broken text.

    Reads: `text`, and `charset` str, `uncertain` bool, `mended` str (why a row had to be mended) and `code_lines` list[u32] where there are
    such; in lines of code what would be fixed is flagged. Adds: `repaired` str, the text after the fixes, with
    the same lines; `encoding_hits` list[HIT], one for each stretch that was changed or flagged.
    """
    return segments.as_stage(documents, repairer.repair, {"repaired": pl.String(), COLUMN: HITS})
