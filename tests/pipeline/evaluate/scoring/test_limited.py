"""Scores from limited processes: the answer's code against gold's tests, and a user's function."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pipeline.recipe.evaluate import Evaluate
from pipeline.recipe.scorer import Item, Score
from prompts.errors import InputError
from prompts.messages import Message

RIGHT, WRONG, NOTHING = Score(1.0, True), Score(0.0, True), Score(0.0, False)
TESTS = "assert twice(2) == 4\nassert twice('a') == 'aa'"


def items(*texts: str, gold: str = TESTS) -> list[Item]:
    return [Item(f"p{place}", (Message("user", "Write twice."),), text, gold) for place, text in enumerate(texts)]


def test_code_is_right_where_its_tests_pass() -> None:
    scorer = Evaluate(scorer={"name": "tests", "timeout_s": 2}).to_scorer()
    good = "def twice(x):\n    return x + x"
    found = scorer.score_many(
        items(
            good,
            f"Like this:\n```python\n{good}\n```\nIt adds.",
            "def twice(x):\n    return 2 * x + 0 * 1.5",
            "def twice(x) return",
            "import sys; sys.exit(0)",
            "import os; os._exit(0)",
            "while True: pass",
            "x = 'a' * (1 << 33)",
        ),
    )
    assert found == [RIGHT, RIGHT, WRONG, WRONG, WRONG, NOTHING, NOTHING, NOTHING]


def test_a_command_may_test(tmp_path: Path) -> None:
    check = tmp_path / "check.py"
    check.write_text(
        "import json, sys\nrow = json.load(sys.stdin)\nsys.exit(int(row['gold'] not in row['completion']))"
    )
    config = Evaluate(scorer={"name": "tests", "command": [sys.executable, "check.py"]}).beside(tmp_path)
    assert config.scorer.files() == [Path(sys.executable), check]
    found = config.to_scorer().score_many(items("a yes", "a no", gold="yes"))
    assert found == [RIGHT, WRONG]


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


def test_one_answer_alone_is_scored_too() -> None:
    assert Evaluate(scorer="tests").to_scorer().score("twice = lambda x: x + x", TESTS) == RIGHT
