"""SFTTrainer with soft targets: how they travel in a batch, and the loss of a batch.

Shapes: B rows, T tokens, C columns that hold a label in at least one row, V the vocabulary; M taught tokens of the
batch, N of them with a soft target, K the longest head among these.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

from students.corpus.encode import IGNORED
from students.distill.losses import NO_TOKEN, SoftTargets, Tempering, cross_entropy_N, soft_target_loss_N
from students.methods.distill import Distill
from students.training.trainer import CompletionTrainer, taught_logits

NOWHERE = -1
"""The place of a token that has no soft target."""
PARTS = ("place_BT", "soft_ids_NK", "soft_logprobs_NK", "soft_tail_N", "soft_weight_N", "sampled_plainly_N")


class SoftCollator:
    """Rows of `students.distill.targets` as a batch: TRL's own, and the soft targets of all rows in one list of N.

    `place_BT` says which of the N describes the distribution that predicts token t, as a label does.
    """

    def __init__(self, pad_token_id: int) -> None:
        self._collate = DataCollatorForLanguageModeling(pad_token_id=pad_token_id)

    def __call__(self, rows: Sequence[dict[str, Any]]) -> dict[str, Tensor]:
        """The batch, with the names in PARTS beside `input_ids`, `attention_mask` and `labels`."""
        plain = [{"input_ids": row["input_ids"], "labels": row["labels"]} for row in rows]
        batch: dict[str, Tensor] = self._collate(plain)
        place_BT = torch.full_like(batch["labels"], NOWHERE)
        ids: list[Tensor] = []
        logprobs: list[Tensor] = []
        tails: list[float] = []
        for number, row in enumerate(rows):
            sizes = torch.as_tensor(row["sizes"])  # of the answer's tokens; 0 where nothing is known
            known = (sizes > 0).nonzero().squeeze(-1)
            place_BT[number, row["answer"] + known] = torch.arange(len(ids), len(ids) + len(known))
            ids += torch.split(torch.as_tensor(row["ids"], dtype=torch.long), sizes[known].tolist())
            logprobs += torch.split(torch.as_tensor(row["logprobs"], dtype=torch.float32), sizes[known].tolist())
            tails += row["tails"]
        counts = torch.tensor([len(row["tails"]) for row in rows])
        return batch | {
            "place_BT": place_BT,
            "soft_ids_NK": _pad(ids, 0, torch.long),
            "soft_logprobs_NK": _pad(logprobs, NO_TOKEN, torch.float32),
            "soft_tail_N": torch.tensor(tails, dtype=torch.float32),
            "soft_weight_N": torch.tensor([row["weight"] for row in rows]).repeat_interleave(counts),
            "sampled_plainly_N": torch.tensor([row["sampled_plainly"] for row in rows]).repeat_interleave(counts),
        }


def _pad(heads: list[Tensor], value: float, dtype: torch.dtype) -> Tensor:
    if not heads:
        return torch.zeros(0, 1, dtype=dtype)  # pad_sequence refuses an empty list
    return pad_sequence(heads, batch_first=True, padding_value=value)


class SoftTargetTrainer(CompletionTrainer):
    """CompletionTrainer whose loss is a_ce * CE + a_kd * T^2 * KD where there is a soft target.

    Elsewhere it is (a_ce + a_kd) * CE: in expectation both pull a token alike.
    """

    def __init__(self, *, distill: Distill, **options: Any) -> None:
        super().__init__(**options)
        self.distill = distill

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """The summed loss over `items` of the taught tokens, in nats."""
        # The model takes no arguments of these names.
        parts = {name: inputs.pop(name) for name in PARTS}
        outputs, targets_BC, columns_C = taught_logits(model, inputs)
        taught_BC = targets_BC != IGNORED
        place_M = parts["place_BT"][:, 1:][:, columns_C][taught_BC]
        total = self.total(outputs.logits[taught_BC], targets_BC[taught_BC], place_M, parts)
        items = torch.as_tensor(self.items(model, targets_BC, num_items_in_batch))
        loss = self.scaled(total / items.clamp(min=1), num_items_in_batch)
        if return_outputs:
            return loss, outputs
        return loss

    def total(self, logits_MV: Tensor, sampled_M: Tensor, place_M: Tensor, parts: dict[str, Tensor]) -> Tensor:
        """The loss of all taught tokens, summed."""
        distill = self.distill
        soft_M = place_M != NOWHERE
        ce_M = cross_entropy_N(logits_MV, sampled_M)
        place_N = place_M[soft_M]
        weight_N = parts["soft_weight_N"][place_N]
        targets = SoftTargets(
            parts["soft_ids_NK"][place_N], parts["soft_logprobs_NK"][place_N], parts["soft_tail_N"][place_N]
        )
        kd_N = soft_target_loss_N(
            logits_MV[soft_M],
            targets,
            sampled_M[soft_M],
            # A row that was sampled otherwise than at temperature 1 says nothing unbiased of the tail.
            tail_sampling=distill.tail_sampling * parts["sampled_plainly_N"][place_N],
            tempering=Tempering(distill.temperature, distill.sharpen),
        )
        alone = (distill.a_ce + distill.a_kd) * ce_M[~soft_M].sum()
        return alone + (weight_N * (distill.a_ce * ce_M[soft_M] + distill.a_kd * kd_N)).sum()
