"""Paced teachers on simulated servers in virtual time: the laws of an account, and what it makes of a quota."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from teachers.base import Allowance, Capabilities, Identity, Limits, Reply, Request, Sampling, Usage
from teachers.errors import AuthError, InvalidRequest, RateLimited, TeacherError, Transient
from teachers.pacing.account import Account, Closed
from teachers.pacing.pace import Landed, Paced
from teachers.pacing.retry import Retrying
from tests.teachers.contract import conversation
from tests.virtual import run

WHO = Identity("test", "m")
Answering = Callable[[int], Awaitable[Reply]]


@dataclass
class Server:
    """Answers request n as it is told to, and remembers when each was sent and how many were in flight."""

    answer: Answering
    identity: Identity = WHO
    capabilities: Capabilities = field(default_factory=Capabilities)
    sent: list[tuple[float, str]] = field(default_factory=list)
    flying: int = 0
    most: int = 0

    async def complete(self, request: Request) -> Reply:
        self.sent.append((asyncio.get_running_loop().time(), request.messages[-1].content))
        self.flying += 1
        self.most = max(self.most, self.flying)
        try:
            return await self.answer(len(self.sent))
        finally:
            self.flying -= 1

    async def close(self) -> None:
        """Nothing is open."""


def paced(server: Server, account: Account, attempts: int = 50) -> Retrying:
    return Retrying(Paced(Landed(server, account), account), attempts=attempts, sleep=account.rest)


def asked(number: int, max_tokens: int | None = 4) -> Request:
    return Request(WHO, conversation(f"{number:04d}"), Sampling(max_tokens=max_tokens))


async def ask_all(teacher: Retrying, count: int) -> list[Reply | BaseException]:
    return await asyncio.gather(*(teacher.complete(asked(i)) for i in range(count)), return_exceptions=True)


USED = Usage(1, None, 4)


def taking(seconds: float, usage: Usage = USED, limits: Limits | None = None) -> Answering:
    async def answer(number: int) -> Reply:
        await asyncio.sleep(seconds)
        return Reply("fine", usage=usage, limits=limits)

    return answer


@settings(max_examples=60, deadline=None)
@given(
    most=st.integers(1, 40),
    count=st.integers(1, 120),
    ends=st.lists(st.sampled_from(["ok", "ok", "ok", "429", "429 in 1", "429 in 9", "503", "400"]), min_size=1),
    latencies=st.lists(st.floats(0.0, 5.0), min_size=1, max_size=20),
)
def test_whatever_the_server_does_the_bound_holds_and_everything_ends(
    most: int, count: int, ends: Sequence[str], latencies: Sequence[float]
) -> None:
    async def answer(number: int) -> Reply:
        await asyncio.sleep(latencies[number % len(latencies)])
        end = ends[number % len(ends)] if number < 200 else "ok"
        if end == "ok":
            return Reply("fine")
        kinds: dict[str, TeacherError] = {
            "429": RateLimited("no", provider="p"),
            "429 in 1": RateLimited("no", provider="p", retry_after_s=1),
            "429 in 9": RateLimited("no", provider="p", retry_after_s=9),
            "503": Transient("no", provider="p"),
            "400": InvalidRequest("no", provider="p"),
        }
        raise kinds[end]

    async def main() -> None:
        account = Account(most)
        server = Server(answer)
        found = await ask_all(paced(server, account, attempts=400), count)
        assert len(found) == count
        assert all(isinstance(one, Reply | InvalidRequest) for one in found)
        assert server.most <= most
        pace = account.pace
        assert (pace.in_flight, pace.waiting, pace.resting) == (0, 0, 0)

    run(main())


@settings(max_examples=30, deadline=None)
@given(st.integers(6, 3000), st.floats(0.0, 4.0))
def test_no_minute_has_more_than_the_quota_and_one_seconds_burst(per_minute: int, latency_s: float) -> None:
    async def main() -> list[float]:
        server = Server(taking(latency_s))
        await ask_all(paced(server, Account(500, requests_per_minute=per_minute, adaptive=False)), 300)
        return [at for at, _ in server.sent]

    times = run(main())
    most = per_minute + max(1, per_minute / 60)
    for index, start in enumerate(times):
        assert sum(1 for at in times[index:] if at < start + 60) <= most + 1e-6
    assert len(times) == 300


def test_tokens_are_reserved_as_estimated_and_settled_as_used() -> None:
    """A request of 1 + 4 tokens estimated, 50 used: ten of them take the 500 tokens of a 60th of 30,000."""

    async def main() -> float:
        account = Account(100, tokens_per_minute=30_000, adaptive=False)
        server = Server(taking(0.0, Usage(40, None, 10)))
        await ask_all(paced(server, account), 600)
        return server.sent[-1][0]

    # 600 requests use 30,000 tokens: a minute, but for the first second's burst and what was unknown at first.
    assert run(main()) == pytest.approx(60, abs=3)


def test_what_a_refused_request_reserved_is_given_back() -> None:
    async def main() -> float:
        account = Account(1, tokens_per_minute=60, adaptive=False)
        refusals = iter(range(30))

        async def answer(number: int) -> Reply:
            if next(refusals, None) is not None:
                raise RateLimited("no", provider="p", retry_after_s=0)
            return Reply("fine", usage=Usage(1, None, 4))

        server = Server(answer)
        await paced(server, account).complete(asked(1))
        return server.sent[-1][0]

    assert run(main()) < 30  # kept, each try would have cost its 5 tokens: 5 s


def test_requests_go_in_the_order_they_came_and_a_cancelled_one_loses_nothing() -> None:
    async def main() -> list[str]:
        account = Account(1, adaptive=False)
        server = Server(taking(1.0))
        tasks = [asyncio.create_task(paced(server, account).complete(asked(i))) for i in range(6)]
        await asyncio.sleep(0.5)
        tasks[0].cancel()  # in flight
        tasks[3].cancel()  # waiting
        await asyncio.gather(*tasks, return_exceptions=True)
        assert account.pace.in_flight == 0
        return [text for _, text in server.sent]

    assert run(main()) == ["0000", "0001", "0002", "0004", "0005"]


def test_who_waits_before_another_try_holds_no_place() -> None:
    async def main() -> list[tuple[float, str]]:
        async def answer(number: int) -> Reply:
            if number == 1:
                raise Transient("no", provider="p", retry_after_s=100)
            return Reply("fine")

        server = Server(answer)
        await ask_all(paced(server, Account(1)), 3)
        return server.sent

    assert run(main()) == [(0.0, "0000"), (0.0, "0001"), (0.0, "0002"), (100.0, "0000")]


def test_a_closed_account_lets_nothing_more_through_and_what_flies_ends() -> None:
    async def main() -> list[Reply | BaseException]:
        account = Account(2, adaptive=False)
        teacher = paced(Server(taking(5.0)), account)
        asking = asyncio.create_task(ask_all(teacher, 6))
        await asyncio.sleep(1)
        account.close()
        found = await asking
        with pytest.raises(Closed):
            await teacher.complete(asked(9))
        return found

    found = run(main())
    assert [type(one) for one in found] == [Reply, Reply, Closed, Closed, Closed, Closed]


def test_a_refused_key_closes_the_account() -> None:
    async def main() -> tuple[int, list[Reply | BaseException]]:
        async def answer(number: int) -> Reply:
            raise AuthError("no", provider="p")

        server = Server(answer)
        found = await ask_all(paced(server, Account(1)), 5)
        return len(server.sent), found

    sent, found = run(main())
    assert sent == 1
    assert sorted(type(one).__name__ for one in found) == ["AuthError", *["Closed"] * 4]


def test_what_the_server_says_is_left_is_not_overrun() -> None:
    """A server that admits 60 a minute from a bucket of 10, and says so: no request is refused."""

    async def main() -> tuple[int, float]:
        level, at, refused = 10.0, 0.0, 0

        async def answer(number: int) -> Reply:
            nonlocal level, at, refused
            now = asyncio.get_running_loop().time()
            level, at = min(10.0, level + now - at), now
            if level < 1:
                refused += 1
                raise RateLimited("no", provider="p", retry_after_s=1)
            level -= 1
            limits = Limits(Allowance(10, level, 10 - level))
            await asyncio.sleep(0.5)
            return Reply("fine", limits=limits)

        server = Server(answer)
        await ask_all(paced(server, Account(4)), 120)
        return refused, server.sent[-1][0]

    refused, took_s = run(main())
    assert refused == 0
    assert took_s == pytest.approx(110, rel=0.05)


def queues(places: int, seconds: float) -> Server:
    """Serves so many at once and lets the others wait, without a word."""
    room = asyncio.Semaphore(places)

    async def answer(number: int) -> Reply:
        async with room:
            await asyncio.sleep(seconds)
        return Reply("fine")

    return Server(answer)


def test_a_server_that_queues_is_not_flooded_and_loses_no_time() -> None:
    async def main() -> tuple[int, float]:
        account = Account(200)
        await ask_all(paced(queues(20, 0.1), account), 4000)
        return account.pace.ceiling, asyncio.get_running_loop().time()

    ceiling, took_s = run(main())
    assert took_s <= 4000 / 20 * 0.1 * 1.05
    assert 20 <= ceiling <= 80


@pytest.mark.parametrize("latency_s", [0.05, 1.0, 60.0])
def test_a_slow_server_with_room_is_not_throttled(latency_s: float) -> None:
    async def main() -> int:
        account = Account(200)
        server = Server(taking(latency_s))
        await ask_all(paced(server, account), 3000)
        return account.pace.ceiling

    assert run(main()) == 200


def test_a_server_that_batches_is_given_more_while_it_answers_more() -> None:
    """Each request takes longer the more there are, but twice as many still answer a third more."""

    async def main() -> int:
        account = Account(100)
        server = Server(lambda number: answer(number))

        async def answer(number: int) -> Reply:
            await asyncio.sleep(1 + server.flying / 100)
            return Reply("fine")

        await ask_all(paced(server, account), 3000)
        return account.pace.ceiling

    assert run(main()) == 100


def test_a_stall_of_half_a_second_is_no_queue() -> None:
    """All that is in flight at one moment is late, as when this machine or the network stands still."""

    async def main() -> int:
        account = Account(100)

        async def answer(number: int) -> Reply:
            await asyncio.sleep(0.6 if 60 <= number < 160 else 0.1)
            return Reply("fine")

        await ask_all(paced(Server(answer), account), 3000)
        return account.pace.cuts

    assert run(main()) == 0
