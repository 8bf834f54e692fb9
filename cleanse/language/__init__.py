"""The room of the language stage: detectors, evidence, and which lines of a document are asked.

`cleanse/lang.py` is the stage. It uses `scan` (which lines of a document speak for it?) and `judge_scripts` (what language is that?).
All judgement stands in `rules/language/model/`.
"""

from cleanse.language.judge import judge_scripts
from cleanse.language.loading import load_model, model_digest
from cleanse.language.model import Model
from cleanse.language.scripts import SCRIPTS, TOTAL, scan

__all__ = ["SCRIPTS", "TOTAL", "Model", "judge_scripts", "load_model", "model_digest", "scan"]
