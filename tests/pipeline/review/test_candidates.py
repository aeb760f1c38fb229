"""What there is to review: each answer to a prompt once, kept ones first, with how sure its teacher was."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.review.candidates import by_prompt, labels_of, normal, read_answers, read_candidates, read_recipe
from pipeline.run.directory import RunDir
from prompts.errors import InputError
from tests.pipeline.review.make import two_teachers


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    return two_teachers(tmp_path_factory.mktemp("candidates"))


def test_every_answer_of_a_prompt_is_one_candidate(run: RunDir) -> None:
    candidates = read_candidates(run, "all", ())
    assert len({(one.prompt_id, one.answer) for one in candidates}) == len(candidates) == 24
    sides = [read_candidates(run, split, ()) for split in ("train", "heldout")]
    assert sum(map(len, sides)) == 24
    assert all(one.mean_logprob is None and one.label_margin is None for one in candidates)  # scripted, without


def test_with_labels_what_says_the_same_label_is_one(run: RunDir) -> None:
    groups = by_prompt(read_candidates(run, "all", ("ham", "spam")))
    assert len(groups) == 12
    for group in groups.values():
        assert [one.sample_id for one in group] == sorted(one.sample_id for one in group)  # all are kept
    assert normal("**Ham**.", ("ham",)) == normal("ham", ("ham",)) != normal("spam", ("ham",))


def test_labels_are_those_that_the_recipe_names(run: RunDir) -> None:
    assert labels_of(read_recipe(run)) == ()


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    assert read_answers(tmp_path / "answers.parquet", "student") == {}
    with pytest.raises(InputError):
        read_recipe(RunDir(tmp_path))
