"""The curate stage, declared."""

from __future__ import annotations

from pipeline.curate.inputs import curate_inputs
from pipeline.decisions.rulings import read_rulings
from pipeline.run.stage import Card, Stage

STAGE = Stage(
    "curate",
    module="pipeline.curate.stage",
    inputs=curate_inputs,
    outputs=lambda run: (run.kept, run.dropped, run.preferences, run.dataset / "README.md"),
    rulings=lambda run: read_rulings(run.reviews).digest,
    card=Card(
        lambda run: run.dataset / "README.md",
        sources=lambda run: (run.recipe, run.kept),
        module="pipeline.dataset.card",
    ),
)
