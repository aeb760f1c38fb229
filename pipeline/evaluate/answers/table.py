"""RUN/answers.parquet: everyone's answer to every held-out prompt. All of evaluation.json can be worked out from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.evaluate.answers.contestants import Answer, Contestant, HeldoutRow
from pipeline.recipe.scorer import Score
from pipeline.run.records import TOKENS, read_rows, write_parquet
from prompts.errors import InputError

ANSWERS = pa.schema(
    [
        ("prompt_id", pa.string()),
        ("contestant", pa.string()),
        ("spec", pa.string()),
        ("text", pa.string()),
        ("outcome", pa.string()),
        ("score", pa.float32()),  # null where nothing could be scored, or the scorer failed
        ("valid", pa.bool_()),
        ("failed", pa.string()),  # what the scorer said then
        ("log_odds", pa.float64()),
        ("label_logprobs", pa.list_(pa.float64())),  # one per evaluate.labels
        ("confidence", pa.float64()),
        ("input_tokens", pa.int64()),
        ("output_tokens", pa.int64()),
        ("latency_s", pa.float64()),
        ("cost_usd", pa.float64()),
        ("gold", pa.string()),
        ("group", pa.string()),
        ("fields", pa.map_(pa.string(), pa.string())),  # the columns of evaluate.slices
        ("request_key", pa.string()),  # who was asked what, and how: the same is not asked again; null of a teacher
        ("first_token", TOKENS.value_type),  # other labels are read off it
    ]
)

Keys = Mapping[str, Sequence[str]]
"""Contestant -> the request key of each row."""


@dataclass(slots=True, frozen=True)
class Answered:
    """A row of the file."""

    values: Mapping[str, Any]

    @property
    def answer(self) -> Answer:
        """The row as an answer."""
        logprobs = self.values["label_logprobs"]
        if logprobs is not None:
            logprobs = tuple(logprobs)
        plain = {name: self.values[name] for name in _PLAIN}
        return Answer(**plain, label_logprobs=logprobs, first_token=self.values["first_token"])


_PLAIN = (
    *("text", "outcome", "input_tokens", "output_tokens", "latency_s"),
    *("log_odds", "cost_usd", "confidence"),
)


def write_answers(
    path: Path,
    rows: Sequence[HeldoutRow],
    contestants: Sequence[Contestant],
    scores: Mapping[str, Sequence[Score]],
    keys: Keys,
) -> int:
    """Writes the file; returns its rows."""

    def lines() -> Iterator[dict[str, Any]]:
        for contestant in contestants:
            yield from _lines(rows, contestant, scores.get(contestant.name), keys.get(contestant.name))

    return write_parquet(path, ANSWERS, lines())


def read_answers(path: Path, contestant: str | None = None) -> Iterator[Answered]:
    """Yields the rows of the file, or of one contestant; InputError where it is missing or of another kind."""
    if not path.is_file():
        raise InputError("no such file", path=path, remedy="Run 'stillhouse evaluate' on that run first")
    try:
        names = set(pq.read_schema(path).names)
    except pa.ArrowInvalid as error:
        raise InputError(f"is not Parquet: {error}", path=path) from error
    if lacking := [name for name in ANSWERS.names if name not in names]:
        raise InputError(f"has no column {lacking[0]}", path=path, remedy="Evaluate that run again")
    for values in read_rows(path, ANSWERS.names):
        if contestant in (None, values["contestant"]):
            yield Answered(values)


def _lines(
    rows: Sequence[HeldoutRow], contestant: Contestant, scores: Sequence[Score] | None, keys: Sequence[str] | None
) -> Iterator[dict[str, Any]]:
    for place, (row, answer) in enumerate(zip(rows, contestant.answers, strict=True)):
        score = request_key = label_logprobs = None
        if scores is not None:
            score = scores[place]
        if keys is not None:
            request_key = keys[place]
        if answer.label_logprobs is not None:
            label_logprobs = list(answer.label_logprobs)
        yield {
            "prompt_id": row.prompt_id,
            "contestant": contestant.name,
            "spec": contestant.spec,
            **{name: getattr(answer, name) for name in (*_PLAIN, "first_token")},
            "label_logprobs": label_logprobs,
            **_score_columns(score),
            "gold": row.gold,
            "group": row.group,
            "fields": list(row.fields.items()),
            "request_key": request_key,
        }


def _score_columns(score: Score | None) -> dict[str, Any]:
    if score is None:
        return {"score": None, "valid": None, "failed": None}
    if score.failed is not None:
        return {"score": None, "valid": None, "failed": score.failed}
    return {"score": score.value, "valid": score.valid, "failed": None}
