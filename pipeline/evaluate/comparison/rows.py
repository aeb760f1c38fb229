"""The rows that count for everyone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipeline.evaluate.answers.contestants import Contestant, HeldoutRow
from pipeline.evaluate.comparison.differences import Means
from pipeline.evaluate.comparison.resampling import Resampling
from pipeline.evaluate.comparison.scores import Scores, pick
from pipeline.recipe.evaluate import Evaluate
from pipeline.recipe.scorer import Scorer


@dataclass(slots=True, frozen=True)
class ComparedRows:
    """The rows on which nobody's score failed, resampled, with everyone's scores on them."""

    config: Evaluate
    scorer: Scorer
    places: Sequence[int]
    """Where they stand among all rows."""
    resampling: Resampling
    scores: Scores
    means: Means

    @classmethod
    def of(cls, rows: Sequence[HeldoutRow], scores: Scores, config: Evaluate) -> ComparedRows:
        """Leaves out the rows that the scorer failed on, for everyone alike."""
        places = scores.counted(rows)
        counted = scores.only(places)
        resampling = Resampling(pick(rows, places), config)
        means = {}
        for name in counted.columns:
            means[name] = resampling.mean(counted.values(name))
        return cls(config, config.to_scorer(), places, resampling, counted, means)

    def answers_of(self, contestant: Contestant) -> Contestant:
        """Returns the contestant with its answers to these rows; one that failed has none."""
        if contestant.failed is not None:
            return contestant
        return replace(contestant, answers=tuple(pick(contestant.answers, self.places)))

    def resample(self, rows: Sequence[HeldoutRow]) -> Resampling:
        """Resamples some of the rows, as all of them are."""
        return Resampling(rows, self.config)
