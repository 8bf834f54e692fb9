"""What a hit is: its action and whether it acts come from its rule, in every family alike."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from runs import contents, restored, rows, run, table

from cleanse import hits
from cleanse.encoding import Repairer, repair_text
from cleanse.rules import RULE_FILE, Rules, builtin_folder, load_rules

PACKAGE = Path(hits.__file__).parent
RULES = load_rules()
ENCODING = [rule.id for rule in RULES if rule.family == "encoding"]
FERRY = "The ferry stopped on Monday because its engine gave up, and nobody could say when it would run again."
BRIDGE = "Old men sat on the bridge all day, counted the boats below it and told each other what they used to carry."
MARKET = "Every Friday farmers bring plums, honey and goose eggs to the square behind our church."
LETTER = f"Für Käse: {FERRY} Señor Núñez wrote to his daughter about it.\n".encode("cp1252")
METHODS = ("exact", "folded", "near")
# Rules of every family, and the text of a document that each of them hits.
FAMILIES: dict[str, bytes | str] = {
    "boilerplate/share": f"{FERRY}\nShare this article\n",
    "dedupe/exact": MARKET,
    "dedupe/folded": MARKET.upper(),
    "dedupe/near": BRIDGE,
    "dedupe/too-short": "Old mills",
    "encoding/charset": LETTER,
    "encoding/entities": f"{FERRY} Salt &amp; pepper, she wrote on the list.",
    "encoding/line-ends": f"{FERRY}\r\nShare this article\r\nThe end came soon.\r\n",
    "encoding/mojibake": f"FÃ¼r dich. {FERRY}",
    "encoding/suspect": "锟斤拷锟斤拷锟斤拷 2005-08-29",
    "language/undetermined": "12 345 67 89",
    "language/not-wanted": "The miller sold his house, and then he moved to the town where his daughter lives.",
    "quality/empty": "",
    "spam/planted": "Best online casino bonus no deposit free spins real money",
}
TWINS = {"dedupe/twin.txt": MARKET, "dedupe/longer.txt": f"{BRIDGE} So it went."}


def write_draft(rule_id: str, folder: Path) -> Path:
    """Copy a rule of ours into a folder, with its languages, and put it in draft."""
    source = builtin_folder()
    single = source / f"{rule_id}.toml"
    files = [single] if single.exists() else sorted((source / rule_id).glob("*.toml"))
    for path in files:
        text = path.read_text("utf-8")
        if path == single or path.name == RULE_FILE:
            text = "replaces = true\n" + text.replace('\nstatus = "stable"\n', '\nstatus = "draft"\n')
        copy = folder / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(text, "utf-8")
    return folder


def test_a_rule_in_draft_leaves_out_as_it_is_and_fills_the_drafts(tmp_path: Path) -> None:
    """Rules of every family in draft: OUT is what it is without them, and what they would have done stands in `drafts.parquet`."""
    files = {f"{rule_id}.txt": text for rule_id, text in FAMILIES.items()} | TWINS
    for rule_id in FAMILIES:
        write_draft(rule_id, tmp_path / "rules")
    drafted = run(tmp_path / "drafted", files, rules=[tmp_path / "rules"], language="pl")
    without = run(tmp_path / "without", files, ignore=list(FAMILIES), language="pl")

    assert_frame_equal(rows(drafted), rows(without))
    noted = set(table(drafted, "drafts").select("id", "rule", "action").iter_rows())
    assert {(rule, action) for _, rule, action in noted} >= {(rule, RULES[rule].action) for rule in FAMILIES}
    # Of duplicates the longest is kept, then the one with the smallest id.
    found = {(f"{rule}.txt", rule, RULES[rule].action) for rule in FAMILIES if RULES[rule].head.method not in METHODS}
    assert (
        found
        | {
            ("dedupe/twin.txt", "dedupe/exact", "drop"),
            ("dedupe/folded.txt", "dedupe/folded", "drop"),
            ("dedupe/near.txt", "dedupe/near", "drop"),
        }
        <= noted
    )
    assert not set(table(drafted, "hits")["rule"]) & FAMILIES.keys()
    assert not set(table(drafted, "signals")["rule"]) & FAMILIES.keys()
    back = restored(drafted, tmp_path / "back")
    assert back == {name: text if isinstance(text, bytes) else text.encode() for name, text in files.items()}


@pytest.mark.parametrize("rule_id", ENCODING)
def test_every_repair_in_draft_leaves_the_text_as_it_is(rule_id: str) -> None:
    """With the first example of a rule: the draft notes what the rule would do, and the text is what it is without it."""
    rule = RULES[rule_id]
    texts = [
        example.text
        for kind, _, _, example in rule.examples()
        if kind == "hit" and not (example.charset or example.row)
    ]
    if not texts:
        pytest.skip("its examples are bytes")
    usual = RULES.select().family("encoding")
    (drafted,) = as_drafts(Rules([rule]))
    documents = pl.LazyFrame({"text": texts})
    frame = repair_text(documents, Repairer(Rules([*usual, drafted]))).collect().with_row_index("doc")
    without = repair_text(documents, Repairer(Rules(one for one in usual if one.id != rule_id))).collect()

    assert frame["repaired"].to_list() == without["repaired"].to_list()
    found = hits.explode_hits(frame, "encoding_hits")
    assert set(found.filter(~pl.col("acts"))["rule"]) == {rule_id}
    assert rule_id not in set(found.filter("acts")["rule"])


def as_drafts(rules: Rules) -> Rules:
    """Put rules in draft."""
    from dataclasses import replace

    return Rules(replace(rule, head=rule.head.model_copy(update={"status": "draft"})) for rule in rules)


@pytest.mark.slow
def test_all_rules_in_draft_change_nothing(tmp_path: Path) -> None:
    """With every rule of ours in draft, every document is kept as it was read, and the drafts do not depend on the workers."""
    for rule in RULES:
        write_draft(rule.id, tmp_path / "rules")
    files = {f"{rule_id}.txt": text for rule_id, text in FAMILIES.items()} | TWINS
    alone = run(tmp_path / "alone", files, rules=[tmp_path / "rules"], shard_bytes=500)
    together = run(tmp_path / "together", files, rules=[tmp_path / "rules"], shard_bytes=500, workers=2)

    decoded = {name: text.decode("cp1252") if isinstance(text, bytes) else text for name, text in files.items()}
    assert dict(rows(alone).select("id", "text").iter_rows()) == decoded
    assert table(alone, "hits").is_empty()
    assert contents(alone) == contents(together)


def test_a_hit_takes_its_action_from_its_rule() -> None:
    """A stage says what was found and where; what is not said is null, and an unknown rule is an error."""
    found = pl.DataFrame({"doc": [0, 1], "rule": ["boilerplate/share", "encoding/entities"], "line": [2, 0]})
    made = hits.make_hits(found, [RULES["boilerplate/share"], *as_drafts(Rules([RULES["encoding/entities"]]))])

    assert made.schema == pl.Schema(hits.HIT_SCHEMA)
    assert made.select("doc", "action", "acts", "line", "start", "text").rows() == [
        (0, "strip", True, 2, None, None),
        (1, "fix", False, 0, None, None),
    ]
    with pytest.raises(pl.exceptions.InvalidOperationError):
        hits.make_hits(found, [RULES["boilerplate/share"]])
    assert hits.make_hits(found.clear(), []).schema == pl.Schema(hits.HIT_SCHEMA)


def test_one_module_knows_whether_a_hit_acts() -> None:
    """No other module writes the column `acts`, or asks a rule for its status but to show it."""
    shows = {"report/page.py"}
    wrong = [
        f"{path.relative_to(PACKAGE)}: {line.strip()}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.name != "hits.py" and path.parent.name != "catalogue" and str(path.relative_to(PACKAGE)) not in shows
        for line in path.read_text("utf-8").splitlines()
        if re.search(r"""acts=|alias\(["']acts|\.status\b""", line)
    ]
    assert wrong == []
