"""TRL's DPOTrainer and KTOTrainer on rows that arrive encoded, with a loss that is a mean over the optimiser step.

TRL 1.16 takes the mean of each forward pass, and estimates KTO's reference point from each forward pass's rows alone:
there the loss depends on how a step is cut into passes and processes. Here both are of the step's rows, whatever cut.
The reference's log-probabilities are worked out once, before the training, with the untrained model: no second model
is kept, and a further epoch costs no further pass.

Shapes: B pairs or replies of a batch, T tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from datasets import Dataset
from peft import PeftModel
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader
from trl import DPOTrainer, KTOTrainer

from students.corpus.encode import IGNORED
from students.methods.preference import Preference
from students.preference.losses import dpo_loss_B, kto_loss_B, kto_reference_point
from students.quiet import Unreported
from students.training.trainer import taught_logits


class _StepMean(Unreported):
    """Holds what both trainers do otherwise than TRL's. Comes before TRL's class among the bases."""

    loss_is_scaled_for_ga = True  # compute_loss divides by the rows of the whole step
    rows_of: str
    """The column of a batch with one value a row, once the reference is known."""
    columns: tuple[str, ...]
    """What the reference adds to a dataset."""
    accelerator: Any
    model: Any
    ref_model: Any
    data_collator: Any
    _metrics: Any

    def __init__(self, *, preference: Preference, **options: Any) -> None:
        self.preference = preference
        super().__init__(**options)

    def _prepare_dataset(self, dataset: Dataset, *_: Any) -> Dataset:
        return dataset

    def _precompute_ref_logps(self, dataset: Dataset, name: str, batch_size: int) -> Dataset:
        """TRL's own writes a file that other processes look for elsewhere, and draws bars."""
        if self.preference.reference == "none":
            zeros = [0.0] * len(dataset)
            for column in self.columns:
                dataset = dataset.add_column(column, zeros)
            return dataset
        values = self._reference(dataset, batch_size)
        for column in self.columns:
            dataset = dataset.add_column(column, values[column])
        return dataset

    def _reference(self, dataset: Dataset, batch_size: int) -> dict[str, list[float]]:
        """The values of each of `columns`, a row each."""
        loader = self.accelerator.prepare(DataLoader(dataset, batch_size, collate_fn=self.data_collator))
        model = self.ref_model or self.model
        values: dict[str, list[float]] = {column: [] for column in self.columns}
        with torch.no_grad(), self.accelerator.autocast(), _without_adapters(model):
            for batch in loader:
                # Gathered batch by batch: the last one is filled up with rows that are not to be counted twice.
                parts = self.accelerator.gather_for_metrics(self.reference_of(model, batch))
                for column, part_B in zip(self.columns, parts, strict=True):
                    values[column] += part_B.tolist()
        return values

    def reference_of(self, model: Any, batch: dict[str, Tensor]) -> tuple[Tensor, ...]:
        """The values of `columns` for a batch, each of B."""
        raise NotImplementedError

    def get_batch_samples(self, epoch_iterator: Iterator[Any], num_batches: int, device: Any) -> tuple[list[Any], Any]:
        """The batches of an optimiser step, and how many rows they hold in all processes."""
        batches, _ = super().get_batch_samples(epoch_iterator, num_batches, device)  # type: ignore[misc]
        rows = sum(len(batch[self.rows_of]) for batch in batches)
        return batches, self.accelerator.gather(torch.tensor(rows, device=device)).sum()

    def step_mean(self, losses_B: Tensor, rows: Any) -> Tensor:
        """This batch's part of the mean over the step's rows, such that DDP's mean of gradients is the whole's."""
        if rows is None:  # it validates: the trainer takes the mean over rows itself
            return losses_B.mean()
        mean: Tensor = losses_B.sum() / rows * self.accelerator.num_processes
        return mean

    def note(self, name: str, values_B: Tensor) -> None:
        """A measurement for the logs, averaged over what is logged together."""
        mode = "eval"
        if self.model.training:
            mode = "train"
        mean = self.accelerator.gather_for_metrics(values_B.detach().float()).mean().item()
        self._metrics[mode][name].append(mean)


def _without_adapters(model: Any) -> AbstractContextManager[Any]:
    """The model as it began: adapters are what it has learnt."""
    if isinstance(model, PeftModel):
        adapters_off: AbstractContextManager[Any] = model.disable_adapter()
        return adapters_off
    return nullcontext()


class PairTrainer(_StepMean, DPOTrainer):  # type: ignore[misc]  # trl is untyped
    """DPO, and the chosen reply's cross-entropy beside it where `sft_weight` says so."""

    rows_of = "ref_chosen_logps"
    columns = ("ref_chosen_logps", "ref_rejected_logps")

    def reference_of(self, model: Any, batch: dict[str, Tensor]) -> tuple[Tensor, ...]:
        """Of the chosen and of the rejected replies."""
        return reply_logprobs(model, batch).chunk(2)

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """The mean over the step's pairs, in nats. `return_outputs` is never asked for: predictions are not kept."""
        logps_2B = reply_logprobs(model, inputs)
        chosen_B, rejected_B = logps_2B.chunk(2)
        better_B, worse_B = chosen_B - inputs["ref_chosen_logps"], rejected_B - inputs["ref_rejected_logps"]
        losses_B = dpo_loss_B(better_B, worse_B, self.preference.beta)
        if self.preference.sft_weight:
            tokens_B = inputs["completion_mask"].chunk(2)[0].sum(dim=1)
            losses_B = losses_B - self.preference.sft_weight * chosen_B / tokens_B
        self.note("rewards/accuracies", better_B > worse_B)
        self.note("rewards/margins", self.preference.beta * (better_B - worse_B))
        return self.step_mean(losses_B, num_items_in_batch)


class ReplyTrainer(_StepMean, KTOTrainer):  # type: ignore[misc]  # trl is untyped
    """KTO: each reply is good or bad. `weights`: of a desirable and of an undesirable one."""

    rows_of = "label"
    columns = ("ref_logps", "ref_KL_logps")

    def __init__(self, *, weights: tuple[float, float], **options: Any) -> None:
        self.weights = weights
        super().__init__(**options)

    def reference_of(self, model: Any, batch: dict[str, Tensor]) -> tuple[Tensor, ...]:
        """Of the replies, and of the mismatched ones."""
        return reply_logprobs(model, batch), reply_logprobs(model, batch, "KL_")

    def get_batch_samples(self, epoch_iterator: Iterator[Any], num_batches: int, device: Any) -> tuple[list[Any], Any]:
        """Also measures the step's reference point, before any of its batches teaches."""
        batches, rows = super().get_batch_samples(epoch_iterator, num_batches, device)
        self._measure(batches)
        return batches, rows

    def evaluation_loop(self, dataloader: Any, *arguments: Any, **options: Any) -> Any:
        """The validation rows share one reference point."""
        self._measure(dataloader)
        return super().evaluation_loop(dataloader, *arguments, **options)

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """The mean over the step's replies. `return_outputs` is never asked for: predictions are not kept."""
        logratios_B = reply_logprobs(model, inputs) - inputs["ref_logps"]
        losses_B = kto_loss_B(logratios_B, inputs["label"], self.reference_point, self.preference.beta, self.weights)
        self.note("rewards/accuracies", (logratios_B > self.reference_point) == inputs["label"])
        self.note("kl", self.reference_point.reshape(1))
        return self.step_mean(losses_B, num_items_in_batch)

    def _measure(self, batches: Iterable[Any]) -> None:
        logratios = []
        with torch.no_grad(), self.compute_loss_context_manager():
            for batch in batches:
                inputs = self._prepare_inputs(batch)
                logratios.append(reply_logprobs(self.model_wrapped, inputs, "KL_") - inputs["ref_KL_logps"])
        # Processes may hold different numbers of rows, and a gather takes tensors of one size.
        each = self.accelerator.pad_across_processes(torch.cat(logratios), pad_index=float("nan"))
        all_B = self.accelerator.gather(each)
        self.reference_point = kto_reference_point(all_B[~all_B.isnan()])


def reply_logprobs(model: Any, inputs: dict[str, Tensor], prefix: str = "") -> Tensor:
    """The log-probability of each row's reply: the sum over its tokens.

    On a GPU by TRL's fused head, which `model` has; on a CPU that would project every position, prompt included.
    """
    ids_BT, mask_BT = inputs[f"{prefix}input_ids"], inputs[f"{prefix}completion_mask"]
    labels_BT = ids_BT.masked_fill(mask_BT == 0, IGNORED)
    given = {"input_ids": ids_BT, "attention_mask": inputs[f"{prefix}attention_mask"], "labels": labels_BT}
    if ids_BT.device.type == "cpu":
        return _logprobs_of_columns(model, given)
    logps_B: Tensor = model(**given, use_cache=False, fused_lm_head=True).log_probs.sum(dim=1)  # 0 without a label
    return logps_B


def _logprobs_of_columns(model: Any, given: dict[str, Any]) -> Tensor:
    outputs, targets_BK, _ = taught_logits(model, given)
    logits_BKV = outputs.logits
    taught_BK = targets_BK != IGNORED
    nats_M = cross_entropy(logits_BKV[taught_BK].float(), targets_BK[taught_BK], reduction="none")
    return nats_M.new_zeros(len(targets_BK)).index_add(0, taught_BK.nonzero()[:, 0], -nats_M)
