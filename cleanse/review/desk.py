"""What a reviewer works on: the questions of an OUT, the verdicts so far, and the file they go to."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

from cleanse.errors import InputError
from cleanse.files import report_folder
from cleanse.report import read_described
from cleanse.review.agenda import Agenda
from cleanse.review.questions import Question, Record, read_pool, show_document, show_question
from cleanse.rules import load_rules
from cleanse.verdicts import (
    WITHDRAWN,
    WORDS,
    Verdict,
    append_verdicts,
    count_verdicts,
    interval,
    keep_valid,
    make_verdict,
    measure_agreement,
    read_verdicts,
)

REMARK_CHARS = 2_000


class Desk:
    """What the server knows: the questions, the verdicts and their file.

    One lock sees to it that no two tabs write at once.
    """

    def __init__(
        self, out: str | os.PathLike[str], file: str | os.PathLike[str], reviewer: str, *, rules: tuple[str, ...] = (), again: bool = False, drafts: bool = False
    ) -> None:  # fmt: skip
        """Draw questions from OUT, and read the verdicts that are there."""
        self.file, self.reviewer = Path(file), reviewer
        pool = read_pool(out, rules, drafts=drafts)
        said = read_verdicts(self.file) if self.file.exists() else []
        versions = pool.table.select("rule", "version").unique().rows()
        valid = {(v.rule, v.digest) for v in keep_valid(said, load_rules(), versions)}
        valid |= {(q.rule, q.digest) for q in pool.everything()}
        self.agenda = Agenda(pool, reviewer, said, frozenset(valid), again)
        self.out = Path(out)
        self.lock = threading.Lock()
        self.by_digest = {(q.rule, q.digest): q for q in pool.everything()}
        self.done: list[Verdict] = []  # of this start, to be taken back
        described = read_described(report_folder(self.out))
        self.titles = {name: (rule["title"], rule["why"]) for name, rule in described.items()}

    def record(self, question: Question) -> Record:
        """Read the document of a question."""
        return self.agenda.pool.records.get(question.id)

    def ask(self, desk: str, rule: str | None, language: str | None) -> dict[str, Any]:
        """Give the next question as JSON, with what is known about its rule."""
        with self.lock:
            question = self.agenda.choose(desk, rule, language)
            state = self.state(question)
        if question is None:
            return {"question": None, **state}
        return {"question": self.show(question), **state}

    def show(self, question: Question) -> dict[str, Any]:
        """Give a question as JSON."""
        title, why = self.titles.get(question.rule, (question.rule, ""))
        return {
            "rule": question.rule, "digest": question.digest, "title": title, "why": why, "action": question.action,
            "language": question.language, "id": question.id, "source": question.source, "line": question.line,
            "evidence": question.evidence, "drawn": question.drawn, "lines": show_question(question, self.record(question)),
        }  # fmt: skip

    def state(self, question: Question | None) -> dict[str, Any]:
        """Give what was judged: by this reviewer, and of the rule and language of a question."""
        judged, wrong = 0, 0
        if question is not None:
            own = [v for v in self.agenda.counting() if (v.rule, v.language) == (question.rule, question.language)]
            for row in count_verdicts(own).iter_rows(named=True):
                judged, wrong = row["judged"], row["wrong"]
        low, high = interval(judged - wrong, judged)
        precision = None if judged == 0 else (judged - wrong) / judged
        return {
            "own": self.agenda.progress(), "undo": len(self.done),
            "rule": {"judged": judged, "wrong": wrong, "precision": precision, "low": low, "high": high},
        }  # fmt: skip

    def judge(self, rule: str, digest: str, word: str, remark: str) -> dict[str, Any]:
        """Write a verdict to the file, and only then take note of it.

        Raises:
            InputError: there is no such question, or no such word.
        """
        question = self.by_digest.get((rule, digest))
        if question is None or word not in WORDS or word == WITHDRAWN:
            raise InputError("no such question or verdict", hint="load the page again")
        said = {**question.said(), "verdict": word, "reviewer": self.reviewer, "remark": remark[:REMARK_CHARS]}
        verdict = make_verdict(said)
        with self.lock:
            append_verdicts(self.file, [verdict])
            self.agenda.add(verdict)
            self.done.append(verdict)
        return {"saved": True}

    def undo(self, desk: str) -> dict[str, Any]:
        """Take the last verdict of this start back, and ask the same again."""
        with self.lock:
            if not self.done:
                return {"question": None, "nothing": True, **self.state(None)}
            last = self.done[-1]
            taken = make_verdict({**{name: getattr(last, name) for name in last.__dataclass_fields__}, "verdict": WITHDRAWN, "remark": ""})  # fmt: skip
            append_verdicts(self.file, [taken])
            self.done.pop()
            self.agenda.add(taken)
            question = self.by_digest[last.rule, last.digest]
            self.agenda.held[desk] = question
            state = self.state(question)
        return {"question": self.show(question), "before": {"verdict": last.verdict, "remark": last.remark}, **state}

    def document(self, rule: str, digest: str) -> dict[str, Any]:
        """Give the whole document of a question as JSON."""
        question = self.by_digest.get((rule, digest))
        if question is None:
            raise InputError("no such question", hint="load the page again")
        record = self.record(question)
        return {"id": question.id, "fate": record.fate, "line": question.line, "lines": show_document(record)}

    def overview(self) -> dict[str, Any]:
        """Give the table of rules, the most harmful first, and how far reviewers agree."""
        with self.lock:
            table = self.agenda.table()
            agreement = measure_agreement(self.agenda.counting())
        names = ("rule", "language", "action", "documents", "characters", "judged", "precision", "precision_low", "precision_high", "harm", "left")  # fmt: skip
        agreed = {"hits": agreement.hits, "same": agreement.same, "kappa": agreement.kappa}
        return {"rules": table.select(names).to_dicts(), "agreement": agreed}
