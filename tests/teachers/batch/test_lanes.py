"""What every batch lane keeps, against each provider's calls on loopback: submitted once, found again, joined by id."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from pipeline.recipe.teachers import TeacherEntry
from prompts.errors import InputError
from prompts.messages import Message
from teachers.base import Reply, Request, Sampling
from teachers.batch.base import BatchLane, Job, Part, Result
from teachers.batch.catalog import open_lane
from teachers.batch.parts import split
from teachers.catalog import providers
from teachers.errors import AuthError, InvalidRequest, Malformed, RateLimited, TeacherError, Transient, Unsupported
from tests.servers.batches import BatchServer, _jsonl
from tests.servers.faults import Answer, as_json
from tests.servers.wires import anthropic_error, bedrock_error, chat_error
from tests.teachers.batch.conftest import CANARY

TURNS = ["mail 0", "mail 1", "mail 2", "mail ☃ \u2028 3"]
LANES = [provider.name for provider in providers() if provider.batch]
ERRORS = {"openai": chat_error, "anthropic": anthropic_error, "bedrock": bedrock_error}

pytestmark = pytest.mark.parametrize("provider", LANES)


@asynccontextmanager
async def opened(server: BatchServer, provider: str, **more: Any) -> AsyncIterator[BatchLane]:
    lane = open_lane(TeacherEntry.model_validate(server.entry(provider, **more)).to_spec(), timeout_s=10)
    try:
        yield lane
    finally:
        await lane.close()


def asked(lane: BatchLane, turns: Sequence[str] = TURNS, **changes: Any) -> dict[str, Request]:
    """Requests by key."""
    how = Sampling(max_tokens=64)
    made = [Request(lane.identity, (Message("user", turn),), how, **changes) for turn in turns]
    return {request.key: request for request in made}


def part_of(lane: BatchLane, requests: dict[str, Request], folder: Path) -> Part:
    return next(split(((key, lane.to_line(request)) for key, request in requests.items()), lane.limits, folder))


async def submit(lane: BatchLane, folder: Path, turns: Sequence[str] = TURNS) -> tuple[dict[str, Request], str]:
    requests = asked(lane, turns)
    parts = split(((key, lane.to_line(request)) for key, request in requests.items()), lane.limits, folder)
    return requests, await lane.submit(next(parts))


async def end(lane: BatchLane, job_id: str) -> Job:
    for _ in range(200):
        job = await lane.poll(job_id)
        if job.ended:
            return job
        await asyncio.sleep(job.poll_after_s or 0.02)
    raise AssertionError("the job does not end")


async def read(lane: BatchLane, job: Job) -> list[Result]:
    async with aclosing(lane.results(job)) as results:
        return [result async for result in results]


async def test_a_part_comes_back_each_reply_under_its_own_key(
    server: BatchServer, provider: str, tmp_path: Path
) -> None:
    server.polls_needed = 3
    async with opened(server, provider) as lane:
        requests, job_id = await submit(lane, tmp_path)
        job = await end(lane, job_id)
        results = await read(lane, job)
    assert [job.keys for job in server.jobs] == [list(requests)]
    assert [result.key for result in results] == list(requests)[::-1]  # in another order than they were sent
    for result in results:
        assert isinstance(result.ended, Reply)
        assert (result.ended.text, result.ended.outcome) == (requests[result.key].messages[-1].content, "ok")
        assert result.ended.usage.input_tokens == 7


async def test_a_failed_line_shifts_no_other_and_each_has_its_outcome(
    server: BatchServer, provider: str, tmp_path: Path
) -> None:
    fates = ["invalid", "expired", "busy", "filtered", "missing", "twice", "torn", "ok"]
    server.fates.update({fate: [fate] for fate in fates})
    async with opened(server, provider) as lane:
        requests, job_id = await submit(lane, tmp_path, fates)
        results = await read(lane, await end(lane, job_id))
    turn_of = {key: request.messages[-1].content for key, request in requests.items()}
    by_turn: dict[str, list[Reply | TeacherError]] = {}
    for result in results:
        by_turn.setdefault(turn_of.get(result.key, "unreadable"), []).append(result.ended)
    outcomes = {turn: [ended.outcome for ended in found] for turn, found in by_turn.items()}
    refused = "refused" if provider == "anthropic" else "filtered"
    late = "rate_limited" if provider == "bedrock" else "transient"
    assert outcomes == {
        "invalid": ["invalid"],
        "expired": [late],
        "busy": ["transient"],
        "filtered": [refused],
        "twice": ["ok", "ok"],
        "ok": ["ok"],
        "unreadable": ["malformed"],
    }
    assert isinstance(by_turn["invalid"][0], InvalidRequest)
    assert "as commanded" in str(by_turn["invalid"][0])
    texts = {turn: found[0].text for turn, found in by_turn.items() if isinstance(found[0], Reply)}
    assert all(text in (turn, "") for turn, text in texts.items())


async def test_a_part_that_was_submitted_is_found_and_one_that_was_not_is_not(
    server: BatchServer, provider: str, tmp_path: Path
) -> None:
    async with opened(server, provider) as lane:
        requests = asked(lane)
        others = [part_of(lane, asked(lane, [f"other {n}", "two", "three"]), tmp_path / str(n)) for n in range(5)]
        part = part_of(lane, requests, tmp_path / "own")
        taken = frozenset([await _resubmit(lane, other, tmp_path) for other in others])
        assert await lane.find(part.ticket, taken) is None
        job_id = await _resubmit(lane, part, tmp_path)
        assert await lane.find(part.ticket, taken) == job_id
        assert [await lane.find(other.ticket, frozenset()) for other in others[:1]] == [sorted(taken)[0]]


async def _resubmit(lane: BatchLane, part: Part, folder: Path) -> str:
    """Submits a part whose file was deleted with its split."""
    path = folder / "again.jsonl"
    body = {"openai": "body", "anthropic": "params", "bedrock": "modelInput"}[lane.identity.provider]
    lines = []
    for key in part.keys:
        request = Request(lane.identity, (Message("user", key),), Sampling(max_tokens=8))
        line = json.loads(lane.to_line(request))
        name = "recordId" if body == "modelInput" else "custom_id"
        lines.append({**line, name: key})
    path.write_bytes(_jsonl(lines))
    return await lane.submit(Part(part.ticket, path, path.stat().st_size, part.keys))


async def test_nothing_is_left_at_the_provider_or_it_is_said(
    server: BatchServer, provider: str, tmp_path: Path
) -> None:
    async with opened(server, provider) as lane:
        _, job_id = await submit(lane, tmp_path)
        left = await lane.clean(await end(lane, job_id))
        again = await lane.clean(await lane.poll(job_id))
    assert server.files == {}
    assert left == again
    if provider == "bedrock":
        assert left == "requests and results stay in s3://batches/run/"
    else:
        assert left is None
        assert "delete" in server.steps


async def test_a_cancelled_job_ends_with_what_it_had(server: BatchServer, provider: str, tmp_path: Path) -> None:
    server.held = True
    async with opened(server, provider) as lane:
        requests, job_id = await submit(lane, tmp_path)
        assert not (await lane.poll(job_id)).ended
        await lane.cancel(job_id)
        results = await read(lane, await end(lane, job_id))
    assert {result.key for result in results} == set(requests)


async def test_results_that_break_off_are_said_to(server: BatchServer, provider: str, tmp_path: Path) -> None:
    async with opened(server, provider) as lane:
        requests, job_id = await submit(lane, tmp_path)
        job = await end(lane, job_id)
        server.cut_results_to = [150]
        with pytest.raises(Transient):
            await read(lane, job)
        assert len(await read(lane, job)) == len(requests)


@pytest.mark.parametrize(
    ("status", "kind"), [(400, InvalidRequest), (403, AuthError), (429, RateLimited), (503, Transient)]
)
async def test_a_refused_submission_is_an_error_of_ours_without_the_key(
    server: BatchServer, provider: str, tmp_path: Path, status: int, kind: type[TeacherError]
) -> None:
    server.refusals = [as_json(ERRORS[provider](status, f"you sent {CANARY}"), status, retry_after="7")]
    async with opened(server, provider) as lane:
        with pytest.raises(kind) as caught:
            await submit(lane, tmp_path)
    assert CANARY not in str(caught.value) or provider == "bedrock"  # whose keys are others
    assert caught.value.status == status
    assert server.jobs == []
    if status == 429:
        assert caught.value.retry_after_s == 7


async def test_what_is_no_answer_is_malformed(server: BatchServer, provider: str, tmp_path: Path) -> None:
    server.refusals = [Answer(200, b"<html>hello</html>", {"content-type": "text/html"})]
    async with opened(server, provider) as lane:
        with pytest.raises(TeacherError) as caught:
            await submit(lane, tmp_path)
    assert isinstance(caught.value, Malformed if provider != "bedrock" else Transient | Malformed)


async def test_a_job_that_is_gone_is_a_404(server: BatchServer, provider: str) -> None:
    async with opened(server, provider) as lane:
        with pytest.raises(InvalidRequest) as caught:
            await lane.poll("no-such-job-000")
    assert caught.value.status == 404


async def test_a_server_that_is_not_there_is_transient(provider: str) -> None:
    with BatchServer() as server:
        pass
    async with opened(server, provider) as lane:
        with pytest.raises(Transient):
            await lane.poll("job")


async def test_a_closed_lane_says_so(server: BatchServer, provider: str) -> None:
    async with opened(server, provider) as lane:
        await lane.close()
        with pytest.raises(InvalidRequest):
            await lane.poll("job")


async def test_what_the_teacher_lacks_is_said_before_anything_is_sent(server: BatchServer, provider: str) -> None:
    async with opened(server, provider) as lane:
        [request] = asked(lane, ["x"], continuation="a text to score").values()
        with pytest.raises(Unsupported):
            lane.to_line(request)
    assert server.steps == []


def test_a_key_that_is_missing_is_said_when_it_is_opened(
    server: BatchServer, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    entry = server.entry(provider)
    entry["spec"] = {"openai": "openai:m", "anthropic": "anthropic:m", "bedrock": "bedrock:m"}[provider]
    if provider == "bedrock":
        entry["batch"]["role_arn"] = None
    with pytest.raises(AuthError if provider != "bedrock" else InputError, match=r"Set|role"):
        open_lane(TeacherEntry.model_validate(entry).to_spec())
