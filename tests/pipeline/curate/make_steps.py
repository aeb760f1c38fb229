"""Every step of curation, as a recipe may have them together."""

from __future__ import annotations

from pipeline.curate.steps.agreement import Agreement
from pipeline.curate.steps.calibrate import Calibrate
from pipeline.curate.steps.confidence import Confidence
from pipeline.curate.steps.copies import Copies
from pipeline.curate.steps.exact import Exact
from pipeline.curate.steps.format import Format
from pipeline.curate.steps.near import Near
from pipeline.curate.steps.outcome import Outcome
from pipeline.curate.steps.pii import Pii
from pipeline.curate.steps.refusal import Refusal
from pipeline.curate.steps.repetition import Repetition
from pipeline.recipe.step import Step

STEPS: list[Step] = [
    Outcome(),
    Format(choices=["spam", "ham"]),
    Exact(),
    Pii(),
    Near(threshold=0.5, ngram=1),
    Agreement(min_share=0.6),
    Calibrate(labels=["spam", "ham"], keep=0.7),
    Confidence(by="margin", keep=0.7, without_logprobs="keep"),
    Refusal(),
    Copies(),
    Repetition(),
]
