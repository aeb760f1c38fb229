"""The evaluate stage: teacher, base and student on the same held-out prompts, into evaluation.json."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import orjson

from pipeline.context import Context
from pipeline.evaluate.ask import ask
from pipeline.evaluate.compare import compare
from pipeline.evaluate.contestants import BASE, STUDENT, Answer, Contestant, Row, teacher_contestants
from pipeline.evaluate.rows import read_evaluation_rows
from pipeline.evaluate.scorers import scorer_for
from pipeline.evaluate.size import HOSTED, Size, measure
from pipeline.records import write_text
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
    context.progress.start("evaluate", 2 * len(rows))
    for name, model in ((BASE, base), (STUDENT, run.student)):
        contestants.append(_contestant(context, name, model, rows))
    result = compare(rows, contestants, recipe.evaluate, selection.left_out)
    write_text(run.evaluation, orjson.dumps(result, option=orjson.OPT_INDENT_2).decode() + "\n")
    return {"rows": len(rows), **{f"{one.name}_score": result[one.name]["score"] for one in contestants}}


def _contestant(context: Context, name: str, model: Path | str, rows: tuple[Row, ...]) -> Contestant:
    spec = f"huggingface:{model}"
    answers = asyncio.run(_ask(context, name, spec, rows))
    size = measure(model) if isinstance(model, Path) else HOSTED
    return Contestant(name, spec, answers, size, in_flight=1)


async def _ask(context: Context, name: str, spec: str, rows: tuple[Row, ...]) -> tuple[Answer, ...]:
    config = context.recipe.evaluate
    sampling = Sampling(temperature=0, max_tokens=config.max_tokens, top_logprobs=ALTERNATIVES)
    done = 0 if name == BASE else len(rows)

    def on_answer(_: Answer) -> None:
        nonlocal done
        done += 1
        context.progress.update(done, name)

    teacher = Metered(open_teacher(spec))
    try:
        return await ask(teacher, rows, sampling, config, on_answer=on_answer)
    finally:
        await teacher.close()


def _teacher_size(spec: str) -> Size:
    """A local teacher's size; nobody outside knows a hosted one's."""
    parsed = Spec.parse(spec)
    if parsed.provider == "gguf":
        return measure(find_model(parsed.model))
    folder = Path(parsed.model)
    return measure(folder) if parsed.provider == "huggingface" and folder.is_dir() else HOSTED
