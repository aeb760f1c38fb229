"""Every adapter on every fault: a typed outcome, never another exception, and then the next answer."""

from __future__ import annotations

import asyncio
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, get_args

import pytest

from teachers.base import ANSWERS, Outcome, Reply, Teacher
from teachers.catalog import open_teacher
from teachers.errors import RateLimited, TeacherError
from teachers.transport.http import MAX_HINT_S
from tests.servers.catalog import (
    ALL_WIRES,
    BOMB_BYTES,
    MALFORMED,
    REASONS,
    Fault,
    answer_well,
    bomb,
    faults_of,
    spec_on,
    wire_spoken,
)
from tests.servers.faults import Answer, FaultServer, Seen
from tests.servers.wires import Wire, credentials_missing
from tests.teachers.contract import ask

CASES = [
    pytest.param(wire, fault, id=f"{wire.name}-{fault.name}")
    for wire in ALL_WIRES.values()
    for fault in faults_of(wire)
]
EACH_WIRE = pytest.mark.parametrize("wire", ALL_WIRES.values(), ids=ALL_WIRES)
MOST_BYTES = 96 << 20
"""Far below what a bomb holds, far above what any reply takes."""


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with FaultServer() as server:
        yield server


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch, server: FaultServer) -> None:
    for wire in ALL_WIRES.values():
        for name, value in wire.keys.items():
            monkeypatch.setenv(name, value)
    server.requests.clear()


def answered(seen: Seen) -> Any:
    return answer_well(wire_spoken(seen), seen.turn)


async def attempt(teacher: Teacher, text: str) -> Reply | TeacherError:
    """How one attempt ends. What is neither a reply nor ours is raised, and fails the test."""
    try:
        return await ask(teacher, text, top_logprobs=min(2, teacher.capabilities.top_logprobs))
    except TeacherError as error:
        return error


def patience_s(server: FaultServer, wire: Wire) -> float:
    """A time limit that a good answer stays well below, also on a busy machine: at least a second."""

    async def run() -> None:
        teacher = open_teacher(spec_on(wire, server), timeout_s=60.0)
        try:
            assert isinstance(await attempt(teacher, "how fast"), Reply)
        finally:
            await teacher.close()

    server.responder = answered
    asyncio.run(run())  # which imports the SDK
    started = time.monotonic()
    asyncio.run(run())
    server.requests.clear()
    return max(1.0, 4 * (time.monotonic() - started))


def late_for(timeout_s: float, answer: Answer) -> Answer:
    """The answer; one that is late comes at three times the limit."""
    return replace(answer, delay_s=3 * timeout_s) if answer.delay_s else answer


def suffer(server: FaultServer, wire: Wire, fault: Fault) -> tuple[Reply | TeacherError, Reply | TeacherError]:
    """How an attempt at the fault ends, and the same teacher's next one."""
    timeout_s = patience_s(server, wire) if fault.slow else 20.0

    async def run() -> tuple[Reply | TeacherError, Reply | TeacherError]:
        teacher = open_teacher(spec_on(wire, server), timeout_s=timeout_s)
        try:
            server.responder = lambda seen: late_for(timeout_s, fault.answer(wire, seen.turn))
            first = await attempt(teacher, "first")
            server.responder = answered
            return first, await attempt(teacher, "second")
        finally:
            await teacher.close()

    return asyncio.run(run())


@pytest.mark.parametrize(("wire", "fault"), CASES)
def test_a_fault_ends_as_a_typed_outcome_and_the_next_answer_is_whole(
    server: FaultServer, wire: Wire, fault: Fault
) -> None:
    ended, following = suffer(server, wire, fault)
    assert ended.outcome in fault.outcomes, ended
    if isinstance(ended, RateLimited):
        assert hint_is_within(ended.retry_after_s, fault.hint_s)
    if isinstance(ended, Reply):
        assert ended.outcome in ANSWERS
        ended.text.encode()  # storable
    assert len(server.requests) == 2  # nothing but us retries
    assert isinstance(following, Reply), following
    assert (following.text, following.outcome) == ("second", "ok")


def hint_is_within(hint_s: float | None, expected: tuple[float, float] | None) -> bool:
    if expected is None:
        return hint_s is None
    # What nobody has to understand may be left unsaid.
    return (hint_s is None and expected == (0, MAX_HINT_S)) or (
        hint_s is not None and expected[0] <= hint_s <= expected[1]
    )


@EACH_WIRE
def test_texts_arrive_as_they_were_sent(server: FaultServer, wire: Wire) -> None:
    by_name = {fault.name: fault for fault in faults_of(wire)}
    for name, text in (("null-byte", "first\0\0"), ("lone-surrogate", "first?"), ("no-content", ""), ("no-text", "")):
        ended, _ = suffer(server, wire, by_name[name])
        assert isinstance(ended, Reply)
        assert ended.text == text


@EACH_WIRE
def test_logprobs_that_are_no_numbers_never_reach_a_reply(server: FaultServer, wire: Wire) -> None:
    for fault in faults_of(wire):
        if fault.family in ("-9999", "fewer entries"):
            ended, _ = suffer(server, wire, fault)
            assert isinstance(ended, Reply)
            assert ended.text == "first"
            told = [other.logprob for token in ended.tokens for other in token.top]
            assert all(-9999 < logprob <= 0 for logprob in told), fault.name


@EACH_WIRE
@pytest.mark.parametrize("layers", [1, 2])
def test_a_bomb_is_not_unpacked(server: FaultServer, wire: Wire, layers: int) -> None:
    name = "bomb" if layers == 1 else "bomb-in-bomb"
    fault = next(fault for fault in faults_of(wire) if fault.name == name)
    assert len(bomb(layers)) < 300_000
    tracemalloc.start()
    try:
        ended, _ = suffer(server, wire, fault)
        assert ended.outcome == "malformed"
        assert tracemalloc.get_traced_memory()[1] < MOST_BYTES
    finally:
        tracemalloc.stop()


@EACH_WIRE
def test_a_flood_is_not_swallowed(server: FaultServer, wire: Wire) -> None:
    flood = Answer(200, b" " * BOMB_BYTES, {"content-type": "application/json"})
    tracemalloc.start()
    try:
        ended, _ = suffer(server, wire, Fault("flood", "bomb", lambda wire, text: flood, MALFORMED))
        assert ended.outcome == "malformed"
        assert tracemalloc.get_traced_memory()[1] < MOST_BYTES
    finally:
        tracemalloc.stop()


@EACH_WIRE
def test_a_late_answer_is_nobodys(server: FaultServer, wire: Wire) -> None:
    """Answers that come after their asker gave up must not be taken for those of the next requests."""
    late = next(fault for fault in faults_of(wire) if fault.name == "late")
    timeout_s = patience_s(server, wire)

    async def run() -> None:
        teacher = open_teacher(spec_on(wire, server), concurrency=4, timeout_s=timeout_s)
        try:
            server.responder = lambda seen: late_for(timeout_s, late.answer(wire, seen.turn))
            given_up = await asyncio.gather(*(attempt(teacher, f"late {i}") for i in range(4)))
            assert {ended.outcome for ended in given_up} == {"transient"}
            server.responder = answered
            until = time.monotonic() + 3 * timeout_s
            texts: list[str] = []
            while time.monotonic() < until or len(texts) < 4:
                texts.append(f"text {len(texts)}")
                reply = await attempt(teacher, texts[-1])
                assert isinstance(reply, Reply), reply
                assert reply.text == texts[-1]
                await asyncio.sleep(0.2)
        finally:
            await teacher.close()

    asyncio.run(run())


@EACH_WIRE
def test_every_request_carries_its_providers_credentials(server: FaultServer, wire: Wire) -> None:
    async def run() -> Reply | TeacherError:
        teacher = open_teacher(spec_on(wire, server), timeout_s=20.0)
        try:
            return await attempt(teacher, "hello")
        finally:
            await teacher.close()

    server.responder = answered
    assert asyncio.run(run()).outcome == "ok"
    assert [credentials_missing(seen) for seen in server.requests] == [None]


def test_the_catalogue_knows_every_finish_reason_of_the_sdks() -> None:
    import botocore.session
    from anthropic.types import StopReason
    from openai.types.chat.chat_completion import Choice
    from openai.types.responses.response import IncompleteDetails

    amazon = botocore.session.get_session().get_service_model("bedrock-runtime")
    theirs = {
        "chat": get_args(Choice.model_fields["finish_reason"].annotation),
        "responses": get_args(get_args(IncompleteDetails.model_fields["reason"].annotation)[0]),
        "anthropic": get_args(StopReason),
        "converse": amazon.shape_for("StopReason").enum,
    }
    for name, reasons in theirs.items():
        assert reasons
        assert set(reasons) <= set(REASONS[name]), name


def test_the_catalogue_has_a_name_for_every_fault_and_can_fail() -> None:
    for wire in ALL_WIRES.values():
        names = [fault.name for fault in faults_of(wire)]
        assert len(names) == len(set(names))
        assert {outcome for fault in faults_of(wire) for outcome in fault.outcomes} <= set(get_args(Outcome))
