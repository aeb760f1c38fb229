"""A request's key: the same for the same answer, another for whatever changes it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from prompts.messages import Message
from teachers.base import Identity, Limits, Reply, Request, Sampling
from tests.teachers.wire import requests

REQUEST = Request(Identity("openai", "m"), (Message("user", "why?"),), Sampling(temperature=0.5))


@given(request=requests())
def test_equal_requests_have_one_key(request: Request) -> None:
    assert replace(request).key == request.key
    assert len(bytes.fromhex(request.key)) == len(request.key) // 2


@pytest.mark.parametrize(
    "changes",
    [
        {"identity": Identity("openai", "other")},
        {"identity": Identity("openai", "m", "http://127.0.0.1:1/v1")},
        {"messages": (Message("system", "why?"),)},
        {"messages": (Message("user", "why?"), Message("user", ""))},
        {"schema": "{}"},
        {"sample_index": 1},
        {"continuation": ""},
        *({"sampling": Sampling(**how)} for how in ({}, {"temperature": 0.5, "seed": 0}, {"temperature": 1})),
    ],
)
def test_whatever_changes_the_answer_changes_the_key(changes: dict[str, Any]) -> None:
    assert replace(REQUEST, **changes).key != REQUEST.key


@pytest.mark.parametrize("changes", [{"adapter_version": 99}, {"terms": "others"}])
def test_what_changes_no_answer_changes_no_key(changes: dict[str, Any]) -> None:
    assert replace(REQUEST, identity=replace(REQUEST.identity, **changes)).key == REQUEST.key


def test_what_the_server_said_of_its_limits_makes_no_other_reply() -> None:
    assert Reply("a", limits=Limits()) == Reply("a")
