"""A method of training: functions between a job and a trainer. `finetune` does the rest for all."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from students.config import StudentConfig
from students.job import Job
from students.progress import Reporter


@dataclass(slots=True, frozen=True)
class Data:
    """A corpus as a trainer takes it. Rows of its train split = train + validation + too_long."""

    train: Any
    """A `datasets.Dataset`; finetune does not look into it."""
    validation: Any
    lengths: list[int]
    """Tokens of each row of `train`."""
    too_long: int
    digest: str
    """Names the corpus file's bytes."""
    measures: dict[str, float] = field(default_factory=dict)
    """What the method found out about the rows, by name: coverage, head mass."""
    names: Sequence[str] = ()
    """What messages call each row of `train`; none where the method does not say."""
    answers: Sequence[Hashable] = ()
    """What each row of `train` is to answer, from corpus.order.answers_of; none where the method does not say."""


@dataclass(slots=True, frozen=True)
class Setup:
    """All that a trainer is built from."""

    job: Job
    arguments: Any
    """TrainingArguments, of the kind that the method's trainer takes."""
    tokenizer: Any
    data: Data
    order: list[int]
    """The order in which the rows of `data.train` are to be read."""
    reporter: Reporter


def no_tokens(_: Job, __: Any) -> Iterable[int]:
    """Teaches no token beside the corpus's own."""
    return ()


@dataclass(slots=True, frozen=True)
class Method:
    """One way of learning, as it trains; what others must know of it is its `Declaration`."""

    arguments: Callable[[StudentConfig, Path], Any]
    """The config in the trainer's words; checkpoints go to the path."""
    load_data: Callable[[Job, Any], Data]
    """Reads and encodes the corpus with the tokenizer; InputError for rows that cannot be used."""
    build_trainer: Callable[[Setup], Any]
    """A transformers Trainer, ready to run and silent but for its reporter."""
    tokens_beside: Callable[[Job, Any], Iterable[int]] = no_tokens
    """The tokens that it teaches beside those of the corpus's conversations: a smaller vocabulary keeps them too."""


def find_method(name: str) -> Method:
    """The method of a config, each in the module of its name: METHOD of students/NAME/method.py."""
    # Late: each brings torch and its trainer.
    method: Method = import_module(f"students.{name}.method").METHOD
    return method
