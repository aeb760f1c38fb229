"""Examples side by side: what the student said beside what it was held against, with what differs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.display.wording import cut
from pipeline.report.diff import Part, compare_words
from pipeline.report.headline import TITLES
from pipeline.run.evaluation import CALIBRATED, STUDENT, TEACHER
from pipeline.run.evaluation import checks as records
from pipeline.run.evaluation.record import Evaluation

MAX_CHARS = 2000
"""Longest text shown, in characters."""
MOST = 20
"""Examples of either kind."""
GOLD = "gold"


@dataclass(slots=True, frozen=True)
class ExampleAnswer:
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
        if self.score >= 1:
            return "right"
        if self.score <= 0:
            return "wrong"
        return f"{self.score:.2f}"


@dataclass(slots=True, frozen=True)
class Example:
    """A prompt with the two answers that are compared, then everyone else's."""

    prompt_id: str
    prompt: list[tuple[str, str]]
    pair: list[ExampleAnswer]
    others: list[ExampleAnswer]


def regressions(evaluation: Evaluation) -> list[Example]:
    """Returns what the teacher gets right and the student wrong, against the teacher; the worst first."""
    shown = []
    for regression in evaluation.regressions[:MOST]:
        opponents = [*_teachers(regression), *_gold(regression)]
        shown.append(_example(regression, opponents))
    return shown


def examples(evaluation: Evaluation) -> list[Example]:
    """Returns the evaluation's examples, against gold where there is any; those among the regressions are left out."""
    already = {regression.prompt_id for regression in evaluation.regressions}
    shown = []
    for example in evaluation.examples:
        if example.prompt_id not in already:
            opponents = [*_gold(example), *_teachers(example)]
            shown.append(_example(example, opponents))
    return shown[:MOST]


def _gold(example: records.Example) -> list[str]:
    if example.gold is None:
        return []
    return [GOLD]


def _teachers(example: records.Example) -> list[str]:
    """Returns the readings of the teacher, the one that scores most first."""
    present = [name for name in (CALIBRATED, TEACHER) if name in example.answers]
    return sorted(present, key=lambda name: -(example.answers[name].score or 0.0))


def _example(example: records.Example, opponents: list[str]) -> Example:
    """Compares the student's answer with the first of the opponents."""
    # Cut before they are compared: the time of that grows with the square of the words.
    texts = {name: cut(answer.text, MAX_CHARS) for name, answer in example.answers.items()}
    if example.gold is not None:
        texts[GOLD] = cut(example.gold, MAX_CHARS)
    pair = []
    if opponents and STUDENT in texts:
        opponent = opponents[0]
        theirs, mine = compare_words(texts.pop(opponent), texts.pop(STUDENT))
        pair = [_answer(opponent, theirs, example.answers), _answer(STUDENT, mine, example.answers)]
    others = [_answer(name, [Part(text, False)], example.answers) for name, text in texts.items()]
    prompt = [(turn.role, cut(turn.content, MAX_CHARS)) for turn in example.prompt]
    return Example(example.prompt_id, prompt, pair, others)


def _answer(name: str, parts: list[Part], answers: Mapping[str, records.ShownAnswer]) -> ExampleAnswer:
    answer = answers.get(name)
    if answer is None:
        return ExampleAnswer(name, parts, "", None)
    outcome = ""
    if answer.outcome != "ok":
        outcome = answer.outcome
    return ExampleAnswer(TITLES.get(name, name), parts, outcome, answer.score)
