"""The curate stage: what its progress is told."""

from __future__ import annotations

from pathlib import Path

from pipeline.curate.stage import curate_replies
from pipeline.recipe.load import load_recipe
from pipeline.run.context import Context
from pipeline.run.directory import open_run
from pipeline.stages import run_stages
from tests.pipeline.curate.make_progress import Seen
from tests.pipeline.helpers import write_recipe, write_rows


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
