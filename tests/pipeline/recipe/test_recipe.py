"""Recipes: closed, typed, resolved; every mistake is named with file, line, field and what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from pipeline.curate.require import require_preferences
from pipeline.recipe.curate import Curate
from pipeline.recipe.load import RECIPES, load_recipe, placed
from pipeline.run.directory import RunDir
from prompts.errors import InputError
from tests.pipeline.helpers import write_recipe


def test_paths_are_relative_to_the_recipe_and_the_resolved_one_loads_anywhere(tmp_path: Path) -> None:
    recipe = load_recipe(write_recipe(tmp_path))
    assert recipe.prompts.source == tmp_path / "rows.jsonl"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    resolved = elsewhere / "recipe.yaml"
    resolved.write_text(recipe.to_yaml(), encoding="utf-8")
    assert load_recipe(resolved) == recipe


def test_a_shipped_recipe_goes_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_recipe(Path("quickstart")).name == "quickstart"
    with pytest.raises(InputError, match=r"no such recipe. .*quickstart"):
        load_recipe(Path("quikstart"))


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_recipe_loads(path: Path) -> None:
    assert load_recipe(path).name == path.stem


@pytest.mark.parametrize("step", ["best", "judge"])
def test_a_step_that_is_called_as_its_field_hides_no_field(tmp_path: Path, step: str) -> None:
    path = write_recipe(tmp_path, curate={"steps": [{"step": step, "judge": {"spec": "scripted:x", "nmae": "y"}}]})
    with pytest.raises(InputError) as caught:
        load_recipe(path)
    assert caught.value.field == "curate.steps.0.judge.nmae"


def test_overrides(tmp_path: Path) -> None:
    steps = {"steps": [{"step": "format"}, {"step": "calibrate", "labels": ["a", "b"]}]}
    path = write_recipe(tmp_path, curate=steps)
    changes = ["student.epochs=3", "curate.calibrate.keep=0.5", "generate.seed=7", "curate.split.heldout=0.4"]
    recipe = load_recipe(path, changes, teacher="openai:gpt-test")
    assert recipe.student.epochs == 3
    assert recipe.curate.steps[1].model_dump()["keep"] == 0.5
    assert (recipe.generate.seed, recipe.curate.split.heldout, recipe.teacher[0].spec) == (7, 0.4, "openai:gpt-test")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("epochs", "--set epochs: expected KEY=VALUE"),
        ("student.epocs=3", "field 'student.epocs': Extra inputs are not permitted"),
        ("name.x=3", "'name' has no fields"),
    ],
)
def test_bad_overrides(tmp_path: Path, override: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        load_recipe(write_recipe(tmp_path), [override])
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "line", "field", "message"),
    [
        ("generate: {samples: 2, tempreature: 0}\n", 1, "generate.tempreature", "Known fields here: samples"),
        ("generate:\n  samples: many\n", 2, "generate.samples", "Got 'many'"),
        ("generate:\n  samples: 0\n", 2, "generate.samples", "greater than or equal to 1"),
        ("colour: red\n", 1, "colour", "Known fields here: name, prompts, purpose"),
        ("curate:\n  steps:\n  - step: calibrate\n", 3, "curate.steps.0.labels", "Field required"),
        ("curate:\n  steps:\n  - step: exact\n  - step: magic\n", 4, "curate.steps.1", "magic"),
    ],
)
def test_mistakes_name_line_and_field(tmp_path: Path, text: str, line: int, field: str, message: str) -> None:
    path = write_recipe(tmp_path)
    head = path.read_text(encoding="utf-8")
    path.write_text(head + text, encoding="utf-8")
    line += len(head.splitlines())
    with pytest.raises(InputError) as caught:
        load_recipe(path)
    assert caught.value.field == field
    assert message in str(caught.value)
    assert caught.value.line == line


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    path = write_recipe(tmp_path)
    values = yaml.safe_load(path.read_text())
    del values["teacher"]
    path.write_text(yaml.safe_dump(values))
    with pytest.raises(InputError, match="field 'teacher': Field required"):
        load_recipe(path)


@pytest.mark.parametrize(("field", "line"), [("source", 3), ("template", 4)])
def test_missing_files_name_the_line_that_names_them(tmp_path: Path, field: str, line: int) -> None:
    prompts = {"source": "rows.jsonl", "template": "t.md", field: "none.jsonl"}
    with pytest.raises(InputError, match=rf"recipe\.yaml:{line}: field 'prompts\.{field}': no such file"):
        load_recipe(write_recipe(tmp_path, prompts=prompts))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name: [\n", "recipe.yaml:2: is not YAML"),
        (b"- a\n", "recipe.yaml:1: is not a mapping"),
        (b"name: \xff\n", "is not UTF-8"),
        (b"", "is not a mapping"),
        (b"name: !!python/object/apply:os.system [ls]\n", "recipe.yaml:1"),
    ],
)
def test_what_is_no_recipe(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        load_recipe(path)
    assert message in str(caught.value)


def test_preferences_need_a_step_that_makes_some_or_a_file(tmp_path: Path) -> None:
    student, run = {"base": "smollm2-135m", "method": "preference"}, RunDir(tmp_path / "run")
    student_messages = write_recipe(tmp_path, student=student)
    with (
        pytest.raises(InputError, match=r"recipe.yaml:\d+: field 'student.method'.*Add agreement, best, judge, verify"),
        placed(student_messages),
    ):
        require_preferences(load_recipe(student_messages), run)
    voted = load_recipe(write_recipe(tmp_path, student=student, curate={"steps": [{"step": "agreement"}]}))
    require_preferences(voted, run)
    (tmp_path / "edits.jsonl").touch()
    given = load_recipe(write_recipe(tmp_path, student=student | {"preference": {"pairs": "edits.jsonl"}}))
    require_preferences(given, run)
    assert given.student.preference is not None
    assert given.student.preference.pairs == str(tmp_path / "edits.jsonl")
    with pytest.raises(InputError, match=r"recipe.yaml:\d+: field 'student.preference.pairs': no such file"):
        load_recipe(write_recipe(tmp_path, student=student | {"preference": {"pairs": "eddits.jsonl"}}))


def test_on_no_and_yes_are_words(tmp_path: Path) -> None:
    path = write_recipe(tmp_path)
    steps = "curate: {steps: [{step: near, on: reply}, {step: format, choices: [yes, no], closed_fences: true}]}\n"
    path.write_text(path.read_text(encoding="utf-8") + steps, encoding="utf-8")
    near, form = (step.model_dump() for step in load_recipe(path).curate.steps)
    assert (near["on"], form["choices"], form["closed_fences"]) == ("reply", ["yes", "no"], True)


def test_a_default_step_can_be_set_by_name(tmp_path: Path) -> None:
    found = load_recipe(write_recipe(tmp_path), ["curate.near.threshold=0.7"]).curate.steps
    assert [step.step for step in found] == [step.step for step in Curate().steps]
    assert next(step.model_dump() for step in found if step.step == "near")["threshold"] == 0.7
