"""Blocking work on threads: its value, its time limit, and our errors."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from teachers.errors import InvalidRequest, Malformed, Transient
from teachers.threads import close_pool, on_thread


def test_a_value_comes_back_from_another_thread() -> None:
    with ThreadPoolExecutor(1) as pool:
        name = asyncio.run(on_thread(pool, "gguf", 5, lambda prefix: prefix + threading.current_thread().name, "on "))
    assert name.startswith("on ThreadPool")


def test_work_that_is_late_is_transient() -> None:
    ended = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(Transient, match=r"gguf: no answer within 0\.02 s"):
            asyncio.run(on_thread(pool, "gguf", 0.02, ended.wait, 5))
        ended.set()


@pytest.mark.parametrize("error", [ValueError("too long"), RuntimeError("no memory")])
def test_the_engines_own_refusals_are_invalid_requests(error: Exception) -> None:
    def work() -> None:
        raise error

    with ThreadPoolExecutor(1) as pool, pytest.raises(InvalidRequest, match=f"onnx: {error}"):
        asyncio.run(on_thread(pool, "onnx", 5, work))


def test_our_own_errors_pass_as_they_are() -> None:
    ours = Malformed("torn", provider="bedrock")

    def work() -> None:
        raise ours

    with ThreadPoolExecutor(1) as pool, pytest.raises(Malformed) as raised:
        asyncio.run(on_thread(pool, "bedrock", 5, work))
    assert raised.value is ours


def test_a_closed_pool_refuses_and_closes_twice() -> None:
    async def main() -> None:
        pool = ThreadPoolExecutor(1)
        await close_pool(pool)
        await close_pool(pool)
        with pytest.raises(InvalidRequest):
            await on_thread(pool, "gguf", 5, int)

    asyncio.run(main())
