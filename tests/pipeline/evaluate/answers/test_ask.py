from __future__ import annotations

import asyncio
import math

import pytest

from pipeline.evaluate.answers.ask import Questions, ask
from pipeline.evaluate.answers.contestants import Answer
from pipeline.run.errors import RunError
from teachers.base import Alternative, Capabilities, Identity, Reply, Request, Sampling, TokenLogprob, Usage
from teachers.errors import Transient
from tests.pipeline.evaluate.make import LABELS, row

ROWS = [row(f"row {index}") for index in range(7)]
ASKED = Questions(ROWS, Sampling(), LABELS.labels)


class Echo:
    """Answers with the question; fails where the question holds `broken`; remembers how many calls ran at once."""

    identity = Identity("test", "echo")
    capabilities = Capabilities()

    def __init__(self, broken: str = "nothing", latency_s: float | None = None) -> None:
        self.broken, self.latency_s, self.running, self.most = broken, latency_s, 0, 0

    async def complete(self, request: Request) -> Reply:
        self.running += 1
        self.most = max(self.most, self.running)
        await asyncio.sleep(0.001)
        self.running -= 1
        text = request.messages[-1].content
        if self.broken in text:
            raise Transient("no answer", provider="test")
        top = (Alternative(b"spam", math.log(0.8)), Alternative(b"ham", math.log(0.1)))
        tokens = (TokenLogprob(b"spam", math.log(0.8), top=top),)
        return Reply(text, tokens=tokens, usage=Usage(5, output_tokens=1), latency_s=self.latency_s)

    async def close(self) -> None:
        pass


def test_answers_stand_in_the_rows_order_with_bounded_concurrency() -> None:
    teacher, seen = Echo(latency_s=0.5), list[Answer]()
    answers = asyncio.run(ask(teacher, ASKED, in_flight=3, on_answer=lambda row, answer: seen.append(answer)))
    assert [answer.text for answer in answers] == [f"Is row {index} spam?" for index in range(7)]
    assert teacher.most == 3
    assert sorted(seen, key=lambda answer: answer.text) == list(answers)
    assert answers[0].latency_s == 0.5
    assert (answers[0].input_tokens, answers[0].output_tokens) == (5, 1)
    assert answers[0].log_odds == pytest.approx(math.log(8))


def test_latency_is_measured_where_the_teacher_does_not_say() -> None:
    (answer,) = asyncio.run(ask(Echo(), Questions(ROWS[:1], Sampling())))
    assert answer.latency_s is not None
    assert 0.001 <= answer.latency_s < 1


def test_a_failure_is_an_answer_with_its_outcome() -> None:
    answers = asyncio.run(ask(Echo(broken="row 2"), ASKED, in_flight=2))
    assert [answer.outcome for answer in answers] == ["ok", "ok", "transient", "ok", "ok", "ok", "ok"]
    assert answers[2] == Answer("", outcome="transient")


def test_no_answer_at_all_is_not_a_score_of_zero() -> None:
    with pytest.raises(RunError, match="none of 7 held-out rows was answered: test: no answer"):
        asyncio.run(ask(Echo(broken="row"), ASKED))
