"""A teacher that says what a file says: for tests and dry runs, with no model and no network.

One rule a line; the first that matches answers:

    {"match": "lottery", "reply": "spam", "tokens": [{"text": "spam", "top": {"spam": -0.1, "ham": -2.4}}]}
    {"match": "slow down", "error": "rate_limited", "retry_after_s": 2, "times": 1}
    {"reply": "ham"}

`match` is a substring of the last user turn; without one a rule matches everything. `times` uses a rule up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from prompts.digest import digest_file
from teachers.arrival import check_supported, checked
from teachers.base import Alternative, Identity, Reply, Request, TokenLogprob, Usage
from teachers.capabilities import capabilities_of
from teachers.errors import AuthError, InvalidRequest, Malformed, RateLimited, TeacherError, Transient
from teachers.recorded.jsonl import read_records
from teachers.spec import Spec

ERRORS: dict[str, type[TeacherError]] = {
    "auth": AuthError,
    "invalid": InvalidRequest,
    "malformed": Malformed,
    "rate_limited": RateLimited,
    "transient": Transient,
}


class Token(BaseModel):
    """One token of a reply and what could have stood in its place."""

    model_config = ConfigDict(extra="forbid")

    text: str
    """The sampled token; the tokens of a rule join to its reply."""
    top: dict[str, float]
    """Natural-log probabilities by token, the sampled one among them."""

    @model_validator(mode="after")
    def _has_itself(self) -> Token:
        if self.text not in self.top:
            raise ValueError(f"'top' must hold the token '{self.text}' itself")
        return self


class Rule(BaseModel):
    """One line of the file: when it answers, and what."""

    model_config = ConfigDict(extra="forbid")

    match: str | None = None
    """A substring of the last user turn; None matches every request."""
    reply: str | None = None
    """The answer's text; a rule has this or `error`."""
    error: Literal["auth", "invalid", "malformed", "rate_limited", "transient"] | None = None
    """The failure to raise in place of an answer."""
    outcome: Literal["ok", "refused", "truncated", "filtered"] = "ok"
    """The answer's ending."""
    finish_reason: str = "stop"
    """The provider's word for that ending."""
    tokens: list[Token] = Field(default_factory=list)
    """The answer's tokens; without any, each word is a token that was certain."""
    times: int | None = Field(default=None, ge=1)
    """The answers after which the rule is used up; None: it never is."""
    latency_s: float = Field(default=0.0, ge=0)
    """Seconds to wait before answering or failing."""
    retry_after_s: float | None = Field(default=None, ge=0)
    """The hint in seconds that comes with an error."""

    @model_validator(mode="after")
    def _one_end(self) -> Rule:
        if (self.reply is None) == (self.error is None):
            raise ValueError("give either 'reply' or 'error'")
        if self.tokens and "".join(token.text for token in self.tokens) != self.reply:
            raise ValueError("'tokens' must join to 'reply'")
        return self


class ScriptedTeacher:
    """Deterministic: the same file and the same order of requests give the same answers."""

    def __init__(self, spec: Spec, *, concurrency: int = 1, timeout_s: float = 600.0) -> None:
        self.identity = self.identify(spec)
        self.capabilities = capabilities_of(spec)
        self._timeout_s = timeout_s
        self._rules = [rule for _, rule in read_records(Path(spec.model), Rule)]
        self._left = [rule.times for rule in self._rules]

    @staticmethod
    def identify(spec: Spec) -> Identity:
        """Returns the file, and the digest of what it says."""
        for _ in read_records(Path(spec.model), Rule):
            pass  # a bad file is found here, before anything is opened
        return Identity("scripted", spec.model, api_version=f"sha256:{digest_file(Path(spec.model))[:12]}")

    async def complete(self, request: Request) -> Reply:
        """Answers with the first rule that matches; InvalidRequest where none does."""
        check_supported(self, request)
        # Taken before it waits: requests that run at once use `times` up in the order they came.
        rule = self._take(request.messages[-1].content)
        if rule.latency_s >= self._timeout_s:
            await asyncio.sleep(self._timeout_s)
            raise Transient(f"no answer within {self._timeout_s:g} s", provider="scripted")
        await asyncio.sleep(rule.latency_s)
        if rule.error is not None:
            message = f"the script says {rule.error}"
            raise ERRORS[rule.error](message, provider="scripted", retry_after_s=rule.retry_after_s)
        return checked(_reply(rule, request))

    async def close(self) -> None:
        """Nothing to free."""

    def _take(self, turn: str) -> Rule:
        for index, rule in enumerate(self._rules):
            left = self._left[index]
            if left == 0 or (rule.match is not None and rule.match not in turn):
                continue
            if left is not None:
                self._left[index] = left - 1
            return rule
        remedy = 'End the file with a rule that has no "match"'
        raise InvalidRequest(f"no rule matches {turn[:80]!r}", provider="scripted", remedy=remedy)


def _reply(rule: Rule, request: Request) -> Reply:
    text = rule.reply or ""
    most = request.sampling.top_logprobs
    tokens = tuple(_token(token, most) for token in rule.tokens or _words(text))
    words_in = sum(len(message.content.split()) for message in request.messages)
    return Reply(
        text=text,
        outcome=rule.outcome,
        finish_reason=rule.finish_reason,
        tokens=tokens if most else (),
        usage=Usage(input_tokens=words_in, cached_tokens=0, output_tokens=len(tokens)),
    )


def _words(text: str) -> Iterator[Token]:
    if not text:
        return
    first, *others = text.split(" ")
    for piece in (first, *(f" {word}" for word in others)):
        yield Token(text=piece, top={piece: 0.0})


def _token(token: Token, most: int) -> TokenLogprob:
    best = sorted(token.top.items(), key=lambda item: (-item[1], item[0]))[:most]
    top = tuple(Alternative(text.encode(), logprob) for text, logprob in best)
    return TokenLogprob(token.text.encode(), token.top[token.text], top=top)
