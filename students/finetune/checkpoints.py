"""The checkpoints of one training, and which of them can be trusted after a kill.

WORK/
  fingerprint.json      config, corpus, base, order, processes and library versions: what the checkpoints belong to
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
RANDOM = "rng_state*.pth"
COMMON = ("scheduler.pt", RANDOM, STATE)
PARTS = ("*.safetensors", "optimizer.pt", *COMMON)
"""What a checkpoint must hold to go on as if nothing had happened; transformers writes STATE last."""
SHARDED = ("pytorch_model_fsdp_0/.metadata", "optimizer_0/.metadata", *COMMON)
"""The same under FSDP, each process's part a file; torch writes .metadata when all of them are on the disk."""
GATHERED = ("pytorch_model_fsdp.bin", "optimizer.bin", *COMMON)
"""The same under FSDP with FULL_STATE_DICT."""


def open_work(work: Path, fingerprint: dict[str, Any]) -> Path | None:
    """The checkpoint to go on from, or None. Clears `work` where it belongs to another training."""
    if _read_json(work / FINGERPRINT) != fingerprint:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        (work / FINGERPRINT).write_text(json.dumps(fingerprint, indent=1), encoding="utf-8")
    return newest_complete(work, fingerprint.get("processes", 1))


def newest_complete(work: Path, processes: int = 1) -> Path | None:
    """The newest checkpoint that is whole, as is the best one that it refers to."""
    for path in sorted(work.glob("checkpoint-*"), key=_step, reverse=True):
        if not is_complete(path, processes):
            continue
        best = _read_json(path / STATE).get("best_global_step")
        # The best weights are loaded at the end: a training that cannot load them must not begin there.
        if best is None or is_complete(work / f"checkpoint-{best}", processes):
            return path
    return None


def is_complete(checkpoint: Path, processes: int = 1) -> bool:
    """Looks whether every part is there to its last byte; a kill may have cut its writing or its deletion.

    Each of the `processes` writes its random states, and the first does not wait for the others before it writes STATE.
    """
    if len(list(checkpoint.glob(RANDOM))) < processes:
        return False
    return any(_holds(checkpoint, parts) for parts in (PARTS, SHARDED, GATHERED))


def _holds(checkpoint: Path, parts: tuple[str, ...]) -> bool:
    for pattern in parts:
        files = list(checkpoint.glob(pattern))
        if not files or not all(map(_is_intact, files)):
            return False
    return True


def _is_intact(file: Path) -> bool:
    if file.suffix == ".json":
        return bool(_read_json(file))
    if file.suffix == ".safetensors":
        return _is_intact_safetensors(file)
    if file.name == ".metadata":
        return True  # renamed to its name when it was whole
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
    if not isinstance(value, dict):
        return {}
    return value


def _step(checkpoint: Path) -> int:
    number = checkpoint.name.rpartition("-")[2]
    if not number.isdigit():
        return -1
    return int(number)
