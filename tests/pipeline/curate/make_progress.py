"""Progress that remembers."""

from __future__ import annotations

from typing import Any

from pipeline.run.progress import Progress


class Seen(Progress):
    """Progress that remembers what it was told, and shows nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.stages: list[str] = []
        self.details: list[tuple[int, str]] = []
        self.figures: list[Any] = []

    def start(self, stage: str, total: int) -> None:
        self.stages.append(f"{stage} {total}")

    def update(self, done: int, detail: str = "", **more: Any) -> None:
        self.details.append((done, detail))
        self.figures.append(more.get("figures"))
