"""The recipe's section `tune`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from pipeline.recipe.section import Section

Choice = bool | int | float | str | None


class Range(Section):
    """All values between two: whole numbers where both ends are."""

    low: int | float
    """The smallest value."""
    high: int | float
    """The largest value."""
    log: bool = False
    """Take twice as much to be as far everywhere: for rates and ranks."""

    @model_validator(mode="after")
    def _check(self) -> Range:
        if self.low > self.high:
            raise ValueError(f"'low' is {self.low}, above 'high', which is {self.high}")
        if self.log and self.low <= 0:
            raise ValueError(f"'low' is {self.low}: with 'log' it must be above 0")
        return self


class Tune(Section):
    """The search for settings of the student, on the validation rows."""

    trials: int = Field(20, ge=1)
    """Trainings, those among them that were given up early. A larger number goes on with the same search."""
    timeout_s: float | None = Field(None, gt=0)
    """No trial begins after so many seconds of one command; None: no limit. The same command goes on."""
    objective: Literal["cross_entropy", "accuracy"] = "cross_entropy"
    """What is to be best on the validation rows: the completions' cross-entropy, in nats per token; or, for labels, the
    share of rows that greedy decoding answers with the very completion."""
    prune: bool = True
    """Give a trial up where, at the same share of its steps, it is worse than the median of those before it."""
    seed: int = Field(0, ge=0)
    """Decides what is proposed, given what came of the proposals before."""
    space: dict[str, Range | list[Choice]] | None = Field(None, min_length=1)
    """A student's field, `learning_rate` or `lora.rank`, to its range or its choices; null for a field of a section
    leaves the section out. None: learning rate and epochs around the recipe's own, the rank where there are adapters,
    and what weighs the soft targets where they are distilled."""

    # Before pydantic tries: it would say of {lora: {rank: ...}} that it is no list, and then that it is no Range.
    @field_validator("space", mode="before")
    @classmethod
    def _check_keys(cls, space: Any) -> Any:
        """Says of a section what is wrong with it, before pydantic says it of each kind that it is not."""
        if not isinstance(space, dict):
            return space
        for name, values in space.items():
            if isinstance(values, dict) and values.keys().isdisjoint(("low", "high")):
                field = next(iter(values), "FIELD")
                raise ValueError(
                    f"'{name}' is neither a list of choices nor a range with low and high; the field of a section is "
                    f"one key: {{{name}.{field}: ...}}"
                )
        return space
