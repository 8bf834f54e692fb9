"""Put the pages of the site together: `python docs/site/build.py [FOLDER]`. It is what `make docs` runs before mkdocs.

Pages that people write are copied, with their links led to the pages of the site. The catalogue, with a page a rule, the commands, the
options and the Python interface are made from the rules and from the code. Nothing of it is kept in the project.
"""

from __future__ import annotations

import inspect
import posixpath
import re
import shutil
import sys
from pathlib import Path

import click

import cleanse
from cleanse.catalogue import pages as catalogue
from cleanse.cli import main as command_line
from cleanse.options import flag_of, listed
from cleanse.rules import Rule, Rules, load_rules

ROOT = Path(__file__).resolve().parent.parent.parent
BUILT = ROOT / "build"
# Pages outside of docs/, and the names that they have on the site.
OTHERS = {
    "README.md": "readme.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "benchmarks/README.md": "benchmarks.md",
    "rules/README.md": "catalogue/index.md",
}
LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s]+)\)")
SHOWN_EXAMPLES = 12


def build(folder: Path) -> None:
    """Write all pages into a folder, which is emptied first, and the configuration of mkdocs beside it."""
    shutil.rmtree(folder, ignore_errors=True)
    rules = load_rules()
    made = {f"catalogue/{rule.id}.md": rule_page(rule) for rule in rules}
    made |= {
        "catalogue/index.md": (ROOT / "rules/README.md").read_text("utf-8"),
        "reference/commands.md": commands_page(),
        "reference/options.md": options_page(),
        "reference/python.md": python_page(),
    }
    sources = {path.relative_to(ROOT / "docs").as_posix(): path for path in (ROOT / "docs").rglob("*.md")}
    sources |= {name: ROOT / source for source, name in OTHERS.items() if name not in made}
    texts = made | {name: path.read_text("utf-8") for name, path in sources.items()}
    homes = {name: path.relative_to(ROOT).as_posix() for name, path in sources.items()}
    homes["catalogue/index.md"] = "rules/README.md"
    for name, text in texts.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(lead_links(text, homes.get(name), name, rules), "utf-8")
    settings = (ROOT / "docs/site/mkdocs.yml").read_text("utf-8")
    shutil.copytree(ROOT / "docs/site/theme", folder.parent / "theme", dirs_exist_ok=True)
    settings = settings.replace("../../build/pages", "pages").replace("../../site", "../site")
    (folder.parent / "mkdocs.yml").write_text(settings.replace("CATALOGUE", navigation(rules)), "utf-8")


def navigation(rules: Rules) -> str:
    """Give the part of the navigation that lists the rules, by family."""
    lines = ["", "      - catalogue/index.md"]
    for family in [*catalogue.FAMILIES, *sorted({rule.family for rule in rules} - set(catalogue.FAMILIES))]:
        lines.append(f"      - {family}:")
        lines += [f"          - {rule.id.partition('/')[2]}: catalogue/{rule.id}.md" for rule in rules.family(family)]
    return "\n".join(lines)


def lead_links(text: str, home: str | None, name: str, rules: Rules) -> str:
    """Lead the links of a page of the project to pages of the site; a link to a file that has no page becomes its name."""
    if home is None:
        return text
    fenced = re.split(r"(^```.*?^```$)", text, flags=re.MULTILINE | re.DOTALL)
    return "".join(
        part if part.startswith("```") else LINK.sub(lambda found: lead(found, home, name, rules), part)
        for part in fenced
    )


def lead(found: re.Match[str], home: str, name: str, rules: Rules) -> str:
    """Lead one link."""
    text, target = found.groups()
    if target.startswith(("https://", "#", "mailto:")):
        return found[0]
    path, _, anchor = target.partition("#")
    source = posixpath.normpath(posixpath.join(posixpath.dirname(home), path))
    place = site_name(source, rules)
    if place is None:
        return text if text.startswith("`") or "/" in text else f"{text} (`{source}`)"
    relative = posixpath.relpath(place, posixpath.dirname(name) or ".")
    return f"[{text}]({relative}{'#' + anchor if anchor else ''})"


def site_name(source: str, rules: Rules) -> str | None:
    """Give the page that shows a file of the project."""
    if source in OTHERS:
        return OTHERS[source]
    if source.startswith("docs/") and source.endswith(".md"):
        return source.removeprefix("docs/")
    if source.startswith("rules/"):
        inside = source.removeprefix("rules/").removesuffix(".toml")
        for own in (inside, posixpath.dirname(inside)):
            if any(rule.id == own for rule in rules):
                return f"catalogue/{own}.md"
        return "catalogue/index.md"
    return None


def fence(text: str, language: str = "text", indent: str = "") -> list[str]:
    """Put a text between fences that it does not contain itself, so that it never becomes markup."""
    ticks = "`" * max(3, *(len(run) + 1 for run in re.findall(r"`+", text)), 3)
    return [f"{indent}{line}" for line in (f"{ticks}{language}", *text.rstrip("\n").split("\n"), ticks)]


def plain(text: str) -> str:
    """Write a text of a rule so that nothing in it is markup but its code between backticks."""
    parts = re.split(r"(`[^`]*`)", " ".join(text.split()))
    escaped = [part if part.startswith("`") else re.sub(r"([\\<>*_\[\]{}|#&])", r"\\\1", part) for part in parts]
    return "".join(escaped).replace("\\<", "&lt;").replace("\\>", "&gt;").replace("\\&", "&amp;")


def rule_page(rule: Rule) -> str:
    """Make the page of a rule from its files."""
    head = rule.head
    facts = {
        "acts on": head.scope,
        "does": rule.action,
        "runs": "always reported, never acts: a draft"
        if head.status == "draft"
        else "by default"
        if head.default
        else "when it is selected",
        "languages": ", ".join(rule.languages) or "any",
        "version": rule.version,
    }
    lines = [f"# {plain(head.title)}", "", f"`{rule.id}`", "", plain(head.why), "", f"**Risk.** {plain(head.risk)}", ""]
    lines += ["| it | |", "|---|---|", *(f"| {name} | {plain(str(value))} |" for name, value in facts.items()), ""]
    for kind, title in (("hit", "It must hit"), ("miss", "It must leave alone")):
        examples = [(language, example.text) for own, language, _, example in rule.examples() if own == kind]
        if examples:
            lines += [f"## {title}", ""]
            seen: set[str] = set()
            firsts = [one for one in examples if one[0] not in seen and not seen.add(one[0])]  # one of each language
            shown = firsts if rule.languages else examples[:SHOWN_EXAMPLES]
            for language, text in shown:
                lines += [*([f"`{language}`", ""] if rule.languages else []), *fence(text), ""]
            if len(examples) > len(shown):
                lines += [f"and {len(examples) - len(shown)} more in the files below.", ""]
    lines += ["## Its files", ""]
    for path in rule.paths:
        lines += [f'??? note "{Path(path).name}"', ""]
        lines += [*fence(Path(path).read_text("utf-8"), "toml", indent="    "), ""]
    return "\n".join(lines)


def commands_page() -> str:
    """Make the page of the commands from what `--help` says."""
    lines = [
        "# Commands",
        "",
        "What `--help` says of each. [The README](../readme.md#commands) has them on one page.",
        "",
    ]
    # With the settings of the command: click keeps the first form of -h that it has made.
    context = click.Context(command_line, info_name="cleanse", terminal_width=110, **command_line.context_settings)
    for name, command in sorted(command_line.commands.items()):
        lines += [f"## {name}", "", *_help(name, command, context)]
        for inner, own in sorted(command.commands.items()) if isinstance(command, click.Group) else ():
            lines += [f"### {name} {inner}", "", *_help(inner, own, click.Context(command, context, info_name=name))]
    return "\n".join(lines)


def _help(name: str, command: click.Command, parent: click.Context) -> list[str]:
    own = click.Context(command, parent, info_name=name, terminal_width=110)
    return [*fence(command.get_help(own)), ""]


def options_page() -> str:
    """Make the page of the options from the model of the options."""
    lines = [
        "# Options",
        "",
        "One model has them all: the flags of `cleanse run`, the arguments of `cleanse.run` and `cleanse.clean`, and the keys of `cleanse.toml`.",
        "An option that can change the result counts in the digest in OUT's metadata.",
        "",
        "| flag | in Python and in TOML | default | can change the result | in `clean` | |",
        "|---|---|---|---|---|---|",
    ]
    for name, field, shown in listed():
        flag = flag_of(name, shown) if shown.command else ""
        value = f" {shown.metavar}" if shown.metavar else ""
        cells = [
            f"`{flag}{value}`" if flag else "",
            f"`{name}`",
            f"`{field.default!r}`",
            _yes(shown.result),
            _yes(shown.clean),
        ]
        lines.append(f"| {' | '.join(cells)} | {plain(str(field.description))} |")
    return "\n".join([*lines, ""])


def _yes(said: bool) -> str:  # noqa: FBT001 - it is what it shows
    return "yes" if said else ""


def python_page() -> str:
    """Make the page of the Python interface from signatures and docstrings."""
    lines = ["# Python", "", *fence(inspect.getdoc(cleanse) or ""), ""]
    for name in sorted(cleanse.__all__, key=str.lower):
        thing = getattr(cleanse, name)
        kind = "class " if inspect.isclass(thing) else ""
        lines += [f"## cleanse.{name}", "", *_describe(thing, f"{kind}cleanse.{name}"), ""]
        if inspect.isclass(thing):
            for member, own in inspect.getmembers(thing):
                if (
                    not member.startswith("_")
                    and inspect.getdoc(own)
                    and member in vars(thing)
                    and member not in vars(thing).get("__dataclass_fields__", {})
                ):
                    lines += [f"### {name}.{member}", "", *_describe(own, f"{name}.{member}"), ""]
    from cleanse import errors

    return "\n".join([*lines, "## Errors", "", *fence(inspect.getdoc(errors) or ""), ""])


def _describe(thing: object, name: str) -> list[str]:
    signature = ""
    if callable(thing):
        parameters = [
            re.sub(r"cleanse\.[\w.]*\.", "", str(one)) for one in inspect.signature(thing).parameters.values()
        ]
        inside = ",\n    ".join(parameters)
        signature = f"(\n    {inside},\n)" if parameters else "()"
    return [*fence(f"{name}{signature}", "python"), "", *fence(inspect.getdoc(thing) or "")]


if __name__ == "__main__":
    build(Path(sys.argv[1]) if len(sys.argv) > 1 else BUILT / "pages")
