"""Remarks: what a plan's reader should know beside its numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pipeline.curate.require import require_preferences
from pipeline.inference.budget import check_budget
from pipeline.inference.endpoints import warnings_about
from pipeline.inference.terms import check_terms
from pipeline.plan.lanes import FIRST_TOKEN_S, TOKENS_PER_S, batch_limits, is_free, latency_s
from pipeline.plan.sample import Sample
from pipeline.plan.share import Share
from pipeline.plan.workload import Workload
from pipeline.recipe.recipe import Recipe
from pipeline.run.directory import RunDir
from prompts.errors import InputError


def remarks_on(work: Workload, run: RunDir) -> Iterator[str]:
    """Yields terms, what each figure rests on, and what would stop the run."""
    recipe = work.recipe
    yield from check_terms(recipe)
    for endpoint in work.endpoints:
        yield from warnings_about(endpoint)
    for share in work.shares:
        yield from share.remarks
        yield from _lane_remarks(share, recipe)
    if work.judging is not None:
        yield from work.judging.share.remarks
        yield from _price_remark(work.judging.share, "evaluate.scorer.judge")
    yield from _sample_remarks(work.sample)
    if recipe.generate.accept is not None:
        yield f"these are numbers for all prompts; generate.accept may stop at {recipe.generate.accept:,} kept samples"
    # Which replies curation's judge is asked about depends on the steps before it, and on the replies.
    if recipe.rescore is not None or any(step.judge_model for step in recipe.curation.steps):
        yield "the calls of curation's judge and of the rescorer are not in these numbers"
    # Said, not raised: the rest of the plan tells how to mend it.
    yield from _refusal(lambda: check_budget(recipe, work.endpoints))
    yield from _refusal(lambda: require_preferences(recipe, run))


def _refusal(check: Callable[[], None]) -> Iterator[str]:
    try:
        check()
    except InputError as error:
        yield f"the run would stop at once: {error}"


def _sample_remarks(sample: Sample) -> Iterator[str]:
    if sample.skipped:
        yield sample.skipped
    if sample.repeats and not sample.is_all:
        yield (
            f"{sample.repeats} of {len(sample.prompts):,} sampled rows repeat another's prompt: "
            "repeats are asked once, and how many there are a sample does not tell"
        )


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
    if share.past.latency_s(calls) is None and latency_s(share) is not None:
        first = "{:g} to {:g} s".format(*FIRST_TOKEN_S)
        rate = "{:g} to {:g} tokens a second".format(*TOKENS_PER_S)
        yield f"{label}: no latency was measured; hours assume {first}, then {rate}"
    # How much of a prompt others share is not known before they are asked.
    if endpoint.warms_cache:
        yield f"{label}: at the price of uncached tokens; what prompts share may cost less"
