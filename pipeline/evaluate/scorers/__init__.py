"""Scorers: what makes a number from 0 to 1 of a reply and its gold answer. A file per family; see README.md."""

from pipeline.evaluate.scorers.base import Item, Score, Scorer, score_items
from pipeline.evaluate.scorers.match import ExactScorer, LabelScorer
from pipeline.evaluate.scorers.registry import scorer_for

__all__ = ["ExactScorer", "Item", "LabelScorer", "Score", "Scorer", "score_items", "scorer_for"]
