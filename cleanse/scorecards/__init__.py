"""Evidence that adds up: measures of a line in its page and of the page, the points that a rule gives them, and their sums.

Others use `Card` (one scorecard made ready), `Furniture` (two scorecards of boilerplate together), `Surroundings`, `survey` and
`count_hits` (what is measured), `site` (what other pages of a site hold), and the names of all measures.
"""

from __future__ import annotations

from cleanse.scorecards import site
from cleanse.scorecards.card import Card
from cleanse.scorecards.furniture import DOUBTFUL, Furniture, Outcome, survey
from cleanse.scorecards.measures import LINE_COLUMNS, LINE_MEASURES, PAGE_COLUMNS, PAGE_MEASURES, PLACED_MEASURES
from cleanse.scorecards.surroundings import Surroundings, count_hits

__all__ = [
    "DOUBTFUL",
    "LINE_COLUMNS",
    "LINE_MEASURES",
    "PAGE_COLUMNS",
    "PAGE_MEASURES",
    "PLACED_MEASURES",
    "Card",
    "Furniture",
    "Outcome",
    "Surroundings",
    "count_hits",
    "site",
    "survey",
]
