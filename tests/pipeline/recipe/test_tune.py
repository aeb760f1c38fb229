"""The section tune: ranges and choices, and a section's fields written as one key."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from pipeline.recipe.tune import Range, Tune


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"low": 2, "high": 1}, "'low' is 2, above 'high', which is 1"),
        ({"low": 0, "high": 1, "log": True}, "with 'log' it must be above 0"),
        ({"low": 0}, "high"),
    ],
)
def test_a_range_that_is_none_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Range(**given)


def test_a_space_holds_ranges_and_choices() -> None:
    space = {"learning_rate": {"low": 1e-5, "high": 1e-3, "log": True}, "epochs": [1, 2], "lora": [None]}
    tune = Tune.model_validate({"space": space})
    assert tune.space == {"learning_rate": Range(low=1e-5, high=1e-3, log=True), "epochs": [1, 2], "lora": [None]}
    assert Range(low=3, high=3).low == 3


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({"lora": {"rank": [4, 8]}}, r"'lora' is neither a list of choices nor a range.*\{lora.rank: ...\}"),
        ({"lora": {}}, r"\{lora.FIELD: ...\}"),
        ({}, "at least 1"),
        ("all", "space"),
    ],
)
def test_a_section_is_told_how_its_fields_are_written(space: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Tune.model_validate({"space": space})
