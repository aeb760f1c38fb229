"""The report: one HTML file that needs nothing else, not even the network.

Everything in it that a model or a mail wrote is text: Jinja escapes it, and the page's own policy forbids
scripts, and any style but the page's.
"""

from __future__ import annotations

import base64
import hashlib
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pipeline.display.wording import DASH, brief, cut
from pipeline.recipe.report import Report
from pipeline.report import cascade, economy, labels, metrics
from pipeline.report.checks import checks, text
from pipeline.report.comparison import compared
from pipeline.report.examples import MAX_CHARS, examples, regressions
from pipeline.report.funnel import funnel
from pipeline.report.lineage import Lineage, bases, chain, command
from pipeline.report.recommendation import recommend
from pipeline.report.training import training_chart
from pipeline.run.counts import Counts, CurateCounts, GenerateCounts, TrainCounts
from pipeline.run.evaluation.costs import Cascade, Economics
from pipeline.run.evaluation.record import Evaluation
from pipeline.run.manifest import Entry, counts_of, seconds_of
from pipeline.train.log import Curve

FOLDER = Path(__file__).parent / "templates"
MAX_DROPPED = 20
"""Most dropped samples shown."""


COMMANDS = ("run", "generate", "curate", "train", "evaluate", "report")

Dropped = Mapping[str, Any]


@dataclass(slots=True, frozen=True)
class ReportInputs:
    """Everything the page is made of."""

    name: str
    evaluation: Evaluation | None
    """None where nothing could be compared: the rest is shown all the same."""
    stages: Mapping[str, Entry]
    """As in the manifest."""
    recipe_yaml: str
    dropped_examples: Sequence[Dropped] = ()
    """Some rows of dropped.parquet: `prompt` (messages), `reply`, `step`, `reason`."""
    curve: Curve = field(default_factory=Curve)
    lineage: Lineage | None = None
    config: Report = field(default_factory=Report)
    place: str = "RUN"
    """The run directory, as it is written in commands."""


def render_page(run: ReportInputs) -> str:
    """Returns the page as HTML. Pure: the same inputs give the same bytes."""
    style = (FOLDER / "page.css").read_text(encoding="utf-8")
    stages = {name: entry for name, entry in run.stages.items() if name != "report"}  # it is running
    page = _environment().get_template("page.html.j2")
    return page.render(
        **_head(run, stages, style),
        **_measured(run.evaluation, run.config.margin),
        **_run(run, stages),
    )


def _head(run: ReportInputs, stages: Mapping[str, Entry], style: str) -> dict[str, Any]:
    """Returns what the page begins with, and the commands that every part names."""
    return {
        "name": run.name,
        "date": _date(stages),
        "style": Markup(style),  # noqa: S704  # our own file
        "policy": _policy(style),
        "recommendation": recommend(run.evaluation, run.config.margin, error_of(stages, "evaluate")),
        "commands": {name: command(name, run.place) for name in COMMANDS},
        "place": run.place,
        "why": shlex.join(["stillhouse", "why", run.place]),
        "status": shlex.join(["stillhouse", "status", run.place]),
        "basis": bases(run.evaluation, stages),
    }


def _run(run: ReportInputs, stages: Mapping[str, Entry]) -> dict[str, Any]:
    """Returns the sections that are made from the manifest and the run's files."""
    # A stage that has not run, or failed, has no counts: its section is left out.
    trained = counts_of(stages, TrainCounts)
    best_step = None
    if trained is not None:
        best_step = trained.best_step
    links = []
    if run.lineage is not None:
        links = chain(run.lineage, stages)
    return {
        "funnel": funnel(counts_of(stages, CurateCounts)),
        "training": _plain(trained),
        "curve": training_chart(run.curve, best_step),
        "generation": _plain(counts_of(stages, GenerateCounts)),
        "seconds": metrics.stage_seconds(seconds_of(stages)),
        "dropped": [_dropped(row) for row in run.dropped_examples[:MAX_DROPPED]],
        "chain": links,
        "recipe": run.recipe_yaml,
        "stages": _provenance(stages),
    }


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"cut": _cut, "brief": brief}
    return environment


def _cut(text: str, most: int = MAX_CHARS) -> str:
    return cut(text, most)


def _policy(style: str) -> str:
    """Returns the Content-Security-Policy: nothing loads, nothing runs; one style sheet, named by its digest."""
    # By its digest, for 'unsafe-inline' would let a style attribute of a model's text in as well.
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def error_of(stages: Mapping[str, Entry], stage: str) -> str | None:
    """Returns why a stage failed; None where it did not."""
    entry = stages.get(stage)
    if entry is None:
        return None
    return entry.error


def _date(stages: Mapping[str, Entry]) -> str:
    if not stages:
        return ""
    began = max(entry.started_at for entry in stages.values())
    return f"{datetime.fromtimestamp(began, UTC):%Y-%m-%d}"


SECTIONS = ("confusions", "slices", "checks", "prices", "cost_charts", "cascade", "regressions", "examples")


def _measured(evaluation: Evaluation | None, margin: float) -> dict[str, Any]:
    """Returns the sections that are made from the evaluation alone; all are empty without one."""
    if evaluation is None:
        return {"comparison": None, "reliability": None, "cascade_chart": None, **dict.fromkeys(SECTIONS, ())}
    return {
        "comparison": compared(evaluation, margin),
        "confusions": labels.confusions(evaluation),
        "reliability": labels.reliability_chart(evaluation),
        "slices": labels.slices(evaluation),
        "checks": checks(evaluation),
        "regressions": regressions(evaluation),
        "examples": examples(evaluation),
        **_economics(evaluation.economics),
        **_cascade(evaluation.cascade),
    }


def _economics(economics: Economics | None) -> dict[str, Any]:
    if economics is None:
        return {"prices": {}, "cost_charts": []}
    charts = (economy.cost_chart(economics), economy.load_chart(economics))
    return {
        "prices": economy.prices(economics),
        "cost_charts": [chart for chart in charts if chart is not None],
    }


def _cascade(measured: Cascade | None) -> dict[str, Any]:
    if measured is None:
        return {"cascade": {}, "cascade_chart": None}
    return {"cascade": cascade.cascade_facts(measured), "cascade_chart": cascade.cascade_chart(measured)}


def _dropped(row: Dropped) -> dict[str, Any]:
    text = ""
    prompt = row.get("prompt") or row.get("messages")
    if prompt:
        text = prompt[-1]["content"]
    return {
        "step": row.get("step") or DASH,
        "reason": row.get("reason") or DASH,
        "prompt": text,
        "reply": row.get("reply") or "",
    }


def _plain(counts: Counts | None) -> dict[str, str]:
    """Returns a stage's counts as label and text, what it measured beside them; unknown ones are left out."""
    if counts is None:
        return {}
    values = counts.to_dict()
    values |= values.pop("measures", {})
    return {name.replace("_", " "): text(value) for name, value in values.items() if value is not None}


@dataclass(slots=True, frozen=True)
class Provenance:
    """A stage's line: what it was made of."""

    name: str
    status: str
    fingerprint: str
    versions: str


def _provenance(stages: Mapping[str, Entry]) -> list[Provenance]:
    lines = []
    for name, entry in stages.items():
        versions = ", ".join(f"{package} {version}" for package, version in entry.versions.items())
        lines.append(Provenance(name, entry.status, entry.fingerprint or DASH, versions))
    return lines
