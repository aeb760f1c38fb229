"""The cascade: the student answers, and where it is not sure enough the teacher is asked.

FrugalGPT's cascade of two models (Chen, Zaharia and Zou 2023, arXiv:2305.05176), with the student's own logprobs as the
score.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import Any

from pipeline.evaluate.answers.confidence import confidence
from pipeline.serve.wire import Answered, Asked
from prompts.messages import Conversation
from teachers.arrival import lacks
from teachers.base import Reply, Request, Sampling, Teacher
from teachers.errors import TeacherError, Unsupported


@dataclass(slots=True)
class Tally:
    """Counts of who answered, since the start."""

    by: Counter[str] = field(default_factory=Counter)
    """Calls: `student`; `teacher`; `lost`, those of them where the student failed; `failed`, where the teacher did."""
    cost_usd: float = 0.0
    """Of the teacher's answers whose price is known."""

    def __str__(self) -> str:
        student, teacher = self.by["student"], self.by["teacher"]
        text = f"{student:,} answered by the student, {teacher:,} by the teacher"
        if student + teacher:
            text += f" ({teacher / (student + teacher):.1%})"
        if self.by["lost"]:
            text += f", {self.by['lost']:,} of them because the student failed"
        if self.by["failed"]:
            text += f", {self.by['failed']:,} failed"
        return f"{text}, ${self.cost_usd:,.4f}"


@dataclass(slots=True, frozen=True)
class Cascade:
    """Two models, and the confidence from which the first one's answer stands."""

    student: Teacher
    teacher: Teacher
    threshold: float
    """0 to 1, on the scale of `confidence`."""
    usual: Sampling
    """For the teacher, where the request does not say."""
    tell: Callable[[str], None]
    """Hears once that the student fails, for the calls it loses are paid for."""
    usual_schema: str | None = None
    examples: Conversation = ()
    """The turns that the recipe's template shows the teacher and not the student."""
    optional: frozenset[str] = frozenset()
    """Fields of a request that may be left out where the teacher cannot honour them: the recipe's generate.optional."""
    tally: Tally = field(default_factory=Tally)

    async def answer(self, asked: Asked) -> Answered:
        """Answers. Unsupported where the student cannot honour the request, TeacherError where the teacher fails."""
        reply = await self._ask_student(asked)
        sure = None
        if reply is not None:
            sure = confidence(reply.tokens)  # None without logprobs: what cannot be judged is not trusted
            if sure is not None and sure >= self.threshold:
                self.tally.by["student"] += 1
                return Answered(reply, "student", self.student.identity.model, sure)
        try:
            reply = await self.teacher.complete(self._for_teacher(asked))
        except TeacherError:
            self.tally.by["failed"] += 1
            raise
        self.tally.by["teacher"] += 1
        self.tally.cost_usd += reply.cost_usd or 0.0
        return Answered(reply, "teacher", self.teacher.identity.model, sure)

    async def _ask_student(self, asked: Asked) -> Reply | None:
        """Asks the student; None where it fails: that is what the teacher is there for.

        It fails for too long a prompt, or a server that has gone.
        """
        # An effort is for the teacher: students do not reason. Without an alternative there are no logprobs.
        how = replace(asked.sampling, reasoning_effort=None, top_logprobs=1)
        try:
            return await self.student.complete(Request(self.student.identity, asked.messages, how, asked.schema))
        except Unsupported:
            # The request is at fault, not the student: the same from the teacher would hide it and cost money.
            raise
        except TeacherError as error:
            if not self.tally.by["lost"]:  # once: a server that has gone loses every call
                self.tell(f"the student failed, and the teacher is asked wherever it does: {error}")
            self.tally.by["lost"] += 1
            return None

    def _for_teacher(self, asked: Asked) -> Request:
        """Asks as the corpus was asked, unless the request says otherwise; less what the recipe lets a teacher lack."""
        # The examples stand where generation had them: after the system turn, before the conversation.
        head = [message for message in asked.messages[:1] if message.role == "system"]
        messages = (*head, *self.examples, *asked.messages[len(head) :])
        how = replace(self.usual, **_given(asked.sampling), top_logprobs=0)
        request = Request(self.teacher.identity, messages, how, asked.schema or self.usual_schema)
        lacking = {lack.field for lack in lacks(self.teacher.capabilities, request)} & self.optional
        nothing: dict[str, Any] = dict.fromkeys(lacking - {"json_schema"})
        request = replace(request, sampling=replace(how, **nothing))
        if "json_schema" in lacking:
            return replace(request, schema=None)
        return request


def _given(sampling: Sampling) -> dict[str, Any]:
    """Returns the parameters that a request sets; the logprobs are the student's affair."""
    values = {item.name: getattr(sampling, item.name) for item in fields(Sampling) if item.name != "top_logprobs"}
    return {name: value for name, value in values.items() if value is not None}
