"""Rules for people to read: all as a table, one as a page of text."""

from __future__ import annotations

from cleanse.catalogue.points import CARDS
from cleanse.errors import OptionError
from cleanse.rules import ANY, Rule, Rules

UNBROKEN = 1_000  # columns, more than any rule takes


def print_catalogue(rules: Rules, language: str | None = None) -> None:
    """Print a table of rules: id, action, status, title and languages.

    A terminal that is too narrow breaks titles and languages between words. A file or a pipe gets each rule on one line.

    Raises:
        OptionError: no rule has words in that language.
    """
    import rich.box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=rich.box.SIMPLE_HEAD, pad_edge=False)
    for column in ("rule", "action", "title", "languages"):
        table.add_column(column, overflow="fold", no_wrap=column in ("rule", "action"))
    shown = 0
    for rule in rules:
        if language is not None and language not in rule.languages:
            continue
        shown += 1
        draft = " (draft)" if rule.head.status == "draft" else ""
        cells = (rule.id, f"{rule.action}{draft}", rule.head.title, " ".join(rule.languages) or ANY)
        table.add_row(*(Text(cell) for cell in cells))
    if not shown:
        known = sorted({name for rule in rules for name in rule.languages})
        raise OptionError("no rule has words in that language", where=language, hint=f"there are {' '.join(known)}")
    terminal = Console()
    console = terminal if terminal.is_terminal else Console(width=UNBROKEN, soft_wrap=True)
    console.print(table)
    console.print(f"{shown} rule{'' if shown == 1 else 's'}")


def describe_rule(rule: Rule) -> str:
    """Give one rule as a page of text."""
    head = rule.head
    lines = [
        f"{rule.id}   {head.title}",
        "",
        head.why.strip(),
        "",
        f"action    {rule.action}, scope {head.scope}, severity {head.severity}, {head.status} since {head.since}",
        f"risk      {head.risk.strip()}",
        f"version   {rule.version}",
        f"files     {', '.join(rule.paths)}",
    ]
    lines += [f"see       {reference}" for reference in head.references]
    lines += [f"{name:9} {value}" for name, value in head.parameters.items()]
    lines += _describe_scorecard(rule)
    for variant in rule.variants:
        lines += ["", f"[{variant.language}]"]
        lines += [f"  words     {', '.join(variant.literals)}"] if variant.literals else []
        terms = rule.languages[variant.language].terms if rule.languages else {}
        for theme, levels in terms.items():
            lines += [f"  {theme}, {level}: {', '.join(words)}" for level, words in levels.items()]
        own = rule.languages[variant.language].patterns if rule.languages else variant.patterns
        lines += [f"  pattern   {pattern}" for pattern in own]
        body = rule.languages.get(variant.language, head)
        lines += [f"  unless    {pattern}" for pattern in body.unless]
        for kind, language, _, example in rule.examples():
            if language == variant.language or not rule.languages:
                note = f"   ({example.note})" if example.note else ""
                lines.append(f"  {kind:9} {example.text!r}{note}")
    return "\n".join(lines)


def _describe_scorecard(rule: Rule) -> list[str]:
    """Give a scorecard as a table: what each measure is, and what its values count for."""
    card = rule.head.scorecard
    if card is None:
        return []
    lines = ["", f"A {card.of} is hit from {card.threshold} points on (tenths of a bit); it begins with {card.base}."]
    if card.asks is not None:
        lines.append(f"Only documents are looked at that have the points of {card.asks}.")
    if card.always is not None:
        lines.append(f"Where every document counts as a page (--pages always), from {card.always} on.")
    if card.between is not None:
        lines.append(
            f"Between two lines that go, from {card.between} on; right above a line that stays, from {card.heading} on."
        )
    if card.braked is not None:
        lines.append(
            f"Where fewer than {card.brake_units} units of sentences would stay, or more than {card.brake_percent} percent of them "
            f"would go, from {card.braked} on."
        )
    if card.spares:
        lines.append(
            f"Lines with a digit that match these stay, and those between two of them, at most {card.spares_within} lines apart:"
        )
        lines += [f"  {pattern}" for pattern in card.spares]
    if card.doubt is not None:
        lines.append(f"From {card.doubt} on it is reported in drafts.parquet.")
    _, known = CARDS.get((rule.family, card.of), ("", {}))
    width = max((len(table.measure) for table in rule.head.points), default=0)
    for table in rule.head.points:
        steps = [f"below {table.bounds[0]:g}: {table.points[0]:+d}"]
        steps += [f"from {bound:g}: {worth:+d}" for bound, worth in zip(table.bounds, table.points[1:], strict=True)]
        lines.append(f"  {table.measure:{width}} {', '.join(steps)}   ({known.get(table.measure, 'unknown')})")
    lines += [f"  {mark.points:+4d} {mark.name}: {mark.pattern}" for mark in rule.head.marks]
    return lines
