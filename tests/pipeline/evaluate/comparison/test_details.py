"""What a kind of scorer says beyond the score."""

from __future__ import annotations

import json

import pytest

from pipeline.evaluate.answers.contestants import Answer
from pipeline.evaluate.comparison.details import measure_details
from pipeline.evaluate.comparison.resampling import Resampling
from pipeline.recipe.evaluate import Evaluate
from pipeline.statistics.intervals import wilson
from tests.pipeline.evaluate.make import ends, row

CONFIG = Evaluate(scorer="json", resamples=2000)


def test_each_field_of_the_json_has_its_share_its_interval_and_its_rows() -> None:
    golds = [json.dumps({"name": index, **({"born": 2} if index % 2 else {})}) for index in range(60)]
    rows = [row(f"row {index:02}", gold) for index, gold in enumerate(golds)]
    texts = [json.dumps({"name": index if index % 3 else 0, "born": 2}) for index in range(60)]
    answers = [Answer(text if index % 5 else "no JSON") for index, text in enumerate(texts)]
    found = measure_details(Resampling(rows, CONFIG), answers, CONFIG.to_scorer())
    shares = {name: estimate.value for name, estimate in found.field_scores.items()}
    assert shares == pytest.approx({"name": 32 / 60, "born": 24 / 30})
    assert {name: estimate.n for name, estimate in found.field_scores.items()} == {"name": 60, "born": 30}
    for estimate in found.field_scores.values():
        assert estimate.n is not None
        assert ends(estimate) == pytest.approx(wilson(estimate.value, estimate.n), abs=0.02)
