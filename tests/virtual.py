"""An event loop in virtual time: waits take none, and `loop.time()` says what they would have taken.

run(main())     # as asyncio.run; an hour of sleeping takes milliseconds
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


class VirtualLoop(asyncio.SelectorEventLoop):
    """When nothing is ready the clock jumps to the next timer; with no timer either it is a deadlock."""

    def __init__(self) -> None:
        self.now = 0.0
        super().__init__(_Jumping(self))

    def time(self) -> float:
        """Virtual seconds."""
        return self.now


class _Jumping(selectors.DefaultSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            raise AssertionError("deadlock: everything waits, and no timer is set")
        self._loop.now += timeout
        return super().select(0)


def run(main: Coroutine[Any, Any, Result]) -> Result:
    """Runs it in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
