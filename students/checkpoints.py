"""The checkpoints of one training, and which of them can be trusted after a kill.

WORK/
  fingerprint.json      config, corpus, base and library versions: what the checkpoints belong to
  checkpoint-STEP/      written by transformers: weights, optimiser, schedule, random states, trainer state
"""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

FINGERPRINT = "fingerprint.json"
STATE = "trainer_state.json"
PARTS = ("*.safetensors", "optimizer.pt", "scheduler.pt", "rng_state*.pth", STATE)
"""What a checkpoint must hold to go on as if nothing had happened; transformers writes STATE last."""


def open_work(work: Path, fingerprint: dict[str, Any]) -> Path | None:
    """The checkpoint to go on from, or None. Clears `work` where it belongs to another training."""
    if _read_json(work / FINGERPRINT) != fingerprint:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        (work / FINGERPRINT).write_text(json.dumps(fingerprint, indent=1), encoding="utf-8")
    return newest_complete(work)


def newest_complete(work: Path) -> Path | None:
    """The newest checkpoint that is whole, as is the best one that it refers to."""
    checkpoints = sorted(work.glob("checkpoint-*"), key=_step, reverse=True)
    return next((path for path in checkpoints if is_complete(path) and _best_is_complete(path)), None)


def is_complete(checkpoint: Path) -> bool:
    """Whether every part is there to its last byte; a kill may have cut its writing or its deletion."""
    found = [list(checkpoint.glob(pattern)) for pattern in PARTS]
    return all(found) and all(_is_intact(file) for files in found for file in files)


def _best_is_complete(checkpoint: Path) -> bool:
    best = _read_json(checkpoint / STATE).get("best_global_step")
    return best is None or is_complete(checkpoint.parent / f"checkpoint-{best}")


def _is_intact(file: Path) -> bool:
    if file.suffix == ".json":
        return bool(_read_json(file))
    if file.suffix == ".safetensors":
        return _is_intact_safetensors(file)
    return zipfile.is_zipfile(file)  # torch.save writes a zip, and a zip's directory stands at its end


def _is_intact_safetensors(file: Path) -> bool:
    try:
        with safe_open(file, framework="numpy"):  # checks the header against the file's length
            return True
    except (SafetensorError, OSError):
        return False


def _read_json(file: Path) -> dict[str, Any]:
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _step(checkpoint: Path) -> int:
    number = checkpoint.name.rpartition("-")[2]
    return int(number) if number.isdigit() else -1
