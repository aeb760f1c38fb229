"""ONNX by the builder of onnxruntime-genai: attention with a key-value cache, in operators of ONNX Runtime.

optimum-onnx, the other exporter, ends at transformers 4.57; torch.onnx.export writes no cache. The builder's graph
runs in onnxruntime and in onnxruntime-genai, which decodes with it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from prompts.errors import StillhouseError
from students.export.tokenizer_files import copy_tokenizer

TIMEOUT_S = 3600


def write_onnx(student: Path, out: Path, precision: str) -> None:
    """Writes model.onnx with its data, genai_config.json and the tokenizer; int8 and int4 in blocks of 32 weights.

    The builder runs in a process of its own: it speaks on the terminal, its modules have names like `quantization`,
    and its memory is given back. StillhouseError carries its last words.
    """
    with TemporaryDirectory(prefix="cache-", dir=out) as cache:
        command = [sys.executable, "-m", "onnxruntime_genai.models.builder"]
        command += ["-i", str(student), "-o", str(out), "-p", precision, "-e", "cpu", "-c", cache]
        # No telemetry, no look at the hub for a model that is here, and no GPU: the graph is for a CPU.
        environment = os.environ | {"ORT_DISABLE_TELEMETRY": "1", "HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": ""}
        try:
            done = subprocess.run(command, env=environment, capture_output=True, timeout=TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired as error:
            raise StillhouseError(f"the ONNX builder was not done within {TIMEOUT_S} s") from error
    # The exit status is the builder's word alone: the file must be there.
    if done.returncode or not (out / "model.onnx").is_file():
        # Python's last line of a traceback is the error itself.
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines() or [str(done.returncode)]
        raise StillhouseError(f"the ONNX builder could not write it: {lines[-1]}")
    copy_tokenizer(student, out)
