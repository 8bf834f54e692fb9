"""The site of the documentation: pages that are made from the code, links, and the tutorial, whose commands run."""

from __future__ import annotations

import importlib.util
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from cleanse import load_rules
from cleanse.cli import main
from cleanse.options import listed
from tests.test_docs import ROOT, blocks, compare, read, slug

TUTORIAL = "docs/tutorial.md"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Put the pages together, as `make docs` does before mkdocs."""
    spec = importlib.util.spec_from_file_location("build_site", ROOT / "docs/site/build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    folder = tmp_path_factory.mktemp("site") / "pages"
    module.build(folder)
    return folder


def test_each_rule_has_a_page(site: Path) -> None:
    """The page of a rule bears its title, why and risk, and shows all its files."""
    for rule in load_rules():
        page = (site / "catalogue" / f"{rule.id}.md").read_text("utf-8")
        assert f"`{rule.id}`" in page
        for path in rule.paths:
            first = next(line for line in Path(path).read_text("utf-8").splitlines() if line)
            assert f"    {first}" in page.splitlines(), path


def test_commands_and_options_have_their_places(site: Path) -> None:
    """Each command, each option and each name of the Python interface is there."""
    import cleanse

    commands = (site / "reference/commands.md").read_text("utf-8")
    assert re.findall(r"^## (.+)$", commands, re.MULTILINE) == sorted(main.commands)
    options = (site / "reference/options.md").read_text("utf-8")
    assert re.findall(r"\| `(\w+)` \|", options) == [name for name, _, _ in listed()]
    python = (site / "reference/python.md").read_text("utf-8")
    assert [name for name in cleanse.__all__ if f"## cleanse.{name}\n" not in python] == []


def test_links_of_the_site(site: Path) -> None:
    """Each link between pages leads to a page, and to a heading where it names one; nothing leads out of the site."""
    broken = []
    for page in site.rglob("*.md"):
        text = re.sub(r"^( *)(`{3,}).*?^ *\2$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
        for target in re.findall(r"[^\\]\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", text)):
            path, _, anchor = target.partition("#")
            place = page if not path else (page.parent / path).resolve()
            if target.startswith("https://"):
                continue
            if not place.is_relative_to(site.resolve()) and path:
                broken.append((page.name, target))
                continue
            headings = re.findall(r"^#+ (.+)$", place.read_text("utf-8"), re.MULTILINE) if place.exists() else []
            if not place.exists() or (anchor and anchor not in map(slug, headings)):
                broken.append((page.name, target))
    assert broken == []


def test_each_page_is_in_the_navigation(site: Path) -> None:
    """No page is left out, and none is named that is not there."""
    named = re.findall(r"([\w/-]+\.md)$", (site.parent / "mkdocs.yml").read_text("utf-8"), re.MULTILINE)
    assert sorted(named) == sorted(path.relative_to(site).as_posix() for path in site.rglob("*.md"))


@pytest.mark.slow
def test_mkdocs_builds_it(site: Path) -> None:
    """The site is built without a warning, without a network, and its search works from the disk."""
    pytest.importorskip("material")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--config-file", str(site.parent / "mkdocs.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    built = site.parent.parent / "site"
    assert (built / "search/search_index.js").exists()
    for page in built.rglob("*.html"):
        assert re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=\"?https?://[^>]*", page.read_text("utf-8")) == [], (
            page
        )


def test_the_tutorial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """The commands of the tutorial run one behind the other and print what stands below them, where something does."""
    shutil.copytree(ROOT / "seeds", tmp_path / "seeds")
    monkeypatch.chdir(tmp_path)
    for block in blocks(read(TUTORIAL), "console"):
        commands = re.findall(r"^\$ cleanse (.+)$", block, re.MULTILINE)
        below = re.sub(r"^\$ .+\n", "", block, flags=re.MULTILINE)
        done = [CliRunner().invoke(main, shlex.split(command)) for command in commands]
        assert [(one.exit_code, one.stderr) for one in done] == [(0, "")] * len(commands)
        if below:
            compare(below, TUTORIAL, done[-1].stdout, request)
    for block in blocks(read(TUTORIAL), "python"):
        exec(compile(block, TUTORIAL, "exec"), {})
    assert (tmp_path / "back/en/lentil-soup.md").read_bytes() == (ROOT / "seeds/en/lentil-soup.md").read_bytes()
