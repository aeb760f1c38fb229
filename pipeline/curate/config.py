"""The curation part of a recipe: which steps run, in which order, and the split."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pipeline.roster import TeacherEntry
from pipeline.section import Section


class Outcome(Section):
    """Drops answers that are not whole: refused, truncated, filtered."""

    step: Literal["outcome"] = "outcome"


class Format(Section):
    """Drops replies without the required form."""

    step: Literal["format"] = "format"
    choices: list[str] | None = None
    """The whole reply, case and outer punctuation aside, must be one of these; it is rewritten as written here."""
    regex: str | None = None
    """The whole reply must match this pattern."""
    json_schema: dict[str, object] | None = None
    """The reply must be JSON that satisfies this schema."""
    min_chars: int = Field(1, ge=0)
    """Shortest reply kept, in characters after trimming."""
    max_chars: int | None = Field(None, ge=1)
    """Longest reply kept, in characters after trimming."""


class Exact(Section):
    """Drops a prompt equal to an earlier one after Unicode, case and white-space normalisation."""

    step: Literal["exact"] = "exact"


class Agreement(Section):
    """Keeps one reply a prompt, the most voted; drops train prompts whose vote is too split."""

    step: Literal["agreement"] = "agreement"
    min_share: float = Field(0.5, ge=0, le=1)
    """The share of a prompt's samples that must give the winning reply."""


class Calibrate(Section):
    """Relabels from the teacher's label logprobs, shifted so that no label is favoured on the train rows.

    Uses no gold. Needs token logprobs.
    """

    step: Literal["calibrate"] = "calibrate"
    labels: list[str] = Field(min_length=2)
    """The labels as the teacher writes them."""
    prior: list[float] | None = None
    """The share expected of each label, in their order; default: equal shares."""
    keep: float = Field(1.0, gt=0, le=1)
    """The share of train rows kept, those with the widest margins first."""
    without_logprobs: Literal["drop", "use_reply"] = "drop"
    """What becomes of a reply without label logprobs: dropped, or kept where its text is one of the labels."""


class Best(Section):
    """Keeps one reply a prompt, the one a judge picks; the judge sees the replies twice, in opposite orders."""

    step: Literal["best"] = "best"
    judge: TeacherEntry
    """The teacher that picks."""
    rubric: str = "the most correct, complete and well written answer"
    """What it is asked to pick."""


Step = Annotated[Outcome | Format | Exact | Agreement | Calibrate | Best, Field(discriminator="step")]


def _default_steps() -> list[Step]:
    return [Outcome(), Format(), Exact()]


class Split(Section):
    """Which prompts are held out. Decided before any step, so that no selection reaches the held-out rows."""

    heldout: float = Field(0.2, ge=0, lt=1)
    """The share of groups held out. A row added later never moves another one across."""
    seed: int = 0
    """Another seed holds out other groups."""


class Curate(Section):
    """Curation: a split, then steps in order."""

    split: Split = Split()
    steps: list[Step] = Field(default_factory=_default_steps)
    """Run in this order; each keeps or drops every row, with a reason."""
