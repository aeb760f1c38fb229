"""Asks a contestant every row, through the interface a teacher has."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from pipeline.evaluate.answers.contestants import Answer, HeldoutRow
from pipeline.evaluate.answers.readings import read_tokens
from pipeline.run.errors import RunError
from teachers.base import Reply, Request, Sampling, Teacher
from teachers.errors import TeacherError


@dataclass(slots=True, frozen=True)
class Questions:
    """The rows to ask, and how."""

    rows: Sequence[HeldoutRow]
    sampling: Sampling
    labels: Sequence[str] | None = None
    """What is read off each answer's first token."""


async def ask(
    teacher: Teacher,
    questions: Questions,
    *,
    in_flight: int = 1,
    on_answer: Callable[[HeldoutRow, Answer], None] = lambda row, answer: None,
) -> tuple[Answer, ...]:
    """Returns every row's answer, in the rows' order; `on_answer` sees each as it comes.

    A failed attempt is an answer with its outcome. RunError where no attempt got an answer: that says
    something about the set-up and nothing about the model.
    """
    answers: dict[int, Answer] = {}
    errors: list[TeacherError] = []
    rows = questions.rows
    queue = iter(enumerate(rows))

    async def work() -> None:
        for index, row in queue:  # shared by all workers: each takes the next row
            answers[index] = await _ask_one(teacher, row, questions, errors)
            on_answer(row, answers[index])

    async with asyncio.TaskGroup() as group:
        for _ in range(min(in_flight, len(rows))):
            group.create_task(work())
    if errors and len(errors) == len(rows):
        raise RunError(f"none of {len(rows)} held-out rows was answered: {errors[0]}") from errors[0]
    return tuple(answers[index] for index in range(len(rows)))


async def _ask_one(teacher: Teacher, row: HeldoutRow, questions: Questions, errors: list[TeacherError]) -> Answer:
    started = time.perf_counter()
    try:
        reply = await teacher.complete(Request(teacher.identity, row.student_messages, questions.sampling))
    except TeacherError as error:
        errors.append(error)
        return Answer("", outcome=error.outcome)
    return _to_answer(reply, time.perf_counter() - started, questions.labels)


def _to_answer(reply: Reply, measured_s: float, labels: Sequence[str] | None) -> Answer:
    latency_s = reply.latency_s
    if latency_s is None:
        latency_s = measured_s
    answer = Answer(
        text=reply.text,
        outcome=reply.outcome,
        input_tokens=reply.usage.input_tokens,
        output_tokens=reply.usage.output_tokens,
        latency_s=latency_s,
        cost_usd=reply.cost_usd,
    )
    return read_tokens(answer, [asdict(token) for token in reply.tokens], labels)
