"""Select: a budget of train rows, spread over what there is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, model_validator

from pipeline.recipe.embedding_models import missing_model, model_beside
from pipeline.recipe.missing import Missing
from pipeline.recipe.step import Step, Tools
from pipeline.recipe.verdict import Drop, Keep, Rule, Sample, Verdict
from prompts.digest import digest
from prompts.text import normalise

if TYPE_CHECKING:  # loaded when the rule runs
    import numpy as np
    from numpy.typing import NDArray


class Select(Step):
    """Keeps a budget of train rows, spread over what there is. Held-out rows are spared."""

    step: Literal["select"] = "select"
    rows: int = Field(ge=1)
    """The most train rows kept."""
    by: Literal["diversity", "coverage", "label"] = "diversity"
    """`diversity`: always the row whose prompt is farthest from all chosen ones, outliers first; `coverage`: always the
    row by which the prompts there are come nearest to a chosen one; `label`: as many of each distinct completion, and
    all of a rare one."""
    model: str | None = None
    """What `diversity` and `coverage` embed prompts with, as in `semantic`. None counts their words."""

    @model_validator(mode="after")
    def _check(self) -> Select:
        if self.model is not None and self.by == "label":
            raise ValueError("'model' needs by: diversity or coverage")
        return self

    def rule(self, tools: Tools) -> Rule:
        """Keeps at most `rows` train samples; the others are `not_selected`.

        The order of the samples does not matter: where nothing else decides, the digest of the sample's id does.
        """
        return partial(_select, self)

    def beside(self, folder: Path) -> Self:
        """Makes the model's folder absolute, where it is one."""
        return self.model_copy(update={"model": self.model and model_beside(self.model, folder)})

    def missing(self, folder: Path) -> Missing | None:
        """Looks for the model, where one is named."""
        if self.model is None:
            return None
        return missing_model(self.model, folder)

    @property
    def embedding_model(self) -> str | None:
        """Its own."""
        return self.model


def _select(config: Select, samples: Sequence[Sample]) -> list[Verdict]:
    train = sorted((sample for sample in samples if sample.split == "train"), key=_lot)
    if len(train) <= config.rows:
        return [Keep(sample) for sample in samples]
    chosen = _choose(train, config)
    verdicts: list[Verdict] = []
    for sample in samples:
        if sample.split == "heldout" or sample.sample_id in chosen:
            verdicts.append(Keep(sample))
        else:
            verdicts.append(Drop("not_selected"))
    return verdicts


def _choose(train: Sequence[Sample], config: Select) -> set[str]:
    """Returns the ids of the samples that stay."""
    if config.by == "label":
        return _by_label(train, config.rows)
    return _spread(train, config)


def _lot(sample: Sample) -> str:
    return digest(["select", sample.sample_id])


def _by_label(train: Sequence[Sample], rows: int) -> set[str]:
    """Takes in turns one of each distinct completion, until the budget is spent: rare ones are kept whole."""
    turns: dict[str, int] = defaultdict(int)
    drawn = []
    for sample in train:
        label = normalise(sample.completion)
        drawn.append((turns[label], _lot(sample), sample.sample_id))
        turns[label] += 1
    # Everyone's first turn comes before anyone's second; within a turn the lot decides.
    return {sample_id for *_, sample_id in sorted(drawn)[:rows]}


def _spread(train: Sequence[Sample], config: Select) -> set[str]:
    from pipeline.curate.spread import facility_location, k_center

    vectors = _vectors(train, config.model)
    choose = k_center if config.by == "diversity" else facility_location
    return {train[place].sample_id for place in choose(vectors, config.rows)}


def _vectors(train: Sequence[Sample], model: str | None) -> NDArray[np.float32]:
    from pipeline.curate.embeddings import hashed_vectors, model_vectors

    if model is None:
        return hashed_vectors("\n".join(turn.content for turn in sample.student_messages) for sample in train)
    asked: list[str] = []
    for sample in train:
        # System text is the same in every prompt: in a mean of tokens it would make all alike.
        asked.append("\n".join(turn.content for turn in sample.student_messages if turn.role != "system"))
    return model_vectors(asked, model, "curate.steps.select.model")


STEP = Select
