"""When a reading of a line is taken, flagged or left: the parameters of `encoding/code-page`, which stand in its rule.

All are told in bits, and are made for one case: how much less usual must a line be than another reading of its bytes, before we say that
it is damaged? Figures in bits per place count a place for each character that is not ASCII, and one for each ASCII character behind such
a one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Limits:
    """When a reading is taken, in bits.

    >>> Limits.of({name: 1.0 for name in Limits.needed()}).gain
    1.0
    """

    # What the gate asks of a line (`gate.scan_lines`).
    suspicion: float  # running sum of what its pairs of letters cost above what is common
    suspicion_short: float  # the same in a short line
    suspicion_second: float  # how much less the line must cost in other letters of its script
    against: float  # how much more its letters outside ASCII may cost there
    # What is asked of a reading, where only what is not ASCII counts.
    gain: float  # how much less it costs than the line
    lead: float  # how much less it costs than the next best reading
    per_letter: float  # what a place of it costs at most
    per_ideograph: float  # the same where its characters are ideographs
    plenty: float  # gain and lead from which it may cost as much as one that is flagged
    suspect: float  # gain from which a line that stays is flagged
    doubtful: float  # times that a place of a flagged reading may cost more than one that is taken
    neighbour: float  # how much more than the best one it may cost, if other lines of the document were so read
    plain: float  # how much more than another text in GBK one in GB 2312 may cost
    # Which lines are not read again at all.
    natural: float  # what a place of a whole line costs at most in its own language
    least: float  # what a place of any text costs at least
    # What is asked of a reading in the letters of its line, from end to end, ASCII included.
    whole: float  # how much less it costs than the line, for a flag
    intruded: float  # the same where something stands in a word that is no letter
    dear: float  # how much more where what changed costs twice what it may
    usual: float  # what a character of it costs at most
    slack: float  # what it may cost on top of that in all
    # Counts.
    min_letters: float  # letters of such a line
    min_foreign: float  # different characters outside ASCII of a line in other letters that is flagged
    min_list: float  # letters outside ASCII that may be a list of letters
    min_order: float  # the same for their order alone
    min_changes: float  # different letters that a repair of a text in Latin script puts right
    min_places: float  # places of such a text that is flagged

    @property
    def suspicions(self) -> tuple[float, float, float, float]:
        """Give what the gate asks of a line, in the order in which it takes it."""
        return self.suspicion, self.suspicion_short, self.suspicion_second, self.against

    @classmethod
    def needed(cls) -> set[str]:
        """Give the names of all parameters."""
        return {field.name for field in fields(cls)}

    @classmethod
    def of(cls, parameters: Mapping[str, object]) -> Limits:
        """Take the parameters of the rule."""
        return cls(**{name: float(str(parameters[name])) for name in cls.needed()})
