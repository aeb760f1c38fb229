"""What curation must be able to find before a teacher is paid: that a reply is worse than another."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from pipeline.curate.require import require_preferences
from pipeline.decisions.store import Store
from pipeline.recipe.load import load_recipe, placed
from pipeline.run.directory import RunDir
from prompts.errors import InputError
from tests.pipeline.helpers import write_recipe
from tests.pipeline.review.make import decision


def test_preferences_need_a_step_that_makes_some_or_a_file(tmp_path: Path) -> None:
    student, run = {"base": "smollm2-135m", "method": "preference"}, RunDir(tmp_path / "run")
    recipe = write_recipe(tmp_path, student=student)
    with (
        pytest.raises(InputError, match=r"recipe.yaml:\d+: field 'student.method'.*Add agreement, best, judge, verify"),
        placed(recipe),
    ):
        require_preferences(load_recipe(recipe), run)
    voted = load_recipe(write_recipe(tmp_path, student=student, curate={"steps": [{"step": "agreement"}]}))
    require_preferences(voted, run)
    (tmp_path / "edits.jsonl").touch()
    given = load_recipe(write_recipe(tmp_path, student=student | {"preference": {"pairs": "edits.jsonl"}}))
    require_preferences(given, run)
    assert given.student.preference is not None
    assert given.student.preference.pairs == str(tmp_path / "edits.jsonl")
    with pytest.raises(InputError, match=r"recipe.yaml:\d+: field 'student.preference.pairs': no such file"):
        load_recipe(write_recipe(tmp_path, student=student | {"preference": {"pairs": "eddits.jsonl"}}))


def test_a_person_who_prefers_a_reply_is_enough(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    recipe = load_recipe(write_recipe(tmp_path, student={"base": "smollm2-135m", "method": "preference"}))
    with pytest.raises(InputError, match="neither a curation step nor a person"):
        require_preferences(recipe, run)
    with closing(Store(run.reviews)) as store:
        store.add([decision("prefer", other_id="t")])
    require_preferences(recipe, run)


def test_other_methods_need_nothing(tmp_path: Path) -> None:
    require_preferences(load_recipe(write_recipe(tmp_path)), RunDir(tmp_path))
