"""The measures of a line in its page, and of the page: what the tables of points of a scorecard may name.

A **unit** is a word, or two characters of a script without spaces. A **paragraph** is a line of 20 units or more with a mark that ends a
sentence. A **short line** has fewer than 8 units and no such mark at its end. A **hit** is that of another rule of the family. The
**core** is the densest run of paragraphs. -1 stands for what cannot be said: a line above the first, the share of no words.
"""

from __future__ import annotations

from cleanse.kernels import places

SIDES = [f"above-{step}" for step in (4, 3, 2, 1)] + [f"below-{step}" for step in (1, 2, 3, 4)]
OWN = {
    "units": (places.UNITS, "units of the line"),
    "end-mark": (places.ENDED, "how it ends: 0 no mark, 1 end of a sentence, 2 colon, 3 comma"),
    "stops": (places.L_STOPS, "marks that end a sentence, in the line and at its end"),
    "commas": (places.L_COMMAS, "commas and semicolons"),
    "digit-percent": (places.DIGIT_PERCENT, "percent of the characters that are digits"),
    "capital-percent": (
        places.CAPITAL_PERCENT,
        "percent of the words that begin with a capital; -1 below two words with case",
    ),
    "upper-percent": (places.UPPER_PERCENT, "percent of the words that are all capitals"),
    "opening": (
        places.OPENS,
        "how it opens: 0 small letter, 1 capital, 2 letter without case, 3 digit, 4 bullet, 5 other, 6 a mark that goes on",
    ),
    "separators": (places.L_SEPARATORS, "bullets, dashes, slashes, bars and arrows"),
    "separator-percent": (places.SEPARATOR_PERCENT, "the same in percent of the units"),
    "code-percent": (
        places.CODE_PERCENT,
        "opening braces, angle brackets and other signs of code, in percent of the units",
    ),
    "quotes": (places.L_QUOTES, "quotation marks"),
    "table-cells": (places.L_CELLS, "cells of a table: bars in a line that opens with one, or stretches between tabs"),
    "labels": (places.L_LABELS, "colons inside the line, as between a name and its value"),
    "addresses": (places.L_ADDRESSES, "addresses of the web and of mail"),
    "years": (places.L_YEARS, "numbers from 1900 to 2099"),
    "times": (places.L_TIMES, "times such as 17:04"),
    "numbers": (places.L_NUMBERS, "numbers"),
    "indent": (places.L_INDENT, "characters of white space before the text"),
    "repeats": (places.L_REPEATS, "lines of the document that are the same, this one too; digits count as alike"),
    "shared-percent": (places.SHARED_PERCENT, "percent of the long words that the paragraphs of the document use too"),
    "shared-words": (places.L_SHARED, "the same, counted"),
    "repeated-shared-words": (
        places.REPEATED_SHARED,
        "the same where the document repeats the line, as it does its title and what a table of contents lists; else 0",
    ),
    "blank-above": (places.BLANK_ABOVE, "blank lines above it, at most 3"),
    "blank-below": (places.BLANK_BELOW, "blank lines below it, at most 3"),
    "hits": (places.HIT, "other rules of the family that hit it, at most 2"),
    "longest-word": (places.L_LONGEST, "characters of the longest stretch without white space"),
    "mixed-percent": (
        places.MIXED_PERCENT,
        "percent of the words that have letters and digits, as names of versions and files do; -1 without words",
    ),
    "heads-text": (
        places.L_HEADS,
        "1 where it, or a line that is the same, stands right above a sentence of 8 units or more",
    ),
    "rule-words": (
        places.L_RULE_WORDS,
        "different words of the other rules in it, in its language, whether they hit it or not",
    ),
    "glued-words": (places.L_GLUED, "capitals right behind a small letter, as where the words of a menu were joined"),
    "glued-percent": (
        places.GLUED_PERCENT,
        "the same in percent of the units; 0 where there is only one, as in a name",
    ),
    "bare-units": (
        places.BARE_UNITS,
        "units of a line without a stop, comma, semicolon or mark at its end, as of a menu in one line; else 0, and in scripts without spaces",
    ),
    "rule-words-percent": (
        places.RULE_WORDS_PERCENT,
        "different words of the other rules in it, in percent of the units",
    ),
    "little-percent": (
        places.LITTLE_PERCENT,
        "percent of the words with three small letters or fewer; -1 below two words with case",
    ),
    "piece-units": (
        places.PIECE_UNITS,
        "units of the sentence that the line is a piece of, where links broke it over lines; 0 where it is none",
    ),
    "site-percent": (places.SITE, "percent of the other pages of its site that hold the line; -1 where nobody knows"),
    "site-row-percent": (places.SITE_ROW, "the same, with the same line right above or below it"),
    "topic-words": (places.L_TOPICS, "words of six letters or more that three paragraphs or more use"),
    "lead-words": (places.L_LEADS, "words of six letters or more that the first three paragraphs of the core use"),
    "lead-percent": (places.LEAD_PERCENT, "the same in percent of the long words; -1 without"),
    "title-words": (
        places.TITLE_WORDS,
        "words of the first three paragraphs of the core in a line that stands at most 40 lines above it; else 0",
    ),
    "word-length": (places.WORD_LENGTH, "characters by word; -1 in scripts without spaces"),
}
NEAR = {
    "units": (places.NEAR_UNITS, "units of the line {}"),
    "sentence": (places.NEAR_ENDED, "whether the line {} ends as a sentence"),
    "hits": (places.NEAR_HIT, "other rules that hit the line {}"),
    "opening": (places.NEAR_OPENS, "how the line {} opens, as `opening`"),
    "capital-percent": (places.NEAR_CAPITALS, "percent of the words that begin with a capital in the line {}"),
    "digit-percent": (places.NEAR_DIGITS, "percent of the characters that are digits in the line {}"),
}
PLACED = {
    "paragraph-above": (places.PARAGRAPH_ABOVE, "lines up to the nearest paragraph above; 99 where there is none"),
    "paragraph-below": (places.PARAGRAPH_BELOW, "lines down to the nearest paragraph below; 99 where there is none"),
    "text-within-2": (places.TEXT_2, "units a line among the two lines on each side"),
    "text-within-5": (places.TEXT_5, "units a line among the five lines on each side"),
    "text-within-10": (places.TEXT_10, "units a line among the ten lines on each side"),
    "text-within-20": (places.TEXT_20, "units a line among the twenty lines on each side"),
    "sentences-within-2": (
        places.ENDED_2,
        "percent of the units of the two lines on each side that stand in sentences",
    ),
    "sentences-within-5": (places.ENDED_5, "the same of five lines on each side"),
    "sentences-within-10": (places.ENDED_10, "the same of ten lines on each side"),
    "sentences-within-20": (places.ENDED_20, "the same of twenty lines on each side"),
    "rule-words-within-5": (
        places.RULE_WORDS_5,
        "percent of the five lines on each side with a word of the other rules",
    ),
    "hits-within-5": (places.HITS_5, "percent of the five lines on each side that other rules hit"),
    "hits-within-10": (places.HITS_10, "the same of ten lines on each side"),
    "hits-within-20": (places.HITS_20, "the same of twenty lines on each side"),
    "run-lines": (places.RUN_LINES, "short lines in a row, this one among them; 0 where it is not short"),
    "run-hits": (places.RUN_HITS, "percent of the lines of that row that other rules hit"),
    "run-repeats": (places.RUN_REPEATS, "percent of the lines of that row that the document repeats"),
    "run-units": (places.RUN_UNITS, "units a line in that row"),
    "run-marks": (places.RUN_MARKS, "percent of the lines of that row that end with a comma or a colon"),
    "unended-run": (
        places.UNENDED_RUN,
        "lines in a row, this one among them, that end with no mark and are no paragraphs",
    ),
    "labels-within-5": (places.LABELS_5, "percent of the lines of these eleven with a name and its value"),
    "numbers-within-5": (places.NUMBERS_5, "percent of the lines of these eleven with a number"),
    "core-below": (places.CORE_ABOVE, "lines from here down to the core; 0 in or behind it, -1 where there is none"),
    "core-above": (places.CORE_BELOW, "lines from here up to the core; 0 in or before it, -1 where there is none"),
    "from-start": (places.FROM_START, "lines above it, at most 99"),
    "from-end": (places.FROM_END, "lines below it, at most 99"),
    "colon-above": (
        places.COLON_ABOVE,
        "lines up to one that ends with a colon, no paragraph in between; 99 where there is none",
    ),
    "article-above": (
        places.ARTICLE_ABOVE,
        "percent of the long words of the nearest paragraph above that other paragraphs use too; -1 where there is none",
    ),
    "article-below": (places.ARTICLE_BELOW, "the same of the nearest paragraph below"),
    "article-around": (
        places.ARTICLE_AROUND,
        "the lower of the two; -1 where the line does not stand between two paragraphs",
    ),
    "paragraph-gap": (
        places.PARAGRAPH_GAP,
        "lines between the nearest paragraphs above and below, this one among them; 99 where one is missing",
    ),
    "table-row": (
        places.TABLE_ROW,
        "cells of a table in it, at most as many as in the line above or below: rows of a table stand together",
    ),
    "mixed-within-5": (places.MIXED_5, "percent of these eleven lines with a word of letters and digits"),
    "gap-in-article": (
        places.ARTICLE_GAP,
        "lines between the nearest paragraphs above and below, where both share 30 % of their long words with others; else 0",
    ),
    "table-run": (
        places.NUMBER_TABLE,
        "lines of a table whose cells stand one a line: names, numbers and identifiers come again in one order; 0 where it is none",
    ),
    "bullet-run": (places.BULLET_RUN, "lines in a row that open with a bullet, short or long; 0 where it does not"),
    "bullet-run-shared": (
        places.BULLET_SHARED,
        "percent of the long words of that row that paragraphs use too; -1 where there are none",
    ),
    "run-shared": (
        places.RUN_SHARED,
        "percent of the long words of that row that paragraphs use too; -1 where it is not short",
    ),
    "sentences-before": (places.ENDED_BEFORE, "percent of the units of sentences of the document that stand above it"),
    "shared-before": (places.SHARED_BEFORE, "percent of the long words above it that paragraphs use too"),
    "shared-after": (places.SHARED_AFTER, "percent of the long words from here on that paragraphs use too"),
    "text-before": (places.TEXT_BEFORE, "percent of the units of the document that stand above it"),
    "text-after": (places.TEXT_AFTER, "percent of the units of the document that stand below it"),
    "hit-above": (places.HIT_ABOVE, "lines up to the nearest hit above; 99 where there is none"),
    "hit-below": (places.HIT_BELOW, "lines down to the nearest hit below; 99 where there is none"),
    "same-opening": (places.SAME_OPENING, "short lines among the four on each side that open alike"),
    "shared-within-5": (places.SHARED_5, "percent of the long words of these eleven lines that paragraphs use too"),
}
PAGE = {
    "lines": (places.D_LINES, "lines with text"),
    "units-a-line": (places.D_UNITS, "units a line"),
    "paragraph-percent": (places.D_PARAGRAPHS, "percent of the lines that are paragraphs"),
    "paragraph-mass": (places.D_MASS, "percent of the units that stand in paragraphs"),
    "short-percent": (places.D_SHORT, "percent of the lines that are short"),
    "short-mass": (places.D_SHORT_MASS, "percent of the units that stand in short lines"),
    "list-percent": (places.D_LISTED, "percent of the lines that open with a bullet"),
    "code-line-percent": (places.D_CODE, "percent of the lines with many signs of code"),
    "hit-percent": (places.D_HITS, "percent of the lines that other rules of the family hit"),
    "hit-kinds": (places.D_HIT_KINDS, "different rules of the family that hit the document"),
    "ended-percent": (places.D_ENDED, "percent of the lines that end as a sentence"),
    "continued-percent": (
        places.D_CONTINUED,
        "percent of the lines that go on in small letters where the line above broke off",
    ),
    "indented-percent": (places.D_INDENTED, "percent of the lines that are indented"),
    "blank-percent": (places.D_BLANK, "percent of the lines with a blank line above"),
    "repeated-percent": (places.D_REPEATED, "percent of the lines that the document repeats, digits alike"),
    "core-mass": (places.D_CORE, "percent of the units that stand in the core"),
    "outside-percent": (places.D_OUTSIDE, "percent of the lines that stand outside of the core"),
    "outside-hits": (places.D_HIT_OUTSIDE, "percent of the lines outside of the core that other rules hit"),
    "short-runs": (places.D_RUNS, "rows of four short lines or more"),
    "address-percent": (places.D_ADDRESSES, "percent of the lines with an address"),
    "capitals-percent": (places.D_CAPITALS, "percent of the words that begin with a capital; -1 in scripts without"),
    "head-short": (places.D_HEAD_SHORT, "percent of the first eight lines that are short"),
    "tail-short": (places.D_TAIL_SHORT, "percent of the last eight lines that are short"),
    "short-shared": (places.D_LOW_SHARED, "percent of the long words of short lines that paragraphs use too"),
    "number-percent": (places.D_NUMBERS, "percent of the lines with a number"),
    "longest-short-run": (places.D_MOST_RUN, "short lines in the longest row of them"),
    "wrapped-percent": (
        places.D_WRAPPED,
        "percent of the lines of 55 to 85 characters with words, as text that was broken at a fixed width",
    ),
    "rule-words-percent": (places.D_RULE_WORDS, "percent of the lines with a word of the other rules"),
    "piece-percent": (places.D_PIECES, "percent of the lines that are pieces of a broken sentence"),
    "tail-mass": (places.D_TAIL, "percent of the units that stand behind the last sentence"),
}
PAGE_POINTS = "page-points"  # the sum of the page, where it is a measure of its lines

LINE_COLUMNS: dict[str, int] = {name: column for name, (column, _) in OWN.items()}
LINE_COLUMNS |= {
    f"{name}-{side}": places.NEAR + kind * places.NEAR_STEPS + step
    for name, (kind, _) in NEAR.items()
    for step, side in enumerate(SIDES)
}
LINE_COLUMNS |= {name: column for name, (column, _) in PLACED.items()}
PAGE_COLUMNS: dict[str, int] = {name: column for name, (column, _) in PAGE.items()}
# Of lines: their own measures, then those of their page, then its points.
LINE_COLUMNS |= {f"page-{name}": places.PLACE_COLUMNS + column for name, column in PAGE_COLUMNS.items()}
LINE_COLUMNS[PAGE_POINTS] = places.PLACE_COLUMNS + places.DOCUMENT_COLUMNS
PLACED_MEASURES = frozenset(name for name, column in LINE_COLUMNS.items() if column < places.PLACE_COLUMNS)
# The measures of the page of a line stand in a table of pages, its points in the last column.
PAGE_OF_LINE = {
    name: column - places.PLACE_COLUMNS for name, column in LINE_COLUMNS.items() if column >= places.PLACE_COLUMNS
}

LINE_MEASURES: dict[str, str] = {name: text for name, (_, text) in OWN.items()}
LINE_MEASURES |= {
    f"{name}-{side}": text.format(f"{side[-1]} {side[:-2]}") for name, (_, text) in NEAR.items() for side in SIDES
}
LINE_MEASURES |= {name: text for name, (_, text) in PLACED.items()}
LINE_MEASURES |= {f"page-{name}": f"of the document: {text}" for name, (_, text) in PAGE.items()}
LINE_MEASURES[PAGE_POINTS] = "points of the document by the rule that is asked about it"
PAGE_MEASURES: dict[str, str] = {name: text for name, (_, text) in PAGE.items()}
