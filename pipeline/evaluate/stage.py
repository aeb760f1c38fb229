"""The evaluate stage: teacher, base and student on the same held-out prompts, into evaluation.json."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from pipeline.context import Context
from pipeline.evaluate.ask import ask
from pipeline.evaluate.compare import compare
from pipeline.evaluate.contestants import BASE, STUDENT, Answer, Contestant, Row, teacher_contestants
from pipeline.evaluate.exports import ask_exports, write_scores
from pipeline.evaluate.general import measure_general
from pipeline.evaluate.rows import read_evaluation_rows
from pipeline.evaluate.scorers import scorer_for
from pipeline.evaluate.size import HOSTED, Size, measure
from pipeline.records import write_text
from pipeline.student_card import write_student_card
from students.base import prepare_base
from teachers.base import Sampling
from teachers.catalog import open_teacher
from teachers.gguf import find_model
from teachers.meter import Metered
from teachers.spec import Spec

ALTERNATIVES = 20
"""Alternatives per token asked of local models: as many as hosted teachers give, for the same AUC."""


def work(context: Context) -> dict[str, Any]:
    """Asks base and student, scores all, writes evaluation.json; no new call goes to the teacher."""
    recipe, run = context.recipe, context.run
    selection = read_evaluation_rows(run.kept, run.dropped, run.replies, recipe.evaluate)
    rows = selection.rows
    contestants = teacher_contestants(
        rows,
        recipe.teachers_label,
        scorer_for(recipe.evaluate),
        size=_teacher_size(recipe.teacher[0].spec) if len(recipe.teacher) == 1 else HOSTED,
        in_flight=recipe.generate.concurrency,
    )
    base = prepare_base(recipe.student.base, cache=run.work)
    asking = _Asking(context, rows)
    context.progress.start("evaluate", (2 + len(recipe.exports)) * len(rows))
    for name, model in ((BASE, base), (STUDENT, run.student)):
        contestants.append(_contestant(asking, name, model))
    exports = ask_exports(context, rows, contestants[-1].size, asking.ask)
    result = compare(rows, contestants, recipe.evaluate, selection.left_out, exports)
    if (general := measure_general(context, base)) is not None:
        result["general"] = general
    write_text(run.evaluation, orjson.dumps(result, option=orjson.OPT_INDENT_2).decode() + "\n")
    write_scores(context, result)
    write_student_card(context, result)
    return {"rows": len(rows), **_scores(result, contestants, exports)}


def _scores(
    result: Mapping[str, Any], contestants: Sequence[Contestant], exports: Sequence[Contestant]
) -> dict[str, Any]:
    found = {f"{one.name}_score": result[one.name]["score"] for one in contestants}
    found |= {f"{one.name}_score": result["exports"][one.name]["score"] for one in exports if one.failed is None}
    failed = sum(one.failed is not None for one in exports)
    return found | ({"failed_exports": failed} if failed else {})


def _contestant(asking: _Asking, name: str, model: Path | str) -> Contestant:
    spec = f"huggingface:{model}"
    size = measure(model) if isinstance(model, Path) else HOSTED
    return Contestant(name, spec, asking.ask(name, spec), size, in_flight=1)


class _Asking:
    """Puts every row to one after another; the progress counts them all."""

    def __init__(self, context: Context, rows: tuple[Row, ...]) -> None:
        self._context, self._rows = context, rows
        self._asked = 0

    def ask(self, name: str, spec: str) -> tuple[Answer, ...]:
        """The answers to all rows."""
        done, self._asked = self._asked, self._asked + len(self._rows)
        return asyncio.run(self._ask(name, spec, done))

    async def _ask(self, name: str, spec: str, done: int) -> tuple[Answer, ...]:
        config = self._context.recipe.evaluate
        sampling = Sampling(temperature=0, max_tokens=config.max_tokens, top_logprobs=ALTERNATIVES)

        def on_answer(_: Answer) -> None:
            nonlocal done
            done += 1
            self._context.progress.update(done, name)

        teacher = Metered(open_teacher(spec))
        try:
            return await ask(teacher, self._rows, sampling, config, on_answer=on_answer)
        finally:
            await teacher.close()


def _teacher_size(spec: str) -> Size:
    """A local teacher's size; nobody outside knows a hosted one's."""
    parsed = Spec.parse(spec)
    if parsed.provider == "gguf":
        return measure(find_model(parsed.model))
    folder = Path(parsed.model)
    return measure(folder) if parsed.provider == "huggingface" and folder.is_dir() else HOSTED
