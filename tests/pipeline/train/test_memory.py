"""The student's training in a plan: said, refused with what would fit, and without torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.plan import require_memory
from pipeline.recipe.load import load_recipe
from pipeline.train.memory import plan_training
from prompts.errors import InputError
from tests.pipeline.helpers import stillhouse, write_recipe, write_rows


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    write_rows(tmp_path / "rows.jsonl", [{"text": f"mail {i}", "label": "ham"} for i in range(4)])
    return write_recipe(
        tmp_path,
        teacher={"spec": "openai:gpt-4.1"},
        student={"base": "smollm2-135m", "batch_size": 4, "max_length": 256},
    )


def plan(recipe: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipeline.cli", "plan", str(recipe), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_memory_and_settings_are_shown(recipe: Path) -> None:
    done = plan(recipe)
    assert done.returncode == 0, done.stderr
    line = next(line for line in done.stdout.splitlines() if line.startswith("training"))
    assert "GB of memory, of" in line


def test_too_little_memory_is_exit_2_with_what_would_fit_and_the_rest_of_the_plan(recipe: Path) -> None:
    done = plan(recipe, "--set", "student.batch_size=512", "--set", "student.max_length=8192")
    assert done.returncode == 2
    assert "training needs about" in done.stderr
    assert "calls " in done.stdout


def test_a_run_says_it_before_a_teacher_is_paid(recipe: Path, tmp_path: Path) -> None:
    large = ("--set", "student.batch_size=512", "--set", "student.max_length=8192")
    done = stillhouse("run", recipe, *large, cwd=tmp_path)  # there is no key, so it ends there
    said, failed = done.stderr.splitlines()[0], done.stderr.splitlines()[-1]
    assert "training needs about" in said, done.stderr
    assert "OPENAI_API_KEY" in failed, done.stderr


def test_what_would_fit_is_named(recipe: Path) -> None:
    found = plan_training(load_recipe(recipe, ["student.batch_size=512", "student.max_length=8192"]))
    with pytest.raises(InputError, match=r"training needs about .* GB .*What would fit: .*accumulation"):
        require_memory(found)


def test_a_base_that_is_not_here_is_no_error(recipe: Path) -> None:
    assert plan_training(load_recipe(recipe, ["student.base=some/hub-model"])) is None


def test_a_plan_loads_no_torch(recipe: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from pipeline.train.memory import plan_training;"
        f"from pipeline.recipe.load import load_recipe; assert plan_training(load_recipe(Path({str(recipe)!r})));"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
