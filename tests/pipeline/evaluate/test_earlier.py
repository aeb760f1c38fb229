from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.evaluate.earlier import compare_earlier
from pipeline.run.evaluation import STUDENT
from prompts.errors import InputError
from tests.pipeline.compare.make import evaluated
from tests.pipeline.evaluate.make import LABELS, contestant, known, row


def test_an_earlier_runs_student_is_compared_with_this_one(tmp_path: Path) -> None:
    run = evaluated(tmp_path / "before", 20, first=5)
    rows = [row(f"row {place:02}") for place in range(40)]
    config = LABELS.model_copy(update={"against": [run]})
    found = compare_earlier(rows, [contestant(STUDENT, ["spam"] * 40)], config, None)["before"]
    assert (found.rows, found.left_out) == (35, {"not_in_that_run": 5, "not_in_this_run": 5})
    assert known(found.summary.score).value == pytest.approx(15 / 35)
    assert known(found.minus_student).value == pytest.approx(-20 / 35)
    with pytest.raises(InputError, match="no held-out prompt of this run"):
        compare_earlier([row("new")], [contestant(STUDENT, ["spam"])], config, None)
