"""Puts every held-out prompt to one model after another, but for what was answered before."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from pipeline.evaluate.answers.ask import Questions, ask
from pipeline.evaluate.answers.contestants import Answer, HeldoutRow
from pipeline.evaluate.answers.memory import Memory, key_of, model_of
from pipeline.evaluate.answers.readings import read_labels
from pipeline.run.context import Context
from teachers.base import Sampling
from teachers.catalog import open_teacher
from teachers.pacing.meter import Metered

ALTERNATIVES = 20
"""Alternatives per token asked of local models: as many as hosted teachers give, for the same AUC."""


class Asking:
    """Asks for the answers to all rows, whose progress it counts; it remembers what each request was."""

    def __init__(self, context: Context, rows: Sequence[HeldoutRow]) -> None:
        config = context.recipe.evaluate
        self._context, self._rows, self._labels = context, rows, config.labels
        self._sampling = Sampling(temperature=0, max_tokens=config.max_tokens, top_logprobs=ALTERNATIVES)
        self.memory = Memory(context.run)
        self.keys: dict[str, list[str]] = {}
        """Contestant -> the request key of each row."""
        self.asked = 0
        """How many requests were made in all."""
        self._done = 0

    def ask(self, name: str, spec: str) -> tuple[Answer, ...]:
        """Returns the answers to all rows; a model that has answered every one is not even loaded."""
        model = model_of(spec, self._context.run)
        keys = [key_of(model, row.student_messages, self._sampling) for row in self._rows]
        self.keys[name] = keys
        owed = [place for place, key in enumerate(keys) if self.memory.get(key) is None]
        # What is remembered counts as done: a second evaluation's bar begins where the first one's ended.
        self._done += len(keys) - len(owed)
        self._context.progress.update(self._done, name)
        fresh: dict[int, Answer] = {}
        if owed:
            answers = asyncio.run(self._ask_owed(name, spec, owed))
            fresh = dict(zip(owed, answers, strict=True))
        return tuple(self._answer(place, key, fresh) for place, key in enumerate(keys))

    def _answer(self, place: int, key: str, fresh: dict[int, Answer]) -> Answer:
        if place in fresh:
            return fresh[place]
        answer = self.memory.get(key)
        assert answer is not None  # what is not remembered is owed
        return read_labels(answer, self._labels)

    async def _ask_owed(self, name: str, spec: str, owed: Sequence[int]) -> tuple[Answer, ...]:
        rows = [self._rows[place] for place in owed]
        keys = {self._rows[place].prompt_id: self.keys[name][place] for place in owed}

        def on_answer(row: HeldoutRow, answer: Answer) -> None:
            self.memory.put(keys[row.prompt_id], answer)
            self._done += 1
            self.asked += 1
            self._context.progress.update(self._done, name)

        teacher = Metered(open_teacher(spec))
        try:
            return await ask(teacher, Questions(rows, self._sampling, self._labels), on_answer=on_answer)
        finally:
            await teacher.close()
