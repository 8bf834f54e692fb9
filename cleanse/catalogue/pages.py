"""Pages that are written from the rules and not by hand: `python -m cleanse.catalogue.pages rules/README.md`."""

from __future__ import annotations

import sys
from pathlib import Path

from cleanse.rules import Rule, Rules, load_rules

ABOUT = """\
# Rules

<!-- Written by `make rules-readme`; edit cleanse/catalogue/pages.py, not this page. -->

All judgement of `cleanse` stands here: words, patterns, limits and weights. A rule is one TOML file, or a folder with a
`rule.toml` and one file a language; **its path is its id**. Every rule carries texts that it must hit and near misses that it
must leave alone, and these are its tests.

## Add a rule

1. `cleanse new-rule boilerplate/my-rule --rules rules --language en` writes a draft that passes. A draft is reported in
   `drafts.parquet` and never acts.
2. Write its words, its hits and its misses. [Writing rules](../docs/writing-rules.md) explains every key.
3. `cleanse check` runs all examples of all rules and names every fault at once.
4. Set `status = "stable"`, run `make rules-readme` and `make`, and say in [CHANGELOG.md](../CHANGELOG.md) what is new.

## Add a language

Write `LANGUAGE.toml` (a BCP 47 tag, such as `sw.toml`) into the folder of a rule; nothing else has to change. The column
*languages* shows what is missing.

## Retire a rule

Move it to `rules/retired/`, under the same path. It is not loaded any more.
"""
FAMILIES = {
    "encoding": "Repairs of single characters and of whole charsets.",
    "language": "What the detector of languages may not decide.",
    "boilerplate": "Lines and spans that belong to the page, not to its text.",
    "spam": "What is there to rank or to sell. Hits count towards `spam_score`.",
    "quality": "Limits on the measures of a whole document.",
    "dedupe": "Documents that are in the input more than once.",
}


def readme_text(rules: Rules) -> str:
    """Give the page `rules/README.md`: how to add a rule, and a table of `rules` for each family."""
    every = {language for rule in rules for language in rule.languages}
    families = [*FAMILIES, *sorted({rule.family for rule in rules} - set(FAMILIES))]
    lines = [
        ABOUT,
        "## Catalogue",
        "",
        f"{len(rules)} rules; words in {len(every)} languages: {' '.join(sorted(every))}.",
    ]
    for family in families:
        lines += ["", f"### {family}", ""]
        lines += [FAMILIES[family], ""] if family in FAMILIES else []
        lines += ["| rule | finds | scope | action | languages |", "|---|---|---|---|---|"]
        lines += [_row(rule, every) for rule in rules.family(family)]
    return "\n".join(lines) + "\n"


def _row(rule: Rule, every: set[str]) -> str:
    path = rule.id if rule.languages else f"{rule.id}.toml"
    notes = [rule.action, "in draft" * (rule.head.status == "draft"), "off by default" * (not rule.head.default)]
    title = rule.head.title.replace("|", r"\|")
    action = ", ".join(filter(None, notes))
    return f"| [{rule.id}]({path}) | {title} | {rule.head.scope} | {action} | {_languages(rule, every)} |"


def _languages(rule: Rule, every: set[str]) -> str:
    """Name the languages of a rule, or those it lacks where these are fewer."""
    missing = sorted(every - set(rule.languages))
    if not rule.languages:
        return "any"
    if not missing:
        return f"all {len(every)}"
    if len(missing) <= len(every) // 3:
        return f"{len(rule.languages)}, not {' '.join(missing)}"
    return " ".join(rule.languages)


def write_readme(path: Path) -> None:
    """Write the page for the rules that come with cleanse."""
    path.write_text(readme_text(load_rules()), "utf-8")


if __name__ == "__main__":
    write_readme(Path(sys.argv[1]))
