"""The servers that a student can be served with, and which of them is chosen. Nothing heavy is imported to choose."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from pipeline.run.directory import RunDir
from pipeline.run.exports import Export, read_exports
from prompts.errors import InputError, MissingExtra
from students.export.find import FORMS
from teachers.local.huggingface_files import version

EngineName = Literal["vllm", "llama.cpp", "transformers"]
ENGINES: tuple[EngineName, ...] = ("vllm", "llama.cpp", "transformers")

MODEL = "student"
"""The name by which a request calls the model, whichever server answers."""

PYTHON = (sys.executable, "-P")
"""This interpreter, which looks for no module in the directory that it is started in."""

SERVING = ("fastapi", "openai", "torch", "transformers", "uvicorn")
"""Packages that `transformers serve` imports."""


@dataclass(slots=True, frozen=True)
class Engine:
    """A server and the files that it is to serve."""

    name: EngineName
    path: Path
    """The model directory, or the .gguf file."""
    command: tuple[str, ...]
    """Its program and arguments, all but the address; it takes `--host` and `--port`."""
    cwd: Path | None = None
    """Where it is started, where that decides the model's name."""
    env: Mapping[str, str] = field(default_factory=dict)
    logprobs: bool = True
    """False where its chat completions give no logprobs."""


def choose(run: RunDir, wanted: EngineName | None = None, export: str | None = None) -> Engine:
    """Returns the server asked for, else the first that can serve: vLLM on a GPU, llama.cpp, transformers.

    `export` names one of the run's GGUF exports. InputError where the run has no such files, MissingExtra where the
    server is not installed.
    """
    if not (run.student / "config.json").is_file():
        raise InputError("has no student yet", path=run.root, remedy="Train one: stillhouse run RECIPE")
    gguf = _gguf(run, export)
    match wanted:
        case "vllm":
            _forbid(export, wanted)
            return _vllm(run)
        case "llama.cpp":
            return _llama(run, gguf)
        case "transformers":
            _forbid(export, wanted)
            return _transformers(run)
    # Fastest first; an export that was named leaves llama.cpp alone.
    if export is None and find_spec("vllm") is not None and _has_gpu():
        return _vllm(run)
    if gguf is not None and (export is not None or _llama_program() is not None):
        return _llama(run, gguf)
    return _transformers(run)


def _gguf(run: RunDir, name: str | None) -> Export | None:
    """Returns the GGUF export of that name, or the first that there is; None where there is none."""
    student = version(str(run.student))
    exports = {export.name: export for export in read_exports(run) if _is_fresh_gguf(run, export, student)}
    if name is None:
        return next(iter(exports.values()), None)
    if name not in exports:
        there = ", ".join(exports) or "none"
        remedy = "Name it in the recipe's `exports` and run 'stillhouse package RECIPE'"
        problem = f"'{name}' is no GGUF export of this student; there are: {there}"
        raise InputError(problem, path=run.exports, field="--export", remedy=remedy)
    return exports[name]


def _is_fresh_gguf(run: RunDir, export: Export, student: str | None) -> bool:
    """Tells whether it is there, of this very student, and llama.cpp reads it."""
    form = FORMS.get(export.name)  # None: a newer stillhouse wrote it
    if form is None or form.provider != "gguf" or export.failed is not None:
        return False
    return export.student == student and _file(run, export).is_file()


def _file(run: RunDir, export: Export) -> Path:
    return run.exports / export.name / FORMS[export.name].file


def _forbid(export: str | None, engine: EngineName) -> None:
    if export is not None:
        raise InputError(f"{engine} serves the student itself", field="--export", remedy="Give --with llama.cpp")


def _vllm(run: RunDir) -> Engine:
    if find_spec("vllm") is None:
        raise InputError("vLLM is not installed", field="--with", remedy="pip install vllm, on a machine with a GPU")
    path = run.student.resolve()
    program = (*PYTHON, "-m", "vllm.entrypoints.openai.api_server")
    return Engine("vllm", path, (*program, "--model", str(path), "--served-model-name", MODEL))


def _llama(run: RunDir, export: Export | None) -> Engine:
    if export is None:
        remedy = "Add `exports: [gguf-q8_0]` to the recipe and run 'stillhouse package RECIPE'"
        raise InputError("has no GGUF export of this student", path=run.root, field="--with", remedy=remedy)
    program = _llama_program()
    if program is None:
        raise MissingExtra("llama.cpp's server", "gguf")
    path = _file(run, export).resolve()
    return Engine("llama.cpp", path, (*program, "--model", str(path), "--alias", MODEL))


def _llama_program() -> tuple[str, ...] | None:
    """Finds llama.cpp's own program on the PATH, else the same server out of xllamacpp; None without either."""
    program = shutil.which("llama-server")
    if program is not None:
        return (program,)
    if find_spec("xllamacpp") is not None:
        return (*PYTHON, "-m", "pipeline.serve.llama")
    return None


def _transformers(run: RunDir) -> Engine:
    if any(find_spec(name) is None for name in SERVING):
        raise MissingExtra("serving with transformers", "serve")
    # It calls the model by the path that it was given, so that path is the name: a student/ in the run directory.
    command = (*PYTHON, "-m", "transformers.cli.transformers", "serve", run.student.name)
    # The student is local: no question to the hub, no look for updates.
    env = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_UPDATE_CHECK": "1"}
    # It ignores a request's `logprobs` with a line in its log (transformers 5.23).
    return Engine("transformers", run.student.resolve(), command, cwd=run.root, env=env, logprobs=False)


def _has_gpu() -> bool:
    import torch  # late: only where vLLM is installed, which brought it

    return torch.cuda.is_available()
