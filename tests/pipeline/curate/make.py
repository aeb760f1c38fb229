"""Samples for tests of steps, and a step's verdicts on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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
