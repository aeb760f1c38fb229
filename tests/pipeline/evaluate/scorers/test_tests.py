"""Tests: the reply's code passes gold's tests, in a limited process."""

from __future__ import annotations

import sys
from pathlib import Path

from pipeline.recipe.evaluate import Evaluate
from pipeline.recipe.scorer import Score
from tests.pipeline.evaluate.scoring.make import TESTS, items

RIGHT, WRONG, NOTHING = Score(1.0, True), Score(0.0, True), Score(0.0, False)


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


def test_one_answer_alone_is_scored_too() -> None:
    assert Evaluate(scorer="tests").to_scorer().score("twice = lambda x: x + x", TESTS) == RIGHT


def test_a_program_counts_by_its_bytes_wherever_it_lies(tmp_path: Path) -> None:
    scorings = []
    for name in ("one", "other"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "check.py").write_text("x = 1")
        settings = {"name": "tests", "command": ["python", "check.py"]}
        scorings.append(Evaluate(scorer=settings).beside(folder).scoring)
    assert scorings[0] == scorings[1]
    assert (scorings[0]["command"][0], scorings[0]["timeout_s"]) == ("python", 10)
