"""preferences.parquet: replies that curation found worse, each beside the kept reply to the same prompt.

Each step declares which of its reasons say of a reply that it is worse (`Step.worse`). Others say that it repeats
another row, is not needed, could not be checked, or that nobody knows which reply is right.

A pair is of one form: the rejected reply is rewritten by the steps that it never came to, as the kept one was.
Otherwise the student would learn the form of the kept side, a label without a full stop or a masked address, and not
what is right.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipeline.curate.curated import Curated, Dropped
from pipeline.curate.reviewed import REVIEW
from pipeline.recipe.curate import Curate
from pipeline.recipe.step import Rewrite, Step
from pipeline.recipe.verdict import Sample
from pipeline.run.records import PREFERENCES, read_rows, write_parquet
from prompts.messages import Message, to_dicts
from prompts.text import normalise


@dataclass(slots=True, frozen=True)
class Preference:
    """A reply that was found worse, and the kept one to compare it with; None where its prompt kept none."""

    chosen: Sample | None
    rejected: Sample
    verdict: Dropped

    @property
    def says_the_same(self) -> bool:
        """Both sides have one text after all: a step or a person may have rewritten the chosen one."""
        return self.chosen is not None and normalise(self.chosen.completion) == normalise(self.rejected.completion)


@dataclass(slots=True, frozen=True)
class Written:
    """How many rows preferences.parquet has."""

    pairs: int
    rejected_alone: int
    """Rows without a kept reply."""


def write_preferences(replies: Path, curated: Curated, config: Curate, path: Path) -> Written:
    """Writes the file, in the order of `replies`, also where it holds no row."""
    by_id = preferences(curated, config)
    write_parquet(path, PREFERENCES, _rows(replies, by_id))
    pairs = sum(preference.chosen is not None for preference in by_id.values())
    return Written(pairs, rejected_alone=len(by_id) - pairs)


def preferences(curated: Curated, config: Curate) -> dict[str, Preference]:
    """Pairs the worse with the kept, by the rejected reply's sample id.

    A prompt's kept replies take turns, and the same text is rejected once.
    """
    form = _Form(config.steps)
    by_id: dict[str, Preference] = {}
    # A person's word on a reply comes last: it takes the place of a step's.
    for preference in (*_by_steps(curated, config.steps, form), *_preferred(curated, form), *_rewritten(curated, form)):
        by_id[preference.rejected.sample_id] = preference
    return {sample_id: preference for sample_id, preference in by_id.items() if not preference.says_the_same}


class _Form:
    """The form in which samples leave curation, for those that left before its end."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._rewriters: list[tuple[int, Rewrite]] = []
        for place, step in enumerate(steps):
            if step.rewrites:
                self._rewriters.append((place, step.rewriter()))

    def of(self, sample: Sample, passed: int) -> Sample | None:
        """Returns a sample that had passed so many steps as the others would rewrite it; None where it may not stay.

        The step that dropped it is among the others: it rewrote nothing.
        """
        formed: Sample | None = sample
        for place, rewrite in self._rewriters:
            if formed is not None and place >= passed:
                formed = rewrite(formed)
        return formed


def _by_steps(curated: Curated, steps: Sequence[Step], form: _Form) -> Iterator[Preference]:
    """Yields the preferences that steps found, and a person's rejections: these were made before all steps."""
    worse: dict[str, list[Dropped]] = defaultdict(list)
    for gone in curated.dropped.values():
        if gone.reason in _worse_reasons(gone, steps):
            sample = form.of(gone.sample, gone.passed)
            if sample is not None:
                worse[gone.sample.prompt_id].append(replace(gone, sample=sample))
    kept: dict[str, list[Sample]] = defaultdict(list)
    for sample in curated.kept.values():
        if sample.prompt_id in worse:
            kept[sample.prompt_id].append(sample)
    for prompt_id, of_prompt in worse.items():
        yield from _of_prompt(kept[prompt_id], of_prompt, steps)


def _worse_reasons(gone: Dropped, steps: Sequence[Step]) -> Mapping[str, bool]:
    if gone.step == REVIEW:
        return {"rejected": True}
    return steps[gone.passed].worse


def _of_prompt(kept: Sequence[Sample], worse: Sequence[Dropped], steps: Sequence[Step]) -> Iterator[Preference]:
    ranked = sorted(kept, key=_rank)
    texts: set[str] = set()
    for gone in sorted(worse, key=lambda gone: gone.sample.sample_id):
        text = normalise(gone.sample.completion)
        chosen = ranked[len(texts) % len(ranked)] if ranked else None
        if text in texts or not _is_worse(gone, chosen, steps):
            continue
        texts.add(text)
        yield Preference(chosen, gone.sample, gone)


def _rank(sample: Sample) -> tuple[float, float, str]:
    """Puts the judge's favourite first, then the surest, then by a digest."""
    return (-(sample.score or 0.0), -(sample.margin or 0.0), sample.sample_id)


def _is_worse(gone: Dropped, chosen: Sample | None, steps: Sequence[Step]) -> bool:
    if gone.step == REVIEW:
        return True
    return steps[gone.passed].is_worse(gone.reason, gone.sample, chosen)


def _preferred(curated: Curated, form: _Form) -> Iterator[Preference]:
    """Yields the pairs of which a person chose the better, where that one was kept."""
    for worse_id, better_id in curated.rulings.better.items():
        chosen, gone = curated.kept.get(better_id), curated.dropped.get(worse_id)
        rejected = curated.kept.get(worse_id)
        if gone is not None:
            rejected = form.of(gone.sample, gone.passed)
        if chosen is not None and rejected is not None:
            yield Preference(chosen, rejected, Dropped(rejected, REVIEW, "not_preferred", None))


def _rewritten(curated: Curated, form: _Form) -> Iterator[Preference]:
    """Yields what people wrote in an answer's place: it is better than that answer."""
    for sample_id, ruling in curated.rulings.samples.items():
        chosen = curated.kept.get(sample_id)
        if chosen is None or chosen.reviewed is None or ruling.kind not in ("edit", "relabel"):
            continue
        # What was seen may be the reply as it came, so that every step has yet to rewrite it.
        seen = chosen.reply if ruling.seen is None else ruling.seen
        rejected = form.of(replace(chosen, completion=seen), 0)
        if rejected is not None:
            yield Preference(chosen, rejected, Dropped(rejected, REVIEW, "rewritten", None))


def _rows(replies: Path, by_id: Mapping[str, Preference]) -> Iterator[Mapping[str, Any]]:
    # Read again, for a group stands in no sample: no step can use it.
    for row in read_rows(replies, ["sample_id", "group"]):
        preference = by_id.get(row["sample_id"])
        if preference is not None:
            yield _row(preference, row["group"])


def _row(preference: Preference, group: str | None) -> Mapping[str, Any]:
    chosen, rejected, verdict = preference.chosen, preference.rejected, preference.verdict
    return {
        "prompt": to_dicts((chosen or rejected).student_messages),
        "chosen": None if chosen is None else _reply(chosen),
        "rejected": _reply(rejected),
        "split": rejected.split,
        "group": group,
        "prompt_id": rejected.prompt_id,
        "chosen_id": None if chosen is None else chosen.sample_id,
        "rejected_id": rejected.sample_id,
        "step": verdict.step,
        "reason": verdict.reason,
        "score": verdict.score,
    }


def _reply(sample: Sample) -> Any:
    return to_dicts((Message("assistant", sample.completion),))
