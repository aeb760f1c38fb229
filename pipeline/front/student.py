"""A run's student, ready to ask: loaded once, asked as it was taught."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from prompts.errors import InputError
from prompts.messages import Conversation, Message
from teachers.base import Reply, Request, Sampling

if TYPE_CHECKING:
    from pipeline.recipe.recipe import Recipe
    from prompts.template import Template

T = TypeVar("T")


class Student:
    """The trained model, for as long as the `with` lasts.

    Its answers are those that the evaluation scored: the same adapter, its most likely tokens, and the same limit of
    `evaluate.max_tokens`.
    """

    def __init__(self, model: Path, recipe: Recipe) -> None:
        """Loads nothing yet; `model` is RUN/student."""
        from teachers.catalog import open_teacher

        self._template = _template_of(recipe)
        self._sampling = Sampling(temperature=0.0, max_tokens=recipe.evaluate.max_tokens)
        # A loop in a thread of its own: a notebook has one running already, and the model is loaded once for all asks.
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="student", daemon=True)
        self._teacher = open_teacher(f"huggingface:{model}")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._wait(self._teacher.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def ask(self, question: str | Mapping[str, Any] | Sequence[Message]) -> Reply:
        """Asks, and returns the reply: its `text`, its `usage`, how it ended.

        Args:
            question: A row's fields, as the recipe's template names them; or a text, where the template has one field
                or the recipe has no template; or a whole conversation, as it stands.

        Raises:
            StillhouseError: Where a field is missing, or the student could not answer.
        """
        request = Request(self._teacher.identity, self.conversation(question), self._sampling)
        return self._wait(self._teacher.complete(request))

    def conversation(self, question: str | Mapping[str, Any] | Sequence[Message]) -> Conversation:
        """Returns what the student is sent: the prompt it was taught with, without the teacher's examples."""
        if isinstance(question, str):
            return self._from_text(question)
        if not isinstance(question, Mapping):
            return tuple(question)
        if self._template is None:
            raise InputError("has no fields: this run's recipe has no template", field="question")
        try:
            fields = self._template.select(question)
        except KeyError as error:
            known = ", ".join(self._template.head.fields)
            raise InputError(f"lacks the field {error}", field="question", remedy=f"Give {known}") from error
        return self._template.render(fields, examples=False)

    def _from_text(self, text: str) -> Conversation:
        if self._template is None:
            return (Message("user", text),)
        fields = self._template.head.fields
        if len(fields) != 1:
            raise InputError("is one text", field="question", remedy=f"Give a mapping of {', '.join(fields)}")
        return self._template.render({fields[0]: text}, examples=False)

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        asked: Future[T] = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return asked.result()
        except KeyboardInterrupt:
            asked.cancel()
            raise


def _template_of(recipe: Recipe) -> Template | None:
    from prompts.template import load_template

    return None if recipe.prompts.template is None else load_template(recipe.prompts.template)
