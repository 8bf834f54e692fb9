"""A rule as a row, for programs."""

from __future__ import annotations

from typing import Any

from cleanse.rules import ANY, Rule


def rule_as_row(rule: Rule, *, whole: bool = False) -> dict[str, Any]:
    """Give a rule as plain values: what, why and where; with `whole` its examples, too."""
    head = rule.head
    row: dict[str, Any] = {
        "id": rule.id, "version": rule.version, "title": head.title, "why": head.why.strip(), "risk": head.risk.strip(),
        "scope": head.scope, "action": rule.action, "status": head.status, "default": head.default,
        "languages": list(rule.languages), "files": [str(path) for path in rule.paths],
    }  # fmt: skip
    if whole:
        row["examples"] = [
            {"kind": kind, "language": None if language == ANY else language, "text": example.text}
            for kind, language, _, example in rule.examples()
        ]
    return row
