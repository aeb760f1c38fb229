"""Decontaminate: no train row that repeats an evaluation row, edited or not."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import Field

from pipeline.recipe.missing import Missing
from pipeline.recipe.step import Step, Tools
from pipeline.recipe.verdict import Drop, Keep, Rule, Sample, Verdict

if TYPE_CHECKING:  # loaded when a rule is made
    from pipeline.curate.ngrams import Text


class Decontaminate(Step):
    """Drops train rows that repeat an evaluation row, prompt or completion, edited or not."""

    step: Literal["decontaminate"] = "decontaminate"
    heldout: bool = True
    """Compare with the run's own held-out prompts."""
    against: list[Path] = Field(default_factory=list)
    """Files of evaluation rows, relative to the recipe: JSONL, CSV, Parquet, a datasets directory, or .txt with a row a
    line. Every text of a row counts, however deep it lies."""
    overlap: float = Field(0.4, gt=0, le=1)
    """The share of an evaluation text's own runs of four words that makes a row contaminated. At 0.4 every row with at
    most a tenth of its words replaced is found. Texts of fewer than ten words must be repeated whole."""

    obeys_people: ClassVar[bool] = False

    def rule(self, tools: Tools) -> Rule:
        """Gives the largest share of an evaluation text that a row repeats as its score. Reads the files."""
        from pipeline.curate.evaluation_texts import read_evaluations

        return partial(_decontaminate, self, read_evaluations(self.against))

    def beside(self, folder: Path) -> Self:
        """Makes the files absolute."""
        return self.model_copy(update={"against": [(folder / file).resolve() for file in self.against]})

    def missing(self, folder: Path) -> Missing | None:
        """Looks for the files."""
        for place, file in enumerate(self.against):
            if not file.exists():
                return Missing(("against", place), f"no such file: {file}", f"Relative to {folder}")
        return None

    def files(self) -> list[Path]:
        """Returns the files of evaluation rows."""
        return self.against


def _decontaminate(config: Decontaminate, against: Sequence[Text], samples: Sequence[Sample]) -> list[Verdict]:
    from pipeline.curate.evaluation_texts import shares_repeated

    shares = shares_repeated(samples, overlap=config.overlap, heldout=config.heldout, against=against)
    verdicts: list[Verdict] = []
    # A held-out row has a share of 0: it may well repeat itself.
    for sample, share in zip(samples, shares, strict=True):
        verdicts.append(Drop("contaminated", share) if share else Keep(sample))
    return verdicts


STEP = Decontaminate
