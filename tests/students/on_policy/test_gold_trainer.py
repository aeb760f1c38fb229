from __future__ import annotations

from typing import Any

import pytest
import torch

from students.corpus.encode import IGNORED

# Imported directly here; students.on_policy.gold silences it for a user.
pytestmark = pytest.mark.filterwarnings("ignore:You are importing from")


def test_answers_end_at_their_first_end_of_turn() -> None:
    from students.on_policy.gold_trainer import end_answers

    labels_BT = torch.tensor([[IGNORED, 5, 2, 7, 2], [IGNORED, 5, 6, 7, 8]])
    offsets_BT2 = torch.tensor(
        [[[0, 0], [0, 4], [4, 14], [14, 15], [15, 25]], [[0, 0], [0, 1], [1, 2], [2, 3], [3, 4]]]
    )
    labels, offsets = end_answers(labels_BT, offsets_BT2, 2, ["spam", "abcd"])
    assert labels.tolist() == [[IGNORED, 5, 2, IGNORED, IGNORED], [IGNORED, 5, 6, 7, 8]]
    assert offsets[0, 2].tolist() == [4, 4]
    assert offsets[1].tolist() == offsets_BT2[1].tolist()


def test_the_teacher_reads_its_own_template_and_its_first_token_once(tokenizer: Any, other_tokenizer: Any) -> None:
    from students.on_policy.gold_trainer import teacher_prompts

    prompt = [{"role": "user", "content": "Spam or ham?"}]
    (rendered,) = set(teacher_prompts([prompt], tokenizer, other_tokenizer).values())  # type: ignore[list-item]
    assert rendered == "<s>[user]:Spam or ham? [assistant]:"
