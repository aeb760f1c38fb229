"""Remembers what models were asked: an answer is had again while nothing that it depends on has changed.

RUN/answers.parquet holds those of the last evaluation; RUN/work/answers.jsonl those of one that did not end, a line an
answer, written as each comes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from pipeline.evaluate.answers.contestants import Answer
from pipeline.evaluate.answers.table import read_answers
from pipeline.run.directory import RunDir
from prompts.digest import digest
from prompts.errors import InputError
from prompts.messages import Conversation, to_dicts
from students.base.digests import model_files_digest
from teachers.base import ANSWERS as ANSWERED
from teachers.base import Sampling
from teachers.spec import Spec


class Memory:
    """Answers by request key."""

    def __init__(self, run: RunDir) -> None:
        self._file = run.work / "answers.jsonl"
        self._answers = {**_finished(run.answers), **dict(_unfinished(self._file))}

    def get(self, key: str) -> Answer | None:
        """Returns the answer to a request; None where there is none."""
        return self._answers.get(key)

    def put(self, key: str, answer: Answer) -> None:
        """Keeps an answer, also over a kill. A failed attempt is none, and is made again."""
        if answer.outcome not in ANSWERED:
            return
        self._answers[key] = answer
        # Opened for each line: a kill loses at most the answer that is being written.
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("ab") as file:
            file.write(orjson.dumps([key, _to_json(answer)]) + b"\n")

    def forget_unfinished(self) -> None:
        """Deletes the unfinished answers, once answers.parquet holds them."""
        self._file.unlink(missing_ok=True)


def model_of(spec: str, run: RunDir) -> str:
    """Returns what tells a model from any other: the digest of its files; of a hosted one, its spec."""
    path = Path(Spec.parse(spec).model)
    # By its bytes and not by its place: a student that was trained anew has the same folder.
    if path.exists():
        return model_files_digest(path, run.work)
    return spec


def key_of(model: str, prompt: Conversation, sampling: Sampling) -> str:
    """Names a request."""
    return digest([model, to_dicts(prompt), asdict(sampling)])


def _finished(path: Path) -> dict[str, Answer]:
    if not path.is_file():
        return {}
    answers = {}
    try:
        for row in read_answers(path):
            if row.values["request_key"] and row.values["outcome"] in ANSWERED:
                answers[row.values["request_key"]] = row.answer
    except InputError:  # of an older version, or damaged: what it held is asked again
        return {}
    return answers


def _unfinished(path: Path) -> Iterator[tuple[str, Answer]]:
    if not path.is_file():
        return
    for line in path.read_bytes().split(b"\n"):
        try:
            key, values = orjson.loads(line)
            yield key, _from_json(values)
        except (orjson.JSONDecodeError, ValueError, TypeError, KeyError):
            continue  # a line that a kill cut short: that one is asked again


def _to_json(answer: Answer) -> dict[str, Any]:
    return asdict(answer) | {"first_token": answer.first_token and _mapped(answer.first_token, bytes.hex)}


def _from_json(values: Mapping[str, Any]) -> Answer:
    token, logprobs = values["first_token"], values["label_logprobs"]
    if logprobs is not None:
        logprobs = tuple(logprobs)
    read = {"label_logprobs": logprobs, "first_token": token and _mapped(token, bytes.fromhex)}
    return Answer(**{**values, **read})


def _mapped(token: Mapping[str, Any], change: Any) -> dict[str, Any]:
    """Returns a token with its bytes, and its alternatives', written another way: JSON has no bytes."""
    top = [dict(alternative) | {"bytes": change(alternative["bytes"])} for alternative in token["top"] or ()]
    return dict(token) | {"bytes": change(token["bytes"]), "top": top}
