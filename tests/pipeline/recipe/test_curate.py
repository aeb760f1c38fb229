"""The curation part of a recipe: its default steps, and the bounds of the split."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from pipeline.recipe.curate import DEFAULT, Curate, Split


def test_a_recipe_that_names_no_step_has_the_default_ones_in_their_order() -> None:
    assert tuple(step.step for step in Curate().steps) == DEFAULT
    assert Curate(steps=[]).steps == []


def test_a_step_is_read_by_its_name_and_its_settings() -> None:
    [near, exact] = Curate.model_validate({"steps": [{"step": "near", "threshold": 0.7}, {"step": "exact"}]}).steps
    assert (near.step, exact.step) == ("near", "exact")
    assert near.model_dump()["threshold"] == 0.7
    with pytest.raises(ValidationError, match="nonsense"):
        Curate.model_validate({"steps": [{"step": "nonsense"}]})


@pytest.mark.parametrize("given", [{"heldout": 1}, {"heldout": -0.1}, {"near": 0}, {"near": 1.1}, {"held_out": 0.1}])
def test_a_split_outside_its_bounds_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Split(**given)
    assert (Split(heldout=0).heldout, Split(near=None).near) == (0, None)
