"""The report stage: evaluation.json and the run become report.html, report.md and comparison.csv."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path

import orjson
import yaml

from pipeline.inference.terms import sources
from pipeline.report.lineage import Lineage
from pipeline.report.markdown import render_markdown
from pipeline.report.page import MAX_DROPPED, ReportInputs, render_page
from pipeline.report.spreadsheet import render_csv
from pipeline.run.context import Context
from pipeline.run.counts import ReportCounts, TrainCounts
from pipeline.run.evaluation.file import read_evaluation
from pipeline.run.evaluation.record import Evaluation
from pipeline.run.files import write_text
from pipeline.run.manifest import Entry
from pipeline.run.parse import parse
from pipeline.run.records import read_rows
from pipeline.train.log import read_curve
from prompts.digest import digest_file
from prompts.local_paths import shorten_all

COLUMNS = ["prompt", "reply", "step", "reason"]
WORDS_OF_DATA = ("examples", "regressions", "slices", "confusion", "field_scores")
"""Parts of evaluation.json in which a path is what a row or a model said."""


def work(context: Context) -> ReportCounts:
    """Writes the page and the two tables; returns the page's size."""
    run, inputs = context.run, read_inputs(context)
    page = render_page(inputs)
    write_text(run.report_markdown, render_markdown(inputs))
    write_text(run.comparison_csv, render_csv(inputs.evaluation))
    write_text(run.report, page)
    return ReportCounts(bytes=len(page.encode()))


def read_inputs(context: Context) -> ReportInputs:
    """Reads what the page shows of the run, with the paths of this machine shortened: pages are passed on."""
    run, recipe = context.run, context.recipe
    shown = shorten_all(recipe.model_dump(mode="json"))
    return ReportInputs(
        name=recipe.name,
        evaluation=_evaluation(context),
        stages={stage: _shown(entry) for stage, entry in context.manifest.stages.items()},
        recipe_yaml=yaml.safe_dump(shown, sort_keys=False, allow_unicode=True, width=100),
        dropped_examples=list(islice(read_rows(run.dropped, COLUMNS), MAX_DROPPED)),
        curve=read_curve(run.train_log),
        lineage=Lineage(shown, _source_digest(recipe.prompts.source), _terms(context)),
        config=recipe.report,
        place=_place(run.root),
    )


def _shown(entry: Entry) -> Entry:
    """Shortens the paths in what a stage says in words."""
    counts = entry.counts
    if isinstance(counts, TrainCounts):
        counts = replace(counts, measures=shorten_all(counts.measures))
    return replace(entry, counts=counts, error=shorten_all(entry.error))


def _evaluation(context: Context) -> Evaluation:
    evaluation = read_evaluation(context.run)
    if evaluation.base is not None:  # it was asked from a folder that the run prepared; people know it by its name
        base = replace(evaluation.base, spec=context.recipe.student.base)
        evaluation = replace(evaluation, base=base)
    # By way of JSON: whatever text stands in the record, at any depth, is looked through.
    shown = shorten_all(orjson.loads(orjson.dumps(evaluation)), keep=WORDS_OF_DATA)
    return parse(Evaluation, orjson.dumps(shown))


def _source_digest(source: Path) -> str | None:
    if not source.exists():
        return None
    return digest_file(source)


def _terms(context: Context) -> dict[str, str]:
    terms = {}
    for asked in sources(context.recipe):
        terms[str(asked.spec)] = " ".join(rule.sentence for rule in asked.rules)
    shown: dict[str, str] = shorten_all(terms)
    return shown


def _place(root: Path) -> str:
    """Returns the run as commands name it: from here where it is below, else by its own name."""
    here = Path.cwd()
    if not root.is_absolute():
        return root.as_posix()
    if root.is_relative_to(here):
        return root.relative_to(here).as_posix()
    return root.name
