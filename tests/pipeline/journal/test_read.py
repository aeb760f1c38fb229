"""Answers that a journal gives beside the process that writes it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from pipeline.journal.journal import Journal
from pipeline.journal.read import (
    attempts_of,
    counts_of,
    read_answered,
    read_outcomes,
    read_spoken,
    read_unscored,
    reply_of,
    texts_of,
)
from pipeline.journal.schema import read_only
from prompts.messages import Message
from teachers.base import Reply
from teachers.errors import TeacherError, Transient
from tests.pipeline.helpers import reply, request, wanted
from tests.pipeline.journal.make import use

NAMES = [f"text {number}" for number in range(30)]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal of 30 samples: the first failed, the second was cut off, the third refused; the others answered."""
    path = tmp_path_factory.mktemp("read") / "journal.sqlite"

    async def work(journal: Journal) -> None:
        await journal.want((wanted(name),) for name in NAMES)
        ends: list[Reply | TeacherError] = [Transient("gone", provider="test")]
        ends += [reply("half", outcome="truncated"), reply("half", outcome="refused")]
        ends += [reply(name, tokens=() if name == NAMES[-1] else reply(name).tokens) for name in NAMES[3:]]
        for name, ended in zip(NAMES, ends, strict=True):
            await journal.settle(await journal.intend(request(name)), request(name), ended)

    use(path, work)
    return path


def keys(*names: str) -> list[str]:
    return [request(name).key for name in names]


def test_one_requests_attempts_and_reply(path: Path) -> None:
    [attempt] = attempts_of(path, keys(NAMES[0])[0])
    assert (attempt["outcome"], attempt["detail"]) == ("transient", "test: gone")
    assert reply_of(path, keys(NAMES[0])[0]) is None
    whole = reply_of(path, keys(NAMES[5])[0])
    assert whole is not None
    assert whole["text"] == NAMES[5]
    assert "tokens" not in whole
    assert attempts_of(path, keys("never asked")[0]) == []


def test_texts_are_of_whole_answers_alone(path: Path) -> None:
    assert texts_of(path, keys(*NAMES, "never asked")) == dict(zip(keys(*NAMES[3:]), NAMES[3:], strict=True))


def test_answers_and_outcomes_are_of_whatever_has_a_reply(path: Path) -> None:
    with closing(read_only(path)) as connection:
        assert read_answered(connection, keys(*NAMES, "never asked")) == set(keys(*NAMES[1:]))
        outcomes = read_outcomes(connection, keys(*NAMES[:4]))
        assert outcomes == dict(zip(keys(*NAMES[1:4]), ["truncated", "refused", "ok"], strict=True))
        counts = counts_of(connection)
        assert (counts["samples"], counts["answered"]) == (30, 29)


@pytest.mark.parametrize(("count", "least"), [(5, 5), (100, 29)])
def test_a_draw_is_of_replies_with_what_they_replied_to(path: Path, count: int, least: int) -> None:
    with closing(read_only(path)) as connection:
        drawn = read_spoken(connection, count, seed=3)
        assert least <= len(drawn) <= 29
        assert read_spoken(connection, count, seed=3) == drawn
    assert {spoken.messages for spoken in drawn} <= {(Message("user", name),) for name in NAMES[1:]}
    assert all(spoken.stored_bytes > 0 and spoken.usage["input_tokens"] == 3 for spoken in drawn)


def test_what_has_no_logprobs_is_to_be_scored(path: Path) -> None:
    with closing(read_only(path)) as connection:
        [unscored] = read_unscored(connection)
    assert (unscored.request_key, unscored.text) == (keys(NAMES[-1])[0], NAMES[-1])
