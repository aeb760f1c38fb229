"""Blocking work on threads, with a time limit and our errors: for models in this process and for boto3."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from teachers.errors import InvalidRequest, Transient

P = ParamSpec("P")
T = TypeVar("T")


async def on_thread(
    pool: Executor, provider: str, timeout_s: float, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Runs `work` on the pool. A thread cannot be stopped from outside: one that is given up runs on.

    Raises what `work` raises of ours, Transient when it is late, InvalidRequest for the engine's own
    refusals (ValueError, RuntimeError) and for a closed pool.
    """
    try:
        async with asyncio.timeout(timeout_s):
            # A lambda, since run_in_executor takes no keyword arguments.
            return await asyncio.get_running_loop().run_in_executor(pool, lambda: work(*args, **kwargs))
    except TimeoutError as error:
        raise Transient(f"no answer within {timeout_s:g} s", provider=provider) from error
    except (RuntimeError, ValueError) as error:
        raise InvalidRequest(str(error), provider=provider) from error


async def close_pool(pool: ThreadPoolExecutor) -> None:
    """Drops what waits and waits for what runs; safe to call twice."""
    await asyncio.to_thread(pool.shutdown, wait=True, cancel_futures=True)
