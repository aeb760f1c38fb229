"""Select: a budget of train rows, spread over what there is."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipeline.curate.steps.select import Select
from pipeline.recipe.verdict import Keep, Sample
from prompts.messages import Message
from tests.pipeline.curate.make import sample, verdicts_of
from tests.pipeline.curate.static_models import save_static

By = Literal["diversity", "coverage", "label"]
TOPICS = [
    "how to cook rice with {}",
    "the engine of a car needs {}",
    "my garden grows {} in spring",
    "pay the tax on {}",
]


def kept(samples: Sequence[Sample], rows: int, by: By = "diversity") -> set[str]:
    found = zip(samples, verdicts_of(Select(rows=rows, by=by), samples), strict=True)
    return {one.sample_id for one, verdict in found if isinstance(verdict, Keep)}


def test_labels_have_equal_shares_and_a_rare_one_is_kept_whole() -> None:
    labels = ["ham"] * 80 + ["Spam"] * 15 + ["other"] * 2
    samples = [sample(f"mail {number}", label) for number, label in enumerate(labels)]
    found = Counter(one.completion for one in samples if one.sample_id in kept(samples, 20, "label"))
    assert found == {"ham": 9, "Spam": 9, "other": 2}


def test_diversity_takes_every_topic_before_a_second_of_one() -> None:
    counts = [1, 3, 20, 200]
    samples = [
        sample(topic.format(f"thing{n}")) for topic, count in zip(TOPICS, counts, strict=True) for n in range(count)
    ]
    found = kept(samples, len(TOPICS))
    assert {one.student_messages[0].content.split()[1] for one in samples if one.sample_id in found} == {
        topic.split()[1] for topic in TOPICS
    }


@pytest.mark.parametrize("by", ["diversity", "coverage"])
def test_a_model_tells_topics_whose_words_differ(by: By, tmp_path: Path) -> None:
    model = str(save_static(tmp_path))
    texts = ["reset password", "change passphrase", "change password", "rain", "weather", "sun"]
    samples = [
        sample(text, student_messages=(Message("system", f"{n}"), Message("user", text)))
        for n, text in enumerate(texts)
    ]
    verdicts = verdicts_of(Select(rows=2, by=by, model=model), samples)
    stay = [number for number, verdict in enumerate(verdicts) if isinstance(verdict, Keep)]
    assert [number // 3 for number in stay] == [0, 1]


def test_labels_need_no_model() -> None:
    with pytest.raises(ValidationError, match="'model' needs by: diversity or coverage"):
        Select(rows=1, by="label", model="all-minilm-l6-v2")


@pytest.mark.parametrize("by", ["diversity", "coverage", "label"])
def test_odd_texts_and_equal_rows(by: By) -> None:
    odd = ["", "x", "🙂🙂", "שלום עולם", "word " * 200_000]
    samples = [sample(text, sample_id=f"{n}") for n, text in enumerate([*odd, *["same"] * 5_000])]
    assert len(kept(samples, 7, by)) == 7
    assert verdicts_of(Select(rows=3, by=by), []) == []


ROWS = st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(["spam", "ham", "x"]), st.booleans()), max_size=15)


@given(
    rows=ROWS,
    seed=st.randoms(use_true_random=False),
    budget=st.integers(1, 8),
    by=st.sampled_from(["diversity", "coverage", "label"]),
)
def test_laws(rows: list[tuple[str, str, bool]], seed: random.Random, budget: int, by: By) -> None:
    samples = [
        sample(text, label, "heldout" if held else "train", sample_id=f"{n}")
        for n, (text, label, held) in enumerate(rows)
    ]
    found = kept(samples, budget, by)
    train = {one.sample_id for one in samples if one.split == "train"}
    assert len(found & train) == min(budget, len(train))
    assert found >= {one.sample_id for one in samples} - train
    assert kept(seed.sample(samples, len(samples)), budget, by) == found
    assert kept([one for one in samples if one.sample_id in found], budget, by) == found
    assert kept(samples, budget + 1, by) >= found
