"""From broken text to whole text, line by line.

`repair_text` looks for mojibake, entities, control and invisible characters. One pass of a kernel over the bytes of all
documents (`damage.py`) finds the few lines that any repair may concern; only these meet Python. Which repairs are on, and
with which parameters, stands in `rules/encoding/`.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import NamedTuple

import ftfy
import ftfy.fixes
import numpy as np
import polars as pl
from ftfy.badness import BADNESS_RE
from ftfy.chardata import HTML_ENTITY_RE
from numpy.typing import NDArray

from cleanse import code, kernels, segments
from cleanse.encoding import badness, damage, mojibake, plausibility
from cleanse.encoding.changes import compare
from cleanse.encoding.charset import BYTE_ORDER_MARK, CHARSET, ROW, UNCERTAIN, UTF8
from cleanse.encoding.damage import LONGEST_SEGMENT
from cleanse.encoding.entities import overwrite, unescape
from cleanse.encoding.mojibake import Limits, Verdict
from cleanse.encoding.weighing import UNCERTAINTY, Weights
from cleanse.hits import HITS, acts, attach_hits, make_hits
from cleanse.matching import find_places
from cleanse.memory import uncollected
from cleanse.rules import Rule, Rules
from cleanse.segments import Piece

FAMILY = "encoding"
COLUMN = "encoding_hits"
LINE_ENDS = "encoding/line-ends"

FTFY_REASONS = damage.ENTITY | damage.CONTROL | damage.BADNESS  # for which ftfy is asked
# The fixers of ftfy in its order, and without what each changes nothing.
PRECONDITIONS: dict[str, Callable[[str], object]] = {
    "unescape_html": HTML_ENTITY_RE.search,
    "fix_encoding": badness.is_text_bad,
    "fix_c1_controls": re.compile("[\x80-\x9f]").search,
    "remove_terminal_escapes": re.compile(r"\x1b\[").search,
    "remove_control_chars": re.compile(f"[{damage.CONTROLS}]").search,
}
# The fixers of ftfy that a repair method of a rule stands for.
FIXERS = {
    "entities": ("unescape_html",),
    "mojibake": (
        "fix_encoding",
        "restore_byte_a0",
        "replace_lossy_sequences",
        "decode_inconsistent_utf8",
        "fix_c1_controls",
    ),
    "terminal-escapes": ("remove_terminal_escapes",),
    "control-characters": ("remove_control_chars",),
}
METHOD_OF_FIXER = {fixer: method for method, fixers in FIXERS.items() for fixer in fixers}
FTFY_READERS = ("latin-1", "sloppy-windows-1252", "sloppy-windows-1251", "mac-roman")
CODE_PAGE, SUSPECT, BIDI, PRIVATE_USE = "code-page", "suspect", "bidi", "private-use"
# The planes 15 and 16 stand for themselves: the gate knows no more of them than that they are above the others.
PRIVATE = re.compile("[\ue000-\uf8ff\U000f0000-\U0010fffd]+")
BEYOND = re.compile("[\U000f0000-\U0010fffd]")
# Bidirectional controls (UAX #9): what opens an embedding or an isolate, and what closes it; overrides open too.
EMBEDDINGS, OVERRIDES, POP = "\u202a\u202b", "\u202d\u202e", "\u202c"
ISOLATES, POP_ISOLATE = "\u2066\u2067\u2068", "\u2069"
BIDI_MARKS = "\u200e\u200f\u061c"
BIDI_CONTROLS = f"{EMBEDDINGS}{OVERRIDES}{POP}{ISOLATES}{POP_ISOLATE}{BIDI_MARKS}"
# What a hit holds before its rule gives it an action.
PLACES = {**segments.PLACE_SCHEMA, "replacement": pl.String}
# IPA extensions and modifier letters, beside no letter, and beside one.
PHONETIC_ALONE = re.compile(r"(?<![^\W\d_])[\u0250-\u02ff](?![^\W\d_])")
PHONETIC_IN_WORD = re.compile(r"[\u0250-\u02ff][^\W\d_]|[^\W\d_][\u0250-\u02ff]")
LINE_BREAKS = "\r\x0b\x85\u2028\u2029"


def _mend_breaks(line: str) -> str:
    """Put a space where a line breaks in a way of its own; a fix never adds a line."""
    return re.sub(f"[{LINE_BREAKS}]+", " ", line)


def _normalise(line: str) -> str:
    return unicodedata.normalize("NFC", line)


# Repairs that change how text looks, each off by default: what it does to a line.
OPTIONAL: dict[str, Callable[[str], str]] = {
    "line-breaks": _mend_breaks,
    "ligatures": ftfy.fixes.fix_latin_ligatures,
    "nfc": _normalise,
    "quotes": ftfy.fixes.uncurl_quotes,
    "width": ftfy.fixes.fix_character_width,
}
METHODS = frozenset(
    {
        *FIXERS,
        *OPTIONAL,
        "byte-order-mark",
        "charset",
        "uncertain",
        "row",
        "line-ends",
        CODE_PAGE,
        SUSPECT,
        BIDI,
        PRIVATE_USE,
    }
)
# Methods that only flag; all others change text.
FLAGGING = frozenset({"uncertain", "row", SUSPECT, PRIVATE_USE})
# Parameters of the gate of code pages, in the order in which `damage.find_lines` takes them.
SUSPICION = ("suspicion", "suspicion_short", "suspicion_second", "against")
# Parameters that a method cannot do without.
PARAMETERS = {
    "charset": Weights.needed() - UNCERTAINTY,
    "uncertain": UNCERTAINTY,
    CODE_PAGE: {*SUSPICION, *Limits.__dataclass_fields__},
}


STRETCH = 256  # characters that an optional repair is tried on together


@functools.cache
def optional_characters(method: str) -> frozenset[str]:
    """Give the characters without which an optional repair changes nothing."""
    change = OPTIONAL[method]
    characters = [chr(code) for code in range(0x80, 0x30000) if not 0xD800 <= code < 0xE000]
    # A stretch that stays as it is holds no such character, and nearly all stretches do.
    stretches = [characters[first : first + STRETCH] for first in range(0, len(characters), STRETCH)]
    touched = [stretch for stretch in stretches if change(text := "".join(stretch)) != text]
    changed = [c for stretch in touched for c in stretch if change(c) != c]
    if method != "nfc":
        return frozenset(changed + (["\r", "\x0b"] if method == "line-breaks" else []))
    seconds = {
        unicodedata.decomposition(c).split()[-1]
        for c in characters
        if unicodedata.decomposition(c)[:1] not in ("", "<")
    }
    composing = {chr(int(code, 16)) for code in seconds} | {
        chr(code) for code in (*range(0x1161, 0x1176), *range(0x11A8, 0x11C3))
    }
    return frozenset([*changed, *(c for c in characters if c in composing or unicodedata.combining(c))])


@functools.cache
def badness_alphabet() -> str:
    """Give the characters outside ASCII that take part in ftfy's pattern of badness."""
    classes = "|".join(re.findall(r"\[[^\]^][^\]]*\]", BADNESS_RE.pattern))
    loose = "".join(character for character in BADNESS_RE.pattern if character > "\x7f")
    found = re.compile(f"{classes}|[{re.escape(loose)}]")
    return "".join(chr(code) for code in range(0x80, 0x10000) if found.match(chr(code)))


_BIDI = re.compile(f"[{BIDI_CONTROLS}]")
_CONTROL = re.compile("[\x80-\x9f]")
_CAPITAL_INSIDE = re.compile("[a-zß-öø-ÿ][ŠŒŽŸ]")
_CONTROL_LETTERS = tuple(filter(str.isalpha, bytes(range(0x80, 0xA0)).decode("cp1252", "ignore")))


class Lines(NamedTuple):
    """The lines that the gate let through, each list with an entry a line.

    `places`: number of its text in the frame; `docs`: number of its document; `numbers`: its own in the text; `texts`; `reasons`, as
    bits; `starts` and `stops`: its bytes, without the break.
    """

    places: list[int]
    docs: list[int]
    numbers: list[int]
    texts: list[str]
    reasons: list[int]
    starts: list[int]
    stops: list[int]


class _Work:
    """Lines that are being repaired: `texts` as they are now, and `pieces` that lead there, by the number of each changed line."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.texts = lines.copy()
        self.pieces: dict[int, list[Piece]] = {}
        self._shifts: dict[int, segments.Shifts] = {}

    def change(self, row: int, edits: list[Piece]) -> None:
        """Make edits, given as places in the line as it is now."""
        if edits:
            line = self.lines[row]
            self.pieces[row] = segments.rewrite(self.pieces.get(row) or segments.cut_line(len(line), []), edits)
            self.texts[row] = segments.join_pieces(line, self.pieces[row])
            self._shifts.pop(row, None)

    def _shift(self, row: int) -> segments.Shifts:
        if row not in self._shifts:
            self._shifts[row] = segments.Shifts(self.pieces[row])
        return self._shifts[row]

    def place(self, row: int, start: int, end: int) -> tuple[int, int]:
        """Give where a place in the line as it is now was in the line as read, widened to what was changed."""
        return self._shift(row).unshift(start, end) if row in self.pieces else (start, end)

    def widen(self, row: int, start: int, end: int) -> tuple[int, int]:
        """Widen a place in the line as read to the changes that it cuts."""
        return self._shift(row).widen(start, end) if row in self.pieces else (start, end)

    def edits(self) -> dict[int, list[Piece]]:
        """Give the pieces of each line that say something else than what was read."""
        return {
            row: [
                piece
                for piece in own
                if piece.replacement is not None and piece.replacement != self.lines[row][piece.start : piece.end]
            ]
            for row, own in self.pieces.items()
        }


class Repairer:
    """The repairs that a set of rules asks for."""

    def __init__(self, rules: Rules, every: Rules | None = None) -> None:
        """Take the rules of the encoding family; `every` also knows the rules that were not selected.

        Rules in draft are tried on a copy of the text, together with the others; of what comes out only their hits are noted.
        """
        selected = rules.family(FAMILY)
        # Bytes are decoded whether anybody selects the rule that says so or not.
        decoding = [rule for rule in every or () if rule.id == CHARSET]
        self.rules = Rules([*decoding, *selected])
        self.drafts = [rule.id for rule in self.rules if not acts(rule)]
        self.trial = Repairer(self.rules.as_stable()) if self.drafts else None
        family = Rules(rule for rule in selected if acts(rule))
        self.methods = {rule.head.method: rule for rule in family if rule.head.method}
        self.patterned = [rule for rule in family if rule.variants[0].patterns]
        active = {fixer for method, fixers in FIXERS.items() if method in self.methods for fixer in fixers}
        everything = {fixer: fixer in active for fixer in METHOD_OF_FIXER}
        self.config = ftfy.TextFixerConfig(
            unescape_html="auto" if everything.pop("unescape_html") else False,
            **everything,
            fix_latin_ligatures=False,
            fix_character_width=False,
            uncurl_quotes=False,
            fix_line_breaks=False,
            fix_surrogates=False,
            normalization=None,
        )
        self.active = bool(active)
        self.acts_in_code = code.Recogniser.of(rules).acts
        self.code_page = self.methods[CODE_PAGE].id if CODE_PAGE in self.methods else ""
        self.limits, self.suspicion = self._read_limits()
        self.wanted = self._wanted(active)

    def _read_limits(self) -> tuple[Limits | None, tuple[float, ...]]:
        rule = self.methods.get(CODE_PAGE)
        if rule is None:
            return None, (0.0,) * len(SUSPICION)
        numbers = {name: float(str(value)) for name, value in rule.head.parameters.items()}
        suspicion = tuple(numbers[name] for name in SUSPICION)
        return Limits(**{name: numbers[name] for name in Limits.__dataclass_fields__}), suspicion

    def _wanted(self, active: set[str]) -> int:
        """Give the reasons to look at a line that any of the rules has."""
        reasons = damage.LITERAL if self._characters() else 0
        reasons |= damage.ENTITY if "unescape_html" in active else 0
        reasons |= damage.CONTROL if active or "byte-order-mark" in self.methods else 0
        reasons |= damage.BADNESS if "fix_encoding" in active else 0
        reasons |= damage.RETURN if "line-ends" in self.methods else 0
        return reasons | (damage.UNUSUAL | damage.PAIRED if self.limits else 0)

    def _characters(self) -> frozenset[str]:
        """Give the characters that rules with patterns, and the optional repairs, look for."""
        literals = {literal[0] for rule in self.patterned for literal in rule.variants[0].literals}
        optional = {
            character for method in OPTIONAL if method in self.methods for character in optional_characters(method)
        }
        bidi = set(BIDI_CONTROLS) if BIDI in self.methods else set()
        private = {*map(chr, range(0xE000, 0xF900)), "\U000f0000"} if PRIVATE_USE in self.methods else set()
        return frozenset(literals | optional | bidi | private)

    @functools.cached_property
    def _gate(self) -> damage.Gate:
        second, allowed = mojibake.second_readings()
        return damage.make_gate(
            sorted(self._characters()),
            badness_alphabet(),
            second,
            allowed,
            plausibility.TYPOGRAPHIC,
            plausibility.load_figures().tables.costs,
        )

    def repair(self, documents: pl.DataFrame, *, gated: bool = True) -> pl.DataFrame:
        """Add `repaired` str and `encoding_hits` list[HIT] to a frame with `doc`, `text` and perhaps `charset`, `uncertain`, `mended`.

        Without the gate every line is looked at, which is slow and gives the same.
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
        """Give the repaired texts, and a frame of PLACES: what was found in them."""
        data, offsets = kernels.buffers(documents["text"].fill_null(""))
        reasons, breaks = self._find_lines(data, offsets, 0 if gated else damage.EVERY)
        crlf = (breaks[:, 0] > 0) & (breaks[:, 0] == breaks[:, 1]) & ("line-ends" in self.methods)
        lines = self._cut_lines(documents["doc"], data, reasons, crlf)
        edits, fixed, flags = self._repair_lines(lines)
        spared = self._spare_code(documents, lines, edits, fixed)
        whole = self._list_documents(documents.filter(pl.Series(crlf)), documents)
        found = pl.concat([whole, self._list_edits(lines, edits), flags]).with_columns(only_flags=pl.lit(value=False))
        found = pl.concat([found, spared.with_columns(only_flags=pl.lit(value=True))])
        return _rejoin(documents["text"], data, offsets, lines, fixed, crlf), found

    def _find_lines(
        self, data: kernels.Bytes, offsets: kernels.Offsets, always: int = 0
    ) -> tuple[kernels.Offsets, kernels.U32]:
        tables = plausibility.load_figures().tables
        return damage.find_lines(data, offsets, self._gate, tables, always, *self.suspicion)

    def _cut_lines(
        self, docs: pl.Series, data: kernels.Bytes, found: kernels.Offsets, crlf: NDArray[np.bool_]
    ) -> Lines:
        """Take the lines that the gate let through, the returns of Windows line ends left out."""
        reasons = found[:, 4] & (self.wanted | damage.EVERY)
        windows = crlf[found[:, 0]]
        ends = windows & (found[:, 4] & damage.RETURN > 0)
        reasons = np.where(windows, reasons & ~damage.RETURN, reasons)
        chosen = np.flatnonzero(reasons > 0)
        places, starts, stops = found[chosen, 0], found[chosen, 2].tolist(), (found[:, 3] - ends)[chosen].tolist()
        view = memoryview(data.data)
        return Lines(
            places.tolist(),
            docs.gather(places).to_list(),
            found[chosen, 1].tolist(),
            [str(view[start:stop], UTF8) for start, stop in zip(starts, stops, strict=True)],
            reasons[chosen].tolist(),
            starts,
            stops,
        )

    def _repair_lines(self, lines: Lines) -> tuple[dict[int, list[Piece]], dict[int, str], pl.DataFrame]:
        """Repair the few lines that the gates let through.

        Gives the edits of each line that changed and what it became, by the number of the line in `lines`; and what is flagged.
        """
        plain = self._unescape_lines(lines)
        work = _Work(lines.texts)
        self._prepare_lines(lines, work)
        by_ftfy = self._ask_ftfy(lines, work, plain)
        flags: list[tuple[int, str, int, int]] = []
        verdicts = self._judge_lines(lines, work.texts, by_ftfy)
        for row in sorted({*by_ftfy, *verdicts}):
            text = work.texts[row]
            own = self._steps(text) if plain.pop(row, None) else by_ftfy.get(row, [])
            steps, suspect = self._choose_steps(text, own, verdicts.get(row))
            if suspect:
                flags.append((row, self.methods[SUSPECT].id, *work.place(row, 0, len(text))))
            for rule_id, after in steps:
                work.change(row, self._find_edits(work.texts[row], after, rule_id))
        self._take_characters(lines, plain, work, flags)
        edits, fixed = work.edits(), {row: work.texts[row] for row in work.pieces}
        for row, changes in plain.items():
            edits[row], fixed[row] = changes, overwrite(lines.texts[row], changes)
        return edits, fixed, self._list_flags(lines, work, flags)

    def _find_edits(self, before: str, after: str, rule_id: str) -> list[Piece]:
        """Give the edits of a step. Those of entities are known, and each covers its whole entity."""
        if "entities" in self.methods and rule_id == self.methods["entities"].id:
            edits = unescape(before, rule_id)
            if overwrite(before, edits) == after:
                return edits
        return compare(before, after, rule_id, by_words=rule_id == self.code_page)

    def _ask_ftfy(self, lines: Lines, work: _Work, plain: dict[int, list[Piece]]) -> dict[int, list[tuple[str, str]]]:
        """Give what ftfy makes of the lines that concern it, where it makes anything of them."""
        known: dict[str, list[tuple[str, str]]] = {}
        found = {}
        for row, why in enumerate(lines.reasons):
            if why & (FTFY_REASONS | damage.EVERY) and row not in plain:
                text = work.texts[row]
                if text not in known:
                    known[text] = self._steps(text)
                if known[text]:
                    found[row] = known[text]
        return found

    @functools.cached_property
    def _special(self) -> frozenset[str]:
        return self._characters()

    def _holds_special(self, text: str) -> bool:
        # A set says so faster than a pattern of this many characters.
        return not self._special.isdisjoint(text) or (not text.isascii() and BEYOND.search(text) is not None)

    def _take_characters(
        self, lines: Lines, plain: dict[int, list[Piece]], work: _Work, flags: list[tuple[int, str, int, int]]
    ) -> None:
        """Take out, change or flag single characters in the lines that hold such; what is done to a line leaves `plain`."""
        if not self._special:
            return
        # A repair may bring characters to light that were not there to be seen.
        lit = {
            text: self._holds_special(text)
            for text in {edit.replacement or "" for own in (*plain.values(), *work.pieces.values()) for edit in own}
        }
        rows = {
            row
            for edited in (plain, work.pieces)
            for row, own in edited.items()
            if any(lit[edit.replacement or ""] for edit in own)
        }
        rows |= {row for row, why in enumerate(lines.reasons) if why & (damage.LITERAL | damage.EVERY)}
        for row in rows & plain.keys():
            work.change(row, plain.pop(row))
        ordered = sorted(rows)
        suspects = {row for row, *_ in flags}
        firsts = [{literal[0] for literal in rule.variants[0].literals} for rule in self.patterned]
        first = frozenset[str]().union(*firsts)
        held = {row: first.intersection(work.texts[row]) for row in ordered}
        for rule, own in zip(self.patterned, firsts, strict=True):
            # What stood for a byte once may be a letter, in a line that stays because it is suspect.
            lettered = rule.action == "fix" and max(own) < "\u0100"
            found = [row for row in ordered if not own.isdisjoint(held[row]) and not (lettered and row in suspects)]
            for row in self._match_rule(rule, found, work, flags):
                held[row] = first.intersection(work.texts[row])
        if PRIVATE_USE in self.methods:
            rule_id = self.methods[PRIVATE_USE].id
            flags += [
                (row, rule_id, *work.place(row, *place.span()))
                for row in ordered
                for place in PRIVATE.finditer(work.texts[row])
            ]
        for method in (BIDI, *OPTIONAL):
            if method in self.methods:
                for row in ordered:
                    work.change(row, _change_line(work.texts[row], method, self.methods[method].id))

    def _judge_lines(
        self, lines: Lines, current: list[str], by_ftfy: dict[int, list[tuple[str, str]]]
    ) -> dict[int, Verdict]:
        """Say what the lines were that look unusual, and those that look so after ftfy."""
        if self.limits is None:
            return {}
        unusual = damage.UNUSUAL | damage.PAIRED
        asked = {row for row, why in enumerate(lines.reasons) if why & unusual}
        mended = [row for row, steps in by_ftfy.items() if self._mends(steps)]
        prices = mojibake.price_lines([by_ftfy[row][-1][1] for row in mended])
        dear = prices[:, 1] > self.limits.mended * plausibility.STEPS * prices[:, 2]
        asked |= {
            row
            for row, doubtful in zip(mended, dear.tolist(), strict=True)
            if doubtful or _is_lettered(current[row], by_ftfy[row][-1][1])
        }
        rows = sorted(asked)
        verdicts = mojibake.judge_lines([current[row] for row in rows], self.limits)
        verdicts = mojibake.follow_neighbours(verdicts, [lines.docs[row] for row in rows], self.limits)
        return {row: verdict for row, verdict in zip(rows, verdicts, strict=True) if verdict.readings}

    def _mends(self, steps: list[tuple[str, str]]) -> bool:
        rule = self.methods.get("mojibake")
        return rule is not None and any(name == rule.id for name, _ in steps)

    def _choose_steps(
        self, line: str, steps: list[tuple[str, str]], verdict: Verdict | None
    ) -> tuple[list[tuple[str, str]], bool]:
        """Give the steps by which a line is mended: the rule and the text after it; and whether it stays suspect."""
        mended = self._mends(steps)
        shouted = mended and (_is_shouted(line, steps[-1][1]) or _is_phonetic(line, steps[-1][1]))
        if verdict is None or (mended and not self._is_worse(line, steps[-1][1], verdict)):
            return ([], SUSPECT in self.methods) if shouted else (steps, False)
        # UTF-8 that one of ftfy's code pages was read for is ftfy's to mend, if it does.
        pages = verdict.readings[0].pages
        ours = pages[-1] != UTF8 or pages[0] not in FTFY_READERS or ("mojibake" in self.methods and not mended)
        if verdict.text is not None and ours:
            return [(self.code_page, verdict.text), *self._steps(verdict.text)], False
        suspect = verdict.suspect or verdict.text is not None or mended
        return ([] if mended and suspect else steps), suspect and SUSPECT in self.methods

    def _is_worse(self, line: str, fixed: str, verdict: Verdict) -> bool:
        """Say whether what ftfy made of a line costs more than another reading of it, which is no UTF-8."""
        best = verdict.readings[0]
        if all(page == UTF8 for page in best.pages[1::2]):
            return False
        if self.limits is None or mojibake.gains_more(line, fixed, verdict, self.limits):
            return True
        lead = self.limits.lead
        before, after = mojibake.price_lines([line, fixed])[:, 0] / plausibility.STEPS
        if verdict.text is not None:
            return bool(after > best.price + lead / 2)
        if _is_lettered(line, fixed):
            # A control character that one code page has a letter for, and another page another letter.
            other = next((reading for reading in verdict.readings if reading.latin and reading.text != fixed), None)
            in_language = mojibake.price_texts([fixed])[0, 0] / plausibility.STEPS
            if other is not None and in_language > other.price - lead:
                return True
            if verdict.suspect and in_language > best.price + lead:
                return True
        return verdict.suspect and bool(after > best.price + lead and 3 * (before - after) < 2 * best.gain)

    def _match_rule(
        self, rule: Rule, rows: list[int], work: _Work, flags: list[tuple[int, str, int, int]]
    ) -> Iterator[int]:
        """Find what a rule with patterns looks for, and take it out or flag it; give the lines that change."""
        literals = rule.variants[0].literals
        rows = [row for row in rows if any(literal in work.texts[row] for literal in literals)]
        if not rows:
            return
        places = find_places([work.texts[row] for row in rows], rule.variants[0].patterns)
        for row, own in zip(rows, places, strict=True):
            merged = segments.merge_spans(own)
            if rule.action == "flag":
                flags += [(row, rule.id, *work.place(row, start, end)) for start, end in merged]
            elif merged:
                work.change(row, [Piece(start, end, rule.head.replacement or "", rule.id) for start, end in merged])
                yield row

    def _unescape_lines(self, lines: Lines) -> dict[int, list[Piece]]:
        """Give the edits of lines in which entities are all that ftfy would change: no other gate is open, before or after."""
        rule = self.methods.get("entities")
        if rule is None:
            return {}
        edits: dict[int, list[Piece]] = {}
        known: dict[str, list[Piece]] = {}
        for row, (line, why) in enumerate(zip(lines.texts, lines.reasons, strict=True)):
            if why & FTFY_REASONS == damage.ENTITY and "<" not in line and "\r" not in line:
                if line not in known:
                    known[line] = unescape(line, rule.id)
                edits[row] = known[line]
        after = {line: overwrite(line, own) for line, own in known.items()}
        found, _ = self._find_lines(*kernels.buffers(pl.Series(after.values(), dtype=pl.String)))
        again = set(found[found[:, 4] & self.wanted & FTFY_REASONS > 0, 0].tolist())
        tame = {
            line
            for number, (line, text) in enumerate(after.items())
            if number not in again and "\n" not in text and "\r" not in text
        }
        return {row: own for row, own in edits.items() if lines.texts[row] in tame and own}

    def _prepare_lines(self, lines: Lines, work: _Work) -> None:
        """Take line ends and byte-order marks away."""
        for row, why in enumerate(lines.reasons):
            if not why & (damage.RETURN | damage.CONTROL | damage.EVERY):
                continue
            line = lines.texts[row]
            for method, applies, place in (
                ("line-ends", why & damage.RETURN, (len(line) - 1, len(line))),
                ("byte-order-mark", lines.numbers[row] == 0 and line.startswith(BYTE_ORDER_MARK), (0, 1)),
            ):
                rule = self.methods.get(method)
                if applies and rule:
                    work.change(row, [Piece(*place, "", rule.id)])

    def _steps(self, line: str) -> list[tuple[str, str]]:
        """Give what ftfy makes of a line, step by step: the rule that names the step, and the text after it."""
        if not self.active or not line:
            return []
        if len(line) > LONGEST_SEGMENT:
            parts = [line[start : start + LONGEST_SEGMENT] for start in range(0, len(line), LONGEST_SEGMENT)]
            fixed = "".join(steps[-1][1] if (steps := self._steps(part)) else part for part in parts)
            return [(self._name_of_repair(), fixed)] if fixed != line else []
        steps = self._run_ftfy(line, unescapes=True)
        if any(mark in text and mark not in line for _, text in steps[-1:] for mark in "\n\r"):
            # An entity may stand for a line break, and a fix never adds one.
            steps = self._run_ftfy(line, unescapes=False)
        return steps if any(text != line for _, text in steps[-1:]) else []

    def _run_ftfy(self, line: str, *, unescapes: bool) -> list[tuple[str, str]]:
        """Run what `ftfy.fix_and_explain` runs, in its order and as often, but each fixer only where it has something to do."""
        steps: list[tuple[str, str]] = []
        fixers = [
            name
            for name in PRECONDITIONS
            if getattr(self.config, name) and (name != "unescape_html" or (unescapes and "<" not in line))
        ]
        text, before = line, ""
        while text != before:
            before = text
            for name in fixers:
                if not PRECONDITIONS[name](text):
                    continue
                rule = self.methods[METHOD_OF_FIXER[name]].id
                if name == "fix_encoding":
                    fixed, plan = ftfy.fix_encoding_and_explain(text, self.config)
                    steps += [(rule, after) for after in _follow_plan(text, plan or [])]
                else:
                    # All layers of escaping at once, where ftfy would come back for each of them.
                    every = name == "unescape_html"
                    fixed = overwrite(text, unescape(text, rule)) if every else ftfy.FIXERS[name](text)
                    steps += [(rule, fixed)] if fixed != text else []
                text = fixed
        return steps

    def _name_of_repair(self) -> str:
        """Give the rule to name where the steps of a repair are not known: the first of those that are on."""
        return next(self.methods[method].id for method in ("mojibake", *FIXERS) if method in self.methods)

    def _list_documents(self, windows: pl.DataFrame, documents: pl.DataFrame) -> pl.DataFrame:
        """Give what was found in whole documents, of which `windows` end their lines with a return."""
        frames = [pl.DataFrame(schema=PLACES)]
        if "line-ends" in self.methods:
            frames.append(_whole_documents(windows, LINE_ENDS, pl.lit("\r\n"), pl.lit("\n")))
        if "charset" in documents.columns:
            foreign = documents.filter(pl.col("charset").is_not_null())
            frames.append(_whole_documents(foreign, CHARSET, pl.col("charset"), pl.lit(UTF8)))
        if "uncertain" in documents.columns and "uncertain" in self.methods:
            doubtful = documents.filter("uncertain")
            frames.append(_whole_documents(doubtful, UNCERTAIN, pl.col("charset"), pl.lit(None)))
        if "mended" in documents.columns and "row" in self.methods:
            mended = documents.filter(pl.col("mended").is_not_null())
            frames.append(_whole_documents(mended, ROW, pl.col("mended"), pl.lit(None)))
        return pl.concat(frames)

    def _spare_code(
        self, documents: pl.DataFrame, lines: Lines, edits: dict[int, list[Piece]], fixed: dict[int, str]
    ) -> pl.DataFrame:
        """Take the repairs of lines that are code out of `edits` and `fixed`, and give them as places where they only flag.

        Reads `doc` and, where there is one, `code_lines`.
        """
        nothing = pl.DataFrame(schema=PLACES)
        if code.COLUMN not in documents.columns or not edits:
            return nothing
        marked = documents.select("doc", code.COLUMN).filter(pl.col(code.COLUMN).list.len() > 0)
        places = set(marked.explode(code.COLUMN).iter_rows())
        spared: dict[int, list[Piece]] = {}
        for row in [row for row in edits if (lines.docs[row], lines.numbers[row]) in places]:
            spared[row] = [edit for edit in edits[row] if edit.rule not in self.acts_in_code]
            edits[row] = [edit for edit in edits[row] if edit.rule in self.acts_in_code]
            fixed[row] = overwrite(lines.texts[row], edits[row])
        return self._list_edits(lines, spared) if any(spared.values()) else nothing

    def _list_flags(self, lines: Lines, work: _Work, flags: list[tuple[int, str, int, int]]) -> pl.DataFrame:
        """Give what was flagged, at places in the text as read."""
        rows = []
        for row, rule, start, end in sorted(flags):
            place = work.widen(row, start, end)
            text = lines.texts[row][slice(*place)]
            rows.append((lines.docs[row], rule, lines.numbers[row], *place, text, None))
        return pl.DataFrame(rows, schema=PLACES, orient="row")

    @staticmethod
    def _list_edits(lines: Lines, edits: dict[int, list[Piece]]) -> pl.DataFrame:
        rows = [
            (
                lines.docs[row],
                edit.rule,
                lines.numbers[row],
                edit.start,
                edit.end,
                lines.texts[row][edit.start : edit.end],
                edit.replacement,
            )
            for row, own in edits.items()
            for edit in own
        ]
        columns = list(zip(*rows, strict=True)) or [()] * 7
        return pl.DataFrame(dict(zip(PLACES, columns, strict=True)), schema=PLACES)


def _rejoin(
    texts: pl.Series,
    data: kernels.Bytes,
    offsets: kernels.Offsets,
    lines: Lines,
    fixed: dict[int, str],
    crlf: NDArray[np.bool_],
) -> pl.Series:
    """Give the texts with the lines in `fixed` put in, and without the returns of Windows line ends."""
    view = memoryview(data.data)
    changed: dict[int, list[int]] = {place: [] for place in np.flatnonzero(crlf).tolist()}
    for row in sorted(fixed):
        changed.setdefault(lines.places[row], []).append(row)
    index = np.arange(len(texts), dtype=np.uint32)
    index[list(changed)] = len(texts) + np.arange(len(changed), dtype=np.uint32)
    mended: list[bytes] = []
    for place, rows in changed.items():
        parts: list[bytes | memoryview] = []
        at = int(offsets[place])
        for row in rows:
            parts += [view[at : lines.starts[row]], fixed[row].encode()]
            at = lines.stops[row]
        parts.append(view[at : offsets[place + 1]])
        if crlf[place]:
            parts[::2] = [bytes(part).replace(b"\r\n", b"\n") for part in parts[::2]]
        mended.append(b"".join(parts))
    ends = np.cumsum([0, *map(len, mended)], dtype=np.int64)
    return pl.concat([texts, kernels.as_texts(np.frombuffer(b"".join(mended), dtype=np.uint8), ends)]).gather(index)


def _whole_documents(documents: pl.DataFrame, rule: str, text: pl.Expr, replacement: pl.Expr) -> pl.DataFrame:
    """Give a row for each document as a whole."""
    null = pl.lit(None, pl.UInt32)
    place = {"line": null, "start": null, "end": null, "text": text, "replacement": replacement}
    found = documents.select("doc", rule=pl.lit(rule), **place)
    return found.select(pl.col(name).cast(dtype) for name, dtype in PLACES.items())


def _change_line(line: str, method: str, rule: str) -> list[Piece]:
    """Give the edits of a repair that is a function of the line."""
    if method != BIDI:
        return compare(line, OPTIONAL[method](line), rule)
    if not _BIDI.search(line):
        return []
    return [Piece(start, start + 1, "", rule) for start in unbalanced(line)]


def _follow_plan(text: str, plan: list[ftfy.ExplanationStep]) -> Iterator[str]:
    """Give each text on the way of an explanation of ftfy; what it does to bytes lies between two of them."""
    current: str | bytes = text
    for step in plan:
        current = ftfy.apply_plan(current, [step])  # type: ignore[arg-type]
        if isinstance(current, str):
            yield current


def _is_lettered(line: str, fixed: str) -> bool:
    """Say whether ftfy made letters of control characters, as if only Windows-1252 had any in their place."""
    return bool(_CONTROL.search(line)) and any(letter in fixed and letter not in line for letter in _CONTROL_LETTERS)


def _is_shouted(line: str, fixed: str) -> bool:
    """Say whether ftfy put a capital behind a small letter for a control character: it was a letter of a page that it does not know."""
    return bool(_CONTROL.search(line) and _CAPITAL_INSIDE.search(fixed) and not _CAPITAL_INSIDE.search(line))


def _is_phonetic(line: str, fixed: str) -> bool:
    """Say whether all letters that ftfy made are phonetic signs that stand alone: two bytes of GBK look like these in UTF-8 too."""
    made = [letter for letter in fixed if letter not in line and letter.isalpha()]
    return bool(made) and set(made) <= set(PHONETIC_ALONE.findall(fixed)) and not PHONETIC_IN_WORD.search(fixed)


def unbalanced(line: str) -> list[int]:
    """Give the places of bidirectional controls that hide text or have no partner in their line.

    Overrides go, and what closes them; embeddings and isolates go where they are not closed or not opened. Marks go where no
    letter is written from right to left.

    >>> unbalanced("a\u202eb\u202cc"), unbalanced("\u2067\u05d0\u2069"), unbalanced("\u200eabc\u202c")
    ([1, 3], [], [0, 4])
    """
    gone: list[int] = []
    embeddings: list[tuple[int, bool]] = []
    isolates: list[tuple[int, int]] = []  # an isolate hides the embeddings that were open before it
    right_to_left = any(unicodedata.bidirectional(character) in ("R", "AL", "AN") for character in line)
    for place, character in enumerate(line):
        if character in BIDI_MARKS and not right_to_left:
            gone.append(place)
        elif character in OVERRIDES or character in EMBEDDINGS:
            embeddings.append((place, character in OVERRIDES))
        elif character in ISOLATES:
            isolates.append((place, len(embeddings)))
        elif character == POP:
            if len(embeddings) > (isolates[-1][1] if isolates else 0):
                opened, override = embeddings.pop()
                gone += [opened, place] if override else []
            else:
                gone.append(place)
        elif character == POP_ISOLATE:
            if isolates:
                _, depth = isolates.pop()
                gone += [opened for opened, _ in embeddings[depth:]]
                del embeddings[depth:]
            else:
                gone.append(place)
    gone += [opened for opened, _ in (*embeddings, *isolates)]
    return sorted(gone)


def repair_text(documents: pl.LazyFrame, repairer: Repairer) -> pl.LazyFrame:
    """Repair broken text.

    Reads: `text`, and `charset` str, `uncertain` bool, `mended` str (why a row had to be mended) and `code_lines` list[u32] where there are
    such; in lines of code what would be fixed is flagged. Adds: `repaired` str, the text after the fixes, with
    the same lines; `encoding_hits` list[HIT], one for each stretch that was changed or flagged.
    """
    return segments.as_stage(documents, repairer.repair, {"repaired": pl.String(), COLUMN: HITS})
