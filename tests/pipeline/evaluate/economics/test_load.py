"""A model under load, in a process of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.evaluate.economics.load import LoadMeasurement, LoadPlan, measure_load
from pipeline.run.evaluation.costs import Load
from pipeline.run.evaluation.estimate import Estimate
from prompts.messages import Conversation, Message
from tests.pipeline.evaluate.make import ends, known

PROMPTS: list[Conversation] = [(Message("user", f"question {number}"),) for number in range(16)]
WAIT_S = 0.1


def script(folder: Path, *rules: dict[str, object]) -> str:
    path = folder / "rules.jsonl"
    path.write_text("".join(json.dumps(rule) + "\n" for rule in rules), encoding="utf-8")
    return f"scripted:{path}"


def measured(
    spec: str, *concurrencies: int, prompts: list[Conversation] = PROMPTS
) -> tuple[LoadMeasurement, list[int]]:
    told: list[int] = []
    plan = LoadPlan(spec, concurrencies, requests=8, max_tokens=4)
    found = measure_load(plan, prompts, lambda concurrency, answered: told.append(answered))
    return found, told


def test_callers_at_once_are_answered_at_once(tmp_path: Path) -> None:
    found, told = measured(script(tmp_path, {"reply": "two words", "latency_s": WAIT_S}), 1, 4)
    one, four = found.loads
    assert (one.concurrency, four.concurrency, found.failed) == (1, 4, None)
    assert one.calls_per_s.value <= 1 / WAIT_S
    # A server that waits for each would give no more than one caller gets.
    assert 1 / WAIT_S < four.calls_per_s.value <= 4 / WAIT_S
    assert WAIT_S <= known(one.latency_p50_s).value <= known(one.latency_p95_s).value
    assert (one.requests, four.requests, one.failed) == (8, 16, 0)  # four rounds of four callers
    low, high = ends(one.calls_per_s)
    assert low <= one.calls_per_s.value <= high
    assert known(four.output_tokens_per_s).interval is not None
    slowest = known(one.latency_p95_s).ci95
    assert slowest is not None
    assert slowest[1] is None  # eight calls say nothing of how slow the slowest are
    assert found.peak_memory_bytes is not None
    assert found.peak_memory_bytes > 1 << 20
    assert told == list(range(1, 25))


def test_the_memory_is_the_other_process_s_own(tmp_path: Path) -> None:
    ballast = bytearray(1 << 30)
    ballast[:: 1 << 12] = b"x" * (1 << 18)  # in memory, not only promised
    found, _ = measured(script(tmp_path, {"reply": "ham"}), 1)
    assert found.peak_memory_bytes is not None
    assert found.peak_memory_bytes < len(ballast)


def test_a_call_that_fails_is_counted_and_takes_no_share_of_the_speed(tmp_path: Path) -> None:
    spec = script(tmp_path, {"match": "question 3", "error": "invalid"}, {"reply": "ham", "latency_s": WAIT_S})
    [load] = measured(spec, 1)[0].loads
    assert (load.requests, load.failed) == (8, 1)
    assert load.calls_per_s.value <= 1 / WAIT_S


def test_where_all_fail_no_time_is_made_up(tmp_path: Path) -> None:
    [load] = measured(script(tmp_path, {"error": "invalid"}), 1)[0].loads
    assert load == Load(1, 8, 8, Estimate(0.0, None, 0), None, None, None)


def test_a_process_that_ends_says_why_and_ends_nothing_else(tmp_path: Path) -> None:
    found, _ = measured(script(tmp_path, {"reply": "ham", "mistake": 1}), 1)
    assert found.loads == ()
    assert found.failed is not None
    assert found.failed.startswith("at concurrency 1: ")
    assert str(tmp_path) in found.failed


def test_too_few_prompts_for_a_concurrency_leave_it_out(tmp_path: Path) -> None:
    spec = script(tmp_path, {"reply": "ham"})
    assert [load.concurrency for load in measured(spec, 1, 4, prompts=PROMPTS[:2])[0].loads] == [1]
    assert measured(spec, 4, prompts=PROMPTS[:2])[0] == LoadMeasurement((), failed="2 prompts are too few")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_real_model_s_memory_holds_its_weights(tiny: Path) -> None:
    found, _ = measured(f"huggingface:{tiny}", 1, 4)
    assert [load.concurrency for load in found.loads] == [1, 4]
    assert all(load.failed == 0 and load.output_tokens_per_s for load in found.loads)
    assert found.peak_memory_bytes is not None
    assert found.peak_memory_bytes > sum(file.stat().st_size for file in tiny.glob("*.safetensors"))
