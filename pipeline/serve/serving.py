"""One `stillhouse serve`: what is served, where, and who hears of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipeline.run.directory import RunDir
from pipeline.run.progress import Progress
from pipeline.serve.engines import Engine

Announce = Callable[[dict[str, Any]], None]
"""Is given what `ready.describe` returns, once requests are answered."""


@dataclass(slots=True, frozen=True)
class Serving:
    """A run to serve, with all that any way of serving needs."""

    run: RunDir
    engine: Engine
    host: str
    port: int
    announce: Announce
    progress: Progress
