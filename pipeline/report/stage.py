"""The report stage: evaluation.json and the run become report.html, report.md and comparison.csv."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from pipeline.context import Context
from pipeline.records import read_rows, write_text
from pipeline.report.lineage import Lineage
from pipeline.report.markdown import render_markdown
from pipeline.report.page import MAX_DROPPED, ReportInputs, render_page
from pipeline.report.spreadsheet import render_csv
from pipeline.terms import sources
from pipeline.train_log import read_curve
from prompts.digest import digest_file

COLUMNS = ["prompt", "reply", "step", "reason"]


def work(context: Context) -> dict[str, Any]:
    """Writes the page and the two tables; returns the page's size."""
    run, inputs = context.run, read_inputs(context)
    page = render_page(inputs)
    write_text(run.report_markdown, render_markdown(inputs))
    write_text(run.comparison_csv, render_csv(inputs.evaluation or {"rows": 0}))
    write_text(run.report, page)
    return {"bytes": len(page.encode())}


def read_inputs(context: Context) -> ReportInputs:
    """What the run holds, as far as the page shows it."""
    run, recipe = context.run, context.recipe
    return ReportInputs(
        name=recipe.name,
        evaluation=orjson.loads(run.evaluation.read_bytes()),
        manifest=context.manifest.to_dict(),
        recipe_yaml=recipe.to_yaml(),
        dropped_examples=list(islice(read_rows(run.dropped, COLUMNS), MAX_DROPPED)),
        curve=read_curve(run.train_log),
        lineage=_lineage(context),
        config=recipe.report,
        place=_place(run.root),
    )


def _lineage(context: Context) -> Lineage:
    source = context.recipe.prompts.source
    terms = {str(one.spec): " ".join(rule.sentence for rule in one.rules) for one in sources(context.recipe)}
    digest = digest_file(source) if source.exists() else None
    return Lineage(context.recipe.model_dump(mode="json"), digest, terms)


def _place(root: Path) -> str:
    """The run as commands name it: from here where it is below, else by its own name: pages are shown to others."""
    here = Path.cwd()
    if not root.is_absolute():
        return root.as_posix()
    return root.relative_to(here).as_posix() if root.is_relative_to(here) else root.name
