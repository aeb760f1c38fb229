"""The bodies of Bedrock's model families, told apart by their shape: an ARN need not name its model.

Converse and Nova, Anthropic's Messages, chat completions (gpt-oss, Mistral, imported models), and the prompt
strings of Llama and Mistral. Any other family is counted as unknown.
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from prompts.logs.conversation import conversation, text_of
from prompts.logs.logged import Ending, Unusable, count, ending, word
from prompts.logs.openai import read_choice
from prompts.messages import Conversation

_LLAMA = re.compile(r"<\|(?:start_header_id|header_start)\|>(\w+)<\|(?:end_header_id|header_end)\|>")
_LLAMA_END = re.compile(r"<\|eot(?:_id)?\|>\s*$")
_INST = re.compile(r"\[INST\](.*?)\[/INST\]", re.DOTALL)
_SYSTEM = re.compile(r"^\s*<<SYS>>(.*?)<</SYS>>", re.DOTALL)


@dataclass(slots=True, frozen=True)
class Answer:
    """The reply of an output body; with counts where the record's envelope may lack them."""

    text: str = ""
    ended: Ending = "ok"
    finish_reason: str | None = None
    model: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None


def read_prompt(sent: Mapping[str, Any]) -> Conversation:
    """Reads the conversation of an input body; Unusable for a family that is not known."""
    if isinstance(sent.get("messages"), list):
        return conversation(sent["messages"], sent.get("system"))
    if isinstance(sent.get("prompt"), str):
        return conversation(_unwrapped(sent["prompt"]))
    raise Unusable("unknown_family")


def read_answer(body: Mapping[str, Any]) -> Answer:
    """Reads the reply of an output body; Unusable for a family that is not known, or a reply that is no text."""
    if isinstance(body.get("choices"), list):  # chat completions
        text, ended, reason = read_choice(body["choices"][0])
        return Answer(text, ended, reason, word(body.get("model")))
    if isinstance(body.get("output"), dict):  # Converse, Nova
        usage = body.get("usage") or {}
        answer = _answer(body["output"]["message"]["content"], body.get("stopReason"))
        inputs, outputs = count(usage.get("inputTokens")), count(usage.get("outputTokens"))
        return replace(answer, input_tokens=inputs, output_tokens=outputs)
    if isinstance(body.get("content"), list):  # Anthropic
        return replace(_answer(body["content"], body.get("stop_reason")), model=word(body.get("model")))
    if isinstance(body.get("generation"), str):  # Llama
        return _answer(body["generation"], body.get("stop_reason"))
    if isinstance(body.get("outputs"), list):  # Mistral
        return _answer(body["outputs"][0]["text"], body["outputs"][0].get("stop_reason"))
    raise Unusable("unknown_family")


def _answer(content: Any, reason: Any) -> Answer:
    ended = ending(reason)
    return Answer(text_of(content, ""), ended, word(reason))


def _unwrapped(prompt: str) -> list[dict[str, str]]:
    """Splits a prompt string into its turns; one without a chat template's marks is a user turn as it stands."""
    if _LLAMA.search(prompt):
        return _llama(prompt)
    if _INST.search(prompt):
        return list(_inst(prompt))
    return [{"role": "user", "content": prompt}]


def _llama(prompt: str) -> list[dict[str, str]]:
    _, *parts = _LLAMA.split(prompt)
    turns = []
    for role, content in zip(parts[::2], parts[1::2], strict=True):
        turns.append({"role": role, "content": _LLAMA_END.sub("", content).strip()})
    if turns[-1] == {"role": "assistant", "content": ""}:
        turns.pop()  # this header only asks for the answer
    return turns


def _inst(prompt: str) -> Iterator[dict[str, str]]:
    _, *parts = _INST.split(prompt)
    for question, answer in zip(parts[::2], parts[1::2], strict=True):
        system = _SYSTEM.search(question)
        if system:
            yield {"role": "system", "content": system[1].strip()}
            question = question[system.end() :]
        yield {"role": "user", "content": question.strip()}
        reply = answer.replace("</s>", "").replace("<s>", "").strip()
        if reply:
            yield {"role": "assistant", "content": reply}
