"""House rules on rules: a rule that breaks one is told so, and none of ours does.

The examples of the shipped rules run in `test_rules.py`.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from cleanse.catalogue import check as catalogue
from cleanse.catalogue import refuse_unusable, sentences, show, skeleton
from cleanse.errors import OptionError, RuleError
from cleanse.rules import RETIRED, Measure, Rules, builtin_folder, load_rules

RULES = load_rules()
HEAD = """\
title = "Line that names a mill"
why = "It stands here so that a test has a rule to break."
since = "0.1.0"
status = "stable"
scope = "line"
action = "strip"
severity = "low"
risk = "A line of a story that names a mill."
max_chars = 80
patterns = ['^{literals}$']
literals = ["old mill"]
"""
HITS = """
[[hit]]
text = "Old mill"

[[hit]]
text = "old MILL"
"""
MISSES = """
[[miss]]
text = "the old mill burned"

[[miss]]
text = "behind the mill"
"""
BLOCK = "\n[block]\nmax_lines = 3\n"
# What is broken: the rule's text without its examples, the examples, and the fault: field and a part of the reason.
BROKEN = {
    "look-ahead": (HEAD.replace("}$'", "}(?= x)'"), "", "patterns", "does not compile: look-around"),
    "back-reference": (HEAD.replace("}$'", r"}(x)\1'"), "", "patterns", "does not compile: backreferences"),
    "unclosed": (HEAD.replace("}$'", "}($'"), "", "patterns", "does not compile: unclosed group"),
    "empty": (HEAD.replace("}$'", "}?$'"), "", "patterns", "matches the empty string"),
    "unbounded": (HEAD.replace("}$'", "}.*$'"), "", "patterns", "unbounded .* or .+"),
    "unbounded-count": (HEAD.replace("}$'", "}.{3,}$'"), "", "patterns", "unbounded .* or .+"),
    "unbounded-class": (HEAD.replace("}$'", r"}[\s\S]+$'"), "", "patterns", "unbounded .* or .+"),
    "no-gate": (re.sub("(?m)^(literals|max_chars) .*\n|[{}]", "", HEAD), "", "literals", "no literal and no length"),
    "spaced-word": (HEAD.replace('"old mill"', '"old mill "'), "", "literals", "begins or ends with a space"),
    "no-pattern": (re.sub("(?m)^patterns.*\n", "", HEAD), "", "patterns", "no pattern"),
    "no-block": (HEAD.replace('"line"', '"block"'), "", "block", "needs a table [block]"),
    "block-item": (HEAD.replace('"line"', '"block"'), BLOCK + "items = ['(?=x)']", "block.items", "does not compile"),
    "block-prose": (HEAD.replace('"line"', '"block"'), BLOCK + "prose = ['x*']", "block.prose", "matches the empty"),
    "method": (HEAD + 'method = "guess"', "", "method", "no such method: guess"),
    "fix": (HEAD.replace('"strip"', '"fix"'), "", "action", "fixes and flags, and no other fixes"),
    "drop-line": (HEAD.replace('"strip"', '"drop"'), "", "action", "only a document can be dropped"),
    "no-measure": (HEAD.replace('"line"', '"document"'), "", "measure", "a document rule needs a measure"),
    "no-limit": (HEAD.replace('"line"', '"document"') + 'measure = { column = "chars" }', "", "measure", "neither min"),
    "stray-measure": (
        HEAD + 'measure = { column = "chars", min = 1 }',
        "",
        "measure",
        "only rules under quality/ and dedupe/",
    ),
    "few-hits": (HEAD, '[[hit]]\ntext = "Old mill"\n' + MISSES, "hit", "1 of 2 examples"),
    "few-hits-of-drop": (
        HEAD.replace('"line"', '"document"').replace('"strip"', '"drop"') + 'measure = { column = "chars", min = 1 }',
        "",
        "hit",
        "2 of 3 examples",
    ),
    "few-misses": (HEAD, HITS, "miss", "0 of 2 examples"),
    "twice": (HEAD, HITS + '[[hit]]\ntext = "Old mill"\n' + MISSES, "hit 3", "appears twice"),
    "far-misses": (HEAD, HITS + re.sub("old mill burned|mill", "sea", MISSES), "miss", "most misses are not near"),
    "unreached": (HEAD.replace("}$'", "}$', '^mill of$'"), "", "patterns", "no hit reaches this pattern: ^mill of$"),
    "missed-hit": (HEAD, HITS.replace("MILL", "barn, or mill") + MISSES, "hit 2", "is not hit: 'old barn, or mill'"),
    "eaten-miss": (HEAD, HITS + MISSES.replace("behind the mill", "OLD mill"), "miss 2", "is hit: 'OLD mill'"),
    "wrong-span": (HEAD, HITS.replace('MILL"', 'MILL"\nspan = "old"') + MISSES, "hit 2", "hits 'old MILL', not 'old'"),
    "learned": (HEAD, HITS + MISSES + 'expect = "fail"', "miss 2", 'passes, though marked expect = "fail"'),
}


def find_faults(folder: Path, files: dict[str, str]) -> list[tuple[str, str, str]]:
    """Write a folder of rules, check its rules alone, and give file, field and reason of each fault."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    every = load_rules(folder)
    alone = Rules([rule for rule in every if set(rule.files) & set(files)] + [every["language/undetermined"]])
    faults = catalogue.find_faults(alone)
    return [
        (fault.file.replace(str(folder), "rules"), fault.field, fault.reason.replace(str(folder), "rules"))
        for fault in faults
    ]


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """Check all broken rules in one go: they lie in one folder."""
    files = {}
    for name, (head, rest, _, _) in BROKEN.items():
        table, examples = (rest, HITS + MISSES) if "[[" not in rest else ("", rest)
        files[f"boilerplate/{name}.toml"] = f"{head}\n{table}\n{examples}"
    return find_faults(tmp_path_factory.mktemp("broken"), files)


@pytest.mark.parametrize("name", BROKEN)
def test_each_broken_rule_is_told(told, name):
    """The fault names the file, the field and the reason."""
    *_, field, reason = BROKEN[name]
    own = [(place, why) for file, place, why in told if file == f"rules/boilerplate/{name}.toml"]
    assert any(place == field and reason in why for place, why in own), own


def test_a_whole_rule_has_no_fault(tmp_path):
    """The rule from which the broken ones are made is right itself, so each fault above comes from its change."""
    assert find_faults(tmp_path, {"boilerplate/mill.toml": HEAD + HITS + MISSES}) == []


def test_a_repair_in_draft_has_no_fault(tmp_path):
    """`check` once wanted a draft to change the text. It must do what its examples say when it is tried, and no more."""
    entities = (builtin_folder() / "encoding" / "entities.toml").read_text("utf-8")
    draft = "replaces = true\n" + entities.replace('status = "stable"', 'status = "draft"')
    assert find_faults(tmp_path, {"encoding/entities.toml": draft}) == []


def test_a_repair_cannot_only_flag(tmp_path):
    """What a method of the encoding family does to a text is not a choice of its rule."""
    entities = (builtin_folder() / "encoding" / "entities.toml").read_text("utf-8")
    flagging = "replaces = true\n" + entities.replace('action = "fix"', 'action = "flag"')
    faults = find_faults(tmp_path, {"encoding/entities.toml": flagging})
    assert faults == [("rules/encoding/entities.toml", "action", "the method entities can only fix")]


def test_a_file_that_nobody_reads_is_a_fault(tmp_path):
    """`check` passed a file that ends in `.tml`. Notes and hidden files may lie in a folder of rules."""
    for name in ("boilerplate/mill.tml", "boilerplate/MILL.TOML", "README.md", ".git/config", "notes.txt", "a.toml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("", "utf-8")
    faults = [(fault.file.removeprefix(f"{tmp_path}/"), fault.reason) for fault in catalogue.find_strays(tmp_path)]
    assert faults == [("boilerplate/MILL.TOML", "no rule file"), ("boilerplate/mill.tml", "no rule file")]


def test_no_skeleton_for_a_rule_that_is_there(tmp_path):
    """`new-rule` for an id of ours wrote a draft that took its place in all languages."""
    with pytest.raises(
        OptionError, match=r"(?s)cleanse has this rule already: .*write words that join it into .*/pl.toml"
    ):
        skeleton.write_skeleton("boilerplate/share", str(tmp_path), ["pl"])
    with pytest.raises(OptionError, match=r"(?s)cleanse has this rule already: .*choose another id"):
        skeleton.write_skeleton("boilerplate/image-path", str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_faults_of_all_files_come_at_once(tmp_path):
    """A rule that cannot run does not hide what is wrong with the examples of another."""
    broken = HEAD.replace("}$'", "}(?= x)'") + HITS + MISSES
    language = 'literals = ["starý mlyn"]\n' + HITS + MISSES
    files = {
        "boilerplate/a.toml": broken,
        "boilerplate/b/rule.toml": HEAD.replace('literals = ["old mill"]\n', ""),
        "boilerplate/b/sk.toml": language,
        "moods/c.toml": HEAD + HITS + MISSES,
    }
    assert find_faults(tmp_path, files) == [
        (
            "rules/boilerplate/a.toml",
            "patterns",
            "does not compile: look-around, including look-ahead and look-behind, is not supported: ^{literals}(?= x)",
        ),
        ("rules/boilerplate/b/rule.toml", "patterns", "no hit reaches this pattern: ^{literals}$"),
        ("rules/boilerplate/b/sk.toml", "hit 1", "is not hit: 'Old mill'"),
        ("rules/boilerplate/b/sk.toml", "hit 2", "is not hit: 'old MILL'"),
        ("rules/moods/c.toml", "", "no stage runs this family"),
    ]


FOLDER = {
    "boilerplate/mill/rule.toml": HEAD.replace('literals = ["old mill"]\n', "").replace(
        "}$'", "}$', '^der {literals}$'"
    ),
    "boilerplate/mill/pl.toml": """\
literals = ["stary młyn"]
patterns = ['^{literals} nad rzeką$', '^{literals} na sprzedaż$']

[[hit]]
text = "Stary młyn"

[[hit]]
text = "Stary młyn nad rzeką"

[[hit]]
text = "Stary młyn na sprzedaż"
expect = "fail"

[[miss]]
text = "Stary młyn spłonął."

[[miss]]
text = "Za nim stary młyn"
""",
    "boilerplate/mill/zh.toml": """\
literals = ["老磨坊"]

[[hit]]
text = "老磨坊"

[[hit]]
text = "Stary młyn"

[[miss]]
text = "老磨坊已经烧毁。"

[[miss]]
text = "他住在老磨坊后面。"
""",
}


def test_patterns_of_languages_are_reached_in_their_own_file(tmp_path):
    """A template needs a hit of any language, a pattern of a language one of its own, and a hit to fail is none.

    A sentence of one language does not prove another.
    """
    pl, zh, reason = "rules/boilerplate/mill/pl.toml", "rules/boilerplate/mill/zh.toml", "no hit reaches this pattern: "
    assert find_faults(tmp_path, FOLDER) == [
        (pl, "hit 3", 'passes, though marked expect = "fail"'),
        (pl, "patterns", reason + "^{literals} na sprzedaż$"),
        ("rules/boilerplate/mill/rule.toml", "patterns", reason + "^der {literals}$"),
        (zh, "hit 2", "is not hit: 'Stary młyn'"),
        (zh, "hit 2", "stands in rules/boilerplate/mill/pl.toml too"),
    ]


def test_a_shared_pattern_is_wrong_once(tmp_path):
    """What is wrong with a pattern of rule.toml is told of that file, not of each language; a language file bears a tag."""
    files = {
        "boilerplate/mill/rule.toml": HEAD.replace('literals = ["old mill"]\n', "").replace("}$'", "}.*$'"),
        "boilerplate/mill/sk.toml": 'literals = ["old mill"]\n' + HITS + MISSES,
        "boilerplate/mill/slovene.toml": 'literals = ["stari mlin"]\n' + HITS.replace("ld", "ne") + MISSES,
    }
    assert [fault for fault in find_faults(tmp_path, files) if fault[0].endswith(("rule.toml", "slovene.toml"))] == [
        ("rules/boilerplate/mill/rule.toml", "patterns", "unbounded .* or .+ or the like: ^{literals}.*$"),
        ("rules/boilerplate/mill/slovene.toml", "", "not the tag of a language: slovene"),
    ]


def test_measures_are_known(tmp_path):
    """A measure that no stage computes is a fault that lists those that exist, not a crash of the run."""
    head = HEAD.replace('"line"', '"document"') + 'measure = { column = "beauty", min = 1 }\n'
    faults = find_faults(tmp_path, {"quality/pretty.toml": head + HITS + MISSES})
    assert faults == [("rules/quality/pretty.toml", "measure", "no such measure: beauty")]


def test_words_that_cannot_reach_their_limit(tmp_path):
    """A limit that asks for more stop words than the list has always hits, and a profile belongs to quality alone."""
    head = HEAD.replace('"line"', '"document"') + 'measure = { column = "stop_words", min = 2 }\n'
    faults = find_faults(tmp_path, {"quality/terse.toml": head + HITS + MISSES})
    assert ("rules/quality/terse.toml", "literals", "always hits: 1 words cannot reach 2") in faults
    faults = find_faults(tmp_path, {"boilerplate/mine.toml": HEAD + 'profiles = ["c4"]\n' + HITS + MISSES})
    assert ("rules/boilerplate/mine.toml", "profiles", "only rules under quality/ belong to profiles") in faults


def test_a_measure_is_tried_on_whole_documents(tmp_path):
    """Examples of a quality rule go through all stages: the limit hits the short ones and spares the long ones."""
    head = re.sub("(?m)^(literals|patterns|max_chars).*\n", "", HEAD)
    head = head.replace('"line"', '"document"') + 'measure = { column = "chars", min = 10 }\n'
    assert find_faults(tmp_path, {"quality/tiny.toml": head + HITS + MISSES}) == []
    faults = find_faults(tmp_path, {"quality/tiny.toml": head.replace("10", "16") + HITS + MISSES})
    assert faults == [("rules/quality/tiny.toml", "miss 2", "is hit: 'behind the mill'")]


def test_no_rule_of_ours_breaks_a_house_rule():
    """All that `cleanse check` says without running examples, for all shipped rules."""
    faults = [
        fault for rule in RULES for check in (catalogue._obstacles, catalogue._static_faults) for fault in check(rule)
    ]
    assert faults == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_titles_name_what_is_found(rule):
    """A title names the pattern, never the cure, and has no full stop."""
    assert not re.match(r"(?i)(?:remove|detect|no|strip|delete|clean|find|fix)\b", rule.head.title)
    assert not rule.head.title.endswith(".")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_why_and_risk_say_something(rule):
    """Neither is empty, "unknown" or a word alone."""
    for text in (rule.head.why, rule.head.risk):
        assert len(text.split()) >= 5
        assert not re.match(r"(?i)\s*(?:unknown|unlikely|todo|none)[\s.]*$", text)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_id_is_the_path(rule):
    """A rule is found where its id says: one file, or a folder with rule.toml and a file a language."""
    folder = [f"{rule.id}/rule.toml", *(f"{rule.id}/{language}.toml" for language in rule.languages)]
    assert sorted(rule.files) == sorted(folder if rule.languages else [f"{rule.id}.toml"])
    assert re.fullmatch(r"[a-z]+/[a-z][a-z0-9-]*", rule.id)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_no_example_stands_twice_in_a_language(rule):
    """The same text as two examples of one file proves nothing twice, and as hit and miss it contradicts itself.

    Of a whole document several lines may be marked.
    """
    seen = Counter((language, example.text, example.other, example.span) for _, language, _, example in rule.examples())
    assert [key for key, count in seen.items() if count > 1] == []


def test_every_pattern_is_needed():
    """Each pattern of ours is reached by a hit of its file."""
    assert sentences.find_unreached(list(RULES)) == []


@pytest.mark.parametrize(
    ("limits", "problem"),
    [
        ({"column": "digit_share", "max": 1.0}, "can never hit"),
        ({"column": "digit_share", "min": 0.0}, "can never hit"),
        ({"column": "digit_share", "min": 1.5}, "always hits"),
        ({"column": "words", "max": -1}, "always hits"),
        ({"column": "words", "min": 50, "max": 5}, "always hits: min is above max"),
        ({"column": "words", "min": 0}, "can never hit"),
        ({"column": "words", "min": 50, "max": 100_000}, None),
        ({"column": "digit_share", "max": 0.3}, None),
    ],
)
def test_limits_that_never_or_always_hit(limits, problem):
    """A limit outside of what a measure can be is a fault."""
    found = catalogue.limit_problem(Measure(**limits))
    assert (found and found[0]) == problem


def test_retired_ids_are_not_reused():
    """A retired rule keeps its id for good, so that reports of two versions can be compared."""
    retired = builtin_folder() / RETIRED
    names = {path.relative_to(retired).as_posix().removesuffix(".toml") for path in retired.rglob("*.toml")}
    assert [name for name in names if name in RULES] == []


# Languages that joined the rules of boilerplate and not yet these, and those in which three young rules have no words yet.
LATER = ["cs", "el", "hu", "nl", "ro", "sv", "uk"]
YOUNG = ["ar", "hi", "id", "ja", "ko", "th", "vi", "zh"]
GAPS = {
    "boilerplate/feedback": YOUNG,
    "boilerplate/forum": ["ar", "hi", "id", "ko", "th", "vi"],
    "boilerplate/powered-by": YOUNG,
    "quality/c4-citation-words": LATER,
    "quality/c4-policy": LATER,
    "quality/gopher-stop-words": LATER,
    "spam/planted": LATER,
}
# Languages that have words for the rules that find most, and for others where somebody knew them.
JOINED = ("bg", "bn", "ca", "da", "et", "fa", "fi", "he", "hr", "lt", "lv", "ms", "nb", "nn", "sk", "sl", "sr")
FIRST = (
    *(
        "advertisement",
        "also-read",
        "button",
        "comments",
        "cookie-consent",
        "copyright",
        "date-line",
        "form",
        "legal-link",
        "login",
    ),
    *(
        "menu-list",
        "newsletter",
        "page-jump",
        "previous-next",
        "print-email",
        "read-more",
        "related-posts",
        "relative-time",
        "share",
    ),
)


def test_every_language_has_the_words_of_every_rule():
    """A rule made of words speaks every language of the project but where GAPS says so; a new gap is seen here."""
    languages = {language for rule in RULES for language in rule.languages} - {*JOINED}
    gaps = {rule.id: sorted(languages - set(rule.languages)) for rule in RULES if rule.languages}
    assert {rule_id: missing for rule_id, missing in gaps.items() if missing} == GAPS


@pytest.mark.parametrize("language", JOINED)
def test_a_language_that_joined_has_the_words_that_find_most(language):
    """Labels of menus, buttons, comments and notices come first: they are most of the furniture of a page."""
    assert [name for name in FIRST if language not in RULES[f"boilerplate/{name}"].languages] == []


def test_the_keys_stand_in_their_order():
    """A reviewer reads every rule.toml top-down: identity, reason, behaviour, patterns, examples."""
    order = ["title", "why", "since", "status", "scope", "action", "severity", "risk", "references"]
    for path in builtin_folder().rglob("*.toml"):
        keys = [key for key in tomllib.loads(path.read_text("utf-8")) if key in order]
        assert keys == sorted(keys, key=order.index), path


@pytest.mark.parametrize("languages", [(), ("sk", "sl")])
def test_a_skeleton_passes_the_check(tmp_path, languages):
    """What `new-rule` writes is whole: a draft without a fault."""
    paths = skeleton.write_skeleton("boilerplate/my-rule", str(tmp_path), languages)
    names = [path.relative_to(tmp_path).as_posix() for path in paths]
    folder = ["boilerplate/my-rule/rule.toml", "boilerplate/my-rule/sk.toml", "boilerplate/my-rule/sl.toml"]
    assert names == (folder if languages else ["boilerplate/my-rule.toml"])
    assert find_faults(tmp_path, {name: (tmp_path / name).read_text("utf-8") for name in names}) == []
    assert load_rules(tmp_path)["boilerplate/my-rule"].head.status == "draft"


def test_a_skeleton_never_overwrites(tmp_path):
    """A second call for the same id, in either shape, is an error and leaves the file alone."""
    (path,) = skeleton.write_skeleton("spam/mine", str(tmp_path))
    path.write_text("mine", "utf-8")
    for languages in ((), ("sk",)):
        with pytest.raises(OptionError, match="the rule is there already"):
            skeleton.write_skeleton("spam/mine", str(tmp_path), languages)
    assert [file.read_text("utf-8") for file in tmp_path.rglob("*.toml")] == ["mine"]


@pytest.mark.parametrize("rule_id", ["mine", "Spam/mine", "spam/mine/deep", "../spam/mine", "spam/", "spam/mine.toml"])
def test_a_skeleton_needs_an_id(tmp_path, rule_id):
    """Anything that is not family/name is refused, and nothing is written."""
    with pytest.raises(OptionError, match="not the id of a rule"):
        skeleton.write_skeleton(rule_id, str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_rule_as_a_page():
    """The page of a rule shows why, risk, version, files, words and examples with their notes."""
    rule = RULES["boilerplate/also-read"]
    page = show.describe_rule(rule)
    assert page.startswith(f"boilerplate/also-read   {rule.head.title}\n\n{rule.head.why.strip()}\n\naction    strip, ")
    for text in (rule.head.risk.strip(), f"version   {rule.version}", "boilerplate/also-read/pl.toml", "\n[pl]\n"):
        assert text in page
    for language, body in rule.languages.items():
        block = page.split(f"\n[{language}]\n")[1].split("\n\n[")[0]
        assert all(word in block for word in body.literals)
        assert [line.split()[0] for line in block.splitlines() if line.startswith(("  hit", "  miss"))] == [
            *["hit"] * len(body.hit),
            *["miss"] * len(body.miss),
        ]


def test_a_rule_with_numbers_as_a_page():
    """Parameters stand on the page under their names."""
    page = show.describe_rule(RULES["dedupe/near"]).splitlines()
    assert "threshold 0.8" in page
    assert any(line.startswith("see       https://") for line in page)


def test_the_catalogue_of_one_language(capsys):
    """`rules --language pl` lists the rules with Polish words; a language nobody wrote for is an error."""
    show.print_catalogue(RULES, "pl")
    shown = capsys.readouterr().out
    assert f"{sum('pl' in rule.languages for rule in RULES)} rules" in shown
    assert "dedupe/near" not in shown
    with pytest.raises(OptionError, match="no rule has words in that language: xx"):
        show.print_catalogue(RULES, "xx")


def test_unless_leaves_lines_alone_and_is_checked(tmp_path):
    """A pattern of `unless` has to compile, to stand in a rule on lines, and to leave a miss alone that would be hit without it."""
    near = MISSES + '[[miss]]\ntext = "» old mill road"\n'
    wide = HEAD.replace("}$'", "}( road)?$'") + "trim = true\n"
    assert [fault[1:] for fault in find_faults(tmp_path, {"boilerplate/mill.toml": wide + HITS + near})] == [
        ("miss 3", "is hit: '» old mill road'")
    ]
    alone = wide + "unless = ['^{literals} road$']\n" + HITS + near
    assert find_faults(tmp_path, {"boilerplate/mill.toml": alone}) == []
    idle = HEAD + "trim = true\nunless = ['^{literals} lane$', '(']\n" + HITS + MISSES
    assert [fault[1:] for fault in find_faults(tmp_path, {"boilerplate/mill.toml": idle})] == [
        ("unless", "does not compile: unclosed group: (")
    ]
    idle = idle.replace(", '('", "")
    assert [fault[1:] for fault in find_faults(tmp_path, {"boilerplate/mill.toml": idle})] == [
        ("unless", "no miss needs this pattern: ^{literals} lane$")
    ]
    span = alone.replace('"line"', '"span"')
    assert ("unless", "only rules on lines leave lines alone") in {
        fault[1:] for fault in find_faults(tmp_path, {"boilerplate/mill.toml": span})
    }


def test_a_list_of_charsets_names_charsets(tmp_path: Path) -> None:
    """A name that Python does not know, or no list, is told with its place."""
    ours = (Path(__file__).resolve().parent.parent / "rules" / "encoding" / "charset.toml").read_text("utf-8")
    for wrong, told in (('["harbour-1"]', "'harbour-1'"), ("3", "3")):
        text = re.sub(r"western_charsets = \[.*?\]", f"western_charsets = {wrong}", ours)
        (tmp_path / "encoding").mkdir(exist_ok=True)
        (tmp_path / "encoding" / "charset.toml").write_text(f"replaces = true\n{text}", "utf-8")
        with pytest.raises(RuleError, match=rf"parameters\.western_charsets: no charset that Python knows: {told}"):
            refuse_unusable(load_rules(tmp_path))
