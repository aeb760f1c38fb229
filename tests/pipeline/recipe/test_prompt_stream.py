"""The recipe's prompts, streamed: the same as all at once, each time anew."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.recipe.load import load_recipe
from pipeline.recipe.prompt_stream import PromptStream, recipe_prompts
from prompts.errors import InputError
from tests.pipeline.helpers import write_recipe, write_rows


def test_a_stream_gives_what_is_read_at_once_each_time(tmp_path: Path) -> None:
    recipe = load_recipe(write_recipe(tmp_path))
    stream, loaded = PromptStream(recipe), recipe_prompts(recipe)
    assert list(stream) == list(stream) == list(loaded.prompts)
    assert stream.rows == loaded.rows == 12
    assert stream.has_system
    assert {prompt.gold for prompt in stream} == {"spam", "ham"}


def test_a_bad_row_comes_after_all_the_good_ones(tmp_path: Path) -> None:
    write_rows(
        tmp_path / "rows.jsonl", [{"text": "a", "label": "ham"}, {"label": "ham"}, {"text": "b", "label": "ham"}]
    )
    stream = PromptStream(load_recipe(write_recipe(tmp_path)))
    texts = []
    with pytest.raises(InputError, match=r"rows\.jsonl:2: field 'text'"):
        for prompt in stream:
            texts.append(prompt.teacher_messages[-1].content)
    assert texts == ["a", "b"]


def test_of_a_log_it_says_what_gave_no_prompt(tmp_path: Path) -> None:
    turns = [{"role": "user", "content": "Why?"}]
    calls = [{"messages": turns, "reply": "So."}, {"messages": [{"role": "assistant", "content": "x"}], "reply": ""}]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(call) + "\n" for call in calls))
    recipe = load_recipe(write_recipe(tmp_path, prompts={"source": "log.jsonl"}))
    stream = PromptStream(recipe)
    assert [prompt.teacher_messages[-1].content for prompt in stream] == ["Why?"]
    assert not stream.has_system
    assert stream.skipped
