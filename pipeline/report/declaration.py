"""The report stage, declared."""

from __future__ import annotations

from pipeline.run.stage import Stage

STAGE = Stage(
    "report",
    module="pipeline.report.stage",
    inputs=lambda recipe: [recipe.name, recipe.report.model_dump()],
    outputs=lambda run: (run.report, run.report_markdown, run.comparison_csv),
)
