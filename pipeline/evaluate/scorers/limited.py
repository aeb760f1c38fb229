"""Scorers that run code that is not ours, in the limited processes of curate/sandbox.py: tests, and your function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.curate.verify import exit_of
from pipeline.evaluate.scorers.base import Item, Score, failed
from pipeline.process.sandbox import Job, run_all
from prompts.fences import first_block
from prompts.messages import to_dicts
from prompts.text import normalise

RUNNER = Path(__file__).with_name("python_tests.py")
RIGHT, WRONG, NOTHING = Score(1.0, True), Score(0.0, True), Score(0.0, False)


@dataclass(slots=True, frozen=True)
class LimitedScorer:
    """A score from a process with limits. An answer that takes more time or memory is not valid; code that ends
    otherwise than it should is a failed score, but where the code is the answer itself.
    """

    job: Job
    runs_the_answer: bool = False
    """Whether an error is the answer's own: it is then wrong."""

    def normal(self, text: str) -> str:
        """NFKC, case folded, runs of white space as one space."""
        return normalise(text)

    def score(self, text: str, gold: str) -> Score:
        """One answer's score; many are faster together."""
        return self.score_many([Item("", (), text, gold)])[0]

    def score_many(self, items: Sequence[Item]) -> list[Score]:
        """A score per item; InputError where the code cannot be loaded."""
        answers = run_all(self.job, len(items), lambda number: self._given(items[number]))
        return [self._score(answer) for answer in answers]

    def check(self, golds: Sequence[str]) -> None:
        """Any gold answer will do."""

    def _given(self, item: Item) -> dict[str, Any]:
        text = first_block(item.text) if self.runs_the_answer else item.text
        return {"prompt_id": item.prompt_id, "prompt": to_dicts(item.prompt), "completion": text, "gold": item.gold}

    def _score(self, answer: Mapping[str, Any]) -> Score:
        match answer:
            case {"value": float(value)}:
                return Score(value, valid=True) if 0 <= value <= 1 else failed(f"returned {value}, not 0 to 1")
            case {"passed": True} | {"code": 0}:
                return RIGHT
            case {"passed": False} | {"code": 1}:
                return WRONG
            case {"timeout": True} | {"memory": True}:
                return NOTHING
        return NOTHING if self.runs_the_answer else failed(answer.get("error") or exit_of(answer))


def tests_scorer(command: Sequence[str] | None, timeout_s: float, memory_mb: int) -> LimitedScorer:
    """The answer's code and gold's tests: by a command, or else as Python."""
    function = None if command else (str(RUNNER), "passes")
    job = Job(function, tuple(command or ()), timeout_s, memory_mb, field="evaluate.command")
    return LimitedScorer(job, runs_the_answer=command is None)


def function_scorer(function: str, timeout_s: float, memory_mb: int) -> LimitedScorer:
    """The number that FILE.py:NAME returns."""
    path, _, name = function.rpartition(":")
    return LimitedScorer(Job((path, name), (), timeout_s, memory_mb, numbers=True, field="evaluate.function"))
