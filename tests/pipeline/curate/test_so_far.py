"""What curation keeps so far: counted by the steps that read the reply alone."""

from __future__ import annotations

from pipeline.curate.so_far import KeptSoFar
from pipeline.curate.steps.exact import Exact
from pipeline.curate.steps.format import Format
from pipeline.curate.steps.outcome import Outcome
from pipeline.recipe.curate import Curate
from tests.pipeline.helpers import reply


def test_only_what_the_first_steps_keep_is_counted_on_top_of_before() -> None:
    kept = KeptSoFar(Curate(steps=[Outcome(), Format(choices=["spam", "ham"])]), before=5)
    for text, outcome in (("Spam.", "ok"), ("eggs", "ok"), ("ham", "refused"), ("ham", "ok")):
        kept.add(reply(text, outcome=outcome))
    assert kept.count == 7


def test_a_step_over_all_rows_ends_what_can_be_told() -> None:
    kept = KeptSoFar(Curate(steps=[Exact(), Format(choices=["spam"])]))
    for text in ("eggs", "eggs", "spam"):
        kept.add(reply(text))
    assert kept.count == 3
