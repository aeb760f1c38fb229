"""preference: pairs of a better and a worse reply."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from students.methods.declaration import Declaration, MethodSettings


class Preference(MethodSettings):
    """How pairs of a better and a worse reply teach: `students/preference/losses.py` has the formulas."""

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

    def check_beside(self, batch_size: int, max_length: int) -> None:
        """Raises ValueError where kto's batch is too small."""
        if self.loss == "kto" and batch_size < 2:
            raise ValueError("loss: kto compares a batch's rows with each other: it needs a batch_size of 2 or more")


# A row is a pair, or a reply with another prompt's beside it: nothing fits that counts on one conversation a row.
DECLARATION = Declaration(settings=Preference, reads_preferences=True)
