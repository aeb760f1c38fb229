import subprocess
import sys
from importlib.machinery import ModuleSpec

import pytest
from pydantic import ValidationError

from prompts.errors import MissingExtra
from students import extra
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


def test_a_missing_extra_names_its_install_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_trl(name: str) -> ModuleSpec | None:
        return None if name == "trl" else ModuleSpec(name, None)

    monkeypatch.setattr(extra, "find_spec", no_trl)
    with pytest.raises(MissingExtra, match=r"pip install 'stillhouse\[train\]'"):
        extra.require_training()
