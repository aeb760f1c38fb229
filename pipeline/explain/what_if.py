"""`stillhouse curate --what-if`: what another setting would keep, from the replies that are there. Writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.curate.curated import Curated
from pipeline.curate.stage import curate_replies
from pipeline.judge.ask import recall_judge
from pipeline.recipe.recipe import Recipe
from pipeline.recipe.step import JudgeModel
from pipeline.run.context import Context
from pipeline.run.directory import RunDir
from pipeline.run.progress import Progress
from prompts.digest import digest
from prompts.errors import InputError
from prompts.messages import Conversation

EXAMPLES = 10
"""Most samples shown of those that change sides."""
SIDES = ("train", "heldout", "dropped")

CHARS = 70
"""Longest text shown of one, in characters."""


@dataclass(slots=True, frozen=True)
class Place:
    """Where curation put a sample."""

    side: str
    """train, heldout or dropped."""
    step: str = ""
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.side} ({self.step}: {self.reason})" if self.step else self.side


@dataclass(slots=True, frozen=True)
class Change:
    """A count as it is, and as it would be."""

    now: int
    then: int


@dataclass(slots=True, frozen=True)
class StepChange:
    """The samples that a step drops for one reason, on one side of the split."""

    step: str
    reason: str
    side: str
    count: Change

    def to_dict(self) -> dict[str, Any]:
        """Returns it as JSON has it."""
        counts = [self.count.now, self.count.then]
        return {"step": self.step, "reason": self.reason, "side": self.side, "counts": counts}


@dataclass(slots=True, frozen=True)
class Example:
    """A sample that would change sides, in short."""

    sample_id: str
    here: Place
    there: Place
    prompt: str
    completion: str

    def to_dict(self) -> dict[str, Any]:
        """Returns it as JSON has it."""
        return {
            "sample_id": self.sample_id,
            "from": str(self.here),
            "to": str(self.there),
            "prompt": self.prompt,
            "completion": self.completion,
        }


@dataclass(slots=True, frozen=True)
class Difference:
    """Both curations, compared."""

    run: str
    changes: tuple[str, ...]
    """As the command line has them."""
    sides: Mapping[str, Change]
    """train, heldout, dropped."""
    steps: Sequence[StepChange]
    """In the funnel's order."""
    moved: Mapping[str, int]
    """`train to dropped`: how many."""
    rewritten: int
    """Kept both times, with another completion."""
    judge_unanswered: int
    """Questions to which the journal has no answer."""
    examples: Sequence[Example]

    def to_dict(self) -> dict[str, Any]:
        """Returns it as JSON has it."""
        return {
            "run": self.run,
            "changes": list(self.changes),
            "sides": {side: [count.now, count.then] for side, count in self.sides.items()},
            "steps": [step.to_dict() for step in self.steps],
            "moved": dict(self.moved),
            "rewritten": self.rewritten,
            "judge_unanswered": self.judge_unanswered,
            "examples": [example.to_dict() for example in self.examples],
        }


def overrides_of(changes: Sequence[str]) -> list[str]:
    """`near.threshold=0.7` as `--set` writes it; InputError names what is not KEY=VALUE."""
    for change in changes:
        key, equals, _ = change.partition("=")
        if not equals or "." not in key:
            remedy = "For example --what-if near.threshold=0.7, or split.heldout=0.3"
            raise InputError(f"--what-if {change}: expected STEP.FIELD=VALUE", remedy=remedy)
    return [f"curate.{change.removeprefix('curate.')}" for change in changes]


def what_if(now: Recipe, then: Recipe, root: Path, changes: Sequence[str], progress: Progress) -> Difference:
    """Curates twice in memory, as the recipe says and as it would; a judge answers from the journal or not at all."""
    run = RunDir(root)
    manifest = run.load_manifest()
    if not run.replies.exists():
        raise InputError("has no replies yet", path=root, remedy="Run the generate stage first")
    before, _ = _curated(Context(now, run, manifest, progress))
    after, unanswered = _curated(Context(then, run, manifest, progress))
    progress.finish()
    here, there = _places(before), _places(after)
    return Difference(
        run=str(root),
        changes=tuple(changes),
        sides=_sides(here, there),
        steps=_steps(before, after),
        moved=_moves(here, there),
        rewritten=_count_rewritten(before, after),
        judge_unanswered=unanswered,
        examples=_examples(before, here, there),
    )


def render_what_if(difference: Difference) -> str:
    """Renders the difference for a terminal."""
    return "\n".join(_lines(difference))


def _lines(difference: Difference) -> Iterator[str]:
    yield f"what if {', '.join(difference.changes)} (nothing was written)"
    yield ""
    yield f"{'':<34}{'now':>9}{'then':>9}"
    for side, count in difference.sides.items():
        yield _line(side, count)
    yield ""
    for step in difference.steps:
        yield _line(f"{step.step}: {step.reason}, {step.side}", step.count)
    yield ""
    moves = ", ".join(f"{count:,} {move}" for move, count in difference.moved.items())
    yield f"change sides: {moves or 'none'}"
    if difference.rewritten:
        yield f"kept with another completion: {difference.rewritten:,}"
    if difference.judge_unanswered:
        yield f"the journal lacks {difference.judge_unanswered:,} of the judge's answers: these count as failed"
    for example in difference.examples:
        yield f"  {example.sample_id[:12]}  {example.here} -> {example.there}"
        yield f"    {example.prompt}"
        yield f"    = {example.completion}"


def _curated(context: Context) -> tuple[Curated, int]:
    """Both sides, and how many questions the journal has no answer to."""
    unanswered = 0

    def recall(
        context: Context, judge: JudgeModel, questions: Sequence[Conversation]
    ) -> dict[Conversation, str | None]:
        nonlocal unanswered
        answers = recall_judge(context, judge, questions)
        unanswered += sum(answer is None for answer in answers.values())
        return answers

    return curate_replies(context, recall), unanswered


def _places(curated: Curated) -> dict[str, Place]:
    places = {sample_id: Place(sample.split) for sample_id, sample in curated.kept.items()}
    for sample_id, gone in curated.dropped.items():
        places[sample_id] = Place("dropped", gone.step, gone.reason)
    return places


def _sides(here: Mapping[str, Place], there: Mapping[str, Place]) -> dict[str, Change]:
    now = Counter(place.side for place in here.values())
    then = Counter(place.side for place in there.values())
    return {side: Change(now[side], then[side]) for side in SIDES}


def _moves(here: Mapping[str, Place], there: Mapping[str, Place]) -> dict[str, int]:
    moves: Counter[tuple[str, str]] = Counter()
    for sample_id, place in here.items():
        if place.side != there[sample_id].side:
            moves[place.side, there[sample_id].side] += 1
    return {f"{origin} to {goal}": count for (origin, goal), count in sorted(moves.items())}


def _steps(before: Curated, after: Curated) -> list[StepChange]:
    """Counts per step, reason and side of the split how many are dropped now and then, in the funnel's order."""
    now, then = _count_drops(before), _count_drops(after)
    order = [step.step for curated in (before, after) for step in curated.funnel]
    keys = sorted(now.keys() | then.keys(), key=lambda key: (order.index(key[0]), *key))
    return [StepChange(*key, Change(now[key], then[key])) for key in keys]


def _count_drops(curated: Curated) -> Counter[tuple[str, str, str]]:
    return Counter((gone.step, gone.reason, gone.sample.split) for gone in curated.dropped.values())


def _count_rewritten(before: Curated, after: Curated) -> int:
    rewritten = 0
    for sample_id, sample in before.kept.items():
        other = after.kept.get(sample_id)
        if other is not None and other.completion != sample.completion:
            rewritten += 1
    return rewritten


def _examples(before: Curated, here: Mapping[str, Place], there: Mapping[str, Place]) -> list[Example]:
    """Draws some of those that move: the same ones each time, and of no one part of the source."""
    moved = [sample_id for sample_id, place in here.items() if place != there[sample_id]]
    moved.sort(key=lambda sample_id: digest(["what-if", sample_id]))
    examples = []
    for sample_id in moved[:EXAMPLES]:
        sample = before.kept.get(sample_id) or before.dropped[sample_id].sample
        prompt, completion = _cut(sample.student_messages[-1].content), _cut(sample.completion)
        examples.append(Example(sample_id, here[sample_id], there[sample_id], prompt, completion))
    return examples


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= CHARS else line[:CHARS] + " ..."


def _line(label: str, count: Change) -> str:
    line = f"{label:<34}{count.now:>9,}{count.then:>9,}"
    if count.then != count.now:
        line += f"  {count.then - count.now:+,}"
    return line
