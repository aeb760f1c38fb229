"""The section `evaluate`: a scorer is a name, or that with settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.recipe.evaluate import Evaluate
from pipeline.recipe.load import load_recipe
from prompts.errors import InputError
from tests.pipeline.helpers import write_recipe


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


def test_answers_are_known_where_the_scorer_reads_labels() -> None:
    labels = ["spam", "ham"]
    assert Evaluate(scorer="label", labels=labels).answers_known == ("spam", "ham")
    assert Evaluate(scorer="exact", labels=labels).answers_known == ()
    assert Evaluate(scorer="label").answers_known == ()


@pytest.mark.parametrize(
    ("key", "remedy"),
    [
        ("rubric", "It is a setting of the scorer: write scorer: {name: judge, rubric: ...}"),
        ("memory_mb", "It is a setting of the scorer: write scorer: {name: function or tests, memory_mb: ...}"),
        ("name", None),
        ("colour", None),
    ],
)
def test_a_setting_in_the_wrong_place_is_told_where_it_belongs(key: str, remedy: str | None) -> None:
    assert Evaluate.remedy_for(key) == remedy


def test_what_is_no_scorer_is_told_how_one_is_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"recipe.yaml:\d+: field 'evaluate.scorer'.*write a scorer's name, or"):
        load_recipe(scored(tmp_path, "evaluate: {scorer: 3}\n"))
