"""The trainer's callback: each step is reported, and a loss that left the numbers stops the training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from transformers import TrainerControl, TrainerState, TrainingArguments

from students.progress import Reporter
from students.result import Diverged, Progress


def state(step: int, tokens: int, *, first_process: bool = True) -> TrainerState:
    return TrainerState(
        global_step=step, max_steps=10, num_input_tokens_seen=tokens, is_world_process_zero=first_process
    )


@pytest.fixture
def arguments(tmp_path: Path) -> Any:
    return TrainingArguments(output_dir=str(tmp_path), use_cpu=True, report_to=[])


def test_a_step_is_reported_since_this_process_began(arguments: Any) -> None:
    heard: list[Progress] = []
    reporter, control = Reporter(heard.append), TrainerControl()
    reporter.on_train_begin(arguments, state(4, 1000), control)  # goes on from a checkpoint
    reporter.began_s -= 10
    reporter.on_log(arguments, state(6, 3000), control, {"loss": 0.5})
    reporter.on_log(arguments, state(6, 3000), control, {"eval_loss": 0.25})
    reporter.on_log(arguments, state(7, 3500), control, {"loss": 0.4})
    first, second = heard
    assert (first.step, first.total_steps, first.loss, first.validation_loss) == (6, 10, 0.5, None)
    assert first.tokens_per_s == pytest.approx(200, rel=0.2)
    assert first.seconds_left == pytest.approx(20, rel=0.2)  # two steps took ten seconds, and four are left
    assert (second.loss, second.validation_loss) == (0.4, 0.25)


def test_other_processes_report_nothing(arguments: Any) -> None:
    heard: list[Progress] = []
    Reporter(heard.append).on_log(arguments, state(1, 1, first_process=False), TrainerControl(), {"loss": 0.5})
    assert heard == []


@pytest.mark.parametrize(("name", "kind"), [("loss", "training"), ("eval_loss", "validation")])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_stops(arguments: Any, name: str, kind: str, value: float) -> None:
    with pytest.raises(Diverged, match=f"the {kind} loss is {value} at step 3"):
        Reporter(lambda _: None).on_log(arguments, state(3, 1), TrainerControl(), {name: value})
