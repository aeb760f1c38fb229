"""`stillhouse curate --what-if`: what another setting would keep, from the replies that are there. Writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
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


def overrides_of(changes: Sequence[str]) -> list[str]:
    """`near.threshold=0.7` as `--set` writes it; InputError names what is not KEY=VALUE."""
    for change in changes:
        key, equals, _ = change.partition("=")
        if not equals or "." not in key:
            remedy = "For example --what-if near.threshold=0.7, or split.heldout=0.3"
            raise InputError(f"--what-if {change}: expected STEP.FIELD=VALUE", remedy=remedy)
    return [f"curate.{change.removeprefix('curate.')}" for change in changes]


def what_if(now: Recipe, then: Recipe, root: Path, changes: Sequence[str], progress: Progress) -> dict[str, Any]:
    """Curates twice in memory, as the recipe says and as it would; a judge answers from the journal or not at all."""
    run = RunDir(root)
    manifest = run.load_manifest()
    if not run.replies.exists():
        raise InputError("has no replies yet", path=root, remedy="Run the generate stage first")
    before, _ = _curated(Context(now, run, manifest, progress))
    after, unanswered = _curated(Context(then, run, manifest, progress))
    progress.finish()
    here, there = _places(before), _places(after)
    moved = sorted((one for one in here if here[one] != there[one]), key=lambda one: digest(["what-if", one]))
    return {
        "run": str(root),
        "changes": list(changes),
        "sides": _compare(Counter(place.side for place in here.values()), Counter(p.side for p in there.values())),
        "steps": _steps(before, after),
        "moved": {f"{a} to {b}": n for (a, b), n in sorted(_moves(here, there).items())},
        "rewritten": sum(
            sample.completion != after.kept[one].completion for one, sample in before.kept.items() if one in after.kept
        ),
        "judge_unanswered": unanswered,
        "examples": [
            {"sample_id": one, "from": str(here[one]), "to": str(there[one]), **_texts(before, one)}
            for one in moved[:EXAMPLES]
        ],
    }


def render_what_if(found: dict[str, Any]) -> str:
    """The difference for a terminal."""
    lines = [f"what if {', '.join(found['changes'])} (nothing was written)", "", f"{'':<34}{'now':>9}{'then':>9}"]
    lines += [_line(side, now, then) for side, (now, then) in found["sides"].items()]
    lines += [""] + [_line(f"{one['step']}: {one['reason']}, {one['side']}", *one["counts"]) for one in found["steps"]]
    moves = ", ".join(f"{count:,} {move}" for move, count in found["moved"].items())
    lines += ["", f"change sides: {moves or 'none'}"]
    if found["rewritten"]:
        lines.append(f"kept with another completion: {found['rewritten']:,}")
    if found["judge_unanswered"]:
        lines.append(f"the journal lacks {found['judge_unanswered']:,} of the judge's answers: these count as failed")
    for one in found["examples"]:
        lines += [f"  {one['sample_id'][:12]}  {one['from']} -> {one['to']}"]
        lines += [f"    {one['prompt']}", f"    = {one['completion']}"]
    return "\n".join(lines)


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
    kept = {one: Place(sample.split) for one, sample in curated.kept.items()}
    return kept | {one: Place("dropped", gone.step, gone.reason) for one, gone in curated.dropped.items()}


def _moves(here: dict[str, Place], there: dict[str, Place]) -> Counter[tuple[str, str]]:
    return Counter((place.side, there[one].side) for one, place in here.items() if place.side != there[one].side)


def _steps(before: Curated, after: Curated) -> list[dict[str, Any]]:
    """Per step, reason and side of the split, how many are dropped now and then, in the funnel's order."""
    now, then = (Counter((g.step, g.reason, g.sample.split) for g in one.dropped.values()) for one in (before, after))
    order = [step.step for curated in (before, after) for step in curated.funnel]
    return [
        {"step": step, "reason": reason, "side": side, "counts": [now[step, reason, side], then[step, reason, side]]}
        for step, reason, side in sorted(now.keys() | then.keys(), key=lambda key: (order.index(key[0]), *key))
    ]


def _compare(now: Counter[str], then: Counter[str]) -> dict[str, list[int]]:
    return {side: [now[side], then[side]] for side in ("train", "heldout", "dropped")}


def _texts(curated: Curated, one: str) -> dict[str, str]:
    sample = curated.kept[one] if one in curated.kept else curated.dropped[one].sample
    return {"prompt": _cut(sample.student_messages[-1].content), "completion": _cut(sample.completion)}


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= CHARS else line[:CHARS] + " ..."


def _line(label: str, now: int, then: int) -> str:
    change = f"  {then - now:+,}" if then != now else ""
    return f"{label:<34}{now:>9,}{then:>9,}{change}"
