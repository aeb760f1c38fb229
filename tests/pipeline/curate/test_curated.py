"""What curation comes to: nothing disappears, and the train side is known."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from pipeline.curate.curated import Curated
from pipeline.recipe.verdict import Drop
from pipeline.run.counts import FunnelStep
from pipeline.run.errors import RunError
from tests.pipeline.curate.make import sample


def curated() -> Curated:
    rows = [sample(f"p{number}", split="heldout" if number == 3 else "train") for number in range(5)]
    result = Curated(samples=6, failed=Counter(transient=1), kept={row.sample_id: row for row in rows[2:]})
    result.drop(rows[0], "format", Drop("too_short", 0.5), 1)
    result.drop(rows[1], "format", Drop("too_long"), 1)
    result.add_to_funnel("format", 5, 3, Counter(too_short=1, too_long=1))
    return result


def test_counts_are_of_both_sides_and_of_what_failed() -> None:
    counts = curated().counts(preference_pairs=4, rejected_alone=1)
    assert (counts.samples, counts.kept, counts.train, counts.heldout) == (6, 3, 2, 1)
    assert counts.dropped == {"format": {"too_short": 1, "too_long": 1}}
    assert counts.failed == {"transient": 1}
    assert counts.funnel == (FunnelStep("format", 5, 3, {"too_short": 1, "too_long": 1}),)
    assert (counts.preference_pairs, counts.rejected_alone) == (4, 1)


def test_a_sample_that_disappeared_is_an_error() -> None:
    with pytest.raises(RunError, match="lost rows: 7 samples, but 3 kept, 2 dropped and 1 failed"):
        replace(curated(), samples=7).counts()


def test_the_train_side_is_of_kept_and_dropped() -> None:
    assert curated().train_ids() == {f"p{number}/spam" for number in (0, 1, 2, 4)}
