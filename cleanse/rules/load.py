"""Read folders of rules.

A rule is a TOML file (`rules/boilerplate/image-path.toml`) or, where it is made of words of languages, a
folder (`rules/boilerplate/also-read/`) with a `rule.toml` that says what it is and one short file a language.
The id of a rule is its path. `rules/README.md` tells how to write one; the room `catalogue` checks them.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar, cast

import xxhash
from pydantic import ValidationError

from cleanse import cache
from cleanse.errors import CleanseError, Fault, OptionError, RuleError
from cleanse.rules.joining import join_rule, may_join, take_place
from cleanse.rules.rule import BUILT_IN, Rule
from cleanse.rules.ruleset import Rules
from cleanse.rules.schema import Body, Head, Strict

RULE_FILE = "rule.toml"
LANGUAGE_MODEL = "language/model/"  # tables of the language stage, which are no rules
RETIRED = "retired"
Table = TypeVar("Table", bound=Strict)


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
