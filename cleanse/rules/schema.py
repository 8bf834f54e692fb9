"""The tables of a rule file: what may stand in it, and of which type."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Action = Literal["fix", "strip", "flag", "drop"]
Scope = Literal["document", "line", "span", "block"]


class Strict(BaseModel):
    """A table of a rule file: unknown keys are faults, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Example(Strict):
    """A text that a rule must hit or must leave alone.

    `span` is the part that is hit (default: all of it). `fixed` is the text after a fix, `other` the second
    document of a pair of duplicates, `charset` the encoding in which the text is handed over as bytes, `row` the row of JSON that holds it.
    """

    text: str
    span: str | None = None
    fixed: str | None = None
    other: str | None = None
    charset: str | None = None
    row: str | None = None
    language: str | None = None
    note: str = ""
    expect: Literal["pass", "fail"] = "pass"


class Block(Strict):
    """How far a block reaches below its heading line.

    A line belongs to it as a sure item when it matches one of `items`, or as a loose item when it has at most
    `loose_chars` characters and matches none of `prose`. Loose items count in runs of `loose_run` or more, or
    when they reach the end of the document. At most `max_lines` lines, with gaps of `max_gap` blank lines.
    A line ends the block when it matches one of `parts`, or says the same as a heading of the text elsewhere.
    """

    items: list[str] = []
    prose: list[str] = []
    parts: list[str] = []
    loose_chars: int = 0
    loose_run: int = 2
    max_lines: int
    max_gap: int = 1


class Heading(Strict):
    """When a label is a heading of the text and no furniture: the line below it is text.

    That line stands at most `max_gap` blank lines below, matches one of `below`, has at least `min_chars` characters, and no rule
    takes it, nor the line before the label. With `above`, the line before must match too, for labels that also stand between a title and its article.
    """

    below: list[str]
    min_chars: int
    max_gap: int = 1
    above: bool = False


class Measure(Strict):
    """A document rule: it hits where the named measure is below `min` or above `max`, but for documents in `not_in` languages."""

    column: str
    min: float | None = None
    max: float | None = None
    not_in: list[str] = []


class Scorecard(Strict):
    """A rule that adds up evidence: it acts from `threshold` on, in tenths of a bit of log-odds; `base` is what all begin with.

    Of lines there are more limits. `always` is the threshold where each document counts as a page (`--pages always`). A line between two
    that go needs `between` points, and one right above a line that stays `heading` points. Lines with `doubt` points that stay are
    reported as drafts. `asks` names the scorecard of documents that says whose lines are looked at; `page` is taken for the points of the
    document where none asks. Where fewer than `brake_units` units of the sentences of a document would stay, or more than
    `brake_percent` percent of them would go, lines need `braked` points. Lines with a digit that match one of `spares` stay, and so do those
    between two of them that are at most `spares_within` lines apart.
    Of each site at most `site_most` pages are counted, without those that share `site_alike` percent of their long lines with an earlier one;
    its evidence counts for pages with at least `site_pages` others that share `site_shared` percent of their lines with any. 0 `site_pages`
    asks nothing of sites.
    """

    of: Literal["line", "document", "segment"]
    asks: str | None = None
    threshold: int
    base: int = 0
    always: int | None = None
    between: int | None = None
    heading: int | None = None
    doubt: int | None = None
    braked: int | None = None
    brake_units: int = 0
    brake_percent: int = 100
    spares: list[str] = []
    spares_within: int = 0
    site_pages: int = 0
    site_most: int = 48
    site_alike: int = 70
    site_shared: int = 5
    page: int = 0


class Points(Strict):
    """What the values of one measure count for: below `bounds[0]` the first of `points`, and so on."""

    measure: str
    bounds: list[float]
    points: list[int]


class Mark(Strict):
    """A pattern of a scorecard that a line matches or not: tenths of a bit for those that do.

    `of` is what it looks at: the whole `line`, the line `bare` of tags and entities, the line only where it has `markup`, that is
    a tag or an entity, or the same line without the elements of HTML, so that what is left is `foreign`. With `document`, a pattern too, it looks at all
    lines of the documents that match it, else at lines with a mark, a tag or an entity.
    """

    name: str
    pattern: str
    points: int
    of: Literal["line", "bare", "markup", "foreign"] = "line"
    document: str | None = None


class Body(Strict):
    """What a single-file rule and a language file share: words, patterns and their examples.

    `unless` are patterns of lines that stay though one of `patterns` matches them. `terms` are words by theme and level, for a
    scorecard of segments. `replaces` puts the file in the place of one that is there
    already (`joining.py`); it says nothing about the rule itself, and is not part of its version.
    """

    everywhere: bool = False
    terms: dict[str, dict[Literal["topic", "pitch", "sure", "words"], list[str]]] = {}
    literals: list[str] = []
    patterns: list[str] = []
    unless: list[str] = []
    hit: list[Example] = []
    miss: list[Example] = []
    replaces: Annotated[bool, Field(exclude=True)] = False


class Head(Body):
    """The keys of `rule.toml` and of a single-file rule, in the order in which they are written."""

    title: Annotated[str, Field(min_length=3, max_length=60)]
    why: Annotated[str, Field(min_length=20)]
    since: str
    status: Literal["draft", "stable"]
    scope: Scope
    action: Action
    severity: Literal["low", "medium", "high"]
    risk: Annotated[str, Field(min_length=20)]
    references: list[str] = []
    weight: Annotated[float, Field(gt=0, lt=1)] | None = None
    case_sensitive: bool = False
    label: bool = False
    trim: bool = False
    min_chars: Annotated[int, Field(ge=0)] = 0
    max_chars: Annotated[int, Field(ge=1)] | None = None
    min_lines: Annotated[int, Field(ge=1)] = 1
    head: Annotated[int, Field(ge=1)] | None = None
    tail: Annotated[int, Field(ge=1)] | None = None
    replacement: str | None = None
    default: bool = True
    profiles: list[Annotated[str, Field(pattern="^[a-z][a-z0-9-]*$")]] = []
    method: str | None = None
    parameters: dict[str, int | float | str | list[str]] = {}
    block: Block | None = None
    heading: Heading | None = None
    measure: Measure | None = None
    scorecard: Scorecard | None = None
    points: list[Points] = []
    marks: list[Mark] = []
