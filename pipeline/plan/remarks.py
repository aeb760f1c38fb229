"""What a plan's reader should know beside its numbers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from pipeline.curate.require import require_preferences
from pipeline.inference.budget import check_budget
from pipeline.inference.endpoints import remarks_of
from pipeline.inference.terms import check_terms
from pipeline.plan.endpoint import Share
from pipeline.plan.lanes import FIRST_TOKEN_S, TOKENS_PER_S, batch_limits, is_free, latency_s
from pipeline.plan.whole import Whole
from pipeline.recipe.curate import Judged
from pipeline.recipe.recipe import Recipe
from pipeline.run.directory import RunDir
from prompts.errors import InputError


def remarks_on(whole: Whole, run: RunDir) -> Iterator[str]:
    """Terms, what each figure rests on, and what would stop the run."""
    recipe, sample = whole.recipe, whole.sample
    yield from check_terms(recipe)
    for endpoint in whole.endpoints:
        yield from remarks_of(endpoint)
    for share in whole.shares:
        yield from share.remarks
        yield from _lane_remarks(share, recipe)
    if whole.judging is not None:
        yield from whole.judging.share.remarks
        yield from _price_remark(whole.judging.share, "evaluate.scorer.judge")
    if sample.skipped:
        yield sample.skipped
    if sample.repeats and not sample.is_all:
        yield (
            f"{sample.repeats} of {len(sample.prompts):,} sampled rows repeat another's prompt: "
            "repeats are asked once, and how many there are a sample does not tell"
        )
    if recipe.generate.accept is not None:
        yield f"these are numbers for all prompts; generate.accept may stop at {recipe.generate.accept:,} kept samples"
    if recipe.rescore is not None or any(isinstance(step, Judged) for step in recipe.curation.steps):
        yield "the calls of curation's judge and of the rescorer are not in these numbers"
    for check in (partial(check_budget, recipe, whole.endpoints), partial(require_preferences, recipe, run)):
        try:
            check()
        except InputError as error:
            yield f"the run would stop at once: {error}"


def _price_remark(share: Share, field: str) -> Iterator[str]:
    if not is_free(share.endpoint) and "online" not in share.worst_usd:
        label = share.endpoint.entry.label
        yield f"{label}: no price is known; a run with a budget stops until the recipe gives {field}.price"


def _lane_remarks(share: Share, recipe: Recipe) -> Iterator[str]:
    endpoint, label, calls = share.endpoint, share.endpoint.entry.label, share.calls.high
    if not calls:
        return
    limits = batch_limits(endpoint)
    if recipe.generate.lane == "batch" and limits is None:
        yield f"{label} has no batch lane: the run would stop at once"
    if recipe.generate.lane == "batch" and limits is not None and calls < limits.min_requests:
        yield f"{label}: {calls:,.0f} calls are fewer than the {limits.min_requests} of a batch"
    yield from _price_remark(share, "teacher")
    if share.measured.latency_s(calls) is None and latency_s(share) is not None:
        quick, slow = zip(FIRST_TOKEN_S, TOKENS_PER_S, strict=True)
        yield (
            f"{label}: no latency was measured; hours assume {quick[0]:g} to {slow[0]:g} s, then {quick[1]:g} to "
            f"{slow[1]:g} tokens a second"
        )
    if endpoint.warms_cache:
        yield f"{label}: at the price of uncached tokens; what prompts share may cost less"
