"""The result of a bake-off: the record, and its JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from pipeline.bakeoff.decision import Choice, Standing


@dataclass(slots=True, frozen=True)
class Judging:
    """The judge that compared the answers, and how it did."""

    spec: str
    against: str
    """The teacher whose answers all others' were compared with."""
    calls: int
    failures: int
    """Verdicts that were none, or did not come."""
    changed: int
    """Pairs whose winner changed with its place."""


@dataclass(slots=True, frozen=True)
class Bakeoff:
    """A finished bake-off, and what its numbers depend on."""

    choice: Choice
    scorer: str | None
    """By which answers were scored against gold; None where a judge compared them."""
    judge: Judging | None
    in_flight: int
    """At each teacher, while latencies were taken."""
    resamples: int
    seed: int
    run: str
    """The bake-off's own run directory."""

    def to_dict(self) -> dict[str, Any]:
        """Returns it as bakeoff.json has it: teachers in the order they were given, null for what is not known."""
        choice = self.choice
        return {
            "rows": choice.rows,
            "left_out": choice.left_out,
            "groups": choice.groups,
            "teachers": [_standing_to_dict(standing) for standing in choice.standings],
            "best": choice.best,
            "named": choice.named,
            "verdict": choice.sentence,
            "scorer": self.scorer,
            "judge": None if self.judge is None else asdict(self.judge),
            "in_flight": self.in_flight,
            "resamples": self.resamples,
            "seed": self.seed,
            "run": self.run,
        }


def _standing_to_dict(standing: Standing) -> dict[str, Any]:
    measured, minus_best = standing.measured, standing.minus_best
    return {
        "label": measured.label,
        "spec": measured.spec,
        "score": standing.score,
        "ci95": list(standing.ci95),
        "minus_best": {"value": minus_best.value, "ci95": list(minus_best.ci95)},
        "significantly_worse": minus_best.significantly_below,
        "asked": measured.asked,
        "accepted": measured.accepted,
        "refused": measured.refused,
        "failures": measured.failures,
        "cost_usd": measured.cost_usd,
        "cost_per_accepted_usd": measured.cost_per_accepted_usd,
        "why_no_cost": measured.why_no_cost,
        "asked_without": list(measured.asked_without),
        "latency_p50_s": measured.latency_p50_s,
        "latency_p95_s": measured.latency_p95_s,
    }
