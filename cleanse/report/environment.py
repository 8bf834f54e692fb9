"""How a page of ours is made: templates that escape all they are given, one style, and a policy that knows sources by their hash."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

from cleanse import cache
from cleanse.files import store
from cleanse.report.visible import make_visible, show_text


def make_environment(package: str) -> tuple[Any, dict[str, Any]]:
    """Give the templates of a room, and what every page of ours gets.

    Templates escape all they are given. Every page gets the style with its hash, and the functions `show` and `visible`.
    """
    import jinja2

    loaders = [jinja2.PackageLoader(name, "templates") for name in dict.fromkeys((package, "cleanse.report"))]
    prepared = cache.find_folder()
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader(loaders),
        bytecode_cache=None if prepared is None else jinja2.FileSystemBytecodeCache(str(prepared)),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    assert environment.loader is not None
    style = environment.loader.get_source(environment, "report.css")[0]
    return environment, {
        "style": style,
        "style_hash": hash_source(style),
        "show": show_text,
        "visible": make_visible,
    }


def write_page_file(path: Path, page: str) -> Path:
    """Write a page so that it is there whole or not at all; gives its path.

    Raises:
        OutputError: it cannot be written.
    """
    temporary = path.with_name(f"{path.name}.tmp")
    try:
        temporary.write_text(page, "utf-8")
        temporary.replace(path)
    except OSError as error:
        raise store.cannot_write(path, error) from error
    return path


def hash_source(text: str) -> str:
    """Give the hash by which a content-security policy knows an inline script or style."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
