"""TRL's SFTTrainer, with a loss that costs only what is taught.

Shapes: B rows, T tokens, K columns that hold a label in at least one row, V the vocabulary.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import torch
from torch.nn.functional import cross_entropy
from trl import SFTTrainer

from students.corpus.encode import IGNORED
from students.quiet import Unreported


class CompletionTrainer(Unreported, SFTTrainer):  # type: ignore[misc]  # trl is untyped
    """SFTTrainer that asks for logits only where there are labels.

    On a CPU, TRL 1.16 projects every position into the vocabulary, prompt included, and computes entropy and
    accuracy there; for short answers that is most of a small model's work. On a GPU its own fused head already
    skips the prompt, and is used.
    """

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Cross-entropy of the completion tokens, in nats, over `items` of them."""
        if inputs["labels"].device.type != "cpu":
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        outputs, targets_BK, _ = taught_logits(model, inputs)
        items = self.items(model, targets_BK, num_items_in_batch)
        loss = self.scaled(completion_loss(outputs.logits, targets_BK, items), num_items_in_batch)
        if return_outputs:
            return loss, outputs
        return loss

    def items(self, model: Any, targets_BK: torch.Tensor, num_items_in_batch: Any) -> Any:
        """Counts the labels that a batch's loss is over: those of the global batch, or its own where that is not known.

        Where validation rows are measured, as many as so many rows have on average: the trainer takes the mean over
        rows, which is then the mean over all labels, however the rows are put into batches.
        """
        if num_items_in_batch is None and not model.training:
            return len(targets_BK) * self.labels_a_row
        if num_items_in_batch is None:
            return (targets_BK != IGNORED).sum()
        return num_items_in_batch

    @cached_property
    def labels_a_row(self) -> float:
        """The mean number of labels of a validation row."""
        rows = self.eval_dataset["labels"]
        taught = 0
        for row in rows:
            # The first token has no logits before it, so that it is never taught.
            taught += sum(label != IGNORED for label in row[1:])
        return taught / len(rows)

    def scaled(self, loss: torch.Tensor, num_items_in_batch: Any) -> torch.Tensor:
        """A loss over the items of all processes, such that DDP's mean of the gradients is the whole batch's."""
        if num_items_in_batch is None:
            return loss
        processes: int = self.accelerator.num_processes
        return loss * processes


def taught_logits(model: Any, inputs: Mapping[str, Any]) -> tuple[Any, torch.Tensor, torch.Tensor]:
    """The model's outputs with logits of the columns that hold a label, those labels, and which columns they are.

    Column t of the labels' own, counted without the first: its logits are those of token t, which predicts t + 1.
    """
    targets_BT = inputs["labels"][:, 1:]
    columns_K = (targets_BT != IGNORED).any(dim=0).nonzero().squeeze(-1)
    forward = {name: value for name, value in inputs.items() if name != "labels"}
    return model(**forward, use_cache=False, logits_to_keep=columns_K), targets_BT[:, columns_K], columns_K


def completion_loss(logits_BKV: torch.Tensor, targets_BK: torch.Tensor, items: Any) -> torch.Tensor:
    """The summed cross-entropy over `items`, at least one."""
    total = cross_entropy(logits_BKV.float().flatten(0, 1), targets_BK.flatten(), ignore_index=IGNORED, reduction="sum")
    return total / torch.as_tensor(items).clamp(min=1)
