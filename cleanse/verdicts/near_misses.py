"""A wrong verdict becomes a near miss in the file of its rule: the test that the rule fails until somebody mends it.

The text stands on somebody's page, so it may not stay as it is: it is marked, and `cleanse check` finds fault with it until the author of the rule has
said the same in words of their own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cleanse.catalogue import REWORD, find_hits
from cleanse.rules import Rule, Rules
from cleanse.verdicts.precision import keep_valid, settle
from cleanse.verdicts.rows import TEXT_CHARS, Verdict

MARK_DIGITS = 8  # digits of the digest that the note of an example bears


@dataclass(frozen=True)
class Written:
    """What came of one wrong verdict: the file it was written to, or the reason why it was not."""

    rule: str
    text: str
    path: Path | None
    reason: str = ""


def write_misses(verdicts: Iterable[Verdict], rules: Rules, folder: Path) -> list[Written]:
    """Append a near miss for each hit that reviewers found wrong to the file of its rule in `folder`.

    A hit that the rule no longer makes needs none. What is there already, under its digest, is not written again. An example is marked
    `expect = "fail"`, since the rule still hits it, and its note begins with REWORD.
    """
    valid = keep_valid(verdicts, rules)
    wrong = {(item.rule, item.digest) for item in settle(valid) if item.verdict == "wrong"}
    chosen = list({(v.rule, v.digest): v for v in valid if (v.rule, v.digest) in wrong}.values())
    texts = [(v.rule, v.language, _example_text(v, rules[v.rule]), v.context) for v in chosen]
    hits = find_hits(rules, texts, whole=True)
    return [_write(v, rules[v.rule], folder, hit=hit) for v, hit in zip(chosen, hits, strict=True)]


def _is_pair(rule: Rule) -> bool:
    return rule.family == "dedupe" and rule.head.measure is None


def _example_text(verdict: Verdict, rule: Rule) -> str:
    """Give the line that a span stands in; of other hits the text itself."""
    return verdict.text if verdict.context is None or _is_pair(rule) else verdict.context


def _write(verdict: Verdict, rule: Rule, folder: Path, *, hit: bool) -> Written:
    text = _example_text(verdict, rule)
    if len(text) >= TEXT_CHARS or len(verdict.context or "") >= TEXT_CHARS:
        return Written(rule.id, text, None, "too long for an example: write a short one by hand")
    if not hit:
        return Written(rule.id, text, None, "not hit without its neighbours: write the lines around it by hand")
    language, name = _file(rule, verdict.language, text)
    path = folder / name
    if not path.is_file():
        return Written(rule.id, text, None, f"no {name} in {folder}: give the folder of its file with --rules")
    mark = f"verdict {verdict.digest[:MARK_DIGITS]}"
    content = path.read_text("utf-8")
    if mark in content:
        return Written(rule.id, text, None, f"stands in {name} already")
    lines = ["[[miss]]", f"text = {quote(text)}"]
    lines += [f"other = {quote(verdict.context)}"] if _is_pair(rule) and verdict.context is not None else []
    lines += [f"language = {quote(verdict.language)}"] if language not in (None, verdict.language) else []
    lines += ['expect = "fail"', f"note = {quote(f'{REWORD} {mark}')}"]
    temporary = path.with_name(f"{path.name}.tmp")
    temporary.write_text(f"{content.rstrip()}\n\n" + "\n".join(lines) + "\n", "utf-8")
    temporary.replace(path)
    return Written(rule.id, text, path)


def _file(rule: Rule, language: str, text: str) -> tuple[str | None, str]:
    """Give language and name of the file that a miss goes into: that of its language, else one whose words stand in the text."""
    if not rule.languages:
        return None, rule.files[0]
    lowered = text.lower()
    named = [tag for tag, body in rule.languages.items() if any(word.lower() in lowered for word in body.literals)]
    tag = language if language in rule.languages else next(iter(named), next(iter(rule.languages)))
    return tag, f"{rule.id}/{tag}.toml"


def quote(text: str) -> str:
    r"""Write a text as a string of TOML, on one line.

    >>> print(quote('say "no"\n\x7f'))
    "say \"no\"\n\u007f"
    """
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
