"""The cap is never passed, whatever the concurrency; what is reserved is given back exactly."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.curate.steps.best import Best
from pipeline.curate.steps.judge import Judge
from pipeline.inference.budget import (
    FREE,
    UNIT_USD,
    BatchBudget,
    Budgeted,
    CostBound,
    Ledger,
    check_budget,
    cost_bound_of,
)
from pipeline.inference.endpoints import configure_teacher, configure_teachers
from pipeline.recipe.curate import Curate
from pipeline.recipe.evaluate import Evaluate
from pipeline.recipe.load import load_recipe
from pipeline.recipe.recipe import Generate
from pipeline.recipe.teachers import Combine, PriceEntry, Rescore, TeacherEntry
from pipeline.run.errors import BudgetReached
from prompts.errors import InputError
from prompts.messages import Message
from teachers.base import Capabilities, Identity, Reply, Request, Sampling, Usage
from teachers.errors import InvalidRequest, Malformed, RateLimited, TeacherError, Transient
from teachers.pacing.account import Closed
from teachers.pacing.meter import cost_usd
from tests.pipeline.helpers import write_recipe, write_rows

WORST = 1.0


async def spend(ledger: Ledger, costs: Sequence[float | None]) -> list[str]:
    """Many requests at once, each at worst 1 dollar; how each ended."""
    most = 0.0

    async def one(cost: float | None) -> str:
        nonlocal most
        try:
            await ledger.reserve(WORST)
        except BudgetReached:
            return "stopped"
        most = max(most, ledger.spent_usd + ledger.reserved_usd)
        await asyncio.sleep(0)
        ledger.settle(WORST, cost)
        most = max(most, ledger.spent_usd + ledger.reserved_usd)
        return "sent"

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(cost)) for cost in costs]
    assert most <= ledger.cap_usd + 1e-9
    return [task.result() for task in tasks]


@settings(deadline=None)
@given(
    cap=st.floats(0, 20),
    costs=st.lists(st.none() | st.floats(0, WORST), max_size=60),
    spent=st.floats(0, 5),
)
def test_the_cap_is_never_passed_and_nothing_stays_reserved(
    cap: float, costs: list[float | None], spent: float
) -> None:
    ledger = Ledger(cap, spent)
    if spent > cap:
        return
    ended = asyncio.run(spend(ledger, costs))
    assert ledger.spent_usd <= cap + 1e-9
    assert ledger.reserved_usd == pytest.approx(0, abs=1e-9)
    sent = [WORST if cost is None else cost for cost, how in zip(costs, ended, strict=True) if how == "sent"]
    assert ledger.spent_usd == pytest.approx(spent + sum(sent), abs=UNIT_USD * (len(sent) + 2))  # each is rounded up
    if "stopped" in ended:
        assert ledger.spent_usd + WORST > cap - 1e-9


def test_who_waits_is_admitted_in_order_when_there_is_room() -> None:
    order: list[int] = []

    async def run() -> None:
        ledger = Ledger(2.0)

        async def one(number: int) -> None:
            await ledger.reserve(WORST)
            order.append(number)
            await asyncio.sleep(0)
            ledger.settle(WORST, 0.05)

        async with asyncio.TaskGroup() as group:
            for number in range(12):
                group.create_task(one(number))

    asyncio.run(run())
    assert order == list(range(12))


def test_a_cancelled_wait_gives_its_place_to_the_next() -> None:
    async def run() -> Ledger:
        ledger = Ledger(1.0)
        await ledger.reserve(WORST)
        doomed = asyncio.ensure_future(ledger.reserve(WORST))
        next_one = asyncio.ensure_future(ledger.reserve(WORST))
        await asyncio.sleep(0)
        doomed.cancel()
        ledger.settle(WORST, 0.0)
        await next_one
        ledger.settle(WORST, 0.0)
        return ledger

    assert asyncio.run(run()).reserved_usd == 0


def test_a_request_that_never_fits_stops_the_run_with_exit_3() -> None:
    with pytest.raises(BudgetReached, match=r"\$0\.0000 of \$0\.5000") as caught:
        asyncio.run(Ledger(0.5).reserve(WORST))
    assert caught.value.exit_code == 3


IDENTITY = Identity("openai", "gpt-4.1")


def asked(text: str, max_tokens: int = 10) -> Request:
    return Request(IDENTITY, (Message("user", text),), Sampling(max_tokens=max_tokens))


@settings(deadline=None)
@given(st.text(max_size=200), st.integers(1, 5000))
def test_the_worst_case_is_no_less_than_any_bill(text: str, max_tokens: int) -> None:
    cost_bound = cost_bound_of(
        configure_teacher(TeacherEntry(spec="openai:gpt-4.1"), Generate(max_tokens=max_tokens), system=False)
    )
    request = asked(text, max_tokens)
    most = Usage(input_tokens=len(text.encode()) + 8, output_tokens=max_tokens)
    cost = cost_usd(IDENTITY, most)
    assert cost is not None
    assert cost <= cost_bound.worst_usd(request) + 1e-12


@pytest.mark.parametrize("model", ["anthropic:claude-sonnet-4-5", "openai:gpt-5.4"])
@pytest.mark.parametrize("tokens", [90_000, 150_000, 250_000, 600_000])
def test_a_long_prompt_reserves_at_its_own_price(model: str, tokens: int) -> None:
    """These charge twice as much a token where a prompt passes 200,000 or 272,000; writing to a cache costs a quarter
    more."""
    endpoint = configure_teacher(TeacherEntry(spec=model), Generate(max_tokens=5000), system=False)
    bill = cost_usd(endpoint.description.identity, Usage(input_tokens=tokens, output_tokens=5000))
    assert bill is not None
    assert bill <= cost_bound_of(endpoint).worst_usd(asked("x" * tokens, 5000)) <= bill * 2.6


def test_a_price_that_is_not_known_stops_a_budgeted_run_until_the_recipe_gives_one() -> None:
    entry = TeacherEntry(spec="openai:my-own@http://127.0.0.1:1/v1")
    with pytest.raises(InputError, match=r"no price is known.*price: \{input"):
        cost_bound_of(configure_teacher(entry, Generate(), system=False))
    priced = entry.model_copy(update={"price": PriceEntry(input=1, output=2)})
    assert cost_bound_of(configure_teacher(priced, Generate(), system=False)) == CostBound(1, 2)


UNPRICED = TeacherEntry(spec="openai:my-own@http://127.0.0.1:1/v1")


@pytest.mark.parametrize(
    ("field", "sections"),
    [
        ("combine.judge.price", {"combine": Combine(how="best", judge=UNPRICED)}),
        ("curate.steps.best.judge.price", {"curate": Curate(steps=[Best(judge=UNPRICED)])}),
        ("curate.steps.judge.judge.price", {"curate": Curate(steps=[Judge(judge=UNPRICED)])}),
        ("evaluate.scorer.judge.price", {"evaluate": Evaluate(scorer={"name": "judge", "judge": UNPRICED})}),
        ("rescore.teacher.price", {"rescore": Rescore(teacher=UNPRICED, top_logprobs=1)}),
    ],
)
def test_a_judge_and_a_rescorer_need_a_price_before_the_first_request(
    field: str, sections: dict[str, Any], tmp_path: Path
) -> None:
    recipe = load_recipe(write_recipe(tmp_path, teacher="openai:gpt-4.1", generate={"budget_usd": 1})).model_copy(
        update=sections
    )
    with pytest.raises(InputError, match=rf"field '{field}': no price is known for openai:my-own"):
        check_budget(recipe, configure_teachers(recipe, system=False))


def test_without_max_tokens_there_is_no_worst_case(tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "rows.jsonl", [{"text": "x", "label": "ham"}])
    generate = {"max_tokens": None, "budget_usd": 1}
    recipe = load_recipe(write_recipe(rows.parent, teacher="openai:gpt-4.1", generate=generate))
    with pytest.raises(InputError, match="max_tokens"):
        check_budget(recipe, configure_teachers(recipe, system=False))


def test_a_cache_write_that_costs_more_is_the_worst_case() -> None:
    entry = TeacherEntry(spec="openai:gpt-4.1", price=PriceEntry(input=3, output=15, cache_write=3.75))
    assert cost_bound_of(configure_teacher(entry, Generate(), system=False)).input == pytest.approx(3.75)


def test_a_local_model_is_free() -> None:
    assert (
        cost_bound_of(
            configure_teacher(TeacherEntry(spec="gguf:smollm2-135m"), Generate(max_tokens=None), system=False)
        )
        == FREE
    )


class Once:
    """A teacher that ends each request as it is told."""

    identity = IDENTITY
    capabilities = Capabilities()

    def __init__(self, ends: Reply | TeacherError | Closed) -> None:
        self._ends = ends

    async def complete(self, request: Request) -> Reply:
        await asyncio.sleep(0)
        if isinstance(self._ends, Reply):
            return self._ends
        raise self._ends

    async def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("ends", "spent"),
    [
        (Reply("x", cost_usd=0.25), 0.25),
        (Reply("x", cost_usd=None), 100.0),  # its tokens were not counted: the worst case
        (RateLimited("later", provider="p", status=429), 0.0),
        (InvalidRequest("no", provider="p", status=400), 0.0),
        (Transient("broken", provider="p", status=503), 0.0),
        (Transient("no answer", provider="p"), 100.0),
        (Malformed("torn", provider="p"), 100.0),
        (Closed(), 0.0),  # it waited for its turn, which never came
    ],
)
def test_how_an_attempt_settles(ends: Reply | TeacherError | Closed, spent: float) -> None:
    ledger = Ledger(1000.0)

    async def run() -> None:
        await Budgeted(Once(ends), ledger, CostBound(0, 10_000_000)).complete(asked("x"))

    if isinstance(ends, Reply):
        asyncio.run(run())
    else:
        with pytest.raises(type(ends)):
            asyncio.run(run())
        assert isinstance(ends, Closed) or ends.maybe_paid == (spent > 0)
    assert ledger.spent_usd == pytest.approx(spent)
    assert ledger.reserved_usd == 0


def test_a_bill_above_the_worst_case_is_booked_learnt_from_and_said() -> None:
    """Ten tokens were allowed, 25 are charged: the first bill tells, and from then on the cap holds."""
    ledger, dollars = Ledger(200.0), CostBound(0, 1_000_000)
    teacher = Budgeted(Once(Reply("x", cost_usd=25.0)), ledger, dollars)

    async def run() -> None:
        while True:
            await teacher.complete(asked("x"))

    with pytest.raises(BudgetReached, match=r"\$200.0000 of \$200.0000 is spent \(\$15.0000 of it beyond worst cases"):
        asyncio.run(run())
    assert (ledger.spent_usd, ledger.reserved_usd) == (200.0, 0.0)


def test_bills_above_the_worst_case_that_were_out_together_are_all_booked() -> None:
    ledger = Ledger(100.0)
    teacher = Budgeted(Once(Reply("x", cost_usd=25.0)), ledger, CostBound(0, 1_000_000))

    async def run() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(10):
                group.create_task(teacher.complete(asked("x")))

    asyncio.run(run())
    with pytest.raises(BudgetReached, match=r"\$250.0000 of \$100.0000 is spent \(\$150.0000 of it beyond"):
        asyncio.run(teacher.complete(asked("x")))


class Bills(Once):
    """A teacher that charges each request what it is told."""

    def __init__(self, costs: Sequence[float]) -> None:
        super().__init__(Reply("x"))
        self._costs = iter(costs)

    async def complete(self, request: Request) -> Reply:
        return replace(await super().complete(request), cost_usd=next(self._costs))


def test_who_waited_while_a_bill_taught_reserves_what_it_needs_now() -> None:
    """One bill of 25 where 10 were allowed, nine of nothing, then 25 each: ten that waited were to reserve 10."""
    ledger = Ledger(100.0)
    teacher = Budgeted(Bills([25.0] + [0.0] * 9 + [25.0] * 10), ledger, CostBound(0, 1_000_000))

    async def one() -> None:
        with suppress(BudgetReached):
            await teacher.complete(asked("x"))

    async def run() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(20):
                group.create_task(one())

    asyncio.run(run())
    assert (ledger.spent_usd, ledger.reserved_usd) == (100.0, 0.0)


def test_a_purse_learns_from_bills_and_gives_back_what_is_not_submitted() -> None:
    ledger = Ledger(100.0)
    batch_budget = BatchBudget(ledger, CostBound(0, 1_000_000))
    first, second, third = (asked(text) for text in "abc")
    assert batch_budget.affords(first)
    assert batch_budget.affords(second)
    batch_budget.release([second.key])
    assert ledger.reserved_usd == pytest.approx(10)
    batch_budget.settle(first.key, Reply("x", cost_usd=25.0))
    assert batch_budget.affords(third)
    assert batch_budget.worst_usd([first.key, third.key]) == {third.key: 25.0}
    assert (ledger.spent_usd, ledger.reserved_usd) == pytest.approx((25, 25))
