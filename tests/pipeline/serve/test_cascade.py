"""The cascade behind its endpoint, asked by the real SDK; both models are real servers on loopback."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from math import log
from typing import Any

import openai
import pytest

from pipeline.serve.cascade import Cascade
from pipeline.serve.child import base_url, free_port
from pipeline.serve.proxy import build_app
from prompts.messages import Message
from teachers.base import Sampling
from teachers.catalog import open_teacher
from tests.servers.faults import Answer, FaultServer, Seen, as_json, chat, entry, logprobs

SURE = {"sure": 0.9, "unsure": 0.3}
THRESHOLD = 0.5
EXAMPLES = (Message("user", "e"), Message("assistant", "x"))


def student_says(seen: Seen) -> Answer:
    """A confidence by the word; nothing for `lost`."""
    if seen.turn == "lost":
        return Answer(500)
    return chat("small", logprobs=logprobs([entry("small", log(SURE[seen.turn]))]))


@contextmanager
def endpoint(student: FaultServer, teacher: FaultServer, **options: Any) -> Iterator[tuple[openai.OpenAI, Cascade]]:
    """The cascade, served by uvicorn on a thread."""
    import uvicorn

    cascade = Cascade(
        student=open_teacher(student.spec("student")),
        teacher=open_teacher(teacher.spec("teacher")),
        threshold=THRESHOLD,
        examples=EXAMPLES,
        **{"usual": Sampling(max_tokens=9), "tell": print, **options},
    )
    port = free_port("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(build_app(cascade), port=port, log_level="warning"))

    async def work() -> None:
        await server.serve()
        await cascade.student.close()
        await cascade.teacher.close()

    thread = threading.Thread(target=asyncio.run, args=(work(),))
    thread.start()
    while not server.started:
        pass
    try:
        with openai.OpenAI(base_url=base_url("127.0.0.1", port), api_key="none", max_retries=0) as client:
            yield client, cascade
    finally:
        server.should_exit = True
        thread.join()


def ask(client: openai.OpenAI, text: str, **options: Any) -> Any:
    said: Any = [{"role": "system", "content": "s"}, {"role": "user", "content": text}]
    return client.chat.completions.create(model="student", messages=said, **options)


@pytest.fixture
def servers() -> Iterator[tuple[FaultServer, FaultServer]]:
    with FaultServer(student_says) as student, FaultServer(lambda _: chat("large")) as teacher:
        yield student, teacher


def test_the_teacher_is_asked_where_the_student_is_not_sure(servers: tuple[FaultServer, FaultServer]) -> None:
    said: list[str] = []
    with endpoint(*servers, tell=said.append) as (client, cascade):
        mine, theirs, lost, _ = (ask(client, text, temperature=0) for text in ("sure", "unsure", "lost", "lost"))
    assert [one.choices[0].message.content for one in (mine, theirs, lost)] == ["small", "large", "large"]
    assert mine.stillhouse == {"answered_by": "student", "confidence": pytest.approx(0.9), "threshold": THRESHOLD}
    assert theirs.stillhouse == {"answered_by": "teacher", "confidence": pytest.approx(0.3), "threshold": THRESHOLD}
    assert lost.stillhouse["confidence"] is None
    assert (mine.model, theirs.model) == ("student", "teacher")
    assert dict(cascade.tally.by) == {"student": 1, "teacher": 3, "lost": 2}
    assert "1 answered by the student, 3 by the teacher (75.0%), 2 of them because the student" in str(cascade.tally)
    [once] = said
    assert "the student failed, and the teacher is asked wherever it does: " in once


def test_the_teacher_is_asked_as_the_corpus_was(servers: tuple[FaultServer, FaultServer]) -> None:
    student, teacher = servers
    with endpoint(*servers, usual=Sampling(max_tokens=9, temperature=0.5)) as (client, _):
        ask(client, "unsure", temperature=0)
    shown = [message["content"] for message in teacher.requests[0].body["messages"]]
    assert shown == ["s", "e", "x", "unsure"]
    assert [message["content"] for message in student.requests[0].body["messages"]] == ["s", "unsure"]
    body = teacher.requests[0].body
    assert (body["max_tokens"], body["temperature"], body.get("logprobs")) == (9, 0.0, None)


def test_a_stream_is_checked_whole(servers: tuple[FaultServer, FaultServer]) -> None:
    with endpoint(*servers) as (client, _):
        for text, says in (("sure", "small"), ("unsure", "large")):
            parts = list(ask(client, text, stream=True, stream_options={"include_usage": True}))
            assert "".join(choice.delta.content or "" for part in parts for choice in part.choices) == says
            assert parts[0].stillhouse["answered_by"] == ("student" if text == "sure" else "teacher")
            assert parts[-1].usage.total_tokens == 10


@pytest.mark.parametrize(
    ("answer", "raised"),
    [
        (as_json({"error": {"message": "slow"}}, 429, retry_after="7"), openai.RateLimitError),
        (as_json({"error": {"message": "no"}}, 400), openai.BadRequestError),
        (as_json({"error": {"message": "key"}}, 401), openai.InternalServerError),
        (Answer(503), openai.InternalServerError),
    ],
)
def test_a_teacher_that_fails_is_an_error_the_client_knows(
    servers: tuple[FaultServer, FaultServer], answer: Answer, raised: type[openai.APIStatusError]
) -> None:
    servers[1].responder = lambda _: answer
    with endpoint(*servers) as (client, cascade), pytest.raises(raised) as caught:
        ask(client, "unsure")
    assert cascade.tally.by["failed"] == 1
    if raised is openai.RateLimitError:
        assert caught.value.response.headers["retry-after"] == "7"


def test_what_it_cannot_honour_is_a_bad_request(servers: tuple[FaultServer, FaultServer]) -> None:
    with endpoint(*servers) as (client, _):
        for options in ({"stop": ["x"]}, {"n": 2}, {"temperature": "hot"}):
            with pytest.raises(openai.BadRequestError):
                ask(client, "sure", **options)
        assert [model.id for model in client.models.list()] == ["student"]
