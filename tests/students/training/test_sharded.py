from pathlib import Path
from typing import Any

import pytest

from prompts.errors import InputError
from students.config import Features, Lora, StudentConfig
from students.training.sharded import require_shardable


@pytest.fixture
def config(tiny: Path) -> StudentConfig:
    """One process's; its rate is so low that AdamW does not blow rounding up."""
    return StudentConfig(
        base=str(tiny), epochs=2, learning_rate=1e-4, batch_size=8, eval_every=0.5, precision="float32"
    )


@pytest.mark.parametrize(
    ("changes", "version", "says"),
    [
        ({"method": "on_policy"}, "2", "method: on_policy"),
        ({"method": "preference"}, "2", "method: preference"),
        ({"features": Features(teacher="x")}, "2", "student.features"),
        ({"lora": Lora(bits=4)}, "2", r"student.lora.bits.*without --use_fsdp"),
        ({}, "1", "--fsdp_version 2"),
    ],
)
def test_what_fsdp_cannot_train_is_refused(
    config: StudentConfig, changes: dict[str, Any], version: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = config.model_copy(update=changes)
    require_shardable(other)
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    monkeypatch.setenv("FSDP_VERSION", version)
    with pytest.raises(InputError, match=says):
        require_shardable(other)
