"""The report: one HTML file that needs nothing else, not even the network.

Everything in it that a model or a mail wrote is text: Jinja escapes it, and the page's own policy forbids
scripts, and any style but the page's.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pipeline.report.funnel import funnel
from pipeline.report.metrics import EXPORT_TITLES, contestants, exports, known, relations, stage_seconds
from pipeline.report.verdict import TITLES, verdict
from pipeline.report.wording import DASH, interval, number, share

FOLDER = Path(__file__).parent
MAX_CHARS = 2000
"""Longest text shown, in characters."""
MAX_DROPPED = 20
"""Most dropped samples shown."""

FACTS = ("scorer", "rows", "groups", "resamples", "seed")
"""What is said of how the comparison was made."""

Dropped = Mapping[str, Any]


@dataclass(slots=True, frozen=True)
class ReportInputs:
    """Everything the page is made of."""

    name: str
    evaluation: Mapping[str, Any] | None
    """evaluation.json; None where nothing could be compared: the rest is shown all the same."""
    manifest: Mapping[str, Any]
    recipe_yaml: str
    dropped_examples: Sequence[Dropped] = ()
    """Some rows of dropped.parquet: `prompt` (messages), `reply`, `step`, `reason`."""


def render_page(run: ReportInputs) -> str:
    """The page as HTML. Pure: the same inputs give the same bytes."""
    style = (FOLDER / "page.css").read_text(encoding="utf-8")
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"cut": _cut}
    return environment.get_template(
        "page.html.j2"
    ).render(
        name=run.name,
        style=Markup(style),  # noqa: S704  # our own file
        policy=_policy(style),
        verdict=_opening(run),
        comparison=_comparison(run.evaluation) if run.evaluation else None,
        examples=_examples(run.evaluation) if run.evaluation else [],
        funnel=funnel(run.manifest),
        training=_plain(run.manifest, "train"),
        generation=_plain(run.manifest, "generate"),
        seconds=stage_seconds(run.manifest),
        dropped=[_dropped(row) for row in run.dropped_examples[:MAX_DROPPED]],
        recipe=run.recipe_yaml,
        stages=_provenance(run.manifest),
    )


def _policy(style: str) -> str:
    """Content-Security-Policy: nothing loads, nothing runs; one style sheet, named by its digest."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _opening(run: ReportInputs) -> str:
    if run.evaluation:
        return verdict(run.evaluation)
    error = run.manifest.get("stages", {}).get("evaluate", {}).get("error")
    return f"Nothing was compared: {error}" if error else "Nothing was compared yet."


def _comparison(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    everyone = contestants(evaluation)
    return {
        "titles": list(everyone),
        "bars": [_bar(title, one) for title, one in everyone.items()],
        "metrics": [(metric.title, [metric.show(one) for one in everyone.values()]) for metric in known(evaluation)],
        "relations": relations(evaluation),
        "export_titles": EXPORT_TITLES,
        "exports": exports(evaluation),
        "specs": [(title, one["spec"]) for title, one in everyone.items() if one.get("spec")],
        "left_out": evaluation.get("left_out") or {},
        "facts": {key: evaluation[key] for key in FACTS if key in evaluation},
    }


def _bar(title: str, one: Mapping[str, Any]) -> dict[str, Any]:
    """A line of the chart, in percent of its width."""
    low, high = one["ci95"] or (one["score"], one["score"])
    return {
        "title": title,
        "score": share(one["score"]),
        "interval": interval(one["ci95"]),
        "at": f"{100 * one['score']:.2f}%",
        "low": f"{100 * low:.2f}%",
        "high": f"{100 * high:.2f}%",
    }


def _examples(evaluation: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {**example, "answers": {TITLES.get(name, name): answer for name, answer in example["answers"].items()}}
        for example in evaluation.get("examples") or []
    ]


def _dropped(row: Dropped) -> dict[str, Any]:
    prompt = row.get("prompt") or row.get("messages") or []
    return {
        "step": row.get("step") or DASH,
        "reason": row.get("reason") or DASH,
        "prompt": prompt[-1]["content"] if prompt else "",
        "reply": row.get("reply") or "",
    }


def _plain(manifest: Mapping[str, Any], stage: str) -> dict[str, str]:
    """A stage's counts as label and text, what it measured beside them; unknown ones left out."""
    counts = manifest.get("stages", {}).get(stage, {}).get("counts") or {}
    counts = {name: value for name, value in counts.items() if name != "measures"} | (counts.get("measures") or {})
    return {name.replace("_", " "): _value(value) for name, value in counts.items() if value is not None}


def _value(value: Any) -> str:
    if isinstance(value, float) and not value.is_integer():
        return f"{value:.4g}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_value(inner)}" for name, inner in value.items())
    return str(value)


def _provenance(manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "status": one.get("status") or DASH,
            "fingerprint": one.get("fingerprint") or DASH,
            "versions": ", ".join(f"{package} {version}" for package, version in (one.get("versions") or {}).items()),
        }
        for name, one in manifest.get("stages", {}).items()
    ]


def _cut(text: str) -> str:
    return text if len(text) <= MAX_CHARS else text[:MAX_CHARS] + " […]"
