"""Vote groups: what says the same is in one group, the largest first, whatever the order of the samples."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.curate.vote_groups import Ballot, vote_groups_of
from prompts.numbers import last_number
from tests.pipeline.curate.make import sample

TEXTS = ["spam", "Spam!", "ham", "", "7", "so 7.4", "7.9", '{"a": 1}', '{"a": 1.0, "b": 2}', "[1]", "٧"]
BALLOTS = [Ballot("text"), Ballot("label"), Ballot("json"), Ballot("json", ("a",)), Ballot("number", tolerance=0.5)]


def groups(ballot: Ballot, texts: list[str]) -> list[list[str]]:
    samples = [sample(completion=text, sample_id=f"{number:02}") for number, text in enumerate(texts)]
    return [[member.completion for member in group] for group in vote_groups_of(samples, ballot)]


@pytest.mark.parametrize("ballot", BALLOTS)
@given(texts=st.lists(st.sampled_from(TEXTS), max_size=12), data=st.data())
def test_each_readable_sample_is_in_one_group_whatever_the_order(
    ballot: Ballot, texts: list[str], data: st.DataObject
) -> None:
    samples = [sample(completion=text, sample_id=f"{number:02}") for number, text in enumerate(texts)]
    expected = vote_groups_of(samples, ballot)
    assert vote_groups_of(data.draw(st.permutations(samples)), ballot) == expected
    ids = [member.sample_id for group in expected for member in group]
    assert len(ids) == len(set(ids))
    assert [len(group) for group in expected] == sorted((len(group) for group in expected), reverse=True)
    if ballot.by == "text":
        assert len(ids) == len(texts)  # every text says something


@given(texts=st.lists(st.sampled_from(TEXTS), max_size=12), tolerance=st.sampled_from([0, 0.4, 0.5, 1]))
def test_numbers_of_a_group_span_no_more_than_the_tolerance(texts: list[str], tolerance: float) -> None:
    for group in groups(Ballot("number", tolerance=tolerance), texts):
        numbers = [number for number in map(last_number, group) if number is not None]
        assert len(numbers) == len(group)
        assert max(numbers) - min(numbers) <= Decimal(str(tolerance))


def test_named_fields_alone_decide_where_some_are_named() -> None:
    texts = ['{"a": 1, "b": 2}', '{"b": 3, "a": 1.0}', "[1]", "no JSON"]
    assert groups(Ballot("json", ("a",)), texts) == [texts[:2]]
    assert groups(Ballot("json"), texts) == [[texts[0]], [texts[1]], [texts[2]]]
