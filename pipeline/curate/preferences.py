"""preferences.parquet: replies that curation found worse, each beside the kept reply to the same prompt.

Only reasons that say of a reply that it is worse count (WORSE). Others say that it repeats another row, is not needed,
could not be checked, or that nobody knows which reply is right.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipeline.curate.curate import Curated, Dropped
from pipeline.curate.pii import pii
from pipeline.curate.reviewed import STEP
from pipeline.curate.step import Keep, Sample
from pipeline.curate.vote_groups import vote_groups_of
from pipeline.recipe.curate import Agreement, Curate, Pii, Step
from pipeline.run.records import PREFERENCES, read_rows, write_parquet
from prompts.messages import Message, to_dicts
from prompts.text import normalise

WORSE = {
    ("agreement", "not_chosen"): False,  # outvoted: it says something else than the winner
    ("agreement", "no_vote"): True,  # not in the form in which the others answered
    ("best", "not_chosen"): False,  # another reply was picked over it, in both orders
    ("judge", "low_score"): True,
    ("verify", "verify_failed"): True,
    ("review", "rejected"): True,
}
"""Steps and reasons that say of a reply that it is worse; True where they say so without another reply."""


@dataclass(slots=True, frozen=True)
class Preference:
    """A reply that was found worse, and the kept one to compare it with; None where its prompt kept none."""

    chosen: Sample | None
    rejected: Sample
    verdict: Dropped


@dataclass(slots=True, frozen=True)
class Written:
    """How many rows preferences.parquet has."""

    pairs: int
    rejected_alone: int
    """Rows without a kept reply."""


def write_preferences(replies: Path, curated: Curated, config: Curate, path: Path) -> Written:
    """Writes the file, in the order of `replies`, also where it holds no row."""
    found = preferences(curated, config)
    groups = ((row["sample_id"], row["group"]) for row in read_rows(replies, ["sample_id", "group"]))
    write_parquet(path, PREFERENCES, (_row(found[name], group) for name, group in groups if name in found))
    pairs = sum(one.chosen is not None for one in found.values())
    return Written(pairs, rejected_alone=len(found) - pairs)


def preferences(curated: Curated, config: Curate) -> dict[str, Preference]:
    """By the rejected reply's sample id. A prompt's kept replies take turns, and the same text is rejected once."""
    kept: dict[str, list[Sample]] = defaultdict(list)
    worse: dict[str, list[Dropped]] = defaultdict(list)
    for gone in curated.dropped.values():
        if (gone.step, gone.reason) in WORSE:
            worse[gone.sample.prompt_id].append(gone)
    for sample in curated.kept.values():
        if sample.prompt_id in worse:
            kept[sample.prompt_id].append(sample)
    rejected = (one for prompt, gone in worse.items() for one in _of_prompt(kept[prompt], gone, config.steps))
    # A person's word on a reply takes the place of a step's.
    found = {one.rejected.sample_id: one for one in (*rejected, *_preferred(curated), *_rewritten(curated))}
    masked = _masked(list(found.values()), config.steps)
    return {one.rejected.sample_id: one for one in masked if not _same(one)}


def _preferred(curated: Curated) -> Iterator[Preference]:
    """The pairs of which a person chose the better, where that one was kept."""
    for worse, better in curated.rulings.better.items():
        chosen, gone = curated.kept.get(better), curated.dropped.get(worse)
        rejected = curated.kept.get(worse) if gone is None else gone.sample
        if chosen is not None and rejected is not None:
            yield Preference(chosen, rejected, Dropped(rejected, STEP, "not_preferred", None))


def _rewritten(curated: Curated) -> Iterator[Preference]:
    """What people wrote in an answer's place is better than that answer."""
    for name, ruling in curated.rulings.samples.items():
        chosen = curated.kept.get(name)
        if chosen is not None and chosen.reviewed is not None and ruling.kind in ("edit", "relabel"):
            rejected = replace(chosen, completion=chosen.reply if ruling.seen is None else ruling.seen)
            yield Preference(chosen, rejected, Dropped(rejected, STEP, "rewritten", None))


def _of_prompt(kept: Sequence[Sample], worse: Sequence[Dropped], steps: Sequence[Step]) -> Iterator[Preference]:
    ranked = sorted(kept, key=_rank)
    seen: set[str] = set()
    for gone in sorted(worse, key=lambda gone: gone.sample.sample_id):
        text = normalise(gone.sample.completion)
        chosen = ranked[len(seen) % len(ranked)] if ranked else None
        if text not in seen and _counts(gone, chosen, steps):
            seen.add(text)
            yield Preference(chosen, gone.sample, gone)


def _rank(sample: Sample) -> tuple[float, float, str]:
    """The judge's favourite first, then the surest, then by a digest."""
    return (-(sample.score or 0.0), -(sample.margin or 0.0), sample.sample_id)


def _counts(gone: Dropped, chosen: Sample | None, steps: Sequence[Step]) -> bool:
    """Whether the reply is worse than the chosen one, or by itself where there is none."""
    if chosen is None:
        return WORSE[gone.step, gone.reason]
    if (gone.step, gone.reason) != ("agreement", "not_chosen"):
        return True
    # Those of the winner's own camp leave for the same reason: one stands for all.
    votes = [step for step in steps if isinstance(step, Agreement)]
    return all(len(vote_groups_of([chosen, gone.sample], vote)) == 2 for vote in votes)


def _masked(found: Sequence[Preference], steps: Sequence[Step]) -> list[Preference]:
    """Those whose rejected reply left before a step `pii` are masked as what stayed was, or left out with `drop`."""
    for place, step in enumerate(steps):
        if isinstance(step, Pii):
            before: set[str] = {STEP, *(earlier.step for earlier in steps[:place])}
            found = _mask(found, step, before)
    return list(found)


def _mask(found: Sequence[Preference], step: Pii, before: set[str]) -> list[Preference]:
    early = [one.rejected for one in found if one.verdict.step in before]
    verdicts = iter(pii(step)(early))
    masked = []
    for one in found:
        verdict = next(verdicts) if one.verdict.step in before else Keep(one.rejected)
        if isinstance(verdict, Keep):
            masked.append(Preference(one.chosen, verdict.sample, one.verdict))
    return masked


def _same(one: Preference) -> bool:
    """Whether the two say the same after all: a step may have rewritten the chosen one."""
    return one.chosen is not None and normalise(one.chosen.completion) == normalise(one.rejected.completion)


def _row(one: Preference, group: str | None) -> Mapping[str, Any]:
    return {
        "prompt": to_dicts((one.chosen or one.rejected).student_messages),
        "chosen": _reply(one.chosen),
        "rejected": _reply(one.rejected),
        "split": one.rejected.split,
        "group": group,
        "prompt_id": one.rejected.prompt_id,
        "chosen_id": one.chosen and one.chosen.sample_id,
        "rejected_id": one.rejected.sample_id,
        "step": one.verdict.step,
        "reason": one.verdict.reason,
        "score": one.verdict.score,
    }


def _reply(sample: Sample | None) -> Any:
    return None if sample is None else to_dicts((Message("assistant", sample.completion),))
