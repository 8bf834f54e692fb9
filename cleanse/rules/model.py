"""Rules are data: load them, choose among them, compile them.

A rule is a TOML file (`rules/boilerplate/image-path.toml`) or, where it is made of words of languages, a
folder (`rules/boilerplate/also-read/`) with a `rule.toml` that says what it is and one short file a language.
The id of a rule is its path. `rules/README.md` tells how to write one; the room `catalogue` checks them.
"""

from __future__ import annotations

import fnmatch
import functools
import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Literal, TypeVar, cast

import orjson
import xxhash
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cleanse import cache
from cleanse.errors import CleanseError, Fault, OptionError, RuleError
from cleanse.rules.joining import Replaced, join_rule, may_join, take_place
from cleanse.rules.prefilter import Prefilter, find_prefilter

ANY = "*"
RULE_FILE = "rule.toml"
LANGUAGE_MODEL = "language/model/"  # tables of the language stage, which are no rules
RETIRED = "retired"
CODE = "code"  # the family that keeps other rules from code
SPAM_SCORE = "spam_score"  # the column of the score of a document
PAGE_FAMILY = "boilerplate"  # whose scorecards read pages
LIMITS = ("between", "heading", "doubt")  # of a scorecard, which move along with its threshold
LOWEST = -(10**6)  # points that every document has
BUILT_IN = "rules"  # how the folder of our own rules is called in messages

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
    """

    items: list[str] = []
    prose: list[str] = []
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
    reported as drafts. `page` is taken for the points of the page where no scorecard asks. Where fewer than `brake_units` units of the
    sentences of a document would stay, or more than `brake_percent` percent of them would go, lines need `braked` points.
    """

    of: Literal["line", "document", "segment"]
    threshold: int
    base: int = 0
    always: int | None = None
    between: int | None = None
    heading: int | None = None
    doubt: int | None = None
    braked: int | None = None
    brake_units: int = 0
    brake_percent: int = 100
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


Table = TypeVar("Table", bound=Strict)


@dataclass(frozen=True)
class Template:
    """A pattern cut at its literals: what must stand `before` and `behind` them, as regexes.

    `opens` says that the literals open the line, so that nothing is asked about before; `folded` that both ends meet text
    in lower case with single spaces.
    """

    opens: bool
    before: str
    behind: str
    folded: bool


@dataclass(frozen=True)
class Pattern:
    """A pattern that sees a whole line; `folded`, in lower case with single spaces."""

    regex: str
    folded: bool

    @property
    def matching(self) -> str:
        """Give the pattern as it meets the line."""
        return fold_letters(self.regex) if self.folded else self.regex

    @property
    def prefilter(self) -> Prefilter | None:
        """Give the strings without which it cannot match, where there are some."""
        return find_prefilter(self.regex)


@dataclass(frozen=True)
class Variant:
    """A rule in one language: what the engine matches. `language` is "*" for rules without languages.

    `patterns` are all of them, compiled, and so is `unless`. Of a rule on lines, `templates` are those that can be cut at their literals, and `whole`
    the others; for spans and methods all are `whole`.
    """

    rule: str
    language: str
    everywhere: bool
    literals: tuple[str, ...]
    patterns: tuple[str, ...]
    templates: tuple[Template, ...]
    whole: tuple[Pattern, ...]
    unless: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rule:
    """One rule: its head, its languages, and where it came from.

    `folders` names the folder of each file that is not ours, `added` the files that joined a file of the same name, `before` how many
    examples of a language were there before, and `replaced` what gave way.
    `flags_in` names languages of documents in which it flags, whatever its action: a run may hold a rule back there.
    `written` is the version of its files where options of a run have changed what it does.
    """

    id: str
    head: Head
    files: tuple[str, ...]
    languages: dict[str, Body] = field(default_factory=dict)
    folders: dict[str, str] = field(default_factory=dict)
    flags_in: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    before: dict[str, dict[str, int]] = field(default_factory=dict)
    replaced: tuple[Replaced, ...] = ()
    written: str = ""

    @property
    def family(self) -> str:
        """Give the first part of the id: `boilerplate` of `boilerplate/also-read`."""
        return self.id.split("/", 1)[0]

    @property
    def paths(self) -> list[str]:
        """Give its files with their folders, for people."""
        return [*(f"{self.folders.get(name, BUILT_IN)}/{name}" for name in self.files), *self.added]

    @property
    def action(self) -> Action:
        """Say what happens to what the rule hits."""
        return self.head.action

    @functools.cached_property
    def version(self) -> str:
        """Give eight hexadecimal digits that change when anything in the files of the rule changes."""
        return self.written or xxhash.xxh3_64_hexdigest(self.canonical())[:8]

    def change_head(self, **values: object) -> Rule:
        """Give the rule with other values in its head, as options of a run ask for; its version stays that of its files."""
        return replace(self, head=self.head.model_copy(update=values), written=self.version)

    def canonical(self) -> bytes:
        """Give the rule as bytes that do not depend on the layout of its files."""
        tables = {language: body.model_dump() for language, body in self.languages.items()}
        return orjson.dumps([self.id, self.head.model_dump(), tables], option=orjson.OPT_SORT_KEYS)

    @functools.cached_property
    def variants(self) -> tuple[Variant, ...]:
        """Give the rule once a language, with its templates filled in."""
        found = []
        bodies = self.languages or {ANY: self.head}
        for language, body in bodies.items():
            templates = [*self.head.patterns, *body.patterns] if self.languages else body.patterns
            patterns = [self._compile(text, body.literals) for text in templates]
            cuts = [self._cut(text, body.literals) if body.literals else None for text in templates]
            found.append(
                Variant(
                    self.id,
                    language,
                    body.everywhere or language == ANY,
                    tuple(body.literals),
                    tuple(pattern.regex for pattern in patterns),
                    tuple(cut for cut in cuts if cut),
                    tuple(pattern for pattern, cut in zip(patterns, cuts, strict=True) if not cut),
                    tuple(
                        compile_pattern(text, body.literals, case_sensitive=self.head.case_sensitive)
                        for text in body.unless
                    ),
                )
            )
        return tuple(found)

    def _folds(self, template: str) -> bool:
        return self.head.trim and not self.head.case_sensitive and is_caseless(template)

    def _compile(self, template: str, literals: Sequence[str]) -> Pattern:
        if self._folds(template):
            return Pattern(fold_pattern(template, literals), folded=True)
        return Pattern(compile_pattern(template, literals, case_sensitive=self.head.case_sensitive), folded=False)

    def _cut(self, template: str, literals: Sequence[str]) -> Template | None:
        """Cut a template at its literals, the first time that it names them; None where it has to see the whole line."""
        if self.head.scope not in ("line", "block") or self.head.method:
            return None
        ends = cut_template(template)
        if ends is None:
            return None
        folded = self._folds(template)
        flags = "" if folded or self.head.case_sensitive else "(?i)"
        behind = f"^(?:{ends[1]})"
        before = f"{flags}(?:{ends[0]})$"
        if folded:
            return Template(ends[0] == "^", fold_letters(before), fold_letters(fold_pattern(behind, literals)), folded)
        behind = compile_pattern(behind, literals, case_sensitive=self.head.case_sensitive)
        return Template(ends[0] == "^", before, behind, folded)

    def examples(self) -> Iterator[tuple[str, str, int, Example]]:
        """Give each example as (kind, language, number, example)."""
        for language, body in {ANY: self.head, **self.languages}.items():
            for kind, examples in (("hit", body.hit), ("miss", body.miss)):
                for number, example in enumerate(examples, 1):
                    yield kind, example.language or language, number, example


def is_caseless(template: str) -> bool:
    r"""Say whether a pattern has no capital letter of its own, so that it can meet a line in lower case.

    >>> is_caseless(r"^{literals}\s*\S"), is_caseless(r"^By (?-i:\p{Lu})"), is_caseless("^Von ")
    (True, False, False)
    """
    bare = re.sub(r"\\[pPx]\{[^}]*\}|\\.|\(\?P<\w+>", "", template)
    return "(?" not in bare.replace("(?:", "") and r"\p{Lu}" not in template and bare == bare.lower()


def cut_template(template: str) -> tuple[str, str] | None:
    r"""Give what stands before and behind the first `{literals}`, or None where one end means nothing without the other.

    >>> cut_template(r"^\d+ {literals}$"), cut_template("^(?:{literals}|more)$"), cut_template("a|{literals}")
    (('^\\d+ ', '$'), None, None)
    >>> cut_template("^{literals}, {literals}$")
    ('^', ', {literals}$')
    """
    if "{literals}" not in template:
        return None
    before, behind = template.split("{literals}", 1)
    bare = [re.sub(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", "", end) for end in (before, behind)]
    nested = any(end.count("(") != end.count(")") for end in bare)
    # Alternatives at the top level, flags for all that follows, an edge of a word at the cut, a quantifier behind it.
    tied = any(_has_alternatives(end) or re.search(r"\(\?[a-zA-Z-]+\)", end) for end in bare)
    edged = re.search(r"\\[bB]$", before) or re.match(r"\\[bB]|[?*+{]", behind)
    return None if nested or tied or edged else (before, behind)


def _has_alternatives(bare: str) -> bool:
    """Say whether a pattern without classes and escapes has a bar outside all groups."""
    depth = 0
    for character in bare:
        depth += (character == "(") - (character == ")")
        if character == "|" and depth == 0:
            return True
    return False


def fold_letters(text: str) -> str:
    """Let i stand for the dotless and the dotted i of Turkish, whose capitals no other language's rules make small."""
    return text.replace("i\u0307", "i").replace("ı", "i")


def fold_pattern(template: str, literals: Sequence[str]) -> str:
    r"""Fill `{literals}` in for a line in lower case whose white space is single spaces: quick to compile.

    >>> fold_pattern("^{literals}$", ["Read more", "More"])
    '^(?:read more|more)$'
    """
    words = sorted({" ".join(word.lower().split()) for word in literals}, key=lambda text: (-len(text), text))
    choice = "|".join(re.escape(word).replace(r"\ ", " ") for word in words)
    return template.replace("{literals}", f"(?:{choice})")


def compile_pattern(template: str, literals: Sequence[str], *, case_sensitive: bool) -> str:
    r"""Fill `{literals}` in, longest first so that the longest wins, and fold case.

    >>> compile_pattern("^{literals}$", ["read more", "more"], case_sensitive=False)
    '(?i)^(?:read\\s+more|more)$'
    """
    words = sorted(literals, key=lambda text: (-len(text), text))
    choice = "|".join(r"\s+".join(re.escape(part) for part in word.split()) for word in words)
    filled = template.replace("{literals}", f"(?:{choice})")
    return filled if case_sensitive else f"(?i){filled}"


class Rules:
    """A set of rules, in the order of their ids."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        """Hold `rules`; a later rule with the same id replaces an earlier one."""
        self._rules = dict(sorted({rule.id: rule for rule in rules}.items()))

    def __iter__(self) -> Iterator[Rule]:
        """Go through the rules in the order of their ids."""
        return iter(self._rules.values())

    def __len__(self) -> int:
        """Count the rules."""
        return len(self._rules)

    def __eq__(self, other: object) -> bool:
        """Compare by what the rules say."""
        return isinstance(other, Rules) and self.digest() == other.digest()

    def __hash__(self) -> int:
        """Let a set of rules be the key of what was made ready for it."""
        return hash(self.digest())

    def __contains__(self, rule_id: str) -> bool:
        """Say whether a rule of that id is here."""
        return rule_id in self._rules

    def __getitem__(self, rule_id: str) -> Rule:
        """Give one rule.

        Raises:
            OptionError: there is no such rule; the nearest names are in the hint.
        """
        if rule_id not in self._rules:
            raise unknown_rule(rule_id, [*self._rules, *{rule.family for rule in self}])
        return self._rules[rule_id]

    def family(self, name: str) -> Rules:
        """Give the rules of one family, such as `boilerplate`."""
        return Rules(rule for rule in self if rule.family == name)

    def as_stable(self) -> Rules:
        """Give the same rules, none of them in draft: to try out what drafts would do."""
        return Rules(replace(rule, head=rule.head.model_copy(update={"status": "stable"})) for rule in self)

    def digest(self) -> str:
        """Give 32 hexadecimal digits that change when any rule changes."""
        return self._digest

    @functools.cached_property
    def _digest(self) -> str:
        return xxhash.xxh3_128_hexdigest(
            b"\n".join(rule.canonical() + ",".join(rule.flags_in).encode() for rule in self)
        )

    def select(self, select: Sequence[str] = (), ignore: Sequence[str] = ()) -> Rules:
        """Choose rules by id, family or glob. Rules that are off by default are in only when named; what spares code always is.

        Raises:
            OptionError: a name that matches no rule.
        """
        named = self._matching(select) if select else {rule.id for rule in self}
        # A family or a glob does not name what is off by default; its id does.
        chosen = {rule_id for rule_id in named if self[rule_id].head.default or rule_id in select}
        chosen |= {rule.id for rule in self if rule.family == CODE}
        chosen -= self._matching(ignore)
        return Rules(rule for rule in self if rule.id in chosen)

    def replaced(self) -> list[Replaced]:
        """List what gave way to a file that says `replaces = true`, in the order of ids."""
        return [one for rule in self for one in rule.replaced]

    def profiles(self) -> list[str]:
        """Name the profiles that rules belong to, in order."""
        return sorted({name for rule in self for name in rule.head.profiles})

    def apply_profile(self, name: str | None) -> Rules:
        """Make the rules of a profile act, drafts and those that are off by default too (`--profile`); None changes nothing.

        Raises:
            OptionError: no rule belongs to such a profile.
        """
        if name is None:
            return self
        if name not in self.profiles():
            raise OptionError("no such profile", where=name, hint=f"there are {', '.join(self.profiles())}")
        return Rules(
            rule.change_head(status="stable", default=True) if name in rule.head.profiles else rule for rule in self
        )

    def strip_spam(self) -> Rules:
        """Turn the flags of the spam family into strips (`--strip-spam`)."""
        return Rules(
            rule.change_head(action="strip")
            if rule.family == "spam" and rule.action == "flag" and rule.head.scope != "document"
            else rule
            for rule in self
        )

    def choose_pages(self, mode: str) -> Rules:
        """Say which documents are pages with furniture (`--pages`): those of the scorecard (`auto`), all (`always`) or none (`never`)."""
        if mode == "auto":
            return self
        chosen = []
        for rule in self:
            card = rule.head.scorecard
            if card is None or rule.family != PAGE_FAMILY:
                chosen.append(rule)
            elif mode == "always":
                limit = card.always if card.always is not None else LOWEST if card.of == "document" else card.threshold
                moved = {
                    name: old + limit - card.threshold for name in LIMITS if (old := getattr(card, name)) is not None
                }
                open_card = card.model_copy(update={"threshold": limit, "braked": None, **moved})
                chosen.append(rule.change_head(scorecard=open_card))
        return Rules(chosen)

    def drop_spam(self, score: float | None, every: Rules) -> Rules:
        """Let the rules that measure `spam_score` act, with `score` as their limit (`--drop-spam`); None changes nothing."""
        if score is None:
            return self
        added = [
            rule.change_head(measure=limit.model_copy(update={"max": score}))
            for rule in every
            if (limit := rule.head.measure) is not None and limit.column == SPAM_SCORE
        ]
        return Rules([*self, *added])

    def _matching(self, names: Sequence[str]) -> set[str]:
        found: set[str] = set()
        for name in names:
            matched = {
                rule.id
                for rule in self
                if rule.id == name or rule.id.startswith(f"{name.rstrip('/')}/") or fnmatch.fnmatchcase(rule.id, name)
            }
            if not matched:
                raise unknown_rule(name, [*self._rules, *{rule.family for rule in self}])
            found |= matched
        return found


def unknown_rule(name: str, known: list[str]) -> OptionError:
    """Make the error for a rule that does not exist, with the nearest names that do."""
    import difflib

    near = difflib.get_close_matches(name, sorted(known), n=3, cutoff=0.4)
    hint = f"did you mean {', '.join(near)}?" if near else "`cleanse rules` lists them all"
    return OptionError("no such rule or family", where=name, hint=hint)


def builtin_folder() -> Path:
    """Find the rules that come with cleanse: inside the installed package, else beside it.

    Raises:
        CleanseError: neither place has them.
    """
    here = Path(__file__).resolve().parents[1]
    for folder in (here / "_rules", here.parent / "rules"):
        if folder.is_dir():
            return folder
    raise CleanseError("the rules are missing from this installation", where=str(here), hint="reinstall cleanse")


def load_rules(*folders: Path | str) -> Rules:
    """Load the built-in rules, then `folders`: what they have joins, or replaces where it says so (`joining.py`).

    Raises:
        RuleError: with every fault of every file. OptionError: not a folder, or one without rules.
    """
    rules, faults = read_rules(*folders)
    if faults:
        raise RuleError(faults)
    return rules


def read_rules(*folders: Path | str) -> tuple[Rules, list[Fault]]:
    """Do the same, and give the rules that can be read beside what is wrong with the others.

    Raises:
        OptionError: not a folder, or one without rules.
    """
    own = builtin_folder()
    places = [own, *(folder for folder in map(Path, folders) if folder.resolve() != own.resolve())]
    key = xxhash.xxh3_128()
    for folder in places:
        if not folder.is_dir():
            raise OptionError("not a folder of rules", where=str(folder), hint="give a folder with .toml files")
        files = _list_files(folder)
        if not files:
            hint = "a rule is a file such as boilerplate/my-rule.toml; `cleanse new-rule` writes one"
            raise OptionError("no rule in this folder", where=str(folder), hint=hint)
        key.update(f"\0{folder}\0".encode())
        for path in files:
            key.update(path.relative_to(folder).as_posix().encode() + b"\0" + _read_bytes(path))
    return cache.fetch("rules", key.hexdigest(), lambda: _read_folders(places))


def _read_folders(places: Sequence[Path]) -> tuple[Rules, list[Fault]]:
    faults: list[Fault] = []
    rules: dict[str, Rule] = {}
    for folder in places:
        for rule in _read_folder(folder, rules, faults):
            rules[rule.id] = rule
    found = Rules(rules.values())
    found.digest()  # so that it is kept with the rules
    return found, faults


def _list_files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.toml"), key=lambda path: path.relative_to(folder).as_posix())


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:  # such as a folder of that name: reading it as a rule will say so
        return str(error).encode()


def _read_folder(folder: Path, known: dict[str, Rule], faults: list[Fault]) -> Iterator[Rule]:
    """Read each rule of one folder; what is wrong is appended to `faults`.

    What is in `known` already is joined or replaced.
    """
    label = BUILT_IN if folder == builtin_folder() else str(folder)
    files = _list_files(folder)
    relative = {path: path.relative_to(folder).as_posix() for path in files}
    groups: dict[str, list[Path]] = {}
    heads = {path.parent for path in files if path.name == RULE_FILE}
    for path in files:
        if relative[path].split("/", 1)[0] == RETIRED or relative[path].startswith(LANGUAGE_MODEL):
            continue
        parent = path.parent.relative_to(folder).as_posix()
        in_folder = path.parent in heads or parent in known
        groups.setdefault(parent if in_folder else relative[path].removesuffix(".toml"), []).append(path)
    for rule_id, paths in sorted(groups.items()):
        rule = _read_rule(rule_id, {path: relative[path] for path in paths}, label, known.get(rule_id), faults)
        if rule is not None:
            yield rule


def _read_rule(
    rule_id: str, names: dict[Path, str], label: str, known: Rule | None, faults: list[Fault]
) -> Rule | None:
    """Read one rule from its files, given with their names in the folder `label`."""
    paths = list(names)
    places = {path: f"{label}/{name}" for path, name in names.items()}
    head_path = next((path for path in paths if path.name == RULE_FILE), None)
    if head_path is None and names[paths[0]].removesuffix(".toml") == rule_id:
        head_path = paths[0]
        if rule_id.count("/") > 1 and _read_table(head_path, "", Body, []) is not None:
            parent = rule_id.rpartition("/")[0]
            reason = f"words of a language without their rule: no {RULE_FILE} beside it, and no rule {parent} to join"
            faults.append(Fault(places[head_path], "", reason, f"write {RULE_FILE}, or name the folder like the rule"))
            return None
    bodies: dict[Path, Body] = {}
    for path in paths:
        body = None if path is head_path else _read_table(path, places[path], Body, faults)
        if body is not None:
            bodies[path] = body
    place = places[head_path] if head_path else ""
    head = _read_table(head_path, place, Head, faults) if head_path else None
    if head_path and head is None:
        return None
    languages = {path.stem: body for path, body in sorted(bodies.items(), key=lambda pair: pair[0].stem)}
    if head is not None and (known is None or head.replaces):
        folders = {} if label == BUILT_IN else dict.fromkeys(names.values(), label)
        return take_place(Rule(rule_id, head, tuple(names.values()), languages, folders), known, place, faults)
    if known is None or (head is not None and not may_join(known, head, languages, place, faults)):
        return None
    return join_rule(known, head, {path: (names[path], places[path], body) for path, body in bodies.items()}, faults)


@functools.lru_cache(maxsize=2048)
def _parse_table(content: bytes, model: type[Strict]) -> Strict:
    """Read one table from the content of its file."""
    return model.model_validate(tomllib.loads(content.decode("utf-8").replace("\r\n", "\n")))


def _read_table(path: Path, name: str, model: type[Table], faults: list[Fault]) -> Table | None:
    try:
        return cast(Table, _parse_table(path.read_bytes(), model))
    except tomllib.TOMLDecodeError as error:
        faults.append(Fault(name, "", f"not valid TOML: {error}", "patterns go in 'single quotes'"))
    except UnicodeDecodeError as error:
        faults.append(Fault(name, "", f"not UTF-8: {error.reason} at byte {error.start}", "save it as UTF-8"))
    except ValidationError as error:
        for item in error.errors():
            place = ".".join(str(part) for part in item["loc"])
            hint = f"known keys: {', '.join(model.model_fields)}" if item["type"] == "extra_forbidden" else ""
            faults.append(Fault(name, place, item["msg"][:1].lower() + item["msg"][1:], hint))
    return None
