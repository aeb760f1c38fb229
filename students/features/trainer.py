"""A trainer of students.training.trainer whose loss also compares hidden states with a teacher's.

Shapes: B rows, T tokens, M real tokens of a batch, S the student's width, D the teacher's, L matched pairs of layers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from students.base.layers import first_output, layers_of
from students.base.model import PROJECTION
from students.config import Features
from students.features.layers import Projection, feature_loss, matched_layers
from students.method import Setup
from students.training.teacher import load_teacher, require_same_tokens


@dataclass(slots=True, frozen=True)
class Matching:
    """The layers that are compared, and the teacher that they are compared with."""

    features: Features
    teacher: Any
    pairs: list[tuple[int, int]]
    """Layers of the student and of the teacher."""

    @property
    def student_layers(self) -> list[int]:
        """The first of each pair."""
        return [layer for layer, _ in self.pairs]

    @property
    def teacher_layers(self) -> list[int]:
        """The second of each pair."""
        return [layer for _, layer in self.pairs]


def build(kind: type, setup: Setup, options: dict[str, Any]) -> Any:
    """A trainer of class `kind`; one that matches hidden states too where the config has `features`.

    Raises InputError for a teacher of another tokenizer, or layers that the student has not.
    """
    config = setup.job.config
    if config.features is None:
        return kind(**options)
    require_same_tokens(setup.job, setup.tokenizer)
    teacher, model = load_teacher(setup.job), options["model"]
    pairs = matched_layers(config.features.layers, len(layers_of(model)), len(layers_of(teacher)))
    setattr(model, PROJECTION, Projection(len(pairs), _width(model), _width(teacher), config.seed))
    if options["peft_config"] is not None:  # which freezes all, and keeps nothing, but for what it is told
        options["peft_config"].modules_to_save = [PROJECTION]
    both = type(f"Feature{kind.__name__}", (FeatureMatching, kind), {})
    return both(**options, matching=Matching(config.features, teacher, pairs))


def _width(model: Any) -> int:
    width: int = model.config.get_text_config().hidden_size
    return width


class FeatureMatching:
    """Adds to a CompletionTrainer's loss, while it trains, weight * (the states' distance a real token).

    All real tokens count, the prompt's too: the teacher reads them as well. The validation loss is the method's own, so
    that it can be compared with a training without features.
    """

    def __init__(self, *, matching: Matching, **options: Any) -> None:
        super().__init__(**options)
        self.matching = matching
        matching.teacher.to(self.args.device)  # type: ignore[attr-defined]  # of the trainer beside it, as all below
        self.real_tokens: Tensor | None = None

    def get_batch_samples(self, *arguments: Any, **options: Any) -> Any:
        """As the trainer's; counts the real tokens of the global batch, by which the distance is normalised."""
        batches, items = super().get_batch_samples(*arguments, **options)  # type: ignore[misc]
        if batches:
            counts = torch.stack([batch["attention_mask"].sum() for batch in batches])
            self.real_tokens = self.accelerator.gather(counts.sum().to(self.args.device)).sum()  # type: ignore[attr-defined]
        return batches, items

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """The method's loss, and in training the weighted distance beside it."""
        if not model.training:
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)  # type: ignore[misc]
        read = {"input_ids": inputs["input_ids"], "attention_mask": inputs["attention_mask"]}
        # The layers are found on the model itself, whatever wraps it for several processes.
        student = self.accelerator.unwrap_model(model)  # type: ignore[attr-defined]
        with recorded(student, self.matching.student_layers) as states_LBTS:
            answer = super().compute_loss(model, inputs, return_outputs, num_items_in_batch)  # type: ignore[misc]
        distance = self.distance(student, states_LBTS, read)
        self._metrics["train"]["feature_loss"].append(distance.item())  # type: ignore[attr-defined]
        more = self.scaled(self.matching.features.weight * distance, num_items_in_batch)  # type: ignore[attr-defined]
        if return_outputs:
            loss, outputs = answer
            return loss + more, outputs
        return answer + more

    def distance(self, student: Any, states_LBTS: dict[int, Tensor], read: dict[str, Tensor]) -> Tensor:
        """This batch's share of the mean distance over the global batch's real tokens."""
        real_BT = read["attention_mask"].bool()
        teacher = self.matching.teacher
        with torch.no_grad(), recorded(teacher, self.matching.teacher_layers) as states_LBTD:
            # The decoder alone: what its head would say is not compared.
            teacher.get_decoder()(**read, use_cache=False)
        projection = getattr(student, PROJECTION)
        projected_LMD = projection([states_LBTS[layer][real_BT] for layer in self.matching.student_layers])
        teacher_LMD = [states_LBTD[layer][real_BT] for layer in self.matching.teacher_layers]
        total = feature_loss(projected_LMD, teacher_LMD, self.matching.features.loss)
        if self.real_tokens is None:
            return total / real_BT.sum()
        return total / self.real_tokens


@contextmanager
def recorded(model: Any, layers: Sequence[int]) -> Iterator[dict[int, Tensor]]:
    """Collects what these decoder layers of a model put out, (B, T, width) each, in the forward pass inside.

    Hooks, not output_hidden_states: TRL's fused head on a GPU does not pass the states on.
    """
    states: dict[int, Tensor] = {}
    modules = layers_of(model)

    def keep(layer: int) -> Any:
        def hook(_module: Any, _inputs: Any, output: Any) -> None:
            states[layer] = first_output(output)

        return hook

    handles = [modules[layer].register_forward_hook(keep(layer)) for layer in dict.fromkeys(layers)]
    try:
        yield states
    finally:
        for handle in handles:
            handle.remove()
