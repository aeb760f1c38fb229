"""Exact: what counts as the same text, and which of several stays."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.curate.steps.exact import Exact
from pipeline.recipe.verdict import Keep
from tests.pipeline.curate.make import reason, sample, verdicts_of


def test_exact_sees_through_case_space_and_unicode_forms() -> None:
    verdicts = verdicts_of(Exact(), [sample("ﬁnd  ME"), sample("find me"), sample("find you")])
    assert [reason(verdict) for verdict in verdicts] == ["exact_duplicate", "kept", "kept"]


def test_exact_keeps_all_samples_of_one_prompt() -> None:
    assert [reason(verdict) for verdict in verdicts_of(Exact(), [sample(sample_id="1"), sample(sample_id="2")])] == [
        "kept",
        "kept",
    ]


def test_exact_keeps_the_held_out_side_of_a_text_on_both() -> None:
    verdicts = verdicts_of(Exact(), [sample("Same"), sample("same", split="heldout")])
    assert [reason(verdict) for verdict in verdicts] == ["exact_duplicate", "kept"]


@given(st.lists(st.sampled_from(["a", "A", "b ", " b", "c"]), max_size=12))
def test_exact_is_idempotent_and_keeps_one_of_each_text(texts: list[str]) -> None:
    samples = [sample(text, prompt_id=str(index)) for index, text in enumerate(texts)]
    kept = [verdict.sample for verdict in verdicts_of(Exact(), samples) if isinstance(verdict, Keep)]
    assert len(kept) == len({text.strip().lower() for text in texts})
    assert all(isinstance(verdict, Keep) for verdict in verdicts_of(Exact(), kept))
