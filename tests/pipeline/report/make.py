"""A run's numbers for the tests of this folder, in the shapes of evaluation.json and the manifest."""

from __future__ import annotations

import math
from typing import Any

from pipeline.evaluate.answers.contestants import Answer, Contestant, HeldoutRow, teacher_contestants
from pipeline.evaluate.answers.size import Size
from pipeline.evaluate.comparison.compare import compare
from pipeline.recipe.evaluate import Evaluate
from pipeline.report.lineage import Lineage
from pipeline.report.page import ReportInputs
from pipeline.run.counts import Counts, CurateCounts, EvaluateCounts, FunnelStep, GenerateCounts, TrainCounts
from pipeline.run.manifest import Entry
from pipeline.train.log import Curve
from prompts.messages import Message

CONFIG = Evaluate(scorer="label", labels=["spam", "ham"], resamples=300)
RECIPE = "name: quickstart\nteacher: gguf:smollm2-135m\n"
FLIPPED = {"spam": "ham", "ham": "spam"}


def evaluation(text: str = "Subject: hello. Buy now!", student: str | None = None) -> dict[str, Any]:
    """150 rows; the student is right on seven of eight, the calibrated teacher on three of four."""
    rows = [_row(index, text) for index in range(150)]
    everyone = [
        *teacher_contestants(rows, "gguf:smollm2-135m", CONFIG.to_scorer(), size=Size(134_515_008, 98_000_000)),
        Contestant("base", "huggingface:base", _answers(rows, 2, None), Size(134_515_008, 269_000_000)),
        Contestant("student", "huggingface:student", _answers(rows, 8, student), Size(62_700_000, 125_000_000)),
    ]
    return compare(rows, everyone, CONFIG, {"duplicate": 2})


def stages() -> dict[str, Entry]:
    seconds = {"generate": 181.2, "curate": 0.42, "train": 207.9, "evaluate": 31.4}
    counts: dict[str, Counts] = {
        "generate": GenerateCounts(
            rows=802, prompts=800, merged=2, samples=800, outcomes={"ok": 797, "transient": 3}, input_tokens=321_600,
            output_tokens=800, cost_usd=None, to_ask_again=0,
        ),
        "curate": CurateCounts(
            samples=800, kept=780, train=630, heldout=150, failed={"transient": 3},
            dropped={"format": {"not_a_choice": 5}, "exact": {"exact_duplicate": 12}},
            funnel=(
                FunnelStep("format", 797, 792, {"not_a_choice": 5}),
                FunnelStep("exact", 792, 780, {"exact_duplicate": 12}),
            ),
            preference_pairs=0, rejected_alone=0,
        ),
        "train": TrainCounts(
            rows=567, validation_rows=63, rows_too_long=0, tokens=250_000, steps=142, best_step=140, seconds=200.0,
            tokens_per_s=1250.0, train_loss=0.2113, validation_loss=0.3127, parameters=62_700_000, bytes=125_000_000,
            resumed_from=None, planned_steps=142,
        ),
        "evaluate": EvaluateCounts(rows=150, asked=300, scores={"student": 0.87}),
    }  # fmt: skip
    return {
        name: Entry(
            fingerprint="3f9a" * 8,
            status="done",
            started_at=1_796_096_169.0,
            seconds=took,
            counts=counts[name],
            versions={"torch": "2.13.0", "trl": "1.16.0"},
        )
        for name, took in seconds.items()
    }


def _row(index: int, text: str) -> HeldoutRow:
    gold = ("spam", "ham")[index % 2]
    asked = (Message("system", "Say spam or ham."), Message("user", f"{text} ({index})"))
    reply = Answer("spam", "ok", 402, 1, 1.92, (0.8 if gold == "spam" else -0.3) + index % 5 / 2)
    return HeldoutRow(f"{index:032x}", gold, asked, asked, reply, gold if index % 4 else FLIPPED[gold])


def _answers(rows: list[HeldoutRow], wrong_every: int, text: str | None) -> tuple[Answer, ...]:
    golds = [row.gold or "" for row in rows]
    said = [FLIPPED[gold] if index % wrong_every == 0 else gold for index, gold in enumerate(golds)]
    odds = [2.5 if answer == "spam" else -2.0 for answer in said]
    return tuple(
        Answer(answer if text is None else text, "ok", 61, 1, 0.088, log_odds)
        for answer, log_odds in zip(said, odds, strict=True)
    )


def full_evaluation(text: str = "Subject: hello. Buy now!", student: str | None = None) -> dict[str, Any]:
    """The same with every section that an evaluation may have; `text` is in every name that data or models choose."""
    found = evaluation(text, student)
    for name, right in (("teacher", 0.6), ("student", 0.87)):
        wrong = round(75 * (1 - right))
        found[name] |= {
            "macro_f1": right, "macro_f1_ci95": [right - 0.05, right + 0.05], "score_rows": 150,
            "confusion": {"labels": ["spam", text], "counts": [[75 - wrong, wrong, 0], [wrong, 73 - wrong, 2]]},
            "field_scores": {text: right}, "field_scores_ci95": {text: [right - 0.05, right + 0.05]},
            "field_scores_n": {text: 90},
            "ece": 0.07, "ece_ci95": [0.04, 0.11],
            "reliability": [
                {"low": b / 10, "high": (b + 1) / 10, "confidence": b / 10 + 0.05,
                 "accuracy": min(1.0, right * (b + 2) / 10), "rows": 15 + b}
                for b in range(3, 10)
            ],
        }  # fmt: skip
    values = {text: 60, "list": 50, "other": 40}
    found["slices"] = {
        text: {
            value: {
                "rows": rows,
                "student": {"score": 0.8 + rows / 1000, "ci95": [0.72, 0.93]},
                "teacher": {"score": 0.5, "ci95": [0.4, 0.6]},
                "student_minus_teacher": {"value": rows / 200, "ci95": [rows / 200 - 0.1, rows / 200 + 0.1]},
            }
            for value, rows in values.items()
        }
    }
    found |= {
        "kl_from_teacher": {"value": 0.21, "ci95": [0.17, 0.26], "rows": 150},
        "regressions": [{**one, "prompt_id": f"r{one['prompt_id']}", "lost": 1.0} for one in found["examples"][:4]],
        "memorised": {"student": {"count": 2, "rows": 150, "ids": ["0", "1"]}},
        "contaminated": {"count": 3, "rows": 150, "ids": ["0"]},
        "verdict_withheld": None,
        "scorer_failed": [{"prompt_id": "7", "contestant": "student", "message": text}],
        "judge": {"first_position_wins": {"value": 0.55, "ci95": [0.47, 0.63], "rows": 150}, "rubric": text},
        "earlier": {text: {**found["student"], "minus_student": {"value": -0.04, "ci95": [-0.09, 0.01]}}},
        "exports": {
            "gguf-q8_0": {**found["student"], "minus_student": {"value": -0.01, "ci95": [-0.02, 0.0]}},
            "onnx": {"spec": "onnx:x", "failed": text, "bytes": 9_000_000},
        },
        "economics": economics(), "cascade": cascade(),
    }  # fmt: skip
    return found


def economics() -> dict[str, Any]:
    calls = [10.0**power for power in range(2, 8)]
    loads = [
        {"concurrency": c, "calls_per_s": 10.0 + c / 2, "calls_per_s_ci95": [9.0 + c / 2, 11.0 + c / 2],
         "output_tokens_per_s": 40.0 + c, "output_tokens_per_s_ci95": [30.0 + c, 50.0 + c],
         "latency_p50_s": 0.1 * c**0.8, "latency_p50_s_ci95": [0.08 * c**0.8, 0.13 * c**0.8],
         "latency_p95_s": 0.18 * c**0.9, "latency_p95_s_ci95": [0.15 * c**0.9, None], "requests": 32, "failed": 0}
        for c in (1, 4, 16)
    ]  # fmt: skip
    return {
        "hourly_usd": 0.4,
        "student": {
            **{"cost_per_1000_usd": 0.011, "cost_per_1000_usd_ci95": [0.009, 0.013]},
            **{"calls_per_hour": 36_000.0, "calls_per_hour_ci95": [30_000.0, 44_000.0], "calls_per_hour_n": 32},
            **{"busy_calls_per_hour": 308.0, "busy_calls_per_hour_ci95": [290.0, 330.0]},
            **{"loads": loads, "peak_memory_bytes": 901_000_000},
        },
        "teacher": {"cost_per_1000_usd": 1.3, "cost_per_1000_usd_ci95": [1.2, 1.4], "cost_per_1000_usd_n": 150},
        "distillation_usd": {"teacher": 4.1, "judge": None, "rescorer": None, "training": 0.2, "total": 4.3},
        "break_even_calls": 3336,
        "break_even_calls_ci95": [3100, 3615],
        "reason": None,
        "curve": [
            {"calls": n, "teacher_usd": 0.0013 * n, "student_usd": 4.3 + 0.000011 * n, "cascade_usd": 4.3 + 0.0002 * n}
            for n in calls
        ],
    }


def cascade() -> dict[str, Any]:
    curve = [
        {"threshold": t / 40, "handed_over": t / 40, "score": 0.87 + 0.06 * (t / 40) ** 0.5 - 0.02 * t / 40,
         "ci95": [0.82 + 0.05 * t / 40, 0.95], "cost_per_1000_usd": 0.011 + 1.3 * t / 40}
        for t in range(41)
    ]  # fmt: skip
    chosen = {**curve[9], "teacher_score": 0.88, "rows": 75}
    auc = {"value": 0.81, "ci95": [0.73, 0.88]}
    return {"curve": curve, "chosen": chosen, "reason": None, "confidence_auc": auc}


def curve(steps: int = 142) -> Curve:
    train = tuple((s, 2.2 * math.exp(-s / 30) + 0.2 + 0.08 * math.sin(s * 1.7)) for s in range(1, steps + 1))
    return Curve(train, tuple((s, 1.9 * math.exp(-s / 35) + 0.31) for s in range(20, steps + 1, 20)))


def lineage(text: str = "spam_assassin.jsonl") -> Lineage:
    recipe = {
        "prompts": {"source": f"data/{text}", "template": "spam", "license": "cc0-1.0"},
        "teacher": [{"spec": "gguf:smollm2-135m"}],
        "curate": {"steps": [{"step": "outcome"}, {"step": "exact"}, {"step": "calibrate"}]},
        "student": {"base": "smollm2-135m", "method": "sft"},
        "exports": ["gguf-q8_0"],
    }
    return Lineage(recipe, "9c1f" * 8, {"gguf:smollm2-135m": text})


def everything(text: str = "Subject: hello. Buy now!", student: str | None = None) -> ReportInputs:
    """All that a page may show."""
    dropped = [{"step": "format", "reason": "too_long", "prompt": [{"role": "user", "content": text}], "reply": text}]
    found = full_evaluation(text, student)
    return ReportInputs("quickstart", found, stages(), RECIPE, dropped, curve(), lineage(text), place="runs/quickstart")
