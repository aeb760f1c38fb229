"""What a base makes of rows before it is trained: its loss, and how much each of its layers does.

Shapes: B rows, T tokens, K columns that hold a label in at least one row, D the width of the hidden states.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity
from torch.nn.utils.rnn import pad_sequence

from students.encode import IGNORED
from students.trainer import completion_loss

BATCH_ROWS = 16
EncodedRow = dict[str, list[int]]


def answer_loss(model: Any, rows: Sequence[EncodedRow]) -> float:
    """Cross-entropy of the answers, in nats per token: what `sft` calls the validation loss."""
    total, count = 0.0, 0
    for ids_BT, mask_BT, labels_BT in _batches(rows, model.device):
        targets_BT = labels_BT[:, 1:]
        columns_K = (targets_BT != IGNORED).any(dim=0).nonzero().squeeze(-1)
        with torch.inference_mode():
            out = model(input_ids=ids_BT, attention_mask=mask_BT, use_cache=False, logits_to_keep=columns_K)
            total += float(completion_loss(out.logits, targets_BT[:, columns_K], 1))
        count += int((targets_BT != IGNORED).sum())
    return total / max(count, 1)


def block_influence(model: Any, layers: Sequence[Any], rows: Sequence[EncodedRow]) -> list[float]:
    """A layer's block influence: 1 - cosine of the hidden states before and after it, the mean over all tokens.

    Men et al. 2024, arXiv:2403.03853, equation 1. One pass over the rows.
    """
    meter = _Influence(len(layers))
    hooks = [layer.register_forward_hook(meter.hook(at), with_kwargs=True) for at, layer in enumerate(layers)]
    try:
        for ids_BT, mask_BT, _ in _batches(rows, model.device):
            meter.mask_BT = mask_BT
            with torch.inference_mode():
                model.get_decoder()(input_ids=ids_BT, attention_mask=mask_BT, use_cache=False)
    finally:
        for hook in hooks:
            hook.remove()
    tokens = sum(len(row["input_ids"]) for row in rows)
    return [total / max(tokens, 1) for total in meter.totals]


class _Influence:
    """Sums of 1 - cosine over the tokens seen, a layer each."""

    def __init__(self, layers: int) -> None:
        self.totals = [0.0] * layers
        self.mask_BT = torch.zeros(0)

    def hook(self, at: int) -> Any:
        def listen(_: Any, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> None:
            before_BTD = args[0] if args else kwargs["hidden_states"]
            after_BTD = output[0] if isinstance(output, tuple) else output
            change_BT = 1 - cosine_similarity(before_BTD.float(), after_BTD.float(), dim=-1)
            self.totals[at] += float((change_BT * self.mask_BT).sum())

        return listen


def _batches(rows: Sequence[EncodedRow], device: Any) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Ids, attention mask and labels, padded on the right; rows of like length together."""
    ordered = sorted(rows, key=lambda row: len(row["input_ids"]))
    for start in range(0, len(ordered), BATCH_ROWS):
        batch = ordered[start : start + BATCH_ROWS]
        ids = [torch.tensor(row["input_ids"]) for row in batch]
        labels = [torch.tensor(row["labels"]) for row in batch]
        mask = [torch.ones(len(one), dtype=torch.long) for one in ids]
        yield (
            pad_sequence(ids, batch_first=True).to(device),
            pad_sequence(mask, batch_first=True).to(device),
            pad_sequence(labels, batch_first=True, padding_value=IGNORED).to(device),
        )
