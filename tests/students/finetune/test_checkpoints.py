import io
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from students.finetune.checkpoints import PARTS, is_complete, newest_complete, open_work


def write_checkpoint(work: Path, step: int, best: int | None = None) -> Path:
    path = work / f"checkpoint-{step}"
    path.mkdir(parents=True)
    save_file({"w": torch.zeros(4)}, path / "model.safetensors")
    for name in ("optimizer.pt", "scheduler.pt", "rng_state.pth"):
        buffer = io.BytesIO()
        torch.save({"x": torch.zeros(4)}, buffer)
        (path / name).write_bytes(buffer.getvalue())
    (path / "trainer_state.json").write_text(json.dumps({"global_step": step, "best_global_step": best}))
    return path


def test_the_newest_by_number_not_by_name(tmp_path: Path) -> None:
    paths = [write_checkpoint(tmp_path, step) for step in (9, 10)]
    assert newest_complete(tmp_path) == paths[1]
    assert newest_complete(tmp_path / "empty") is None


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("left", [0.0, 0.5, 0.95, None])
def test_a_torn_checkpoint_gives_way_to_the_one_before(tmp_path: Path, part: str, left: float | None) -> None:
    older, newer = (write_checkpoint(tmp_path, step) for step in (5, 10))
    (file,) = newer.glob(part)
    whole = file.read_bytes()
    file.unlink() if left is None else file.write_bytes(whole[: int(len(whole) * left)])
    assert not is_complete(newer)
    assert newest_complete(tmp_path) == older


def test_a_checkpoint_whose_best_is_gone_is_not_gone_on_from(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, 10, best=5)
    assert newest_complete(tmp_path) is None
    write_checkpoint(tmp_path, 5, best=5)
    assert newest_complete(tmp_path) == tmp_path / "checkpoint-10"


@pytest.mark.parametrize("other", [{"config": 2}, {}])
def test_another_training_clears_the_work(tmp_path: Path, other: dict[str, Any]) -> None:
    work = tmp_path / "work"
    assert open_work(work, {"config": 1}) is None
    write_checkpoint(work, 5)
    assert open_work(work, {"config": 1}) == work / "checkpoint-5"
    assert open_work(work, {**other, "corpus": "x"}) is None
    assert not (work / "checkpoint-5").exists()
