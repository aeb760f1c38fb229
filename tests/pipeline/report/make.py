"""A run's numbers for the tests of this folder, in the shapes of evaluation.json and the manifest."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from pipeline.evaluate.answers.contestants import Answer, Contestant, HeldoutRow, teacher_contestants
from pipeline.evaluate.answers.size import Size
from pipeline.recipe.evaluate import Evaluate
from pipeline.report.lineage import Lineage
from pipeline.report.page import ReportInputs
from pipeline.run.counts import Counts, CurateCounts, EvaluateCounts, FunnelStep, GenerateCounts, TrainCounts
from pipeline.run.evaluation.checks import JudgeReport, Leak, Regression, ScorerFailure
from pipeline.run.evaluation.contestants import (
    Confusion,
    EarlierRun,
    ExportResult,
    ReliabilityBin,
    Slice,
    Summary,
)
from pipeline.run.evaluation.costs import (
    BreakEven,
    Cascade,
    CascadePoint,
    ChosenPoint,
    ConfidenceAuc,
    CostPoint,
    Distillation,
    Economics,
    Load,
    StudentCosts,
    TeacherCosts,
)
from pipeline.run.evaluation.estimate import Ends, Estimate
from pipeline.run.evaluation.record import Evaluation
from pipeline.run.manifest import Entry
from pipeline.train.log import Curve
from prompts.messages import Message
from tests.pipeline.evaluate.make import compared

CONFIG = Evaluate(scorer="label", labels=["spam", "ham"], resamples=300)
RECIPE = "name: quickstart\nteacher: gguf:smollm2-135m\n"
FLIPPED = {"spam": "ham", "ham": "spam"}


def evaluation(text: str = "Subject: hello. Buy now!", student: str | None = None) -> Evaluation:
    """150 rows; the student is right on seven of eight, the calibrated teacher on three of four."""
    rows = [_row(index, text) for index in range(150)]
    teacher = Contestant("teacher", "gguf:smollm2-135m", (), Size(134_515_008, 98_000_000))
    everyone = [
        *teacher_contestants(rows, teacher, CONFIG.to_scorer()),
        Contestant("base", "huggingface:base", _answers(rows, 2, None), Size(134_515_008, 269_000_000)),
        Contestant("student", "huggingface:student", _answers(rows, 8, student), Size(62_700_000, 125_000_000)),
    ]
    return compared(rows, everyone, CONFIG, left_out={"duplicate": 2})


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


def summary(
    score: float | None = 0.8,
    ci95: Ends | None = (0.7, 0.9),
    *,
    n: int = 50,
    confusion: Confusion | None = None,
) -> Summary:
    """A contestant of whom nothing else is known."""
    return Summary(
        spec="",
        score=None if score is None else Estimate(score, ci95, n),
        invalid=None,
        outcomes={},
        prompt_tokens_mean=None,
        output_tokens_mean=None,
        latency_p50_s=None,
        latency_p95_s=None,
        output_tokens_per_s=None,
        cost_per_1000_usd=None,
        in_flight=1,
        parameters=None,
        bytes=None,
        confusion=confusion,
    )


def with_contestants(contestants: Mapping[str, Summary], *, rows: int = 50) -> Evaluation:
    """An evaluation that says nothing else."""
    return Evaluation(
        scorer="label",
        scoring={"scorer": "label"},
        rows=rows,
        groups=rows,
        resamples=300,
        seed=0,
        teacher=contestants.get("teacher"),
        teacher_calibrated=contestants.get("teacher_calibrated"),
        base=contestants.get("base"),
        student=contestants.get("student"),
    )


def full_evaluation(text: str = "Subject: hello. Buy now!", student: str | None = None) -> Evaluation:
    """The same with every section that an evaluation may have; `text` is in every name that data or models choose."""
    small = evaluation(text, student)
    assert small.teacher is not None
    assert small.student is not None
    teacher, best = _detailed(small.teacher, 0.6, text), _detailed(small.student, 0.87, text)
    regressions = [
        Regression(f"r{one.prompt_id}", one.gold, one.prompt, one.answers, 1.0) for one in small.examples[:4]
    ]
    exports = {
        "gguf-q8_0": ExportResult("", None, summary=best, minus_student=Estimate(-0.01, (-0.02, 0.0), 150)),
        "onnx": ExportResult("onnx:x", 9_000_000, failed=text),
    }
    return replace(
        small,
        teacher=teacher,
        student=best,
        slices={text: {value: _slice(rows) for value, rows in {text: 60, "list": 50, "other": 40}.items()}},
        kl_from_teacher=Estimate(0.21, (0.17, 0.26), 150),
        regressions=tuple(regressions),
        memorised={"student": Leak(2, 150, ("0", "1"))},
        contaminated=Leak(3, 150, ("0",)),
        verdict_withheld=None,
        scorer_failed=(ScorerFailure("7", "student", text),),
        judge=JudgeReport(300, 1, 18, Estimate(0.55, (0.47, 0.63), 150), None, Estimate(0.9, (0.8, 0.95), 40)),
        earlier={text: EarlierRun(150, {}, best, Estimate(-0.04, (-0.09, 0.01), 150))},
        exports=exports,
        economics=economics(),
        cascade=cascade(),
    )


def _detailed(summary: Summary, right: float, text: str) -> Summary:
    wrong = round(75 * (1 - right))
    around = (right - 0.05, right + 0.05)
    bins = [
        ReliabilityBin(b / 10, (b + 1) / 10, b / 10 + 0.05, min(1.0, right * (b + 2) / 10), 15 + b)
        for b in range(3, 10)
    ]
    return replace(
        summary,
        macro_f1=Estimate(right, around, 150),
        confusion=Confusion(("spam", text), ((75 - wrong, wrong, 0), (wrong, 73 - wrong, 2))),
        field_scores={text: Estimate(right, around, 90)},
        ece=Estimate(0.07, (0.04, 0.11), sum(one.rows for one in bins)),
        reliability=tuple(bins),
    )


def _slice(rows: int) -> Slice:
    scores = {
        "student": Estimate(0.8 + rows / 1000, (0.72, 0.93), rows),
        "teacher": Estimate(0.5, (0.4, 0.6), rows),
    }
    return Slice(rows, scores, Estimate(rows / 200, (rows / 200 - 0.1, rows / 200 + 0.1), rows))


def economics() -> Economics:
    calls = [10**power for power in range(2, 8)]
    loads = [
        Load(
            c,
            requests=32,
            failed=0,
            calls_per_s=Estimate(10.0 + c / 2, (9.0 + c / 2, 11.0 + c / 2), 32),
            output_tokens_per_s=Estimate(40.0 + c, (30.0 + c, 50.0 + c), 32),
            latency_p50_s=Estimate(0.1 * c**0.8, (0.08 * c**0.8, 0.13 * c**0.8), 32),
            latency_p95_s=Estimate(0.18 * c**0.9, (0.15 * c**0.9, None), 32),
        )
        for c in (1, 4, 16)
    ]
    student = StudentCosts(
        cost_per_1000_usd=Estimate(0.011, (0.009, 0.013), 32),
        cost_at_concurrency=16,
        calls_per_hour=Estimate(36_000.0, (30_000.0, 44_000.0), 32),
        busy_calls_per_hour=Estimate(308.0, (290.0, 330.0), None),
        loads=tuple(loads),
        peak_memory_bytes=901_000_000,
        peak_gpu_bytes=None,
        failed=None,
    )
    return Economics(
        hourly_usd=0.4,
        student=student,
        others={},
        teacher=TeacherCosts(Estimate(1.3, (1.2, 1.4), 150), None, None, None, None, 1, "online"),
        distillation_usd=Distillation(teacher=4.1, judge=None, rescorer=None, training=0.2, total=4.3),
        break_even=BreakEven(Estimate(3336, (3100, 3615), None), None),
        cascade=None,
        curve=tuple(CostPoint(n, 0.0013 * n, 4.3 + 0.000011 * n, 4.3 + 0.0002 * n) for n in calls),
    )


def cascade() -> Cascade:
    curve = [
        CascadePoint(
            threshold=t / 40,
            handed_over=Estimate(t / 40, None, 75),
            score=Estimate(0.87 + 0.06 * (t / 40) ** 0.5 - 0.02 * t / 40, (0.82 + 0.05 * t / 40, 0.95), 75),
            cost_per_1000_usd=Estimate(0.011 + 1.3 * t / 40, None, 75),
        )
        for t in range(41)
    ]
    point = curve[9]
    chosen = ChosenPoint(
        threshold=point.threshold,
        handed_over=point.handed_over,
        score=point.score,
        cost_per_1000_usd=point.cost_per_1000_usd,
        teacher_score=Estimate(0.88, None, 75),
        minus_teacher=Estimate(0.02, (-0.01, 0.05), 75),
        rows=75,
    )
    return Cascade(tuple(curve), chosen, None, 0.01, ConfidenceAuc(Estimate(0.81, (0.73, 0.88), 75), 75, 60))


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
