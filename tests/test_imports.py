"""What importing the command line loads, and that extras fail with their install command."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = {"torch", "transformers", "datasets", "trl", "openai", "anthropic", "boto3", "xllamacpp", "pyarrow", "numpy"}


def python(code: str) -> str:
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize(
    "module", ["pipeline", "pipeline.cli", "pipeline.recipe.recipe", "teachers.catalog", "students.config"]
)
def test_imports_nothing_heavy(module: str) -> None:
    loaded = python(f"import sys, {module}; print(*{{name.split('.')[0] for name in sys.modules}})").split()
    assert not HEAVY & set(loaded)


def test_describing_every_teacher_loads_no_sdk() -> None:
    code = (
        "import sys; from teachers.capabilities import capabilities_of; from teachers.catalog import providers\n"
        "from teachers.spec import Spec\n"
        "for p in providers(): capabilities_of(Spec.parse(p.example))\nprint(*sys.modules)"
    )
    loaded = {name.split(".")[0] for name in python(code).split()}
    assert not {"torch", "transformers", "openai", "xllamacpp"} & loaded


@pytest.mark.parametrize(
    ("blocked", "spec", "extra"),
    [
        ("openai", "openai:gpt-4.1", "openai"),
        ("xllamacpp", "gguf:smollm2-135m", "gguf"),
        ("torch", "huggingface:x", "train"),
    ],
)
def test_a_missing_extra_names_its_install_command(blocked: str, spec: str, extra: str) -> None:
    code = f"""
import importlib.machinery, sys
real = importlib.machinery.PathFinder.find_spec
def find(name, *rest):
    return None if name.split(".")[0] == "{blocked}" else real(name, *rest)
importlib.machinery.PathFinder.find_spec = find
from prompts.errors import MissingExtra
from teachers.catalog import open_teacher
try:
    open_teacher("{spec}")
except MissingExtra as error:
    print(error)
"""
    assert f"pip install 'stillhouse[{extra}]'" in python(code)
