"""One sample's story: found without reading the files whole, told with its step, reason, score and judge."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from pipeline.explain.row_search import find_row
from pipeline.explain.verdicts import Dropped, Judged, Kept
from pipeline.explain.why import UNREAD, Story, render_story, tell_story
from pipeline.journal.columns import REPLIES
from pipeline.run.records import read_rows, write_parquet
from prompts.digest import digest
from prompts.errors import InputError
from tests.pipeline.explain.test_what_if import SCRIPT, curated
from tests.pipeline.helpers import write_recipe, write_rows


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    refusal = {"match": "mail 7", "outcome": "refused", "reply": "no"}
    write_rows(tmp_path / "script.jsonl", [*SCRIPT[:2], refusal, *SCRIPT[2:]])
    judge = {"step": "judge", "judge": {"spec": f"scripted:{tmp_path / 'script.jsonl'}"}, "rubric": "short"}
    steps = [{"step": "outcome"}, {**judge, "min_score": 0.5}, {"step": "pii"}]
    return write_recipe(tmp_path, curate={"split": {"heldout": 0.2}, "steps": steps})


def story_of(root: Path, side: str, **wanted: Any) -> Story:
    rows = read_rows(root / f"{side}.parquet")
    row = next(row for row in rows if all(row[name] == value for name, value in wanted.items()))
    return tell_story(root, row["sample_id"])


def test_a_kept_samples_story_has_the_judges_reason(recipe: Path) -> None:
    root = curated(recipe).root
    (recipe.parent / "rows.jsonl").unlink()  # the story needs the run alone
    story = story_of(root, "kept", split="train", reply="ham")
    verdict = story.to_dict()["verdict"]
    assert (verdict["side"], verdict["judge_score"]) == ("kept", 0.75)
    assert verdict["judge"] == [{"rubric": "short", "score": 0.75, "reason": "fine"}]
    assert isinstance(story.verdict, Kept)
    assert story.verdict.judged == [Judged("short", 0.75, "fine")]
    assert "judge: 0.75, fine" in render_story(story)


def test_a_judged_reply_that_was_masked_since_is_still_found(recipe: Path) -> None:
    story = story_of(curated(recipe).root, "kept", split="train", reply="call +49 171 2345678")
    assert isinstance(story.verdict, Kept)
    assert story.verdict.completion == "call <PHONE>"
    assert story.verdict.judged[0].reason == "fine"


def test_a_dropped_samples_story_has_step_reason_score_and_the_judges_word(recipe: Path) -> None:
    story = story_of(curated(recipe).root, "dropped", step="judge")
    assert isinstance(story.verdict, Dropped)
    verdict = story.to_dict()["verdict"]
    assert (verdict["step"], verdict["reason"], verdict["score"]) == ("judge", "low_score", 0.25)
    assert "dropped by the step 'judge': low_score (score 0.25); train side" in render_story(story)
    assert "judge: 0.25, curt" in render_story(story)
    refused = story_of(curated(recipe).root, "dropped", reason="refused")
    verdict = refused.to_dict()["verdict"]
    assert (verdict["step"], verdict["judge"]) == ("outcome", [])


def test_a_row_is_found_among_many_by_two_columns_alone(tmp_path: Path) -> None:
    path = tmp_path / "replies.parquet"
    ids = [digest(number) for number in range(20_000)]
    row = {**dict.fromkeys(REPLIES.names), "reply": "x" * 2_000, "messages": [{"role": "user", "content": "y" * 2_000}]}
    write_parquet(path, REPLIES, ({**row, "sample_id": one, "prompt_id": one} for one in ids))
    tries_s = []
    for _ in range(3):  # the least of them: whoever shares the cores takes some of the caches
        before = time.process_time()
        assert find_row(path, ids[19_999], UNREAD)["sample_id"] == ids[19_999]
        tries_s.append(time.process_time() - before)
    before = time.process_time()
    assert sum(1 for _ in read_rows(path)) == 20_000
    assert min(tries_s) < (time.process_time() - before) / 4
    with pytest.raises(InputError, match="no sample or prompt id begins with 'zz'"):
        find_row(path, "zz", UNREAD)
    with pytest.raises(InputError, match=r"samples match 'a'.*Give more of it"):
        find_row(path, "a", UNREAD)
