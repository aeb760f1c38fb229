"""Samples for tests of steps, and a step's verdicts on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from pipeline.curate.tokens import Tokens
from pipeline.recipe.step import Ask, Step, Tools, ask_nobody
from pipeline.recipe.verdict import Drop, Rule, Sample, Side, Verdict
from prompts.messages import Message


def sample(text: str = "mail", completion: str = "spam", split: Side = "train", **changes: Any) -> Sample:
    values: dict[str, Any] = {
        "sample_id": f"{text}/{completion}",
        "prompt_id": text,
        "teacher_messages": (Message("user", text),),
        "student_messages": (Message("user", text),),
        "reply": completion,
        "outcome": "ok",
        "tokens": Tokens.of(changes.pop("tokens", ())),
        "split": split,
        "teacher": "scripted:test",
        "completion": completion,
    }
    return Sample(**{**values, **changes})


def reason(verdict: Verdict) -> str:
    return verdict.reason if isinstance(verdict, Drop) else "kept"


def rule_of(step: Step, ask: Ask = ask_nobody) -> Rule:
    return step.rule(Tools(ask))


def verdicts_of(step: Step, samples: Sequence[Sample], ask: Ask = ask_nobody) -> list[Verdict]:
    return list(rule_of(step, ask)(samples))


def dropped(step: Step, completions: list[str]) -> list[bool]:
    return [isinstance(verdict, Drop) for verdict in rule_of(step)([sample(completion=text) for text in completions])]


def token(**logprobs: float) -> list[dict[str, Any]]:
    top = [{"bytes": f" {label}".encode(), "id": None, "logprob": value} for label, value in logprobs.items()]
    return [{**top[0], "top": top}]


TEXTS = st.lists(st.lists(st.sampled_from(["a", "b", "c", "dd", "é"]), max_size=9).map(" ".join), max_size=12)


SENTENCE = "the quick brown fox jumps over the lazy dog while nobody at all is looking at it today"


def token_among(text: bytes, logprob: float, **others: float) -> dict[str, Any]:
    """A token whose own alternative stands among the others, as providers list it."""
    top = {text.decode(): logprob, **others}
    return {
        "bytes": text,
        "id": None,
        "logprob": logprob,
        "top": [{"bytes": name.encode(), "id": None, "logprob": value} for name, value in top.items()],
    }


LOGPROBS = st.floats(-30, 0, width=32)
