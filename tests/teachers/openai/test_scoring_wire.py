"""Teacher-forced scoring through vLLM's protocol: the translation, and a server that answers as vLLM does."""

from __future__ import annotations

import json
from typing import Any

import pytest

from prompts.messages import Message
from teachers.base import Identity, Reply, Request, Sampling, Teacher
from teachers.errors import InvalidRequest, Malformed, Transient, Unsupported
from teachers.openai.scoring_wire import from_wire, to_wire
from teachers.spec import Options, Spec
from tests.servers.faults import Answer, FaultServer, Seen, as_json, chat, entry, logprobs
from tests.teachers.contract import SCHEMA, conversation, with_teacher

WHO = Identity("openai", "m")
ELSEWHERE = 50_000
"""An id that no prompt of these tests holds: the alternative at each position."""


def request(continuation: str, top: int = 2) -> Request:
    how = Sampling(temperature=0.5, max_tokens=9, seed=1, top_logprobs=top)
    return Request(WHO, (Message("system", "s"), Message("user", "u")), how, SCHEMA, continuation=continuation)


def test_the_text_stands_as_an_open_last_turn() -> None:
    assert to_wire(request("spam", 5)) == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "s"},
            {"role": "user", "content": "u"},
            {"role": "assistant", "content": "spam"},
        ],
        "add_generation_prompt": False,
        "continue_final_message": True,
        "prompt_logprobs": 5,
        "return_token_ids": True,
        "max_tokens": 1,
    }


def scored(tokenizer: Any, prompt: str, *, ids: bool = True) -> dict[str, Any]:
    """The body that vLLM answers for a prompt: token i has logprob -0.5 and one that is likelier, after it."""
    found = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    entries: list[dict[str, Any] | None] = [
        {
            str(index): {"logprob": -0.5, "rank": 2, "decoded_token": tokenizer.decode([index])},
            str(ELSEWHERE): {"logprob": -1.5, "rank": 1, "decoded_token": " elsewhere"},
        }
        for index in found
    ]
    entries[0] = None
    told = {"prompt_token_ids": found} if ids else {}
    usage = {"prompt_tokens": len(found), "completion_tokens": 1}
    body: dict[str, Any] = json.loads(chat("!").body)
    return {**body, "usage": usage, "prompt_logprobs": entries, **told}


PROMPT = "<|im_start|>user\nIs it 🐈 spam?<|im_end|>\n<|im_start|>assistant\n"


@pytest.mark.parametrize("ids", [True, False])
@pytest.mark.parametrize("text", ["spam", "It is spam.\nSpam spam.", "naïve 🐈 cat", "🐈", "日本語の文"])
def test_the_tokens_are_those_of_the_text_alone(tokenizer: Any, text: str, ids: bool) -> None:
    reply = from_wire(scored(tokenizer, PROMPT + text, ids=ids), request(text))
    assert reply.text == text
    assert reply.warnings == ()
    assert b"".join(token.bytes for token in reply.tokens) == text.encode()
    own = tokenizer(text, add_special_tokens=False)["input_ids"]
    assert sum(token.logprob for token in reply.tokens) == -0.5 * len(own)
    assert reply.usage.input_tokens
    for token in reply.tokens:
        assert token.id is None or [other.id for other in token.top] == [token.id, ELSEWHERE]


def test_as_many_alternatives_as_were_asked_for(tokenizer: Any) -> None:
    body = scored(tokenizer, PROMPT + "spam")
    assert all(len(token.top) == 1 for token in from_wire(body, request("spam", 1)).tokens)
    assert all(token.top == () for token in from_wire(body, request("spam", 0)).tokens)


def test_a_prompt_that_does_not_end_in_the_text_scores_nothing_and_says_so(tokenizer: Any) -> None:
    reply = from_wire(scored(tokenizer, PROMPT + "spam"), request("spam "))  # templates strip
    assert (reply.text, reply.tokens) == ("spam ", ())
    assert "do not end in the text" in reply.warnings[0]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ([], Malformed),
        (json.loads(chat("x").body), InvalidRequest),
        ({"error": {"message": "overloaded", "code": 503}}, Transient),
        ({"prompt_logprobs": [None, {"1": {}}]}, Malformed),
        ({"prompt_logprobs": [None, {"x": {"logprob": 0}}]}, Malformed),
        ({"prompt_logprobs": [None, 7]}, Malformed),
        ({"prompt_logprobs": [{"1": {"logprob": 0}}], "prompt_token_ids": [2]}, Malformed),
    ],
)
def test_what_is_no_score_is_an_error(body: object, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        from_wire(body, request("spam"))


def vllm_at(faults: FaultServer) -> Spec:
    return Spec("openai", "m", faults.url, Options(capabilities=(("score", True),)))


def score(spec: Spec, text: str, top: int = 2) -> Reply:
    async def use(teacher: Teacher) -> Reply:
        how = Sampling(top_logprobs=top)
        return await teacher.complete(Request(teacher.identity, conversation("q"), how, continuation=text))

    return with_teacher(spec, use)


def test_a_text_is_scored_where_the_recipe_says_it_can_be(faults: FaultServer, tokenizer: Any) -> None:
    def answer(seen: Seen) -> Answer:
        return as_json(scored(tokenizer, PROMPT + seen.turn))

    faults.responder = answer
    reply = score(vllm_at(faults), "naïve 🐈 cat")
    assert faults.requests[0].path == "/v1/chat/completions"
    assert faults.requests[0].body["continue_final_message"] is True
    assert b"".join(token.bytes for token in reply.tokens) == "naïve 🐈 cat".encode()
    with pytest.raises(Unsupported, match="cannot score"):
        score(Spec("openai", "m", faults.url), "x")
    assert len(faults.requests) == 1


def test_sampled_tokens_have_vllms_ids_and_their_texts_bytes(faults: FaultServer) -> None:
    entries = [
        entry("a ", -0.1, {"a ": -0.1, "b": -3.0, "�": -4.0}),
        entry("�", -0.2, {"�": -0.2}),
        entry("�", -0.3, {"�": -0.3}),
        entry("<|im_end|>", -0.4, {"<|im_end|>": -0.4}),
    ]
    faults.responder = lambda seen: chat("a 🐈", logprobs=logprobs(entries), token_ids=[7, 8, 9, 2])

    async def use(teacher: Teacher) -> Reply:
        return await teacher.complete(Request(teacher.identity, conversation("q"), Sampling(top_logprobs=3)))

    reply = with_teacher(vllm_at(faults), use)
    assert faults.requests[0].body["return_token_ids"] is True
    assert [(token.bytes, token.id) for token in reply.tokens] == [(b"a ", 7), ("🐈".encode(), None)]
    assert reply.tokens[1].logprob == -0.5
    assert [(other.bytes, other.id) for other in reply.tokens[0].top] == [(b"a ", 7), (b"b", None)]
    with_teacher(Spec("openai", "m", faults.url), use)
    assert "return_token_ids" not in faults.requests[1].body
