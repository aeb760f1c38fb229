"""Steps that look at replies alone: real mails stay, and bad input has a verdict."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from pipeline.curate.steps.copies import Copies
from pipeline.curate.steps.format import Format
from pipeline.curate.steps.refusal import Refusal
from pipeline.curate.steps.repetition import Repetition
from pipeline.recipe.step import Step
from pipeline.recipe.verdict import Keep
from tests.pipeline.curate.make import dropped, rule_of, sample

MAILS = Path(__file__).parents[3] / "data" / "spam_assassin.jsonl"


STEPS: list[Step] = [
    Format(languages=["en"], closed_fences=True, min_words=1, max_words=50),
    Refusal(),
    Copies(),
    Repetition(),
]


BAD_INPUT = ["", "x", "x" * 10**6, "so it goes " * 10**5, "😀" * 50, "שלום עולם", "مرحبا بالعالم", "\ud800"]


def test_no_mail_is_a_refusal_a_loop_or_in_another_language() -> None:
    mails = [json.loads(line)["body"] for line in MAILS.read_text(encoding="utf-8").splitlines()]
    assert sum(dropped(Refusal(), mails)) == 0
    assert sum(dropped(Repetition(), mails)) <= len(mails) * 0.01
    assert sum(dropped(Format(languages=["en"]), mails)) <= len(mails) * 0.02


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.step)
def test_bad_input_has_a_verdict_each_and_those_kept_are_kept_again(step: Step) -> None:
    started = time.process_time()
    rule = rule_of(step)
    samples = [sample(f"{place}", completion=text) for place, text in enumerate(BAD_INPUT)]
    verdicts = rule(samples)
    assert len(verdicts) == len(samples)
    assert list(rule(samples[::-1]))[::-1] == list(verdicts)
    kept = [verdict.sample for verdict in verdicts if isinstance(verdict, Keep)]
    assert all(isinstance(verdict, Keep) for verdict in rule(kept))
    assert time.process_time() - started < 20
