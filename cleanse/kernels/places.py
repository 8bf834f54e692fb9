"""Numba kernels that read lines: what each is made of, and where it stands among the others. Nothing else.

`read_lines` looks at every character once and gives whole numbers of a line by itself. `place_lines` and `sum_documents` look at
these numbers only. Columns are numbered by the constants here; `cleanse/scorecards/measures.py` names and explains them.
"""

from __future__ import annotations

import unicodedata

import numba
import numpy as np
from numpy.typing import NDArray

from cleanse import cache
from cleanse.kernels.leaf import leaf
from cleanse.kernels.text import PLANES, U8, U32, UNSPACED, Bytes, Offsets, _mix64, code_points, decode_character

I32 = NDArray[np.int32]
F32 = NDArray[np.float32]

# Classes of characters.
OTHER, SPACE, LOW, CAPITAL, LETTER, SINGLE, DIGIT, MARK, STOP, DOT, COMMA, COLON, QUOTE, CLOSER, BULLET, CODE = range(
    16
)

# Columns of `read_lines`.
(
    CHARS, HALVES, WORDS, CAPITALS, UPPERS, DIGITS, STOPS, COMMAS, END, OPENING, SEPARATORS, CODES, QUOTES, ADDRESSES, YEARS, TIMES,
    NUMBERS, INDENT, REPEATS, LONG_WORDS, SHARED, HEADS, GAP, CASED, CELLS, LABELS, GLUED, LITTLE, LAST_LITTLE, PIECE,
    RULE_WORDS, LONGEST, MIXED, TOPICS, LEADS,
) = range(35)  # fmt: skip
READ_COLUMNS = 35

# How a line ends, and how it opens.
NO_END, SENTENCE_END, COLON_END, COMMA_END = range(4)
OPENS_LOW, OPENS_CAPITAL, OPENS_LETTER, OPENS_DIGIT, OPENS_BULLET, OPENS_OTHER, OPENS_ON = range(7)

PROBES = 16  # slots of a table that are tried: what finds none is taken for new, so that time stays linear
LONG_WORD = 4  # letters: shorter words are in every text
TOPIC_WORD = 6  # letters: shorter words say little of what a text is about
LEAD_PARAGRAPHS = 3  # of the core, which say what it is about
TOPIC_PARAGRAPHS = 3  # a word that stands in so many is one that the text is about
HANGUL, HANGUL_END = 0xAC00, 0xD7A4  # syllables of two or three letters each
LITTLE_WORD = 3  # letters: as articles and prepositions have, which make a sentence
FAR = 99  # lines: farther off is as far as this
SHORT_HALVES = 16  # half units: a line below is short
FULL_HALVES = 40  # half units: a line of a sentence with so many is a paragraph
ARTICLE_PERCENT = 30  # of the long words of a paragraph: so many stand in others of the same article
TITLE_LINES = 40  # lines above the core among which its title stands
LONGEST_PERIOD = 6  # cells in a row of a table whose cells stand one a line
MOST_BOUNDS = 8  # of a table that are compared without a branch
DENSITY = 6  # units that a line without sentences costs a run of paragraphs
BROKEN_HALVES = 20  # half units: a sentence that is broken over lines has so many, or nobody knows that it is one
SHORT_PIECES = 4  # short lines in a row that may be pieces of one sentence; more of them are a menu in small letters

MIDDLE_DOT = 0xB7  # stands between the items of a row, and opens no rest of a sentence
BULLETS = "|•·●▪■◆►▶»›«‹>→←↑↓*-–—~/\\+=_¦│‣⁃○◦☰✓✔★☆"
CODES_OF = "{}<>[]$#`^&%@"
CLOSERS = ")]}）】」』〉》〕"
STOPS_OF = "!?。！？।॥؟…։።჻"
COMMAS_OF = ",;、，；،؛·"


@cache.keep
def line_classes() -> U8:
    """Give for each code point of planes 0 and 1 its class: space, kinds of letters, digits, and of signs."""
    characters = code_points()
    table = np.full(PLANES, OTHER, dtype=np.uint8)
    table[characters.str.contains(r"^\p{L}$").to_numpy()] = LETTER
    table[characters.str.contains(r"^\p{Ll}$").to_numpy()] = LOW
    table[characters.str.contains(r"^[\p{Lu}\p{Lt}]$").to_numpy()] = CAPITAL
    table[characters.str.contains(r"^\p{M}$").to_numpy()] = MARK
    table[characters.str.contains(r"^\p{N}$").to_numpy()] = DIGIT
    unspaced = "".join(rf"\p{{{script}}}" for script in UNSPACED)
    word = characters.str.contains(r"^[\p{L}\p{M}\p{N}]$").to_numpy()
    table[characters.str.contains(rf"^[{unspaced}]$").to_numpy() & word] = SINGLE
    table[characters.str.contains(r"^[\s\p{Cf}]$").to_numpy()] = SPACE
    quotes = characters.str.contains(r"^[\p{Pi}\p{Pf}\"「」『』]$").to_numpy()
    table[quotes] = QUOTE
    for signs, kind in (
        (COMMAS_OF, COMMA), (CODES_OF, CODE), (BULLETS, BULLET), (CLOSERS, CLOSER), (STOPS_OF, STOP), (".", DOT), (":：", COLON),
    ):  # fmt: skip
        table[[ord(sign) for sign in signs]] = kind
    return table


@cache.keep
def fold_table() -> U32:
    """Give for each code point its lower-case form, and for each decimal digit `0`, so that lines compare without numbers."""
    characters = code_points()
    lowered = characters.str.to_lowercase()
    table = np.arange(PLANES, dtype=np.uint32)
    changed = np.flatnonzero(((lowered != characters) & (lowered.str.len_chars() == 1)).to_numpy())
    table[changed] = [ord(text) for text in lowered.gather(changed)]
    table[[code for code in range(PLANES) if unicodedata.category(chr(code)) == "Nd"]] = ord("0")
    return table


@numba.njit(cache=True, nogil=True)
def read_lines(
    data: Bytes, starts: Offsets, ends: Offsets, numbers: U32, bounds: Offsets, classes: U8, folded: U32, paragraph: int
) -> I32:
    """Count in each line what its characters are, which lines it repeats, and which words it shares.

    `numbers` counts lines with the blank ones, `bounds` gives for each text its first line. Words of lines of `paragraph` half units
    or more are looked for in the other lines. Gives int32 of shape (lines, READ_COLUMNS).
    """
    count = len(starts)
    out = np.zeros((count, READ_COLUMNS), dtype=np.int32)
    longest, most_lines = 1, 1
    for text in range(len(bounds) - 1):
        most_lines = max(most_lines, bounds[text + 1] - bounds[text])
        total = 0
        for row in range(bounds[text], bounds[text + 1]):
            total += ends[row] - starts[row]
        longest = max(longest, total)
    tokens = np.empty(longest // 3 + most_lines + 2, dtype=np.uint64)
    edges = np.empty(most_lines + 1, dtype=np.int64)
    digests = np.empty(most_lines, dtype=np.uint64)
    size = 64
    while size < 2 * max(most_lines, len(tokens) // 2):
        size *= 2
    keys = np.zeros(size, dtype=np.uint64)
    owner = np.full(size, -1, dtype=np.int64)  # the text that filled a slot
    first = np.zeros(size, dtype=np.int32)  # the line that did, or how many lines
    more = np.zeros(size, dtype=np.uint8)
    for text in range(len(bounds) - 1):
        begin, end = bounds[text], bounds[text + 1]
        filled = 0
        for row in range(begin, end):
            edges[row - begin] = filled
            filled, digest = _read_line(data, starts[row], ends[row], classes, folded, out[row], tokens, filled)
            digests[row - begin] = digest
            out[row, GAP] = numbers[row] - (numbers[row - 1] if row > begin else -1) - 1
        edges[end - begin] = filled
        _join_pieces(out, begin, end)
        slots = 64
        while slots < 2 * max(end - begin, filled):
            slots *= 2
        mask = np.uint64(min(slots, size) - 1)
        _count_repeats(out, digests, begin, end, text, mask, keys, owner, first, more)
        _count_shared(out, tokens, edges, begin, end, -2 - 2 * text, mask, keys, owner, first, more, paragraph)
    return out


@numba.njit(cache=True, nogil=True, inline="always")
def _mark(token: np.uint64, letters: int) -> np.uint64:
    """Mix the bits of a token; the highest one says whether the word is a long one."""
    return (_mix64(token) >> np.uint64(1)) | (np.uint64(letters >= TOPIC_WORD) << np.uint64(63))


@leaf()
def _read_line(
    data: Bytes, start: int, end: int, classes: U8, folded: U32, out: I32, tokens: NDArray[np.uint64], filled: int
) -> tuple[int, np.uint64]:
    """Count one line; give how many tokens there are now, and the digest of the line."""
    prime = np.uint64(0x100000001B3)
    seed = np.uint64(0xCBF29CE484222325)
    digest = seed
    token = seed
    run = letters = capitals = digits = value = 0  # of the word that is being read
    opening = -1
    barred = False  # it opens with an upright bar, as a row of a table does
    before = SPACE  # class of the character before
    single = np.uint64(0)
    last_mark = NO_END
    clock = 0  # 1: one or two digits, 2: and a colon behind them
    little = 0  # whether the last word is a little one, and nothing stands behind it
    opener = 0  # the character that opens the line, where a letter behind it would tell that no sentence goes on
    chars = 0
    gap = 0  # characters up to the last space or character of a script without spaces
    code = previous = 0
    i = start
    while True:
        at_end = i >= end
        kind = SPACE
        if not at_end:
            previous = code
            byte = data[i]
            if byte < 0x80:
                code = int(byte)
                i += 1
            else:
                code, i = decode_character(data, i)
            kind = int(classes[code]) if code < PLANES else SINGLE
            chars += 1
        in_word = (LOW <= kind <= LETTER) or kind == DIGIT or (kind == MARK and run > 0)
        if kind in (SPACE, SINGLE):
            out[LONGEST] = max(out[LONGEST], chars - 1 + at_end - gap)
            gap = chars
        if not in_word and run:
            out[HALVES] += 2
            out[WORDS] += 1
            if digits == run:
                out[NUMBERS] += 1
                out[YEARS] += digits == 4 and 1900 <= value < 2100
                out[TIMES] += clock == 2 and digits == 2
                clock = 1 if digits <= 2 and clock != 2 and kind == COLON else 0
                little = 0
            else:
                clock = 0
                out[UPPERS] += capitals == letters and letters > 1
                out[MIXED] += digits > 0
                small = letters <= LITTLE_WORD and digits == 0
                out[LITTLE] += small and capitals == 0
                little = small and capitals <= (1 if out[WORDS] == 1 and letters > 1 else 0)
                if letters >= LONG_WORD and filled < len(tokens):
                    tokens[filled] = _mark(token, letters)
                    filled += 1
            run = letters = capitals = digits = value = 0
            token = seed
        if at_end:
            break
        if before == COLON and (kind == SPACE or previous == 0xFF1A):
            out[LABELS] += 1
        low = np.uint64(folded[code] if code < PLANES else code)
        if kind != SPACE:
            digest = (digest ^ low) * prime
            if opener and before != SPACE:
                # A mark right before a word opens a quotation, a name of a file or a list; `. Then` and `”.` go on.
                goes_on = opener == COMMA or not (in_word or kind in (SINGLE, opener))
                opening = OPENS_ON if goes_on else opening
            opener = 0
            if opening < 0:
                if kind == LOW:
                    opening = OPENS_LOW
                elif kind == CAPITAL:
                    opening = OPENS_CAPITAL
                elif kind in (LETTER, SINGLE):
                    opening = OPENS_LETTER
                elif kind == DIGIT:
                    opening = OPENS_DIGIT
                elif kind == BULLET:
                    opening = OPENS_BULLET
                    barred = code == 124
                else:
                    opening = OPENS_OTHER
                    if kind in (STOP, DOT, COMMA, COLON, QUOTE, CLOSER) and code != MIDDLE_DOT:
                        opener = kind
                out[INDENT] = chars - 1
        if in_word:
            if run == 0:
                out[CAPITALS] += kind == CAPITAL
                out[CASED] += kind in (CAPITAL, LOW)
                if before == CODE and previous == 64 and chars > 2:
                    out[ADDRESSES] += 1
            out[GLUED] += kind == CAPITAL and before == LOW
            run += 1
            if kind == DIGIT:
                digits += 1
                out[DIGITS] += 1
                value = min(value * 10 + (code - 48 if 48 <= code < 58 else 0), 100000)
            elif kind != MARK:
                letters += 2 if HANGUL <= code < HANGUL_END else 1
                capitals += kind == CAPITAL
            token = (token ^ low) * prime
            last_mark = NO_END
        elif kind == SINGLE:
            out[HALVES] += 1
            if before == SINGLE and filled < len(tokens):
                tokens[filled] = _mark((single << np.uint64(24)) ^ low, TOPIC_WORD)
                filled += 1
            single = low
            last_mark = NO_END
            clock = 0
        elif kind == SPACE:
            if before == DOT:
                out[STOPS] += 1
            if opener and before == opener:
                opening = OPENS_ON
                opener = 0
            if code == 9 and opening >= 0:
                out[CELLS] += 1 if out[CELLS] else 2
        else:
            little = 0
            clock = 2 if kind == COLON and clock == 1 else 0
            if kind == STOP:
                out[STOPS] += 1
                last_mark = SENTENCE_END
            elif kind == DOT:
                last_mark = SENTENCE_END
            elif kind == COMMA:
                out[COMMAS] += 1
                last_mark = COMMA_END
            elif kind == COLON:
                last_mark = COLON_END
            elif kind == QUOTE:
                out[QUOTES] += 1
            elif kind == BULLET:
                out[SEPARATORS] += 1
                out[CELLS] += code == 124 and barred
                last_mark = NO_END
                if code == 47 and previous == 47:
                    out[ADDRESSES] += 1
            elif kind == CODE:
                out[CODES] += 1
                last_mark = NO_END
            elif kind == OTHER:
                last_mark = NO_END
        before = kind
        # A small letter follows most small letters, and a space most spaces: they change little.
        here = i
        if kind == LOW:
            while i < end and data[i] < 0x80 and classes[data[i]] == LOW:
                low = np.uint64(data[i])
                digest = (digest ^ low) * prime
                token = (token ^ low) * prime
                i += 1
            run += i - here
            letters += i - here
        elif kind == SPACE:
            while i < end and data[i] == 32:
                i += 1
        if i > here:
            chars += i - here
            code = int(data[i - 1])
    if before == DOT:
        out[STOPS] += 1
    if opener:
        opening = OPENS_ON
    out[CHARS] = chars
    out[END] = last_mark
    out[LAST_LITTLE] = little
    out[OPENING] = opening if opening >= 0 else OPENS_OTHER
    return filled, _mix64(digest)


@leaf()
def _join_pieces(out: I32, begin: int, end: int) -> None:
    """Find sentences that are broken over lines, as links inside them do: PIECE is the half units of the whole in each of its lines.

    A line goes on in the next one where that opens with a small letter or with a mark that opens no line. So does one that ends
    with a little word, or is long and ends with no mark, when the next line, a name that was a link, goes on itself.
    A blank line ends a sentence. Many short lines in a row are no pieces, and without a mark that ends a sentence there is none.
    """
    row = begin
    while row < end:
        last = row
        halves, stops = int(out[row, HALVES]), out[row, STOPS] > 0 or out[row, END] == SENTENCE_END
        while last + 1 < end and (
            _goes_on(out, last, end) or (_breaks_off(out, last, row) and _goes_on(out, last + 1, end))
        ):
            last += 1
            halves += int(out[last, HALVES])
            stops = stops or out[last, STOPS] > 0 or out[last, END] == SENTENCE_END
        if last > row and stops and halves >= BROKEN_HALVES:
            short = 0
            for piece in range(row, last + 2):
                if piece <= last and out[piece, HALVES] < SHORT_HALVES and out[piece, END] != SENTENCE_END:
                    short += 1
                    continue
                if short <= SHORT_PIECES:
                    for other in range(piece - short, piece):
                        out[other, PIECE] = halves
                short = 0
                if piece <= last:
                    out[piece, PIECE] = halves
        row = last + 1


@numba.njit(cache=True, nogil=True, inline="always")
def _goes_on(out: I32, row: int, end: int) -> bool:
    """Say whether the next line is the rest of a sentence that this one begins."""
    if row + 1 >= end or out[row + 1, GAP] > 0:
        return False
    mark, opening = out[row, END], out[row + 1, OPENING]
    return bool(opening == OPENS_ON or (opening == OPENS_LOW and mark not in (SENTENCE_END, COLON_END)))


@numba.njit(cache=True, nogil=True, inline="always")
def _breaks_off(out: I32, row: int, first: int) -> bool:
    """Say whether a line may go on with a name: it ends with no mark, and with a little word, or in the middle of a sentence.

    `first` is the line in which that sentence begins.
    """
    if out[row + 1, GAP] > 0 or out[row, END] != NO_END:
        return False
    return bool(out[row, LAST_LITTLE] or row > first or out[row, HALVES] >= SHORT_HALVES)


@numba.njit(cache=True, nogil=True, inline="always")
def _find_slot(
    key: np.uint64, mark: int, mask: np.uint64, keys: NDArray[np.uint64], owner: Offsets
) -> tuple[np.int64, bool]:
    """Give the slot of a key, and whether the key is there; -1 where all slots that are tried are taken."""
    place = key & mask
    for _ in range(PROBES):
        if owner[place] != mark:
            return np.int64(place), False
        if keys[place] == key:
            return np.int64(place), True
        place = (place + np.uint64(1)) & mask
    return np.int64(-1), False


@leaf()
def _count_repeats(
    out: I32, digests: NDArray[np.uint64], begin: int, end: int, mark: int, mask: np.uint64, keys: NDArray[np.uint64],
    owner: Offsets, first: I32, more: U8,
) -> None:  # fmt: skip
    """Count how often each line stands in the text, and say whether it, or one like it, is the heading of a sentence."""
    for row in range(begin, end):
        slot, there = _find_slot(digests[row - begin], mark, mask, keys, owner)
        if slot < 0:
            continue
        if not there:
            keys[slot], owner[slot], first[slot], more[slot] = digests[row - begin], mark, 0, 0
        first[slot] += 1
        heads = row + 1 < end and out[row, END] == NO_END and out[row, HALVES] < FULL_HALVES
        if heads and (out[row + 1, HALVES] >= SHORT_HALVES and out[row + 1, END] == SENTENCE_END):
            more[slot] = 1
    for row in range(begin, end):
        slot, there = _find_slot(digests[row - begin], mark, mask, keys, owner)
        out[row, REPEATS] = first[slot] if there else 1
        out[row, HEADS] = more[slot] if there else 0


@leaf()
def _count_shared(
    out: I32, tokens: NDArray[np.uint64], edges: Offsets, begin: int, end: int, mark: int, mask: np.uint64,
    keys: NDArray[np.uint64], owner: Offsets, first: I32, more: U8, paragraph: int,
) -> None:  # fmt: skip
    """Count the long words of each line that other long lines have too, and those that the text is about.

    `more` holds in two bits in how many other paragraphs a word stands, and in the next whether it stands in the first ones of the core.
    """
    first_core, last_core = _find_core_of(out, begin, end)
    leads = 0
    for row in range(begin, end):
        if (out[row, HALVES] < paragraph or out[row, STOPS] == 0) and out[row, PIECE] < paragraph:
            continue
        lead = 4 if first_core <= row < last_core and leads < LEAD_PARAGRAPHS else 0
        leads += lead > 0
        for k in range(edges[row - begin], edges[row - begin + 1]):
            slot, there = _find_slot(tokens[k], mark, mask, keys, owner)
            if slot < 0:
                continue
            if not there:
                keys[slot], owner[slot], first[slot], more[slot] = tokens[k], mark, row - begin, lead
            elif first[slot] != row - begin:
                more[slot] = min((more[slot] & 3) + 1, 3) | (more[slot] & 4) | lead
                first[slot] = row - begin
    for row in range(begin, end):
        out[row, LONG_WORDS] = edges[row - begin + 1] - edges[row - begin]
        for k in range(edges[row - begin], edges[row - begin + 1]):
            slot, there = _find_slot(tokens[k], mark, mask, keys, owner)
            if not there:
                continue
            others = more[slot] & 3
            out[row, SHARED] += others > 0 or first[slot] != row - begin
            if tokens[k] >> np.uint64(63):
                out[row, TOPICS] += others >= TOPIC_PARAGRAPHS - 1
                out[row, LEADS] += more[slot] >= 4


# Columns of `place_lines`: of the line itself,
(
    UNITS, ENDED, L_STOPS, L_COMMAS, DIGIT_PERCENT, CAPITAL_PERCENT, UPPER_PERCENT, OPENS, L_SEPARATORS, SEPARATOR_PERCENT,
    CODE_PERCENT, L_QUOTES, L_ADDRESSES, L_YEARS, L_TIMES, L_NUMBERS, L_INDENT, L_REPEATS, SHARED_PERCENT, L_SHARED,
    BLANK_ABOVE, BLANK_BELOW, HIT, WORD_LENGTH, L_CELLS, L_LABELS, L_GLUED, LITTLE_PERCENT, SITE, SITE_ROW, PIECE_UNITS, L_RULE_WORDS, L_LONGEST,
    MIXED_PERCENT, L_HEADS, REPEATED_SHARED, L_TOPICS, L_LEADS, LEAD_PERCENT, TITLE_WORDS, GLUED_PERCENT, BARE_UNITS, RULE_WORDS_PERCENT,
) = range(43)  # fmt: skip
# of the four lines above (-4 to -1) and below (1 to 4): six measures each, nearest last above and first below,
NEAR = 43
NEAR_UNITS, NEAR_ENDED, NEAR_HIT, NEAR_OPENS, NEAR_CAPITALS, NEAR_DIGITS = range(6)
NEAR_STEPS = 8
PLACED = NEAR + 6 * NEAR_STEPS
# and of its place.
(
    PARAGRAPH_ABOVE, PARAGRAPH_BELOW, TEXT_2, TEXT_5, TEXT_10, TEXT_20, ENDED_2, ENDED_5, ENDED_10, ENDED_20, HITS_5, HITS_10, HITS_20,
    RUN_LINES, RUN_HITS, RUN_REPEATS, CORE_ABOVE, CORE_BELOW, FROM_START, FROM_END, TEXT_BEFORE, TEXT_AFTER, HIT_ABOVE, HIT_BELOW,
    SAME_OPENING, SHARED_5, RUN_UNITS, RUN_MARKS, UNENDED_RUN, LABELS_5, NUMBERS_5, RUN_SHARED, ARTICLE_ABOVE, ARTICLE_BELOW, COLON_ABOVE,
    ENDED_BEFORE, SHARED_BEFORE, SHARED_AFTER, RULE_WORDS_5,
    ARTICLE_AROUND, PARAGRAPH_GAP, MIXED_5, NUMBER_TABLE, BULLET_RUN, BULLET_SHARED, ARTICLE_GAP, TABLE_ROW,
) = range(PLACED, PLACED + 47)  # fmt: skip
PLACE_COLUMNS = PLACED + 47

# Columns of `sum_documents`.
(
    D_LINES, D_UNITS, D_PARAGRAPHS, D_MASS, D_SHORT, D_SHORT_MASS, D_LISTED, D_CODE, D_HITS, D_HIT_KINDS, D_ENDED, D_CONTINUED, D_INDENTED,
    D_BLANK, D_REPEATED, D_CORE, D_OUTSIDE, D_HIT_OUTSIDE, D_RUNS, D_ADDRESSES, D_CAPITALS, D_HEAD_SHORT, D_TAIL_SHORT, D_LOW_SHARED,
    D_NUMBERS, D_MOST_RUN, D_WRAPPED, D_RULE_WORDS, D_PIECES, D_TAIL,
) = range(30)  # fmt: skip
DOCUMENT_COLUMNS = 30


@numba.njit(cache=True, nogil=True, inline="always")
def _is_paragraph(line: I32) -> bool:
    whole = line[HALVES] >= FULL_HALVES and line[STOPS] > 0
    return bool((whole or line[PIECE] >= FULL_HALVES) and line[CODES] * 8 <= line[HALVES])


@numba.njit(cache=True, nogil=True, inline="always")
def _is_ended(line: I32) -> bool:
    return bool((line[END] == SENTENCE_END and line[HALVES] >= 8) or line[PIECE] > 0)


@numba.njit(cache=True, nogil=True, inline="always")
def _is_short(line: I32) -> bool:
    return bool(line[HALVES] < SHORT_HALVES and line[END] != SENTENCE_END and line[PIECE] == 0)


@numba.njit(cache=True, nogil=True)
def _find_core_of(lines: I32, begin: int, end: int) -> tuple[int, int]:
    best = total = 0
    first = last = start = begin
    for row in range(begin, end):
        line = lines[row]
        if _is_paragraph(line):
            worth = int(line[HALVES] // 2)
        elif _is_ended(line):
            worth = int(line[HALVES] // 4)
        else:
            worth = -DENSITY
        total += worth
        if total <= 0:
            total, start = 0, row + 1
        elif total > best:
            best = total
            first, last = start, row + 1
    return first, last


@numba.njit(cache=True, nogil=True)
def find_core(lines: I32, bounds: Offsets) -> tuple[Offsets, Offsets]:
    """Give the first line of the densest run of paragraphs in each text, and the line behind its last; the same where there is none.

    Lines of sentences add their units, and each other line takes DENSITY off; the run is the one with the greatest sum.
    """
    firsts, lasts = np.zeros(len(bounds) - 1, np.int64), np.zeros(len(bounds) - 1, np.int64)
    for text in range(len(bounds) - 1):
        firsts[text], lasts[text] = _find_core_of(lines, bounds[text], bounds[text + 1])
    return firsts, lasts


@numba.njit(cache=True, nogil=True)
def sum_documents(lines: I32, bounds: Offsets, hits: U8, kinds: I32, firsts: Offsets, lasts: Offsets) -> F32:
    """Sum up each text: float32 of shape (texts, DOCUMENT_COLUMNS), shares in percent.

    `hits` says of each line how many of our rules hit it, at most 2; `kinds` of each text how many different ones.
    """
    out = np.zeros((len(bounds) - 1, DOCUMENT_COLUMNS), dtype=np.float32)
    for text in range(len(bounds) - 1):
        begin, end = bounds[text], bounds[text + 1]
        count = end - begin
        if count == 0:
            continue
        sums = out[text]
        core = outside = hit_outside = run = cased = capitals = halves = short = mass = shared = words = wrapped = (
            tail
        ) = 0
        for row in range(begin, end):
            line = lines[row]
            halves += line[HALVES]
            in_core = firsts[text] <= row < lasts[text]
            core += line[HALVES] if in_core else 0
            outside += not in_core
            hit = hits[row] > 0
            hit_outside += hit and not in_core
            sums[D_HITS] += hit
            if _is_paragraph(line):
                sums[D_PARAGRAPHS] += 1
                mass += line[HALVES]
            small = _is_short(line)
            if small:
                sums[D_SHORT] += 1
                short += line[HALVES]
                run += 1
                sums[D_MOST_RUN] = max(sums[D_MOST_RUN], run)
                shared += line[SHARED]
                words += line[LONG_WORDS]
            else:
                sums[D_RUNS] += run >= 4
                run = 0
            sums[D_LISTED] += line[OPENING] == OPENS_BULLET
            sums[D_CODE] += line[CODES] * 6 >= line[HALVES] and line[CODES] > 1
            sums[D_ENDED] += line[END] == SENTENCE_END
            sums[D_CONTINUED] += row > begin and line[OPENING] == OPENS_LOW and lines[row - 1, END] != SENTENCE_END
            sums[D_INDENTED] += line[INDENT] > 0
            sums[D_BLANK] += line[GAP] > 0 and row > begin
            sums[D_REPEATED] += line[REPEATS] > 1
            sums[D_ADDRESSES] += line[ADDRESSES] > 0
            sums[D_NUMBERS] += line[NUMBERS] > 0
            sums[D_RULE_WORDS] += line[RULE_WORDS] > 0
            sums[D_PIECES] += line[PIECE] > 0
            tail = 0 if _is_ended(line) or _is_paragraph(line) else tail + int(line[HALVES])
            wrapped += 55 <= line[CHARS] <= 85 and line[WORDS] * 4 > line[HALVES]
            cased += line[CASED]
            capitals += line[CAPITALS]
        sums[D_RUNS] += run >= 4
        head = min(8, count)
        for row in range(begin, begin + head):
            sums[D_HEAD_SHORT] += _is_short(lines[row])
            sums[D_TAIL_SHORT] += _is_short(lines[end - 1 - (row - begin)])
        for column in (
            D_PARAGRAPHS, D_SHORT, D_LISTED, D_CODE, D_HITS, D_ENDED, D_CONTINUED, D_INDENTED, D_BLANK, D_REPEATED, D_ADDRESSES, D_NUMBERS,
            D_RULE_WORDS, D_PIECES,
        ):  # fmt: skip
            sums[column] = 100 * sums[column] / count
        total = max(1, halves)
        sums[D_LINES] = count
        sums[D_UNITS] = halves / 2 / count
        sums[D_MASS] = 100 * mass / total
        sums[D_SHORT_MASS] = 100 * short / total
        sums[D_HIT_KINDS] = kinds[text]
        sums[D_CORE] = 100 * core / total
        sums[D_OUTSIDE] = 100 * outside / count
        sums[D_HIT_OUTSIDE] = 100 * hit_outside / max(1, outside)
        # A few names in Latin letters say nothing of a text in a script without capitals.
        sums[D_CAPITALS] = 100 * capitals / cased if cased * 8 > halves else -1
        sums[D_HEAD_SHORT] = 100 * sums[D_HEAD_SHORT] / head
        sums[D_TAIL_SHORT] = 100 * sums[D_TAIL_SHORT] / head
        sums[D_LOW_SHARED] = 100 * shared / max(1, words)
        sums[D_WRAPPED] = 100 * wrapped / count
        sums[D_TAIL] = 100 * tail / total
    return out


@numba.njit(cache=True, nogil=True)
def place_lines(
    lines: I32, bounds: Offsets, hits: U8, firsts: Offsets, lasts: Offsets, site: NDArray[np.int8], chosen: Offsets
) -> F32:  # fmt: skip
    """Measure each line in its place: float32 of shape (lines, columns that are `chosen`).

    `site` says of each line which percent of the other pages of its site hold it, and hold it beside the same line; -1 where nobody knows.
    """
    out = np.empty((len(lines), len(chosen)), dtype=np.float32)
    most = 1
    for text in range(len(bounds) - 1):
        most = max(most, bounds[text + 1] - bounds[text])
    wanted = np.zeros(PLACE_COLUMNS, dtype=np.bool_)
    for column in chosen:
        wanted[column] = True
    # All columns of one text at a time: they stay in the cache of the processor.
    scratch = np.empty((most, PLACE_COLUMNS), dtype=np.float32)
    # Sums of all lines before a line.
    halves, ended, struck = np.zeros(most + 1, np.int64), np.zeros(most + 1, np.int64), np.zeros(most + 1, np.int64)
    shared, words = np.zeros(most + 1, np.int64), np.zeros(most + 1, np.int64)
    labelled, numbered = np.zeros(most + 1, np.int64), np.zeros(most + 1, np.int64)
    worded, mixed = np.zeros(most + 1, np.int64), np.zeros(most + 1, np.int64)
    forms = np.zeros(most, np.int64)
    for text in range(len(bounds) - 1):
        begin, count = bounds[text], bounds[text + 1] - bounds[text]
        for k in range(count):
            line = lines[begin + k]
            halves[k + 1] = halves[k] + min(int(line[HALVES]), 400)
            ended[k + 1] = ended[k] + (min(int(line[HALVES]), 400) if _is_ended(line) or _is_paragraph(line) else 0)
            struck[k + 1] = struck[k] + (hits[begin + k] > 0)
            shared[k + 1] = shared[k] + line[SHARED]
            words[k + 1] = words[k] + line[LONG_WORDS]
            labelled[k + 1] = labelled[k] + (line[LABELS] > 0)
            numbered[k + 1] = numbered[k] + (line[NUMBERS] > 0)
            worded[k + 1] = worded[k] + (line[RULE_WORDS] > 0)
            mixed[k + 1] = mixed[k] + (line[MIXED] > 0)
        _place_steps(lines, scratch, hits, begin, count, wanted)
        _place_sweeps(lines, scratch, hits, begin, count)
        if wanted[BULLET_RUN] or wanted[BULLET_SHARED]:
            _place_bullets(lines, scratch, begin, count)
        if wanted[NUMBER_TABLE]:
            _place_tables(lines, scratch, begin, count, forms)
        core_first, core_last = firsts[text] - begin, lasts[text] - begin
        total = max(1, halves[count])
        for k in range(count):
            row = scratch[k]
            line = lines[begin + k]
            _measure_line(line, row)
            row[SITE] = site[begin + k, 0]
            row[SITE_ROW] = site[begin + k, 1]
            row[HIT] = hits[begin + k]
            row[BLANK_ABOVE] = min(line[GAP], 3)
            row[BLANK_BELOW] = min(lines[begin + k + 1, GAP], 3) if k + 1 < count else 0
            own = halves[k + 1] - halves[k]
            own_ended = ended[k + 1] - ended[k]
            own_hit = struck[k + 1] - struck[k]
            for column, reach in ((0, 2), (1, 5), (2, 10), (3, 20)):
                low, high = max(0, k - reach), min(count, k + reach + 1)
                around = halves[high] - halves[low] - own
                row[TEXT_2 + column] = around / 2 / max(1, high - low - 1)
                row[ENDED_2 + column] = 100 * (ended[high] - ended[low] - own_ended) / max(1, around)
                if column > 0:
                    row[HITS_5 + column - 1] = 100 * (struck[high] - struck[low] - own_hit) / max(1, high - low - 1)
                if column == 1:
                    row[SHARED_5] = 100 * (shared[high] - shared[low]) / max(1, words[high] - words[low])
                    row[LABELS_5] = 100 * (labelled[high] - labelled[low]) / (high - low)
                    around_words = worded[high] - worded[low] - (line[RULE_WORDS] > 0)
                    row[MIXED_5] = 100 * (mixed[high] - mixed[low]) / (high - low)
                    row[RULE_WORDS_5] = 100 * around_words / max(1, high - low - 1)
                    row[NUMBERS_5] = 100 * (numbered[high] - numbered[low]) / (high - low)
            if core_last > core_first:
                row[CORE_ABOVE] = min(FAR, max(0, core_first - k))
                row[CORE_BELOW] = min(FAR, max(0, k - core_last + 1))
            else:
                row[CORE_ABOVE] = row[CORE_BELOW] = -1
            beside = lines[begin + k - 1, CELLS] if k else 0
            beside = max(beside, lines[begin + k + 1, CELLS] if k + 1 < count else 0)
            row[TABLE_ROW] = min(line[CELLS], beside)
            row[ARTICLE_AROUND] = min(row[ARTICLE_ABOVE], row[ARTICLE_BELOW])
            # Lines between the two nearest paragraphs, of which the line itself is one.
            row[PARAGRAPH_GAP] = min(FAR, row[PARAGRAPH_ABOVE] + row[PARAGRAPH_BELOW] - 1)
            row[ARTICLE_GAP] = row[PARAGRAPH_GAP] if row[ARTICLE_AROUND] >= ARTICLE_PERCENT else 0
            row[TITLE_WORDS] = line[LEADS] if 0 < row[CORE_ABOVE] <= TITLE_LINES else 0
            row[FROM_START] = min(FAR, k)
            row[FROM_END] = min(FAR, count - 1 - k)
            row[TEXT_BEFORE] = 100 * halves[k] / total
            row[ENDED_BEFORE] = 100 * ended[k] / ended[count] if ended[count] else -1
            row[SHARED_BEFORE] = 100 * shared[k] / words[k] if words[k] else -1
            after = words[count] - words[k]
            row[SHARED_AFTER] = 100 * (shared[count] - shared[k]) / after if after else -1
            row[TEXT_AFTER] = 100 * (halves[count] - halves[k + 1]) / total
            for place in range(len(chosen)):
                out[begin + k, place] = row[chosen[place]]
    return out


@leaf()
def _measure_line(line: I32, row: F32) -> None:
    units = max(1.0, line[HALVES] / 2)
    row[UNITS] = line[HALVES] / 2
    row[ENDED] = line[END]
    row[L_STOPS] = line[STOPS]
    row[L_COMMAS] = line[COMMAS]
    row[DIGIT_PERCENT] = 100 * line[DIGITS] / max(1, line[CHARS])
    row[CAPITAL_PERCENT] = 100 * line[CAPITALS] / line[CASED] if line[CASED] > 1 else -1
    row[UPPER_PERCENT] = 100 * line[UPPERS] / line[CASED] if line[CASED] else -1
    row[OPENS] = line[OPENING]
    row[L_SEPARATORS] = line[SEPARATORS]
    row[SEPARATOR_PERCENT] = 100 * line[SEPARATORS] / units
    row[CODE_PERCENT] = 100 * line[CODES] / units
    row[L_QUOTES] = line[QUOTES]
    row[L_CELLS] = line[CELLS]
    row[L_LABELS] = line[LABELS]
    row[L_ADDRESSES] = line[ADDRESSES]
    row[L_YEARS] = line[YEARS]
    row[L_TIMES] = line[TIMES]
    row[L_NUMBERS] = line[NUMBERS]
    row[L_INDENT] = line[INDENT]
    row[L_REPEATS] = line[REPEATS]
    row[SHARED_PERCENT] = 100 * line[SHARED] / line[LONG_WORDS] if line[LONG_WORDS] else -1
    row[L_SHARED] = line[SHARED]
    row[L_TOPICS] = line[TOPICS]
    row[L_LEADS] = line[LEADS]
    row[LEAD_PERCENT] = 100 * line[LEADS] / line[LONG_WORDS] if line[LONG_WORDS] else -1
    row[REPEATED_SHARED] = line[SHARED] if line[REPEATS] > 1 else 0
    row[WORD_LENGTH] = line[CHARS] / max(1, line[WORDS]) if line[WORDS] * 4 > line[HALVES] else -1
    row[L_GLUED] = line[GLUED]
    row[GLUED_PERCENT] = 100 * line[GLUED] / units if line[GLUED] > 1 else 0
    # Sentences of scripts without spaces may have no marks either.
    bare = line[STOPS] == 0 and line[COMMAS] == 0 and line[END] == NO_END and line[WORDS] * 4 > line[HALVES]
    row[BARE_UNITS] = line[HALVES] / 2 if bare else 0
    row[RULE_WORDS_PERCENT] = 100 * line[RULE_WORDS] / units
    row[L_LONGEST] = line[LONGEST]
    row[MIXED_PERCENT] = 100 * line[MIXED] / line[WORDS] if line[WORDS] else -1
    row[L_HEADS] = line[HEADS]
    row[L_RULE_WORDS] = line[RULE_WORDS]
    row[PIECE_UNITS] = line[PIECE] / 2
    row[LITTLE_PERCENT] = 100 * line[LITTLE] / line[WORDS] if line[CASED] > 1 else -1


@leaf()
def _place_steps(lines: I32, out: F32, hits: U8, begin: int, count: int, wanted: NDArray[np.bool_]) -> None:
    """Copy what the four lines on each side are, where it is wanted; -1 where the text has ended."""
    for k in range(count if wanted[SAME_OPENING] else 0):
        same = 0
        for step in range(NEAR_STEPS):
            other = k + (step - 4 if step < 4 else step - 3)
            if 0 <= other < count:
                same += lines[begin + other, OPENING] == lines[begin + k, OPENING] and _is_short(lines[begin + other])
        out[k, SAME_OPENING] = same
    for step in range(NEAR_STEPS):
        shift = step - 4 if step < 4 else step - 3
        for kind in range(6):
            column = NEAR + kind * NEAR_STEPS + step
            if not wanted[column]:
                continue
            for k in range(count):
                other = k + shift
                if other < 0 or other >= count:
                    out[k, column] = -1
                    continue
                line = lines[begin + other]
                if kind == NEAR_UNITS:
                    out[k, column] = line[HALVES] / 2
                elif kind == NEAR_ENDED:
                    out[k, column] = _is_ended(line)
                elif kind == NEAR_HIT:
                    out[k, column] = hits[begin + other]
                elif kind == NEAR_OPENS:
                    out[k, column] = line[OPENING]
                elif kind == NEAR_CAPITALS:
                    out[k, column] = 100 * line[CAPITALS] / line[CASED] if line[CASED] > 1 else -1
                else:
                    out[k, column] = 100 * line[DIGITS] / max(1, line[CHARS])


@numba.njit(cache=True, nogil=True, inline="always")
def _share(line: I32) -> np.float32:
    return np.float32(100 * line[SHARED] / line[LONG_WORDS] if line[LONG_WORDS] else -1)


@leaf()
def _place_sweeps(lines: I32, out: F32, hits: U8, begin: int, count: int) -> None:
    """Measure distances to the nearest paragraph and hit, and the run of short lines that a line is in."""
    paragraph = hit = colon = FAR
    article = np.float32(-1)
    for k in range(count):
        line = lines[begin + k]
        out[k, PARAGRAPH_ABOVE] = paragraph
        out[k, HIT_ABOVE] = hit
        out[k, COLON_ABOVE] = colon
        out[k, ARTICLE_ABOVE] = article
        colon = 1 if line[END] == COLON_END else min(FAR, colon + 1)
        if _is_paragraph(line):
            paragraph = 1
            colon = 1 if line[END] == COLON_END else FAR
            article = _share(line)
        else:
            paragraph = min(FAR, paragraph + 1)
        hit = 1 if hits[begin + k] else min(FAR, hit + 1)
    paragraph = hit = FAR
    article = np.float32(-1)
    for k in range(count - 1, -1, -1):
        line = lines[begin + k]
        out[k, PARAGRAPH_BELOW] = paragraph
        out[k, HIT_BELOW] = hit
        out[k, ARTICLE_BELOW] = article
        if _is_paragraph(line):
            paragraph = 1
            article = _share(line)
        else:
            paragraph = min(FAR, paragraph + 1)
        hit = 1 if hits[begin + k] else min(FAR, hit + 1)
    for k in range(count):
        out[k, RUN_LINES] = out[k, RUN_HITS] = out[k, RUN_REPEATS] = out[k, RUN_UNITS] = out[k, RUN_MARKS] = out[
            k, UNENDED_RUN
        ] = 0
        out[k, RUN_SHARED] = -1
    start = struck = repeated = halves = marked = shared = words = 0
    for k in range(count + 1):
        if k < count and _is_short(lines[begin + k]):
            struck += hits[begin + k] > 0
            repeated += lines[begin + k, REPEATS] > 1
            halves += lines[begin + k, HALVES]
            marked += lines[begin + k, END] != NO_END
            shared += lines[begin + k, SHARED]
            words += lines[begin + k, LONG_WORDS]
            continue
        for inside in range(start, k):
            out[inside, RUN_LINES] = min(FAR, k - start)
            out[inside, RUN_HITS] = 100 * struck / (k - start)
            out[inside, RUN_REPEATS] = 100 * repeated / (k - start)
            out[inside, RUN_UNITS] = halves / 2 / (k - start)
            out[inside, RUN_MARKS] = 100 * marked / (k - start)
            out[inside, RUN_SHARED] = 100 * shared / words if words else -1
        start = k + 1
        struck = repeated = halves = marked = shared = words = 0
    start = 0
    for k in range(count + 1):
        if k < count and lines[begin + k, END] == NO_END and not _is_paragraph(lines[begin + k]):
            continue
        for inside in range(start, k):
            out[inside, UNENDED_RUN] = min(FAR, k - start)
        start = k + 1


@numba.njit(cache=True, nogil=True)
def _place_bullets(lines: I32, out: F32, begin: int, count: int) -> None:
    """Count the lines in a row that open with a bullet, short or long, and the words that they share with paragraphs."""
    start = shared = words = 0
    for k in range(count + 1):
        if k < count and lines[begin + k, OPENING] == OPENS_BULLET:
            shared += lines[begin + k, SHARED]
            words += lines[begin + k, LONG_WORDS]
            continue
        for inside in range(start, k):
            out[inside, BULLET_RUN] = min(FAR, k - start)
            out[inside, BULLET_SHARED] = 100 * shared / words if words else -1
        if k < count:
            out[k, BULLET_RUN] = 0
            out[k, BULLET_SHARED] = -1
        start = k + 1
        shared = words = 0


# Forms of the cells of a table whose cells stand one a line.
NO_CELL, CELL_NAME, CELL_NUMBER, CELL_MIXED, CELL_WITH_NUMBER = range(5)


@numba.njit(cache=True, nogil=True, inline="always")
def _cell_form(line: I32) -> int:
    if line[HALVES] >= SHORT_HALVES or line[END] == SENTENCE_END or line[YEARS] or line[TIMES]:
        return NO_CELL
    if line[NUMBERS] == line[WORDS] and line[NUMBERS] * 2 == line[HALVES]:
        return CELL_NUMBER
    if line[MIXED]:
        return CELL_MIXED
    return CELL_WITH_NUMBER if line[NUMBERS] else CELL_NAME


@numba.njit(cache=True, nogil=True)
def _place_tables(lines: I32, out: F32, begin: int, count: int, forms: Offsets) -> None:
    """Find tables whose cells stand one a line: the forms of lines come again after two to LONGEST_PERIOD lines, three times at least.

    Some cells are nothing but numbers or signs: else a menu of names would be a table.
    """
    for k in range(count):
        forms[k] = _cell_form(lines[begin + k])
        out[k, NUMBER_TABLE] = 0
    for period in range(2, LONGEST_PERIOD + 1):
        start = 0
        for k in range(count - period + 1):
            if k + period < count and forms[k] != NO_CELL and forms[k] == forms[k + period]:
                continue
            length = k - start + period
            if k > start and length >= 3 * period:
                number = other = False
                for inside in range(start, start + period):
                    number = number or forms[inside] == CELL_NUMBER
                    other = other or forms[inside] != forms[start]
                if other and number:
                    for inside in range(start, start + length):
                        out[inside, NUMBER_TABLE] = max(out[inside, NUMBER_TABLE], min(FAR, length))
            start = k + 1


@numba.njit(cache=True, nogil=True)
def add_points(values: F32, columns: Offsets, edges: Offsets, bounds: F32, points: I32, firsts: Offsets) -> I32:
    """Add up the points of each row: int32.

    Table `t` reads column `columns[t]`; its bounds are `bounds[edges[t]:edges[t + 1]]`, and `points[firsts[t]]` counts below the first
    of them, the next from it on, and so forth. `values` may have a row for each line, or for each text.
    """
    # All tables with as many bounds: then nothing branches, and the processor compares several at once.
    padded = np.full((len(columns), MOST_BOUNDS), np.inf, dtype=np.float32)
    longer = False
    for table in range(len(columns)):
        size = edges[table + 1] - edges[table]
        longer = longer or size > MOST_BOUNDS
        for k in range(min(size, MOST_BOUNDS)):
            padded[table, k] = bounds[edges[table] + k]
    sums = np.zeros(len(values), dtype=np.int32)
    for row in range(len(values)):
        total = 0
        for table in range(len(columns)):
            value = values[row, columns[table]]
            place = firsts[table]
            for k in range(MOST_BOUNDS):
                place += value >= padded[table, k]
            if longer:
                for k in range(edges[table] + MOST_BOUNDS, edges[table + 1]):
                    place += value >= bounds[k]
            total += points[place]
        sums[row] = total
    return sums


@numba.njit(cache=True, nogil=True)
def list_points(
    values: F32, rows: Offsets, columns: Offsets, edges: Offsets, bounds: F32, points: I32, firsts: Offsets
) -> I32:
    """Give the points of some rows by table: int32 of shape (rows, tables); the arguments are those of `add_points`."""
    found = np.zeros((len(rows), len(columns)), dtype=np.int32)
    for number in range(len(rows)):
        for table in range(len(columns)):
            value = values[rows[number], columns[table]]
            k = edges[table]
            while k < edges[table + 1] and value >= bounds[k]:
                k += 1
            found[number, table] = points[firsts[table] + k - edges[table]]
    return found


# What becomes of a line.
STAYS, GOES, GOES_BETWEEN, DOUBTFUL = range(4)


@numba.njit(cache=True, nogil=True)
def decide_lines(
    sums: I32,
    lines: I32,
    bounds: Offsets,
    struck: NDArray[np.bool_],
    threshold: int,
    between: int,
    heading: int,
    doubt: int,
    braked: int,
    brake_units: int,
    brake_percent: int,
) -> U8:
    """Say of each line what becomes of it: STAYS, GOES, GOES_BETWEEN or DOUBTFUL.

    A line goes from `threshold` on. One that stands between two that go, of which `struck` are some already, goes from `between` on, unless
    it is a paragraph; so does a short one above two that go, which is their heading. Lines are asked from the last to the first. A line
    that goes while the next one, which is not short, stays is likely the heading of that, and needs `heading` points.
    Where fewer than `brake_units` units of sentences would stay in a text, or more than `brake_percent` percent of them would go, its
    lines need `braked` points instead of `threshold`, and the other limits rise alike. What has `doubt` points and stays is DOUBTFUL.
    """
    out = np.zeros(len(sums), dtype=np.uint8)
    for text in range(len(bounds) - 1):
        begin, end = bounds[text], bounds[text + 1]
        _decide_text(out, sums, lines, struck, begin, end, threshold, between, heading, doubt)
        rise = braked - threshold
        if rise > 0 and _needs_brake(out, lines, struck, begin, end, brake_units, brake_percent):
            _decide_text(
                out, sums, lines, struck, begin, end, braked, between + rise, heading + rise, doubt + rise
            )  # fmt: skip
        for row in range(begin, end):
            if out[row] == STAYS and sums[row] >= doubt:
                out[row] = DOUBTFUL
    return out


@leaf()
def _needs_brake(
    out: U8, lines: I32, struck: NDArray[np.bool_], begin: int, end: int, brake_units: int, brake_percent: int
) -> bool:
    """Say whether little of the sentences of a text would stay, or much of them go."""
    goes = stays = 0
    for row in range(begin, end):
        if _is_ended(lines[row]) and not struck[row]:
            if out[row] == STAYS:
                stays += lines[row, HALVES]
            else:
                goes += lines[row, HALVES]
    return bool(goes + stays > 0 and (stays < 2 * brake_units or goes * 100 > (goes + stays) * brake_percent))


@leaf()
def _decide_text(
    out: U8, sums: I32, lines: I32, struck: NDArray[np.bool_], begin: int, end: int, threshold: int, between: int, heading: int,
    doubt: int,
) -> None:  # fmt: skip
    """Decide the lines of one text: STAYS, GOES or GOES_BETWEEN."""
    for row in range(begin, end):
        out[row] = GOES if sums[row] >= threshold else STAYS
    for row in range(end - 1, begin - 1, -1):
        if out[row] == GOES or struck[row] or sums[row] < between or _is_paragraph(lines[row]):
            continue
        above = row == begin or out[row - 1] == GOES or struck[row - 1]
        below = row + 1 == end or out[row + 1] != STAYS or struck[row + 1]
        heads = row + 2 < end and (out[row + 2] != STAYS or struck[row + 2]) and _is_short(lines[row])
        if below and (above or heads) and end - begin > 1:
            out[row] = GOES_BETWEEN
    for row in range(end - 2, begin - 1, -1):
        stays = (
            out[row + 1] == STAYS and not struck[row + 1] and sums[row + 1] < doubt and not _is_short(lines[row + 1])
        )
        if out[row] == GOES and stays and sums[row] < heading:
            out[row] = STAYS
