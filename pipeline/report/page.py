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
from pipeline.report.recommendation import rule
from pipeline.report.training import training_chart
from pipeline.run.counts import Counts, CurateCounts, GenerateCounts, TrainCounts
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
    evaluation: Mapping[str, Any] | None
    """evaluation.json; None where nothing could be compared: the rest is shown all the same."""
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
    """The page as HTML. Pure: the same inputs give the same bytes."""
    style = (FOLDER / "page.css").read_text(encoding="utf-8")
    stages = {name: entry for name, entry in run.stages.items() if name != "report"}  # it is running
    trained = counts_of(stages, TrainCounts)
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            name=run.name,
            date=_date(stages),
            style=Markup(style),  # noqa: S704  # our own file
            policy=_policy(style),
            ruling=rule(run.evaluation, run.config.margin, error_of(stages, "evaluate")),
            commands={name: command(name, run.place) for name in COMMANDS},
            place=run.place,
            why=shlex.join(["stillhouse", "why", run.place]),
            status=shlex.join(["stillhouse", "status", run.place]),
            basis=bases(run.evaluation or {}, stages),
            **_measured(run.evaluation or {}, run.config.margin),
            funnel=funnel(counts_of(stages, CurateCounts)),
            training=_plain(trained),
            curve=training_chart(run.curve, None if trained is None else trained.best_step),
            generation=_plain(counts_of(stages, GenerateCounts)),
            seconds=metrics.stage_seconds(seconds_of(stages)),
            dropped=[_dropped(row) for row in run.dropped_examples[:MAX_DROPPED]],
            chain=chain(run.lineage, stages) if run.lineage else [],
            recipe=run.recipe_yaml,
            stages=_provenance(stages),
        )
    )


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
    """Content-Security-Policy: nothing loads, nothing runs; one style sheet, named by its digest."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def error_of(stages: Mapping[str, Entry], stage: str) -> str | None:
    """Returns why a stage failed; None where it did not."""
    entry = stages.get(stage)
    return None if entry is None else entry.error


def _date(stages: Mapping[str, Entry]) -> str:
    began = [entry.started_at for entry in stages.values()]
    return f"{datetime.fromtimestamp(max(began), UTC):%Y-%m-%d}" if began else ""


def _measured(evaluation: Mapping[str, Any], margin: float) -> dict[str, Any]:
    """The sections that are made from evaluation.json alone."""
    economics, routed = evaluation.get("economics") or {}, evaluation.get("cascade") or {}
    charts = (economy.cost_chart(economics), economy.load_chart(economics), cascade.cascade_chart(routed))
    return {
        "comparison": compared(evaluation, margin) if evaluation else None,
        "confusions": labels.confusions(evaluation),
        "reliability": labels.reliability_chart(evaluation),
        "slices": labels.slices(evaluation),
        "checks": checks(evaluation),
        "prices": economy.prices(evaluation),
        "cost_charts": [chart for chart in charts[:2] if chart],
        "cascade": cascade.cascade_facts(routed),
        "cascade_chart": charts[2],
        "regressions": regressions(evaluation),
        "examples": examples(evaluation),
    }


def _dropped(row: Dropped) -> dict[str, Any]:
    prompt = row.get("prompt") or row.get("messages") or []
    return {
        "step": row.get("step") or DASH,
        "reason": row.get("reason") or DASH,
        "prompt": prompt[-1]["content"] if prompt else "",
        "reply": row.get("reply") or "",
    }


def _plain(counts: Counts | None) -> dict[str, str]:
    """Returns a stage's counts as label and text, what it measured beside them; unknown ones are left out."""
    if counts is None:
        return {}
    values = counts.to_dict()
    values |= values.pop("measures", {})
    return {name.replace("_", " "): text(value) for name, value in values.items() if value is not None}


def _provenance(stages: Mapping[str, Entry]) -> list[dict[str, str]]:
    return [
        {
            "name": name,
            "status": entry.status,
            "fingerprint": entry.fingerprint or DASH,
            "versions": ", ".join(f"{package} {version}" for package, version in entry.versions.items()),
        }
        for name, entry in stages.items()
    ]
