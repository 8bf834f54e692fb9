"""The room of the language stage: detectors, evidence, and which lines of a document are asked.

`cleanse/lang.py` is the stage. It uses `Model` (what language is this text?) and `scan` (which lines of a document speak for it?).
All judgement stands in `rules/language/model/`.
"""

from cleanse.language.detectors import ask_eld
from cleanse.language.model import AGREED, Model, clean_sample, load_model, model_digest
from cleanse.language.scripts import FIRST, HAN, LENGTH, LETTERS, LINE, MOST_PROBES, SCRIPT, SCRIPTS, VOTES, scan

__all__ = [
    "AGREED",
    "FIRST",
    "HAN",
    "LENGTH",
    "LETTERS",
    "LINE",
    "MOST_PROBES",
    "SCRIPT",
    "SCRIPTS",
    "VOTES",
    "Model",
    "ask_eld",
    "clean_sample",
    "load_model",
    "model_digest",
    "scan",
]
