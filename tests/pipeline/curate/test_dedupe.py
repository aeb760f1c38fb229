"""Which of several texts that count as the same stays."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.curate.dedupe import bests, text_of, unit_of
from pipeline.recipe.verdict import Side
from prompts.messages import Message
from tests.pipeline.curate.make import sample

NUMBERS = st.none() | st.floats(-1, 1)
ROWS = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["train", "heldout"]), NUMBERS, NUMBERS), max_size=8)


@given(rows=ROWS, data=st.data())
def test_one_of_each_key_stays_a_held_out_one_if_there_is_one_whatever_the_order(
    rows: list[tuple[str, Side, float | None, float | None]], data: st.DataObject
) -> None:
    keyed = [
        (key, sample(key, split=split, score=score, margin=margin, sample_id=f"{number}"))
        for number, (key, split, score, margin) in enumerate(rows)
    ]
    best = bests([item for _, item in keyed], [key for key, _ in keyed])
    shuffled = data.draw(st.permutations(keyed))
    assert bests([item for _, item in shuffled], [key for key, _ in shuffled]) == best
    assert best.keys() == {key for key, _ in keyed}
    for key, stays in best.items():
        others = [item for own, item in keyed if own == key]
        if stays.split == "train":
            assert all(item.split == "train" for item in others)
            assert stays.score is None or all(item.score is None or item.score <= stays.score for item in others)


def test_what_is_compared_stays_or_leaves_as_one() -> None:
    turns = (Message("system", "be brief"), Message("user", "why?"))
    asked = sample("p", "so", student_messages=turns, sample_id="s")
    assert (text_of(asked, "prompt"), unit_of(asked, "prompt")) == ("be brief\nwhy?", "p")
    assert (text_of(asked, "reply"), unit_of(asked, "reply")) == ("so", "s")
    assert (text_of(asked, "both"), unit_of(asked, "both")) == ("be brief\nwhy?\nso", "s")
