"""The collector, with a small worker of its own: whoever waits is answered, whatever the worker does."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from teachers.base import Identity, Reply, Request
from teachers.errors import InvalidRequest, Transient
from teachers.local.batching import Batcher, Ticket
from tests.teachers.contract import conversation


class Echo:
    """Answers each ticket with its own text, `steps` steps after it joined."""

    def __init__(self, most: int, steps: int = 1) -> None:
        self.most, self.steps = most, steps
        self.open: list[tuple[Ticket, int]] = []
        self.sizes: list[int] = []

    @property
    def room(self) -> int:
        return self.most - len(self.open)

    @property
    def busy(self) -> bool:
        return bool(self.open)

    def join(self, tickets: Sequence[Ticket]) -> None:
        self.open += [(ticket, self.steps) for ticket in tickets]

    def step(self) -> None:
        self.sizes.append(len(self.open))
        left = [(ticket, steps - 1) for ticket, steps in self.open if not ticket.given_up]
        for ticket, steps in left:
            text = ticket.request.messages[-1].content
            if text == "break":
                raise ZeroDivisionError("a fault of ours")
            if not steps:
                ticket.answer(Reply(text))
        self.open = [(ticket, steps) for ticket, steps in left if steps]

    def abandon(self, error: Exception) -> None:
        for ticket, _ in self.open:
            ticket.fail(error)
        self.open = []


def request(text: str) -> Request:
    return Request(Identity("huggingface", "m"), conversation(text))


async def together(batcher: Batcher, texts: Sequence[str]) -> list[Reply | BaseException]:
    waiting = [batcher.answer(request(text), 10.0) for text in texts]
    return await asyncio.gather(*waiting, return_exceptions=True)


def test_each_gets_its_own_answer_and_no_more_run_than_there_is_room_for() -> None:
    async def use() -> None:
        worker = Echo(3, steps=4)
        batcher = Batcher(worker, "huggingface")
        texts = [str(number) for number in range(50)]
        assert [reply.text for reply in await together(batcher, texts) if isinstance(reply, Reply)] == texts
        assert max(worker.sizes) == 3
        await batcher.close()

    asyncio.run(use())


def test_a_fault_of_the_worker_leaves_nobody_waiting() -> None:
    async def use() -> None:
        batcher = Batcher(Echo(8, steps=20), "huggingface")
        replies = await together(batcher, ["a", "break", "b"])
        assert any(isinstance(reply, InvalidRequest) and "a fault of ours" in str(reply) for reply in replies)
        assert [reply.text for reply in await together(batcher, ["c"]) if isinstance(reply, Reply)] == ["c"]
        await batcher.close()

    asyncio.run(use())


def test_a_late_answer_is_transient_and_its_ticket_is_given_up() -> None:
    async def use() -> None:
        worker = Echo(1, steps=10**9)
        batcher = Batcher(worker, "huggingface")
        with pytest.raises(Transient, match=r"no answer within 0\.05 s"):
            await batcher.answer(request("a"), 0.05)
        await batcher.close()  # would wait for ever for a ticket that is still held
        assert not worker.busy

    asyncio.run(use())


def test_closed_refuses() -> None:
    async def use() -> None:
        batcher = Batcher(Echo(1), "huggingface")
        await batcher.close()
        await batcher.close()
        with pytest.raises(InvalidRequest, match="closed"):
            await batcher.answer(request("a"), 1.0)

    asyncio.run(use())
