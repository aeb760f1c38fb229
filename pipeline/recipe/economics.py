"""The recipe's section `evaluate.economics`."""

from __future__ import annotations

from pydantic import Field, field_validator

from pipeline.recipe.section import Section


class Economics(Section):
    """The machine that the student would run on, and the measurement of its speed."""

    hourly_usd: float | None = Field(None, ge=0)
    """Dollars an hour of the machine that would serve the student, taken to be like the one that evaluates it. None:
    the student's cost is unknown, and so is all that follows from it."""
    training_hourly_usd: float | None = Field(None, ge=0)
    """Dollars an hour of the machine that trained. None: as `hourly_usd`."""
    concurrencies: list[int] = Field(default_factory=lambda: [1, 4, 16], min_length=1)
    """How many calls are in flight at once, each measured by itself."""
    load_requests: int = Field(32, ge=0)
    """Held-out prompts that the student is asked at each concurrency; at least four for each call in flight, where
    there are so many. 0 asks none: its speed is then that of its answers, one at a time."""

    @field_validator("concurrencies")
    @classmethod
    def _ascending(cls, given: list[int]) -> list[int]:
        if min(given) < 1:
            raise ValueError("each is at least 1")
        return sorted(set(given))  # from the least to the most, each measured once

    @property
    def training_usd(self) -> float | None:
        """Dollars an hour of training."""
        if self.training_hourly_usd is None:
            return self.hourly_usd
        return self.training_hourly_usd
