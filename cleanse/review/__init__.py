"""The reviewer's desk: hits of a run as questions, which of them to ask next, and a small server for the browser.

Questions and their order need no server, and `cleanse verdicts add` uses them too. Others use `find_questions` and `serve`; starlette and uvicorn are imported
inside `serve`, and are the extra `review` of the package.
"""

from __future__ import annotations

from cleanse.review.agenda import Agenda
from cleanse.review.desk import Desk
from cleanse.review.questions import Pool, Question, find_questions, read_pool
from cleanse.review.server import make_app, serve

__all__ = ["Agenda", "Desk", "Pool", "Question", "find_questions", "make_app", "read_pool", "serve"]
