"""The process that holds the model while load.py measures it: python -P -m pipeline.evaluate.economics.load_worker

It reads one line of JSON, the plan, and writes one for each call that ended and one for each load. Its memory is the
model's and the interpreter's that runs it, and nobody else's.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import orjson

from pipeline.evaluate.economics.load import Call, CallReport, LoadReport, asked_at, to_load
from pipeline.run.evaluation.costs import Load
from prompts.messages import Conversation, from_dicts
from teachers.base import Reply, Request, Sampling, Teacher
from teachers.catalog import open_teacher
from teachers.errors import TeacherError

Say = Callable[[CallReport | LoadReport], None]


def main() -> None:
    """Measures the plan's concurrencies, from the lowest: each peak of memory is then its own."""
    plan, say = json.loads(sys.stdin.readline()), _speaker()
    conversations = [from_dicts(conversation) for conversation in plan["conversations"]]
    # As `stillhouse serve --cascade` asks: the confidence needs the sampled tokens' logprobs.
    sampling = Sampling(temperature=0, max_tokens=plan["max_tokens"], top_logprobs=1)
    for concurrency in plan["concurrencies"]:
        asked = conversations[: asked_at(concurrency, plan["requests"])]
        load = asyncio.run(_measure(plan["spec"], asked, sampling, concurrency, say))
        say(LoadReport(load, peak_memory_bytes(), _peak_gpu_bytes()))


async def _measure(
    spec: str, conversations: list[Conversation], sampling: Sampling, concurrency: int, say: Say
) -> Load:
    teacher = open_teacher(spec, concurrency=concurrency)
    try:
        requests = [Request(teacher.identity, conversation, sampling) for conversation in conversations]
        await _call(teacher, requests[-1])  # the first call pays for what is set up once
        return await _loops(teacher, requests, concurrency, say)
    finally:
        await teacher.close()


async def _loops(teacher: Teacher, requests: list[Request], concurrency: int, say: Say) -> Load:
    answered: list[Call] = []
    queue = iter(requests)

    async def caller() -> None:
        for request in queue:  # shared by all callers: each takes the next
            asked_s = time.perf_counter()
            reply = await _call(teacher, request)
            ended_s = time.perf_counter()
            if reply is not None:
                answered.append(Call(ended_s - began_s, ended_s - asked_s, reply.usage.output_tokens))
            say(CallReport(concurrency))

    began_s = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(concurrency):
            group.create_task(caller())
    seconds = time.perf_counter() - began_s
    return to_load(concurrency, seconds, answered, failed=len(requests) - len(answered))


async def _call(teacher: Teacher, request: Request) -> Reply | None:
    """Asks; None where that fails: too long a prompt, say."""
    try:
        return await teacher.complete(request)
    except TeacherError:
        return None


def peak_memory_bytes() -> int:
    """Returns the most resident memory that this process had."""
    status = Path("/proc/self/status")
    if status.exists():
        # Not ru_maxrss: on Linux a new program inherits it from the process that started it.
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if sys.platform == "darwin":
        return peak  # bytes there, KiB elsewhere
    return peak * 1024


def _peak_gpu_bytes() -> int | None:
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return None
    return int(torch.cuda.max_memory_allocated())


def _speaker() -> Say:
    """Writes to what was standard output; whatever a library prints goes to standard error from now on."""
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)

    def say(report: CallReport | LoadReport) -> None:
        output.write(orjson.dumps(report) + b"\n")
        output.flush()

    return say


if __name__ == "__main__":
    main()
