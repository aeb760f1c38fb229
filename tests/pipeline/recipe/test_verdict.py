"""A rule over one sample at a time: a verdict each, in the same order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.recipe.verdict import Drop, Each, Keep, Sample, Verdict, each
from tests.pipeline.curate.make import sample


def short(given: Sample) -> Verdict:
    return Keep(given) if len(given.completion) < 3 else Drop("too_long", float(len(given.completion)))


@given(texts=st.lists(st.text(max_size=5)), cut=st.integers(0, 10))
def test_a_part_has_the_verdicts_that_it_has_among_all(texts: list[str], cut: int) -> None:
    samples = [sample(completion=text) for text in texts]
    rule = each(short)
    assert isinstance(rule, Each)
    assert rule(samples) == [short(item) for item in samples]
    assert [*rule(samples[:cut]), *rule(samples[cut:])] == rule(samples)
