"""A judge is a teacher: its questions are journaled beside the others, and none is paid for twice."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from pipeline.inference.endpoints import ConfiguredTeacher
from pipeline.inference.session import Session, ask
from pipeline.journal.journal import Journal
from pipeline.journal.read import texts_of
from pipeline.journal.samples import SampleRequest
from pipeline.judge.configure import configure_judge
from pipeline.recipe.step import JudgeModel
from pipeline.run.context import Context
from prompts.messages import Conversation
from teachers.base import Request


def ask_judge(context: Context, judge: JudgeModel, questions: Sequence[Conversation]) -> dict[Conversation, str | None]:
    """Returns each question's answer by a judge; None where it gave none. Asks only what the journal lacks."""
    endpoint = _endpoint(context, judge)
    requests = _requests(endpoint, questions)
    # By key: two questions that render alike are one request. A judge's question is no prompt of
    # the recipe's, so the key stands in the place of a prompt's id.
    items = {request.key: SampleRequest(request.key, request, 1, None, None) for request in requests.values()}
    with Journal(context.run.journal) as journal:
        known = journal.answered(items)
        owed = [(item,) for key, item in items.items() if key not in known]
        # One endpoint with one queue: a judge is asked online, in whatever lane the teachers are.
        asyncio.run(ask(Session(context, journal, "judge", {0: endpoint}), {0: owed}, len(owed)))
    return _answers(context, requests)


def recall_judge(
    context: Context, judge: JudgeModel, questions: Sequence[Conversation]
) -> dict[Conversation, str | None]:
    """Does as `ask_judge`, from the journal alone: what it lacks is None, and nobody is asked."""
    requests = _requests(_endpoint(context, judge), questions)
    return _answers(context, requests)


def _endpoint(context: Context, judge: JudgeModel) -> ConfiguredTeacher:
    return configure_judge(context.recipe.generate, judge.entry, judge.schema)


def _requests(endpoint: ConfiguredTeacher, questions: Sequence[Conversation]) -> dict[Conversation, Request]:
    return {
        question: Request(endpoint.description.identity, question, endpoint.sampling, endpoint.schema)
        for question in questions
    }


def _answers(context: Context, requests: Mapping[Conversation, Request]) -> dict[Conversation, str | None]:
    texts = texts_of(context.run.journal, (request.key for request in requests.values()))
    return {question: texts.get(request.key) for question, request in requests.items()}
