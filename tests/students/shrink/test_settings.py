from typing import Any

import pytest
from pydantic import ValidationError

from students.config import StudentConfig


@pytest.mark.parametrize(
    ("shrink", "problem"),
    [
        ({}, "nothing to shrink"),
        ({"every": 2, "keep": 3}, "'every' and 'keep' both choose layers"),
        ({"vocabulary": "used", "by": "even"}, "'keep' is not set"),
        ({"layers": [2, 1]}, "'layers' must ascend"),
        ({"layers": [1, 1]}, "'layers' must ascend"),
        ({"layers": []}, "at least 1 item"),
    ],
)
def test_settings_that_say_too_much_or_nothing_are_refused(shrink: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        StudentConfig.model_validate({"base": "x", "shrink": shrink})


@pytest.mark.parametrize("more", [{"method": "on_policy"}, {"method": "preference"}, {"features": {"teacher": "x"}}])
def test_a_vocabulary_is_not_trimmed_beside_models_of_the_base_s_own(more: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="needs the base's own tokens"):
        StudentConfig.model_validate({"base": "x", "shrink": {"vocabulary": "used"}, **more})


def test_the_settings_return_from_their_own_dump() -> None:
    config = StudentConfig.model_validate({"base": "x", "shrink": {"keep": 2, "vocabulary": "used"}})
    assert StudentConfig.model_validate(config.model_dump()) == config
