"""A judge is a teacher: its answers are journaled, and none is asked for twice."""

from __future__ import annotations

from pathlib import Path

from pipeline.journal.progress import progress_of
from pipeline.judge.ask import ask_judge, recall_judge
from pipeline.recipe.load import load_recipe
from pipeline.recipe.step import JudgeModel
from pipeline.recipe.teachers import TeacherEntry
from pipeline.run.context import Context
from pipeline.run.directory import open_run
from pipeline.run.progress import Progress
from prompts.messages import Conversation, Message
from tests.pipeline.helpers import write_recipe, write_rows


def question(text: str) -> Conversation:
    return (Message("user", text),)


def test_answers_are_those_of_the_journal_the_second_time(tmp_path: Path) -> None:
    script = write_rows(tmp_path / "judge.jsonl", [{"match": "good", "reply": "5"}, {"match": "bad", "reply": "1"}])
    judge = JudgeModel(TeacherEntry(spec=f"scripted:{script}"))
    good, bad = question("is it good?"), question("is it bad?")
    recipe = load_recipe(write_recipe(tmp_path))
    with open_run(tmp_path / "run", recipe) as (run, manifest):
        context = Context(recipe, run, manifest, Progress(listener=lambda _: None))
        assert ask_judge(context, judge, [good, bad, good]) == {good: "5", bad: "1"}
        other = question("is it not bad?")
        assert recall_judge(context, judge, [good, other]) == {good: "5", other: None}
        assert progress_of(run.journal)["attempts"] == {"ok": 2}
        assert ask_judge(context, judge, [good, other]) == {good: "5", other: "1"}
        assert progress_of(run.journal)["attempts"] == {"ok": 3}
