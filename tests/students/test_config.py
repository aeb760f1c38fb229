import subprocess
import sys
from typing import Any

import pytest
from pydantic import ValidationError

from students.config import Lora, StudentConfig

HEAVY = {"torch", "transformers", "trl", "datasets", "peft"}


def test_a_recipe_can_read_the_config_and_offer_training_without_loading_torch() -> None:
    code = (
        "import sys, students.config, students.finetune.train; print(*{name.partition('.')[0] for name in sys.modules})"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not HEAVY & set(loaded)


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(ValidationError, match="learningrate"):
        StudentConfig.model_validate({"base": "x", "learningrate": 1})


@pytest.mark.parametrize("wrong", [{"epochs": 0}, {"shrink": {"every": 1}}, {"lora": {"rank": 0}}, {"method": "rl"}])
def test_a_senseless_value_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        StudentConfig.model_validate({"base": "x", **wrong})


def test_a_config_returns_from_its_own_dump() -> None:
    config = StudentConfig(base="x", lora=Lora())
    assert StudentConfig.model_validate(config.model_dump()) == config


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
def test_shrink_settings_that_say_too_much_or_nothing_are_refused(shrink: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        StudentConfig.model_validate({"base": "x", "shrink": shrink})


@pytest.mark.parametrize("more", [{"method": "on_policy"}, {"method": "preference"}, {"features": {"teacher": "x"}}])
def test_a_vocabulary_is_not_trimmed_beside_models_of_the_base_s_own(more: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="needs the base's own tokens"):
        StudentConfig.model_validate({"base": "x", "shrink": {"vocabulary": "used"}, **more})


def test_the_settings_of_a_smaller_base_return_from_their_own_dump() -> None:
    config = StudentConfig.model_validate({"base": "x", "shrink": {"keep": 2, "vocabulary": "used"}})
    assert StudentConfig.model_validate(config.model_dump()) == config
