"""The recipe's section `evaluate`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from operator import or_
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field

from pipeline.recipe.economics import Economics
from pipeline.recipe.general import General
from pipeline.recipe.missing import Missing
from pipeline.recipe.scorer import Scorer, ScorerSettings
from pipeline.recipe.section import Section
from prompts.declared import declared_in

SCORERS: dict[str, type[ScorerSettings]] = declared_in("pipeline.evaluate.scorers", "SCORER")
"""Name -> settings, of every scorer that there is."""

if TYPE_CHECKING:
    AnyScorer = ScorerSettings
else:  # what is found in a folder, mypy cannot know
    AnyScorer = Annotated[reduce(or_, SCORERS.values()), Field(discriminator="name")]


def _to_settings(value: Any) -> Any:
    """Reads a plain name as a scorer without settings."""
    if isinstance(value, str):
        return {"name": value}
    if not isinstance(value, dict | ScorerSettings):
        raise ValueError("write a scorer's name, or a mapping that begins with it: {name: json, fields: [year]}")
    return value


class Evaluate(Section):
    """The comparison of teacher, base and student on the held-out prompts."""

    scorer: Annotated[AnyScorer, BeforeValidator(_to_settings)] = SCORERS["exact"](name="exact")
    """A scorer's name, or that with settings: {name: json, fields: [year]}. docs/evaluation.md has all."""
    labels: list[str] | None = None
    """The labels, for `label`. With any scorer, what log-odds, AUC and KL are measured on."""
    slices: list[str] = Field(default_factory=list)
    """Columns of the source by whose values the comparison is shown once more."""
    against: list[Path] = Field(default_factory=list)
    """Earlier runs, relative to the recipe, whose students are compared on the prompts that both have."""
    max_tokens: int = Field(64, ge=1)
    """The most tokens the base and the student may answer with."""
    limit: int | None = Field(None, ge=1)
    """Use only the first so many held-out prompts."""
    resamples: int = Field(2000, ge=100)
    """Bootstrap resamples behind each interval."""
    seed: int = 0
    """The bootstrap's seed."""
    economics: Economics = Economics()
    cascade_margin: float = Field(0.01, ge=0, le=1)
    """How far below the teacher's score the cascade may be at the threshold that is chosen for it."""
    general: General = General()

    @classmethod
    def remedy_for(cls, key: str) -> str | None:
        """Says where a setting belongs that is a scorer's own."""
        # From the sections themselves: the word of a scorer that is added tomorrow is known here, too.
        owners = [name for name, settings in SCORERS.items() if key in settings.model_fields and key != "name"]
        if not owners:
            return None
        return f"It is a setting of the scorer: write scorer: {{name: {' or '.join(owners)}, {key}: ...}}"

    def to_scorer(self) -> Scorer:
        """Returns the scorer, ready to score; InputError where its settings cannot be used."""
        return self.scorer.scorer(self.labels)

    @property
    def scoring(self) -> dict[str, Any]:
        """All that scores depend on, under the recipe's words: where two runs differ in it, they cannot be compared."""
        return {"scorer": self.scorer.name, **self.scorer.comparable(self.labels)}

    @property
    def answers_known(self) -> Sequence[str]:
        """The only answers there are, where the scorer knows them."""
        if not self.scorer.reads_labels:
            return ()
        return tuple(self.labels or ())

    def beside(self, folder: Path) -> Evaluate:
        """Returns the section with absolute files, relative ones taken from `folder`."""
        changes = {
            "against": [(folder / run).resolve() for run in self.against],
            "scorer": self.scorer.beside(folder),
            "general": self.general.beside(folder),
        }
        return self.model_copy(update=changes)

    def missing(self, folder: Path) -> Iterator[tuple[str, Missing]]:
        """Yields what the section names and is not there, each with the part of it that does; asked after `beside`."""
        if (task := self.general.missing(folder)) is not None:
            yield "evaluate.general", task
        if (part := self.scorer.missing(folder)) is not None:
            yield "evaluate.scorer", part
        for place, run in enumerate(self.against):
            answers = run / "answers.parquet"
            if not answers.is_file():
                remedy = "Name run directories that were evaluated"
                yield "evaluate", Missing(("against", place), f"no such file: {answers}", remedy)
