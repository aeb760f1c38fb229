"""The report stage: evaluation.json and the run become report.html."""

from __future__ import annotations

from itertools import islice
from typing import Any

import orjson

from pipeline.context import Context
from pipeline.records import read_rows, write_text
from pipeline.report.page import MAX_DROPPED, ReportInputs, render_page

COLUMNS = ["prompt", "reply", "step", "reason"]


def work(context: Context) -> dict[str, Any]:
    """Writes the page; returns nothing to count."""
    run = context.run
    page = render_page(
        ReportInputs(
            name=context.recipe.name,
            evaluation=orjson.loads(run.evaluation.read_bytes()),
            manifest=context.manifest.to_dict(),
            recipe_yaml=context.recipe.to_yaml(),
            dropped_examples=list(islice(read_rows(run.dropped, COLUMNS), MAX_DROPPED)),
        )
    )
    write_text(run.report, page)
    return {"bytes": len(page.encode())}
