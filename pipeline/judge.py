"""A judge is a teacher: its questions are journaled beside the others, and none is paid for twice."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.context import Context
from pipeline.curate.config import Judge, Judged
from pipeline.curate.judging import SCHEMA
from pipeline.journal import Journal, texts_of
from pipeline.recipe import Generate
from pipeline.roster import TeacherEntry
from pipeline.seats import Seat, seat_of
from pipeline.session import ask
from pipeline.wanted import Wanted
from prompts.messages import Conversation
from teachers.base import Request

MAX_TOKENS = 1024
"""A number or a sentence is all that is wanted, but a judge that reasons counts its thoughts too."""


def ask_judge(context: Context, config: Judged, questions: Sequence[Conversation]) -> dict[Conversation, str | None]:
    """Each question's answer by the step's judge; None where it gave none. Asks only what the journal lacks."""
    seat = _seat(context, config)
    requests = _requests(seat, questions)
    items = {request.key: Wanted(request.key, request, 1, None, None) for request in requests.values()}
    with Journal(context.run.journal) as journal:
        known = journal.answered(items)
        owed = [(item,) for key, item in items.items() if key not in known]
        asyncio.run(ask(context, journal, "judge", {0: seat}, {0: owed}, len(owed)))
    return _answers(context, requests)


def recall_judge(context: Context, config: Judged, questions: Sequence[Conversation]) -> dict[Conversation, str | None]:
    """As `ask_judge`, from the journal alone: what it lacks is None, and nobody is asked."""
    requests = _requests(_seat(context, config), questions)
    return _answers(context, requests)


def judging_seat(generate: Generate, entry: TeacherEntry, schema: dict[str, Any] | None = None) -> Seat:
    """The judge described, asked as surely as it can be: at temperature 0 and held to the schema where it can be."""
    changes: dict[str, Any] = {"temperature": 0.0, "top_p": None, "seed": None, "top_logprobs": 0}
    changes |= {"json_schema": schema, "max_tokens": MAX_TOKENS, "reasoning_effort": None}
    changes |= {"optional": ["temperature", "json_schema"]}
    return seat_of(entry, generate.model_copy(update=changes), system=False)


def _seat(context: Context, config: Judged) -> Seat:
    return judging_seat(context.recipe.generate, config.judge, SCHEMA if isinstance(config, Judge) else None)


def _requests(seat: Seat, questions: Sequence[Conversation]) -> dict[Conversation, Request]:
    return {question: Request(seat.who.identity, question, seat.sampling, seat.schema) for question in questions}


def _answers(context: Context, requests: Mapping[Conversation, Request]) -> dict[Conversation, str | None]:
    texts = texts_of(context.run.journal, (request.key for request in requests.values()))
    return {question: texts.get(request.key) for question, request in requests.items()}
