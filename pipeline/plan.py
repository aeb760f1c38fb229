"""What a recipe would cost, before anything is spent. Reads files only: no key, no network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.journal import answered_keys
from pipeline.recipe import Recipe
from pipeline.run import RunDir
from pipeline.wanted import Wanted, recipe_prompts, wanted_samples
from teachers.base import Usage
from teachers.catalog import describe
from teachers.meter import cost_usd

CHARS_PER_TOKEN = 4.0  # English prose under the common byte-pair vocabularies; other text has fewer
BYTES_PER_ALTERNATIVE = 18  # deflated: the quickstart's replies with their logprobs less those without
BYTES_PER_REPLY = 2600  # all else in the quickstart's journal, by sample; longer prompts take more


def make_plan(recipe: Recipe, root: Path) -> dict[str, Any]:
    """Calls still owed, tokens, dollars and disk. Tokens are estimated from characters; output at its cap."""
    loaded = recipe_prompts(recipe)
    who = describe(recipe.specs[0])
    run = RunDir(root)
    answered = answered_keys(run.journal) if run.journal.exists() else set()
    samples = list(wanted_samples(loaded.prompts, who.identity, recipe.generate))
    calls = [sample for sample in samples if sample.request.key not in answered]
    tokens_in = round(sum(_chars(call) for call in calls) / CHARS_PER_TOKEN)
    tokens_out = None if recipe.generate.max_tokens is None else len(calls) * recipe.generate.max_tokens
    return {
        "teacher": recipe.teacher[0].label,
        "prompts": len(loaded.prompts),
        "samples": len(samples),
        "answered": len(samples) - len(calls),
        "calls": len(calls),
        "input_tokens_estimate": tokens_in,
        "output_tokens_at_most": tokens_out,
        "cost_usd_at_most": cost_usd(who.identity, Usage(input_tokens=tokens_in, output_tokens=tokens_out)),
        "disk_bytes_estimate": _disk(recipe, len(calls), tokens_out or 0),
        "key_needed": " or ".join(who.provider.keys) if who.needs_key else None,
        "key_present": who.provider.key_present,
    }


def render_plan(plan: dict[str, Any]) -> str:
    """The plan in words."""
    cost, out = plan["cost_usd_at_most"], plan["output_tokens_at_most"]
    lines = [
        f"teacher    {plan['teacher']}",
        f"calls      {plan['calls']}: {plan['prompts']} prompts, {plan['samples']} samples, {plan['answered']} there",
        f"input      about {plan['input_tokens_estimate']:,} tokens, at {CHARS_PER_TOKEN:g} characters each",
        "output     no cap: set generate.max_tokens" if out is None else f"output     at most {out:,} tokens",
        "cost       no price known" if cost is None else f"cost       at most about ${cost:,.4f}",
        f"disk       about {plan['disk_bytes_estimate'] / 1e6:,.1f} MB for the journal",
    ]
    if plan["key_needed"]:
        lines.append(f"key        {plan['key_needed']} is {'set' if plan['key_present'] else 'not set'}")
    return "\n".join(lines)


def _chars(sample: Wanted) -> int:
    return sum(len(turn.content) for turn in sample.request.messages)


def _disk(recipe: Recipe, calls: int, tokens_out: int) -> int:
    return calls * BYTES_PER_REPLY + tokens_out * recipe.generate.top_logprobs * BYTES_PER_ALTERNATIVE
