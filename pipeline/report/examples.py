"""Examples side by side: what the student said beside what it was held against, with what differs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.display.wording import cut
from pipeline.report.diff import Part, compare_words
from pipeline.report.headline import TITLES, Evaluation

MAX_CHARS = 2000
"""Longest text shown, in characters."""
MOST = 20
"""Examples of either kind."""

Stored = Mapping[str, Any]


@dataclass(slots=True, frozen=True)
class Said:
    """One answer: who, its text in pieces, how it ended where not well, and how it scored (None: gold, or unscored)."""

    title: str
    parts: list[Part]
    outcome: str
    score: float | None

    @property
    def mark(self) -> str:
        """The score in a word, or as a number between."""
        if self.score is None:
            return ""
        return "right" if self.score >= 1 else "wrong" if self.score <= 0 else f"{self.score:.2f}"


@dataclass(slots=True, frozen=True)
class Example:
    """A prompt with the two answers that are compared, then everyone else's."""

    prompt_id: str
    prompt: list[tuple[str, str]]
    pair: list[Said]
    others: list[Said]


def regressions(evaluation: Evaluation) -> list[Example]:
    """What the teacher gets right and the student wrong, against the teacher; the worst first."""
    return [_example(one, against_gold=False) for one in (evaluation.get("regressions") or [])[:MOST]]


def examples(evaluation: Evaluation) -> list[Example]:
    """The evaluation's examples, against gold where there is any; those among the regressions are left out."""
    shown = {one["prompt_id"] for one in evaluation.get("regressions") or []}
    found = [one for one in evaluation.get("examples") or [] if one["prompt_id"] not in shown]
    return [_example(one, against_gold=True) for one in found[:MOST]]


def _example(stored: Stored, *, against_gold: bool) -> Example:
    answers = stored["answers"]
    against = _against(stored, against_gold)
    texts = {name: cut(answer["text"], MAX_CHARS) for name, answer in answers.items()}
    if stored.get("gold") is not None:
        texts["gold"] = cut(stored["gold"], MAX_CHARS)
    pair = _pair(answers, texts, against) if against and "student" in texts else []
    used = {against, "student"} if pair else set()
    others = [_said(name, [Part(text, False)], answers.get(name)) for name, text in texts.items() if name not in used]
    prompt = [(turn["role"], cut(turn["content"], MAX_CHARS)) for turn in stored["prompt"]]
    return Example(stored["prompt_id"], prompt, pair, others)


def _against(stored: Stored, against_gold: bool) -> str | None:
    present = [name for name in ("teacher_calibrated", "teacher") if name in stored["answers"]]
    present.sort(key=lambda name: -(stored["answers"][name]["score"] or 0.0))  # the reading that is right
    gold = ["gold"] if stored.get("gold") is not None else []
    return next(iter([*gold, *present] if against_gold else [*present, *gold]), None)


def _pair(answers: Mapping[str, Stored], texts: Mapping[str, str], against: str) -> list[Said]:
    theirs, mine = compare_words(texts[against], texts["student"])
    return [_said(against, theirs, answers.get(against)), _said("student", mine, answers["student"])]


def _said(name: str, parts: list[Part], answer: Stored | None) -> Said:
    outcome = "" if answer is None or answer["outcome"] == "ok" else answer["outcome"]
    return Said(TITLES.get(name, name), parts, outcome, None if answer is None else answer["score"])
