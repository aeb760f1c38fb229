"""The bodies of Bedrock's model families, told apart by their shape: an ARN need not name its model.

Converse and Nova, Anthropic's Messages, chat completions (gpt-oss, Mistral, imported models), and the prompt
strings of Llama and Mistral. Any other family is counted as unknown.
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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
class Said:
    """What an output body says; counts where the record's envelope may lack them."""

    text: str = ""
    ended: Ending = "ok"
    finish_reason: str | None = None
    model: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None


def read_prompt(sent: Mapping[str, Any]) -> Conversation:
    """The conversation of an input body; Unusable for a family that is not known."""
    if isinstance(sent.get("messages"), list):
        return conversation(sent["messages"], sent.get("system"))
    if isinstance(sent.get("prompt"), str):
        return conversation(_unwrapped(sent["prompt"]))
    raise Unusable("unknown_family")


def read_said(body: Mapping[str, Any]) -> Said:
    """The reply of an output body; Unusable for a family that is not known, or a reply that is no text."""
    if isinstance(body.get("choices"), list):
        text, ended, reason = read_choice(body["choices"][0])
        return Said(text, ended, reason, word(body.get("model")))
    if isinstance(body.get("output"), dict):
        counts = body.get("usage") or {}
        inputs, outputs = count(counts.get("inputTokens")), count(counts.get("outputTokens"))
        return _said(body["output"]["message"]["content"], body.get("stopReason"), None, inputs, outputs)
    if isinstance(body.get("content"), list):
        return _said(body["content"], body.get("stop_reason"), word(body.get("model")))
    if isinstance(body.get("generation"), str):
        return _said(body["generation"], body.get("stop_reason"))
    if isinstance(body.get("outputs"), list):
        return _said(body["outputs"][0]["text"], body["outputs"][0].get("stop_reason"))
    raise Unusable("unknown_family")


def _said(
    content: Any, reason: Any, model: str | None = None, inputs: int | None = None, outputs: int | None = None
) -> Said:
    ended = ending(reason)
    return Said(text_of(content, ""), ended, word(reason), model, inputs, outputs)


def _unwrapped(prompt: str) -> list[dict[str, str]]:
    """The turns in a prompt string; one without a chat template's marks is a user turn as it stands."""
    if _LLAMA.search(prompt):
        return list(_llama(prompt))
    if _INST.search(prompt):
        return list(_inst(prompt))
    return [{"role": "user", "content": prompt}]


def _llama(prompt: str) -> Iterator[dict[str, str]]:
    _, *parts = _LLAMA.split(prompt)
    turns = [
        {"role": role, "content": _LLAMA_END.sub("", content).strip()}
        for role, content in zip(parts[::2], parts[1::2], strict=True)
    ]
    # The last header only asks for the answer.
    yield from turns[:-1] if turns[-1] == {"role": "assistant", "content": ""} else turns


def _inst(prompt: str) -> Iterator[dict[str, str]]:
    _, *parts = _INST.split(prompt)
    for question, answer in zip(parts[::2], parts[1::2], strict=True):
        if found := _SYSTEM.search(question):
            yield {"role": "system", "content": found[1].strip()}
            question = question[found.end() :]
        yield {"role": "user", "content": question.strip()}
        if said := answer.replace("</s>", "").replace("<s>", "").strip():
            yield {"role": "assistant", "content": said}
