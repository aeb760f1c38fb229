"""The cascade of a run: its student, its teacher, and the threshold between them, opened and served."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from typing import Any

import orjson

from pipeline.inference.endpoints import configure_teacher
from pipeline.recipe.load import load_recipe
from pipeline.recipe.recipe import Recipe
from pipeline.recipe.teachers import TeacherEntry
from pipeline.run.directory import RunDir
from pipeline.run.errors import RunError
from pipeline.run.progress import Progress
from pipeline.run.records import read_rows
from pipeline.serve.cascade import Cascade
from pipeline.serve.child import base_url, free_port, serve_child
from pipeline.serve.engines import MODEL, Engine
from pipeline.serve.proxy import build_app, require_proxy, serve_app
from pipeline.serve.ready import Announce, describe
from prompts.errors import InputError
from prompts.messages import Conversation, from_dicts
from teachers.base import Teacher
from teachers.catalog import open_teacher
from teachers.pacing.meter import Metered

IN_FLIGHT = 64
"""Requests at once that the student's server is sent, and the teacher."""
ROWS = 4
"""Requests at once that a student in this process answers."""

CHOSEN = "chosen"
"""Instead of a threshold: the one that evaluation chose."""

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(slots=True, frozen=True)
class Fallback:
    """Who is asked when the student is not sure."""

    recipe: Recipe
    entry: TeacherEntry
    threshold: float

    @classmethod
    def of(cls, run: RunDir, threshold: str, spec: str | None) -> Fallback:
        """Read from the command line and the run; InputError says what is missing. MissingExtra without the proxy."""
        require_proxy()
        recipe = load_recipe(run.recipe)
        return cls(recipe, _entry(recipe, spec), _threshold(run, threshold))


def serve_both(
    run: RunDir, engine: Engine, host: str, port: int, fallback: Fallback, announce: Announce, progress: Progress
) -> None:
    """Serves until Ctrl-C; says at its end who answered how often."""
    label = fallback.entry.label
    if host not in LOOPBACK:
        progress.say(f"whoever reaches {host}:{port} has '{label}' asked, with your key and at your cost")
    with ExitStack() as stack:
        spec, log = _student(run, engine, stack)
        cascade = {"threshold": fallback.threshold, "teacher": fallback.entry.spec}
        ready = describe(run, engine, base_url(host, port), log, cascade)
        asyncio.run(_serve(run, spec, fallback, (host, port), lambda: announce(ready), progress))


def examples_of(run: RunDir) -> Conversation:
    """The turns that the teacher was shown and the student is not: those of the recipe's template, the same in any row.

    Both conversations end in the question; the teacher's has the examples before it.
    """
    for row in read_rows(run.kept, ["messages", "prompt"]):
        shown, asked = from_dicts(row["messages"]), from_dicts(row["prompt"])
        return shown[len(asked) - 1 : len(shown) - 1]
    return ()


async def _serve(
    run: RunDir,
    student: str,
    fallback: Fallback,
    address: tuple[str, int],
    on_ready: Callable[[], None],
    progress: Progress,
) -> None:
    generate = fallback.recipe.generate
    endpoint = configure_teacher(fallback.entry, generate, system=True)
    async with AsyncExitStack() as stack:

        def opened(spec: Any, at_once: int) -> Teacher:
            teacher = open_teacher(spec, concurrency=at_once, timeout_s=generate.timeout_s)
            stack.push_async_callback(teacher.close)
            return teacher

        cascade = Cascade(
            teacher=Metered(opened(endpoint.description.spec, IN_FLIGHT), fallback.entry.to_price()),
            student=opened(student, IN_FLIGHT if student.startswith("openai:") else ROWS),
            threshold=fallback.threshold,
            usual=endpoint.sampling,
            usual_schema=endpoint.schema,
            examples=examples_of(run),
            optional=frozenset(generate.optional),
            tell=progress.say,
        )
        stack.callback(lambda: progress.say(str(cascade.tally)))
        await serve_app(build_app(cascade), *address, on_ready)


def _student(run: RunDir, engine: Engine, stack: ExitStack) -> tuple[str, str | None]:
    """The spec that the student answers at, and its log: the engine's server, or this process where that gives no
    logprobs."""
    if not engine.logprobs:
        return f"huggingface:{engine.path}", None
    local = LOOPBACK[0]
    child = stack.enter_context(serve_child(engine, local, free_port(local, 0), run.serve_log))
    return f"openai:{MODEL}@{child.base_url}", str(child.log)


def _entry(recipe: Recipe, spec: str | None) -> TeacherEntry:
    named = [entry for entry in recipe.teacher if spec in (None, entry.spec, entry.name)]
    if spec is not None:
        return named[0] if named else TeacherEntry(spec=spec)
    if len(named) > 1:
        labels = ", ".join(entry.label for entry in named)
        raise InputError(f"the run has several teachers: {labels}", field="--teacher", remedy="Name one")
    return named[0]


def _threshold(run: RunDir, given: str) -> float:
    if given == CHOSEN:
        return _chosen(run)
    try:
        value = float(given)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        remedy = "Give one from 0 to 1; or --cascade after RUN, with none, for the one that evaluation chose"
        raise InputError(f"'{given}' is no confidence", field="--cascade", remedy=remedy)
    return value


def _chosen(run: RunDir) -> float:
    try:
        found = orjson.loads(run.evaluation.read_bytes()) if run.evaluation.exists() else {}
    except orjson.JSONDecodeError as error:
        raise RunError(f"{run.evaluation} cannot be read: {error}") from error
    chosen = (found.get("cascade") or {}).get("chosen")
    if not chosen:
        remedy = "Give one from 0 to 1: --cascade 0.8"
        raise InputError("evaluation has chosen no threshold", path=run.evaluation, field="--cascade", remedy=remedy)
    return float(chosen["threshold"])
