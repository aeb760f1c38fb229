"""Recipes: closed, typed, resolved; every mistake is named with file, line, field and what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from pipeline.curate.require import require_preferences
from pipeline.recipe.curate import Curate
from pipeline.recipe.load import RECIPES, load_recipe, placed, read_resolved
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


def scored(folder: Path, evaluate: str) -> Path:
    """A recipe with this section, as its author writes it."""
    path = write_recipe(folder)
    path.write_text(path.read_text(encoding="utf-8") + evaluate, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("evaluate", "expected"),
    [
        ("evaluate: {scorer: label, labels: [spam, ham]}\n", {"name": "label"}),
        ("evaluate: {scorer: json}\n", {"name": "json", "fields": []}),
        ("evaluate: {scorer: {name: json, fields: [year]}}\n", {"name": "json", "fields": ["year"]}),
        ("evaluate: {scorer: {name: numeric, tolerance: 0.5}}\n", {"name": "numeric", "tolerance": 0.5}),
        ("", {"name": "exact"}),
    ],
)
def test_a_scorer_is_a_name_or_that_with_settings(tmp_path: Path, evaluate: str, expected: dict[str, object]) -> None:
    recipe = load_recipe(scored(tmp_path, evaluate))
    assert recipe.evaluate.scorer.model_dump() == expected
    resolved = tmp_path / "resolved.yaml"
    resolved.write_text(recipe.to_yaml(), encoding="utf-8")
    assert load_recipe(resolved) == recipe


@pytest.mark.parametrize(
    ("text", "line", "field", "message"),
    [
        ("evaluate:\n  scorer: json\n  fields: [a]\n", 3, "evaluate.fields", "scorer: {name: json, fields: ...}"),
        (
            "evaluate:\n  scorer: function\n  function: mine.py:score\n",
            3,
            "evaluate.function",
            "scorer: {name: function, function: ...}",
        ),
        ("evaluate:\n  timeout_s: 5\n", 2, "evaluate.timeout_s", "{name: function or tests, timeout_s: ...}"),
        ("evaluate:\n  colour: red\n", 2, "evaluate.colour", "Known fields here: scorer, labels"),
        ("evaluate:\n  scorer: magic\n", 2, "evaluate.scorer", "'bleu', 'chrf', 'exact'"),
        ("evaluate:\n  scorer: {fields: [a]}\n", 2, "evaluate.scorer", "'name'"),
        ("evaluate:\n  scorer: 7\n", 2, "evaluate.scorer", "Got 7"),
        (
            "evaluate:\n  scorer:\n    name: numeric\n    tolerence: 1\n",
            4,
            "evaluate.scorer.tolerence",
            "Known fields here: name, tolerance",
        ),
        (
            "evaluate:\n  scorer:\n    name: judge\n    judge: {spec: 'scripted:x', nmae: y}\n",
            4,
            "evaluate.scorer.judge.nmae",
            "Known fields here: spec, name",
        ),
        ("evaluate:\n  scorer: function\n", 2, "evaluate.scorer.function", "Field required"),
        (
            "evaluate:\n  scorer:\n    name: function\n    function: gone.py:score\n",
            4,
            "evaluate.scorer.function",
            "no such file",
        ),
    ],
)
def test_mistakes_about_the_scorer(tmp_path: Path, text: str, line: int, field: str, message: str) -> None:
    path = scored(tmp_path, text)
    before = len(path.read_text(encoding="utf-8").splitlines()) - len(text.splitlines())
    with pytest.raises(InputError) as caught:
        load_recipe(path)
    assert (caught.value.field, caught.value.line) == (field, before + line)
    assert message in str(caught.value)


def test_a_runs_recipe_of_other_words_is_refused_with_what_is_wrong(tmp_path: Path) -> None:
    path = write_recipe(tmp_path)
    kept = tmp_path / "kept.yaml"
    kept.write_text(load_recipe(path).to_yaml(), encoding="utf-8")
    (tmp_path / "rows.jsonl").unlink()
    assert read_resolved(kept).prompts.source == tmp_path / "rows.jsonl"
    kept.write_text(kept.read_text(encoding="utf-8").replace("scorer:", "tolerance: 0.0\n  scorer:"), encoding="utf-8")
    with pytest.raises(InputError, match=r"kept.yaml:\d+: field 'evaluate.tolerance'.*write scorer: {name: numeric"):
        read_resolved(kept)


def test_a_scorers_setting_can_be_set_by_name(tmp_path: Path) -> None:
    path = scored(tmp_path, "evaluate: {scorer: json}\n")
    set_fields = load_recipe(path, ["evaluate.scorer.fields=[year]"]).evaluate.scorer
    assert set_fields.model_dump() == {"name": "json", "fields": ["year"]}
    assert load_recipe(path, ["evaluate.scorer=rouge"]).evaluate.scorer.name == "rouge"
    changes = ["evaluate.scorer=numeric", "evaluate.scorer.tolerance=1"]
    assert load_recipe(path, changes).evaluate.scorer.model_dump() == {"name": "numeric", "tolerance": 1}
