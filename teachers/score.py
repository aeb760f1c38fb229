"""The probability that a teacher gives to a text that someone else wrote."""

from __future__ import annotations

from prompts.messages import Conversation
from teachers.base import Reply, Request, Sampling, Teacher


async def score(teacher: Teacher, messages: Conversation, text: str, *, top_logprobs: int = 20) -> Reply:
    """Returns the text as the teacher's reply to `messages`: its tokens, each with its teacher-forced logprob.

    A token's logprob is natural, of the model's own distribution after the prompt and the tokens before it,
    at temperature 1; `top` holds the `top_logprobs` most likely ones, with 0 none. The tokens join to the
    text. The end of the turn is not scored. Raises Unsupported where the teacher cannot score
    (`capabilities.score`), InvalidRequest where prompt and text do not fit its context.
    """
    # No temperature: the logprobs are those of the model's own distribution.
    request = Request(teacher.identity, messages, Sampling(top_logprobs=top_logprobs), continuation=text)
    return await teacher.complete(request)
