"""The page of a large run: bytes, and time to Chromium's load event. Targets: under 5 MB, under 2 s.

    python -m benchmarks.report_page [--rows 100000] [--rounds 5]

The rows go through `compare`, as the evaluate stage's do: 40 labels, long prompts, two sliced columns. The page is
opened from disk, each time in a browser of its own.
"""

from __future__ import annotations

import argparse
import random
import resource
import statistics
import tempfile
import time
from pathlib import Path

from pipeline.evaluate.answers.contestants import Answer, Contestant, HeldoutAnswers, HeldoutRow, teacher_contestants
from pipeline.evaluate.comparison.compare import compare
from pipeline.recipe.evaluate import Evaluate
from pipeline.report.page import ReportInputs, render_page
from pipeline.run.counts import CurateCounts, FunnelStep
from pipeline.run.evaluation.record import Evaluation
from pipeline.run.manifest import Entry
from pipeline.train.log import Curve
from prompts.messages import Message
from tests.browser import open_page

LABELS = [f"label {number:02}" for number in range(40)]
STEPS = 20_000
LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    began = time.perf_counter()
    evaluation = evaluate(asked.rows)
    print(f"evaluated {asked.rows:,} rows in {time.perf_counter() - began:.1f} s")
    began = time.perf_counter()
    page = render_page(inputs(evaluation, asked.rows))
    print(f"page: {len(page.encode()):,} bytes, written in {time.perf_counter() - began:.2f} s")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.html"
        path.write_text(page, encoding="utf-8")
        seconds = [opened(path) for _ in range(asked.rounds)]
    print(f"load event: median {statistics.median(seconds):.3f} s of {', '.join(f'{one:.3f}' for one in seconds)}")
    print(f"peak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB")


def evaluate(count: int) -> Evaluation:
    """The evaluation of as many synthetic answers: the teacher right on 4 of 5, the student on 7 of 8."""
    config = Evaluate(scorer="label", labels=LABELS, slices=["product", "language"], resamples=200)
    chance = random.Random(0)
    rows = [make_row(index, chance) for index in range(count)]
    everyone = [
        *teacher_contestants(rows, Contestant("teacher", "openai:teacher", ()), config.to_scorer()),
        Contestant("base", "huggingface:base", answers(rows, 0.1, chance)),
        Contestant("student", "huggingface:student", answers(rows, 0.875, chance)),
    ]
    return compare(HeldoutAnswers(rows, everyone), config)


def make_row(index: int, chance: random.Random) -> HeldoutRow:
    gold = LABELS[index % len(LABELS)]
    asked = (Message("user", f"ticket {index}: " + "the machine says no. " * 60),)
    fields = {"product": f"product {index % 300}", "language": ("de", "en", "fr")[index % 3]}
    reply = Answer(gold if chance.random() < 0.8 else LABELS[0], "ok", 400, 3, chance.random(), cost_usd=0.001)
    return HeldoutRow(f"{index:032x}", gold, asked, asked, reply, reply.text, fields=fields)


def answers(rows: list[HeldoutRow], right: float, chance: random.Random) -> tuple[Answer, ...]:
    return tuple(Answer(row.gold or "" if chance.random() < right else LABELS[1], "ok", 300, 3, 0.02) for row in rows)


def inputs(evaluation: Evaluation, count: int) -> ReportInputs:
    counts = CurateCounts(
        samples=count * 5,
        kept=count * 4,
        train=count * 3,
        heldout=count,
        dropped={"exact": {"exact_duplicate": count}},
        failed={},
        funnel=(FunnelStep("exact", count * 5, count * 4, {"exact_duplicate": count}),),
        preference_pairs=0,
        rejected_alone=0,
    )
    stages = {"curate": Entry("0", "done", 0.0, 60.0, counts)}
    curve = Curve(tuple((step, 2.0 / step + 0.2) for step in range(1, STEPS + 1)))
    return ReportInputs("large", evaluation, stages, "name: large\n", curve=curve)


def opened(path: Path) -> float:
    """Seconds from the navigation's start to the end of the load event."""
    with open_page(width=1440) as page:
        page.goto(path.as_uri(), wait_until="load")
        page.wait_for_function(f"{LOADED} > 0")
        return float(page.evaluate(LOADED)) / 1000


if __name__ == "__main__":
    main()
