from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from pipeline.recipe.economics import Economics


@pytest.mark.parametrize("given", [{"concurrencies": [0]}, {"concurrencies": []}, {"hourly_usd": -1}, {"hourly": 1}])
def test_the_section_is_closed(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Economics(**given)


def test_concurrencies_are_measured_from_the_lowest() -> None:
    assert Economics(concurrencies=[16, 1, 16]).concurrencies == [1, 16]
