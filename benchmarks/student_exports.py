"""A packaged student and its exports on the held-out rows: score, agreement with the student, log-odds, latency, size.

    stillhouse run quickstart --dir RUN --until package --set 'exports=[gguf-q8_0,onnx-int8]'
    python -m benchmarks.student_exports RUN [--only NAME] [--rows 80]

Each is asked through its teacher adapter, as `evaluate` asks it, one request at a time. Answers are kept in RUN/work,
so that `--only` can go through them one by one; the table shows all that were asked so far.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from dataclasses import asdict
from pathlib import Path
from statistics import fmean, median

from pipeline.evaluate.answers.ask import Questions, ask
from pipeline.evaluate.answers.contestants import Answer, HeldoutRow
from pipeline.evaluate.answers.rows import read_evaluation_rows
from pipeline.evaluate.comparison.summary import score_answers
from pipeline.recipe.evaluate import Evaluate
from pipeline.recipe.load import load_recipe
from pipeline.run.directory import RunDir
from pipeline.run.exports import read_exports
from teachers.base import Sampling
from teachers.catalog import open_teacher

STUDENT = "student"


def main() -> None:
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # as the command does, before torch loads
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("run", type=Path)
    options.add_argument("--only")
    options.add_argument("--rows", type=int, default=80)
    given = options.parse_args()
    run, recipe = RunDir(given.run), load_recipe(given.run / "recipe.yaml")
    config = recipe.evaluate.model_copy(update={"limit": given.rows})
    rows = read_evaluation_rows(run.kept, run.dropped, run.replies, config).rows
    specs = {STUDENT: f"huggingface:{run.student}"} | {one.name: one.spec for one in read_exports(run)}
    sizes: dict[str, int] = {one.name: one.bytes or 0 for one in read_exports(run)}
    sizes[STUDENT] = sum(file.stat().st_size for file in run.student.glob("*.safetensors"))
    cache = run.work / f"benchmark-exports-{len(rows)}"
    cache.mkdir(parents=True, exist_ok=True)
    for name, spec in specs.items():
        if given.only in (None, name):
            answers = asyncio.run(answers_of(spec, rows, config))
            (cache / name).write_text(json.dumps([asdict(answer) for answer in answers]))
    show(cache, rows, config, sizes)


async def answers_of(spec: str, rows: tuple[HeldoutRow, ...], config: Evaluate) -> tuple[Answer, ...]:
    teacher = open_teacher(spec)
    try:
        how = Sampling(temperature=0, max_tokens=config.max_tokens, top_logprobs=20)
        return await ask(teacher, Questions(rows, how, config.labels))
    finally:
        await teacher.close()


def show(cache: Path, rows: tuple[HeldoutRow, ...], config: Evaluate, sizes: dict[str, int]) -> None:
    asked = {name: read(cache / name) for name in (STUDENT, *sizes) if (cache / name).is_file()}
    student, scorer = asked.get(STUDENT, []), config.to_scorer()
    print(f"{len(rows)} held-out rows")
    print(f"{'':<12} {'score':>6} {'same text':>10} {'log-odds off':>13} {'p50 ms':>7} {'MB':>6}")
    for name, answers in asked.items():
        score = fmean(one.value for one in score_answers(rows, answers, scorer))
        same = fmean(mine.text == theirs.text for mine, theirs in zip(answers, student, strict=True)) if student else 0
        pairs = [(a.log_odds, b.log_odds) for a, b in zip(answers, student, strict=False)]
        off = [abs(mine - theirs) for mine, theirs in pairs if mine is not None and theirs is not None]
        took = 1000 * median(answer.latency_s for answer in answers if answer.latency_s is not None)
        shown = f"{fmean(off):13.3f}" if off else f"{'-':>13}"
        print(f"{name:<12} {score:6.3f} {same:10.3f} {shown} {took:7.0f} {sizes[name] / 1e6:6.0f}")


def read(file: Path) -> list[Answer]:
    return [Answer(**values) for values in json.loads(file.read_text())]


if __name__ == "__main__":
    main()
