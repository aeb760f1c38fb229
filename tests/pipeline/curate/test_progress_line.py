"""The progress of curation: which step is at work, and how many of its rows are done."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from pipeline.curate.progress_line import StepsLine
from pipeline.curate.stage import curate_replies
from pipeline.recipe.load import load_recipe
from pipeline.run.context import Context
from pipeline.run.directory import open_run
from pipeline.run.progress import Progress
from pipeline.stages import run_stages
from tests.pipeline.helpers import write_recipe, write_rows


class Seen(Progress):
    """Progress that remembers what it was told, and shows nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.stages: list[str] = []
        self.details: list[tuple[int, str]] = []
        self.figures: list[Any] = []

    def start(self, stage: str, total: int) -> None:
        self.stages.append(f"{stage} {total}")

    def update(self, done: int, detail: str = "", **more: Any) -> None:
        self.details.append((done, detail))
        self.figures.append(more.get("figures"))


def test_a_slow_step_tells_its_rows_and_the_time_left() -> None:
    seen = Seen()
    line = StepsLine(seen, 2)
    line.rows("verify", 0, 5000)
    line.rows("verify", 1200, 5000)
    line.step("verify", 5000, 4000)
    (_, began), (done, middle), ended = seen.details
    assert began == "verify: 0 of 5,000 rows"
    assert re.fullmatch(r"verify: 1,200 of 5,000 rows, [\d,.]+/s, \d+ s left", middle)
    assert (done, ended) == (0, (1, "verify: 5,000 in, 4,000 out"))
    assert seen.figures[1] == {"step": "verify", "rows": 1200, "of_rows": 5000}


def test_the_stage_tells_each_steps_rows_and_takes_its_bar_back_from_the_judge(tmp_path: Path) -> None:
    check = Path(__file__).with_name("steps") / "verifier.py"
    write_rows(
        tmp_path / "script.jsonl", [{"match": "Score", "reply": '{"reason": "", "score": 5}'}, {"reply": "right"}]
    )
    judge = {"step": "judge", "judge": {"spec": f"scripted:{tmp_path}/script.jsonl"}}
    steps = [{"step": "outcome"}, judge, {"step": "verify", "function": f"{check}:check"}]
    recipe = load_recipe(write_recipe(tmp_path, curate={"split": {"heldout": 0.2}, "steps": steps}))
    with open_run(tmp_path / "run", recipe) as (run, manifest):
        run_stages(Context(recipe, run, manifest, Seen()), "generate", "generate")
        seen = Seen()
        curate_replies(Context(recipe, run, manifest, seen))
    assert [stage.split()[0] for stage in seen.stages] == ["curate", "judge", "curate"]
    rows = [figures["rows"] for figures in seen.figures if figures.get("step") == "verify"]
    assert rows == [*range(13), 12]
    assert [figures["rows"] for figures in seen.figures if figures.get("step") == "outcome"] == [0, 12, 12]
