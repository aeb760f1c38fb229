"""The influence of each layer of a base on the rows that it is to learn from.

Shapes: B rows, T tokens, D the width of the hidden states.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn.functional import cosine_similarity

from students.base.layers import first_input, first_output
from students.training.batches import padded_batches

BATCH_ROWS = 16


def block_influence(model: Any, layers: Sequence[Any], rows: Sequence[dict[str, list[int]]], pad: int) -> list[float]:
    """Measures each layer's block influence: 1 - cosine of the states before and after it, the mean over all tokens.

    Men et al. 2024, arXiv:2403.03853, equation 1. One pass over the rows, encoded as a trainer takes them.
    """
    meter = _Meter(len(layers))
    hooks = [layer.register_forward_hook(meter.hook(at), with_kwargs=True) for at, layer in enumerate(layers)]
    try:
        for batch in padded_batches(rows, BATCH_ROWS, pad, model.device):
            meter.mask_BT = batch["attention_mask"]
            with torch.no_grad():
                # The decoder alone: a head would project every token into the vocabulary for nothing.
                model.get_decoder()(input_ids=batch["input_ids"], attention_mask=meter.mask_BT, use_cache=False)
    finally:
        for hook in hooks:
            hook.remove()
    tokens = sum(len(row["input_ids"]) for row in rows)
    return [total / max(tokens, 1) for total in meter.totals]


class _Meter:
    """Sums of 1 - cosine over the tokens seen, a layer each."""

    def __init__(self, layers: int) -> None:
        self.totals = [0.0] * layers
        self.mask_BT = torch.zeros(0)

    def hook(self, at: int) -> Any:
        def listen(_: Any, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> None:
            before_BTD = first_input(args, kwargs)
            after_BTD = first_output(output)
            change_BT = 1 - cosine_similarity(before_BTD.float(), after_BTD.float(), dim=-1)
            self.totals[at] += float((change_BT * self.mask_BT).sum())

        return listen
