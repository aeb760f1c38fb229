"""Scorers that run code that is not ours, in the limited processes of pipeline/process/sandbox.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.process.exit_status import exit_of
from pipeline.process.sandbox import Job, run_all
from pipeline.recipe.scorer import Item, Score, Scorer, failed_score
from prompts.fences import first_block
from prompts.messages import to_dicts

RIGHT, WRONG, NOTHING = Score(1.0, True), Score(0.0, True), Score(0.0, False)


@dataclass(slots=True, frozen=True)
class LimitedScorer(Scorer):
    """A score from a process with limits.

    An answer that takes more time or memory is not valid. Code that ends otherwise than it should is a failed score,
    unless the code is the answer itself.
    """

    job: Job
    runs_the_answer: bool = False
    """Runs the code of the answer, so that an error is the answer's own. Who runs a program of the user's does not."""

    def score(self, text: str, gold: str) -> Score:
        """Scores one answer; many are faster together."""
        return self.score_many([Item("", (), text, gold)])[0]

    def score_many(self, items: Sequence[Item]) -> list[Score]:
        """Scores in several processes at once; InputError where the code cannot be loaded."""
        # By number: an item is put together when a process is free for it, and not a thousand at once.
        answers = run_all(self.job, len(items), lambda number: self._given(items[number]))
        return [self._score(answer) for answer in answers]

    def _given(self, item: Item) -> dict[str, Any]:
        """Describes an item to the code. A program of the user's gets the text as it is."""
        text = item.text
        if self.runs_the_answer:
            text = first_block(text)
        return {"prompt_id": item.prompt_id, "prompt": to_dicts(item.prompt), "completion": text, "gold": item.gold}

    def _score(self, answer: Mapping[str, Any]) -> Score:
        match answer:
            case {"value": float(value)} if 0 <= value <= 1:
                return Score(value, valid=True)
            case {"value": float(value)}:
                return failed_score(f"returned {value}, not 0 to 1")
            case {"passed": True} | {"code": 0}:
                return RIGHT
            # Status 1 is how unit test runners say "no"; any other is a fault of the check itself.
            case {"passed": False} | {"code": 1}:
                return WRONG
            case {"timeout": True} | {"memory": True}:
                return NOTHING
        if self.runs_the_answer:  # the process itself is gone, by os._exit or a signal: that was the answer's doing
            return NOTHING
        return failed_score(answer.get("error") or exit_of(answer))
