"""RUN/logs/train.jsonl: the losses of the training, a line a step and a line a measurement of the validation rows.

It is only appended to. A step that was written before is trained again: a new training, or one that goes on from a
checkpoint; the reader forgets what came after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import orjson

from students.result import Progress, TrainResult

Point = tuple[int, float]


@dataclass(slots=True, frozen=True)
class Curve:
    """Loss by step, ascending, in nats per completion token."""

    train: tuple[Point, ...] = ()
    """After each optimiser step."""
    validation: tuple[Point, ...] = ()
    """At each measurement."""


class TrainLog:
    """Writes the log; every line is whole when its method returns."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._validation: float | None = None

    def step(self, now: Progress) -> None:
        """Writes a step's loss; before it the validation loss, where one was measured since the step before."""
        # Each step's progress repeats the latest measurement: it is a new one where it has changed.
        if now.validation_loss not in (None, self._validation):
            self._validation = now.validation_loss
            self._write({"step": now.step - 1, "validation_loss": now.validation_loss})
        self._write({"step": now.step, "loss": now.loss})

    def end(self, result: TrainResult) -> None:
        """Writes the last measurement, which no step came after."""
        if result.last_validation_loss is not None:
            self._write({"step": result.steps, "validation_loss": result.last_validation_loss})

    def _write(self, record: Mapping[str, Any]) -> None:
        self._file.write(orjson.dumps(record) + b"\n")
        self._file.flush()  # it is watched while it grows


@contextmanager
def open_log(path: Path) -> Iterator[TrainLog]:
    """Opens the log at `path`, made where there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(b"\n")  # a line that a kill tore ends here, and takes no other with it
        yield TrainLog(file)


def read_curve(path: Path) -> Curve:
    """Reads the last training in the log; empty where there is no log. A torn line is left out."""
    train: dict[int, float] = {}
    validation: dict[int, float] = {}
    last = 0
    for record in _records(path):
        step = record["step"]
        if "loss" not in record:
            validation[step] = record["validation_loss"]
            continue
        if step <= last:
            # It is trained again, from a checkpoint or anew: what came after it is of weights that are gone.
            train = _before(step, train)
            validation = _before(step, validation)
        train[step], last = record["loss"], step
    return Curve(tuple(sorted(train.items())), tuple(sorted(validation.items())))


def _before(step: int, losses: dict[int, float]) -> dict[int, float]:
    return {place: loss for place, loss in losses.items() if place < step}


def _records(path: Path) -> Iterator[dict[str, Any]]:
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            try:
                yield orjson.loads(line)
            except orjson.JSONDecodeError:
                continue  # empty, or torn by a kill
