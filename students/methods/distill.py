"""distill: the teacher's stored probabilities beside its text."""

from __future__ import annotations

from pydantic import Field

from students.methods.declaration import Declaration, MethodSettings


class Distill(MethodSettings):
    """How much the teacher's own probabilities teach, beside its text: `students/distill/losses.py` has the formula."""

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


# As sft, but that a batch holds soft targets by the places of its tokens, which rows without padding would move.
DECLARATION = Declaration(
    settings=Distill,
    keeps_row_lengths=True,
    takes_features=True,
    takes_four_bits=True,
    takes_smaller_vocabulary=True,
    takes_sharding=True,
)
