"""What batching gains, and reading a shared prefix once: python -m benchmarks.huggingface [threads]

The quickstart's prompts (examples that all share, then a mail) with four tokens to write, and short ones with 64,
on the packaged model. Three teachers answer the same requests in turn; the ratios are of medians, to one by one.
With one thread, the default, CPU seconds are the steadier figure beside other work.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

from pipeline.recipe.load import load_recipe
from pipeline.recipe.prompt_stream import recipe_prompts
from prompts.messages import Conversation
from teachers.base import Request, Sampling, Teacher
from teachers.catalog import open_teacher
from teachers.spec import Options, Spec

REPEATS = 3
PROMPTS = 16
WAYS = {"one by one": (1, False), "8 together": (8, False), "8, prefix read once": (8, True)}


class Taken(NamedTuple):
    """What it took to answer all requests."""

    wall_s: float
    cpu_s: float
    written: int


async def answer_all(teacher: Teacher, conversations: list[Conversation], sampling: Sampling) -> Taken:
    requests = [Request(teacher.identity, messages, sampling) for messages in conversations]
    wall, cpu = time.perf_counter(), time.process_time()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(teacher.complete(request)) for request in requests]
    written = sum(task.result().usage.output_tokens or 0 for task in tasks)
    return Taken(time.perf_counter() - wall, time.process_time() - cpu, written)


async def compare(name: str, conversations: list[Conversation], sampling: Sampling) -> None:
    teachers = {way: open_way(way) for way in WAYS}
    taken: dict[str, list[Taken]] = {way: [] for way in WAYS}
    for repeat in range(1 + REPEATS):
        for way, teacher in teachers.items():
            warming = repeat == 0
            result = await answer_all(teacher, conversations[:2] if warming else conversations, sampling)
            taken[way] += [] if warming else [result]
    for teacher in teachers.values():
        await teacher.close()
    print(f"{name}: {len(conversations)} prompts, {taken['one by one'][0].written} tokens written")
    first = next(iter(taken.values()))
    for way, results in taken.items():
        wall, cpu = median(one.wall_s for one in results), median(one.cpu_s for one in results)
        wall_x, cpu_x = median(one.wall_s for one in first) / wall, median(one.cpu_s for one in first) / cpu
        rate = results[0].written / wall
        print(f"  {way:<20} {wall:6.1f} s {rate:7.1f} tokens/s {wall_x:5.1f} x   CPU {cpu:6.1f} s {cpu_x:5.1f} x")


def open_way(way: str) -> Teacher:
    concurrency, share = WAYS[way]
    spec = Spec("huggingface", "smollm2-135m", options=Options(cache_prefix=share))
    return open_teacher(spec, concurrency=concurrency)


def main() -> None:
    import torch

    torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    prompts = recipe_prompts(load_recipe(Path("quickstart"))).prompts[:PROMPTS]
    mails = [prompt.teacher_messages for prompt in prompts]
    asyncio.run(compare("quickstart", mails, Sampling(temperature=0, max_tokens=4, top_logprobs=20)))
    short: list[Conversation] = [(messages[-1],) for messages in mails]
    asyncio.run(compare("long answers", short, Sampling(temperature=1, seed=0, max_tokens=64)))


if __name__ == "__main__":
    main()
