from collections.abc import Mapping

import pytest
from pydantic import ValidationError

from students.config import StudentConfig
from students.methods.declaration import METHODS, find_declaration, method_sections, methods_that, sections_taken


@pytest.mark.parametrize("name", METHODS)
def test_a_method_takes_its_own_section_and_no_other_methods(name: str) -> None:
    own = sections_taken(name) - {"features"}
    assert own <= {name}
    assert own <= method_sections()


def test_a_name_of_no_method_takes_no_section() -> None:
    assert sections_taken("rl") == frozenset()


def test_a_message_names_the_methods_that_can() -> None:
    assert methods_that(lambda declaration: declaration.takes_sharding) == "sft and distill"


@pytest.mark.parametrize("name", METHODS)
def test_a_section_is_its_methods_field_of_the_config(name: str) -> None:
    config = StudentConfig.model_validate({"base": "x", "method": name})
    settings = find_declaration(config.method).settings
    assert (config.own_settings is None) == (settings is None)
    if settings is not None:
        assert config.own_settings == settings()
        assert getattr(config, name) is None  # its defaults decide, and are not written into the recipe


@pytest.mark.parametrize(
    ("student", "problem"),
    [
        ({"distill": {}}, "'distill' is set, and the method is sft"),
        ({"method": "distill", "on_policy": {}}, "'on_policy' is set, and the method is distill"),
        ({"method": "on_policy", "lora": {"bits": 4}}, "'lora.bits' .* it is for sft and distill"),
        ({"method": "preference", "features": {"teacher": "x"}}, "'features' .* it is for sft and distill"),
        ({"method": "on_policy", "shrink": {"vocabulary": "used"}}, "the method on_policy needs the base's own tokens"),
        ({"method": "on_policy", "max_length": 128}, "leaves no room for a prompt"),
        ({"method": "preference", "preference": {"loss": "kto"}, "batch_size": 1}, "needs a batch_size of 2 or more"),
    ],
)
def test_what_a_method_does_not_take_is_refused(student: Mapping[str, object], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        StudentConfig.model_validate({"base": "x", **student})
