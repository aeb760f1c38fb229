"""RUN/answers.parquet, and what is remembered of models that were asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.evaluate.answers.contestants import Answer, Contestant
from pipeline.evaluate.answers.memory import Memory, key_of, model_of
from pipeline.evaluate.answers.table import ANSWERS, read_answers, write_answers
from pipeline.recipe.scorer import Score
from pipeline.run.directory import RunDir
from pipeline.run.evaluation import STUDENT, TEACHER
from prompts.errors import InputError
from teachers.base import Sampling
from tests.pipeline.evaluate.make import contestant, row

TOKEN = {"bytes": b"sp\xff", "id": 3, "logprob": -0.5, "top": [{"bytes": b"ham", "id": None, "logprob": -2.0}]}
FULL = Answer("spam", "ok", 5, 1, 0.25, 1.5, 0.001, (-0.5, -2.0), 0.75, TOKEN)
ROWS = [row("a", fields={"kind": "x"}, group="g"), row("b", None)]
NUMBERS = st.none() | st.floats(0, 1)


def test_every_answer_is_a_row_with_its_score(tmp_path: Path) -> None:
    path = tmp_path / "answers.parquet"
    everyone = [
        contestant(TEACHER, ["spam", "ham"]),
        Contestant(STUDENT, "huggingface:s", (FULL, Answer("", "refused"))),
    ]
    scores = {STUDENT: [Score(0.5, True), Score(0.0, False, failed="no")]}
    assert write_answers(path, ROWS, everyone, scores, {STUDENT: ["k1", "k2"]}) == 4
    assert pq.read_schema(path).names == ANSWERS.names
    found = pq.read_table(path).to_pylist()
    assert [(one["prompt_id"], one["contestant"]) for one in found] == [
        *(("a", TEACHER), ("b", TEACHER), ("a", STUDENT), ("b", STUDENT)),
    ]
    assert [(one["score"], one["valid"], one["failed"]) for one in found[1:]] == [
        *((None, None, None), (0.5, True, None), (None, None, "no")),
    ]
    assert (found[2]["gold"], found[2]["group"], dict(found[2]["fields"])) == ("spam", "g", {"kind": "x"})
    assert [one.values["text"] for one in read_answers(path, TEACHER)] == ["spam", "ham"]
    first, second = read_answers(path, STUDENT)
    assert replace(first.answer, first_token=None) == replace(FULL, first_token=None)
    assert second.answer == Answer("", "refused")


def test_a_file_of_another_kind_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="stillhouse evaluate"):
        list(read_answers(tmp_path / "answers.parquet"))
    path = tmp_path / "other.parquet"
    path.write_text("no")
    with pytest.raises(InputError, match="is not Parquet"):
        list(read_answers(path))


@given(
    st.text(st.characters(codec="utf-8")), NUMBERS, st.none() | st.lists(st.floats(-50, 0)).map(tuple), st.booleans()
)
def test_what_was_put_is_remembered_by_another_process(
    tmp_path_factory: pytest.TempPathFactory, text: str, sure: float | None, logs: tuple[float, ...], token: bool
) -> None:
    run = RunDir(tmp_path_factory.mktemp("run"))
    answer = Answer(text, confidence=sure, label_logprobs=logs, first_token=TOKEN if token else None)
    Memory(run).put("key", answer)
    assert Memory(run).get("key") == answer


def test_a_line_that_a_kill_cut_short_is_asked_again(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    memory = Memory(run)
    memory.put("one", FULL)
    memory.put("two", FULL)
    file = run.work / "answers.jsonl"
    file.write_bytes(file.read_bytes()[:-20])
    again = Memory(run)
    assert again.get("one") == FULL
    assert again.get("two") is None


def test_a_failed_attempt_is_not_remembered(tmp_path: Path) -> None:
    memory = Memory(RunDir(tmp_path))
    memory.put("key", Answer("", "transient"))
    assert memory.get("key") is None


def test_a_model_is_its_files_but_for_its_card(tmp_path: Path) -> None:
    run, model = RunDir(tmp_path / "run"), tmp_path / "model"
    model.mkdir()
    (model / "weights").write_text("1")
    first = model_of(f"huggingface:{model}", run)
    (model / "README.md").write_text("scores")
    assert model_of(f"huggingface:{model}", run) == first
    (model / "weights").write_text("2")
    assert model_of(f"huggingface:{model}", run) != first
    assert model_of("openai:gpt-4.1", run) == "openai:gpt-4.1"


def test_a_request_is_named_by_all_that_decides_its_answer() -> None:
    prompt = row("a").student_messages
    names = {
        key_of("m", prompt, Sampling()),
        key_of("n", prompt, Sampling()),
        key_of("m", row("b").student_messages, Sampling()),
        key_of("m", prompt, Sampling(max_tokens=3)),
    }
    assert len(names) == 4
