"""The cascade of a run served: its student and its teacher opened, and the endpoint before them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack
from typing import Any

from pipeline.inference.endpoints import configure_teacher
from pipeline.serve.cascade import Cascade
from pipeline.serve.child import base_url, free_port, serve_child
from pipeline.serve.engines import MODEL
from pipeline.serve.fallback import Fallback, examples_of
from pipeline.serve.proxy import build_app, serve_app
from pipeline.serve.ready import describe
from pipeline.serve.serving import Serving
from teachers.base import Teacher
from teachers.catalog import open_teacher
from teachers.pacing.meter import Metered

IN_FLIGHT = 64
"""Requests at once that the student's server is sent, and the teacher."""
ROWS = 4
"""Requests at once that a student in this process answers."""

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def serve_cascade(serving: Serving, fallback: Fallback) -> None:
    """Serves until Ctrl-C; says at its end who answered how often."""
    host, port = serving.host, serving.port
    if host not in LOOPBACK:  # the endpoint asks nobody for a key
        label = fallback.entry.label
        serving.progress.say(f"whoever reaches {host}:{port} has '{label}' asked, with your key and at your cost")
    with ExitStack() as stack:
        student, log = _start_student(serving, stack)
        cascade = {"threshold": fallback.threshold, "teacher": fallback.entry.spec}
        ready = describe(serving.run, serving.engine, base_url(host, port), log, cascade)
        asyncio.run(_serve(serving, student, fallback, lambda: serving.announce(ready)))


async def _serve(serving: Serving, student: str, fallback: Fallback, on_ready: Callable[[], None]) -> None:
    generate = fallback.recipe.generate
    endpoint = configure_teacher(fallback.entry, generate, system=True)
    async with AsyncExitStack() as stack:

        def opened(spec: Any, at_once: int) -> Teacher:
            teacher = open_teacher(spec, concurrency=at_once, timeout_s=generate.timeout_s)
            stack.push_async_callback(teacher.close)
            return teacher

        cascade = Cascade(
            teacher=Metered(opened(endpoint.description.spec, IN_FLIGHT), fallback.entry.to_price()),
            student=opened(student, _most_at_once(student)),
            threshold=fallback.threshold,
            usual=endpoint.sampling,
            usual_schema=endpoint.schema,
            examples=examples_of(serving.run),
            optional=frozenset(generate.optional),
            tell=serving.progress.say,
        )
        # Said on the way out, before the teachers are closed, whatever ended the serving.
        stack.callback(lambda: serving.progress.say(str(cascade.tally)))
        await serve_app(build_app(cascade), serving.host, serving.port, on_ready)


def _start_student(serving: Serving, stack: ExitStack) -> tuple[str, str | None]:
    """Starts the engine's server; returns the spec that the student answers at, and the log.

    A server that gives no logprobs is of no use here: the student then answers in this process, without a log.
    """
    engine = serving.engine
    if not engine.logprobs:
        return f"huggingface:{engine.path}", None
    # Whoever asks the cascade from afar has no business with the student's own server.
    local = LOOPBACK[0]
    child = stack.enter_context(serve_child(engine, local, free_port(local, 0), serving.run.serve_log))
    return f"openai:{MODEL}@{child.base_url}", str(child.log)


def _most_at_once(student: str) -> int:
    if student.startswith("openai:"):
        return IN_FLIGHT
    return ROWS
