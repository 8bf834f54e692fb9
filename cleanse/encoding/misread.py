"""Text that was decoded by the wrong charset: what ftfy makes of a line, what other code pages make of it, and which is right.

ftfy mends UTF-8 that was read as something else, and it knows of nothing else. The readings by code pages (`judging.py`) also know text in
Windows-1251, GB 18030 and others. Where both have something to say, the one that is more usual wins; where that is not sure, the line
stays and is flagged.

>>> from cleanse.encoding.gate import Gate
>>> from cleanse.rules import load_rules
>>> rules = {method: load_rules()[f"encoding/{method}"] for method in ("mojibake", "code-page", "suspect")}
>>> gate = Gate(suspicion=Limits.of(rules["code-page"].head.parameters).suspicions)
>>> lines = Lines.of("FÃ¼r", "Ïàðîì íå ïðèø¸ë", "Szõlõ és gyümölcs", gate=gate)
>>> lines.apply(mend_misread(lines, rules), gate)
>>> lines.texts
['Für', 'Паром не пришёл', 'Szõlõ és gyümölcs']
>>> lines.flags
[(2, 'encoding/suspect', 0, 17)]
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from cleanse.encoding.by_ftfy import READERS as FTFY_READERS
from cleanse.encoding.by_ftfy import Fixer, Step
from cleanse.encoding.changes import compare, compose
from cleanse.encoding.codepages import UTF8
from cleanse.encoding.entities import FTFY_REASONS
from cleanse.encoding.gate import PAIRED, UNUSUAL
from cleanse.encoding.judging import Verdict, follow_neighbours, gains_more, judge_lines
from cleanse.encoding.limits import Limits
from cleanse.encoding.lines import Edits, Lines
from cleanse.encoding.pairs import STEPS
from cleanse.encoding.pricing import price_lines, price_texts
from cleanse.encoding.readings import are_hopeful
from cleanse.rules import Rule
from cleanse.segments import Piece

CONTROL_CHARACTER = re.compile("[\x80-\x9f]")
CAPITAL_INSIDE = re.compile("[a-zß-öø-ÿ][ŠŒŽŸ]")
# The letters that Windows-1252 has where Latin-1 has control characters.
CONTROL_LETTERS = tuple(filter(str.isalpha, bytes(range(0x80, 0xA0)).decode("cp1252", "ignore")))
# IPA extensions and modifier letters, beside no letter, and beside one.
PHONETIC_ALONE = re.compile(r"(?<![^\W\d_])[\u0250-\u02ff](?![^\W\d_])")
PHONETIC_IN_WORD = re.compile(r"[\u0250-\u02ff][^\W\d_]|[^\W\d_][\u0250-\u02ff]")


class _Case(NamedTuple):
    """What is known of a line."""

    line: str
    steps: list[Step]  # what ftfy makes of it
    verdict: Verdict | None  # what its readings by other code pages say, if they were asked

    @property
    def fixed(self) -> str:
        """Give what ftfy makes of the line."""
        return self.steps[-1].after if self.steps else self.line


def mend_misread(lines: Lines, rules: Mapping[str, Rule]) -> Edits:
    """Mend what was read wrongly, and flag what looks so and stays."""
    fixer = Fixer(rules)
    by_ftfy = _ask_ftfy(lines, fixer)
    limits = Limits.of(rules["code-page"].head.parameters) if "code-page" in rules else None
    verdicts = _judge(lines, by_ftfy, rules, limits) if limits else {}
    edits: Edits = {}
    for row in sorted({*by_ftfy, *verdicts}):
        case = _Case(lines.texts[row], by_ftfy.get(row, []), verdicts.get(row))
        steps, suspect = _choose_steps(case, fixer, rules, limits)
        edits[row] = compose(case.line, [step.edits for step in steps])
        if suspect and "suspect" in rules:
            edits[row].append(Piece(0, len(case.line), None, rules["suspect"].id))
    return edits


def _ask_ftfy(lines: Lines, fixer: Fixer) -> dict[int, list[Step]]:
    """Give what ftfy makes of the lines that concern it; equal lines are mended once."""
    known: dict[str, list[Step]] = {}
    for row in (rows := lines.rows(FTFY_REASONS)):
        if lines.texts[row] not in known:
            known[lines.texts[row]] = fixer.find_steps(lines.texts[row])
    return {row: known[lines.texts[row]] for row in rows if known[lines.texts[row]]}


def _judge(
    lines: Lines, by_ftfy: Mapping[int, list[Step]], rules: Mapping[str, Rule], limits: Limits
) -> dict[int, Verdict]:
    """Judge the lines that look unusual, unless ftfy makes them whole.

    Where ftfy made letters of control characters, the line is always judged.
    """
    asked = {row for row, why in enumerate(lines.reasons) if why & (UNUSUAL | PAIRED)}
    mended = [row for row, steps in by_ftfy.items() if _mends(steps, rules)]
    hopeful = are_hopeful([by_ftfy[row][-1].after for row in mended], limits)
    for row, doubtful in zip(mended, hopeful, strict=True):
        if _is_lettered(lines.texts[row], by_ftfy[row][-1].after):
            asked.add(row)
        elif not doubtful:
            asked.discard(row)
    rows = sorted(asked)
    verdicts = judge_lines([lines.texts[row] for row in rows], limits)
    verdicts = follow_neighbours(verdicts, [lines.docs[row] for row in rows], limits)
    return {row: verdict for row, verdict in zip(rows, verdicts, strict=True) if verdict.readings}


def _mends(steps: list[Step], rules: Mapping[str, Rule]) -> bool:
    """Say whether ftfy read a line by another charset."""
    return "mojibake" in rules and any(step.rule == rules["mojibake"].id for step in steps)


def _choose_steps(
    case: _Case, fixer: Fixer, rules: Mapping[str, Rule], limits: Limits | None
) -> tuple[list[Step], bool]:
    """Choose the steps by which a line is mended, and say whether it stays suspect."""
    line, steps, verdict = case
    mended = _mends(steps, rules)
    if verdict is None or limits is None or (mended and not _is_worse(case, verdict, limits)):
        misfit = mended and (_is_shouted(line, case.fixed) or _is_phonetic(line, case.fixed))
        return ([], "suspect" in rules) if misfit else (steps, False)
    # UTF-8 that one of ftfy's code pages was read for is ftfy's to mend, if it does.
    pages = verdict.readings[0].pages
    ours = pages[-1] != UTF8 or pages[0] not in FTFY_READERS or ("mojibake" in rules and not mended)
    if verdict.text is not None and ours:
        rule = rules["code-page"].id
        # Nothing stays the same in such a line, so its words are what is compared.
        first = Step(rule, verdict.text, compare(line, verdict.text, rule, by_words=True))
        return [first, *fixer.find_steps(verdict.text)], False
    suspect = verdict.suspect or verdict.text is not None or mended
    return ([] if mended and suspect else steps), suspect


def _is_worse(case: _Case, verdict: Verdict, limits: Limits) -> bool:
    """Say whether a reading that is no UTF-8 is better than what ftfy made."""
    line, fixed, best = case.line, case.fixed, verdict.readings[0]
    if all(page == UTF8 for page in best.pages[1::2]):
        return False
    if gains_more(line, fixed, verdict, limits):
        return True
    before, after = price_lines([line, fixed])[:, 0] / STEPS
    if verdict.text is not None:
        return bool(after > best.price + limits.lead / 2)
    if _is_lettered(line, fixed):
        # A control character that one code page has a letter for, and another page another letter.
        other = next((reading for reading in verdict.readings if reading.latin and reading.text != fixed), None)
        in_language = price_texts([fixed])[0, 0] / STEPS
        if other is not None and in_language > other.price - limits.lead:
            return True
        if verdict.suspect and in_language > best.price + limits.lead:
            return True
    return verdict.suspect and bool(after > best.price + limits.lead and 3 * (before - after) < 2 * best.gain)


def _is_lettered(line: str, fixed: str) -> bool:
    r"""Say whether ftfy made letters of control characters.

    It does so as if only Windows-1252 had letters there.

    >>> _is_lettered("ob\x9aas", "obšas")
    True
    """
    return bool(CONTROL_CHARACTER.search(line)) and any(
        letter in fixed and letter not in line for letter in CONTROL_LETTERS
    )


def _is_shouted(line: str, fixed: str) -> bool:
    r"""Say whether ftfy put a capital behind a small letter for a control character.

    The control character was a letter of a page that ftfy does not know.

    >>> _is_shouted("tehty kahdest\x8a", "tehty kahdestŠ")
    True
    """
    found = CONTROL_CHARACTER.search(line) and CAPITAL_INSIDE.search(fixed)
    return bool(found and not CAPITAL_INSIDE.search(line))


def _is_phonetic(line: str, fixed: str) -> bool:
    """Say whether all letters that ftfy made are phonetic signs that stand alone.

    Two bytes of GBK look like such signs in UTF-8.

    >>> _is_phonetic("ÉÈ", "\u0248"), _is_phonetic("É™", "\u0259")
    (False, True)
    """
    made = {letter for letter in set(fixed) - set(line) if letter.isalpha()}
    return bool(made) and made <= set(PHONETIC_ALONE.findall(fixed)) and not PHONETIC_IN_WORD.search(fixed)
