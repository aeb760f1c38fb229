"""Function: a number of the user's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.recipe.evaluate import Evaluate
from prompts.errors import InputError
from tests.pipeline.evaluate.scoring.make import items


def function(folder: Path, body: str) -> Evaluate:
    (folder / "mine.py").write_text(f"def score(row):\n    {body}\n")
    return Evaluate(scorer={"name": "function", "function": "mine.py:score"}).beside(folder)


def test_your_function_gives_a_number(tmp_path: Path) -> None:
    config = function(tmp_path, "return len(row['completion']) / len(row['gold'])")
    found = config.to_scorer().score_many(items("ab", "abcd", "", gold="abcd"))
    assert [score.value for score in found] == [0.5, 1.0, 0.0]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("raise ValueError('no\\nway')", "ValueError: no way"),
        ("return 2", "returned 2.0, not 0 to 1"),
        ("return float('nan')", "returned nan, not 0 to 1"),
        ("return None", "TypeError"),
        ("import os; os._exit(3)", "ended without an answer"),
    ],
)
def test_a_scorer_that_raises_scores_nobody(tmp_path: Path, body: str, says: str) -> None:
    (score,) = function(tmp_path, body).to_scorer().score_many(items("x"))
    assert score.failed is not None
    assert says in score.failed


def test_a_function_that_is_not_there_is_the_recipes_fault(tmp_path: Path) -> None:
    function(tmp_path, "pass")
    config = Evaluate(scorer={"name": "function", "function": f"{tmp_path}/mine.py:other"})
    with pytest.raises(InputError, match=r"evaluate\.scorer\.function.*cannot be loaded"):
        config.to_scorer().score_many(items("x"))


def test_an_edited_function_scores_otherwise(tmp_path: Path) -> None:
    before = function(tmp_path, "return 1").scoring
    assert function(tmp_path, "return 1").scoring == before
    assert function(tmp_path, "return 0").scoring != before
    assert function(tmp_path, "return 0").scorer.files() == [tmp_path / "mine.py"]
