"""Every mistake is named with file, line, field and what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from pipeline.recipe.load import load_recipe
from prompts.errors import InputError
from tests.pipeline.helpers import write_recipe


def scored(folder: Path, evaluate: str) -> Path:
    """A recipe with this section, as its author writes it."""
    path = write_recipe(folder)
    path.write_text(path.read_text(encoding="utf-8") + evaluate, encoding="utf-8")
    return path


@pytest.mark.parametrize("step", ["best", "judge"])
def test_a_step_that_is_called_as_its_field_hides_no_field(tmp_path: Path, step: str) -> None:
    path = write_recipe(tmp_path, curate={"steps": [{"step": step, "judge": {"spec": "scripted:x", "nmae": "y"}}]})
    with pytest.raises(InputError) as caught:
        load_recipe(path)
    assert caught.value.field == "curate.steps.0.judge.nmae"


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


def test_a_second_mistake_is_counted(tmp_path: Path) -> None:
    path = write_recipe(tmp_path, generate={"samples": 0, "lane": "slow"})
    with pytest.raises(InputError, match=r"field 'generate.samples'.*\(and 1 more\)"):
        load_recipe(path)


def test_a_list_of_teachers_says_what_each_may_have(tmp_path: Path) -> None:
    path = write_recipe(tmp_path, teacher=["openai:one", {"spec": "openai:other", "prise": 1}])
    with pytest.raises(InputError, match=r"field 'teacher.1.prise'.*Known fields here: spec, name, api"):
        load_recipe(path)
