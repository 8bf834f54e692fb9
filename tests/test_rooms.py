"""The rooms of the house: what a folder shows to others, and what it keeps to itself."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import cleanse

PACKAGE = Path(__file__).resolve().parent.parent / "cleanse"
MOST_LINES = 400  # of a module; kernels are let be
ROOMS = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))


def imports_from(room: str) -> list[tuple[str, int, str, list[str]]]:
    """List what modules outside a room import from it: file, line, module and names."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.relative_to(PACKAGE).parts[0] == room:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[:2] == ["cleanse", room]:
                names = [alias.name for alias in node.names]
                found.append((str(path.relative_to(PACKAGE)), node.lineno, str(node.module), names))
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_what_it_is_for_and_what_others_may_use(room: str) -> None:
    """The docstring of a room is a paragraph, and `__all__` lists what others may use."""
    tree = ast.parse((PACKAGE / room / "__init__.py").read_text("utf-8"))
    assert len((ast.get_docstring(tree) or "").split()) > 15
    assert any(isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__" for node in tree.body)


@pytest.mark.parametrize("room", ROOMS)
def test_others_stay_out_of_the_inside_of_a_room(room: str) -> None:
    """Modules outside a room import from the room itself, and only what its `__all__` names."""
    tree = ast.parse((PACKAGE / room / "__init__.py").read_text("utf-8"))
    shown = next(
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    )
    wrong = [
        f"{file}:{line}: from {module} import {name}"
        for file, line, module, names in imports_from(room)
        for name in names
        if module != f"cleanse.{room}" or name not in shown
    ]
    assert wrong == []


def test_names_of_the_package_stay_what_they_are(tmp_path: Path) -> None:
    """`cleanse.restore` was a function at first and a module after a run: each name means one thing, also when asked twice."""
    before = {name: getattr(cleanse, name) for name in cleanse.__all__}
    (tmp_path / "a.txt").write_text("The ferry stopped on Monday.\n", "utf-8")
    cleanse.run(tmp_path / "a.txt", tmp_path / "out.parquet")
    cleanse.restore(tmp_path / "out.parquet", tmp_path / "back")

    assert {name: getattr(cleanse, name) for name in cleanse.__all__} == before
    assert (tmp_path / "back" / "a.txt").read_text("utf-8") == "The ferry stopped on Monday.\n"


def test_no_public_name_is_the_name_of_a_module() -> None:
    """A module that is imported would take the place of a function of the same name."""
    modules = {module.stem for module in PACKAGE.glob("*.py")} | set(ROOMS)
    assert set(cleanse.__all__) & modules == set()


def test_modules_stay_small() -> None:
    """A module that outgrows its limit is split by meaning, not let grow."""
    large = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if len(path.read_text("utf-8").splitlines()) > MOST_LINES and path.parent.name != "kernels"
    }
    assert large == set()
