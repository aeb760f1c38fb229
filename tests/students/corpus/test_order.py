"""The order of the rows: a permutation, the seed's own, with little padding."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from students.corpus.encode import IGNORED
from students.corpus.order import answers_of, order_by_length


@given(st.lists(st.integers(1, 500), max_size=200), st.integers(1, 16), st.integers(0, 3))
def test_every_row_is_read_once_and_the_seed_decides_when(lengths: list[int], batch_size: int, seed: int) -> None:
    order = order_by_length(lengths, batch_size, seed)
    assert sorted(order) == list(range(len(lengths)))
    assert order == order_by_length(lengths, batch_size, seed)


@given(st.integers(0, 20))
def test_a_batch_holds_rows_of_like_length(seed: int) -> None:
    chance = random.Random(seed)
    lengths = [chance.randint(20, 200) for _ in range(400)]
    order = order_by_length(lengths, 8, seed)
    assert padded(lengths, order) < 1.15 * sum(lengths)
    assert padded(lengths, list(range(400))) > 1.4 * sum(lengths)


def test_batches_are_not_read_from_short_to_long() -> None:
    lengths = list(range(1, 401))
    firsts = [lengths[row] for row in order_by_length(lengths, 8, 0)[::8]]
    assert firsts != sorted(firsts)


def test_a_batch_mixes_rows_that_differ_by_a_few_tokens() -> None:
    lengths = [20, 22] * 40  # two answers, told apart by their length alone
    order = order_by_length(lengths, 8, 0)
    assert all(len({lengths[row] for row in order[at : at + 8]}) == 2 for at in range(0, 80, 8))


def test_each_batch_has_the_labels_in_the_corpus_s_shares_however_their_lengths_differ() -> None:
    chance = random.Random(0)
    answers = ["spam"] * 80 + ["ham"] * 240
    lengths = [chance.randint(100, 140) for _ in range(80)] + [chance.randint(40, 160) for _ in range(240)]
    order = order_by_length(lengths, 8, 0, answers)
    assert sorted(order) == list(range(320))
    counts = {[answers[row] for row in order[at : at + 8]].count("spam") for at in range(0, 320, 8)}
    assert counts <= {1, 2, 3}
    alone = order_by_length(lengths, 8, 0)
    assert {[answers[row] for row in alone[at : at + 8]].count("spam") for at in range(0, 320, 8)} >= {0, 4}
    assert padded(lengths, order) < 1.25 * sum(lengths) < padded(lengths, list(range(320)))


def test_answers_that_are_no_labels_change_nothing() -> None:
    lengths = [20 + 7 * row % 90 for row in range(100)]
    assert order_by_length(lengths, 8, 0, list(range(100))) == order_by_length(lengths, 8, 0)
    assert answers_of([[IGNORED, 5, 6], [IGNORED, *range(40)]]) == [(5, 6), None]


def padded(lengths: list[int], order: list[int]) -> int:
    """Cells of all batches of eight, padding included."""
    batches = [order[at : at + 8] for at in range(0, len(order), 8)]
    return sum(len(batch) * max(lengths[row] for row in batch) for batch in batches)
