"""The speed of a run's student: measured once for its weights, its prompts and this machine."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from pipeline.evaluate.answers.contestants import Contestant
from pipeline.evaluate.economics.load import Call, LoadMeasurement, LoadPlan, asked_at, measure_load, to_load
from pipeline.recipe.economics import Economics
from pipeline.run.context import Context
from pipeline.run.evaluation.costs import Load
from pipeline.run.files import write_text
from pipeline.run.parse import parse
from prompts.digest import digest
from prompts.messages import Conversation, to_dicts
from teachers.local.huggingface_files import version


@dataclass(slots=True, frozen=True)
class StoredLoad:
    """RUN/work/load.json: a measurement, and what it is of."""

    key: str
    measured: LoadMeasurement


def student_speed(
    context: Context, config: Economics, conversations: Sequence[Conversation], max_tokens: int
) -> LoadMeasurement | None:
    """Returns the measurement, or the one that RUN/work/load.json holds; None where the recipe wants none.

    One that failed is said, and made again the next time.
    """
    if not conversations or not config.load_requests:
        return None
    asked = conversations[: asked_at(max(config.concurrencies), config.load_requests)]
    key = _key(context, config, asked, max_tokens)
    path = context.run.work / "load.json"  # beside the answers and not in them: a new price measures nothing again
    stored = _read_stored(path)
    if stored is not None and stored.key == key:
        return stored.measured
    measured = _measure(context, config, asked, max_tokens)
    if measured.failed is None:
        path.parent.mkdir(exist_ok=True)  # safe to delete, so it may be gone
        write_text(path, orjson.dumps(StoredLoad(key, measured)).decode() + "\n")
    else:
        context.progress.say(f"evaluate: the student's speed was not measured in full: {measured.failed}")
    return measured


def own_speed(contestant: Contestant) -> Load | None:
    """Returns the speed of the answers that were scored, so many in flight as there were.

    None where no answer has a time.
    """
    busy_s = 0.0
    calls = []
    for answer in contestant.answers:
        if answer.latency_s is None:
            continue
        busy_s += answer.latency_s
        # Each place was always taken.
        calls.append(Call(busy_s / contestant.in_flight, answer.latency_s, answer.output_tokens))
    if not calls:
        return None
    return to_load(contestant.in_flight, calls[-1].ended_s, calls, len(contestant.answers) - len(calls))


def _read_stored(path: Path) -> StoredLoad | None:
    try:
        return parse(StoredLoad, path.read_bytes())
    except (FileNotFoundError, ValueError):  # in another form, or damaged: it is measured again
        return None


def _measure(context: Context, config: Economics, asked: Sequence[Conversation], max_tokens: int) -> LoadMeasurement:
    calls = 0
    for concurrency in config.concurrencies:
        if concurrency <= len(asked):
            calls += min(asked_at(concurrency, config.load_requests), len(asked))
    context.progress.start("evaluate", calls)
    plan = LoadPlan(f"huggingface:{context.run.student}", tuple(config.concurrencies), config.load_requests, max_tokens)
    return measure_load(
        plan, asked, lambda concurrency, ended: context.progress.update(ended, f"speed, {concurrency} at once")
    )


def _key(context: Context, config: Economics, asked: Sequence[Conversation], max_tokens: int) -> str:
    # Another machine has another speed, and so has another number of cores of this one.
    machine = [platform.node(), platform.machine(), os.cpu_count()]
    prompts = [to_dicts(conversation) for conversation in asked]
    how = [max_tokens, config.concurrencies, config.load_requests]
    return digest([version(str(context.run.student)), prompts, *how, machine])
