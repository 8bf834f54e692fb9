"""A new rule to begin with: a draft that passes `cleanse check`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from cleanse.errors import OptionError
from cleanse.rules import load_rules

SKELETON = """\
title = "Name what is found"
why = \"\"\"
Say what the line is and what harm it does when it stays.\"\"\"
since = "{version}"
status = "draft"
scope = "line"
action = "flag"
severity = "low"
risk = \"\"\"
Say which good text could be hit by mistake.\"\"\"
max_chars = 120
patterns = ['^[\\W_]{{0,6}}{{literals}}[\\W_]{{0,6}}$']
"""
BODY = """
literals = ["write {phrase} here"]

[[hit]]
text = "Write {phrase} here"

[[hit]]
text = "» write {phrase} here «"

[[miss]]
text = "She asked me to write {phrase} here, and I did."

[[miss]]
text = "Do not write {phrase} here unless you are told to."
"""


def write_skeleton(rule_id: str, folder: str, languages: Sequence[str] = ()) -> list[Path]:
    """Write a rule in draft that passes `cleanse check`: one file, or a folder with a file for each language.

    Gives the paths.

    Raises:
        OptionError: the id is not `family/name` in small letters, or the rule is there already, among ours or in the folder.
    """
    from cleanse import __version__

    if not re.fullmatch(r"[a-z][a-z0-9-]*/[a-z][a-z0-9-]*", rule_id):
        raise OptionError("not the id of a rule", where=rule_id, hint="write family/name, such as boilerplate/my-rule")
    ours = load_rules()
    if rule_id in ours:
        own = ours[rule_id]
        words = f"{folder}/{rule_id}/{(languages or ['en'])[0]}.toml"
        hint = f"write words that join it into {words}, or choose another id" if own.languages else "choose another id"
        hint += "; a whole rule takes its place only where it says replaces = true"
        raise OptionError("cleanse has this rule already", where=own.paths[0], hint=hint)
    base = Path(folder) / rule_id
    files = {base.with_suffix(".toml"): SKELETON.format(version=__version__) + BODY.format(phrase="a phrase")}
    if languages:
        files = {base / "rule.toml": SKELETON.format(version=__version__)}
        for language in languages:
            files[base / f"{language}.toml"] = BODY.lstrip().format(phrase=f"a phrase of {language}")
    there = [path for path in (*files, base, base.with_suffix(".toml")) if path.exists()]
    if there:
        raise OptionError("the rule is there already", where=str(there[0]), hint="edit it, or choose another id")
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return list(files)
