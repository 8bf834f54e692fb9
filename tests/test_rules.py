"""Every example of every rule is a test, and rules load, join, replace and are chosen as their page says."""

from __future__ import annotations

import functools
import shutil
from pathlib import Path

import pytest

from cleanse.catalogue import check as catalogue
from cleanse.errors import OptionError, RuleError
from cleanse.hits import divide_drafts
from cleanse.rules import Rules, builtin_folder, compile_pattern, load_rules

RULES = load_rules()
HEAD = """\
title = "Line that names a mill"
why = "It stands here so that a test has a rule to load."
since = "0.1.0"
status = "stable"
scope = "line"
action = "strip"
severity = "low"
risk = "A line of a story that names a mill."
max_chars = 80
patterns = ['^{literals}$']
"""
WORDS = """
literals = ["old mill"]
[[hit]]
text = "Old mill"
[[hit]]
text = "old MILL"
[[miss]]
text = "the old mill burned"
[[miss]]
text = "an old mill"
"""


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write a folder of rules: path -> text."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


def faults_of(folder: Path) -> list[tuple[str, str, str]]:
    """Load a folder that is wrong, and give what is wrong with it."""
    with pytest.raises(RuleError) as caught:
        load_rules(folder)
    return [(fault.file.removeprefix(f"{folder}/"), fault.field, fault.reason) for fault in caught.value.faults]


@functools.cache
def verdicts() -> dict[str, tuple[str, str] | None]:
    """Run all examples once; later calls look them up."""
    return {case.name: problem for case, problem in catalogue.run_examples(RULES)}


@pytest.mark.parametrize("case", catalogue.cases(RULES), ids=lambda case: case.name)
def test_example(case: catalogue.Case):
    """A hit is hit, on its span; a miss is left alone; one marked `expect = "fail"` is still wrong."""
    problem = verdicts()[case.name]
    assert problem is None, f"{catalogue.file_of(case.rule, case.language)}: {' - '.join(problem)}"


def test_names_of_examples_are_unique():
    """No two examples share a name, so each test has a verdict of its own."""
    names = [case.name for case in catalogue.cases(RULES)]
    assert sorted(set(names)) == sorted(names)


def test_a_language_file_adds_tests_without_python(tmp_path):
    """A Slovak file beside the rule of cleanse brings its examples as cases, and nothing else changes."""
    write(tmp_path, {"boilerplate/also-read/cy.toml": WORDS})
    added = {case.name for case in catalogue.cases(load_rules(tmp_path))} - {
        case.name for case in catalogue.cases(RULES)
    }
    assert added == {f"boilerplate/also-read:cy:{kind}-{number}" for kind in ("hit", "miss") for number in (1, 2)}


def test_a_language_file_joins_the_rule(tmp_path):
    """The rule keeps its head and its other languages, and names the new file among its files."""
    write(tmp_path, {"boilerplate/also-read/cy.toml": WORDS})
    before, after = RULES["boilerplate/also-read"], load_rules(tmp_path)["boilerplate/also-read"]
    assert after.head == before.head
    assert set(after.languages) == {*before.languages, "cy"}
    assert after.languages["cy"].literals == ["old mill"]
    assert after.files == (*before.files, "boilerplate/also-read/cy.toml")


def test_words_of_a_language_that_is_there_join(tmp_path):
    """A user's English words count together with ours; they took the place of ours. What stands in both counts once."""
    ours = RULES["boilerplate/also-read"].languages["en"]
    words = WORDS.replace('["old mill"]', f'["old mill", "{ours.literals[0]}"]')
    after = load_rules(write(tmp_path, {"boilerplate/also-read/en.toml": words}))["boilerplate/also-read"]
    assert after.languages["en"].literals == [*ours.literals, "old mill"]
    assert after.languages["en"].patterns == ours.patterns
    assert [hit.text for hit in after.languages["en"].hit] == [*(hit.text for hit in ours.hit), "Old mill", "old MILL"]
    assert after.languages["pl"] == RULES["boilerplate/also-read"].languages["pl"]
    assert after.paths == [*RULES["boilerplate/also-read"].paths, f"{tmp_path}/boilerplate/also-read/en.toml"]
    assert after.replaced == ()


def test_a_fault_of_words_that_joined_stands_in_their_file(tmp_path):
    """The first hit of the user's file is number 1 there, though the rule has others before it."""
    rules = load_rules(write(tmp_path, {"boilerplate/also-read/en.toml": WORDS}))
    faults = catalogue.find_faults(Rules([rules["boilerplate/also-read"], rules["language/undetermined"]]))
    assert [(fault.file, fault.field) for fault in faults] == [
        (f"{tmp_path}/boilerplate/also-read/en.toml", f"hit {number}") for number in (1, 2)
    ]


def test_a_language_file_replaces_where_it_says_so(tmp_path):
    """With `replaces = true` the user's English words stand in the place of ours; Polish stays, and the rule knows what gave way."""
    write(tmp_path, {"boilerplate/also-read/en.toml": f"replaces = true\n{WORDS}"})
    rules = load_rules(tmp_path)
    after = rules["boilerplate/also-read"]
    assert after.languages["en"].literals == ["old mill"]
    assert after.languages["pl"] == RULES["boilerplate/also-read"].languages["pl"]
    place = f"{tmp_path}/boilerplate/also-read/en.toml"
    assert list(map(str, rules.replaced())) == [f"boilerplate/also-read in en, by {place}"]
    assert set(after.paths) == {*RULES["boilerplate/also-read"].paths} - {"rules/boilerplate/also-read/en.toml"} | {
        place
    }


@pytest.mark.parametrize("shape", ["file", "folder"])
def test_a_rule_of_the_same_id_replaces_where_it_says_so(tmp_path, shape):
    """A rule with the id of one of ours takes its place whole, whether it is one file or a folder, if it says so; else it is a fault."""
    one = {"boilerplate/also-read.toml": HEAD + WORDS}
    many = {"boilerplate/also-read/rule.toml": HEAD, "boilerplate/also-read/cy.toml": WORDS}
    files = one if shape == "file" else many
    first = next(iter(files))
    assert [(file, reason.split(", and")[0]) for file, _, reason in faults_of(write(tmp_path, files))] == [
        (first, "there is a rule of this id already, rules/boilerplate/also-read/zh.toml")
    ]
    rules = load_rules(write(tmp_path, {**files, first: f"replaces = true\n{files[first]}"}))
    rule = rules["boilerplate/also-read"]
    assert rule.head.title == "Line that names a mill"
    assert list(rule.languages) == ([] if shape == "file" else ["cy"])
    assert len(rules) == len(RULES)
    assert list(map(str, rules.replaced())) == [f"boilerplate/also-read, by {tmp_path}/{first}"]


def test_a_copy_of_a_rule_joins_it(tmp_path):
    """A copy of a folder of ours with one more word is the rule with that word; a copy of all rules is no fault and changes nothing."""
    shutil.copytree(builtin_folder(), tmp_path / "all")
    assert load_rules(tmp_path / "all") == RULES
    assert load_rules(builtin_folder()) == RULES
    copy = tmp_path / "all" / "boilerplate" / "share" / "en.toml"
    copy.write_text(copy.read_text("utf-8").replace("literals = [", 'literals = ["wink at it", ', 1), "utf-8")
    shared = load_rules(tmp_path / "all")["boilerplate/share"].languages["en"].literals
    assert shared == [*RULES["boilerplate/share"].languages["en"].literals, "wink at it"]


@pytest.mark.parametrize(
    ("files", "fault"),
    [
        (
            {"boilerplate/mill.toml": f"replaces = true\n{HEAD}{WORDS}"},
            ("boilerplate/mill.toml", "replaces", "there is no rule boilerplate/mill to replace"),
        ),
        (
            {"boilerplate/also-read/cy.toml": f"replaces = true\n{WORDS}"},
            ("boilerplate/also-read/cy.toml", "replaces", "boilerplate/also-read has no words in cy to replace"),
        ),
        (
            {"boilerplate/image-path/en.toml": WORDS},
            (
                "boilerplate/image-path/en.toml",
                "",
                "boilerplate/image-path has no languages that words could join: rules/boilerplate/image-path.toml",
            ),
        ),
    ],
)
def test_what_can_neither_join_nor_replace_is_a_fault(tmp_path, files, fault):
    """There is nothing of that name, or the rule is not made of words of languages."""
    assert faults_of(write(tmp_path, files)) == [fault]


def test_later_folders_win(tmp_path):
    """Of two folders with the same rule the one that is named last counts, where it says so."""
    first = write(tmp_path / "a", {"boilerplate/mill.toml": HEAD + WORDS})
    barn = HEAD.replace("a mill", "a barn") + WORDS
    second = write(tmp_path / "b", {"boilerplate/mill.toml": f"replaces = true\n{barn}"})
    assert load_rules(first, second)["boilerplate/mill"].head.title == "Line that names a barn"


def test_a_folder_without_rules_is_refused(tmp_path):
    """A folder in which no rule lies was taken for one without faults."""
    (tmp_path / "notes.md").write_text("Rules will come.", "utf-8")
    with pytest.raises(OptionError, match="no rule in this folder"):
        load_rules(tmp_path)


def test_all_faults_at_once(tmp_path):
    """Unknown key, wrong value, broken TOML and wrong encoding are told together, each with file and field."""
    write(
        tmp_path,
        {
            "boilerplate/a.toml": HEAD + 'litterals = ["x"]' + WORDS,
            "boilerplate/b.toml": HEAD.replace('"strip"', '"remove"').replace("80", '"many"') + WORDS,
            "boilerplate/c.toml": 'title = "never closed\n',
            "boilerplate/e/rule.toml": HEAD,
            "boilerplate/e/cy.toml": 'words = ["x"]\n',
        },
    )
    (tmp_path / "boilerplate/d.toml").write_bytes(b'title = "Gr\xfc\xdfe"\n')
    faults = faults_of(tmp_path)
    assert [fault[:2] for fault in faults] == [
        ("boilerplate/a.toml", "litterals"),
        ("boilerplate/b.toml", "action"),
        ("boilerplate/b.toml", "max_chars"),
        ("boilerplate/c.toml", ""),
        ("boilerplate/d.toml", ""),
        ("boilerplate/e/cy.toml", "words"),
    ]
    assert faults[3][2].startswith("not valid TOML: ")
    assert faults[4][2] == "not UTF-8: invalid start byte at byte 11"


def test_words_without_their_rule(tmp_path):
    """A language file joins no rule of ours and has no rule.toml: one fault says so, not one for each missing key."""
    write(tmp_path, {"boilerplate/also-raed/cy.toml": WORDS})
    reason = "words of a language without their rule: no rule.toml beside it, and no rule boilerplate/also-raed to join"
    assert faults_of(tmp_path) == [("boilerplate/also-raed/cy.toml", "", reason)]


def test_a_typo_is_answered_with_the_known_keys(tmp_path):
    """The error names file, field, reason and the keys that exist."""
    write(tmp_path, {"boilerplate/a.toml": HEAD + 'litterals = ["x"]' + WORDS})
    with pytest.raises(RuleError) as caught:
        load_rules(tmp_path)
    first, second, third = str(caught.value).splitlines()
    assert first == "1 fault in the rule files"
    assert second == f"{tmp_path}/boilerplate/a.toml: litterals: extra inputs are not permitted"
    assert third.startswith(
        "  hint: known keys: everywhere, terms, literals, patterns, unless, hit, miss, replaces, title, why,"
    )


@pytest.mark.parametrize("key", ["title", "why", "since", "status", "scope", "action", "severity", "risk"])
def test_every_rule_says_what_it_is(tmp_path, key):
    """A rule without one of the keys that people read is refused, and the key is named."""
    lines = [line for line in HEAD.splitlines() if not line.startswith(f"{key} =")]
    write(tmp_path, {"boilerplate/a.toml": "\n".join(lines) + WORDS})
    assert faults_of(tmp_path) == [("boilerplate/a.toml", key, "field required")]


def test_a_folder_that_is_not_there(tmp_path):
    """A wrong --rules folder is an error with a way out, not an empty set of rules."""
    with pytest.raises(OptionError, match=r"not a folder of rules: .*nowhere"):
        load_rules(tmp_path / "nowhere")


def test_retired_rules_are_not_loaded(tmp_path):
    """What lies under retired/ is history: it is kept in the folder and takes no part."""
    write(tmp_path, {"retired/boilerplate/mill.toml": HEAD + WORDS})
    assert {rule.id for rule in load_rules(tmp_path)} == {rule.id for rule in RULES}


def test_select_by_id_family_and_glob():
    """A name is an id, a family, a folder of ids or a glob; ignore takes away what select chose."""
    ids = {rule.id for rule in RULES}
    spam = {name for name in ids if name.startswith("spam/") and RULES[name].head.default}
    always = {"code/lines"}
    assert {rule.id for rule in RULES.select(["spam"])} == spam | always
    assert {rule.id for rule in RULES.select(["spam/"])} == spam | always
    assert {rule.id for rule in RULES.select(["dedupe/e*"])} == {"dedupe/exact"} | always
    assert [rule.id for rule in RULES.select(["spam/planted", "dedupe/near"], ["code"])] == [
        "dedupe/near",
        "spam/planted",
    ]
    assert {rule.id for rule in RULES.select(["spam"], ["spam/planted"])} == (spam | always) - {"spam/planted"}
    assert {rule.id for rule in RULES.select([], ["*/*"])} == set()


def test_rules_off_by_default_come_in_by_name(tmp_path):
    """`default = false` keeps a rule out of every run that does not name its id; a family or a glob does not name it."""
    rules = load_rules(write(tmp_path, {"boilerplate/mill.toml": HEAD + "default = false\n" + WORDS}))
    assert "boilerplate/mill" not in rules.select()
    assert "boilerplate/mill" in rules.select(["boilerplate/mill"])
    for name in ("boilerplate", "boilerplate/m*"):
        assert "boilerplate/mill" not in rules.select([name, "boilerplate/also-read"])


@pytest.mark.parametrize("option", ["select", "ignore"])
def test_unknown_names_get_near_hints(option):
    """A misspelt rule or family is an error that names the nearest ones."""
    with pytest.raises(OptionError) as caught:
        RULES.select(**{option: ["boilerplate/also-raed"]})
    assert str(caught.value).startswith("no such rule or family: boilerplate/also-raed\n  hint: did you mean ")
    assert "boilerplate/also-read" in str(caught.value)
    with pytest.raises(OptionError, match="did you mean boilerplate"):
        RULES.select(**{option: ["boilerplat"]})
    with pytest.raises(OptionError, match="`cleanse rules` lists them all"):
        RULES["qqqqqqqq"]


def test_strip_spam_turns_flags_into_strips():
    """--strip-spam changes what spam segments come to, and no other family or document rule."""
    actions = {rule.id: rule.action for rule in RULES.strip_spam()}
    for rule in RULES:
        segment = rule.family == "spam" and rule.action == "flag" and rule.head.scope != "document"
        assert actions[rule.id] == ("strip" if segment else rule.action)
    assert "strip" in {actions[rule.id] for rule in RULES.family("spam")}
    assert "strip" not in {rule.action for rule in RULES.family("spam")}


def test_the_version_changes_with_one_word(tmp_path):
    """A word more, and the rule has another version and the set another digest; layout changes neither."""

    def load(name: str, words: str) -> Rules:
        files = {"boilerplate/mill/rule.toml": HEAD, "boilerplate/mill/cy.toml": words}
        return load_rules(write(tmp_path / name, files))

    plain, more = load("a", WORDS), load("b", WORDS.replace('"old mill"', '"old mill", "new mill"'))
    spaced = load("c", WORDS.replace('["old mill"]', '[\n  "old mill",\n]  # a comment'))
    assert plain["boilerplate/mill"].version != more["boilerplate/mill"].version
    assert plain.digest() != more.digest()
    assert plain["boilerplate/mill"].version == spaced["boilerplate/mill"].version
    assert plain.digest() == spaced.digest()
    assert [rule.version for rule in plain.family("spam")] == [rule.version for rule in more.family("spam")]


@pytest.mark.parametrize(
    ("words", "pattern"),
    [
        (["a", "ab c"], r"(?i)^(?:ab\s+c|a)$"),
        (["1.5 $"], r"(?i)^(?:1\.5\s+\$)$"),
        (["ещё", "читать ещё"], r"(?i)^(?:читать\s+ещё|ещё)$"),
    ],
)
def test_words_fill_the_template(words, pattern):
    """Longest first, escaped, any white space for a space, any case."""
    assert compile_pattern("^{literals}$", words, case_sensitive=False) == pattern


def test_drafts_do_not_act(tmp_path):
    """A rule in draft is loaded and selected, but is not among those that act; to try it out, it can be made stable."""
    rules = load_rules(write(tmp_path, {"boilerplate/mill.toml": HEAD.replace('"stable"', '"draft"') + WORDS}))
    assert "boilerplate/mill" in rules.select()
    acting, drafts = divide_drafts(rules)
    assert "boilerplate/mill" not in acting
    assert "boilerplate/mill" in drafts
    assert len(divide_drafts(rules.as_stable())[1]) == 0
