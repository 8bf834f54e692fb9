"""The room of the language stage: detectors, evidence, and which lines of a document are asked.

`cleanse/lang.py` is the stage. It uses `Model` (what language is this text?) and `scan` (which lines of a document speak for it?).
All judgement stands in `rules/language/model/`.
"""

from cleanse.language.model import Model, load_model, model_digest
from cleanse.language.scripts import scan

__all__ = ["Model", "load_model", "model_digest", "scan"]
