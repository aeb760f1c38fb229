"""What a recipe would cost, before anything is spent. Reads files only: no key, no network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.chains import chains_of, owed_of
from pipeline.journal import reply_outcomes
from pipeline.recipe import Recipe
from pipeline.run import RunDir
from pipeline.seats import Seat, has_system, remarks_of, seats_of
from pipeline.terms import check_terms
from pipeline.wanted import Wanted, recipe_prompts
from teachers.base import Usage
from teachers.meter import cost_usd

CHARS_PER_TOKEN = 4.0  # English prose under the common byte-pair vocabularies; other text has fewer
BYTES_PER_ALTERNATIVE = 5  # SmolLM2's replies of 500 tokens: 102 bytes a token with its 20 or 21
BYTES_PER_REPLY = 820  # all else in the quickstart's journal, by sample; longer prompts take more


def make_plan(recipe: Recipe, root: Path) -> dict[str, Any]:
    """Calls still owed, tokens, dollars and disk. Tokens are estimated from characters; output at its cap.

    With `fallback` every teacher is counted for every prompt: at most so many calls.
    """
    loaded = recipe_prompts(recipe)
    seats = seats_of(recipe, has_system(loaded.prompts))
    run = RunDir(root)
    known = reply_outcomes(run.journal) if run.journal.exists() else {}
    chains = list(chains_of(loaded.prompts, seats, recipe))
    owed = [item for chain in chains for item in owed_of(chain, known)]
    parts = [_part(seat, [item for item in owed if item.seat == number]) for number, seat in enumerate(seats)]
    calls, tokens_out = len(owed), _total(parts, "output_tokens_at_most")
    return {
        "teachers": parts,
        "prompts": len(loaded.prompts),
        "samples": len(chains),
        "answered": sum(not owed_of(chain, known) for chain in chains),
        "calls": calls,
        "input_tokens_estimate": _total(parts, "input_tokens_estimate"),
        "output_tokens_at_most": tokens_out,
        "cost_usd_at_most": _total(parts, "cost_usd_at_most"),
        "disk_bytes_estimate": _disk(recipe, calls, tokens_out or 0),
        "remarks": [*check_terms(recipe), *(remark for seat in seats for remark in remarks_of(seat))],
    }


def render_plan(plan: dict[str, Any]) -> str:
    """The plan in words: a paragraph a teacher, then what they share."""
    lines = [line for part in plan["teachers"] for line in _render_part(part)]
    lines.append(f"calls      {plan['calls']}: {plan['prompts']} prompts, {plan['answered']} answers there already")
    if len(plan["teachers"]) > 1:
        lines.append(f"cost       {_money(plan['cost_usd_at_most'])} in all")
    lines.append(f"disk       about {plan['disk_bytes_estimate'] / 1e6:,.1f} MB for the journal")
    return "\n".join([*lines, *plan["remarks"]])


def _part(seat: Seat, owed: Sequence[Wanted]) -> dict[str, Any]:
    """One teacher's share of the plan."""
    tokens_in = round(sum(len(turn.content) for item in owed for turn in item.request.messages) / CHARS_PER_TOKEN)
    most = seat.sampling.max_tokens
    tokens_out = None if most is None else len(owed) * most
    usage = Usage(input_tokens=tokens_in, output_tokens=tokens_out)
    return {
        "teacher": seat.entry.label,
        "calls": len(owed),
        "left_out": list(seat.left_out),
        "input_tokens_estimate": tokens_in,
        "output_tokens_at_most": tokens_out,
        "cost_usd_at_most": cost_usd(seat.who.identity, usage, seat.entry.to_price()),
        "key_needed": " or ".join(seat.who.keys) if seat.who.needs_key else None,
        "key_present": seat.who.key_present,
    }


def _render_part(part: dict[str, Any]) -> list[str]:
    out = part["output_tokens_at_most"]
    lines = [
        f"teacher    {part['teacher']}: {part['calls']} calls",
        f"input      about {part['input_tokens_estimate']:,} tokens, at {CHARS_PER_TOKEN:g} characters each",
        "output     no cap: set generate.max_tokens" if out is None else f"output     at most {out:,} tokens",
        f"cost       {_money(part['cost_usd_at_most'])}",
    ]
    if part["key_needed"]:
        lines.append(f"key        {part['key_needed']} is {'set' if part['key_present'] else 'not set'}")
    return lines


def _money(dollars: float | None) -> str:
    return "no price known" if dollars is None else f"at most about ${dollars:,.4f}"


def _total(parts: Sequence[dict[str, Any]], name: str) -> Any:
    """The sum of a number over the teachers; None where one of them has none."""
    values = [part[name] for part in parts]
    return None if None in values else sum(values)


def _disk(recipe: Recipe, calls: int, tokens_out: int) -> int:
    return calls * BYTES_PER_REPLY + tokens_out * recipe.generate.top_logprobs * BYTES_PER_ALTERNATIVE
