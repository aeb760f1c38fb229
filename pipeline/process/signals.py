"""Ctrl-C and SIGTERM inside a running loop."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGINT, signal.SIGTERM)

_in_threads: dict[asyncio.AbstractEventLoop, Callable[[], None]] = {}
"""What stops the loops that run outside the main thread, which no signal reaches."""


@contextmanager
def on_stop_signal(stop: Callable[[], None]) -> Iterator[None]:
    """Calls `stop` at each Ctrl-C or SIGTERM; where it cancels the task, KeyboardInterrupt is raised."""
    loop = asyncio.get_running_loop()
    in_main = threading.current_thread() is threading.main_thread()
    if in_main:
        for number in SIGNALS:
            loop.add_signal_handler(number, stop)
    else:
        _in_threads[loop] = stop
    try:
        yield
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
    finally:
        _in_threads.pop(loop, None)
        if in_main:
            for number in SIGNALS:
                loop.remove_signal_handler(number)


def stop_loops() -> bool:
    """Tells the loops of other threads what Ctrl-C tells a loop of the main one; False where there is none."""
    stopping = list(_in_threads.items())
    for loop, stop in stopping:
        loop.call_soon_threadsafe(stop)
    return bool(stopping)
