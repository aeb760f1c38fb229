"""How fast a run's student is: measured once for its weights, its prompts and this machine."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, fields
from itertools import accumulate

import orjson

from pipeline.evaluate.answers.contestants import Contestant
from pipeline.evaluate.economics.load import Call, Load, LoadMeasurement, asked_at, measure_load
from pipeline.recipe.economics import Economics
from pipeline.run.context import Context
from pipeline.run.files import write_text
from prompts.digest import digest
from prompts.messages import Conversation, to_dicts
from teachers.local.huggingface_files import version


def student_speed(
    context: Context, config: Economics, conversations: Sequence[Conversation], max_tokens: int
) -> LoadMeasurement | None:
    """The measurement, or the one that RUN/work/load.json holds; None where the recipe wants none.

    One that failed is said, and made again the next time.
    """
    if not conversations or not config.load_requests:
        return None
    asked = conversations[: asked_at(max(config.concurrencies), config.load_requests)]
    key = _key(context, config, asked, max_tokens)
    stored = context.run.work / "load.json"
    if stored.is_file() and (found := orjson.loads(stored.read_bytes()))["key"] == key:
        return LoadMeasurement.from_dict(found["measured"])
    measured = _measure(context, config, asked, max_tokens)
    if measured.failed is None:
        stored.parent.mkdir(exist_ok=True)  # safe to delete, so it may be gone
        write_text(stored, orjson.dumps({"key": key, "measured": asdict(measured)}).decode() + "\n")
    else:
        context.progress.say(f"evaluate: the student's speed was not measured in full: {measured.failed}")
    return measured


def own_speed(contestant: Contestant) -> Load | None:
    """The speed of the answers that were scored, so many in flight as there were; None where none has a time."""
    timed = [(answer.latency_s, answer.output_tokens) for answer in contestant.answers if answer.latency_s is not None]
    if not timed:
        return None
    # Each place was always taken.
    ended_s = [busy_s / contestant.in_flight for busy_s in accumulate(latency_s for latency_s, _ in timed)]
    calls = [Call(at_s, *one) for at_s, one in zip(ended_s, timed, strict=True)]
    return Load.of(contestant.in_flight, ended_s[-1], calls, len(contestant.answers) - len(timed))


def _measure(context: Context, config: Economics, asked: Sequence[Conversation], max_tokens: int) -> LoadMeasurement:
    loads = [number for number in config.concurrencies if number <= len(asked)]
    context.progress.start("evaluate", sum(min(asked_at(one, config.load_requests), len(asked)) for one in loads))
    return measure_load(
        f"huggingface:{context.run.student}",
        asked,
        config.concurrencies,
        config.load_requests,
        max_tokens,
        lambda concurrency, answered: context.progress.update(answered, f"speed, {concurrency} at once"),
    )


def _key(context: Context, config: Economics, asked: Sequence[Conversation], max_tokens: int) -> str:
    machine = [platform.node(), platform.machine(), os.cpu_count()]
    prompts = [to_dicts(one) for one in asked]
    form = [field.name for field in fields(Load)]  # one that was stored in another form is measured again
    how = [max_tokens, config.concurrencies, config.load_requests, form]
    return digest([version(str(context.run.student)), prompts, *how, machine])
