"""Which server is chosen, by what is installed and which files there are."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from pipeline.run.directory import RunDir
from pipeline.serve import engines
from pipeline.serve.engines import choose
from prompts.errors import InputError, MissingExtra
from tests.pipeline.serve.make import make_run


@pytest.fixture(autouse=True)
def nothing_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")


@pytest.fixture(scope="module")
def exported(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    folder = tmp_path_factory.mktemp("served")
    (folder / "script.jsonl").write_text('{"reply": "ham"}\n')
    return make_run(folder, tiny, "gguf-f16", "gguf-q8_0")


@pytest.fixture
def run(exported: RunDir, tmp_path: Path) -> RunDir:
    return RunDir(Path(shutil.copytree(exported.root, tmp_path / "run")))


def without(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    real = find_spec
    monkeypatch.setattr(engines, "find_spec", lambda name: None if name in names else real(name))


def with_vllm(monkeypatch: pytest.MonkeyPatch, *, gpu: bool) -> None:
    real: Any = find_spec
    monkeypatch.setattr(engines, "find_spec", lambda name: object() if name == "vllm" else real(name))
    monkeypatch.setattr(engines, "_has_gpu", lambda: gpu)


def test_the_first_export_of_the_recipe_is_served_by_llama_cpp(run: RunDir) -> None:
    engine = choose(run)
    assert (engine.name, engine.path) == ("llama.cpp", (run.exports / "gguf-f16" / "model.gguf").resolve())
    assert choose(run, export="gguf-q8_0").path.parent.name == "gguf-q8_0"


def test_the_server_on_the_path_goes_before_the_package(run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    program = run.root / "llama-server"
    program.touch(0o755)
    monkeypatch.setenv("PATH", str(run.root))
    assert choose(run).command[0] == str(program)


def test_without_an_export_or_a_server_for_it_transformers_serves(run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose(run, "transformers").path == run.student.resolve()
    without(monkeypatch, "xllamacpp", "vllm")
    assert choose(run).name == "transformers"


def test_vllm_goes_first_where_there_is_a_gpu(run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    with_vllm(monkeypatch, gpu=False)
    assert choose(run).name == "llama.cpp"
    assert choose(run, "vllm").name == "vllm"
    with_vllm(monkeypatch, gpu=True)
    assert choose(run).name == "vllm"
    assert choose(run, export="gguf-q8_0").name == "llama.cpp"


def test_an_export_of_an_older_student_is_not_served(run: RunDir) -> None:
    template = run.student / "chat_template.jinja"
    template.write_text(template.read_text() + " ")
    assert choose(run).name == "transformers"
    with pytest.raises(InputError, match="there are: none"):
        choose(run, export="gguf-f16")


def test_what_is_missing_is_named(run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="gguf-f16, gguf-q8_0"):
        choose(run, export="onnx")
    with pytest.raises(InputError, match=r"--with llama\.cpp"):
        choose(run, "transformers", "gguf-f16")
    without(monkeypatch, "xllamacpp", "vllm", "uvicorn")
    for engine, says in (("llama.cpp", r"\[gguf\]"), ("transformers", r"\[serve\]"), (None, r"\[serve\]")):
        with pytest.raises(MissingExtra, match=says):
            choose(run, engine)  # type: ignore[arg-type]  # a parameter of the loop
    with pytest.raises(InputError, match="vLLM is not installed"):
        choose(run, "vllm")
    shutil.rmtree(run.student)
    with pytest.raises(InputError, match="no student yet"):
        choose(run)
