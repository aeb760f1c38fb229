"""Encoded rows as padded batches on a device, for a model that is only read.

Shapes: B rows, T tokens of the longest of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from torch import Tensor
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling


def padded_batches(
    rows: Sequence[dict[str, list[int]]], size: int, pad: int, device: Any
) -> Iterator[dict[str, Tensor]]:
    """Yields `input_ids`, `attention_mask` and `labels`, all (B, T), of at most `size` rows at a time.

    The shortest rows come first, so that little is padding.
    """
    # TRL's own, so that a row is padded and masked here as it is in training.
    collate = DataCollatorForLanguageModeling(pad_token_id=pad)
    by_length = sorted(rows, key=lambda row: len(row["input_ids"]))
    for start in range(0, len(by_length), size):
        batch = collate(by_length[start : start + size])
        yield {name: values.to(device) for name, values in batch.items()}
